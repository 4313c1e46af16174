//! `create`: makes the objects of manifests. Knows no kind.

use super::flags::{
    DryRunFlag, KUSTOMIZE, RecursiveFlag, SHOW_MANAGED_FIELDS, SaveConfigFlag, SelectorFlag, TemplateFlags,
    ValidateFlag,
};
use std::sync::Arc;

use serde_json::Value;

use super::context::Context;
use super::dry_run::DryRun;
use super::edit::{Form, How, Mode, Session};
use super::errors::with_source;
use super::infos::{self, Query};
use super::manifest::{self, Filenames, Item};
use super::record::{self, RECORD};
use super::resources::KindRef;
use super::select::Selectors;
use super::support::{Flag, Support};
use super::verbs::Run;
use super::{go, last_applied, requests};
use crate::apimachinery::object::Object;
use crate::apimachinery::quote::quote;
use crate::apiserver::{self, Part};
use crate::printers::{FORMATS, Format, Printer};

/// Arguments of `create`.
#[derive(clap::Args)]
pub struct Create {
    args: Vec<String>,
    #[command(flatten)]
    templates: TemplateFlags,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[arg(long, help = "Edit the API resource before creating")]
    edit: bool,
    #[arg(
        short,
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files to use to create the resource"
    )]
    filename: Vec<String>,
    #[arg(
        short,
        long,
        value_name = "string",
        default_value = "",
        help = "Output format. One of: (json, yaml, name, go-template, go-template-file, template, templatefile, \
        jsonpath, jsonpath-as-json, jsonpath-file)."
    )]
    output: String,
    #[command(flatten)]
    files: RecursiveFlag,
    #[command(flatten)]
    save: SaveConfigFlag,
    #[command(flatten)]
    select: SelectorFlag,
    #[command(flatten)]
    validation: ValidateFlag,
    #[arg(long, help = "Only relevant if --edit=true. Defaults to the line ending native to your platform.")]
    windows_line_endings: bool,
}

const OTHER_FLAGS: &[Flag] = &[
    RECORD,
    Flag::new(
        "field-manager",
        "string",
        "kubectl-create",
        Support::Served,
        "Name of the manager used to track field ownership.",
    ),
    KUSTOMIZE,
    Flag::new(
        "raw",
        "string",
        "",
        Support::Served,
        "Raw URI to POST to the server.  Uses the transport specified by the kubeconfig file.",
    ),
    SHOW_MANAGED_FIELDS,
];

const LONG: &str = "Create a resource from a file or from stdin.

 JSON and YAML formats are accepted.";

const EXAMPLES: &str = "  # Create a pod using the data in pod.json
  kubectl create -f ./pod.json
  
  # Create a pod based on the JSON passed into stdin
  cat pod.json | kubectl create -f -
  
  # Edit the data in registry.yaml in JSON then create the resource using the edited data
  kubectl create -f registry.yaml --edit -o json";

impl Run for Create {
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "create -f FILENAME";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if !self.args.is_empty() {
            return Err(cx.usage_error(format!("Unexpected args: [{}]", self.args.join(" "))));
        }
        let dry_run = self.dry_run.parse(cx)?;
        self.printer(cx)?;
        let validation = Validation::parse(&self.validation.validate)?;
        if self.filename.is_empty() {
            anyhow::bail!("must specify one of -f and -k");
        }
        let selector = Selectors::of_files(&self.select.selector)?;
        let files = Filenames {
            filenames: &self.filename,
            recursive: self.files.recursive,
            validate: validation == Validation::Strict,
        };
        if self.edit {
            return self.edit(cx, validation);
        }
        let mut printer = self.printer(cx)?;
        let manifests = manifest::read_learning(cx, &files)?;
        let mut count = 0;
        manifests.visit(|item| {
            let labels = item.body.get("metadata").and_then(|m| m.get("labels")).and_then(Value::as_object);
            if !selector.matches(labels) {
                return Ok(());
            }
            let made = self.create(cx, item, dry_run, validation)?;
            printer.print(&made, &format!("created{}", dry_run.suffix()), &mut cx.env.stdout)?;
            count += 1;
            Ok(())
        })?;
        if count == 0 {
            anyhow::bail!("no objects passed to create");
        }
        Ok(())
    }
}

