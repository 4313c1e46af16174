//! What `-f` names, as kubectl's resource builder reads it: files, folders, globs, standard input and URLs.
//!
//! Knows kinds by name and the environment it reads from, and of the store only which kinds it defines. What cannot be read or recognized is kept beside
//! what can: the good objects are served, and the errors are reported after theirs.

mod address;
mod glob;
mod known;
mod object;
mod source;

use anyhow::anyhow;
use serde_json::{Map, Value};

pub use source::{kustomization_name, open_error, read_text};

use super::context::Context;
use super::errors::{Aggregate, aggregate};
use crate::apimachinery::labels::Selector;
use crate::apimachinery::yaml;
use crate::kinds::KindRef;
use known::Known;

/// The `-f`, `-R` and `--validate` of a command line.
pub struct Filenames<'a> {
    pub filenames: &'a [String],
    /// `-R`: folders with their folders.
    pub recursive: bool,
    /// Whether a document without a kind is refused before it is looked at further; of verbs that have `--validate`.
    pub validate: bool,
}

/// One object of a manifest.
pub struct Item {
    /// What kubectl names in `error when creating "SOURCE"`: the path, the URL or `STDIN`.
    pub source: String,
    pub kind: KindRef,
    pub body: Map<String, Value>,
}

impl Item {
    /// An object of a manifest. One that lives in no namespace loses the one it is given, as by cli-runtime's
    /// FilterNamespace: `apply` does not note it down.
    fn new(source: &str, kind: KindRef, mut body: Map<String, Value>) -> Item {
        if !kind.names().namespaced
            && let Some(Value::Object(metadata)) = body.get_mut("metadata")
        {
            metadata.remove("namespace");
        }
        Item { source: source.to_owned(), kind, body }
    }

    /// `metadata.name`, empty when there is none.
    pub fn name(&self) -> &str {
        self.metadata("name")
    }

    /// `metadata.namespace` as the manifest has it, empty when there is none.
    pub fn own_namespace(&self) -> &str {
        self.metadata("namespace")
    }

    /// Whether `-l` lets it through, by the labels that the manifest has.
    pub fn is_selected(&self, selector: &Selector) -> bool {
        let labels = self.body.get("metadata").and_then(|m| m.get("labels"));
        selector.matches(labels.and_then(Value::as_object))
    }

    fn metadata(&self, field: &str) -> &str {
        let field = self.body.get("metadata").and_then(|m| m.get(field));
        field.and_then(Value::as_str).unwrap_or_default()
    }

    /// The namespace of the request: the manifest's, or the command's. `enforced` when `-n` was given.
    ///
    /// # Errors
    /// An enforced namespace that is not the manifest's.
    pub fn namespace(&self, command: &str, enforced: bool) -> anyhow::Result<String> {
        let own = self.own_namespace();
        if !self.kind.names().namespaced {
            return Ok(String::new());
        }
        if enforced && !own.is_empty() && own != command {
            anyhow::bail!(
                "the namespace from the provided object {own:?} does not match the namespace {command:?}. You must pass \
                 '--namespace={own}' to perform this operation."
            );
        }
        Ok(if own.is_empty() { command } else { own }.to_owned())
    }
}

/// All that `-f` named, in order.
#[derive(Default)]
pub struct Manifests {
    pub items: Vec<Item>,
    /// What could not be read or recognized. Each entry is one of kubectl's errors; an entry may itself be several.
    pub errors: Vec<anyhow::Error>,
}

impl Manifests {
    /// Serves each item, goes on after errors, and gives all errors in kubectl's order: the items', then the manifests'.
    pub fn visit(self, each: impl FnMut(Item) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut errors: Vec<anyhow::Error> = self.items.into_iter().map(each).filter_map(Result::err).collect();
        errors.extend(aggregate(self.errors).err());
        aggregate(errors)
    }
}

/// Reads everything that `-f` names.
///
/// # Errors
/// Names that lead nowhere, before anything is read. What is wrong inside a file is in [`Manifests::errors`].
pub fn read(cx: &mut Context, files: &Filenames) -> anyhow::Result<Manifests> {
    read_into(&mut Known::of(cx), files)
}

/// As [`read`], for a verb that sends each object before the next one is looked at: a definition makes its kind known
/// to the documents after it.
///
/// # Errors
/// As for [`read`].
pub fn read_learning(cx: &mut Context, files: &Filenames) -> anyhow::Result<Manifests> {
    read_into(&mut Known::of(cx).learning(), files)
}

fn read_into(known: &mut Known, files: &Filenames) -> anyhow::Result<Manifests> {
    let sources = source::expand(known.cx.env, files)?;
    let mut manifests = Manifests::default();
    for source in sources {
        let text = source.read(known.cx.env);
        let read = text.and_then(|text| read_text_of(known, source.name(), &text, files.validate, &mut manifests));
        manifests.errors.extend(read.err());
    }
    Ok(manifests)
}

/// The objects of a text that is no file, and that errors name so.
pub fn of_text(cx: &mut Context, name: &str, text: &str) -> Manifests {
    let mut manifests = Manifests::default();
    let read = read_text_of(&mut Known::of(cx), name, text, false, &mut manifests);
    manifests.errors.extend(read.err());
    manifests
}

/// Reads one text up to its first error of form; objects of unknown kinds do not end it.
fn read_text_of(
    known: &mut Known,
    name: &str,
    text: &str,
    validate: bool,
    manifests: &mut Manifests,
) -> anyhow::Result<()> {
    for document in yaml::documents(text) {
        let document = document.map_err(|e| anyhow!("error parsing {name}: {e}"))?;
        if validate {
            object::validate(&document).map_err(|e| anyhow!("error validating {name:?}: {e}"))?;
        }
        match object::items(known, name, document) {
            Ok((mut items, errors)) => {
                items.iter().for_each(|item| known.learn(item));
                manifests.items.append(&mut items);
                if !errors.is_empty() {
                    // The items of a list report together.
                    manifests.errors.push(Aggregate(errors).into());
                }
            }
            Err(error) => manifests.errors.push(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
