//! What the four kinds of RBAC share: rules, subjects and references to roles. Enforces nothing.

pub mod authorizer;
pub mod built_in;
pub mod describe;

use serde_json::Value;

use super::pod::Fields;
use super::zeros;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::time::{self, Time};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Writes and omits what Go does of a role's rules.
pub fn set_rule_defaults(role: &mut Object) {
    zeros::write(role, &[("/rules", Value::Null)]);
    for field in ["apiGroups", "resources", "resourceNames", "nonResourceURLs"] {
        zeros::omit(role, &[&format!("/rules/*/{field}")]);
    }
}

/// Fills in the API group of a binding's role and subjects.
pub fn set_binding_defaults(binding: &mut Object) {
    if binding.str_at("/roleRef/apiGroup").is_empty() {
        binding.set("/roleRef/apiGroup", GROUP.into());
    }
    zeros::omit(binding, &["/subjects", "/subjects/*/namespace"]);
    let subjects = binding.body_mut().get_mut("subjects").and_then(Value::as_array_mut);
    for subject in subjects.into_iter().flatten().filter_map(Value::as_object_mut) {
        if !subject.text("apiGroup").is_empty() {
            continue;
        }
        match subject.text("kind") {
            "User" | "Group" => drop(subject.insert("apiGroup".to_owned(), GROUP.into())),
            _ => drop(subject.remove("apiGroup")),
        }
    }
}

/// Checks a role's rules.
pub fn validate_rules(role: &Object, namespaced: bool) -> Errors {
    let mut errors = Errors::default();
    for (i, rule) in role.list_at("/rules").iter().enumerate() {
        validate_rule(rule, namespaced, &Path::new("rules").index(i), &mut errors);
    }
    errors
}

fn validate_rule(rule: &Value, namespaced: bool, path: &Path, errors: &mut Errors) {
    if rule.items("verbs").is_empty() {
        errors.required(&path.child("verbs"), "verbs must contain at least one value");
    }
    let is_set = |field: &str| !rule.items(field).is_empty();
    if is_set("nonResourceURLs") {
        let path = path.child("nonResourceURLs");
        let urls = || rule.field("nonResourceURLs").cloned().unwrap_or_default();
        if namespaced {
            errors.invalid(&path, urls(), "namespaced rules cannot apply to non-resource URLs");
        }
        if ["apiGroups", "resources", "resourceNames"].into_iter().any(is_set) {
            errors.invalid(&path, urls(), "rules cannot apply to both regular resources and non-resource URLs");
        }
        return;
    }
    if !is_set("apiGroups") {
        errors.required(&path.child("apiGroups"), "resource rules must supply at least one api group");
    }
    if !is_set("resources") {
        errors.required(&path.child("resources"), "resource rules must supply at least one resource");
    }
}

/// Checks a ClusterRole: its rules, and the selectors of the roles it is made of.
pub fn validate_cluster_role(role: &Object) -> Errors {
    let mut errors = validate_rules(role, false);
    if role.at("/aggregationRule").is_some() {
        let path = Path::new("aggregationRule.clusterRoleSelectors");
        let selectors = role.list_at("/aggregationRule/clusterRoleSelectors");
        if selectors.is_empty() {
            errors.required(&path, "at least one clusterRoleSelector required if aggregationRule is non-nil");
        }
        for (i, selector) in selectors.iter().enumerate() {
            errors.append(names::validate_label_selector(Some(selector), &path.index(i)));
        }
    }
    errors
}

/// Checks whom a binding gives which role.
pub fn validate_binding(binding: &Object, namespaced: bool) -> Errors {
    let mut errors = Errors::default();
    let path = Path::new("roleRef");
    let group = binding.str_at("/roleRef/apiGroup");
    if group != GROUP {
        errors.not_supported(&path.child("apiGroup"), group, &[GROUP]);
    }
    match binding.str_at("/roleRef/kind") {
        "ClusterRole" => {}
        "Role" if namespaced => {}
        other if namespaced => errors.not_supported(&path.child("kind"), other, &["Role", "ClusterRole"]),
        other => errors.not_supported(&path.child("kind"), other, &["ClusterRole"]),
    }
    let name = binding.str_at("/roleRef/name");
    if name.is_empty() {
        errors.required(&path.child("name"), "");
    }
    for problem in names::is_path_segment_name(name, false).into_iter().filter(|_| !name.is_empty()) {
        errors.invalid(&path.child("name"), name, &problem);
    }
    for (i, subject) in binding.list_at("/subjects").iter().enumerate() {
        validate_subject(subject, namespaced, &Path::new("subjects").index(i), &mut errors);
    }
    errors
}

