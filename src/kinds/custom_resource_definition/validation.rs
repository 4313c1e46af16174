//! What a CustomResourceDefinition may be: its name, names, scope and versions.

use serde_json::Value;

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::structural::{self, Structural};
use crate::kinds::internal;
use crate::kinds::pod::Fields;

mod conversion;

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
    } else if let problems @ [_, ..] = &names::is_dns1123_subdomain(group)[..] {
        errors.invalid(&spec.child("group"), group, &problems.join(","));
    } else if !group.contains('.') {
        errors.invalid(&spec.child("group"), group, "should be a domain with at least one dot");
    }
    one_of(definition.str_at("/spec/scope"), &["Cluster", "Namespaced"], &spec.child("scope"), &mut errors);
    let versions = Versions::of(definition);
    versions.validate(&spec, &mut errors);
    validate_names(definition.at("/spec/names").unwrap_or(&Value::Null), &spec.child("names"), &mut errors);
    versions.validate_hoisted(&spec, &mut errors);
    if definition.bool_at("/spec/preserveUnknownFields") == Some(true)
        && !["", "None"].contains(&definition.str_at("/spec/conversion/strategy"))
    {
        let why = "must be None if spec.preserveUnknownFields is true";
        errors.invalid(&spec.child("conversion.strategy"), definition.str_at("/spec/conversion/strategy"), why);
    }
    conversion::validate(definition.at("/spec/conversion"), &spec.child("conversion"), &mut errors);
    errors.append(validate_stored_versions(definition));
    validate_approval(definition, group, &mut errors);
    if definition.bool_at("/spec/preserveUnknownFields") == Some(true) {
        let why =
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
        errors.invalid(&spec.child("preserveUnknownFields"), true, why);
    }
    errors
}

fn one_of(value: &str, supported: &[&str], path: &Path, errors: &mut Errors) {
    if value.is_empty() {
        errors.required(path, "");
    } else if !supported.contains(&value) {
        errors.not_supported(path, value, supported);
    }
}

/// The versions. The server keeps what all of them have alike in one place, and names it so.
struct Versions<'d> {
    all: &'d [Value],
    schemas_are_alike: bool,
    subresources_are_alike: bool,
    columns_are_alike: bool,
    selectable_are_alike: bool,
    /// Whether there is a list of versions at all: the server shows the two differently.
    is_given: bool,
}

