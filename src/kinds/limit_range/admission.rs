//! LimitRanger: what a namespace's LimitRanges give to new pods, and what they allow pods and claims.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::pod::{Amounts, Fields};

/// Says on a pod what was filled in.
const ANNOTATION: &str = "kubernetes.io/limit-ranger";

/// Gives the containers of a new pod the requests and limits that its namespace has for those that name none.
///
/// # Errors
/// Those of the store.
pub fn set_pod_defaults(pod: &mut Object, cluster: &Cluster) -> Result<(), Status> {
    for range in ranges(pod, cluster)? {
        let limits = range.list_at("/spec/limits").iter().filter(|l| l.text("type") == "Container");
        let (mut requested, mut limited) = (Map::new(), Map::new());
        for limit in limits {
            requested.extend(limit.section("defaultRequest").cloned().unwrap_or_default());
            limited.extend(limit.section("default").cloned().unwrap_or_default());
        }
        let mut told = Vec::new();
        for (list, what) in [("containers", "container"), ("initContainers", "init container")] {
            let containers = pod.body_mut().get_mut("spec").and_then(|s| s.get_mut(list)?.as_array_mut());
            for container in containers.into_iter().flatten() {
                for (part, word, amounts) in [("requests", "request", &requested), ("limits", "limit", &limited)] {
                    let set = fill(container, part, amounts);
                    if !set.is_empty() {
                        told.push(format!("{} {word} for {what} {}", set.join(", "), container.text("name")));
                    }
                }
            }
        }
        if !told.is_empty() {
            pod.set_annotation(ANNOTATION, &format!("LimitRanger plugin set: {}", told.join("; ")));
        }
    }
    Ok(())
}

/// Sets the amounts that a container does not name, and returns their names in order.
fn fill(container: &mut Value, part: &str, amounts: &Map<String, Value>) -> Vec<String> {
    let Some(container) = container.as_object_mut() else { return Vec::new() };
    let missing = |have: Option<&Map<String, Value>>| -> Vec<(String, Value)> {
        let is_missing = |name: &String| !have.is_some_and(|have| have.contains_key(name));
        amounts.iter().filter(|(name, _)| is_missing(name)).map(|(n, v)| (n.clone(), v.clone())).collect()
    };
    let missing = missing(container.section("resources").and_then(|r| r.section(part)));
    if missing.is_empty() {
        return Vec::new();
    }
    let mut set: Vec<String> = missing.iter().map(|(name, _)| name.clone()).collect();
    set.sort_unstable();
    let resources = container.entry("resources").or_insert_with(|| json!({}));
    if resources.is_null() {
        *resources = json!({});
    }
    let Some(resources) = resources.as_object_mut() else { return Vec::new() };
    let of_part = resources.entry(part).or_insert_with(|| json!({}));
    if of_part.is_null() {
        *of_part = json!({});
    }
    if let Some(of_part) = of_part.as_object_mut() {
        of_part.extend(missing);
    }
    set
}

/// Holds a new pod to its namespace's LimitRanges.
///
/// # Errors
/// Forbidden, naming everything that one LimitRange does not allow.
pub fn check_pod(pod: &Object, cluster: &Cluster) -> Result<(), Status> {
    for range in ranges(pod, cluster)? {
        let mut problems = Vec::new();
        for limit in range.list_at("/spec/limits") {
            let containers = pod.list_at("/spec/containers").iter().chain(pod.list_at("/spec/initContainers"));
            match limit.text("type") {
                "Container" => {
                    for c in containers {
                        let of = |part: &str| c.get("resources").map(|r| amounts(r, part)).unwrap_or_default();
                        problems.extend(Bounds::of(limit).broken_by(&of("requests"), &of("limits")));
                    }
                }
                "Pod" => {
                    let (requests, limits) = crate::kinds::pod::requests_and_limits(pod);
                    problems.extend(Bounds::of(limit).broken_by(&requests, &limits));
                }
                _ => {}
            }
        }
        refuse("pods", pod, problems)?;
    }
    Ok(())
}

/// Holds a claim to its namespace's LimitRanges.
///
/// # Errors
/// As for [`check_pod`].
pub fn check_claim(claim: &Object, cluster: &Cluster) -> Result<(), Status> {
    let requests = claim.at("/spec/resources").map(|r| amounts(r, "requests")).unwrap_or_default();
    for range in ranges(claim, cluster)? {
        let limits = range.list_at("/spec/limits").iter().filter(|l| l.text("type") == "PersistentVolumeClaim");
        let problems = limits.flat_map(|limit| Bounds::of(limit).broken_by_claim(&requests)).collect();
        refuse("persistentvolumeclaims", claim, problems)?;
    }
    Ok(())
}

