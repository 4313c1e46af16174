//! `create`: makes the objects of manifests. Knows no kind.

use std::sync::Arc;

use clap::ArgAction;
use serde_json::Value;

use super::context::Context;
use super::dry_run::DryRun;
use super::edit::{Form, How, Mode, Session};
use super::errors::with_source;
use super::infos::{self, Query};
use super::manifest::{self, Filenames, Item};
use super::resources::KindRef;
use super::support::{Flag, Support};
use super::verbs::Run;
use super::{go, last_applied};
use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::apimachinery::quote::quote;
use crate::apimachinery::status::Status;
use crate::apiserver::{self, Part, WriteOptions};
use crate::printers::{FORMATS, Format, OutputFlags, Printer};

/// Arguments of `create`.
#[derive(clap::Args)]
pub struct Create {
    args: Vec<String>,
    #[arg(long, action = ArgAction::Set, default_value = "true", value_name = "bool", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        help = "If true, ignore any errors in templates when a field or map key is missing in the template. Only \
        applies to golang and jsonpath output formats.")]
    allow_missing_template_keys: bool,
    #[arg(long, value_name = "string", default_value = "none", num_args = 0..=1, require_equals = true, default_missing_value = "unchanged",
        help = "Must be \"none\", \"server\", or \"client\". If client strategy, only print the object that would be \
        sent, without sending it. If server strategy, submit server-side request without persisting the \
        resource.")]
    dry_run: String,
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
    #[arg(
        short = 'R',
        long,
        help = "Process the directory used in -f, --filename recursively. Useful when you want to manage related \
        manifests organized within the same directory."
    )]
    recursive: bool,
    #[arg(
        long,
        help = "If true, the configuration of current object will be saved in its annotation. Otherwise, the annotation \
        will be unchanged. This flag is useful when you want to perform kubectl apply on this object in the \
        future."
    )]
    save_config: bool,
    #[arg(
        short = 'l',
        long,
        value_name = "string",
        default_value = "",
        help = "Selector (label query) to filter on, supports '=', '==', and '!='.(e.g. -l key1=value1,key2=value2). \
        Matching objects must satisfy all of the specified label constraints."
    )]
    selector: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Template string or path to template file to use when -o=go-template, -o=go-template-file. The template \
        format is golang templates [http://golang.org/pkg/text/template/#pkg-overview]."
    )]
    template: String,
    #[arg(long, value_name = "string", default_value = "strict", num_args = 0..=1, require_equals = true, default_missing_value = "strict",
        help = "Must be one of: strict (or true), warn, ignore (or false). \"true\" or \"strict\" will use a schema to \
        validate the input and fail the request if invalid. It will perform server side validation if \
        ServerSideFieldValidation is enabled on the api-server, but will fall back to less reliable client-side \
        validation if not. \"warn\" will warn about unknown or duplicate fields without blocking the request if \
        server-side field validation is enabled on the API server, and behave as \"ignore\" otherwise. \
        \"false\" or \"ignore\" will not perform any schema validation, silently dropping any unknown or \
        duplicate fields.")]
    validate: String,
    #[arg(long, help = "Only relevant if --edit=true. Defaults to the line ending native to your platform.")]
    windows_line_endings: bool,
}

const OTHER_FLAGS: &[Flag] = &[
    Flag::new(
        "field-manager",
        "string",
        "kubectl-create",
        Support::NoEffect("field ownership is not tracked"),
        "Name of the manager used to track field ownership.",
    ),
    Flag::new(
        "kustomize",
        "string",
        "",
        Support::Served,
        "Process the kustomization directory. This flag can't be used together with -f or -R.",
    )
    .short('k'),
    Flag::new(
        "raw",
        "string",
        "",
        Support::Served,
        "Raw URI to POST to the server.  Uses the transport specified by the kubeconfig file.",
    ),
    Flag::new(
        "show-managed-fields",
        "bool",
        "false",
        Support::NoEffect("field ownership is not tracked"),
        "If true, keep the managedFields when printing objects in JSON or YAML format.",
    ),
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
        if self.filename.is_empty() {
            anyhow::bail!("must specify one of -f and -k");
        }
        let dry_run = DryRun::parse(&self.dry_run, cx)?;
        let validation = Validation::parse(&self.validate)?;
        let selector = Selector::parse(&self.selector).map_err(Status::from)?;
        let files = Filenames {
            filenames: &self.filename,
            recursive: self.recursive,
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
        let query = Query { filenames: &self.filename, recursive: self.recursive, ..Query::default() };
        infos::find(cx, &query)?.visit(|info| {
            let form = Form { json: self.output == "json", crlf: self.windows_line_endings };
            let strict = validation == Validation::Strict;
            let how = How { part: Part::Main, strict, save_config: self.save_config };
            let infos = &[info];
            Session { mode: Mode::Create, infos, form, how, printer: self.printer(cx)? }.run(cx)
        })
    }

    fn printer(&self, cx: &Context) -> anyhow::Result<Printer> {
        let flags = OutputFlags {
            output: &self.output,
            template: &self.template,
            allow_missing_keys: self.allow_missing_template_keys,
            no_headers: false,
        };
        let format = Format::parse(&flags, FORMATS, &|path| manifest::read_text(cx.env, path))?;
        Ok(Printer::new(format, false))
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
        if self.save_config {
            last_applied::set(&mut object);
        }
        if dry_run == DryRun::Client {
            return Ok(Arc::new(object));
        }
        // As kubectl's helper: what `get -o yaml` printed can be created again.
        object.remove("/metadata/resourceVersion");
        let options = WriteOptions { dry_run: dry_run == DryRun::Server, strict: validation == Validation::Strict };
        let made = cx.client()?.write(|c| apiserver::create(c, kind, &namespace, object.clone(), &options));
        let made = made.map_err(|e| with_source("creating", &source, e))?;
        let unknown = if validation == Validation::Warn { unknown_fields(kind, &object) } else { Vec::new() };
        for warning in unknown.into_iter().chain(kind.warnings(&made, None)) {
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
