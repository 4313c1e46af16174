//! `apply`: brings objects to what manifests say, and takes away what the manifests said before. Knows no kind.

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::ArgAction;

use super::context::Context;
use super::create::Validation;
use super::delete;
use super::dry_run::DryRun;
use super::errors::aggregate;
use super::flags::{A_KUSTOMIZE, DeletionFlags, DryRunFlag, PrintFlags, RecursiveFlag, SelectorFlag, ValidateFlag};
use super::infos::{self, Info, Query};
use super::record::RECORD;
use super::resources::KindRef;
use super::support::{Flag, Support};
use super::verbs::Run;
use crate::apimachinery::object::Object;

mod applyset;
mod client_side;
pub mod edit_last_applied;
mod migrate;
pub mod prune;
pub mod server_side;
pub mod set_last_applied;
pub mod view_last_applied;

use applyset::ApplySet;
pub use client_side::three_way;

/// Arguments of `apply`.
#[derive(clap::Args)]
pub struct Apply {
    args: Vec<String>,
    #[arg(long, help = "Select all resources in the namespace of the specified resource types.")]
    all: bool,
    #[command(flatten)]
    deletion: DeletionFlags,
    #[arg(short = 'f', long, value_name = "strings", help = "The files that contain the configurations to apply.")]
    filename: Vec<String>,
    #[arg(long, action = ArgAction::Set, default_value = "true", value_name = "bool", num_args = 0..=1, require_equals = true, default_missing_value = "true", help = "Automatically resolve conflicts between the modified and live configuration by using values from the \
        modified configuration")]
    overwrite: bool,
    #[arg(
        long,
        help = "Automatically delete resource objects, that do not appear in the configs and are created by either apply \
        or create --save-config. Should be used with either -l or --all."
    )]
    prune: bool,
    #[arg(
        long,
        value_name = "strings",
        help = "Overwrite the default allowlist with <group/version/kind> for --prune"
    )]
    prune_allowlist: Vec<String>,
    #[arg(
        long,
        hide = true,
        value_name = "string",
        default_value = "",
        help = "[alpha] The name of the ApplySet that tracks which resources are being managed, for the purposes of \
        determining what to prune. Live resources that are part of the ApplySet but have been removed from the provided \
        configs will be deleted. Format: [RESOURCE][.GROUP]/NAME. A Secret will be used if no resource or group is specified."
    )]
    applyset: String,
    #[command(flatten)]
    validation: ValidateFlag,
    #[arg(
        long,
        value_name = "string",
        default_value = "kubectl-client-side-apply",
        help = "Name of the manager used to track field ownership."
    )]
    field_manager: String,
    #[arg(long, help = "If true, server-side apply will force the changes against conflicts.")]
    force_conflicts: bool,
    #[arg(long, help = "If true, apply runs in the server instead of the client.")]
    server_side: bool,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        hide_default_value = true,
        help = "If specified, apply will operate on the subresource of the requested object.  Only allowed when using \
        --server-side. This flag is beta and may change in the future."
    )]
    subresource: String,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    files: RecursiveFlag,
    #[command(flatten)]
    print: PrintFlags,
    #[command(flatten)]
    select: SelectorFlag,
}

const OTHER_FLAGS: &[Flag] = &[
    RECORD,
    A_KUSTOMIZE,
    Flag::new(
        "openapi-patch",
        "bool",
        "true",
        Support::NoEffect("there is one table of types"),
        "If true, use openapi to calculate diff when the openapi presents and the resource can be found in the openapi spec. Otherwise, fall back to use baked-in types.",
    ),
];

const LONG: &str = r#"Apply a configuration to a resource by file name or stdin. The resource name must be specified. This resource will be created if it doesn't exist yet. To use 'apply', always create the resource initially with either 'apply' or 'create --save-config'.

 JSON and YAML formats are accepted.

 Alpha Disclaimer: the --prune functionality is not yet complete. Do not use unless you are aware of what the current state is. See https://issues.k8s.io/34274."#;

const EXAMPLES: &str = r#"  # Apply the configuration in pod.json to a pod
  kubectl apply -f ./pod.json
  
  # Apply resources from a directory containing kustomization.yaml - e.g. dir/kustomization.yaml
  kubectl apply -k dir/
  
  # Apply the JSON passed into stdin to a pod
  cat pod.json | kubectl apply -f -
  
  # Apply the configuration from all files that end with '.json'
  kubectl apply -f '*.json'
  
  # Note: --prune is still in Alpha
  # Apply the configuration in manifest.yaml that matches label app=nginx and delete all other resources that are not in the file and match label app=nginx
  kubectl apply --prune -f manifest.yaml -l app=nginx
  
  # Apply the configuration in manifest.yaml and delete all the other config maps that are not in the file
  kubectl apply --prune -f manifest.yaml --all --prune-allowlist=core/v1/ConfigMap"#;

