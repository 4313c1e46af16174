//! Requests and limits, resource claims, resize policies.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::aggregate;
use super::super::fields::Fields;
use super::{Context, report};
use crate::apimachinery::field::{Error, ErrorType, Errors, Path};
use crate::apimachinery::names::{is_dns1123_label, is_qualified_name, name_is_dns_subdomain};
use crate::apimachinery::quantity::Quantity;
use crate::kinds::internal;

const CONTAINER_RESOURCES: &[&str] = &["cpu", "memory", "ephemeral-storage"];

/// Names without a domain that mean something somewhere, be it to quotas.
const STANDARD_RESOURCES: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
];

fn is_huge_page(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// Kubernetes' own: without a domain, or with its domain.
fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

fn is_extended(name: &str) -> bool {
    !is_native(name) && !name.starts_with("requests.") && is_qualified_name(&format!("requests.{name}")).is_empty()
}

fn may_be_overcommitted(name: &str) -> bool {
    is_native(name) && !is_huge_page(name)
}

/// Checks the name of a resource of a LimitRange: what containers have, where `of_containers`.
pub fn validate_limit_name(name: &str, of_containers: bool, path: &Path, errors: &mut Errors) {
    if of_containers {
        return validate_name(name, path, errors);
    }
    let problems = is_qualified_name(name);
    let is_known =
        || STANDARD_RESOURCES.contains(&name) || is_huge_page(name) || name.starts_with("requests.hugepages-");
    if problems.is_empty() && !name.contains('/') && !is_known() {
        errors.invalid(path, name, "must be a standard resource type or fully qualified");
    }
    report(errors, path, name, problems);
}

/// Whether amounts of a resource are whole numbers.
pub fn is_counted(name: &str) -> bool {
    const COUNTED: [&str; 9] = [
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    ];
    COUNTED.contains(&name) || is_extended(name)
}

/// Whether more of a resource may be limited than is requested.
pub fn is_overcommit_allowed(name: &str) -> bool {
    may_be_overcommitted(name)
}

fn validate_name(name: &str, path: &Path, errors: &mut Errors) {
    let problems = is_qualified_name(name);
    let plain = !name.contains('/');
    if problems.is_empty() && plain && !STANDARD_RESOURCES.contains(&name) && !is_huge_page(name) {
        errors.invalid(path, name, "must be a standard resource type or fully qualified");
    }
    report(errors, path, name, problems);
    if plain && !CONTAINER_RESOURCES.contains(&name) && !is_huge_page(name) {
        errors.invalid(path, name, "must be a standard resource for containers");
    } else if !is_native(name) && !is_extended(name) {
        errors.invalid(path, name, "doesn't follow extended resource name standard");
    }
}

/// The resources of a pod as a whole are fewer.
fn validate_pod_name(name: &str, path: &Path, errors: &mut Errors) {
    let before = errors.0.len();
    validate_limit_name(name, false, path, errors);
    if errors.0.len() == before && !matches!(name, "cpu" | "memory") && !is_huge_page(name) {
        errors.not_supported(path, name, &["cpu", "hugepages-", "memory"]);
    }
}

fn validate_quantity(name: &str, quantity: &Quantity, path: &Path, errors: &mut Errors) {
    if quantity.is_negative() {
        errors.invalid(path, quantity.to_string(), "must be greater than or equal to 0");
    }
    if is_extended(name) && quantity.milli_value() % 1000 != 0 {
        errors.invalid(path, quantity.to_string(), "must be an integer");
    }
    if let Some(size) = name.strip_prefix("hugepages-").and_then(|s| Quantity::parse(s).ok()) {
        let (value, page) = (quantity.value(), size.value());
        if value <= 0 || page <= 0 || value % page != 0 {
            errors.invalid(
                path,
                quantity.to_string(),
                &format!("{quantity} is not positive integer multiple of {name}"),
            );
        }
    }
}

fn quantities<'r>(requirements: &'r Value, part: &str) -> Vec<(&'r str, Quantity)> {
    let list = requirements.field(part).and_then(Value::as_object).into_iter().flatten();
    list.filter_map(|(name, value)| Some((name.as_str(), Quantity::from_value(value).ok()?))).collect()
}

/// Validates a container's ResourceRequirements; `claims` are the names it may claim.
pub(super) fn validate_requirements(requirements: &Value, claims: &BTreeSet<&str>, path: &Path, errors: &mut Errors) {
    validate_named(requirements, validate_name, claims, path, errors);
}

fn validate_named(
    requirements: &Value,
    validate_name: fn(&str, &Path, &mut Errors),
    claims: &BTreeSet<&str>,
    path: &Path,
    errors: &mut Errors,
) {
    let (limits, requests) = (quantities(requirements, "limits"), quantities(requirements, "requests"));
    for (name, limit) in &limits {
        let path = path.child("limits").key(name);
        validate_name(name, &path, errors);
        validate_quantity(name, limit, &path, errors);
    }
    for (name, request) in &requests {
        let path_of_one = path.child("requests").key(name);
        validate_name(name, &path_of_one, errors);
        validate_quantity(name, request, &path_of_one, errors);
        let limit = limits.iter().find(|(n, _)| n == name).map(|(_, limit)| limit);
        check_against_limit(name, request, limit, path, errors);
    }
    let named = |test: fn(&str) -> bool| limits.iter().chain(&requests).any(|(name, _)| test(name));
    if named(is_huge_page) && !named(|name| matches!(name, "cpu" | "memory")) {
        errors.forbidden(path, "HugePages require cpu or memory");
    }
    validate_claim_names(requirements, claims, &path.child("claims"), errors);
}

