//! Server-side apply: a manifest merged into what is stored, field by field, with a record of who applied which.
//!
//! Knows no client but one: `kubectl` may take over what it applied from the client's side.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::WriteOptions;
use super::managed::{self, Comparison, Entry, Leaf, MANAGED_FIELDS, Set, Typed, is_written};
use crate::apimachinery::go_value;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::{Cause, Reason, Status};
use crate::apimachinery::time;
use crate::cluster::Cluster;
use crate::kinds::Kind;

/// Options of an apply.
#[derive(Clone, Copy, Debug)]
pub struct ApplyOptions<'a> {
    /// Who applies: `--field-manager`.
    pub manager: &'a str,
    /// Takes fields over from other managers.
    pub force: bool,
    pub dry_run: bool,
    /// `status`, a part of the spec, or empty for the object itself.
    pub subresource: &'static str,
}

/// The annotation of client-side apply, which the server keeps for the manager that `kubectl` is by itself.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
const KUBECTL: &str = "kubectl";

/// Applies a manifest, and returns what is stored then.
///
/// # Errors
/// Conflict for fields that other managers have otherwise, unless `force`; those of [`super::create`] and
/// [`super::update`].
pub fn apply(
    cluster: &mut Cluster,
    kind: &dyn Kind,
    (namespace, name): (&str, &str),
    manifest: &Object,
    options: &ApplyOptions,
) -> Result<Arc<Object>, Status> {
    let names = kind.names();
    if manifest.at(MANAGED_FIELDS).is_some() {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    check_types(kind, namespace, name, manifest)?;
    let old = cluster.get(&names.key(namespace, name))?;
    if old.is_none() && !options.subresource.is_empty() {
        return Err(Status::not_found(names.resource, name));
    }
    let live = old.as_deref().cloned().unwrap_or_default();
    let now = time::to_rfc3339(cluster.now());
    let merged = Merge { kind, live: &live, manifest, options }.merged(&now)?;
    let part = if options.subresource == "status" { "" } else { options.subresource };
    let write = WriteOptions {
        dry_run: options.dry_run,
        strict: true,
        manager: options.manager.to_owned(),
        is_applied: true,
        subresource: part,
        ..WriteOptions::default()
    };
    match (old, options.subresource) {
        (None, _) => super::create(cluster, kind, namespace, merged, &write),
        (Some(_), "status") => super::update_status(cluster, kind, namespace, merged, &write),
        (Some(_), _) => super::update(cluster, kind, namespace, merged, &write),
    }
}

/// Refuses what is not of the kind's type, in the words of the typed patch.
fn check_types(kind: &dyn Kind, namespace: &str, name: &str, manifest: &Object) -> Result<(), Status> {
    let names = kind.names();
    let Some(why) = managed::problems(Typed::of(kind), &manifest.body().to_map()) else { return Ok(()) };
    let place = if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") };
    Err(Status::new(
        Reason::Unknown,
        format!(
            "failed to create typed patch object ({place}; {}, Kind={}): {why}",
            // The core group's version has nothing before its slash here.
            if names.group.is_empty() { format!("/{}", names.version) } else { names.api_version.to_owned() },
            names.kind
        ),
    ))
}

/// One manifest on its way into one object; the object is empty where there is none.
struct Merge<'a> {
    kind: &'a dyn Kind,
    live: &'a Object,
    manifest: &'a Object,
    options: &'a ApplyOptions<'a>,
}