fn ranges(object: &Object, cluster: &Cluster) -> Result<Vec<Arc<Object>>, Status> {
    cluster.list("limitranges", Some(object.namespace()))
}

/// As Go's aggregate of errors: each once, in brackets when they are several.
fn refuse(resource: &str, object: &Object, mut problems: Vec<String>) -> Result<(), Status> {
    let mut seen = BTreeSet::new();
    problems.retain(|p| seen.insert(p.clone()));
    let why = match problems.as_slice() {
        [] => return Ok(()),
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    };
    Err(Status::forbidden(resource, object.name(), &why))
}

fn amounts(of: &Value, part: &str) -> Amounts {
    let map = of.section(part).into_iter().flatten();
    map.filter_map(|(name, value)| Some((name.clone(), Quantity::from_value(value).ok()?))).collect()
}

/// One limit of a LimitRange.
struct Bounds<'a> {
    kind: &'a str,
    min: Amounts,
    max: Amounts,
    ratio: Amounts,
}

impl<'a> Bounds<'a> {
    fn of(limit: &'a Value) -> Bounds<'a> {
        Bounds {
            kind: limit.text("type"),
            min: amounts(limit, "min"),
            max: amounts(limit, "max"),
            ratio: amounts(limit, "maxLimitRequestRatio"),
        }
    }

    fn broken_by(&self, requests: &Amounts, limits: &Amounts) -> Vec<String> {
        let min = self.min.iter().filter_map(|(n, least)| self.below(n, least, requests, limits));
        let max = self.max.iter().filter_map(|(n, most)| self.above(n, most, requests, limits));
        let ratio = self.ratio.iter().filter_map(|(n, most)| self.ratio_above(n, most, requests, limits));
        min.chain(max).chain(ratio).collect()
    }

    /// Claims have no limits.
    fn broken_by_claim(&self, requests: &Amounts) -> Vec<String> {
        let min = self.min.iter().filter_map(|(n, least)| self.below(n, least, requests, &Amounts::new()));
        let max = self.max.iter().filter_map(|(name, most)| {
            let said = format!("maximum {name} usage per {} is {most}", self.kind);
            match requests.get(name) {
                None => Some(format!("{said}.  No request is specified")),
                Some(request) if request > most => Some(format!("{said}, but request is {request}")),
                Some(_) => None,
            }
        });
        min.chain(max).collect()
    }

    fn below(&self, name: &str, least: &Quantity, requests: &Amounts, limits: &Amounts) -> Option<String> {
        let said = format!("minimum {name} usage per {} is {least}", self.kind);
        match (requests.get(name), limits.get(name)) {
            (None, _) => Some(format!("{said}.  No request is specified")),
            (Some(request), _) if request < least => Some(format!("{said}, but request is {request}")),
            (_, Some(limit)) if limit < least => Some(format!("{said}, but limit is {limit}")),
            _ => None,
        }
    }

    fn above(&self, name: &str, most: &Quantity, requests: &Amounts, limits: &Amounts) -> Option<String> {
        let said = format!("maximum {name} usage per {} is {most}", self.kind);
        match (requests.get(name), limits.get(name)) {
            (_, None) => Some(format!("{said}.  No limit is specified")),
            (_, Some(limit)) if limit > most => Some(format!("{said}, but limit is {limit}")),
            (Some(request), _) if request > most => Some(format!("{said}, but request is {request}")),
            _ => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a ratio is compared and printed as Go's float64")]
    fn ratio_above(&self, name: &str, most: &Quantity, requests: &Amounts, limits: &Amounts) -> Option<String> {
        let said = format!("{name} max limit to request ratio per {} is {most}", self.kind);
        let given = |of: &Amounts| of.get(name).filter(|q| !q.is_zero()).map(|q| q.milli_value() as f64);
        let Some(request) = given(requests) else {
            return Some(format!("{said}, but no request is specified or request is 0"));
        };
        let Some(limit) = given(limits) else {
            return Some(format!("{said}, but no limit is specified or limit is 0"));
        };
        let ratio = limit / request;
        (ratio * 1000.0 > most.milli_value() as f64).then(|| format!("{said}, but provided ratio is {ratio:.6}"))
    }
}
