//! MutatingAdmissionPolicies: what the policies that are bound make of an object before it is found valid.
//!
//! An expression that takes what is not here changes nothing.

use std::sync::Arc;

use serde_json::Value;

use super::{EXEMPT, Parameters, Request, compose, facts_of, is_asked, is_meant, namespace_of, parameters, refused};
use crate::apimachinery::cel::{self, Failure, Value as Cel};
use crate::apimachinery::go_value;
use crate::apimachinery::object::Object;
use crate::apimachinery::patch::{self, PatchType};
use crate::apimachinery::status::Status;
use crate::apiserver::apply::overlay;
use crate::apiserver::managed::{self, Typed};
use crate::cluster::Cluster;
use crate::kinds::Kind;
use crate::kinds::pod::Fields;

const POLICIES: &str = "mutatingadmissionpolicies.admissionregistration.k8s.io";
const BINDINGS: &str = "mutatingadmissionpolicybindings.admissionregistration.k8s.io";

/// What all policies make of the new object; none where they leave it as it is.
///
/// # Errors
/// What a policy that fails says of it.
pub(in crate::apiserver) fn mutate(cluster: &Cluster, request: &Request<'_>) -> Result<Option<Object>, Status> {
    let Some(new) = request.new.filter(|_| !EXEMPT.contains(&request.kind.names().resource)) else { return Ok(None) };
    let bindings = cluster.list(BINDINGS, None)?;
    if bindings.is_empty() {
        return Ok(None);
    }
    let policies = cluster.list(POLICIES, None)?;
    let mut object = new.clone();
    // What each policy left behind: one that is to be asked again is, if others changed that.
    let mut left = Vec::new();
    for policy in &policies {
        object = run(cluster, policy, &bindings, request, object)?;
        left.push(object.clone());
    }
    for (policy, left) in policies.iter().zip(&left) {
        if policy.str_at("/spec/reinvocationPolicy") == "IfNeeded" && left.body() != object.body() {
            object = run(cluster, policy, &bindings, request, object)?;
        }
    }
    Ok((object.body() != new.body()).then_some(object))
}

/// Has one policy change an object, wherever it is bound.
fn run(
    cluster: &Cluster,
    policy: &Object,
    bindings: &[Arc<Object>],
    request: &Request<'_>,
    mut object: Object,
) -> Result<Object, Status> {
    for binding in bindings.iter().filter(|b| b.str_at("/spec/policyName") == policy.name()) {
        let asked = Request { new: Some(&object), ..*request };
        let namespace = namespace_of(cluster, &asked)?;
        if !is_meant(policy, binding, &asked, namespace.as_deref()) {
            continue;
        }
        let made = match parameters(cluster, policy, binding, object.namespace())? {
            Parameters::NotAsked => continue,
            Parameters::Missing => Err(super::missing().message),
            Parameters::Each(all) => all.into_iter().try_fold(object.clone(), |object, parameter| {
                mutated(policy, request, namespace.as_deref(), object, &parameter)
            }),
        };
        match made {
            Ok(made) => object = made,
            Err(_) if policy.str_at("/spec/failurePolicy") == "Ignore" => {}
            Err(why) => {
                let (policy, binding) = (policy.name(), binding.name());
                let why = format!("policy '{policy}' with binding '{binding}' denied request: {why}");
                return Err(refused(request, &object, why, ""));
            }
        }
    }
    Ok(object)
}

/// What a policy with a parameter makes of an object.
fn mutated(
    policy: &Object,
    request: &Request<'_>,
    namespace: Option<&Object>,
    mut object: Object,
    parameter: &Cel,
) -> Result<Object, String> {
    for (i, mutation) in policy.list_at("/spec/mutations").iter().enumerate() {
        let mut known = facts_of(&Request { new: Some(&object), ..*request }, namespace);
        known.push(("params", parameter.clone()));
        if i == 0 && !is_asked(policy, &known)? || !compose(policy, &mut known) {
            break;
        }
        let field = if mutation.text("patchType") == "JSONPatch" { "jsonPatch" } else { "applyConfiguration" };
        let expression = mutation.get(field).map_or("", |patch| patch.text("expression"));
        let made = match cel::make(expression, &known) {
            Ok(made) => made,
            Err(Failure::Error(why)) => return Err(format!("expression '{expression}' resulted in error: {why}")),
            Err(Failure::Unsupported) => continue,
        };
        let body = match field {
            "jsonPatch" => patched(&object, &made)?,
            _ => applied(request.kind, &object, &made)?,
        };
        object = decoded(request.kind, &object, body)?;
    }
    Ok(object)
}

/// The object with a list of operations done; a test that fails leaves it as it is.
fn patched(object: &Object, operations: &Value) -> Result<Value, String> {
    let tests = operations.as_array().is_some_and(|all| all.iter().any(|o| o.text("op") == "test"));
    match patch::apply(PatchType::Json, object.to_value(), operations, None) {
        Err(_) if tests => Ok(object.to_value()),
        outcome => outcome.map_err(|status| format!("JSON Patch: {}", status.message)),
    }
}

/// The object with a configuration merged into it.
fn applied(kind: &dyn Kind, object: &Object, configuration: &Value) -> Result<Value, String> {
    let Some(map) = configuration.as_object() else {
        let made = go_value::json_kind(configuration);
        return Err(format!("unsupported return type from ApplyConfiguration expression: {made}"));
    };
    let typed = Typed::of(kind);
    if let Some(why) = managed::problems(typed, map) {
        return Err(format!("error applying patch: failed to convert patch object to typed object: {why}"));
    }
    let atomics = managed::atomics(typed, map);
    if !atomics.is_empty() {
        let why = "invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs";
        return Err(format!("error applying patch: {why}: {}", atomics.join(", ")));
    }
    let mut body = object.to_value();
    overlay(typed, &mut body, map, |_| true);
    Ok(body)
}

/// The object again, with the defaults of what was added.
fn decoded(kind: &dyn Kind, before: &Object, body: Value) -> Result<Object, String> {
    let new = Object::from_value(body).ok_or("the patched document is not an object")?;
    let mut new = crate::apiserver::decode::decode(kind, new, false).map_err(|status| status.message)?;
    new.internal = before.internal.clone();
    kind.set_defaults(&mut new);
    Ok(new)
}