impl Merge<'_> {
    fn is_kept(&self, name: &str) -> bool {
        is_written(self.kind, self.options.subresource, &format!("f:{name}"))
    }

    /// The object with the manifest in it, and with its managers.
    fn merged(&self, now: &str) -> Result<Object, Status> {
        let typed = Typed::of(self.kind);
        let is_new = self.live.body().is_empty();
        let mut entries = if is_new { Vec::new() } else { managed::of(self.kind, self.live) };
        let manifest = self.manifest.body().to_map();
        let mut set = managed::set_of(typed, &manifest);
        set.drop_top(|step| !is_written(self.kind, self.options.subresource, step));
        let mut own = self.entry(set);
        let before = entries.iter().position(|entry| entry.is_of(&own)).map(|at| entries.remove(at));
        let mut body = self.live.to_value();
        overlay(typed, &mut body, &manifest, |name| self.is_kept(name));
        if let Some(before) = &before {
            let mut kept = own.set.clone();
            entries.iter().for_each(|entry| kept.union(&entry.set));
            remove_dropped(&mut body, typed, &before.set, &kept);
        }
        let mut merged = Object::from_value(body).unwrap_or_default();
        let mut comparison = Comparison::of(typed, self.live.body(), merged.body());
        comparison.drop_top(|step| !is_written(self.kind, self.options.subresource, step));
        self.settle(&mut entries, &comparison)?;
        let is_same = merged.body() == self.live.body();
        own.time = if is_same { before.and_then(|entry| entry.time) } else { Some(now.to_owned()) };
        own.set.subtract(managed::own());
        entries.push(own);
        if is_new {
            self.name(&mut merged);
        }
        merged.internal = self.live.internal.clone();
        self.keep_annotation(&mut merged);
        managed::write(&mut merged, entries);
        merged.set("/metadata/resourceVersion", self.manifest.str_at("/metadata/resourceVersion").into());
        Ok(merged)
    }

    fn entry(&self, set: Set) -> Entry {
        Entry {
            manager: self.options.manager.to_owned(),
            is_apply: true,
            api_version: self.kind.names().api_version.to_owned(),
            subresource: self.options.subresource.to_owned(),
            time: None,
            set,
        }
    }

    /// A new object is what the manifest is.
    fn name(&self, merged: &mut Object) {
        for field in ["/apiVersion", "/kind", "/metadata/name", "/metadata/namespace"] {
            if let Some(value) = self.manifest.at(field) {
                merged.set(field, value.clone());
            }
        }
    }

    /// Takes what changes from those who have it: with `force`, or where it is what `kubectl` itself applied before.
    fn settle(&self, entries: &mut [Entry], comparison: &Comparison) -> Result<(), Status> {
        let changed = comparison.changed();
        let mut conflicts: Vec<(Entry, Vec<String>)> = Vec::new();
        for entry in entries.iter() {
            conflicts.extend(entry.set.intersection(&changed).members().into_iter().map(|path| (entry.clone(), path)));
        }
        if !self.options.force && !conflicts.is_empty() {
            let allowed = self.applied_before().unwrap_or_default();
            conflicts.retain(|(_, path)| !allowed.has(path));
            if !conflicts.is_empty() {
                return Err(conflict(conflicts));
            }
        }
        for entry in entries {
            entry.set.subtract(&changed);
            entry.set.subtract(&comparison.removed);
        }
        Ok(())
    }

    /// What client-side apply last applied, as far as it is still so: `kubectl` may apply that otherwise from the server's
    /// side. No other manager may.
    fn applied_before(&self) -> Option<Set> {
        let text = self.live.annotation(LAST_APPLIED).filter(|_| self.options.manager == KUBECTL)?;
        let applied: Map<String, Value> = serde_json::from_str(text).ok()?;
        if applied.get("apiVersion")?.as_str()? != self.kind.names().api_version {
            return None;
        }
        let typed = Typed::of(self.kind);
        let mut set = managed::set_of(typed, &applied);
        let since = Comparison::of(typed, &applied.into(), self.live.body());
        [&since.changed(), &since.removed].into_iter().for_each(|other| set.subtract(other));
        Some(set)
    }

    /// Keeps client-side apply's annotation up to date, where there is one.
    fn keep_annotation(&self, merged: &mut Object) {
        let has_one = merged.annotation(LAST_APPLIED).is_some_and(|text| !text.is_empty());
        if self.options.manager == KUBECTL && self.options.subresource.is_empty() && has_one {
            let mut applied = self.manifest.clone();
            applied.remove_annotation(LAST_APPLIED);
            merged.set_annotation(LAST_APPLIED, &format!("{}\n", go_value::json(&applied.to_value())));
        }
    }
}

