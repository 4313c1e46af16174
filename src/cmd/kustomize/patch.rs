//! `patches`, `patchesStrategicMerge` and `patchesJson6902`. Knows patches, not where resources come from.

use anyhow::{anyhow, bail};
use serde_json::{Map, Value};

use super::files::Root;
use super::kustomization::{Kustomization, Patch};
use super::merge;
use super::resource::Resource;
use super::shared;
use super::target::Target;
use crate::apimachinery::patch::operations;
use crate::apimachinery::quote::quote;
use crate::apimachinery::schema::Definition;
use crate::apimachinery::yaml;

/// Applies `patchesStrategicMerge` and `patches`, in kustomize's order.
pub fn apply(root: &Root, of: &Kustomization, resources: &mut Vec<Resource>) -> anyhow::Result<()> {
    for entry in &of.patches_strategic_merge {
        let is_file = !entry.contains('\n') && root.read(entry).is_ok();
        let text = if is_file { root.read_text(entry)? } else { entry.clone() };
        for patch in documents(&text)? {
            merge_named(patch, resources).map_err(|e| match e.downcast() {
                Ok(NoTarget(text)) => anyhow!(text),
                Err(other) => other,
            })?;
        }
    }
    of.patches.iter().try_for_each(|patch| apply_one(root, patch, resources))
}

/// Applies `patchesJson6902`.
pub fn apply_json6902(root: &Root, of: &Kustomization, resources: &mut Vec<Resource>) -> anyhow::Result<()> {
    of.patches_json6902.iter().try_for_each(|patch| match &patch.target {
        Some(target) if !target.is_empty() => apply_one(root, patch, resources),
        _ => bail!("must specify the target field in patchesJson6902"),
    })
}

fn apply_one(root: &Root, patch: &Patch, resources: &mut Vec<Resource>) -> anyhow::Result<()> {
    let text = match (patch.path.as_str(), patch.patch.as_str()) {
        ("", "") => bail!(
            "trouble configuring builtin PatchTransformer with config: `\n{0}`: must specify one of patch and path in\n{0}",
            shown(patch)
        ),
        ("", text) => text.to_owned(),
        (path, "") => root.read_text(path).map_err(|e| {
            let config = shown(patch);
            anyhow!(
                "trouble configuring builtin PatchTransformer with config: `\n{config}`: failed to get the patch file from \
                 path({path}): {e}"
            )
        })?,
        (_, _) => bail!(
            "trouble configuring builtin PatchTransformer with config: `\n{0}`: patch and path can't be set at the same time\n{0}",
            shown(patch)
        ),
    };
    let documents = documents(&text).map_err(|_| unreadable(patch))?;
    if documents.iter().any(|d| !d.is_object() && !d.is_array()) {
        return Err(unreadable(patch));
    }
    let target = patch.target.as_ref().filter(|t| !t.is_empty());
    match (documents.as_slice(), target) {
        ([Value::Array(_)], None) => bail!("must specify a target for JSON patch {text}"),
        ([Value::Array(_)], Some(target)) => json6902(&documents[0], target, resources),
        (_, Some(target)) => documents.into_iter().try_for_each(|p| merge_selected(&p, target, patch, resources)),
        (_, None) => documents.into_iter().try_for_each(|p| {
            let id = Resource::new(p.clone()).id();
            merge_named(p, resources).map_err(|e| match e.downcast() {
                Ok(NoTarget(text)) => anyhow!("no resource matches strategic merge patch \"{id}\": {text}"),
                Err(other) => other,
            })
        }),
    }
}

fn unreadable(patch: &Patch) -> anyhow::Error {
    let source = match patch.path.as_str() {
        "" => format!("[patch: {}]", quote(&patch.patch)),
        path => format!("[path: {}]", quote(path)),
    };
    anyhow!(
        "trouble configuring builtin PatchTransformer with config: `\n{}`: unable to parse SM or JSON patch from {source}",
        shown(patch)
    )
}

/// A patch as kustomize shows it: its fields as YAML.
fn shown(patch: &Patch) -> String {
    let mut fields = Map::new();
    for (name, text) in [("path", &patch.path), ("patch", &patch.patch)] {
        if !text.is_empty() {
            fields.insert(name.to_owned(), text.as_str().into());
        }
    }
    if !patch.options.is_empty() {
        fields.insert("options".to_owned(), serde_json::json!(patch.options));
    }
    if let Some(target) = &patch.target {
        fields.insert("target".to_owned(), target.shown());
    }
    crate::printers::yaml::to_string(&Value::Object(fields))
}

