//! What is asked of an admission policy, in the order and the words of pkg/apis/admissionregistration/validation.

use serde_json::Value;

use crate::apimachinery::cel;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::kinds::pod::Fields;
use crate::kinds::webhook;

const MOST_ANNOTATIONS: usize = 20;
const LONGEST_ANNOTATION: usize = 5 * 1024;

/// Checks a policy; `list` is the field with what it does.
pub fn validate(policy: &Object, list: &str) -> Errors {
    let mut errors = Errors::default();
    let spec = Path::new("spec");
    let policies = ["Fail", "Ignore"];
    if !policies.contains(&policy.str_at("/spec/failurePolicy")) {
        errors.not_supported(&spec.child("failurePolicy"), policy.str_at("/spec/failurePolicy"), &policies);
    }
    let parameters = policy.at("/spec/paramKind").filter(|k| !k.is_null());
    if let Some(kind) = parameters {
        validate_param_kind(kind, &spec.child("paramKind"), &mut errors);
    }
    let path = spec.child("matchConstraints");
    match policy.at("/spec/matchConstraints") {
        None => errors.required(&path, ""),
        Some(constraints) => {
            validate_matches(constraints, &path, &mut errors);
            if constraints.items("resourceRules").is_empty() {
                errors.required(&path.child("resourceRules"), "");
            }
            if list == "mutations" {
                validate_operations(constraints, &path, &mut errors);
            }
        }
    }
    let mut names = Names { has_parameters: parameters.is_some(), composed: None };
    let conditions = policy.list_at("/spec/matchConditions");
    webhook::validate_conditions(conditions, &names.known(true), &spec.child("matchConditions"), &mut errors);
    for (i, variable) in policy.list_at("/spec/variables").iter().enumerate() {
        names.validate_variable(variable, &spec.child("variables").index(i), &mut errors);
    }
    match list {
        "mutations" => validate_mutations(policy, &names, &mut errors),
        _ => validate_validations(policy, &names, &mut errors),
    }
    errors
}

/// The names that an expression may use.
struct Names {
    has_parameters: bool,
    /// The policy's own variables, where it has some.
    composed: Option<Vec<String>>,
}

impl Names {
    /// The first are those whose fields are known.
    fn known(&self, has_authorizer: bool) -> Vec<&'static str> {
        let mut known = Vec::new();
        known.extend(self.composed.is_some().then_some("variables"));
        known.extend(["object", "oldObject", "namespaceObject", "request"]);
        known.extend(has_authorizer.then_some("authorizer"));
        known.extend(self.has_parameters.then_some("params"));
        known
    }

    fn compile(&self, text: &str, has_authorizer: bool, path: &Path, errors: &mut Errors) {
        let is_field = |path: &[&str]| {
            let (Some(variables), [name, ..]) = (&self.composed, path) else { return true };
            variables.iter().any(|known| known == name)
        };
        if let Some(why) = cel::compile_error(text, &self.known(has_authorizer), &is_field) {
            errors.invalid(path, text, &why);
        }
    }

    fn validate_variable(&mut self, variable: &Value, path: &Path, errors: &mut Errors) {
        let (name, expression) = (variable.text("name"), variable.text("expression"));
        if name.trim().is_empty() {
            errors.required(&path.child("name"), "name is not specified");
        } else if !names::is_c_identifier(name).is_empty() || cel::is_reserved(name) {
            errors.invalid(&path.child("name"), name, "name is not a valid CEL identifier");
        }
        self.composed.get_or_insert_default();
        if expression.trim().is_empty() {
            errors.required(&path.child("expression"), "expression is not specified");
        } else {
            self.compile(expression, true, &path.child("expression"), errors);
        }
        self.composed.get_or_insert_default().push(name.to_owned());
    }
}

