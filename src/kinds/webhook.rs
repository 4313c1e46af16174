//! What the two kinds of webhook configurations share. Calls nobody.

use serde_json::{Map, Value, json};

use super::pod::Fields;
use super::zeros;
use crate::apimachinery::cel;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;

/// The versions of AdmissionReview that a server speaks.
const REVIEW_VERSIONS: [&str; 2] = ["v1", "v1beta1"];
const MOST_CONDITIONS: usize = 64;

/// Fills in what the API fills in on each webhook.
pub fn set_defaults(object: &mut Object, mutating: bool) {
    zeros::omit(object, &["/webhooks"]);
    let hooks = object.body_mut().get_mut("webhooks").and_then(Value::as_array_mut);
    for hook in hooks.into_iter().flatten().filter_map(Value::as_object_mut) {
        let mut default = |field: &str, value: Value| {
            hook.entry(field).or_insert(value);
        };
        default("failurePolicy", "Fail".into());
        default("matchPolicy", "Equivalent".into());
        default("namespaceSelector", json!({}));
        default("objectSelector", json!({}));
        default("timeoutSeconds", 10.into());
        if mutating {
            default("reinvocationPolicy", "Never".into());
        }
        default("clientConfig", json!({}));
        let service = hook.get_mut("clientConfig").and_then(|c| c.get_mut("service")).and_then(Value::as_object_mut);
        if let Some(service) = service {
            service.entry("port").or_insert(443.into());
        }
        set_scopes(hook, "rules");
    }
}

/// Rules that name no scope mean every scope.
pub fn set_scopes(parent: &mut Map<String, Value>, field: &str) {
    let rules = parent.get_mut(field).and_then(Value::as_array_mut);
    for rule in rules.into_iter().flatten().filter_map(Value::as_object_mut) {
        rule.entry("scope").or_insert("*".into());
    }
}

/// Checks every webhook, in the order of the API server.
pub fn validate(object: &Object, mutating: bool) -> Errors {
    let mut errors = Errors::default();
    let hooks = object.list_at("/webhooks");
    for (i, hook) in hooks.iter().enumerate() {
        let path = Path::new("webhooks").index(i);
        validate_hook(hook, mutating, &path, &mut errors);
        validate_review_versions(hook, &path.child("admissionReviewVersions"), &mut errors);
        let name = hook.text("name");
        if !name.is_empty() && hooks[..i].iter().any(|h| h.text("name") == name) {
            errors.duplicate(&path.child("name"), name);
        }
    }
    errors
}

fn validate_hook(hook: &Value, mutating: bool, path: &Path, errors: &mut Errors) {
    validate_name(hook.text("name"), &path.child("name"), errors);
    for (i, rule) in hook.items("rules").iter().enumerate() {
        validate_rule(rule, &path.child("rules").index(i), errors);
    }
    let mut choice = |field: &str, supported: &[&str]| {
        let value = hook.text(field);
        if hook.field(field).is_some() && !supported.contains(&value) {
            errors.not_supported(&path.child(field), value, supported);
        }
    };
    choice("failurePolicy", &["Fail", "Ignore"]);
    choice("matchPolicy", &["Equivalent", "Exact"]);
    choice("sideEffects", &["None", "NoneOnDryRun"]);
    if hook.field("sideEffects").is_none() {
        errors.required(&path.child("sideEffects"), "must specify one of None, NoneOnDryRun");
    }
    if let Some(seconds) = hook.int("timeoutSeconds").filter(|s| !(1..=30).contains(s)) {
        let why = "the timeout value must be between 1 and 30 seconds";
        errors.invalid(&path.child("timeoutSeconds"), seconds, why);
    }
    for selector in ["namespaceSelector", "objectSelector"] {
        errors.append(names::validate_label_selector(hook.field(selector), &path.child(selector)));
    }
    let (policy, policies) = (hook.text("reinvocationPolicy"), ["IfNeeded", "Never"]);
    if mutating && hook.field("reinvocationPolicy").is_some() && !policies.contains(&policy) {
        errors.not_supported(&path.child("reinvocationPolicy"), policy, &policies);
    }
    validate_client(hook.field("clientConfig").unwrap_or(&Value::Null), &path.child("clientConfig"), errors);
    let names = ["object", "oldObject", "namespaceObject", "request", "authorizer"];
    validate_conditions(hook.items("matchConditions"), &names, &path.child("matchConditions"), errors);
}

