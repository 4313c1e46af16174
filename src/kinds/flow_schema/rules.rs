//! Who sends the requests of a FlowSchema, and what they ask for: in the order and the words of pkg/apis/flowcontrol/validation.

use serde_json::Value;

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::kinds::pod::Fields;

const VERBS: [&str; 9] = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];
/// The kinds of subjects with the field that says more of each.
const SUBJECTS: [(&str, &str); 3] = [("Group", "group"), ("ServiceAccount", "serviceAccount"), ("User", "user")];

/// Checks one rule.
pub fn validate(rule: &Value, path: &Path, errors: &mut Errors) {
    let subjects = rule.items("subjects");
    if subjects.is_empty() {
        errors.required(&path.child("subjects"), "subjects must contain at least one value");
    }
    for (i, subject) in subjects.iter().enumerate() {
        validate_subject(subject, &path.child("subjects").index(i), errors);
    }
    let (resources, urls) = (rule.items("resourceRules"), rule.items("nonResourceRules"));
    if resources.is_empty() && urls.is_empty() {
        errors.required(path, "at least one of resourceRules and nonResourceRules has to be non-empty");
    }
    for (i, rule) in resources.iter().enumerate() {
        validate_resources(rule, &path.child("resourceRules").index(i), errors);
    }
    for (i, rule) in urls.iter().enumerate() {
        validate_urls(rule, &path.child("nonResourceRules").index(i), errors);
    }
}

fn validate_subject(subject: &Value, path: &Path, errors: &mut Errors) {
    let kind = subject.text("kind");
    let Some((_, field)) = SUBJECTS.iter().find(|(name, _)| *name == kind) else {
        return errors.not_supported(&path.child("kind"), kind, &SUBJECTS.map(|(name, _)| name));
    };
    match subject.field(field) {
        None => errors.required(&path.child(field), &format!("{field} is required when subject kind is '{kind}'")),
        Some(named) => validate_named(named, *field == "serviceAccount", &path.child(field), errors),
    }
    // Upstream's order of the others is not that of the kinds.
    for other in ["serviceAccount", "user", "group"].into_iter().filter(|other| other != field) {
        let Some((kind, _)) = SUBJECTS.iter().find(|(_, field)| *field == other) else { continue };
        if subject.field(other).is_some() {
            errors.forbidden(&path.child(other), &format!("{other} is forbidden when subject kind is not '{kind}'"));
        }
    }
}

fn validate_named(named: &Value, is_account: bool, path: &Path, errors: &mut Errors) {
    let (name, name_path) = (named.text("name"), path.child("name"));
    if name.is_empty() {
        errors.required(&name_path, "");
    } else if is_account && name != "*" {
        names::name_is_dns_subdomain(name, false).iter().for_each(|p| errors.invalid(&name_path, name, p));
    }
    if !is_account {
        return;
    }
    let (namespace, path) = (named.text("namespace"), path.child("namespace"));
    if namespace.is_empty() {
        errors.required(&path, "must specify namespace for service account");
    } else {
        names::name_is_dns_label(namespace, false).iter().for_each(|p| errors.invalid(&path, namespace, p));
    }
}

/// A list that has something in it, and nothing beside a wildcard. Returns whether its items are to be looked at.
fn validate_list(rule: &Value, field: &str, none: &str, others: &str, path: &Path, errors: &mut Errors) -> bool {
    let all = rule.texts(field);
    let path = path.child(field);
    if all.is_empty() {
        errors.required(&path, none);
        return false;
    }
    let has_wildcard = all.contains(&"*");
    if has_wildcard && all.len() > 1 {
        errors.invalid(&path, all, &format!("if '*' is present, must not specify other {others}"));
    }
    !has_wildcard
}

fn validate_verbs(rule: &Value, path: &Path, errors: &mut Errors) {
    let none = "verbs must contain at least one value";
    if validate_list(rule, "verbs", none, "verbs", path, errors) {
        let verbs = rule.texts("verbs");
        if verbs.iter().any(|verb| !VERBS.contains(verb)) {
            errors.not_supported(&path.child("verbs"), verbs, &VERBS);
        }
    }
}