/// What is compared is reported at the list, not at its element, as upstream does.
fn check_against_limit(name: &str, request: &Quantity, limit: Option<&Quantity>, path: &Path, errors: &mut Errors) {
    let requests = path.child("requests");
    match limit {
        Some(limit) if !may_be_overcommitted(name) && request != limit => {
            errors.invalid(&requests, request.to_string(), &format!("must be equal to {name} limit of {limit}"));
        }
        Some(limit) if request > limit => {
            let detail = format!("must be less than or equal to {name} limit of {limit}");
            errors.invalid(&requests, request.to_string(), &detail);
        }
        None if !may_be_overcommitted(name) => {
            errors.required(&path.child("limits"), "Limit must be set for non overcommitable resources");
        }
        _ => {}
    }
}

fn validate_claim_names(requirements: &Value, claims: &BTreeSet<&str>, path: &Path, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for (i, claim) in requirements.items("claims").iter().enumerate() {
        let path = path.index(i);
        let (name, request) = (claim.text("name"), claim.text("request"));
        if name.is_empty() {
            errors.required(&path, "");
            continue;
        }
        if !request.is_empty() {
            report(errors, &path.child("request"), request, is_dns1123_label(request));
        }
        let key = if request.is_empty() { name.to_owned() } else { format!("{name}/{request}") };
        if seen.contains(name) || !seen.insert(key.clone()) {
            errors.duplicate(&path, key);
        }
        if !claims.contains(name) {
            let all: Vec<&str> = claims.iter().copied().collect();
            let rest = if all.is_empty() { " which is empty".to_owned() } else { format!(": {}", all.join(", ")) };
            let body = format!("Not found: {name:?}: must be one of the names in pod.spec.resourceClaims{rest}");
            errors.0.push(Error { kind: ErrorType::NotFound, field: path.to_string(), body });
        }
    }
}

/// Validates a pod's `resourceClaims`.
pub(super) fn validate_claims(spec: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    let mut names = BTreeSet::new();
    for (i, claim) in spec.items("resourceClaims").iter().enumerate() {
        let path = path.index(i);
        let name = claim.text("name");
        if name.is_empty() {
            errors.required(&path.child("name"), "");
        } else if !names.insert(name) {
            errors.duplicate(&path.child("name"), name);
        } else {
            report(errors, &path.child("name"), name, is_dns1123_label(name));
        }
        let sources = ["resourceClaimName", "resourceClaimTemplateName"];
        match sources.iter().filter(|key| claim.field(key).is_some()).count() {
            0 => errors.invalid_shown(
                &path,
                &internal::shown(claim, internal::POD_RESOURCE_CLAIM),
                "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`",
            ),
            1 => {}
            _ => errors.invalid_shown(
                &path,
                &internal::shown(claim, internal::POD_RESOURCE_CLAIM),
                "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
            ),
        }
        for key in sources.into_iter().filter(|key| claim.field(key).is_some()) {
            let name = claim.text(key);
            report(errors, &path.child(key), name, name_is_dns_subdomain(name, false));
        }
    }
}

/// Validates the resources of a pod as a whole.
pub(super) fn validate_pod_resources(context: &Context<'_>, path: &Path, errors: &mut Errors) {
    let Some(resources) = context.spec.field("resources") else { return };
    if resources.field("claims").is_some() {
        errors.forbidden(&path.child("claims"), "claims cannot be set for Resources at pod-level");
    }
    validate_named(resources, validate_pod_name, &context.claims, path, errors);
    let pod_requests = quantities(resources, "requests");
    for (name, sum) in aggregate::of_containers(context.spec, "requests") {
        let least = pod_requests.iter().find(|(n, _)| *n == name).map_or(&Quantity::ZERO, |(_, least)| least);
        if sum > *least {
            let detail = format!("must be greater than or equal to aggregate container requests of {sum}");
            errors.invalid(&path.child("requests").key(&name), least.to_string(), &detail);
        }
    }
    let pod_limits = quantities(resources, "limits");
    for (i, container) in context.spec.items("containers").iter().enumerate() {
        let Some(own) = container.field("resources") else { continue };
        for (name, limit) in quantities(own, "limits") {
            if let Some((_, most)) = pod_limits.iter().find(|(n, most)| *n == name && limit > *most) {
                let path = path.child("containers").index(i).key(name).child("limits");
                errors.invalid(
                    &path,
                    limit.to_string(),
                    &format!("must be less than or equal to pod limits of {most}"),
                );
            }
        }
    }
}

pub(super) fn validate_resize_policy(container: &Value, spec: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for (i, policy) in container.items("resizePolicy").iter().enumerate() {
        let (name, restart) = (policy.text("resourceName"), policy.text("restartPolicy"));
        if !seen.insert(name) {
            errors.duplicate(&path.index(i), name);
        }
        super::choice(errors, path, name, &["cpu", "memory"], Some(""));
        super::choice(errors, path, restart, &["NotRequired", "RestartContainer"], Some(""));
        if spec.text("restartPolicy") == "Never" && restart != "NotRequired" {
            errors.invalid(path, restart, "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
        }
    }
}