impl<'d> Versions<'d> {
    fn of(definition: &'d Object) -> Versions<'d> {
        let all = definition.list_at("/spec/versions");
        let are_alike = |field: &str| all.windows(2).all(|pair| pair[0].field(field) == pair[1].field(field));
        Versions {
            all,
            schemas_are_alike: are_alike("schema"),
            subresources_are_alike: are_alike("subresources"),
            columns_are_alike: are_alike("additionalPrinterColumns"),
            selectable_are_alike: are_alike("selectableFields"),
            is_given: definition.at("/spec/versions").is_some(),
        }
    }

    fn validate(&self, spec: &Path, errors: &mut Errors) {
        let path = spec.child("versions");
        for (i, version) in self.all.iter().enumerate() {
            if schema_of(version).is_none() {
                errors.required(&path.index(i).child("schema").child("openAPIV3Schema"), "");
            }
        }
        for (i, version) in self.all.iter().enumerate() {
            self.validate_version(version, &path.index(i), errors);
        }
        let name_of = |v: &'d Value| v.text("name");
        if (1..self.all.len()).any(|i| self.all[..i].iter().any(|v| name_of(v) == name_of(&self.all[i]))) {
            errors.invalid_shown(&path, &self.shown(), "must contain unique version names");
        }
        if self.all.iter().filter(|v| v.flag("storage") == Some(true)).count() != 1 {
            errors.invalid_shown(&path, &self.shown(), "must have exactly one version marked as storage version");
        }
    }

    fn validate_version(&self, version: &Value, path: &Path, errors: &mut Errors) {
        if let problems @ [_, ..] = &names::is_dns1035_label(version.text("name"))[..] {
            errors.invalid(&path.child("name"), version.text("name"), &problems.join(","));
        }
        validate_deprecation(version, &path.child("deprecationWarning"), errors);
        if !self.schemas_are_alike {
            validate_schema(version, has_status(version), &path.child("schema"), errors);
        }
        if !self.subresources_are_alike {
            validate_scale(version, &path.child("subresources"), errors);
        }
        if !self.columns_are_alike {
            validate_columns(version, &path.child("additionalPrinterColumns"), errors);
        }
        if !self.selectable_are_alike {
            validate_selectable(version, &path.child("selectableFields"), errors);
        }
    }

    /// What stands in one place for all versions.
    fn validate_hoisted(&self, spec: &Path, errors: &mut Errors) {
        let Some(first) = self.all.first() else { return };
        if self.schemas_are_alike {
            validate_schema(first, self.all.iter().any(has_status), &spec.child("validation"), errors);
        }
        if self.subresources_are_alike {
            validate_scale(first, &spec.child("subresources"), errors);
        }
        if self.columns_are_alike {
            validate_columns(first, &spec.child("additionalPrinterColumns"), errors);
        }
        if self.selectable_are_alike {
            validate_selectable(first, &spec.child("selectableFields"), errors);
        }
    }

    /// The versions as the server's own type has them; a schema that is not kept in one place is shown as it was given.
    fn shown(&self) -> String {
        let without = |version: &Value| {
            let mut version = version.clone();
            let gone = [
                ("schema", self.schemas_are_alike),
                ("subresources", self.subresources_are_alike),
                ("additionalPrinterColumns", self.columns_are_alike),
                ("selectableFields", self.selectable_are_alike),
            ];
            for (field, _) in gone.into_iter().filter(|(_, is_gone)| *is_gone) {
                version.as_object_mut().map(|v| v.remove(field));
            }
            internal::shown(&version, internal::DEFINITION_VERSION)
        };
        if !self.is_given {
            return "null".to_owned();
        }
        format!("[{}]", self.all.iter().map(without).collect::<Vec<_>>().join(","))
    }
}

fn schema_of(version: &Value) -> Option<&Value> {
    version.pointer("/schema/openAPIV3Schema").filter(|s| s.is_object())
}

/// Whether a version has a status of its own.
fn has_status(version: &Value) -> bool {
    version.pointer("/subresources/status").is_some_and(Value::is_object)
}

fn validate_schema(version: &Value, has_status: bool, path: &Path, errors: &mut Errors) {
    let Some(schema) = schema_of(version) else { return };
    let path = path.child("openAPIV3Schema");
    let of = schema.text("type");
    if has_status && !of.is_empty() && of != "object" {
        let why =
            "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled";
        errors.invalid(&path.child("type"), of, why);
    }
    if schema.flag("nullable") == Some(true) {
        errors.forbidden(&path.child("nullable"), "nullable cannot be true at the root");
    }
    errors.append(structural::check(schema, &path));
}

fn validate_deprecation(version: &Value, path: &Path, errors: &mut Errors) {
    let Some(warning) = version.field("deprecationWarning").and_then(Value::as_str) else { return };
    if version.flag("deprecated") != Some(true) {
        return errors.invalid(path, warning, "can only be set for deprecated versions");
    }
    if warning.len() > 256 {
        errors.invalid(path, warning, "must be <= 256 characters long");
    }
    if warning.is_empty() {
        errors.invalid(path, warning, "must not be an empty string");
    }
    if let Some((i, _)) = warning.char_indices().find(|(_, c)| c.is_control()) {
        let why = format!("must only contain printable UTF-8 characters; non-printable character found at index {i}");
        errors.invalid(path, warning, &why);
    }
}

/// The paths of the scale subresource lead to numbers of the spec and of the status.
fn validate_scale(version: &Value, path: &Path, errors: &mut Errors) {
    let Some(scale) = version.pointer("/subresources/scale").filter(|s| s.is_object()) else { return };
    for (field, below) in [("specReplicasPath", ".spec"), ("statusReplicasPath", ".status")] {
        let (path, given) = (path.child(&format!("scale.{field}")), scale.text(field));
        if given.is_empty() {
            errors.required(&path, "");
        } else if is_simple_path(given, &path, errors) && !given.starts_with(&format!("{below}.")) {
            errors.invalid(&path, given, &format!("should be a json path under {below}"));
        }
    }
    let (path, given) = (path.child("scale.labelSelectorPath"), scale.text("labelSelectorPath"));
    if !given.is_empty()
        && is_simple_path(given, &path, errors)
        && !given.starts_with(".spec.")
        && !given.starts_with(".status.")
    {
        errors.invalid(&path, given, "should be a json path under either .spec or .status");
    }
}

fn is_simple_path(given: &str, path: &Path, errors: &mut Errors) -> bool {
    let is_good = given.starts_with('.');
    if !is_good {
        errors.invalid(path, given, "must be a simple json path starting with .");
    }
    is_good
}

fn validate_columns(version: &Value, path: &Path, errors: &mut Errors) {
    const TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
    const FORMATS: [&str; 8] = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
    for (i, column) in version.items("additionalPrinterColumns").iter().enumerate() {
        let path = path.index(i);
        let (of, format, given) = (column.text("type"), column.text("format"), column.text("jsonPath"));
        if column.text("name").is_empty() {
            errors.required(&path.child("name"), "");
        }
        let why = format!("must be one of {}", TYPES.join(","));
        if of.is_empty() {
            errors.required(&path.child("type"), &why);
        } else if !TYPES.contains(&of) {
            errors.invalid(&path.child("type"), of, &why);
        }
        if !format.is_empty() && !FORMATS.contains(&format) {
            errors.invalid(&path.child("format"), format, &format!("must be one of {}", FORMATS.join(",")));
        }
        if given.is_empty() {
            errors.required(&path.child("JSONPath"), "");
        } else {
            is_simple_path(given, &path.child("JSONPath"), errors);
        }
    }
}

fn validate_selectable(version: &Value, path: &Path, errors: &mut Errors) {
    const MOST: usize = 8;
    let Some(schema) = schema_of(version).map(Structural::parse) else { return };
    let mut seen: Vec<&str> = Vec::new();
    for (i, field) in version.items("selectableFields").iter().enumerate() {
        let (path, given) = (path.index(i).child("jsonPath"), field.text("jsonPath"));
        if given.is_empty() {
            errors.required(&path, "");
            continue;
        }
        let Some(found) = given.strip_prefix('.').and_then(|p| schema.field_at(p)) else {
            errors.invalid(&path, given, "is an invalid path: does not refer to a valid field");
            continue;
        };
        if given.starts_with(".metadata") {
            errors.invalid(&path, given, "must not point to fields in metadata");
        }
        if !matches!(found.type_of.as_str(), "string" | "boolean" | "integer") {
            let why = "must point to a field of type string, boolean or integer. Enum string fields and strings with \
                       formats are allowed.";
            errors.invalid(&path, given, why);
        }
        if seen.contains(&given) {
            errors.duplicate(&path, given);
        } else {
            seen.push(given);
        }
    }
    if seen.len() > MOST {
        errors.too_many(path, seen.len(), MOST);
    }
}

/// Objects may still be stored in a version that was a storage version once.
pub fn validate_stored_versions(definition: &Object) -> Errors {
    let mut errors = Errors::default();
    let all = definition.list_at("/spec/versions");
    let versions: Vec<&str> = all.iter().map(|v| v.text("name")).collect();
    let path = Path::new("status.storedVersions");
    let stored = definition.list_at("/status/storedVersions");
    if stored.is_empty() {
        errors.invalid(&path, Value::Null, "must have at least one stored version");
    }
    let is_missing = |v: &&Value| v.flag("storage") == Some(true) && !stored.iter().any(|s| s == v.text("name"));
    for version in all.iter().filter(is_missing).filter(|_| !stored.is_empty()) {
        let why = format!("must have the storage version {}", version.text("name"));
        errors.invalid(&path, stored.to_vec(), &why);
    }
    for (i, stored) in stored.iter().filter_map(Value::as_str).enumerate() {
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

fn validate_names(all: &Value, path: &Path, errors: &mut Errors) {
    let fields = ["plural", "singular", "kind", "listKind"];
    for field in fields.into_iter().filter(|field| all.text(field).is_empty()) {
        errors.required(&path.child(field), "");
    }
    let mut label = |name: &str, checked: &str, before: &str, path: Path| {
        let problems = names::is_dns1035_label(checked);
        if !problems.is_empty() {
            errors.invalid(&path, name, &format!("{before}{}", problems.join(",")));
        }
    };
    for field in fields.into_iter().filter(|field| !all.text(field).is_empty()) {
        let name = all.text(field);
        match field {
            "plural" | "singular" => label(name, name, "", path.child(field)),
            _ => {
                let before = "may have mixed case, but should otherwise match: ";
                label(name, &name.to_lowercase(), before, path.child(field));
            }
        }
    }
    for (i, name) in all.texts("shortNames").into_iter().enumerate() {
        label(name, name, "", path.child("shortNames").index(i));
    }
    for (i, name) in all.texts("categories").into_iter().enumerate() {
        label(name, name, "", path.child("categories").index(i));
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
            let version = json!({"name": "v1", "subresources": {"scale": scale}});
            validate_scale(&version, &Path::new("spec.subresources"), &mut errors);
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

    #[test]
    fn versions_and_names_are_checked() {
        let mut definition = Object::new("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "xs.g.io");
        let version = |name: &str, columns: Value| {
            json!({"name": name, "served": true, "storage": false, "schema": {"openAPIV3Schema": {"type": "object"}},
                "additionalPrinterColumns": columns, "deprecationWarning": "old"})
        };
        definition.set(
            "/spec",
            json!({
                "group": "g.io", "scope": "Planet",
                "names": {"plural": "xs", "singular": "x", "kind": "X_y", "listKind": "XList", "shortNames": ["A"], "categories": ["all", "B"]},
                "versions": [version("v1", json!([{"type": "text", "jsonPath": "spec.a"}])), version("v1", json!([]))],
                "conversion": {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v2", "v2"]}},
            }),
        );
        let label = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic \
                     character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for \
                     validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
        let shown = "[{\"Name\":\"v1\",\"Served\":true,\"Storage\":false,\"Deprecated\":false,\"DeprecationWarning\":\"old\",\
                     \"Schema\":null,\"Subresources\":null,\"AdditionalPrinterColumns\":[{\"Name\":\"\",\"Type\":\"text\",\"Format\":\"\",\
                     \"Description\":\"\",\"Priority\":0,\"JSONPath\":\"spec.a\"}],\"SelectableFields\":null},{\"Name\":\"v1\",\"Served\":true,\
                     \"Storage\":false,\"Deprecated\":false,\"DeprecationWarning\":\"old\",\"Schema\":null,\"Subresources\":null,\
                     \"AdditionalPrinterColumns\":[],\"SelectableFields\":null}]";
        let found: Vec<String> = validate(&definition).0.iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "spec.scope: Unsupported value: \"Planet\": supported values: \"Cluster\", \"Namespaced\"".to_owned(),
                "spec.versions[0].deprecationWarning: Invalid value: \"old\": can only be set for deprecated versions".to_owned(),
                "spec.versions[0].additionalPrinterColumns[0].name: Required value".to_owned(),
                "spec.versions[0].additionalPrinterColumns[0].type: Invalid value: \"text\": must be one of boolean,date,integer,number,string".to_owned(),
                "spec.versions[0].additionalPrinterColumns[0].JSONPath: Invalid value: \"spec.a\": must be a simple json path starting with .".to_owned(),
                "spec.versions[1].deprecationWarning: Invalid value: \"old\": can only be set for deprecated versions".to_owned(),
                format!("spec.versions: Invalid value: {shown}: must contain unique version names"),
                format!("spec.versions: Invalid value: {shown}: must have exactly one version marked as storage version"),
                format!("spec.names.kind: Invalid value: \"X_y\": may have mixed case, but should otherwise match: {label}"),
                format!("spec.names.shortNames[0]: Invalid value: \"A\": {label}"),
                format!("spec.names.categories[1]: Invalid value: \"B\": {label}"),
                "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook".to_owned(),
                "spec.conversion.conversionReviewVersions[1]: Invalid value: \"v2\": duplicate version".to_owned(),
                "spec.conversion.conversionReviewVersions: Invalid value: [\"v2\",\"v2\"]: must include at least one of v1, v1beta1".to_owned(),
                "status.storedVersions: Invalid value: null: must have at least one stored version".to_owned(),
            ]
        );
    }
}
