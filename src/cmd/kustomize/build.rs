//! A kustomization, built: its resources, generators and transformers in kustomize's order. Knows no verb.

use std::collections::VecDeque;
use std::path::PathBuf;

use anyhow::{anyhow, bail};
use serde_json::{Value, json};

use super::files::Root;
use super::kustomization::Kustomization;
use super::resource::Resource;
use super::vars::{self, Var};
use super::{generate, hash, order, patch, references, replacements, transform};
use crate::Env;
use crate::apimachinery::quote::quote;
use crate::apimachinery::yaml;

/// What came of it.
pub struct Built {
    /// The objects, or kustomize's text for why there are none.
    pub objects: anyhow::Result<Vec<Value>>,
    /// What kustomize warns of, as far as it came.
    pub warnings: Vec<String>,
}

/// What is found on the way and needed at the end.
#[derive(Default)]
struct Notes {
    warnings: Vec<String>,
    vars: Vec<Var>,
}

/// Builds a folder.
pub fn build(env: &Env, folder: &str, restricted: bool) -> Built {
    let mut notes = Notes::default();
    let objects = objects_of(env, folder, restricted, &mut notes);
    Built { objects, warnings: notes.warnings }
}

fn objects_of(env: &Env, folder: &str, restricted: bool, notes: &mut Notes) -> anyhow::Result<Vec<Value>> {
    let root = Root::open(env, folder, restricted)?;
    let mut resources = Vec::new();
    let of = accumulate(env, &root, &mut resources, notes, &[])?;
    for resource in resources.iter_mut().filter(|r| r.wants_hash) {
        let name = format!("{}-{}", resource.name(), hash::hash(&resource.body));
        resource.rename(name);
    }
    references::follow(&mut resources);
    vars::apply(&notes.vars, &mut resources)?;
    if of.build_metadata.iter().any(|m| m == "managedByLabel") {
        resources.iter_mut().for_each(|r| drop(label(r, "app.kubernetes.io/managed-by", "kustomize-(devel)")));
    }
    of.check_order()?;
    let keeps_order = of.sort_options.as_ref().is_some_and(|s| s.order == "fifo");
    if !keeps_order {
        order::sort(&mut resources, of.sort_options.and_then(|s| s.legacy_sort_options).as_ref());
    }
    Ok(resources.into_iter().map(|r| without_null_metadata(r.body)).collect())
}

fn label(resource: &mut Resource, key: &str, value: &str) -> Option<Value> {
    let metadata = resource.body.as_object_mut()?.entry("metadata").or_insert_with(|| json!({}));
    let labels = metadata.as_object_mut()?.entry("labels").or_insert_with(|| json!({}));
    labels.as_object_mut()?.insert(key.to_owned(), value.into())
}

/// Labels and annotations that are null are not printed. kustomize writes annotations anew, as texts.
fn without_null_metadata(mut body: Value) -> Value {
    if let Some(Value::Object(annotations)) = body.pointer_mut("/metadata/annotations") {
        for value in annotations.values_mut().filter(|v| v.is_number() || v.is_boolean() || v.is_null()) {
            *value = value.to_string().into();
        }
    }
    if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|k, v| !(v.is_null() && matches!(k.as_str(), "labels" | "annotations")));
    }
    body
}

/// Adds a kustomization's resources to what is there: nothing, or for a component what it changes. `above` are the folders
/// that lead to it.
fn accumulate(
    env: &Env,
    root: &Root,
    resources: &mut Vec<Resource>,
    notes: &mut Notes,
    above: &[PathBuf],
) -> anyhow::Result<Kustomization> {
    let of = Kustomization::read(root)?;
    notes.warnings.extend(of.warnings());
    notes.vars.extend(of.vars.iter().cloned());
    let here = [above, std::slice::from_ref(&root.folder)].concat();
    for entry in of.resources.iter().chain(&of.bases) {
        add_entry(env, root, entry, resources, notes, &here).map_err(|e| anyhow!("accumulating resources: {e}"))?;
    }
    of.check_charts()?;
    generate::generate(env, root, &of, resources)?;
    for component in &of.components {
        let root = base(root, component, &here).map_err(|e| match e.to_string() {
            text if text.starts_with("couldn't make target") => in_component(&text),
            text => anyhow!("accumulating components: loader.New {}", quote(&text)),
        })?;
        accumulate(env, &root, resources, notes, &here)
            .map_err(|e| in_component(&format!("recursed accumulation of path '{}': {e}", root.folder.display())))?;
    }
    patch::apply(root, &of, resources)?;
    transform::namespace(&of, resources);
    transform::names(&of, resources);
    transform::labels(&of, resources);
    transform::annotations(&of, resources);
    patch::apply_json6902(root, &of, resources)?;
    transform::replicas(&of, resources)?;
    transform::images(&of, resources)?;
    replacements::apply(root, &of, resources)?;
    Ok(of)
}

