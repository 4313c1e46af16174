//! `replace`: puts the objects of manifests in place of the stored ones. Knows no kind.

use std::sync::Arc;
use std::time::Duration;

use super::context::Context;
use super::create::Validation;
use super::dry_run::DryRun;
use super::errors::{aggregate, with_source};
use super::flags::{
    A_KUSTOMIZE, DeletionFlags, DryRunFlag, PrintFlags, RecursiveFlag, SaveConfigFlag, ValidateFlag, field_manager,
};
use super::infos::{self, Info, Infos, Query};
use super::support::{Flag, Support};
use super::verbs::Run;
use super::{delete, fetch, last_applied, requests};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::patch::PatchType;
use crate::apimachinery::status::Status;
use crate::apiserver::WriteOptions;
use crate::apiserver::{self, DeleteOptions, Part};

/// Arguments of `replace`.
#[derive(clap::Args)]
pub struct Replace {
    args: Vec<String>,
    #[command(flatten)]
    deletion: DeletionFlags,
    #[arg(short = 'f', long, value_name = "strings", help = "The files that contain the configurations to replace.")]
    filename: Vec<String>,
    #[command(flatten)]
    save: SaveConfigFlag,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "If specified, replace will operate on the subresource of the requested object. This flag is beta and may \
        change in the future."
    )]
    subresource: String,
    #[command(flatten)]
    validation: ValidateFlag,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    files: RecursiveFlag,
    #[command(flatten)]
    print: PrintFlags,
}

const OTHER_FLAGS: &[Flag] = &[
    field_manager("kubectl-replace"),
    A_KUSTOMIZE,
    Flag::new(
        "raw",
        "string",
        "",
        Support::Served,
        "Raw URI to PUT to the server.  Uses the transport specified by the kubeconfig file.",
    ),
];

const LONG: &str = r#"Replace a resource by file name or stdin.

 JSON and YAML formats are accepted. If replacing an existing resource, the complete resource spec must be provided. This can be obtained by

        $ kubectl get TYPE NAME -o yaml"#;

const EXAMPLES: &str = r#"  # Replace a pod using the data in pod.json
  kubectl replace -f ./pod.json
  
  # Replace a pod based on the JSON passed into stdin
  cat pod.json | kubectl replace -f -
  
  # Update a single-container pod's image version (tag) to v4
  kubectl get pod mypod -o yaml | sed 's/\(image: myimage\):.*$/\1:v4/' | kubectl replace -f -
  
  # Force replace, delete and then re-create the resource
  kubectl replace --force -f ./pod.json"#;

impl Run for Replace {
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "replace -f FILENAME";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let dry_run = self.dry_run.parse(cx)?;
        let validation = Validation::parse(&self.validation.validate)?;
        let propagation = delete::propagation(&self.deletion.cascade, cx)?;
        let mut printer = self.print.printer(cx)?;
        self.check(dry_run)?;
        let query = Query {
            args: &self.args,
            filenames: &self.filename,
            recursive: self.files.recursive,
            validate: validation == Validation::Strict,
            ..Query::default()
        };
        let mut found = infos::find(cx, &query)?;
        let operation = format!("replaced{}", dry_run.suffix());
        if self.deletion.force {
            found = self.delete(cx, found, propagation)?;
        }
        let mut count = 0;
        found.visit(|info| {
            let object = self.replace(cx, &info, dry_run, validation)?;
            count += 1;
            printer.print(&object, &operation, &mut cx.env.stdout)
        })?;
        if self.deletion.force && count == 0 {
            anyhow::bail!("no objects passed to replace");
        }
        Ok(())
    }
}

/// How long to wait for what `--force` deletes, when no `--timeout` says it.
const TIMEOUT: Duration = Duration::from_secs(300);

