//! `patch`: changes fields of objects by a patch. Knows no kind.

use std::sync::Arc;

use serde_json::Value;

use super::context::Context;
use super::dry_run::DryRun;
use super::flags::{DryRunFlag, KUSTOMIZE, PrintFlags, RecursiveFlag, field_manager};
use super::infos::{self, From, Info, Query};
use super::record::{self, RECORD};
use super::support::Flag;
use super::verbs::{Operands, Run};
use super::{manifest, requests};
use crate::apimachinery::object::Object;
use crate::apimachinery::patch::{self, PatchType};
use crate::apimachinery::schema::Definition;
use crate::apimachinery::status::{Reason, Status};
use crate::apimachinery::yaml;
use crate::apiserver::{self, Part};

/// Arguments of `patch`.
#[derive(clap::Args)]
pub struct Patch {
    args: Vec<String>,
    #[arg(
        short = 'f',
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files identifying the resource to update"
    )]
    filename: Vec<String>,
    #[arg(long, help = "If true, patch will operate on the content of the file, not the server-side resource.")]
    local: bool,
    #[arg(
        short = 'p',
        long,
        value_name = "string",
        default_value = "",
        help = "The patch to be applied to the resource JSON file."
    )]
    patch: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "A file containing a patch to be applied to the resource."
    )]
    patch_file: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "If specified, patch will operate on the subresource of the requested object. This flag is beta and may \
        change in the future."
    )]
    subresource: String,
    #[arg(
        long = "type",
        value_name = "string",
        default_value = "strategic",
        help = "The type of patch being provided; one of [json merge strategic]"
    )]
    patch_type: String,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    files: RecursiveFlag,
    #[command(flatten)]
    print: PrintFlags,
}

const OTHER_FLAGS: &[Flag] = &[field_manager("kubectl-patch"), KUSTOMIZE, RECORD];

const LONG: &str = r#"Update fields of a resource using strategic merge patch, a JSON merge patch, or a JSON patch.

 JSON and YAML formats are accepted.

 Note: Strategic merge patch is not supported for custom resources."#;

const EXAMPLES: &str = r#"  # Partially update a node using a strategic merge patch, specifying the patch as JSON
  kubectl patch node k8s-node-1 -p '{"spec":{"unschedulable":true}}'
  
  # Partially update a node using a strategic merge patch, specifying the patch as YAML
  kubectl patch node k8s-node-1 -p $'spec:\n unschedulable: true'
  
  # Partially update a node identified by the type and name specified in "node.json" using strategic merge patch
  kubectl patch -f node.json -p '{"spec":{"unschedulable":true}}'
  
  # Update a container's image; spec.containers[*].name is required because it's a merge key
  kubectl patch pod valid-pod -p '{"spec":{"containers":[{"name":"kubernetes-serve-hostname","image":"new image"}]}}'
  
  # Update a container's image using a JSON patch with positional arrays
  kubectl patch pod valid-pod --type='json' -p='[{"op": "replace", "path": "/spec/containers/0/image", "value":"new image"}]'
  
  # Update a deployment's replicas through the 'scale' subresource using a merge patch
  kubectl patch deployment nginx-deployment --subresource='scale' --type='merge' -p '{"spec":{"replicas":2}}'"#;

impl Run for Patch {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "patch (-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let mut printer = self.print.printer(cx)?.one_each();
        let dry_run = self.dry_run.parse(cx)?;
        let form = self.form(dry_run)?;
        let document = self.document(cx)?;
        let from = if self.local { From::Local } else { From::Manifest };
        let query = Query {
            args: &self.args,
            filenames: &self.filename,
            recursive: self.files.recursive,
            from,
            ..Query::default()
        };
        let found = infos::find(cx, &query)?;
        let mut count = 0;
        found.visit(|info| {
            count += 1;
            let is_sent = !self.local && dry_run != DryRun::Client;
            if is_sent && Part::of(info.kind, &self.subresource).is_none() {
                return Err(requests::no_subresource("get", info.kind, &info.name).into());
            }
            let before = match self.subresource.as_str() {
                "scale" if is_sent => cx
                    .client()?
                    .read(|c| apiserver::get_scale(c, info.kind, &info.namespace, &info.name))
                    .map_or_else(|_| info.object.clone(), Arc::new),
                _ => info.object.clone(),
            };
            let patched = if is_sent {
                self.send(cx, &info, (form, &document), dry_run)?
            } else {
                locally(&info, form, &document)?
            };
            let recorded = if is_sent { self.record(cx, &info, &patched, dry_run) } else { None };
            let operation = if patched == before { "patched (no change)" } else { "patched" };
            let shown = recorded.unwrap_or(patched);
            // That it is a dry run is not told.
            printer.print(&shown, operation, &mut cx.env.stdout)
        })?;
        if count == 0 {
            anyhow::bail!("no objects passed to patch");
        }
        Ok(())
    }
}

