//! `edit`: objects in the user's editor, until they are saved as they should be or given up. Knows no kind.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::context::Context;
use super::create::Validation;
use super::dry_run::DryRun;
use super::errors::{Exit, aggregate};
use super::flags::{KUSTOMIZE, PrintFlags, RecursiveFlag, field_manager};
use super::infos::{self, From, Info, Query};
use super::support::Flag;
use super::verbs::{Operands, Run};
use super::{last_applied, manifest, program, requests};
use crate::apimachinery::go_value;
use crate::apimachinery::object::Object;
use crate::apimachinery::patch::{PatchType, merge_patch, strategic_patch};
use crate::apimachinery::schema::Definition;
use crate::apiserver::Part;
use crate::printers::{Printer, yaml};

mod editor;
mod results;
mod text;

use results::Results;

/// Arguments of `edit`.
#[derive(clap::Args)]
pub struct Edit {
    args: Vec<String>,
    #[arg(
        short = 'f',
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files to use to edit the resource"
    )]
    filename: Vec<String>,
    #[arg(long, help = "Output the patch if the resource is edited.")]
    output_patch: bool,
    #[arg(
        long,
        help = "If true, the configuration of current object will be saved in its annotation. Otherwise, the annotation \
        will be unchanged. This flag is useful when you want to perform kubectl apply on this object in the \
        future."
    )]
    save_config: bool,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "If specified, edit will operate on the subresource of the requested object. This flag is beta and may \
        change in the future."
    )]
    subresource: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "strict",
        help = "Must be one of: strict (or true), warn, ignore (or false). \"true\" or \"strict\" will use a schema to \
        validate the input and fail the request if invalid. It will perform server side validation if \
        ServerSideFieldValidation is enabled on the api-server, but will fall back to less reliable client-side \
        validation if not. \"warn\" will warn about unknown or duplicate fields without blocking the request if \
        server-side field validation is enabled on the API server, and behave as \"ignore\" otherwise. \"false\" \
        or \"ignore\" will not perform any schema validation, silently dropping any unknown or duplicate fields."
    )]
    validate: String,
    #[arg(long, help = "Defaults to the line ending native to your platform.")]
    windows_line_endings: bool,
    #[command(flatten)]
    files: RecursiveFlag,
    #[command(flatten)]
    print: PrintFlags,
}

const OTHER_FLAGS: &[Flag] = &[field_manager("kubectl-edit"), KUSTOMIZE];

const LONG: &str = r#"Edit a resource from the default editor.

 The edit command allows you to directly edit any API resource you can retrieve via the command-line tools. It will open the editor defined by your KUBE_EDITOR, or EDITOR environment variables, or fall back to 'vi' for Linux or 'notepad' for Windows. When attempting to open the editor, it will first attempt to use the shell that has been defined in the 'SHELL' environment variable. If this is not defined, the default shell will be used, which is '/bin/bash' for Linux or 'cmd' for Windows.

 You can edit multiple objects, although changes are applied one at a time. The command accepts file names as well as command-line arguments, although the files you point to must be previously saved versions of resources.

 Editing is done with the API version used to fetch the resource. To edit using a specific API version, fully-qualify the resource, version, and group.

 The default format is YAML. To edit in JSON, specify "-o json".

 The flag --windows-line-endings can be used to force Windows line endings, otherwise the default for your operating system will be used.

 In the event an error occurs while updating, a temporary file will be created on disk that contains your unapplied changes. The most common error when updating a resource is another editor changing the resource on the server. When this occurs, you will have to apply your changes to the newer version of the resource, or update your temporary saved copy to include the latest resource version."#;

const EXAMPLES: &str = r#"  # Edit the service named 'registry'
  kubectl edit svc/registry
  
  # Use an alternative editor
  KUBE_EDITOR="nano" kubectl edit svc/registry
  
  # Edit the job 'myjob' in JSON using the v1 API format
  kubectl edit job.v1.batch/myjob -o json
  
  # Edit the deployment 'mydeployment' in YAML and save the modified config in its annotation
  kubectl edit deployment/mydeployment -o yaml --save-config
  
  # Edit the 'status' subresource for the 'mydeployment' deployment
  kubectl edit deployment mydeployment --subresource='status'"#;

impl Run for Edit {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "edit (RESOURCE/NAME | -f FILENAME)";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let validation = Validation::parse(&self.validate)?;
        let printer = self.print.printer(cx)?;
        let part = match self.subresource.as_str() {
            "" => Part::Main,
            "status" => Part::Status,
            other => anyhow::bail!("invalid subresource value: {other:?}. Must be one of [status]"),
        };
        let query = Query {
            args: &self.args,
            filenames: &self.filename,
            recursive: self.files.recursive,
            type_alone_is_all: true,
            from: From::Store,
            ..Query::default()
        };
        let found = infos::find(cx, &query)?;
        aggregate(found.errors)?;
        if found.infos.is_empty() {
            anyhow::bail!("edit cancelled, no objects found");
        }
        Session { flags: &self, infos: &found.infos, part, validation, printer }.run(cx)
    }
}

/// One file being edited, as often as it takes.
struct Session<'e> {
    flags: &'e Edit,
    infos: &'e [Info],
    part: Part,
    validation: Validation,
    printer: Printer,
}

/// What the user saved, and where it is.
struct Saved {
    text: String,
    file: PathBuf,
}