fn validate_param_kind(param: &Value, path: &Path, errors: &mut Errors) {
    let (version, kind) = (param.text("apiVersion"), param.text("kind"));
    let at = path.child("apiVersion");
    let parts: Vec<&str> = version.split('/').collect();
    match parts.as_slice() {
        [""] => errors.required(&at, ""),
        [.., number] if parts.len() < 3 => {
            let group = if parts.len() == 2 { parts[0] } else { "" };
            let problems = names::is_dns1123_subdomain(group);
            if !group.is_empty() && !problems.is_empty() {
                errors.invalid(&at, group, &problems.join(","));
            }
            let problems = names::is_dns1035_label(number);
            if number.is_empty() {
                errors.invalid(&at, version, "version must be specified");
            } else if !problems.is_empty() {
                errors.invalid(&at, *number, &problems.join(","));
            }
        }
        _ => errors.invalid(&at, version, &format!("unexpected GroupVersion string: {version}")),
    }
    let problems = names::is_dns1035_label(&kind.to_lowercase());
    if kind.is_empty() {
        errors.required(&path.child("kind"), "");
    } else if !problems.is_empty() {
        let why = format!("may have mixed case, but should otherwise match: {}", problems.join(","));
        errors.invalid(&path.child("kind"), kind, &why);
    }
}

/// Checks what a policy or a binding matches.
pub fn validate_matches(matches: &Value, path: &Path, errors: &mut Errors) {
    let (policy, policies) = (matches.text("matchPolicy"), ["Equivalent", "Exact"]);
    if !policies.contains(&policy) {
        errors.not_supported(&path.child("matchPolicy"), policy, &policies);
    }
    for selector in ["namespaceSelector", "objectSelector"] {
        errors.append(names::validate_label_selector(matches.field(selector), &path.child(selector)));
    }
    for rules in ["resourceRules", "excludeResourceRules"] {
        for (i, rule) in matches.items(rules).iter().enumerate() {
            let path = path.child(rules).index(i);
            let named = rule.texts("resourceNames");
            for (i, name) in named.iter().enumerate() {
                let at = path.child("resourceNames").index(i);
                names::is_path_segment_name(name, false).iter().for_each(|why| errors.invalid(&at, *name, why));
                if named[..i].contains(name) {
                    errors.duplicate(&at, *name);
                }
            }
            webhook::validate_rule(rule, &path, errors);
        }
    }
}

/// What is deleted is not mutated.
pub fn validate_operations(matches: &Value, path: &Path, errors: &mut Errors) {
    const OPERATIONS: [&str; 4] = ["*", "CONNECT", "CREATE", "UPDATE"];
    let path = path.child("resourceRules").child("operations");
    let operations = matches.items("resourceRules").iter().flat_map(|rule| rule.texts("operations"));
    operations.filter(|o| !OPERATIONS.contains(o)).for_each(|o| errors.not_supported(&path, o, &OPERATIONS));
}

fn validate_validations(policy: &Object, names: &Names, errors: &mut Errors) {
    let spec = Path::new("spec");
    let (validations, annotations) = (policy.list_at("/spec/validations"), policy.list_at("/spec/auditAnnotations"));
    if validations.is_empty() && annotations.is_empty() {
        for field in ["validations", "auditAnnotations"] {
            errors.required(&spec.child(field), "validations or auditAnnotations must contain at least one item");
        }
    }
    for (i, validation) in validations.iter().enumerate() {
        validate_validation(names, validation, &spec.child("validations").index(i), errors);
    }
    let path = spec.child("auditAnnotations");
    if annotations.len() > MOST_ANNOTATIONS {
        let why = format!("must not have more than {MOST_ANNOTATIONS} auditAnnotations");
        errors.invalid(&path, Value::Array(annotations.to_vec()), &why);
    }
    for (i, annotation) in annotations.iter().enumerate() {
        let (path, key) = (path.index(i), annotation.text("key"));
        let (at, full) = (path.child("key"), format!("{}/{key}", policy.name()));
        names::is_qualified_name(&full).iter().for_each(|why| errors.invalid(&at, full.as_str(), why));
        let (value, at_value) = (annotation.text("valueExpression"), path.child("valueExpression"));
        if value.trim().is_empty() {
            errors.required(&at_value, "valueExpression is not specified");
        } else if value.trim().len() > LONGEST_ANNOTATION {
            errors.required(&at_value, &format!("must not exceed {LONGEST_ANNOTATION} bytes in length"));
        } else {
            names.compile(value, true, &at_value, errors);
        }
        if annotations[..i].iter().any(|a| a.text("key") == key) {
            errors.duplicate(&at, key);
        }
    }
}

