//! One file in the user's editor, from the objects it holds to what comes of them. Knows no flag's syntax.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use super::results::Results;
use super::{editor, text};
use crate::apimachinery::go_value;
use crate::apimachinery::object::Object;
use crate::apimachinery::patch::{PatchType, merge_patch, strategic_patch};
use crate::apimachinery::schema::Definition;
use crate::apiserver::Part;
use crate::cmd::context::Context;
use crate::cmd::dry_run::DryRun;
use crate::cmd::errors::{Exit, aggregate};
use crate::cmd::infos::{self, Info};
use crate::cmd::{last_applied, manifest, program, record, requests};
use crate::printers::{Printer, yaml};

/// What comes of the edited objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// What was changed is sent as a patch.
    Normal { shows_patch: bool },
    /// The objects are what was applied last, and become the annotation that says it.
    LastApplied,
    /// The objects are created.
    Create,
}

/// The form of the file.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    pub json: bool,
    /// Lines end as on Windows.
    pub crlf: bool,
}

/// How the objects are sent.
#[derive(Clone, Copy, Debug)]
pub struct How {
    pub part: Part,
    pub strict: bool,
    pub save_config: bool,
}

/// One file being edited, as often as it takes.
pub struct Session<'e> {
    pub mode: Mode,
    pub infos: &'e [Info],
    pub form: Form,
    pub how: How,
    pub printer: Printer,
}

/// What the user saved, and where it is.
struct Saved {
    text: String,
    file: PathBuf,
}

impl Session<'_> {
    /// Edits until what was saved is taken, or given up.
    ///
    /// # Errors
    /// Edits that are given up after an error; an editor that fails.
    pub fn run(&mut self, cx: &mut Context) -> anyhow::Result<()> {
        let original = self.original();
        let mut results = Results::default();
        let mut before: Option<Saved> = None;
        loop {
            let body = before.as_ref().map_or_else(|| original.clone(), |saved| text::without_comments(&saved.text));
            let shown =
                if self.form.json { body } else { format!("{}{body}", results.header(self.mode == Mode::LastApplied)) };
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
            if self.form.json { format!("{}\n", go_value::json_indent(&value)) } else { yaml::to_string(&value) };
        if self.form.crlf { text.replace('\n', "\r\n") } else { text }
    }

    fn edit(&self, cx: &mut Context, shown: &str) -> anyhow::Result<Saved> {
        let suffix = if self.form.json { ".json" } else { ".yaml" };
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
        if self.how.strict && text::without_comments(&saved.text).trim().is_empty() {
            // Nothing has no version and no kind, which is looked at before whether there is anything.
            let said =
                results.add_unreadable(&self.infos[0], "error validating data: [apiVersion not set, kind not set]");
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
        if self.how.save_config {
            last_applied::set(&mut edited);
        }
        record::record(cx, &mut edited);
        if self.mode == Mode::Create {
            return self.create(cx, &edited);
        }
        let Some(info) = self.infos.iter().find(|i| i.object.uid() == edited.uid()) else {
            anyhow::bail!("no original object found for {}", go_value::go_syntax(&edited.into_value()));
        };
        let mut old = Object::clone(&info.object);
        old.internal.clear();
        old.remove("/metadata/managedFields");
        if edited == old {
            return self.printer.print(&edited, "skipped", &mut cx.env.stdout);
        }
        let Mode::Normal { shows_patch } = self.mode else { return self.annotate(cx, info, &edited) };
        let same = |pointer: &str| old.at(pointer) == edited.at(pointer);
        if !(same("/apiVersion") && same("/kind") && same("/metadata/name")) {
            anyhow::bail!("At least one of apiVersion, kind and name was changed");
        }
        let (form, patch) = two_way(&old, &edited);
        if shows_patch {
            cx.print(&format!("Patch: {}\n", go_value::json(&patch)))?;
        }
        let options = requests::options(DryRun::None, self.how.strict);
        match requests::patch(cx, info, (form, &patch), self.how.part, &options) {
            Ok(stored) => self.printer.print(&stored, "edited", &mut cx.env.stdout),
            Err(error) => {
                let said = results.add(&error, info);
                cx.complain(&said);
                Ok(())
            }
        }
    }

    /// Makes the edited object what was applied last; the object itself stays as it is.
    fn annotate(&mut self, cx: &mut Context, info: &Info, edited: &Object) -> anyhow::Result<()> {
        let text = go_value::json(&edited.to_value());
        let patch = json!({"metadata": {"annotations": {last_applied::ANNOTATION: text}}});
        let options = requests::options(DryRun::None, self.how.strict);
        let namespace = if info.kind.names().namespaced { cx.namespace().to_owned() } else { String::new() };
        let object = Arc::new(edited.clone());
        let info = Info { kind: info.kind, namespace, name: edited.name().to_owned(), source: String::new(), object };
        requests::patch(cx, &info, (PatchType::Merge, &patch), Part::Main, &options)?;
        self.printer.print(edited, "edited", &mut cx.env.stdout)
    }

    fn create(&mut self, cx: &mut Context, edited: &Object) -> anyhow::Result<()> {
        let info = infos::of_object(cx, edited.clone())?;
        let options = requests::options(DryRun::None, self.how.strict);
        let made = requests::create(cx, &info, edited, &options)?;
        self.printer.print(&made, "created", &mut cx.env.stdout)
    }
}

fn two_way(old: &Object, new: &Object) -> (PatchType, Value) {
    let (before, after) = (old.body().to_map(), new.body().to_map());
    match Definition::of_kind(old.api_version(), old.kind()) {
        Some(definition) => {
            (PatchType::Strategic, Value::Object(strategic_patch(&before, &after, &before, definition)))
        }
        None => (PatchType::Merge, Value::Object(merge_patch(&before, &after, &before))),
    }
}

/// Says where the edits are when they could not be used.
fn keep(cx: &mut Context, saved: &Saved, error: anyhow::Error) -> anyhow::Error {
    let text = format!("A copy of your changes has been stored to {:?}\n", saved.file.display().to_string());
    cx.complain(&text);
    error
}