impl Session<'_> {
    fn run(&mut self, cx: &mut Context) -> anyhow::Result<()> {
        let original = self.original();
        let mut results = Results::default();
        let mut before: Option<Saved> = None;
        loop {
            let body = before.as_ref().map_or_else(|| original.clone(), |saved| text::without_comments(&saved.text));
            let shown = if self.is_json() { body } else { format!("{}{body}", results.header()) };
            let saved = self.edit(cx, &shown)?;
            if let Some(last) = before.take() {
                if text::are_equal(&last.text, &saved.text) {
                    return Err(keep(cx, &saved, anyhow::anyhow!("Edit cancelled, no valid changes were saved.")));
                }
                program::remove(&last.file);
            }
            results = Results::default();
            match self.take(cx, &original, &saved, &mut results) {
                Err(error) => return Err(keep(cx, &saved, error)),
                Ok(true) => {
                    program::remove(&saved.file);
                    return Ok(());
                }
                Ok(false) => {}
            }
            if let Some(text) = results.last_words(&cx.program, &saved.file.display().to_string()) {
                cx.complain(&text);
                return Err(Exit(1).into());
            }
            before = Some(saved);
        }
    }

    fn is_json(&self) -> bool {
        self.flags.print.output == "json"
    }

    /// The objects as the editor gets them: one as it is, several as a list, without managed fields.
    fn original(&self) -> String {
        let object = |info: &Info| {
            let mut object = Object::clone(&info.object);
            object.remove("/metadata/managedFields");
            object.into_value()
        };
        let value = match self.infos {
            [one] => object(one),
            many => {
                let items: Vec<Value> = many.iter().map(object).collect();
                json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {}})
            }
        };
        let text =
            if self.is_json() { format!("{}\n", go_value::json_indent(&value)) } else { yaml::to_string(&value) };
        if self.flags.windows_line_endings { text.replace('\n', "\r\n") } else { text }
    }

    fn edit(&self, cx: &mut Context, shown: &str) -> anyhow::Result<Saved> {
        let suffix = if self.is_json() { ".json" } else { ".yaml" };
        let file = program::temporary_file(cx.env, &format!("{}-edit-", cx.program), suffix, shown)?;
        editor::launch(cx.env, &file).inspect_err(|_| program::remove(&file))?;
        Ok(Saved { text: program::read(&file)?, file })
    }

    /// Sends what was saved; says whether that is the end of it.
    fn take(&mut self, cx: &mut Context, original: &str, saved: &Saved, results: &mut Results) -> anyhow::Result<bool> {
        if let Some(why) = text::syntax_error(&saved.text) {
            let said = results.add_unreadable(&self.infos[0], &why);
            cx.complain(&said);
            return Ok(false);
        }
        if text::are_equal(original, &saved.text) {
            cx.complain("Edit cancelled, no changes made.\n");
            return Ok(true);
        }
        if !text::has_lines(&saved.text) {
            cx.complain("Edit cancelled, saved file was empty.\n");
            return Ok(true);
        }
        let edited = manifest::of_text(cx, "edited-file", &saved.text);
        if let Err(error) = aggregate(edited.errors) {
            results.add_syntax_error(&format!("{error:#}"));
            return Ok(false);
        }
        let namespace = cx.namespace().to_owned();
        for item in edited.items {
            item.namespace(&namespace, true)?;
            let Some(object) = Object::from_value(Value::Object(item.body)) else { continue };
            self.send(cx, object, results)?;
        }
        Ok(results.is_done())
    }

    fn send(&mut self, cx: &mut Context, mut edited: Object, results: &mut Results) -> anyhow::Result<()> {
        let Some(info) = self.infos.iter().find(|i| i.object.uid() == edited.uid()) else {
            anyhow::bail!("no original object found for {}", go_value::go_syntax(&edited.into_value()));
        };
        if self.flags.save_config {
            last_applied::set(&mut edited);
        }
        let mut old = Object::clone(&info.object);
        old.internal.clear();
        old.remove("/metadata/managedFields");
        if edited == old {
            return self.printer.print(&edited, "skipped", &mut cx.env.stdout);
        }
        let same = |pointer: &str| old.at(pointer) == edited.at(pointer);
        if !(same("/apiVersion") && same("/kind") && same("/metadata/name")) {
            anyhow::bail!("At least one of apiVersion, kind and name was changed");
        }
        let (form, patch) = two_way(&old, &edited);
        if self.flags.output_patch {
            cx.print(&format!("Patch: {}\n", go_value::json(&patch)))?;
        }
        let options = requests::options(DryRun::None, self.validation == Validation::Strict);
        match requests::patch(cx, info, (form, &patch), self.part, &options) {
            Ok(stored) => self.printer.print(&stored, "edited", &mut cx.env.stdout),
            Err(error) => {
                let said = results.add(&error, info);
                cx.complain(&said);
                Ok(())
            }
        }
    }
}

fn two_way(old: &Object, new: &Object) -> (PatchType, Value) {
    match Definition::of_kind(old.api_version(), old.kind()) {
        Some(definition) => {
            (PatchType::Strategic, Value::Object(strategic_patch(old.body(), new.body(), old.body(), definition)))
        }
        None => (PatchType::Merge, Value::Object(merge_patch(old.body(), new.body(), old.body()))),
    }
}

/// Says where the edits are when they could not be used.
fn keep(cx: &mut Context, saved: &Saved, error: anyhow::Error) -> anyhow::Error {
    let text = format!("A copy of your changes has been stored to {:?}\n", saved.file.display().to_string());
    cx.complain(&text);
    error
}
