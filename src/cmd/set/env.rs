//! `set env`: the environment variables of containers. Knows no kind but those that `--from` names.

use std::io::Read;

use clap::ArgAction;
use serde_json::{Map, Value};

use super::env_spec::Env as Variables;
use super::{Change, find};
use super::{containers, env_list, env_spec};
use crate::cmd::context::Context;
use crate::cmd::dry_run::DryRun;
use crate::cmd::errors::aggregate;
use crate::cmd::flags::{DryRunFlag, KUSTOMIZE, PrintFlags, RecursiveFlag, SelectorFlag, field_manager};
use crate::cmd::infos::Info;
use crate::cmd::infos::Query;
use crate::cmd::support::Flag;
use crate::cmd::verbs::{Operands, Run};
use serde_json::json;

/// Arguments of `set env`.
#[derive(clap::Args)]
pub struct Env {
    args: Vec<String>,
    #[arg(long, help = "If true, select all resources in the namespace of the specified resource types")]
    all: bool,
    #[arg(
        short = 'c',
        long,
        value_name = "string",
        default_value = "*",
        help = "The names of containers in the selected pod templates to change - may use wildcards"
    )]
    containers: String,
    #[arg(
        short = 'e',
        long,
        value_name = "stringArray",
        help = "Specify a key-value pair for an environment variable to set into each container."
    )]
    env: Vec<String>,
    #[arg(
        short = 'f',
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files the resource to update the env"
    )]
    filename: Vec<String>,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "The name of a resource from which to inject environment variables"
    )]
    from: String,
    #[arg(long, value_name = "strings", help = "Comma-separated list of keys to import from specified resource")]
    keys: Vec<String>,
    #[arg(
        long,
        help = "If true, display the environment and any changes in the standard format. this flag will removed when we \
        have kubectl view env."
    )]
    list: bool,
    #[arg(long, help = "If true, set env will NOT contact api-server but run locally.")]
    local: bool,
    #[arg(long, action = ArgAction::Set, default_value = "true", value_name = "bool", num_args = 0..=1, require_equals = true, default_missing_value = "true", help = "If true, allow environment to be overwritten, otherwise reject updates that overwrite existing \
        environment.")]
    overwrite: bool,
    #[arg(long, value_name = "string", default_value = "", help = "Prefix to append to variable names")]
    prefix: String,
    #[arg(long, help = "If true, show secret or configmap references when listing variables")]
    resolve: bool,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    files: RecursiveFlag,
    #[command(flatten)]
    print: PrintFlags,
    #[command(flatten)]
    select: SelectorFlag,
}

const OTHER_FLAGS: &[Flag] = &[field_manager("kubectl-set"), KUSTOMIZE];

const LONG: &str = r#"Update environment variables on a pod template.

 List environment variable definitions in one or more pods, pod templates. Add, update, or remove container environment variable definitions in one or more pod templates (within replication controllers or deployment configurations). View or modify the environment variable definitions on all containers in the specified pods or pod templates, or just those that match a wildcard.

 If "--env -" is passed, environment variables can be read from STDIN using the standard env syntax.

 Possible resources include (case insensitive):

        pod (po), replicationcontroller (rc), deployment (deploy), daemonset (ds), statefulset (sts), cronjob (cj), replicaset (rs)"#;

const EXAMPLES: &str = r#"  # Update deployment 'registry' with a new environment variable
  kubectl set env deployment/registry STORAGE_DIR=/local
  
  # List the environment variables defined on a deployments 'sample-build'
  kubectl set env deployment/sample-build --list
  
  # List the environment variables defined on all pods
  kubectl set env pods --all --list
  
  # Output modified deployment in YAML, and does not alter the object on the server
  kubectl set env deployment/sample-build STORAGE_DIR=/data -o yaml
  
  # Update all containers in all replication controllers in the project to have ENV=prod
  kubectl set env rc --all ENV=prod
  
  # Import environment from a secret
  kubectl set env --from=secret/mysecret deployment/myapp
  
  # Import environment from a config map with a prefix
  kubectl set env --from=configmap/myconfigmap --prefix=MYSQL_ deployment/myapp
  
  # Import specific keys from a config map
  kubectl set env --keys=my-example-key --from=configmap/myconfigmap deployment/myapp
  
  # Remove the environment variable ENV from container 'c1' in all deployment configs
  kubectl set env deployments --all --containers="c1" ENV-
  
  # Remove the environment variable ENV from a deployment definition on disk and
  # update the deployment config on the server
  kubectl set env -f deploy.json ENV-
  
  # Set some of the local shell environment into a deployment config on the server
  env | grep RAILS_ | kubectl set env -e - deployment/registry"#;

