//! `annotate`: sets and removes annotations. Knows no kind.

use std::collections::BTreeMap;

use super::context::Context;
use super::dry_run::DryRun;
use super::flags::{DryRunFlag, FieldSelectorFlag, KUSTOMIZE, PrintFlags, RecursiveFlag, SelectorFlag, field_manager};
use super::infos::{self, From, Info, Query};
use super::metadata_map::{Change, Flags};
use super::pairs;
use super::record::{self, RECORD};
use super::support::Flag;
use super::verbs::{Operands, Run};
use crate::apimachinery::object::Object;
use crate::printers::Printer;

/// Arguments of `annotate`.
#[derive(clap::Args)]
pub struct Annotate {
    args: Vec<String>,
    #[arg(long, help = "Select all resources, in the namespace of the specified resource types.")]
    all: bool,
    #[arg(short = 'A', long, help = "If true, check the specified action in all namespaces.")]
    all_namespaces: bool,
    #[arg(
        short = 'f',
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files identifying the resource to update the annotation"
    )]
    filename: Vec<String>,
    #[arg(long, help = "If true, display the annotations for a given resource.")]
    list: bool,
    #[arg(long, help = "If true, annotation will NOT contact api-server but run locally.")]
    local: bool,
    #[arg(
        long,
        help = "If true, allow annotations to be overwritten, otherwise reject annotation updates that overwrite existing \
        annotations."
    )]
    overwrite: bool,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "If non-empty, the annotation update will only succeed if this is the current resource-version for the \
        object. Only valid when specifying a single resource."
    )]
    resource_version: String,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    fields: FieldSelectorFlag,
    #[command(flatten)]
    files: RecursiveFlag,
    #[command(flatten)]
    print: PrintFlags,
    #[command(flatten)]
    select: SelectorFlag,
}

const OTHER_FLAGS: &[Flag] = &[field_manager("kubectl-annotate"), KUSTOMIZE, RECORD];

const LONG: &str = r#"Update the annotations on one or more resources.

 All Kubernetes objects support the ability to store additional data with the object as annotations. Annotations are key/value pairs that can be larger than labels and include arbitrary string values such as structured JSON. Tools and system extensions may use annotations to store their own data.

 Attempting to set an annotation that already exists will fail unless --overwrite is set. If --resource-version is specified and does not match the current resource version on the server the command will fail.

Use "kubectl api-resources" for a complete list of supported resources."#;

const EXAMPLES: &str = r#"  # Update pod 'foo' with the annotation 'description' and the value 'my frontend'
  # If the same annotation is set multiple times, only the last value will be applied
  kubectl annotate pods foo description='my frontend'
  
  # Update a pod identified by type and name in "pod.json"
  kubectl annotate -f pod.json description='my frontend'
  
  # Update pod 'foo' with the annotation 'description' and the value 'my frontend running nginx', overwriting any existing value
  kubectl annotate --overwrite pods foo description='my frontend running nginx'
  
  # Update all pods in the namespace
  kubectl annotate pods --all description='my frontend running nginx'
  
  # Update pod 'foo' only if the resource is unchanged from version 1
  kubectl annotate pods foo description='my frontend running nginx' --resource-version=1
  
  # Update pod 'foo' by removing an annotation named 'description' if it exists
  # Does not require the --overwrite flag
  kubectl annotate pods foo description-"#;

impl Run for Annotate {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str =
        "annotate [--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let dry_run = self.dry_run.parse(cx)?;
        let mut printer = self.print.printer(cx)?;
        if self.list && !self.print.output.is_empty() {
            anyhow::bail!("--list and --output may not be specified together");
        }
        let (resources, pairs) = pairs::split(&self.args, "annotation")?;
        let mut change = parse(&pairs)?;
        change.resource_version = self.resource_version.clone();
        self.flags(&resources, dry_run).check()?;
        if change.set.is_empty() && change.remove.is_empty() && !self.list {
            anyhow::bail!("at least one annotation update is required");
        }
        let both: Vec<&str> =
            change.remove.iter().filter(|k| change.set.contains_key(*k)).map(String::as_str).collect();
        if !both.is_empty() {
            anyhow::bail!(
                "can not both modify and remove the following annotation(s) in the same command: {}",
                both.join(", ")
            );
        }
        let found = infos::find(cx, &self.query(&resources))?;
        let is_single = found.is_single;
        if !is_single && !self.resource_version.is_empty() {
            anyhow::bail!("--resource-version may only be used with a single resource");
        }
        found.visit(|info| {
            if self.list {
                return change.list(cx, &info, &self.changed(&change, &info.object)?, is_single);
            }
            self.annotate(cx, &change, &info, dry_run, &mut printer)
        })
    }
}

impl Annotate {
    fn flags<'a>(&'a self, resources: &'a [String], dry_run: DryRun) -> Flags<'a> {
        Flags {
            resources,
            filenames: &self.filename,
            all: self.all,
            selector: &self.select.selector,
            field_selector: &self.fields.field_selector,
            local: self.local,
            dry_run,
            example: "rsrc",
        }
    }

    fn query<'a>(&'a self, resources: &'a [String]) -> Query<'a> {
        Query {
            args: resources,
            filenames: &self.filename,
            recursive: self.files.recursive,
            selector: &self.select.selector,
            field_selector: &self.fields.field_selector,
            all: self.all,
            all_namespaces: self.all_namespaces,
            from: if self.local { From::Local } else { From::Store },
            ..Query::default()
        }
    }

    /// The object with its annotations changed.
    fn changed(&self, change: &Change, object: &Object) -> anyhow::Result<Object> {
        let refused: Vec<String> = change
            .overwritten(object)
            .filter(|(key, _)| !self.overwrite && *key != record::CHANGE_CAUSE)
            .map(|(key, now)| format!("'{key}' already has a value ({now})"))
            .collect();
        if !refused.is_empty() {
            anyhow::bail!(
                "--overwrite is false but found the following declared annotation(s): {}",
                refused.join("; ")
            );
        }
        Ok(change.apply(object))
    }

    fn annotate(
        &self,
        cx: &mut Context,
        change: &Change,
        info: &Info,
        dry_run: DryRun,
        printer: &mut Printer,
    ) -> anyhow::Result<()> {
        let old = change.before(&info.object);
        let mut new = self.changed(change, &old)?;
        let operation = format!("annotated{}", dry_run.suffix());
        if self.local || dry_run == DryRun::Client {
            return printer.print(&new, &operation, &mut cx.env.stdout);
        }
        record::record(cx, &mut new);
        // What is asked for by name comes last.
        let new = change.apply(&new);
        let stored = change.send(cx, info, (&old, &new), dry_run)?;
        printer.print(&stored, &operation, &mut cx.env.stdout)
    }
}

/// Reads `KEY=VALUE` and `KEY-`.
fn parse(pairs: &[String]) -> anyhow::Result<Change> {
    let (mut set, mut remove, mut invalid) = (BTreeMap::new(), Vec::new(), Vec::new());
    for pair in pairs {
        match (pair.split_once('='), pair.strip_suffix('-')) {
            (Some((key, value)), _) if !key.is_empty() => drop(set.insert(key.to_owned(), value.to_owned())),
            (_, Some(key)) if !key.is_empty() => remove.push(key.to_owned()),
            _ => invalid.push(pair.as_str()),
        }
    }
    if !invalid.is_empty() {
        anyhow::bail!("invalid annotation format: {}", invalid.join(", "));
    }
    Ok(Change { field: "annotations", set, remove, ..Change::default() })
}