fn documents(text: &str) -> anyhow::Result<Vec<Value>> {
    // What begins as a list of JSON has to be JSON.
    if text.starts_with('[') {
        let list: Value = serde_json::from_str(text)?;
        return Ok(vec![list]);
    }
    let documents = yaml::yaml_1_2_documents(text)
        .map(|d| d.map_err(|e| anyhow!("unable to parse SM or JSON patch from [{text}]: {e}")));
    let documents: Vec<Value> = documents.filter(|d| !matches!(d, Ok(Value::Null))).collect::<anyhow::Result<_>>()?;
    match documents.as_slice() {
        // A list of operations is read by the library that reads kustomizations, with YAML 1.1's booleans.
        [Value::Array(_)] => Ok(yaml::yaml_documents(text).collect::<Result<_, _>>()?),
        _ => Ok(documents),
    }
}

fn json6902(patch: &Value, target: &Target, resources: &mut [Resource]) -> anyhow::Result<()> {
    for resource in resources {
        if target.selects(resource)? {
            let before = (resource.name().to_owned(), resource.namespace().to_owned());
            let operations = patch.as_array().map(Vec::as_slice).unwrap_or_default();
            resource.body = operations::apply(resource.body.take(), operations).map_err(|e| anyhow!(e))?;
            // It is read anew, and every value stands for itself.
            resource.shared.clear();
            if resource.name() != before.0 {
                // What names it by the old name follows.
                resource.earlier.push(before);
            }
        }
    }
    Ok(())
}

/// Merges a patch into every resource of its target; their names stay unless it may change them.
fn merge_selected(
    patch: &Value,
    target: &Target,
    options: &Patch,
    resources: &mut Vec<Resource>,
) -> anyhow::Result<()> {
    let may = |option: &str| options.options.get(option).copied().unwrap_or(false);
    let mut kept = Vec::new();
    for resource in resources.drain(..) {
        if !target.selects(&resource)? {
            kept.push(resource);
            continue;
        }
        let mut patch = patch.clone();
        if let Some(map) = patch.as_object_mut() {
            map.remove("apiVersion");
            if !may("allowKindChange") {
                map.remove("kind");
            }
        }
        if let Some(metadata) = patch.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("namespace");
            if !may("allowNameChange") {
                metadata.remove("name");
            }
        }
        let before = (resource.name().to_owned(), resource.namespace().to_owned());
        kept.extend(merged(resource, patch).map(|mut new| {
            if new.name() != before.0 {
                // What names it by the old name follows.
                new.earlier.push(before);
            }
            new
        }));
    }
    *resources = kept;
    Ok(())
}

/// A patch names none or several; `patches` has its own word before this.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NoTarget(String);

/// Merges a patch into the one resource that it names.
fn merge_named(mut patch: Value, resources: &mut Vec<Resource>) -> anyhow::Result<()> {
    let named = Resource::new(patch.clone());
    if named.kind().is_empty() || named.name().is_empty() {
        bail!("unable to parse SM or JSON patch from [{}]", patch);
    }
    let is_it = |r: &&Resource| {
        r.kind() == named.kind()
            && r.group_version().0 == named.group_version().0
            && r.is_called(named.name())
            && r.is_in(named.namespace())
    };
    let found: Vec<usize> = resources.iter().enumerate().filter(|(_, r)| is_it(r)).map(|(at, _)| at).collect();
    let [at] = found.as_slice() else {
        let id = named.id();
        let many =
            if found.is_empty() { format!("no matches for Id {id}") } else { format!("multiple matches for Id {id}") };
        return Err(NoTarget(format!("{many}; failed to find unique target for patch {id}")).into());
    };
    // It may name an earlier name; the resource keeps the one that it has.
    if let Some(metadata) = patch.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("name");
        metadata.remove("namespace");
    }
    let resource = resources.remove(*at);
    if let Some(resource) = merged(resource, patch) {
        resources.insert(*at, resource);
    }
    Ok(())
}

fn merged(resource: Resource, patch: Value) -> Option<Resource> {
    let definition = Definition::of_kind(resource.text("/apiVersion"), resource.kind());
    let before = if resource.shared.is_empty() { Value::Null } else { resource.body.clone() };
    let body = merge::merge(resource.body, patch, definition)?;
    let mut merged = Resource { body, ..resource };
    shared::follow(&mut merged, &before);
    Some(merged)
}