/// Puts a manifest's parts into an object, each in its place.
pub(super) fn overlay(typed: Typed, body: &mut Value, manifest: &Map<String, Value>, is_kept: impl Fn(&str) -> bool) {
    for leaf in managed::leaves(typed, manifest, is_kept) {
        if differs(body, &leaf) {
            managed::put(body, &leaf.path, &leaf.value);
        }
    }
}

/// Whether a part of a manifest is to change something: an empty map is in every map.
fn differs(stored: &Value, leaf: &Leaf) -> bool {
    match (managed::get(stored, &leaf.path), &leaf.value) {
        (Some(Value::Object(_)), Value::Object(_)) | (Some(Value::Array(_)), Value::Array(_)) if !leaf.replaces => {
            false
        }
        (now, value) => now != Some(value),
    }
}

fn conflict(mut conflicts: Vec<(Entry, Vec<String>)>) -> Status {
    // Stable: the fields of one manager stay in their order.
    conflicts.sort_by_key(|(entry, _)| (entry.manager.clone(), entry.is_apply, entry.api_version.clone()));
    let message = match conflicts.as_slice() {
        [(entry, path)] => {
            format!("Apply failed with 1 conflict: conflict with {}: {}", entry.described(), managed::text(path))
        }
        many => {
            let each = many.chunk_by(|a, b| a.0.is_of(&b.0)).map(|group| {
                let paths: String = group.iter().map(|(_, path)| format!("\n- {}", managed::text(path))).collect();
                format!("conflicts with {}:{paths}", group[0].0.described())
            });
            format!("Apply failed with {} conflicts: {}", many.len(), each.collect::<Vec<_>>().join("\n"))
        }
    };
    let causes = conflicts.into_iter().map(|(entry, path)| Cause {
        reason: "FieldManagerConflict",
        field: managed::text(&path),
        message: format!("conflict with {}", entry.described()),
    });
    Status { causes: causes.collect(), ..Status::new(Reason::Conflict, message) }
}

/// Removes what the manager applied before and applies no more, unless somebody has it or something in it. A struct that
/// only this manager wrote into goes as a whole, with what was defaulted in it.
fn remove_dropped(body: &mut Value, typed: Typed, before: &Set, kept: &Set) {
    let Value::Object(map) = body else { return };
    for (step, node) in before.nodes() {
        let Some(name) = step.strip_prefix("f:") else { continue };
        // What names the object is applied always.
        if let (Some(value), false) = (map.get_mut(name), name == "metadata" && kept.node(step).is_none()) {
            match kept.node(step) {
                Some(theirs) => dropped_below(value, typed.property(name), &node.below, &theirs.below),
                None => drop(map.remove(name)),
            }
        }
    }
}

/// As [`remove_dropped`], below some step.
fn dropped_below(value: &mut Value, typed: Typed, before: &Set, kept: &Set) {
    let steps: Vec<(managed::Step, Typed)> =
        typed.parts(value).into_iter().map(|(step, _, inner)| (step, inner)).collect();
    for (step, inner) in steps {
        let key = step.key();
        let Some(node) = before.node(&key) else { continue };
        let is_own = node.is_member || matches!(&step, managed::Step::Field(name) if typed.declares(name));
        match kept.node(&key) {
            None if is_own => managed::take(value, &[step]),
            theirs => {
                let nothing = Set::default();
                let path = [step];
                if let Some(part) = managed::get_mut(value, &path) {
                    dropped_below(part, inner, &node.below, theirs.map_or(&nothing, |t| &t.below));
                }
            }
        }
    }
}