impl Create {
    /// Opens each object in the editor, and creates what is saved.
    fn edit(&self, cx: &mut Context, validation: Validation) -> anyhow::Result<()> {
        let query = Query { filenames: &self.filename, recursive: self.files.recursive, ..Query::default() };
        infos::find(cx, &query)?.visit(|info| {
            let form = Form { json: self.output == "json", crlf: self.windows_line_endings };
            let strict = validation == Validation::Strict;
            let how = How { part: Part::Main, strict, save_config: self.save.save_config };
            let infos = &[info];
            Session { mode: Mode::Create, infos, form, how, printer: self.printer(cx)? }.run(cx)
        })
    }

    fn printer(&self, cx: &Context) -> anyhow::Result<Printer> {
        let flags = self.templates.of(&self.output);
        let format = Format::parse(&flags, FORMATS, &|path| manifest::read_text(cx.env, path))?;
        Ok(Printer::new(format, cx.is_given("show-managed-fields")))
    }

    /// Makes one object; with `--dry-run=client` it is only as complete as it was sent.
    fn create(
        &self,
        cx: &mut Context,
        item: Item,
        dry_run: DryRun,
        validation: Validation,
    ) -> anyhow::Result<Arc<Object>> {
        let namespace = item.namespace(cx.namespace(), cx.is_given("namespace"))?;
        let Item { source, kind, body } = item;
        let Some(mut object) = Object::from_value(Value::Object(body)) else {
            anyhow::bail!("the manifest in {source:?} is not an object");
        };
        if kind.names().namespaced {
            object.set_default("/metadata/namespace", namespace.as_str());
        }
        if self.save.save_config {
            last_applied::set(&mut object);
        }
        record::record(cx, &mut object);
        if dry_run == DryRun::Client {
            return Ok(Arc::new(object));
        }
        cx.warn_of_kind(kind);
        // As kubectl's helper: what `get -o yaml` printed can be created again.
        object.remove("/metadata/resourceVersion");
        let options = requests::managed_new(cx, kind, &requests::options(dry_run, validation == Validation::Strict));
        let made = cx.client()?.write(|c| {
            let made = apiserver::create(c, kind, &namespace, object.clone(), &options)?;
            let warnings = apiserver::warnings(c, kind, &made, None)?;
            Ok((made, warnings))
        });
        let (made, warnings) = made.map_err(|e| with_source("creating", &source, e))?;
        let unknown = if validation == Validation::Warn { unknown_fields(kind, &object) } else { Vec::new() };
        for warning in unknown.into_iter().chain(warnings) {
            cx.server_warning(&warning);
        }
        Ok(made)
    }
}

/// What the server warns of with `--validate=warn`: `unknown field "spec.replica"`.
fn unknown_fields(kind: KindRef, object: &Object) -> Vec<String> {
    apiserver::unknown_fields(kind, object).iter().map(|field| format!("unknown field {}", quote(field))).collect()
}

/// `--validate`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Validation {
    Strict,
    Warn,
    Ignore,
}

impl Validation {
    /// Reads the flag.
    ///
    /// # Errors
    /// kubectl's text for a word that is none.
    pub fn parse(text: &str) -> anyhow::Result<Validation> {
        match text {
            "strict" | "true" => Ok(Validation::Strict),
            "warn" => Ok(Validation::Warn),
            "ignore" | "false" => Ok(Validation::Ignore),
            _ => match go::boolean(text) {
                Ok(yes) => Ok(if yes { Validation::Strict } else { Validation::Ignore }),
                Err(_) => anyhow::bail!(
                    "invalid - validate option {}; must be one of: strict (or true), warn, ignore (or false)",
                    quote(text)
                ),
            },
        }
    }
}