fn in_component(why: &str) -> anyhow::Error {
    anyhow!("accumulating components: accumulateDirectory: {}", quote(why))
}

/// A folder that a kustomization names, looked at as far as that it is one.
fn base(root: &Root, named: &str, above: &[PathBuf]) -> anyhow::Result<Root> {
    let base = root.below(named)?;
    let folder = base.folder.display();
    if above.contains(&base.folder) {
        bail!("cycle detected: candidate root '{folder}' contains visited root '{folder}'");
    }
    Kustomization::read(&base).map_err(|e| anyhow!("couldn't make target for path '{folder}': {e}"))?;
    Ok(base)
}

/// kustomize tries an entry as a file first, and tells of that too.
fn not_file(root: &Root, entry: &str) -> String {
    let path = root.path(entry);
    format!("accumulation err='accumulating resources from '{entry}': '{path}' must resolve to a file'")
}

fn add_entry(
    env: &Env,
    root: &Root,
    entry: &str,
    resources: &mut Vec<Resource>,
    notes: &mut Notes,
    above: &[PathBuf],
) -> anyhow::Result<()> {
    if entry.contains("://") || entry.starts_with("github.com/") {
        bail!("{entry:?} is remote: kstate reads kustomizations from files and folders only");
    }
    if root.is_folder(entry) {
        let base = base(root, entry, above).map_err(|e| anyhow!("{}: {e}", not_file(root, entry)))?;
        let mut inner = Vec::new();
        accumulate(env, &base, &mut inner, notes, above).map_err(|e| {
            anyhow!("{}: recursed accumulation of path '{}': {e}", not_file(root, entry), base.folder.display())
        })?;
        return inner.into_iter().try_for_each(|r| {
            add(r, resources).map_err(|e| {
                anyhow!("{}: recursed merging from path '{}': {e}", not_file(root, entry), base.folder.display())
            })
        });
    }
    let path = root.path(entry);
    let text = root.read_text(entry).map_err(|e| {
        let text = e.to_string();
        let what = match text.strip_prefix("evalsymlink failure") {
            Some(_) => format!("not a valid directory: {text}"),
            None => format!("'{path}': file is not directory"),
        };
        anyhow!("accumulation err='accumulating resources from '{entry}': {text}': must build at directory: {what}")
    })?;
    let not_folder =
        |why: String| anyhow!("accumulation err='{why}': must build at directory: '{path}': file is not directory");
    let documents: Result<VecDeque<Value>, _> = yaml::yaml_1_2_documents(&text).collect();
    let documents = documents.map_err(|e| not_folder(format!("accumulating resources from '{entry}': {e}")))?;
    for object in objects(documents) {
        let object = checked(object).map_err(|e| not_folder(format!("accumulating resources from '{entry}': {e}")))?;
        add(object, resources).map_err(|e| not_folder(format!("merging resources from '{entry}': {e}")))?;
    }
    Ok(())
}

/// The objects of documents; those of a list come after the others.
fn objects(mut documents: VecDeque<Value>) -> Vec<Value> {
    let is_list = |v: &Value| v["kind"].as_str().is_some_and(|k| k.ends_with("List"));
    let mut objects = Vec::new();
    while let Some(mut document) = documents.pop_front() {
        match document.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) if is_list(&document) => documents.extend(items),
            Some(Value::Null) if is_list(&document) => {}
            Some(items) => {
                document["items"] = items;
                objects.push(document);
            }
            None if document.is_null() => {}
            None => objects.push(document),
        }
    }
    objects
}

fn checked(object: Value) -> anyhow::Result<Resource> {
    let resource = Resource::new(object);
    if resource.kind().is_empty() {
        bail!("missing kind in object {}", resource.go_format());
    }
    if resource.name().is_empty() {
        bail!("missing metadata.name in object {}", resource.go_format());
    }
    Ok(resource)
}

fn add(resource: Resource, resources: &mut Vec<Resource>) -> anyhow::Result<()> {
    let id = resource.id();
    if resources.iter().any(|r| r.id() == id) {
        bail!("may not add resource with an already registered id: {id}");
    }
    resources.push(resource);
    Ok(())
}