/// Checks that conditions are named and say something of these names, also of an admission policy.
pub fn validate_conditions(conditions: &[Value], names: &[&str], path: &Path, errors: &mut Errors) {
    if conditions.len() > MOST_CONDITIONS {
        errors.too_many(path, conditions.len(), MOST_CONDITIONS);
    }
    for (i, condition) in conditions.iter().enumerate() {
        let (path, name) = (path.index(i), condition.text("name"));
        let expression = condition.text("expression").trim();
        if expression.is_empty() {
            errors.required(&path.child("expression"), "");
        } else if let Some(why) = cel::compile_error(expression, names, &|_| true) {
            errors.invalid(&path.child("expression"), expression, &why);
        }
        if name.is_empty() {
            errors.required(&path.child("name"), "");
        } else {
            names::is_qualified_name(name).iter().for_each(|p| errors.invalid(&path.child("name"), name, p));
        }
        if !name.is_empty() && conditions[..i].iter().any(|c| c.text("name") == name) {
            errors.duplicate(&path.child("name"), name);
        }
    }
}

/// A name with at least three parts.
fn validate_name(name: &str, path: &Path, errors: &mut Errors) {
    if name.is_empty() {
        return errors.required(path, "");
    }
    let problems = names::is_dns1123_subdomain(name);
    problems.iter().for_each(|p| errors.invalid(path, name, p));
    if problems.is_empty() && name.split('.').count() < 3 {
        errors.invalid(path, name, "should be a domain with at least three segments separated by dots");
    }
}

/// Checks a rule with operations, also of an admission policy.
pub fn validate_rule(rule: &Value, path: &Path, errors: &mut Errors) {
    const OPERATIONS: [&str; 5] = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
    let operations = rule.texts("operations");
    if operations.is_empty() {
        errors.required(&path.child("operations"), "");
    }
    if operations.len() > 1 && operations.contains(&"*") {
        let all = rule.field("operations").cloned().unwrap_or_default();
        errors.invalid(&path.child("operations"), all, "if '*' is present, must not specify other operations");
    }
    for (i, operation) in operations.iter().enumerate().filter(|(_, o)| !OPERATIONS.contains(o)) {
        errors.not_supported(&path.child("operations").index(i), *operation, &OPERATIONS);
    }
    for (field, what) in [("apiGroups", "API groups"), ("apiVersions", "API versions")] {
        let values = rule.texts(field);
        if values.is_empty() {
            errors.required(&path.child(field), "");
        }
        if values.len() > 1 && values.contains(&"*") {
            let why = format!("if '*' is present, must not specify other {what}");
            errors.invalid(&path.child(field), rule.field(field).cloned().unwrap_or_default(), &why);
        }
        // The core group's name is empty; a version's is not.
        for (i, _) in values.iter().enumerate().filter(|(_, v)| field == "apiVersions" && v.is_empty()) {
            errors.required(&path.child(field).index(i), "");
        }
    }
    validate_resources(&rule.texts("resources"), &path.child("resources"), errors);
    let scopes = ["*", "Cluster", "Namespaced"];
    if rule.field("scope").is_some() && !scopes.contains(&rule.text("scope")) {
        errors.not_supported(&path.child("scope"), rule.text("scope"), &scopes);
    }
}