fn validate_validation(names: &Names, validation: &Value, path: &Path, errors: &mut Errors) {
    const REASONS: [&str; 4] = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"];
    let (expression, told) = (validation.text("expression"), validation.text("messageExpression"));
    if expression.trim().is_empty() {
        errors.required(&path.child("expression"), "expression is not specified");
    } else {
        names.compile(expression, true, &path.child("expression"), errors);
    }
    let at = path.child("messageExpression");
    if !told.trim().is_empty() {
        names.compile(told, false, &at, errors);
    } else if !told.is_empty() {
        errors.invalid(&at, told, "must be non-empty if specified");
    }
    let message = validation.text("message");
    if !message.is_empty() && message.trim().is_empty() {
        errors.invalid(&path.child("message"), message, "message must be non-empty if specified");
    } else if message.trim().contains(['\n', '\r']) {
        errors.invalid(&path.child("message"), message, "message must not contain line breaks");
    }
    let reason = validation.text("reason");
    if !reason.is_empty() && !REASONS.contains(&reason) {
        errors.not_supported(&path.child("reason"), reason, &REASONS);
    }
}

fn validate_mutations(policy: &Object, names: &Names, errors: &mut Errors) {
    const POLICIES: [&str; 2] = ["Never", "IfNeeded"];
    let spec = Path::new("spec");
    let mutations = policy.list_at("/spec/mutations");
    if mutations.is_empty() {
        errors.required(&spec.child("mutations"), "mutations must contain at least one item");
    }
    for (i, mutation) in mutations.iter().enumerate() {
        let path = spec.child("mutations").index(i);
        match mutation.text("patchType") {
            "" => errors.required(&path.child("patchType"), ""),
            "JSONPatch" => {
                validate_mutation(names, mutation, ["jsonPatch", "applyConfiguration", "JSONPatch"], &path, errors);
            }
            kind @ "ApplyConfiguration" => {
                validate_mutation(names, mutation, ["applyConfiguration", "jsonPatch", kind], &path, errors);
            }
            kind => errors.not_supported(&path.child("patchType"), kind, &["ApplyConfiguration", "JSONPatch"]),
        }
    }
    let again = policy.str_at("/spec/reinvocationPolicy");
    if again.is_empty() {
        errors.required(&spec.child("reinvocationPolicy"), "");
    } else if !POLICIES.contains(&again) {
        errors.not_supported(&spec.child("reinvocationPolicy"), again, &POLICIES);
    }
}

