//! `set selector`: the selector of a Service. Knows no other kind.

use clap::ArgAction;
use serde_json::{Map, Value};

use super::typed::typed;
use crate::apimachinery::labels::{Operator, Selector as Labels};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cmd::context::Context;
use crate::cmd::dry_run::DryRun;
use crate::cmd::flags::{DryRunFlag, PrintFlags, field_manager};
use crate::cmd::infos::{self, From, Info, Query};
use crate::cmd::record::{self, RECORD};
use crate::cmd::resources;
use crate::cmd::support::Flag;
use crate::cmd::verbs::{Operands, Run};

/// Arguments of `set selector`.
#[derive(clap::Args)]
pub struct Selector {
    args: Vec<String>,
    #[arg(long, help = "Select all resources in the namespace of the specified resource types")]
    all: bool,
    #[arg(short = 'f', long, value_name = "strings", help = "identifying the resource.")]
    filename: Vec<String>,
    #[arg(long, help = "If true, annotation will NOT contact api-server but run locally.")]
    local: bool,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "If non-empty, the selectors update will only succeed if this is the current resource-version for the \
        object. Only valid when specifying a single resource."
    )]
    resource_version: String,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    print: PrintFlags,
    #[arg(short = 'R', long, action = ArgAction::Set, default_value = "true", value_name = "bool", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        help = "Process the directory used in -f, --filename recursively. Useful when you want to manage related \
        manifests organized within the same directory.")]
    recursive: bool,
}

const OTHER_FLAGS: &[Flag] = &[field_manager("kubectl-set"), RECORD];

const LONG: &str = r#"Set the selector on a resource. Note that the new selector will overwrite the old selector if the resource had one prior to the invocation of 'set selector'.

 A selector must begin with a letter or number, and may contain letters, numbers, hyphens, dots, and underscores, up to 63 characters. If --resource-version is specified, then updates will use this resource version, otherwise the existing resource-version will be used. Note: currently selectors can only be set on Service objects."#;

const EXAMPLES: &str = r#"  # Set the labels and selector before creating a deployment/service pair
  kubectl create service clusterip my-svc --clusterip="None" -o yaml --dry-run=client | kubectl set selector --local -f - 'environment=qa' -o yaml | kubectl create -f -
  kubectl create deployment my-dep -o yaml --dry-run=client | kubectl label --local -f - environment=qa -o yaml | kubectl create -f -"#;

impl Run for Selector {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "selector (-f FILENAME | TYPE NAME) EXPRESSIONS [--resource-version=version]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let dry_run = self.dry_run.parse(cx)?;
        let mut printer = self.print.printer(cx)?;
        let Some((text, args)) = self.args.split_last() else { anyhow::bail!("one selector is required") };
        let selector = Labels::parse(text).map_err(|error| {
            anyhow::anyhow!("couldn't parse the selector string {text:?}: {}", Status::from(error).message)
        })?;
        label_selector(&selector)?;
        if self.local && !args.is_empty() {
            anyhow::bail!(resources::LOCAL_MISSING);
        }
        let from = if self.local { From::Local } else { From::Store };
        let query = Query {
            args,
            filenames: &self.filename,
            recursive: self.recursive,
            all: self.all,
            from,
            ..Query::default()
        };
        let done = format!("selector updated{}", dry_run.suffix());
        infos::find(cx, &query)?.visit(|info| {
            let mut new = self.selected(&info, &selector)?;
            record::record(cx, &mut new);
            if self.local || dry_run == DryRun::Client {
                return printer.print(&typed(&new), &done, &mut cx.env.stdout);
            }
            let stored = super::patch(cx, &info, &new, dry_run)?;
            printer.print(&typed(&stored), &done, &mut cx.env.stdout)
        })
    }
}

impl Selector {
    fn selected(&self, info: &Info, selector: &Labels) -> anyhow::Result<Object> {
        let names = info.kind.names();
        // The one kind whose selector is a plain map, and may change.
        if (names.api_version, names.kind) != ("v1", "Service") {
            anyhow::bail!("setting a selector is only supported for Services");
        }
        let (labels, expressions) = label_selector(selector)?;
        if !expressions.is_empty() {
            anyhow::bail!("match expression [{}] not supported on this object", expressions.join(" "));
        }
        let mut new = Object::clone(&info.object);
        new.set("/spec/selector", Value::Object(labels));
        if !self.resource_version.is_empty() {
            new.set("/metadata/resourceVersion", self.resource_version.as_str().into());
        }
        Ok(new)
    }
}

/// metav1's `ParseToLabelSelector`: labels, and the expressions as Go prints them.
fn label_selector(selector: &Labels) -> anyhow::Result<(Map<String, Value>, Vec<String>)> {
    let (mut labels, mut expressions) = (Map::new(), Vec::new());
    for requirement in selector.requirements() {
        let (key, values) = (requirement.key(), requirement.values());
        let operator = match requirement.operator() {
            Operator::Equals | Operator::DoubleEquals => {
                labels.insert(key.to_owned(), values.first().map(String::as_str).unwrap_or_default().into());
                continue;
            }
            Operator::In => "In",
            Operator::NotIn => "NotIn",
            Operator::Exists => "Exists",
            Operator::DoesNotExist => "DoesNotExist",
            Operator::GreaterThan => anyhow::bail!("\"gt\" isn't supported in label selectors"),
            Operator::LessThan => anyhow::bail!("\"lt\" isn't supported in label selectors"),
            Operator::NotEquals => anyhow::bail!("\"!=\" is not a valid label selector operator"),
        };
        expressions.push(format!("{{{key} {operator} [{}]}}", values.join(" ")));
    }
    Ok((labels, expressions))
}
