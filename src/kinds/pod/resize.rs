//! The `resize` subresource: a pod's CPU and memory, which may change while it runs (podResizeStrategy, ValidatePodResize,
//! and the PodResizeValidator admission plugin of Kubernetes 1.36).

use serde_json::{Map, Value};

use super::fields::Fields;
use super::validation::validate_pod;
use super::{qos, spec_path};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::limit_range;
use crate::kinds::spec_part::{SpecPart, take_back};

/// The strategy of `pods/resize`.
pub struct Resize;

const LISTS: [&str; 2] = ["initContainers", "containers"];

impl SpecPart for Resize {
    fn name(&self) -> &'static str {
        "resize"
    }

    fn prepare(&self, new: &mut Object, old: &Object) {
        let sent = take_back(new, old);
        let Some(spec) = new.body_mut().get_mut("spec").and_then(Value::as_object_mut) else { return };
        let empty = Map::new();
        let sent = sent.map_at("/spec").unwrap_or(&empty);
        carry(spec, sent, "resources");
        for list in LISTS {
            for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                let name = container.text("name").to_owned();
                let sent = sent.items(list).iter().find(|c| c.text("name") == name).and_then(Value::as_object);
                if let (Some(sent), Some(container)) = (sent, container.as_object_mut()) {
                    carry(container, sent, "resources");
                    carry(container, sent, "resizePolicy");
                }
            }
        }
    }

    fn validate(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = validate_pod(new);
        for (is_so, what) in [
            (old.annotation("kubernetes.io/config.mirror").is_some(), "static pods cannot be resized"),
            (old.str_at("/spec/os/name") == "windows", "windows pods cannot be resized"),
        ] {
            if is_so {
                errors = Errors::default();
                errors.forbidden(&Path::new(""), what);
                return errors;
            }
        }
        let path = spec_path();
        let class = match old.str_at("/status/qosClass") {
            "" => qos::class(old),
            class => class,
        };
        if class != qos::class(new) {
            errors.invalid(&path, class, "Pod QOS Class may not change as a result of resizing");
        }
        let empty = Map::new();
        let (new, old) = (new.map_at("/spec").unwrap_or(&empty), old.map_at("/spec").unwrap_or(&empty));
        validate_nothing_removed(new, old, &path, &mut errors);
        validate_only_compute(new, old, &path, &mut errors);
        errors
    }

    fn admit(&self, new: &Object, old: &Object, cluster: &Cluster) -> Result<(), Status> {
        limit_range::check_pod(new, cluster)?;
        if new.generation() == old.generation() { Ok(()) } else { check_node(new, cluster) }
    }

    fn is_held_to_quotas(&self) -> bool {
        true
    }
}

fn carry(to: &mut Map<String, Value>, from: &Map<String, Value>, field: &str) {
    match from.get(field) {
        Some(value) => drop(to.insert(field.to_owned(), value.clone())),
        None => drop(to.remove(field)),
    }
}

fn is_sidecar(container: &Value) -> bool {
    container.text("restartPolicy") == "Always"
}

/// What was asked for or limited stays so, with whatever amount.
fn validate_nothing_removed(new: &Map<String, Value>, old: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    let mut check = |new: Option<&Value>, old: Option<&Value>, path: &Path| {
        for part in ["requests", "limits"] {
            let has = |resources: Option<&Value>, name: &String| {
                resources.and_then(|r| r.section(part)).is_some_and(|list| list.contains_key(name))
            };
            let before = old.and_then(|r| r.section(part)).into_iter().flatten();
            if before.into_iter().any(|(name, _)| !has(new, name)) {
                errors.forbidden(&path.child(part), &format!("resource {part} cannot be removed"));
            }
        }
    };
    check(new.get("resources"), old.get("resources"), &path.child("resources"));
    for list in LISTS {
        for (i, (new, old)) in new.items(list).iter().zip(old.items(list)).enumerate() {
            if list == "containers" || is_sidecar(old) {
                let path = path.child(list).index(i).child("resources");
                check(new.get("resources"), old.get("resources"), &path);
            }
        }
    }
}

fn validate_only_compute(new: &Map<String, Value>, old: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    if without_compute(new.get("resources")) != without_compute(old.get("resources")) {
        errors.forbidden(path, "only cpu and memory resources are mutable");
    }
    for list in ["containers", "initContainers"] {
        for (new, old) in new.items(list).iter().zip(old.items(list)) {
            let others = |container: &Value| {
                let mut others = container.clone();
                let resources = others.as_object_mut().and_then(|map| map.remove("resources"));
                (others, without_compute(resources.as_ref()))
            };
            if list == "initContainers" && !is_sidecar(old) {
                if new != old {
                    errors.forbidden(path, "resources for non-sidecar init containers are immutable");
                }
            } else if others(new) != others(old) {
                let whose = if list == "containers" { "resources" } else { "resources for sidecar containers" };
                errors.forbidden(path, &format!("only cpu and memory {whose} are mutable"));
            }
        }
    }
}