impl Run for Env {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "env RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let dry_run = self.dry_run.parse(cx)?;
        if self.all && !self.select.selector.is_empty() {
            anyhow::bail!("cannot set --all and --selector at the same time");
        }
        let Some((args, env_args)) = env_spec::split(&self.args) else {
            anyhow::bail!("all resources must be specified before environment changes: {}", self.args.join(" "));
        };
        let printer = self.print.printer(cx)?;
        self.check(args, dry_run)?;
        let env = self.variables(cx, env_args)?;
        let infos = find(cx, &self.query(args), self.local)?;
        let mut change = Change {
            local: self.local,
            dry_run,
            done: "env updated",
            failed: "failed to patch env update to pod template: ",
            skips_unchanged: true,
            printer,
        };
        if self.list {
            // Nothing is sent, and only what could not be resolved was told.
            for info in &infos {
                drop(super::changed(cx, info, &mut |cx, info, spec| self.update(cx, info, spec, &env)));
            }
            return Ok(());
        }
        let errors = change.run(cx, &infos, &mut |cx, info, spec| self.update(cx, info, spec, &env));
        aggregate(errors)
    }
}

impl Env {
    fn check(&self, args: &[String], dry_run: DryRun) -> anyhow::Result<()> {
        if self.local && dry_run == DryRun::Server {
            anyhow::bail!("cannot specify --local and --dry-run=server - did you mean --dry-run=client?");
        }
        if self.filename.is_empty() && args.is_empty() {
            anyhow::bail!("one or more resources must be specified as <resource> <name> or <resource>/<name>");
        }
        if self.list && !self.print.output.is_empty() {
            anyhow::bail!("--list and --output may not be specified together");
        }
        if !self.keys.is_empty() && self.from.is_empty() {
            anyhow::bail!("when specifying --keys, a configmap or secret must be provided with --from");
        }
        Ok(())
    }

    fn query<'a>(&'a self, args: &'a [String]) -> Query<'a> {
        Query {
            // Without a server nothing is looked up.
            args: if self.local { &[] } else { args },
            filenames: &self.filename,
            recursive: self.files.recursive,
            selector: &self.select.selector,
            all: self.all,
            ..Query::default()
        }
    }

    /// What to set and to remove: of `-e`, of the arguments, and of `--from`.
    fn variables(&self, cx: &mut Context, args: &[String]) -> anyhow::Result<Variables> {
        let mut env = env_spec::parse(self.env.iter().chain(args), || {
            let mut text = String::new();
            cx.env.stdin.read_to_string(&mut text)?;
            Ok(text)
        })?;
        if !self.from.is_empty() {
            let from = [self.from.clone()];
            let query = Query { args: &from, ..Query::default() };
            for info in find(cx, &query, self.local)? {
                env.set.extend(self.imported(cx, &info)?);
            }
        }
        for variable in &mut env.set {
            let name = format!("{}{}", self.prefix, env_spec::name(variable));
            variable["name"] = name.into();
        }
        Ok(env)
    }

    /// A variable for each key of a ConfigMap or a Secret.
    fn imported(&self, cx: &mut Context, info: &Info) -> anyhow::Result<Vec<Value>> {
        let Some(field) = info.kind.key_reference() else {
            anyhow::bail!("unsupported resource specified in --from");
        };
        let keys = info.object.map_at("/data").into_iter().flatten().map(|(key, _)| key);
        let wanted = keys.filter(|key| self.keys.is_empty() || self.keys.contains(key));
        let variable = |key: &String| {
            let name = variable_name(key);
            if name != *key {
                cx.complain(&format!("Warning: key {key} transferred to {name}\n"));
            }
            json!({"name": name, "valueFrom": {field: {"name": info.name, "key": key}}})
        };
        Ok(wanted.map(variable).collect())
    }

    fn update(
        &self,
        cx: &mut Context,
        info: &Info,
        spec: &mut Map<String, Value>,
        env: &Variables,
    ) -> anyhow::Result<()> {
        let mut found = false;
        for list in ["containers", "initContainers"] {
            for container in containers(spec, list, &self.containers) {
                found = true;
                let existing = container.get("env").and_then(Value::as_array).cloned().unwrap_or_default();
                if !self.overwrite {
                    env.check_overwrites(&existing)?;
                }
                let after = env.apply(&existing);
                if self.list {
                    let name = container.get("name").and_then(Value::as_str).unwrap_or_default();
                    env_list::print(cx, info, name, &after, self.resolve)?;
                }
                if after.is_empty() {
                    container.remove("env");
                } else {
                    container.insert("env".to_owned(), Value::Array(after));
                }
            }
        }
        if !found {
            let (kind, name) = (info.kind.names().kind, &info.name);
            let text = format!("Warning: {kind}/{name} does not have any containers matching {:?}\n", self.containers);
            cx.complain(&text);
        }
        Ok(())
    }
}

/// The variable that a key becomes: in capitals, with `_` for what a variable cannot have.
fn variable_name(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_uppercase() } else { '_' }).collect()
}