impl Run for Apply {
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "apply (-f FILENAME | -k DIRECTORY)";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if !self.args.is_empty() {
            return Err(cx.usage_error(format!("Unexpected args: [{}]", self.args.join(" "))));
        }
        let mut settings = self.settings(cx)?;
        let mut found = infos::find(cx, &self.query(settings.validation))?;
        let mut set = settings.set.take();
        let mut errors: Vec<anyhow::Error> = aggregate(found.errors).err().into_iter().collect();
        if let Some(error) = set.as_ref().and_then(|set| set.label(&mut found.infos).err()) {
            found.infos.clear();
            errors = vec![error];
        }
        if found.infos.is_empty() && errors.is_empty() {
            anyhow::bail!("no objects passed to apply");
        }
        if let Some(set) = &mut set {
            set.before_apply(cx, &found.infos, &settings)?;
        }
        let mut applied = Vec::new();
        for info in &found.infos {
            match self.apply(cx, info, &settings) {
                Ok(object) => applied.push(object),
                Err(error) => errors.push(error),
            }
        }
        aggregate(errors)?;
        self.print_objects(cx, &applied)?;
        if self.prune {
            self.prune(cx, &found.infos, &applied, settings.dry_run, set.as_ref())?;
        }
        if let Some(set) = set {
            set.after_prune(cx, &settings)?;
        }
        Ok(())
    }
}

/// What the flags ask for.
struct Settings {
    dry_run: DryRun,
    validation: Validation,
    set: Option<ApplySet>,
}

impl Apply {
    /// Reads the flags in kubectl's order.
    fn settings(&self, cx: &mut Context) -> anyhow::Result<Settings> {
        if cx.is_given("applyset") && !applyset::is_enabled(cx) {
            anyhow::bail!("unknown flag: --applyset\nSee '{} {} --help' for usage.", cx.program, cx.path);
        }
        let dry_run = self.dry_run.parse(cx)?;
        delete::propagation(&self.deletion.cascade, cx)?;
        if self.filename.is_empty() {
            anyhow::bail!("must specify one of -f and -k");
        }
        let validation = Validation::parse(&self.validation.validate)?;
        self.print.printer(cx)?;
        let set = if self.applyset.is_empty() { None } else { Some(ApplySet::parse(cx, &self.applyset)?) };
        if self.force_conflicts && !self.server_side {
            anyhow::bail!("--force-conflicts only works with --server-side");
        }
        if dry_run == DryRun::Client && self.server_side {
            anyhow::bail!("--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)");
        }
        if self.server_side && self.deletion.force {
            anyhow::bail!("--force cannot be used with --server-side");
        }
        if dry_run == DryRun::Server && self.deletion.force {
            anyhow::bail!("--dry-run=server cannot be used with --force");
        }
        if self.all && !self.select.selector.is_empty() {
            anyhow::bail!("cannot set --all and --selector at the same time");
        }
        self.check_prune(cx, set.as_ref())?;
        if !self.subresource.is_empty() && !self.server_side {
            anyhow::bail!("--subresource can only be specified for --server-side");
        }
        Ok(Settings { dry_run, validation, set })
    }

    /// Which flags go with `--prune` and `--applyset`.
    fn check_prune(&self, cx: &mut Context, set: Option<&ApplySet>) -> anyhow::Result<()> {
        if let Some(set) = set {
            anyhow::ensure!(self.prune, "--applyset requires --prune");
            set.validate(cx)?;
        }
        if !self.prune {
            return Ok(());
        }
        anyhow::ensure!(!self.deletion.force, "--force cannot be used with --prune");
        if set.is_some() {
            anyhow::ensure!(!self.all, "--all is incompatible with --applyset");
            anyhow::ensure!(self.select.selector.is_empty(), "--selector is incompatible with --applyset");
            anyhow::ensure!(self.prune_allowlist.is_empty(), "--prune-allowlist is incompatible with --applyset");
            return Ok(());
        }
        if !self.all && self.select.selector.is_empty() {
            anyhow::bail!(
                "all resources selected for prune without explicitly passing --all. To prune all resources, pass the \
                 --all flag. If you did not mean to prune all resources, specify a label selector"
            );
        }
        prune::check(cx, &self.prune_allowlist)?;
        if self.server_side {
            anyhow::bail!("--prune is in alpha and doesn't currently work on objects created by server-side apply");
        }
        Ok(())
    }

