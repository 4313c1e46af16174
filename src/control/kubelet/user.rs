//! Which user a container runs as, and whether it may: what the security contexts of pod and container say together.

use serde_json::{Value, json};

use super::life::text;
use crate::apimachinery::object::Object;
use crate::control::emulated::repository;

/// Official images whose own user is root, by the last part of their names. What any other image's user is, nobody knows.
const ROOT: &[&str] = &[
    "alpine",
    "busybox",
    "centos",
    "debian",
    "fedora",
    "golang",
    "httpd",
    "mariadb",
    "mongo",
    "mysql",
    "nginx",
    "nginx-slim",
    "node",
    "openjdk",
    "perl",
    "php",
    "postgres",
    "python",
    "redis",
    "ruby",
    "tomcat",
    "ubuntu",
    "wordpress",
];

/// A field of the container's security context, or else of the pod's.
fn said<'v>(pod: &'v Object, spec: &'v Value, field: &str) -> Option<&'v Value> {
    let of_container = spec.get("securityContext").and_then(|context| context.get(field));
    of_container.or_else(|| pod.at("/spec/securityContext")?.get(field)).filter(|value| !value.is_null())
}

/// The user of a container's first process as its status tells it. The groups are the user's own, the volumes' and those
/// that the pod adds.
pub fn of(pod: &Object, spec: &Value) -> Value {
    let id = |field: &str| said(pod, spec, field).and_then(Value::as_i64);
    let gid = id("runAsGroup").unwrap_or(0);
    let mut groups = vec![gid];
    let added = pod.list_at("/spec/securityContext/supplementalGroups").iter().filter_map(Value::as_i64);
    for group in pod.i64_at("/spec/securityContext/fsGroup").into_iter().chain(added) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    json!({"linux": {"gid": gid, "supplementalGroups": groups, "uid": id("runAsUser").unwrap_or(0)}})
}

/// Why a container that must not run as root does not run at all, in the kubelet's words.
pub fn breaks_policy(pod: &Object, spec: &Value) -> Option<String> {
    said(pod, spec, "runAsNonRoot").filter(|must| **must == true)?;
    let of = || {
        let pod = format!("{}_{}({})", pod.name(), pod.namespace(), pod.uid());
        format!("(pod: {pod:?}, container: {})", text(spec, "name"))
    };
    match said(pod, spec, "runAsUser").and_then(Value::as_i64) {
        Some(0) => Some(format!("container's runAsUser breaks non-root policy {}", of())),
        Some(_) => None,
        None => is_root(text(spec, "image"))
            .then(|| format!("container has runAsNonRoot and image will run as root {}", of())),
    }
}

/// Whether an image is known to run as root: one of Docker's own, or the tutorials' copy of one.
fn is_root(image: &str) -> bool {
    let name = repository(image);
    let (place, last) = name.rsplit_once('/').unwrap_or(("", name));
    let is_official = place.is_empty() || place == "library" || place.ends_with("/library") || place.ends_with(".io");
    is_official && ROOT.contains(&last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(context: Value) -> Object {
        let mut pod = Object::new("v1", "Pod", "default", "p");
        pod.set("/metadata/uid", "u".into());
        pod.set("/spec/securityContext", context);
        pod
    }

    #[test]
    fn the_container_speaks_before_the_pod() {
        let pod =
            pod(json!({"runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 2000, "supplementalGroups": [4000, 3000]}));
        let linux = |uid: i64| json!({"linux": {"gid": 3000, "supplementalGroups": [3000, 2000, 4000], "uid": uid}});
        assert_eq!(of(&pod, &json!({})), linux(1000));
        assert_eq!(of(&pod, &json!({"securityContext": {"runAsUser": 7}})), linux(7));
    }

    #[test]
    fn root_is_refused_where_it_is_known() {
        let why = |context: Value, spec: Value| breaks_policy(&pod(context), &spec);
        let spec = |image: &str| json!({"name": "c", "image": image});
        let must = || json!({"runAsNonRoot": true});
        let root = "container has runAsNonRoot and image will run as root (pod: \"p_default(u)\", container: c)";
        for image in ["nginx:1.24", "docker.io/library/busybox", "registry.k8s.io/nginx-slim:0.24", "redis@sha256:0"] {
            assert_eq!(why(must(), spec(image)).as_deref(), Some(root), "{image}");
        }
        for image in
            ["bitnami/nginx", "nginxinc/nginx-unprivileged", "registry.example.com/team/nginx", "prom/prometheus"]
        {
            assert_eq!(why(must(), spec(image)), None, "{image}");
        }
        assert_eq!(why(json!({}), spec("nginx")), None);
        assert_eq!(why(json!({"runAsNonRoot": true, "runAsUser": 1}), spec("nginx")), None);
        let zero = json!({"name": "c", "image": "x", "securityContext": {"runAsNonRoot": true, "runAsUser": 0}});
        let broken = "container's runAsUser breaks non-root policy (pod: \"p_default(u)\", container: c)";
        assert_eq!(why(json!({}), zero).as_deref(), Some(broken));
    }
}