fn validate_mutation(names: &Names, mutation: &Value, words: [&str; 3], path: &Path, errors: &mut Errors) {
    let [own, other, kind] = words;
    match mutation.field(own) {
        None => errors.required(&path.child(own), &format!("must be specified when patchType is {kind}")),
        Some(patch) => {
            let (expression, at) = (patch.text("expression"), path.child(own).child("expression"));
            if expression.trim().is_empty() {
                errors.required(&at, "");
            } else {
                names.compile(expression, true, &at, errors);
            }
        }
    }
    if mutation.field(other).is_some() {
        let why = format!("must not be specified when patchType is {kind}");
        errors.invalid(&path.child(other), format!("{{{other}}}"), &why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(spec: Value, list: &str) -> Vec<String> {
        let body = json!({"metadata": {"name": "p.example.com"}, "spec": spec});
        let mut policy = Object::from_value(body).unwrap();
        super::super::set_defaults(&mut policy);
        validate(&policy, list).0.iter().map(ToString::to_string).collect()
    }

    fn rules() -> Value {
        json!({"resourceRules": [{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]}]})
    }

    #[test]
    fn what_a_policy_uses_is_declared() {
        let spec = json!({
            "matchConstraints": rules(),
            "paramKind": {"apiVersion": "a/b/c", "kind": "x y"},
            "matchConditions": [{"name": "m", "expression": "objet.x"}, {"name": "m", "expression": "true"}],
            "variables": [{"name": "while", "expression": "variables.later"}, {"name": "later", "expression": " "}],
            "validations": [
                {"expression": "variables.later && variables.never", "messageExpression": "authorizer.x"},
                {"expression": "params.x", "messageExpression": " ", "reason": "None"},
            ],
            "auditAnnotations": [{"key": "a b"}, {"key": "a b", "valueExpression": "'x'"}],
        });
        let found = texts(spec, "validations");
        let starts = [
            "spec.paramKind.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c",
            "spec.paramKind.kind: Invalid value: \"x y\": may have mixed case, but should otherwise match: a DNS-1035",
            "spec.matchConditions[0].expression: Invalid value: \"objet.x\": compilation failed: ERROR: <input>:1:1: undeclared",
            "spec.matchConditions[1].name: Duplicate value: \"m\"",
            "spec.variables[0].name: Invalid value: \"while\": name is not a valid CEL identifier",
            "spec.variables[0].expression: Invalid value: \"variables.later\": compilation failed: ERROR: <input>:1:10: undefined field 'later'",
            "spec.variables[1].expression: Required value: expression is not specified",
            "spec.validations[0].expression: Invalid value: \"variables.later && variables.never\": compilation failed",
            "spec.validations[0].messageExpression: Invalid value: \"authorizer.x\": compilation failed",
            "spec.validations[1].messageExpression: Invalid value: \" \": must be non-empty if specified",
            "spec.validations[1].reason: Unsupported value: \"None\"",
            "spec.auditAnnotations[0].key: Invalid value: \"p.example.com/a b\": name part must consist of",
            "spec.auditAnnotations[0].valueExpression: Required value: valueExpression is not specified",
            "spec.auditAnnotations[1].key: Invalid value: \"p.example.com/a b\": name part must consist of",
            "spec.auditAnnotations[1].key: Duplicate value: \"a b\"",
        ];
        assert_eq!(found.len(), starts.len(), "{found:#?}");
        for (text, start) in found.iter().zip(starts) {
            assert!(text.starts_with(start), "{text}");
        }
    }

    #[test]
    fn mutations_say_what_they_are() {
        let patch = json!({"expression": "[JSONPatch{op: \"add\", path: \"/spec/x\", value: Object.spec{x: 1}}]"});
        let apply =
            json!({"expression": "Object{metadata: Object.metadata{labels: {\"a\": string(object.spec.replicas)}}}"});
        let spec = json!({"matchConstraints": rules(), "reinvocationPolicy": "Never", "mutations": [
            {"patchType": "JSONPatch", "jsonPatch": patch}, {"patchType": "ApplyConfiguration", "applyConfiguration": apply},
        ]});
        assert_eq!(texts(spec.clone(), "mutations"), Vec::<String>::new());
        let mut bad = spec;
        bad["reinvocationPolicy"] = json!("Always");
        bad["matchConstraints"]["resourceRules"][0]["operations"] = json!(["CREATE", "DELETE"]);
        bad["mutations"] = json!([{"patchType": "JSONPatch", "applyConfiguration": apply}, {"patchType": "Merge"}, {}]);
        let want = [
            "spec.matchConstraints.resourceRules.operations: Unsupported value: \"DELETE\": supported values: \"*\", \"CONNECT\", \"CREATE\", \"UPDATE\"",
            "spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch",
            "spec.mutations[0].applyConfiguration: Invalid value: \"{applyConfiguration}\": must not be specified when patchType is JSONPatch",
            "spec.mutations[1].patchType: Unsupported value: \"Merge\": supported values: \"ApplyConfiguration\", \"JSONPatch\"",
            "spec.mutations[2].patchType: Required value",
            "spec.reinvocationPolicy: Unsupported value: \"Always\": supported values: \"Never\", \"IfNeeded\"",
        ];
        assert_eq!(texts(bad, "mutations"), want);
    }
}