/// Resources and their subresources, of which a wildcard must not say what another says too.
fn validate_resources(resources: &[&str], path: &Path, errors: &mut Errors) {
    if resources.is_empty() {
        errors.required(path, "");
    }
    let (mut all_of, mut of_all): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut last_is_plain = false;
    for (i, text) in resources.iter().enumerate() {
        let Some((resource, sub)) = text.split_once('/') else {
            if text.is_empty() {
                errors.required(&path.index(i), "");
            } else {
                // Upstream looks at the last one alone.
                last_is_plain = *text != "*";
            }
            continue;
        };
        if all_of.contains(&resource) {
            let why = format!("if '{resource}/*' is present, must not specify {text}");
            errors.invalid(&path.index(i), *text, &why);
        }
        if of_all.contains(&sub) {
            errors.invalid(&path.index(i), *text, &format!("if '*/{sub}' is present, must not specify {text}"));
        }
        if sub == "*" {
            all_of.push(resource);
        }
        if resource == "*" {
            of_all.push(sub);
        }
    }
    if resources.len() > 1 && resources.contains(&"*/*") {
        errors.invalid(path, json!(resources), "if '*/*' is present, must not specify other resources");
    }
    if last_is_plain && resources.contains(&"*") {
        let why = "if '*' is present, must not specify other resources without subresources";
        errors.invalid(path, json!(resources), why);
    }
}

fn validate_client(client: &Value, path: &Path, errors: &mut Errors) {
    match (client.field("url"), client.field("service")) {
        (Some(_), None) => validate_url(client.text("url"), &path.child("url"), errors),
        (None, Some(service)) => validate_service(service, &path.child("service"), errors),
        _ => errors.required(path, "exactly one of url or service is required"),
    }
}

fn validate_url(url: &str, path: &Path, errors: &mut Errors) {
    const FORM: &str = "; desired format: https://host[/path]";
    let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (scheme, rest) = rest.split_once(':').unwrap_or(("", rest));
    let authority = rest.strip_prefix("//").map_or("", |rest| rest.split('/').next().unwrap_or_default());
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    if scheme != "https" {
        errors.invalid(path, scheme, &format!("'https' is the only allowed URL scheme{FORM}"));
    }
    if host.is_empty() {
        errors.invalid(path, host, &format!("host must be specified{FORM}"));
    }
    if let Some(user) = user {
        errors.invalid(path, user, "user information is not permitted in the URL");
    }
    if !fragment.is_empty() {
        errors.invalid(path, fragment, "fragments are not permitted in the URL");
    }
    if !query.is_empty() {
        errors.invalid(path, query, "query parameters are not permitted in the URL");
    }
}

fn validate_service(service: &Value, path: &Path, errors: &mut Errors) {
    for field in ["name", "namespace"].into_iter().filter(|f| service.text(f).is_empty()) {
        errors.required(&path.child(field), &format!("service {field} is required"));
    }
    if let Some(port) = service.int("port").filter(|p| !names::is_port_number(*p).is_empty()) {
        errors.invalid(&path.child("port"), port, "port is not valid: must be between 1 and 65535, inclusive");
    }
    validate_path(service.text("path"), &path.child("path"), errors);
}

/// Each part of a path has to look like a name in DNS.
fn validate_path(text: &str, path: &Path, errors: &mut Errors) {
    if matches!(text, "" | "/") {
        return;
    }
    if text == "//" {
        return errors.invalid(path, text, "segment[0] may not be empty");
    }
    if !text.starts_with('/') {
        errors.invalid(path, text, "must start with a '/'");
    }
    let mut rest = text.chars();
    // Whatever it is.
    rest.next();
    let rest = rest.as_str();
    for (i, step) in rest.strip_suffix('/').unwrap_or(rest).split('/').enumerate() {
        if step.is_empty() {
            errors.invalid(path, text, &format!("segment[{i}] may not be empty"));
            continue;
        }
        for problem in names::is_dns1123_subdomain(step) {
            errors.invalid(path, text, &format!("segment[{i}]: {problem}"));
        }
    }
}