fn validate_resources(rule: &Value, path: &Path, errors: &mut Errors) {
    validate_verbs(rule, path, errors);
    let none = "resource rules must supply at least one api group";
    validate_list(rule, "apiGroups", none, "api groups", path, errors);
    let none = "resource rules must supply at least one resource";
    validate_list(rule, "resources", none, "resources", path, errors);
    if rule.flag("clusterScope") == Some(true) && rule.items("namespaces").is_empty() {
        return;
    }
    let none = "resource rules that are not cluster scoped must supply at least one namespace";
    if validate_list(rule, "namespaces", none, "namespaces", path, errors) {
        for (i, namespace) in rule.texts("namespaces").into_iter().enumerate() {
            for problem in names::name_is_dns_label(namespace, false) {
                let why = format!("each member of this list must be '*' or a DNS-1123 label; {problem}");
                errors.invalid(&path.child("namespaces").index(i), namespace, &why);
            }
        }
    }
}

fn validate_urls(rule: &Value, path: &Path, errors: &mut Errors) {
    validate_verbs(rule, path, errors);
    let none = "nonResourceURLs must contain at least one value";
    if validate_list(rule, "nonResourceURLs", none, "non-resource URLs", path, errors) {
        for (i, url) in rule.texts("nonResourceURLs").into_iter().enumerate() {
            if let Some(why) = what_is_wrong_with(url) {
                errors.invalid(&path.child("nonResourceURLs").index(i), url, why);
            }
        }
    }
}

fn what_is_wrong_with(url: &str) -> Option<&'static str> {
    match url {
        "" => Some("must not be empty"),
        "/" => None,
        _ if !url.starts_with('/') => Some("must start with slash"),
        _ if url.contains(' ') => Some("must not contain white-space"),
        _ if url.contains("//") => Some("must not contain double slash"),
        _ => match url.matches('*').count() {
            0 => None,
            1 if url.ends_with("/*") => None,
            _ => Some("wildcard can only do suffix matching"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rules_are_refused_in_the_servers_words() {
        let mut errors = Errors::default();
        let rule = json!({
            "subjects": [{"kind": "User", "group": {"name": "g"}}, {"kind": "Robot"}],
            "resourceRules": [{"verbs": ["*", "get"], "apiGroups": ["apps"], "resources": [], "namespaces": ["A b"]}],
            "nonResourceRules": [{"verbs": ["look"], "nonResourceURLs": ["healthz", "/a*"]}],
        });
        validate(&rule, &Path::new("r"), &mut errors);
        let found: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
        let label = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and \
                     end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
                     '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
        let verbs = VERBS.map(|v| format!("{v:?}")).join(", ");
        let namespace = "each member of this list must be '*' or a DNS-1123 label";
        assert_eq!(
            found,
            [
                "r.subjects[0].user: Required value: user is required when subject kind is 'User'".to_owned(),
                "r.subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'".to_owned(),
                "r.subjects[1].kind: Unsupported value: \"Robot\": supported values: \"Group\", \"ServiceAccount\", \"User\"".to_owned(),
                "r.resourceRules[0].verbs: Invalid value: [\"*\",\"get\"]: if '*' is present, must not specify other verbs".to_owned(),
                "r.resourceRules[0].resources: Required value: resource rules must supply at least one resource".to_owned(),
                format!("r.resourceRules[0].namespaces[0]: Invalid value: \"A b\": {namespace}; {label}"),
                format!("r.nonResourceRules[0].verbs: Unsupported value: [\"look\"]: supported values: {verbs}"),
                "r.nonResourceRules[0].nonResourceURLs[0]: Invalid value: \"healthz\": must start with slash".to_owned(),
                "r.nonResourceRules[0].nonResourceURLs[1]: Invalid value: \"/a*\": wildcard can only do suffix matching".to_owned(),
            ]
        );
    }
}
