//! ValidatingAdmissionPolicies: what the policies that are bound say of a request, after it was found valid. What others
//! make of an object before that is in [`mutating`].
//!
//! The order, the words and what a failed expression means are those of k8s.io/apiserver's validating policy plugin. Of the
//! actions `Deny` and `Warn` are taken; an expression that cannot be evaluated here lets the request pass.

mod mutating;

use std::sync::Arc;

pub(super) use mutating::mutate;
use serde_json::{Map, Value, json};

use crate::apimachinery::cel::{self, Failure, Program, Value as Cel};
use crate::apimachinery::key::Key;
use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::{Cause, Reason, Status};
use crate::cluster::Cluster;
use crate::kinds::pod::Fields;
use crate::kinds::{self, Kind};

const POLICIES: &str = "validatingadmissionpolicies.admissionregistration.k8s.io";
const BINDINGS: &str = "validatingadmissionpolicybindings.admissionregistration.k8s.io";
/// The kinds that no policy is asked about: nobody shall lock himself out.
const EXEMPT: [&str; 4] = [
    POLICIES,
    BINDINGS,
    "mutatingadmissionpolicies.admissionregistration.k8s.io",
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io",
];

/// What is about to be done.
#[derive(Clone, Copy)]
pub(super) struct Request<'r> {
    pub kind: &'r dyn Kind,
    /// None when the object goes.
    pub new: Option<&'r Object>,
    /// None when it comes.
    pub old: Option<&'r Object>,
    pub dry_run: bool,
}

impl Request<'_> {
    fn operation(&self) -> &'static str {
        match (self.new, self.old) {
            (Some(_), None) => "CREATE",
            (None, _) => "DELETE",
            _ => "UPDATE",
        }
    }

    /// The object that says what the request is about.
    fn subject(&self) -> Option<&Object> {
        self.new.or(self.old)
    }
}

/// Asks all policies.
///
/// # Errors
/// What a policy that denies the request says: Invalid, unless it names another reason.
pub(super) fn admit(cluster: &Cluster, request: &Request<'_>) -> Result<(), Status> {
    match (failures(cluster, request, "Deny")?.into_iter().next(), request.subject()) {
        (Some(failure), Some(subject)) => Err(denied(request, subject, &failure)),
        _ => Ok(()),
    }
}

/// What is warned of in an object that was written.
///
/// # Errors
/// Those of the store.
pub(super) fn warnings(cluster: &Cluster, request: &Request<'_>) -> Result<Vec<String>, Status> {
    let warning = |failure: Failed| {
        let (policy, binding) = (failure.policy.name(), failure.binding.name());
        let why = failure.denial.message;
        format!("Validation failed for ValidatingAdmissionPolicy '{policy}' with binding '{binding}': {why}")
    };
    Ok(failures(cluster, request, "Warn")?.into_iter().map(warning).collect())
}

/// A policy that a request fails, and where it is bound.
struct Failed {
    policy: Arc<Object>,
    binding: Arc<Object>,
    denial: Denial,
}

/// The policies that a request fails and that are bound with an action.
fn failures(cluster: &Cluster, request: &Request<'_>, action: &str) -> Result<Vec<Failed>, Status> {
    let mut failures = Vec::new();
    let Some(subject) = request.subject() else { return Ok(failures) };
    if EXEMPT.contains(&request.kind.names().resource) {
        return Ok(failures);
    }
    let bindings = cluster.list(BINDINGS, None)?;
    if bindings.is_empty() {
        return Ok(failures);
    }
    let namespace = namespace_of(cluster, request)?;
    for policy in cluster.list(POLICIES, None)? {
        let mut facts = None;
        for binding in bindings.iter().filter(|b| b.str_at("/spec/policyName") == policy.name()) {
            let acts = binding.list_at("/spec/validationActions").iter().any(|a| a == action);
            if !acts || !is_meant(&policy, binding, request, namespace.as_deref()) {
                continue;
            }
            let facts = facts.get_or_insert_with(|| facts_of(request, namespace.as_deref()));
            let denial = match parameters(cluster, &policy, binding, subject.namespace())? {
                Parameters::NotAsked => None,
                Parameters::Missing => Some(missing()).filter(|_| policy.str_at("/spec/failurePolicy") != "Ignore"),
                Parameters::Each(all) => all.into_iter().find_map(|parameter| judge(&policy, facts, parameter)),
            };
            failures.extend(denial.map(|denial| Failed { policy: policy.clone(), binding: binding.clone(), denial }));
        }
    }
    Ok(failures)
}

/// The namespace that a request is for.
fn namespace_of(cluster: &Cluster, request: &Request<'_>) -> Result<Option<Arc<Object>>, Status> {
    match request.subject().filter(|_| request.kind.names().namespaced) {
        Some(subject) => cluster.get(&Key::cluster("namespaces", subject.namespace())),
        None => Ok(None),
    }
}