fn validate_review_versions(hook: &Value, path: &Path, errors: &mut Errors) {
    let versions = hook.texts("admissionReviewVersions");
    if versions.is_empty() {
        return errors.required(path, "must specify one of v1, v1beta1");
    }
    for (i, version) in versions.iter().enumerate() {
        if versions[..i].contains(version) {
            errors.invalid(&path.index(i), *version, "duplicate version");
            continue;
        }
        for problem in names::is_dns1035_label(version) {
            errors.invalid(&path.index(i), *version, &problem);
        }
    }
    if !versions.iter().any(|v| REVIEW_VERSIONS.contains(v)) {
        errors.invalid(path, json!(versions), "must include at least one of v1, v1beta1");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_resources_and_conditions() {
        let rule = |resources: &[&str]| json!({"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1", ""], "resources": resources});
        let hook = |client: Value, rules: Value| json!({"name": "a.b.c", "sideEffects": "None", "admissionReviewVersions": ["v1"], "clientConfig": client, "rules": rules});
        let service = |path: &str| json!({"service": {"name": "s", "namespace": "n", "path": path}});
        let mut conditional = hook(service("/ok/"), json!([]));
        conditional["matchConditions"] =
            json!([{"name": "a b", "expression": " "}, {"name": "a", "expression": "true"}]);
        let hooks = json!([
            hook(service("x//Y"), json!([rule(&["pods/*", "pods/log", "*/scale", "a/scale", "*", "pods"])])),
            hook(json!({"url": "http://u:p@/x?a#b"}), json!([])),
            conditional,
        ]);
        let object = Object::from_value(json!({"webhooks": hooks})).unwrap();
        let texts: Vec<String> = validate(&object, false).0.iter().map(ToString::to_string).collect();
        let all = r#"["pods/*","pods/log","*/scale","a/scale","*","pods"]"#;
        let rule = "webhooks[0].rules[0]";
        let form = "; desired format: https://host[/path]";
        let starts = |i: usize, start: &str| assert!(texts[i].starts_with(start), "{i}: {texts:#?}");
        starts(0, &format!("{rule}.apiVersions[1]: Required value"));
        starts(
            1,
            &format!(
                "{rule}.resources[1]: Invalid value: \"pods/log\": if 'pods/*' is present, must not specify pods/log"
            ),
        );
        starts(
            2,
            &format!(
                "{rule}.resources[3]: Invalid value: \"a/scale\": if '*/scale' is present, must not specify a/scale"
            ),
        );
        starts(
            3,
            &format!(
                "{rule}.resources: Invalid value: {all}: if '*' is present, must not specify other resources without"
            ),
        );
        starts(4, "webhooks[0].clientConfig.service.path: Invalid value: \"x//Y\": must start with a '/'");
        starts(5, "webhooks[0].clientConfig.service.path: Invalid value: \"x//Y\": segment[0] may not be empty");
        starts(6, "webhooks[0].clientConfig.service.path: Invalid value: \"x//Y\": segment[1] may not be empty");
        starts(
            7,
            "webhooks[0].clientConfig.service.path: Invalid value: \"x//Y\": segment[2]: a lowercase RFC 1123 subdomain",
        );
        let url = "webhooks[1].clientConfig.url: Invalid value";
        starts(8, &format!("{url}: \"http\": 'https' is the only allowed URL scheme{form}"));
        starts(9, &format!("{url}: \"\": host must be specified{form}"));
        starts(10, &format!("{url}: \"u:p\": user information is not permitted in the URL"));
        starts(11, &format!("{url}: \"b\": fragments are not permitted in the URL"));
        starts(12, &format!("{url}: \"a\": query parameters are not permitted in the URL"));
        starts(13, "webhooks[1].name: Duplicate value: \"a.b.c\"");
        starts(14, "webhooks[2].matchConditions[0].expression: Required value");
        starts(15, "webhooks[2].matchConditions[0].name: Invalid value: \"a b\": name part must consist of");
        assert_eq!(texts.len(), 17, "{texts:#?}");
    }
}
