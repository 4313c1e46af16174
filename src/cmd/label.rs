//! `label`: sets and removes labels. Knows no kind.

use std::collections::BTreeMap;

use super::context::Context;
use super::dry_run::DryRun;
use super::errors;
use super::flags::{DryRunFlag, FieldSelectorFlag, KUSTOMIZE, PrintFlags, RecursiveFlag, SelectorFlag, field_manager};
use super::infos::{self, From, Info, Query};
use super::metadata_map::{Change, Flags};
use super::pairs;
use super::record::{self, RECORD};
use super::support::Flag;
use super::verbs::{Operands, Run};
use crate::apimachinery::go_value;
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::printers::Printer;

/// Arguments of `label`.
#[derive(clap::Args)]
pub struct Label {
    args: Vec<String>,
    #[arg(long, help = "Select all resources, in the namespace of the specified resource types")]
    all: bool,
    #[arg(short = 'A', long, help = "If true, check the specified action in all namespaces.")]
    all_namespaces: bool,
    #[arg(
        short = 'f',
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files identifying the resource to update the labels"
    )]
    filename: Vec<String>,
    #[arg(long, help = "If true, display the labels for a given resource.")]
    list: bool,
    #[arg(long, help = "If true, label will NOT contact api-server but run locally.")]
    local: bool,
    #[arg(
        long,
        help = "If true, allow labels to be overwritten, otherwise reject label updates that overwrite existing labels."
    )]
    overwrite: bool,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "If non-empty, the labels update will only succeed if this is the current resource-version for the object. \
        Only valid when specifying a single resource."
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

const OTHER_FLAGS: &[Flag] = &[field_manager("kubectl-label"), KUSTOMIZE, RECORD];

const LONG: &str = r#"Update the labels on a resource.

  *  A label key and value must begin with a letter or number, and may contain letters, numbers, hyphens, dots, and underscores, up to 63 characters each.
  *  Optionally, the key can begin with a DNS subdomain prefix and a single '/', like example.com/my-app.
  *  If --overwrite is true, then existing labels can be overwritten, otherwise attempting to overwrite a label will result in an error.
  *  If --resource-version is specified, then updates will use this resource version, otherwise the existing resource-version will be used."#;

const EXAMPLES: &str = r#"  # Update pod 'foo' with the label 'unhealthy' and the value 'true'
  kubectl label pods foo unhealthy=true
  
  # Update pod 'foo' with the label 'status' and the value 'unhealthy', overwriting any existing value
  kubectl label --overwrite pods foo status=unhealthy
  
  # Update all pods in the namespace
  kubectl label pods --all status=unhealthy
  
  # Update a pod identified by the type and name in "pod.json"
  kubectl label -f pod.json status=unhealthy
  
  # Update pod 'foo' only if the resource is unchanged from version 1
  kubectl label pods foo status=unhealthy --resource-version=1
  
  # Update pod 'foo' by removing a label named 'bar' if it exists
  # Does not require the --overwrite flag
  kubectl label pods foo bar-"#;

impl Run for Label {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str =
        "label [--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let dry_run = self.dry_run.parse(cx)?;
        let (resources, pairs) = pairs::split(&self.args, "label")?;
        let mut change = parse(&pairs)?;
        change.resource_version = self.resource_version.clone();
        if self.list && !self.print.output.is_empty() {
            anyhow::bail!("--list and --output may not be specified together");
        }
        self.flags(&resources, dry_run).check()?;
        if change.set.is_empty() && change.remove.is_empty() && !self.list {
            anyhow::bail!("at least one label update is required");
        }
        let mut printer = self.print.printer(cx)?.one_each();
        let found = infos::find(cx, &self.query(&resources))?;
        let is_single = found.is_single;
        if !is_single && !self.resource_version.is_empty() {
            anyhow::bail!("--resource-version may only be used with a single resource");
        }
        found.visit(|info| {
            if self.list {
                return change.list(cx, &info, &self.changed(&change, &info.object)?, is_single);
            }
            self.label(cx, &change, &info, dry_run, &mut printer)
        })
    }
}

impl Label {
    fn flags<'a>(&'a self, resources: &'a [String], dry_run: DryRun) -> Flags<'a> {
        Flags {
            resources,
            filenames: &self.filename,
            all: self.all,
            selector: &self.select.selector,
            field_selector: &self.fields.field_selector,
            local: self.local,
            dry_run,
            example: "pod",
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

    /// The object with its labels changed.
    fn changed(&self, change: &Change, object: &Object) -> anyhow::Result<Object> {
        if !self.overwrite {
            let refused = change
                .overwritten(object)
                .map(|(key, now)| anyhow::anyhow!("'{key}' already has a value ({now}), and --overwrite is false"));
            errors::aggregate(refused.collect())?;
        }
        Ok(change.apply(object))
    }

    fn label(
        &self,
        cx: &mut Context,
        change: &Change,
        info: &Info,
        dry_run: DryRun,
        printer: &mut Printer,
    ) -> anyhow::Result<()> {
        let is_sent = !self.local && dry_run != DryRun::Client;
        let old = change.before(&info.object);
        if is_sent {
            for key in &change.remove {
                if change.entries(&old).is_none_or(|labels| !labels.contains_key(key)) {
                    cx.print(&format!("label {key:?} not found.\n"))?;
                }
            }
        }
        let mut new = self.changed(change, &old)?;
        if is_sent {
            record::record(cx, &mut new);
        }
        let operation = format!("{}{}", self.done(&old, &new), dry_run.suffix());
        if is_sent {
            let stored = change.send(cx, info, (&old, &new), dry_run)?;
            return printer.print(&stored, &operation, &mut cx.env.stdout);
        }
        printer.print(&new, &operation, &mut cx.env.stdout)
    }

    /// Told by whether the object's JSON grew or shrank, as kubectl tells it.
    fn done(&self, old: &Object, new: &Object) -> &'static str {
        let length = |object: &Object| go_value::json(&object.to_value()).len();
        match () {
            () if old == new => "not labeled",
            () if !self.overwrite && length(new) < length(old) => "unlabeled",
            () => "labeled",
        }
    }
}

/// Reads `KEY=VALUE` and `KEY-`.
fn parse(pairs: &[String]) -> anyhow::Result<Change> {
    let (mut set, mut remove) = (BTreeMap::new(), Vec::new());
    for pair in pairs {
        match (pair.split_once('='), pair.strip_suffix('-')) {
            (Some((_, value)), _) if value.contains('=') => anyhow::bail!("invalid label spec: {pair}"),
            (Some((key, value)), _) => {
                let problems = names::is_label_value(value);
                if !problems.is_empty() {
                    // Since 1.33 the rule counts bytes; the client's own copy of it says characters.
                    let problems = problems.join(";").replace(" bytes", " characters");
                    anyhow::bail!("invalid label value: {pair:?}: {problems}");
                }
                set.insert(key.to_owned(), value.to_owned());
            }
            (None, Some(key)) => remove.push(key.to_owned()),
            (None, None) => anyhow::bail!("unknown label spec: {pair}"),
        }
    }
    if remove.iter().any(|key| set.contains_key(key)) {
        anyhow::bail!("can not both modify and remove a label in the same command");
    }
    Ok(Change { field: "labels", set, remove, ..Change::default() })
}
