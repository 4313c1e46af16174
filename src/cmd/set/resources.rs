//! `set resources`: the requests and limits of containers. Knows no kind.

use serde_json::{Map, Value};

use super::containers;
use super::{Change, find};
use crate::apimachinery::quantity::Quantity;
use crate::cmd::context::Context;
use crate::cmd::dry_run::DryRun;
use crate::cmd::errors::aggregate;
use crate::cmd::flags::{DryRunFlag, KUSTOMIZE, PrintFlags, RecursiveFlag, SelectorFlag, field_manager};
use crate::cmd::infos::Query;
use crate::cmd::record::RECORD;
use crate::cmd::support::Flag;
use crate::cmd::verbs::{Operands, Run};

/// Arguments of `set resources`.
#[derive(clap::Args)]
pub struct Resources {
    args: Vec<String>,
    #[arg(long, help = "Select all resources, in the namespace of the specified resource types")]
    all: bool,
    #[arg(
        short = 'c',
        long,
        value_name = "string",
        default_value = "*",
        help = "The names of containers in the selected pod templates to change, all containers are selected by default - \
        may use wildcards"
    )]
    containers: String,
    #[arg(
        short = 'f',
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files identifying the resource to get from a server."
    )]
    filename: Vec<String>,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "The resource requirement requests for this container.  For example, 'cpu=100m,memory=256Mi'.  Note that \
        server side components may assign requests depending on the server configuration, such as limit ranges."
    )]
    limits: String,
    #[arg(long, help = "If true, set resources will NOT contact api-server but run locally.")]
    local: bool,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "The resource requirement requests for this container.  For example, 'cpu=100m,memory=256Mi'.  Note that \
        server side components may assign requests depending on the server configuration, such as limit ranges."
    )]
    requests: String,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    files: RecursiveFlag,
    #[command(flatten)]
    print: PrintFlags,
    #[command(flatten)]
    select: SelectorFlag,
}

const OTHER_FLAGS: &[Flag] = &[field_manager("kubectl-set"), KUSTOMIZE, RECORD];

const LONG: &str = r#"Specify compute resource requirements (CPU, memory) for any resource that defines a pod template.  If a pod is successfully scheduled, it is guaranteed the amount of resource requested, but may burst up to its specified limits.

 For each compute resource, if a limit is specified and a request is omitted, the request will default to the limit.

 Possible resources include (case insensitive): Use "kubectl api-resources" for a complete list of supported resources.."#;

const EXAMPLES: &str = r#"  # Set a deployments nginx container cpu limits to "200m" and memory to "512Mi"
  kubectl set resources deployment nginx -c=nginx --limits=cpu=200m,memory=512Mi
  
  # Set the resource request and limits for all containers in nginx
  kubectl set resources deployment nginx --limits=cpu=200m,memory=512Mi --requests=cpu=100m,memory=256Mi
  
  # Remove the resource requests for resources on containers in nginx
  kubectl set resources deployment nginx --limits=cpu=0,memory=0 --requests=cpu=0,memory=0
  
  # Print the result (in yaml format) of updating nginx container limits from a local, without hitting the server
  kubectl set resources -f path/to/file.yaml --limits=cpu=200m,memory=512Mi --local -o yaml"#;

impl Run for Resources {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "resources (-f FILENAME | TYPE NAME)  ([--limits=LIMITS & --requests=REQUESTS]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let dry_run = self.dry_run.parse(cx)?;
        let printer = self.print.printer(cx)?;
        let query = Query {
            args: &self.args,
            filenames: &self.filename,
            recursive: self.files.recursive,
            selector: &self.select.selector,
            all: self.all,
            ..Query::default()
        };
        let infos = find(cx, &query, self.local)?;
        let wanted = self.wanted(dry_run)?;
        let mut change = Change {
            local: self.local,
            dry_run,
            done: "resource requirements updated",
            failed: "failed to patch resources update to pod template ",
            skips_unchanged: true,
            printer,
        };
        let mut errors = Vec::new();
        let failed = change.run(cx, &infos, &mut |_, _, spec| {
            let mut found = false;
            for list in ["containers", "initContainers"] {
                for container in containers(spec, list, &self.containers) {
                    found = true;
                    wanted.iter().for_each(|(list, quantities)| set(container, list, quantities));
                }
            }
            if !found {
                errors.push(anyhow::anyhow!("error: unable to find container named {}", self.containers));
            }
            Ok(())
        });
        errors.extend(failed);
        aggregate(errors)
    }
}

impl Resources {
    /// `limits` and `requests` with what they are to have.
    fn wanted(&self, dry_run: DryRun) -> anyhow::Result<[(&'static str, Map<String, Value>); 2]> {
        if self.local && dry_run == DryRun::Server {
            anyhow::bail!("cannot specify --local and --dry-run=server - did you mean --dry-run=client?");
        }
        if self.all && !self.select.selector.is_empty() {
            anyhow::bail!("cannot set --all and --selector at the same time");
        }
        if self.limits.is_empty() && self.requests.is_empty() {
            anyhow::bail!("you must specify an update to requests or limits (in the form of --requests/--limits)");
        }
        Ok([("limits", parse(&self.limits)?), ("requests", parse(&self.requests)?)])
    }
}

/// Reads `cpu=100m,memory=256Mi`.
fn parse(text: &str) -> anyhow::Result<Map<String, Value>> {
    let mut quantities = Map::new();
    for statement in text.split(',').filter(|_| !text.is_empty()) {
        match statement.split('=').collect::<Vec<_>>().as_slice() {
            [name, quantity] => {
                let quantity = Quantity::parse(quantity)?;
                quantities.insert((*name).to_owned(), quantity.to_string().into());
            }
            _ => anyhow::bail!("Invalid argument syntax {statement}, expected <resource>=<value>"),
        }
    }
    Ok(quantities)
}

fn set(container: &mut Map<String, Value>, list: &str, quantities: &Map<String, Value>) {
    if quantities.is_empty() {
        return;
    }
    let resources = container.entry("resources").or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(resources) = resources
        && let Value::Object(now) = resources.entry(list).or_insert_with(|| Value::Object(Map::new()))
    {
        now.extend(quantities.clone());
    }
}