fn validate_subject(subject: &Value, namespaced: bool, path: &Path, errors: &mut Errors) {
    let (name, group) = (subject.text("name"), subject.text("apiGroup"));
    if name.is_empty() {
        errors.required(&path.child("name"), "");
    }
    match subject.text("kind") {
        "ServiceAccount" => {
            for problem in names::name_is_dns_subdomain(name, false).into_iter().filter(|_| !name.is_empty()) {
                errors.invalid(&path.child("name"), name, &problem);
            }
            if !group.is_empty() {
                errors.not_supported(&path.child("apiGroup"), group, &[""]);
            }
            if !namespaced && subject.text("namespace").is_empty() {
                errors.required(&path.child("namespace"), "");
            }
        }
        "User" | "Group" if group != GROUP => errors.not_supported(&path.child("apiGroup"), group, &[GROUP]),
        "User" | "Group" => {}
        other => errors.not_supported(&path.child("kind"), other, &["ServiceAccount", "User", "Group"]),
    }
}

/// Checks an update: whom a role is given to may change, not which role.
pub fn validate_binding_update(new: &Object, old: &Object, namespaced: bool) -> Errors {
    let mut errors = validate_binding(new, namespaced);
    if new.at("/roleRef") != old.at("/roleRef") {
        errors.invalid(&Path::new("roleRef"), new.at("/roleRef").cloned().unwrap_or_default(), "cannot change roleRef");
    }
    errors
}

/// A binding's row: the role, and the subjects by kind.
pub fn binding_cells(binding: &Object, now: Time) -> Vec<String> {
    let of = |kind: &str| {
        let subjects = binding.list_at("/subjects").iter().filter(|s| s.text("kind") == kind);
        let shown = subjects.map(|s| match kind {
            "ServiceAccount" => format!("{}/{}", s.text("namespace"), s.text("name")),
            _ => s.text("name").to_owned(),
        });
        shown.collect::<Vec<_>>().join(", ")
    };
    vec![
        binding.name().to_owned(),
        format!("{}/{}", binding.str_at("/roleRef/kind"), binding.str_at("/roleRef/name")),
        time::age(binding.creation_timestamp(), now),
        of("User"),
        of("Group"),
        of("ServiceAccount"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(errors: &Errors) -> Vec<String> {
        errors.0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn bindings_are_filled_in_shown_and_checked() {
        let mut binding = Object::from_value(json!({
            "metadata": {"name": "rb"}, "roleRef": {"kind": "Role", "name": "r"},
            "subjects": [{"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "default", "namespace": "x"}],
        }))
        .unwrap();
        set_binding_defaults(&mut binding);
        assert_eq!(binding.str_at("/subjects/0/apiGroup"), GROUP);
        assert_eq!(binding_cells(&binding, Time::MAX_UTC)[1..2], ["Role/r"]);
        assert_eq!(binding_cells(&binding, Time::MAX_UTC)[3..], ["u", "", "x/default"]);
        assert!(validate_binding(&binding, true).is_empty());
        assert_eq!(
            texts(&validate_binding(&binding, false)),
            ["roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\""]
        );
    }

    #[test]
    fn rules_need_verbs_and_something_to_do_them_to() {
        let role = Object::from_value(json!({"rules": [
            {"verbs": [], "nonResourceURLs": ["/x"], "resources": ["pods"]}, {"verbs": ["get"]},
        ]}))
        .unwrap();
        assert_eq!(
            texts(&validate_rules(&role, true)),
            [
                "rules[0].verbs: Required value: verbs must contain at least one value",
                "rules[0].nonResourceURLs: Invalid value: [\"/x\"]: namespaced rules cannot apply to non-resource URLs",
                "rules[0].nonResourceURLs: Invalid value: [\"/x\"]: rules cannot apply to both regular resources and non-resource URLs",
                "rules[1].apiGroups: Required value: resource rules must supply at least one api group",
                "rules[1].resources: Required value: resource rules must supply at least one resource",
            ]
        );
    }
}
