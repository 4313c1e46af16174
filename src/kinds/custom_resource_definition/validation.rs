//! What a CustomResourceDefinition may be: its name, names, scope and versions.

use serde_json::Value;

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::kinds::pod::Fields;

/// What is wrong with a definition.
pub fn validate(definition: &Object) -> Errors {
    let mut errors = Errors::default();
    let spec = Path::new("spec");
    let (group, plural) = (definition.str_at("/spec/group"), definition.str_at("/spec/names/plural"));
    let wanted = format!("{plural}.{group}");
    if definition.name() != wanted {
        let why = "must be spec.names.plural+\".\"+spec.group";
        errors.invalid(&Path::new("metadata.name"), definition.name(), why);
    }
    if group.is_empty() {
        errors.required(&spec.child("group"), "");
    } else {
        names::is_dns1123_subdomain(group).iter().for_each(|p| errors.invalid(&spec.child("group"), group, p));
        if !group.contains('.') {
            errors.invalid(&spec.child("group"), group, "should be a domain with at least one dot");
        }
    }
    match definition.str_at("/spec/scope") {
        "" => errors.required(&spec.child("scope"), ""),
        "Cluster" | "Namespaced" => {}
        other => errors.not_supported(&spec.child("scope"), other, &["Cluster", "Namespaced"]),
    }
    validate_versions(definition.list_at("/spec/versions"), &spec.child("versions"), &mut errors);
    validate_names(definition.at("/spec/names").unwrap_or(&Value::Null), &spec.child("names"), &mut errors);
    errors
}

fn validate_versions(versions: &[Value], path: &Path, errors: &mut Errors) {
    let stored = versions.iter().filter(|v| v.flag("storage") == Some(true)).count();
    if stored != 1 {
        let shown = Value::Array(versions.to_vec());
        errors.invalid(path, shown, "must have exactly one version marked as storage version");
    }
    for (i, version) in versions.iter().enumerate() {
        let (name, path) = (version.text("name"), path.index(i));
        names::is_dns1035_label(name).iter().for_each(|p| errors.invalid(&path.child("name"), name, p));
        if version.pointer("/schema/openAPIV3Schema").is_none_or(Value::is_null) {
            errors.required(&path.child("schema").child("openAPIV3Schema"), "schemas are required");
        }
    }
}

fn validate_names(all: &Value, path: &Path, errors: &mut Errors) {
    for field in ["plural", "singular", "kind", "listKind"] {
        let name = all.text(field);
        if name.is_empty() {
            errors.required(&path.child(field), "");
            continue;
        }
        for problem in names::is_dns1035_label(&name.to_lowercase()) {
            errors.invalid(&path.child(field), name, &problem);
        }
    }
    if !all.text("kind").is_empty() && all.text("kind") == all.text("listKind") {
        errors.invalid(&path.child("listKind"), all.text("listKind"), "kind and listKind may not be the same");
    }
}
