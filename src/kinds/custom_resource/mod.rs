//! The kinds that CustomResourceDefinitions make known: one [`CustomResource`] for each version that is served.
//!
//! Knows a definition's fields, not how it is stored or who asks for its kind.

mod columns;
mod names;
mod scale;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::pod::Fields;
use super::{Kind, KindRef, Names, ScalePaths, custom_resource_definition};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::key::Key;
use crate::apimachinery::names::is_own_or_qualified;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::{Reason, Status};
use crate::apimachinery::structural::{self, Structural};
use crate::apimachinery::table::Column;
use crate::apimachinery::time::Time;
use crate::cluster::Cluster;
use columns::Printer;
use scale::Scale;

/// One served version of a kind that a definition made known.
pub struct CustomResource {
    names: Names,
    printer: Printer,
    schema: Structural,
    has_defaults: bool,
    has_rules: bool,
    has_status: bool,
    deprecation: Option<String>,
    scale: Option<Scale>,
    selectable: &'static [(&'static str, &'static str)],
}

impl CustomResource {
    fn new(names: Names, version: &Value) -> CustomResource {
        let deprecation =
            version.flag("deprecated").filter(|is| *is).map(|_| match version.text("deprecationWarning") {
                "" => format!("{} {} is deprecated", names.api_version, names.kind),
                own => own.to_owned(),
            });
        let schema = Structural::parse(version.pointer("/schema/openAPIV3Schema").unwrap_or(&Value::Null));
        CustomResource {
            names,
            deprecation,
            printer: Printer::new(version.items("additionalPrinterColumns")),
            has_defaults: schema.has_defaults(),
            has_rules: schema.has_rules(),
            schema,
            has_status: version.pointer("/subresources/status").is_some_and(Value::is_object),
            scale: version.pointer("/subresources/scale").filter(|s| s.is_object()).map(Scale::new),
            selectable: names::selectable(version),
        }
    }

    /// What is wrong with an object that its schema can say; `old` is the object before an update.
    fn errors(&self, object: &Object, old: Option<&Object>) -> Errors {
        let (value, before) = (object.to_value(), old.map(Object::to_value));
        let mut errors = structural::validate(&value, before.as_ref(), &self.schema);
        if let Some(scale) = &self.scale {
            errors.append(scale.validate(object));
        }
        let duplicates = |object: &Object| structural::duplicates(&object.body().to_map(), &self.schema);
        if old.is_none_or(|old| duplicates(old).is_empty()) {
            errors.append(duplicates(object));
        }
        if !self.has_rules {
            return errors;
        }
        if errors.0.iter().any(|e| e.kind.hides_others()) {
            let why = "some validation rules were not checked because the object was invalid; correct the existing \
                       errors to complete validation";
            errors.invalid(&Path::new("<nil>"), Value::Null, why);
        } else {
            errors.append(structural::check_rules(&value, before.as_ref(), &self.schema).errors);
        }
        errors
    }
}

/// The versions made so far of each definition by its name: its spec and accepted names, and what came of them.
type Made = BTreeMap<String, Vec<(Value, Value, &'static [KindRef])>>;

static MADE: Mutex<Made> = Mutex::new(BTreeMap::new());

/// The versions in which a definition's kind is served, the preferred one first; none before its names were accepted.
///
/// A kind is a `&'static` everywhere, and what a definition makes is no exception: it is leaked, once for each content
/// of the definition. A process sees few of them (definitions change when a person changes them), and everything that
/// looks kinds up stays a plain reference that is copied and compared for nothing.
pub fn versions(definition: &Arc<Object>) -> &'static [KindRef] {
    if !is_established(definition) {
        return &[];
    }
    let names = definition.at("/status/acceptedNames").unwrap_or(&Value::Null);
    made(definition, names)
}

/// As [`versions`], of an object as a manifest has it: as if it had been stored, and its names accepted. None for an object
/// that is no definition.
pub fn versions_to_be(kind: KindRef, object: &Object) -> &'static [KindRef] {
    if kind.names().resource != custom_resource_definition::RESOURCE {
        return &[];
    }
    let mut definition = object.clone();
    kind.set_defaults(&mut definition);
    made(&definition, definition.at("/spec/names").unwrap_or(&Value::Null))
}

fn is_established(definition: &Object) -> bool {
    let conditions = definition.list_at("/status/conditions");
    conditions.iter().any(|c| c.text("type") == "Established" && c.text("status") == "True")
}