/// Whether a policy where it is bound speaks of a request.
fn is_meant(policy: &Object, binding: &Object, request: &Request<'_>, namespace: Option<&Object>) -> bool {
    let is_in = |object: &Object, field: &str| object.at(field).is_none_or(|rules| matches(rules, request, namespace));
    is_in(policy, "/spec/matchConstraints") && is_in(binding, "/spec/matchResources")
}

/// Why a request is denied.
struct Denial {
    reason: String,
    message: String,
}

fn denied(request: &Request<'_>, subject: &Object, failure: &Failed) -> Status {
    let Failed { policy, binding, denial } = failure;
    let (policy, binding, said) = (policy.name(), binding.name(), &denial.message);
    let why = format!("ValidatingAdmissionPolicy '{policy}' with binding '{binding}' denied request: {said}");
    refused(request, subject, why, &denial.reason)
}

fn refused(request: &Request<'_>, subject: &Object, why: String, reason: &str) -> Status {
    let mut status = Status::forbidden(request.kind.names().resource, subject.name(), &why);
    status.reason = match reason {
        "Forbidden" | "Unauthorized" => Reason::Forbidden,
        _ => Reason::Invalid,
    };
    status.causes = vec![Cause { reason: "", field: String::new(), message: why }];
    status
}

/// Whether rules and selectors (MatchResources) speak of a request.
fn matches(rules: &Value, request: &Request<'_>, namespace: Option<&Object>) -> bool {
    let selects = |field: &str, labels: Option<&Map<String, Value>>| {
        let selector = rules.get(field).filter(|s| !s.is_null());
        selector.is_none_or(|s| Selector::from_label_selector(s).is_ok_and(|s| s.matches(labels)))
    };
    let around = if request.kind.names().resource == "namespaces" { request.subject() } else { namespace };
    if around.is_some_and(|n| !selects("namespaceSelector", n.labels())) {
        return false;
    }
    if ![request.new, request.old].into_iter().flatten().any(|o| selects("objectSelector", o.labels())) {
        return false;
    }
    let list = |field: &str| rules.get(field).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if list("excludeResourceRules").iter().any(|rule| is_about(rule, request)) {
        return false;
    }
    let wanted = list("resourceRules");
    wanted.is_empty() || wanted.iter().any(|rule| is_about(rule, request))
}

fn is_about(rule: &Value, request: &Request<'_>) -> bool {
    let names = request.kind.names();
    let has = |field: &str, wanted: &[&str]| {
        let values = rule.get(field).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        values.iter().filter_map(Value::as_str).any(|v| wanted.contains(&v))
    };
    let scope = rule.get("scope").and_then(Value::as_str).unwrap_or("*");
    let only = rule.get("resourceNames").and_then(Value::as_array).is_none_or(Vec::is_empty);
    has("apiGroups", &["*", names.group])
        && has("apiVersions", &["*", names.version])
        && has("operations", &["*", request.operation()])
        && has("resources", &["*", "*/*", names.plural, &format!("{}/*", names.plural)])
        && (scope == "*" || (scope == "Namespaced") == names.namespaced)
        && (only || request.subject().is_some_and(|o| has("resourceNames", &[o.name()])))
}

/// The variables that are the same for all policies.
fn facts_of(request: &Request<'_>, namespace: Option<&Object>) -> Vec<(&'static str, Cel)> {
    let shown = |object: Option<&Object>| object.map_or(Cel::Null, |o| cel::from_json(&o.to_value()));
    let names = request.kind.names();
    let kind = json!({"group": names.group, "version": names.version, "kind": names.kind});
    let resource = json!({"group": names.group, "version": names.version, "resource": names.plural});
    let subject = request.subject();
    let asked = json!({
        "kind": kind, "requestKind": kind, "resource": resource, "requestResource": resource,
        "subResource": "", "requestSubResource": "",
        "name": subject.map_or("", Object::name), "namespace": subject.map_or("", Object::namespace),
        "operation": request.operation(), "dryRun": request.dry_run,
        "userInfo": {"username": "kubernetes-admin", "groups": ["system:masters", "system:authenticated"]},
    });
    vec![
        ("object", shown(request.new)),
        ("oldObject", shown(request.old)),
        ("request", cel::from_json(&asked)),
        ("namespaceObject", shown(namespace)),
    ]
}

/// What a binding gives its policy to compare with.
enum Parameters {
    /// One value for each object; null where the policy takes none.
    Each(Vec<Cel>),
    /// There is no object, and the policy need not be asked.
    NotAsked,
    /// There is no object, and there has to be one.
    Missing,
}

fn missing() -> Denial {
    let why = "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction";
    Denial { reason: String::new(), message: why.to_owned() }
}

