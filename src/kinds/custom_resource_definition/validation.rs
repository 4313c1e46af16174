//! What a CustomResourceDefinition may be: its name, names, scope and versions.

use serde_json::Value;

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::structural::{self, Structural};
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
    validate_schemas(definition.list_at("/spec/versions"), &spec, &mut errors);
    validate_scales(definition.list_at("/spec/versions"), &spec, &mut errors);
    validate_approval(definition, group, &mut errors);
    errors
}

/// The paths of the scale subresource lead to numbers of the spec and of the status.
fn validate_scales(versions: &[Value], spec: &Path, errors: &mut Errors) {
    let are_alike = versions.windows(2).all(|pair| pair[0].get("subresources") == pair[1].get("subresources"));
    for (i, version) in versions.iter().enumerate() {
        let Some(scale) = version.pointer("/subresources/scale").filter(|s| s.is_object()) else { continue };
        let path = if are_alike { spec.clone() } else { spec.child("versions").index(i) };
        for (field, below) in [("specReplicasPath", ".spec"), ("statusReplicasPath", ".status")] {
            let (path, given) = (path.child("subresources.scale").child(field), scale.text(field));
            if given.is_empty() {
                errors.required(&path, "");
            } else if !given.starts_with(&format!("{below}.")) {
                errors.invalid(&path, given, &format!("should be a json path under {below}"));
            }
        }
        if are_alike {
            break;
        }
    }
}

/// Objects may still be stored in a version that was a storage version once.
pub fn validate_stored_versions(definition: &Object) -> Errors {
    let mut errors = Errors::default();
    let versions: Vec<&str> = definition.list_at("/spec/versions").iter().map(|v| v.text("name")).collect();
    let path = Path::new("status.storedVersions");
    for (i, stored) in definition.list_at("/status/storedVersions").iter().filter_map(Value::as_str).enumerate() {
        if !versions.contains(&stored) {
            let why = format!(
                "missing from spec.versions; {stored} was previously a storage version, and must remain in spec.versions \
                 until a storage migration ensures no data remains persisted in {stored} and removes {stored} from \
                 status.storedVersions"
            );
            errors.invalid(&path.index(i), stored, &why);
        }
    }
    errors
}

/// The server keeps what all versions have alike in one place, and names it so.
fn validate_schemas(versions: &[Value], spec: &Path, errors: &mut Errors) {
    let schema = |v: &Value| v.pointer("/schema/openAPIV3Schema").filter(|s| s.is_object()).cloned();
    let schemas: Vec<Option<Value>> = versions.iter().map(schema).collect();
    let are_alike = schemas.windows(2).all(|pair| pair[0] == pair[1]);
    for (i, schema) in schemas.iter().enumerate().filter_map(|(i, s)| Some((i, s.as_ref()?))) {
        let path = match are_alike {
            true => spec.child("validation"),
            false => spec.child("versions").index(i).child("schema"),
        };
        errors.append(structural::check(&Structural::parse(schema), &path.child("openAPIV3Schema")));
        if are_alike {
            break;
        }
    }
}

const APPROVAL: &str = "api-approved.kubernetes.io";

/// Groups of the Kubernetes community are not for everyone.
fn validate_approval(definition: &Object, group: &str, errors: &mut Errors) {
    let is_protected = |owner: &str| group == owner || group.ends_with(&format!(".{owner}"));
    if !is_protected("k8s.io") && !is_protected("kubernetes.io") {
        return;
    }
    const SEE: &str = "see https://github.com/kubernetes/enhancements/pull/1111";
    let path = Path::new("metadata.annotations").key(APPROVAL);
    let begun = format!("protected groups must have approval annotation \"{APPROVAL}\"");
    match definition.annotation(APPROVAL).unwrap_or_default() {
        "" => errors.required(&path, &format!("{begun}, {SEE}")),
        given if given.starts_with("unapproved") || is_url(given) => {}
        given => {
            let why = format!("{begun} with either a URL or a reason starting with \"unapproved\", {SEE}");
            errors.invalid(&path, given, &why);
        }
    }
}

/// Whether a text has a URL's scheme and host.
pub fn is_url(text: &str) -> bool {
    text.split_once("://")
        .is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty() && !rest.starts_with('/'))
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scale_paths_lead_below_spec_and_status() {
        let problems = |scale: Value| -> Vec<String> {
            let mut errors = Errors::default();
            validate_scales(
                &[json!({"name": "v1", "subresources": {"scale": scale}})],
                &Path::new("spec"),
                &mut errors,
            );
            errors.0.iter().map(ToString::to_string).collect()
        };
        let good = json!({"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"});
        assert_eq!(problems(good), [""; 0]);
        assert_eq!(
            problems(json!({"specReplicasPath": ".size"})),
            [
                "spec.subresources.scale.specReplicasPath: Invalid value: \".size\": should be a json path under .spec",
                "spec.subresources.scale.statusReplicasPath: Required value"
            ]
        );
    }
}