fn made(definition: &Object, names: &Value) -> &'static [KindRef] {
    let spec = definition.at("/spec").unwrap_or(&Value::Null);
    // What a panic left behind is whole: entries are only ever pushed.
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let of_name = made.entry(definition.name().to_owned()).or_default();
    if let Some((_, _, versions)) = of_name.iter().find(|(s, n, _)| s == spec && n == names) {
        return versions;
    }
    let kinds = names::served(spec, names).into_iter().map(|names| -> KindRef {
        let version = spec.items("versions").iter().find(|v| v.text("name") == names.version);
        Box::leak(Box::new(CustomResource::new(names, version.unwrap_or(&Value::Null))))
    });
    let versions: &'static [KindRef] = Box::leak(kinds.collect());
    of_name.push((spec.clone(), names.clone(), versions));
    versions
}

impl Kind for CustomResource {
    fn names(&self) -> &Names {
        &self.names
    }

    fn structural(&self) -> Option<&Structural> {
        Some(&self.schema)
    }

    fn check_served(&self, cluster: &Cluster, verb: &str, name: &str) -> Result<(), Status> {
        let resource = self.names.resource;
        let definition = cluster.get(&Key::cluster(custom_resource_definition::RESOURCE, resource))?;
        if definition.is_some_and(|d| is_established(&d)) {
            return Ok(());
        }
        let request = format!("{verb} {resource} {name}");
        let why = format!("the server could not find the requested resource ({})", request.trim_end());
        Err(Status::new(Reason::NotFound, why))
    }

    /// With the strategy `None` versions differ in their name alone; defaults that came later are filled in.
    fn served(&self, object: Arc<Object>) -> Arc<Object> {
        if object.api_version() == self.names.api_version && !self.has_defaults {
            return object;
        }
        let mut served = Object::clone(&object);
        served.set("/apiVersion", self.names.api_version.into());
        served.body_mut().change(|fields| structural::fill(fields, &self.schema));
        if served == *object { object } else { Arc::new(served) }
    }

    fn deprecation(&self) -> Option<&str> {
        self.deprecation.as_deref()
    }

    fn has_status(&self) -> bool {
        self.has_status
    }

    fn columns(&self) -> &[Column] {
        self.printer.columns()
    }

    fn finalizers_need_domain(&self) -> bool {
        false
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        self.printer.cells(object, now)
    }

    fn set_defaults(&self, object: &mut Object) {
        object.body_mut().change(|fields| structural::fill(fields, &self.schema));
    }

    fn prepare_for_create(&self, object: &mut Object) {
        if self.has_status {
            object.remove("/status");
        }
    }

    fn admit(&self, _object: &mut Object, cluster: &Cluster) -> Result<(), Status> {
        self.check_served(cluster, "post", "")?;
        let definition = cluster.get(&Key::cluster(custom_resource_definition::RESOURCE, self.names.resource))?;
        if definition.is_some_and(|d| d.deletion_timestamp().is_some()) {
            let why = "create not allowed while custom resource definition is terminating";
            return Err(Status::new(Reason::MethodNotAllowed, why));
        }
        Ok(())
    }

    fn validate(&self, object: &Object) -> Errors {
        self.errors(object, None)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        self.errors(new, Some(old))
    }

    /// Of the rules that an object broke before the update too.
    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        let mut all = finalizer_warnings(new, old);
        let Some(old) = old.filter(|_| self.has_rules) else { return all };
        let checked = structural::check_rules(&new.to_value(), Some(&old.to_value()), &self.schema);
        all.extend(checked.tolerated.0.iter().map(ToString::to_string));
        all
    }

    fn prepare_for_update(&self, new: &mut Object, old: &Object) {
        if !self.has_status {
            return;
        }
        match old.at("/status") {
            Some(status) => new.set("/status", status.clone()),
            None => drop(new.remove("/status")),
        }
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn scale(&self) -> Option<ScalePaths<'_>> {
        self.scale.as_ref().map(Scale::paths)
    }

    fn selectable_fields(&self) -> &'static [(&'static str, &'static str)] {
        self.selectable
    }
}

/// The server warns of new finalizers that others could mean too.
fn finalizer_warnings(new: &Object, old: Option<&Object>) -> Vec<String> {
    let is_new = |name: &&str| !old.is_some_and(|old| old.has_finalizer(name));
    let mut odd: Vec<&str> = new.finalizers().filter(is_new).filter(|name| !is_own_or_qualified(name)).collect();
    odd.sort_unstable();
    odd.dedup();
    let warning = |name: &str| {
        let with_path = if name.contains('.') { " including a path (/)" } else { "" };
        let why = "to avoid accidental conflicts with other finalizer writers";
        format!("metadata.finalizers: {name:?}: prefer a domain-qualified finalizer name{with_path} {why}")
    };
    odd.into_iter().map(warning).collect()
}

#[cfg(test)]
mod tests;