/// Resources without those that may change; parts that have nothing else are left out.
fn without_compute(resources: Option<&Value>) -> Map<String, Value> {
    let mut all = resources.and_then(Value::as_object).cloned().unwrap_or_default();
    for part in ["requests", "limits"] {
        let Some(list) = all.get_mut(part).and_then(Value::as_object_mut) else { continue };
        list.retain(|name, _| name != "cpu" && name != "memory");
        if list.is_empty() {
            all.remove(part);
        }
    }
    all
}

/// The PodResizeValidator plugin: what a node could never give is refused at once.
fn check_node(pod: &Object, cluster: &Cluster) -> Result<(), Status> {
    let name = pod.str_at("/spec/nodeName");
    if name.is_empty() {
        return Ok(());
    }
    let refuse = |why: &str| Status::forbidden("pods", pod.name(), why);
    let Some(node) = cluster.get(&Key::cluster("nodes", name))? else {
        return Err(refuse(&format!("node {name:?} not found")));
    };
    let (requests, _) = super::requests_and_limits(pod);
    let lacks: Vec<String> = ["cpu", "memory"]
        .into_iter()
        .filter_map(|resource| {
            let has = node.map_at("/status/allocatable").and_then(|list| list.get(resource));
            let has = has.and_then(|value| Quantity::from_value(value).ok()).unwrap_or(Quantity::ZERO);
            let asks = requests.get(resource).filter(|asks| **asks > has)?;
            let (asks, has) = (whole(resource, asks), whole(resource, &has));
            Some(format!("{resource}, requested: {asks}, allocatable: {has}"))
        })
        .collect();
    if lacks.is_empty() {
        return Ok(());
    }
    Err(refuse(&format!("Node didn't have enough allocatable resources: {}", lacks.join("; "))))
}

/// A quantity as kubelet and plugins print it: CPU in thousandths, the rest in ones.
pub fn whole(resource: &str, quantity: &Quantity) -> i64 {
    if resource == "cpu" { quantity.milli_value() } else { quantity.value() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(cpu: &str, memory: &str) -> Object {
        let mut pod = Object::new("v1", "Pod", "default", "p");
        let list = json!({"cpu": cpu, "memory": memory});
        let resources = json!({"requests": list, "limits": list});
        let init = json!({"name": "i", "image": "busybox", "resources": {"requests": {"cpu": "1"}}});
        pod.set(
            "/spec",
            json!({"containers": [{"name": "a", "image": "nginx", "resources": resources}], "initContainers": [init]}),
        );
        super::super::defaults::set_pod_defaults(&mut pod);
        pod
    }

    fn sent(change: impl FnOnce(&mut Value)) -> (Object, Vec<String>) {
        let old = pod("1", "1Gi");
        let mut new = old.clone();
        change(new.body_mut().get_mut("spec").unwrap());
        Resize.prepare(&mut new, &old);
        let errors = Resize.validate(&new, &old).0.iter().map(ToString::to_string).collect();
        (new, errors)
    }

    #[test]
    fn amounts_may_change_and_nothing_else_does() {
        let (new, errors) = sent(|spec| {
            for part in ["requests", "limits"] {
                spec["containers"][0]["resources"][part]["cpu"] = "2".into();
            }
            spec["containers"][0]["image"] = "other".into();
            spec["hostname"] = "x".into();
        });
        assert_eq!(errors, [""; 0]);
        assert_eq!(new.str_at("/spec/containers/0/resources/requests/cpu"), "2");
        assert_eq!((new.str_at("/spec/containers/0/image"), new.str_at("/spec/hostname")), ("nginx", ""));
    }

    #[test]
    fn what_a_resize_may_not_do() {
        let gpu = |spec: &mut Value| spec["containers"][0]["resources"]["requests"]["example.com/gpu"] = "1".into();
        let (_, errors) = sent(gpu);
        assert_eq!(errors.last().unwrap(), "spec: Forbidden: only cpu and memory resources are mutable");
        let (_, errors) = sent(|spec| {
            spec["containers"][0]["resources"]["limits"].as_object_mut().unwrap().remove("memory");
        });
        assert_eq!(errors, ["spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed"]);
        let (_, errors) = sent(|spec| spec["initContainers"][0]["resources"]["requests"]["cpu"] = "2".into());
        assert_eq!(errors, ["spec: Forbidden: resources for non-sidecar init containers are immutable"]);
    }
}