impl Patch {
    /// What the flags ask for, checked in kubectl's order.
    fn form(&self, dry_run: DryRun) -> anyhow::Result<PatchType> {
        match (self.patch.is_empty(), self.patch_file.is_empty()) {
            (false, false) => anyhow::bail!("cannot specify --patch and --patch-file together"),
            (true, true) => {
                anyhow::bail!("must specify --patch or --patch-file containing the contents of the patch")
            }
            _ => {}
        }
        if self.local && !self.args.is_empty() {
            anyhow::bail!("cannot specify --local and server resources");
        }
        if self.local && dry_run == DryRun::Server {
            anyhow::bail!("cannot specify --local and --dry-run=server - did you mean --dry-run=client?");
        }
        match self.patch_type.to_lowercase().as_str() {
            "json" => Ok(PatchType::Json),
            "merge" => Ok(PatchType::Merge),
            "strategic" | "" => Ok(PatchType::Strategic),
            _ => anyhow::bail!("--type must be one of [json merge strategic], not {:?}", self.patch_type),
        }
    }

    /// The patch itself, of JSON or YAML.
    fn document(&self, cx: &Context) -> anyhow::Result<Value> {
        let text = if self.patch_file.is_empty() {
            self.patch.clone()
        } else {
            manifest::read_text(cx.env, &self.patch_file).map_err(|e| {
                anyhow::anyhow!("unable to read patch file: {}", manifest::open_error(&self.patch_file, &e))
            })?
        };
        match yaml::documents(&text).next() {
            None => Ok(Value::Null),
            Some(Ok(document)) => Ok(document),
            // kubectl sends what begins as JSON as it is, and the server refuses it.
            Some(Err(_)) if self.local && text.trim_start().starts_with('{') => anyhow::bail!("invalid JSON document"),
            Some(Err(error)) if text.trim_start().starts_with('{') => {
                // The server reads the patch as one value, where Go says no offset.
                let why = error.0.strip_prefix("json: offset ").and_then(|rest| rest.split_once(": "));
                Err(Status::bad_request(why.map_or(error.0.as_str(), |(_, why)| why)).into())
            }
            Some(Err(error)) => {
                let why = error.0.trim_start_matches("error converting YAML to JSON: ");
                anyhow::bail!("unable to parse {:?}: {why}", self.patch)
            }
        }
    }

    /// A patch of its own for `--record`; that it fails is told by nobody.
    fn record(&self, cx: &mut Context, info: &Info, patched: &Object, dry_run: DryRun) -> Option<Arc<Object>> {
        let patch = record::patch(cx, patched)?;
        self.send(cx, info, (PatchType::Merge, &patch), dry_run).ok()
    }

    fn send(
        &self,
        cx: &mut Context,
        info: &Info,
        patch: (PatchType, &Value),
        dry_run: DryRun,
    ) -> anyhow::Result<Arc<Object>> {
        let part = Part::of(info.kind, &self.subresource)
            .ok_or_else(|| requests::no_subresource("patch", info.kind, &info.name))?;
        let sent = requests::patch(cx, info, patch, part, &requests::options(dry_run, false));
        sent.map_err(|error| match error.downcast::<Status>() {
            Ok(status) if status.reason == Reason::UnsupportedMediaType => unsupported(info, patch.0, &status),
            Ok(status) => status.into(),
            Err(error) => error,
        })
    }
}

/// A form of patch that the kind does not have.
fn unsupported(info: &Info, form: PatchType, status: &Status) -> anyhow::Error {
    let names = info.kind.names();
    let media = match form {
        PatchType::Json => "application/json-patch+json",
        PatchType::Merge => "application/merge-patch+json",
        PatchType::Strategic => "application/strategic-merge-patch+json",
    };
    let version = if names.group.is_empty() { format!("/{}", names.version) } else { names.api_version.to_owned() };
    anyhow::anyhow!("{media} is not supported by {version}, Kind={}: {}", names.kind, status.message)
}

/// The object with the patch applied, by nobody but us.
fn locally(info: &Info, form: PatchType, document: &Value) -> anyhow::Result<Arc<Object>> {
    let names = info.kind.names();
    let definition = Definition::of_kind(names.api_version, names.kind);
    let patched = patch::apply_locally(form, info.object.to_value(), document, definition)
        .map_err(|status| anyhow::anyhow!("{}", status.message))?;
    match Object::from_value(patched) {
        Some(object) => Ok(Arc::new(object)),
        None => anyhow::bail!("the patched document is not an object"),
    }
}