fn parameters(cluster: &Cluster, policy: &Object, binding: &Object, namespace: &str) -> Result<Parameters, Status> {
    let (Some(of), Some(reference)) = (policy.at("/spec/paramKind"), binding.at("/spec/paramRef")) else {
        return Ok(Parameters::Each(vec![Cel::Null]));
    };
    let Some(kind) = kinds::of_api_version(cluster, of.text("apiVersion"), of.text("kind"))? else {
        return Ok(Parameters::NotAsked);
    };
    let place = Some(reference.text("namespace")).filter(|n| !n.is_empty()).unwrap_or(namespace);
    let place = if kind.names().namespaced { place } else { "" };
    let name = reference.text("name");
    let selector = reference.get("selector").map(Selector::from_label_selector);
    let all = cluster.list(kind.names().resource, Some(place).filter(|p| !p.is_empty()))?;
    let is_meant = |object: &Object| match &selector {
        Some(selector) => selector.as_ref().is_ok_and(|s| s.matches(object.labels())),
        None => object.name() == name,
    };
    let found: Vec<Cel> = all.iter().filter(|o| is_meant(o)).map(|o| cel::from_json(&o.to_value())).collect();
    Ok(match found.is_empty() {
        false => Parameters::Each(found),
        true if reference.text("parameterNotFoundAction") == "Allow" => Parameters::NotAsked,
        true => Parameters::Missing,
    })
}

/// What one expression comes to, and what that means.
enum Answer {
    True,
    False,
    Failed(String),
}

fn ask(expression: &str, variables: &[(&str, Cel)]) -> Answer {
    let Some(program) = Program::compile(expression) else { return Answer::True };
    match program.evaluate(variables) {
        Ok(Cel::Bool(false)) => Answer::False,
        Err(Failure::Error(why)) => Answer::Failed(format!("expression '{expression}' resulted in error: {why}")),
        Ok(_) | Err(Failure::Unsupported) => Answer::True,
    }
}

/// Whether a policy's conditions are met.
///
/// # Errors
/// Why one of them came to nothing.
fn is_asked(policy: &Object, known: &[(&str, Cel)]) -> Result<bool, String> {
    for condition in policy.list_at("/spec/matchConditions") {
        match ask(condition.text("expression").trim(), known) {
            Answer::True => {}
            Answer::Failed(message) => return Err(message),
            Answer::False => return Ok(false),
        }
    }
    Ok(true)
}

/// Adds a policy's own variables; false where one takes what is not here.
fn compose(policy: &Object, known: &mut Vec<(&str, Cel)>) -> bool {
    let mut composed = Vec::new();
    for variable in policy.list_at("/spec/variables") {
        let mut known = known.clone();
        known.push(("variables", cel::map(composed.clone())));
        // One that cannot be evaluated is asked for in vain; then nothing is said that hangs on it.
        let program = Program::compile(variable.text("expression"));
        match program.map(|p| p.evaluate(&known)) {
            Some(Ok(value)) => composed.push((variable.text("name").to_owned(), value)),
            Some(Err(Failure::Error(_))) => {}
            Some(Err(Failure::Unsupported)) | None => return false,
        }
    }
    known.push(("variables", cel::map(composed)));
    true
}

/// The first thing that a policy has against a request.
fn judge(policy: &Object, facts: &[(&str, Cel)], parameter: Cel) -> Option<Denial> {
    let fails = policy.str_at("/spec/failurePolicy") != "Ignore";
    let mut known = facts.to_vec();
    known.push(("params", parameter));
    match is_asked(policy, &known) {
        Ok(true) => {}
        Err(message) if fails => return Some(Denial { reason: String::new(), message }),
        _ => return None,
    }
    if !compose(policy, &mut known) {
        return None;
    }
    policy.list_at("/spec/validations").iter().find_map(|validation| {
        let expression = validation.text("expression");
        let message = match ask(expression.trim(), &known) {
            Answer::True => return None,
            Answer::Failed(message) => Some(message).filter(|_| fails)?,
            Answer::False => made_message(validation, &known)
                .or_else(|| Some(validation.text("message").trim().to_owned()).filter(|m| !m.is_empty()))
                .unwrap_or_else(|| format!("failed expression: {}", expression.trim())),
        };
        Some(Denial { reason: validation.text("reason").to_owned(), message })
    })
}

/// What `messageExpression` comes to, where it comes to one line of text.
fn made_message(validation: &Value, variables: &[(&str, Cel)]) -> Option<String> {
    let program = Program::compile(validation.get("messageExpression")?.as_str()?)?;
    let Ok(Cel::String(text)) = program.evaluate(variables) else { return None };
    let text = text.trim();
    (!text.is_empty() && !text.contains('\n')).then(|| text.to_owned())
}