    fn query(&self, validation: Validation) -> Query<'_> {
        Query {
            filenames: &self.filename,
            recursive: self.files.recursive,
            selector: &self.select.selector,
            validate: validation == Validation::Strict,
            ..Query::default()
        }
    }

    /// Whether whole objects are printed, together and at the end.
    fn prints_objects(&self) -> bool {
        !matches!(self.print.output.as_str(), "" | "name")
    }

    fn apply(&self, cx: &mut Context, info: &Info, settings: &Settings) -> anyhow::Result<Arc<Object>> {
        let (object, done) = if self.server_side {
            (server_side::apply(cx, info, settings, self.how(cx))?, "serverside-applied")
        } else {
            client_side::apply(self, cx, info, settings)?
        };
        if !self.prints_objects() {
            let operation = format!("{done}{}", settings.dry_run.suffix());
            self.print.printer(cx)?.print(&object, &operation, &mut cx.env.stdout)?;
        }
        Ok(object)
    }

    /// How a manifest is applied on the server's side.
    fn how<'a>(&'a self, cx: &Context) -> server_side::How<'a> {
        server_side::How {
            manager: if cx.is_given("field-manager") { &self.field_manager } else { "kubectl" },
            force: self.force_conflicts,
            subresource: &self.subresource,
        }
    }

    fn print_objects(&self, cx: &mut Context, applied: &[Arc<Object>]) -> anyhow::Result<()> {
        if !self.prints_objects() {
            return Ok(());
        }
        let mut printer = self.print.printer(cx)?;
        match applied {
            [one] => printer.print(one, "", &mut cx.env.stdout),
            many => printer.print_go_list(many, &mut cx.env.stdout),
        }
    }

    /// Deletes what was applied before and is in the manifests no more.
    fn prune(
        &self,
        cx: &mut Context,
        infos: &[Info],
        applied: &[Arc<Object>],
        dry_run: DryRun,
        set: Option<&ApplySet>,
    ) -> anyhow::Result<()> {
        let keep: BTreeSet<&str> = applied.iter().map(|o| o.uid()).collect();
        let mut printer = self.print.printer(cx)?;
        let gone = match set {
            Some(set) => set.candidates(cx, &keep)?,
            None => self.candidates(cx, infos, &keep)?,
        };
        for (kind, object) in gone {
            if dry_run != DryRun::Client {
                let options = self.delete_options(cx, dry_run)?;
                prune::delete(cx, kind, &object, &options)?;
            }
            printer.print(&object, &format!("pruned{}", dry_run.suffix()), &mut cx.env.stdout)?;
        }
        Ok(())
    }

    /// What `apply` made, of the kinds of the allowlist, in the namespaces of the manifests.
    fn candidates(
        &self,
        cx: &mut Context,
        infos: &[Info],
        keep: &BTreeSet<&str>,
    ) -> anyhow::Result<Vec<(KindRef, Arc<Object>)>> {
        if self.prune_allowlist.is_empty() {
            cx.warn(
                "prune.go:71",
                "Deprecated: kubectl apply will no longer prune non-namespaced resources by default when used with the \
                 --namespace flag in a future release. To preserve the current behaviour, list the resources you want to \
                 target explicitly in the --prune-allowlist flag.",
            );
        }
        let command = cx.namespace().to_owned();
        let mut namespaces: BTreeSet<&str> =
            infos.iter().filter(|i| i.kind.names().namespaced).map(|i| i.namespace.as_str()).collect();
        if cx.is_given("namespace") {
            namespaces.insert(&command);
        }
        prune::candidates(cx, &self.prune_allowlist, &namespaces, &self.select.selector, keep)
    }

    fn delete_options(&self, cx: &mut Context, dry_run: DryRun) -> anyhow::Result<crate::apiserver::DeleteOptions> {
        Ok(crate::apiserver::DeleteOptions {
            grace_period: (self.deletion.grace_period >= 0).then_some(self.deletion.grace_period),
            propagation: delete::propagation(&self.deletion.cascade, cx)?,
            dry_run: dry_run == DryRun::Server,
            ..Default::default()
        })
    }
}