impl Replace {
    fn check(&self, dry_run: DryRun) -> anyhow::Result<()> {
        if self.deletion.grace_period >= 0 && !self.deletion.force {
            anyhow::bail!("--grace-period must have --force specified");
        }
        if !self.deletion.timeout.is_zero() && !self.deletion.force {
            anyhow::bail!("--timeout must have --force specified");
        }
        if self.filename.is_empty() {
            anyhow::bail!("must specify one of -f and -k");
        }
        if self.deletion.force && dry_run != DryRun::None {
            anyhow::bail!("--dry-run can not be used when --force is set");
        }
        Ok(())
    }

    /// Deletes what is there, waits until it is gone, and gives back what is to be made in its place.
    fn delete(&self, cx: &mut Context, found: Infos, propagation: apiserver::Propagation) -> anyhow::Result<Infos> {
        let options = DeleteOptions {
            // A period of 0 is made 1, so that no data is lost by accident.
            grace_period: (self.deletion.grace_period >= 0).then_some(self.deletion.grace_period.max(1)),
            propagation,
            ..DeleteOptions::default()
        };
        aggregate(found.errors)?;
        let mut gone: Vec<(Key, String)> = Vec::new();
        for info in &found.infos {
            match cx.client()?.write(|c| apiserver::delete(c, info.kind, &info.namespace, &info.name, &options)) {
                Ok(object) => {
                    gone.push((info.kind.names().key(&info.namespace, &info.name), object.uid().to_owned()));
                    self.say_deleted(cx, info)?;
                }
                Err(error) if fetch::is_not_found(&error) => {}
                Err(error) => return Err(error),
            }
        }
        let timeout = if self.deletion.timeout.is_zero() { TIMEOUT } else { self.deletion.timeout };
        let waited = cx.client()?.wait("the deletion", Some(timeout), |c| {
            for (key, uid) in &gone {
                if c.get(key)?.is_some_and(|o| o.uid() == *uid) {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        })?;
        match waited {
            Some(()) => Ok(Infos { errors: Vec::new(), ..found }),
            None => anyhow::bail!("timed out waiting for the condition"),
        }
    }

    fn say_deleted(&self, cx: &mut Context, info: &Info) -> anyhow::Result<()> {
        let kind = info.kind.names().group_kind().to_lowercase();
        let text = match self.print.output.as_str() {
            "name" => format!("{kind}/{}\n", info.name),
            _ => format!("{kind} {:?} deleted\n", info.name),
        };
        Ok(cx.print(&text)?)
    }

    /// Replaces one object, or with `--force` makes it.
    fn replace(
        &self,
        cx: &mut Context,
        info: &Info,
        dry_run: DryRun,
        validation: Validation,
    ) -> anyhow::Result<Arc<Object>> {
        let mut object = Object::clone(&info.object);
        // An object that was applied stays comparable with what is sent now.
        if self.save.save_config || object.annotation(last_applied::ANNOTATION).is_some() {
            last_applied::set(&mut object);
        }
        if dry_run == DryRun::Client {
            return Ok(Arc::new(object));
        }
        let options = requests::options(dry_run, validation == Validation::Strict);
        if self.deletion.force {
            return requests::create(cx, info, &object, &options);
        }
        let replaced = match self.subresource.as_str() {
            "" => requests::replace(cx, info, &object, &options),
            "status" if info.kind.has_status() => {
                let status = serde_json::json!([{"op": "add", "path": "/status",
                    "value": object.at("/status").cloned().unwrap_or_default()}]);
                requests::patch(cx, info, (PatchType::Json, &status), Part::Status, &options)
            }
            // A manifest that names what is scaled is no Scale, and a Scale names nothing that is stored.
            "scale" if info.kind.scale().is_some() => {
                let is = info.kind.names().api_version;
                let why = format!(
                    "the API version in the data ({is}) does not match the expected API version (autoscaling/v1)"
                );
                Err(Status::bad_request(why).into())
            }
            name => match Part::of(info.kind, name) {
                Some(Part::Spec(subresource)) => {
                    requests::replace(cx, info, &object, &WriteOptions { subresource, ..options })
                }
                _ => Err(requests::no_subresource("put", info.kind, &info.name).into()),
            },
        };
        replaced.map_err(|e| with_source("replacing", &info.source, e))
    }
}
