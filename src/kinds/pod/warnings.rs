//! What the server warns of in a pod or a template that is valid: what is deprecated, doubled or without effect.
//!
//! As upstream's pkg/api/pod/warnings.go. Knows nothing of who is warned.

mod paths;
mod ports;
mod profiles;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::defaults::CONTAINER_LISTS;
use super::fields::Fields;
use crate::apimachinery::field::Path;
use crate::apimachinery::names::{is_dns1123_label, is_label_value};
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::kinds::persistent_volume_claim::spec_warnings;

/// Labels of nodes with what to use in their place.
const OLD_NODE_LABELS: &[(&str, &str)] = &[
    ("beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"),
    ("beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"),
    (
        "failure-domain.beta.kubernetes.io/region",
        "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
    ),
    ("failure-domain.beta.kubernetes.io/zone", "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"),
    ("beta.kubernetes.io/instance-type", "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"),
    ("app.kubernetes.io/created-by", "deprecated since v1.9"),
    ("scheduler.alpha.kubernetes.io/preferAvoidPods", "deprecated since v1.22; use Taints and Tolerations instead"),
    ("node-role.kubernetes.io/master", "use \"node-role.kubernetes.io/control-plane\" instead"),
];

const OLD_ANNOTATIONS: &[(&str, &str)] = &[
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "non-functional in v1.16+; use the \"priorityClassName\" field instead",
    ),
    ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    ("security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
];

/// Volume sources with the name upstream gives them here.
const OLD_VOLUMES: &[(&str, &str, &str)] = &[
    ("photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("gitRepo", "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    ("scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"),
    ("quobyte", "quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"),
];

const NULL_SELECTOR: &str = "a null labelSelector results in matching no pod";

/// The warnings for a new pod. Updates of pods are not warned of.
pub(super) fn pod_warnings(pod: &Object) -> Vec<String> {
    let mut warnings = Vec::new();
    let problems = is_dns1123_label(pod.name());
    if !problems.is_empty() {
        warnings.push(format!(
            "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [{}]",
            problems.join(" ")
        ));
    }
    if let (Some(spec), Some(annotations)) = (pod.map_at("/spec"), pod.map_at("/metadata/annotations")) {
        let path = Path::new("metadata.annotations");
        // Told of when the pod is prepared, before the rest is looked at.
        warnings.splice(0..0, profiles::warn_of_app_armor(spec, annotations, &path));
    }
    warnings.extend(all(&pod.body().to_map(), &Path::default()));
    warnings
}

/// The warnings for the PodTemplateSpec of a workload; `path` is the template's.
pub fn template_warnings(template: &Value, path: &Path) -> Vec<String> {
    template.as_object().map(|t| all(t, path)).unwrap_or_default()
}

/// `template` has `metadata` and `spec`, as pods and templates have.
fn all(template: &Map<String, Value>, path: &Path) -> Vec<String> {
    let empty = Map::new();
    let spec = template.section("spec").unwrap_or(&empty);
    let annotations = template.section("metadata").and_then(|m| m.section("annotations")).unwrap_or(&empty);
    let mut warnings = Vec::new();
    let spec_path = path.child("spec");
    warn_of_nodes(spec, &spec_path, &mut warnings);
    for (key, message) in OLD_ANNOTATIONS.iter().filter(|(key, _)| annotations.contains_key(*key)) {
        warnings.push(format!("{}: {message}", path.child("metadata").child("annotations").key(key)));
    }
    warn_of_volumes(spec, &spec_path.child("volumes"), &mut warnings);
    paths::warn(spec.items("volumes"), &mut warnings);
    warn_of_doubles(spec, &spec_path, &mut warnings);
    for name in ["memory", "ephemeral-storage"] {
        warn_of_fraction(spec.field("overhead"), name, &spec_path.child("overhead"), &mut warnings);
    }
    let annotations_path = path.child("metadata").child("annotations");
    warnings.extend(profiles::warn_of_pod(spec, annotations, &annotations_path));
    let is_template = !path.as_str().is_empty();
    for (container, path) in containers(spec, &spec_path) {
        let of = (spec, annotations);
        profiles::warn_of_container(container, of, &annotations_path, is_template, &mut warnings);
        warn_of_fractions(container, &path, &mut warnings);
        warn_of_hidden_variables(container, &path.child("env"), &mut warnings);
    }
    ports::warn(spec, &spec_path, &mut warnings);
    if spec.int("terminationGracePeriodSeconds").is_some_and(|s| s < 0) {
        let path = spec_path.child("terminationGracePeriodSeconds");
        warnings.push(format!("{path}: must be >= 0; negative values are invalid and will be treated as 1"));
    }
    warn_of_affinity(spec, &spec_path.child("affinity"), &mut warnings);
    warnings
}

/// The warnings for a list of node selector terms that must be met.
pub fn node_term_warnings(terms: &[Value], path: &Path) -> Vec<String> {
    let mut warnings = Vec::new();
    for (i, term) in terms.iter().enumerate() {
        warn_of_term(term, false, &path.index(i), &mut warnings);
    }
    warnings
}

/// Every container with its path: init containers first.
fn containers<'s>(spec: &'s Map<String, Value>, path: &Path) -> Vec<(&'s Value, Path)> {
    let lists = CONTAINER_LISTS.into_iter();
    lists
        .flat_map(|list| spec.items(list).iter().enumerate().map(move |(i, c)| (c, list, i)))
        .map(|(container, list, i)| (container, path.child(list).index(i)))
        .collect()
}

/// What is said of a node label that has another name now: `deprecated since v1.14; …`.
pub fn old_node_label(key: &str) -> Option<&'static str> {
    OLD_NODE_LABELS.iter().find(|(label, _)| *label == key).map(|(_, message)| *message)
}

fn warn_of_nodes(spec: &Map<String, Value>, path: &Path, warnings: &mut Vec<String>) {
    for key in spec.section("nodeSelector").into_iter().flat_map(Map::keys) {
        if let Some(message) = old_node_label(key) {
            warnings.push(format!("{}: {message}", path.child("nodeSelector").key(key)));
        }
    }
    if let Some(affinity) = spec.field("affinity").and_then(|a| a.field("nodeAffinity")) {
        let path = path.child("affinity").child("nodeAffinity");
        let key = "requiredDuringSchedulingIgnoredDuringExecution";
        let terms = affinity.field(key).map_or(&[][..], |s| s.items("nodeSelectorTerms"));
        for (i, term) in terms.iter().enumerate() {
            warn_of_term(term, false, &path.child(key).child("nodeSelectorTerms").index(i), warnings);
        }
        let key = "preferredDuringSchedulingIgnoredDuringExecution";
        for (i, term) in affinity.items(key).iter().enumerate() {
            let preference = term.field("preference").unwrap_or(&Value::Null);
            warn_of_term(preference, true, &path.child(key).index(i).child("preference"), warnings);
        }
    }
    for (i, constraint) in spec.items("topologySpreadConstraints").iter().enumerate() {
        let path = path.child("topologySpreadConstraints").index(i);
        let key = constraint.text("topologyKey");
        if let Some(message) = old_node_label(key) {
            warnings.push(format!("{}: {key} is {message}", path.child("topologyKey")));
        }
        if constraint.field("labelSelector").is_none() {
            warnings.push(format!("{}: {NULL_SELECTOR}", path.child("labelSelector")));
        }
    }
}

/// What is only preferred may have impossible values; what is required may not, and validation says so.
fn warn_of_term(term: &Value, preferred: bool, path: &Path, warnings: &mut Vec<String>) {
    for (i, expression) in term.items("matchExpressions").iter().enumerate() {
        let path = path.child("matchExpressions").index(i);
        let key = expression.text("key");
        if let Some(message) = old_node_label(key) {
            warnings.push(format!("{}: {key} is {message}", path.child("key")));
        }
        for (i, value) in expression.texts("values").into_iter().enumerate().filter(|_| preferred) {
            let path = path.child("values").index(i);
            warnings.extend(is_label_value(value).into_iter().map(|p| format!("{path}: {value} is invalid, {p}")));
        }
    }
}

fn warn_of_volumes(spec: &Map<String, Value>, path: &Path, warnings: &mut Vec<String>) {
    for (i, volume) in spec.items("volumes").iter().enumerate() {
        for (_, name, message) in OLD_VOLUMES.iter().filter(|(key, ..)| volume.field(key).is_some()) {
            warnings.push(format!("{}: {message}", path.index(i).child(name)));
        }
        if let Some(spec) = volume.pointer("/ephemeral/volumeClaimTemplate/spec") {
            let path = path.index(i).child("ephemeral").child("volumeClaimTemplate").child("spec");
            warnings.extend(spec_warnings(spec, &path));
        }
    }
}

/// Entries that come twice, or are empty.
fn warn_of_doubles(spec: &Map<String, Value>, path: &Path, warnings: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for (i, alias) in spec.items("hostAliases").iter().enumerate() {
        let ip = alias.text("ip");
        if !seen.insert(ip) {
            warnings.push(format!("{}: duplicate ip {ip:?}", path.child("hostAliases").index(i).child("ip")));
        }
    }
    let path_of = |i: usize| path.child("imagePullSecrets").index(i).child("name");
    let mut seen = BTreeSet::new();
    for (i, secret) in spec.items("imagePullSecrets").iter().enumerate() {
        let name = secret.text("name");
        if !seen.insert(name) {
            warnings.push(format!("{}: duplicate name {name:?}", path_of(i)));
        }
    }
    for (i, _) in spec.items("imagePullSecrets").iter().enumerate().filter(|(_, s)| s.text("name").is_empty()) {
        warnings.push(format!("{}: invalid empty name \"\"", path_of(i)));
    }
}

/// A part of a byte.
fn warn_of_fractions(container: &Value, path: &Path, warnings: &mut Vec<String>) {
    let Some(resources) = container.field("resources") else { return };
    for (name, part) in [
        ("memory", "limits"),
        ("memory", "requests"),
        ("ephemeral-storage", "limits"),
        ("ephemeral-storage", "requests"),
    ] {
        warn_of_fraction(resources.field(part), name, &path.child("resources").child(part), warnings);
    }
}

fn warn_of_fraction(amounts: Option<&Value>, name: &str, path: &Path, warnings: &mut Vec<String>) {
    let value = amounts.and_then(|p| p.field(name)).and_then(|v| Quantity::from_value(v).ok());
    if let Some(value) = value.filter(|v| v.milli_value() % 1000 != 0) {
        let (path, value) = (path.key(name), value.to_string());
        warnings.push(format!("{path}: fractional byte value {value:?} is invalid, must be an integer"));
    }
}

/// A variable that comes again, unless its new value is built on the old one.
fn warn_of_hidden_variables(container: &Value, path: &Path, warnings: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for (i, variable) in container.items("env").iter().enumerate() {
        let (name, value) = (variable.text("name"), variable.text("value"));
        if seen.insert(name) {
            continue;
        }
        let reference = format!("$({name})");
        if variable.field("valueFrom").is_some() || value == reference || !value.contains(&reference) {
            let path = path.index(i);
            warnings
                .push(format!("{path}: hides previous definition of {name:?}, which may be dropped when using apply"));
        }
    }
}

fn warn_of_affinity(spec: &Map<String, Value>, path: &Path, warnings: &mut Vec<String>) {
    for kind in ["podAffinity", "podAntiAffinity"] {
        let Some(affinity) = spec.field("affinity").and_then(|a| a.field(kind)) else { continue };
        let key = "requiredDuringSchedulingIgnoredDuringExecution";
        for (i, _) in affinity.items(key).iter().enumerate().filter(|(_, t)| t.field("labelSelector").is_none()) {
            let path = path.child(kind).child(key).index(i).child("labelSelector");
            warnings.push(format!("{path}: {NULL_SELECTOR}"));
        }
        let key = "preferredDuringSchedulingIgnoredDuringExecution";
        for (i, weighted) in affinity.items(key).iter().enumerate() {
            if weighted.field("podAffinityTerm").is_none_or(|t| t.field("labelSelector").is_none()) {
                let path = path.child(kind).child(key).index(i).child("podAffinityTerm").child("labelSelector");
                warnings.push(format!("{path}: {NULL_SELECTOR}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_warned_of() {
        let template = json!({"spec": {
            "containers": [
                {"name": "a", "ports": [{"containerPort": 80, "name": "web", "protocol": "TCP"}, {"containerPort": 80, "protocol": "TCP"}],
                 "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "$(A)2"}, {"name": "A", "value": "3"}],
                 "resources": {"limits": {"memory": "100m"}}},
                {"name": "b", "ports": [{"containerPort": 81, "name": "web", "protocol": "TCP", "hostIP": "10.0.0.1"}]},
            ],
            "overhead": {"memory": "1m"},
            "volumes": [{"name": "g", "glusterfs": {}}, {"name": "e", "ephemeral": {"volumeClaimTemplate": {"spec":
                {"resources": {"requests": {"storage": "1m"}}}}}}], "nodeSelector": {"beta.kubernetes.io/os": "linux"},
            "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "k"}]}},
            "imagePullSecrets": [{}], "terminationGracePeriodSeconds": -1,
        }});
        assert_eq!(
            template_warnings(&template, &Path::new("spec").child("template")),
            [
                "spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead",
                "spec.template.spec.volumes[0].glusterfs: deprecated in v1.25, non-functional in v1.26+",
                "spec.template.spec.volumes[1].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: fractional byte value \"1m\" is invalid, must be an integer",
                "spec.template.spec.imagePullSecrets[0].name: invalid empty name \"\"",
                "spec.template.spec.overhead[memory]: fractional byte value \"1m\" is invalid, must be an integer",
                "spec.template.spec.containers[0].resources.limits[memory]: fractional byte value \"100m\" is invalid, must be an integer",
                "spec.template.spec.containers[0].env[2]: hides previous definition of \"A\", which may be dropped when using apply",
                "spec.template.spec.containers[0].ports[1]: duplicate port definition with spec.template.spec.containers[0].ports[0]",
                "spec.template.spec.containers[1].ports[0]: hostIP set without hostPort: {Name:web HostPort:0 ContainerPort:81 Protocol:TCP HostIP:10.0.0.1}",
                "spec.template.spec.containers[1].ports[0]: duplicate port name \"web\" with spec.template.spec.containers[0].ports[0], services and probes that select ports by name will use spec.template.spec.containers[0].ports[0]",
                "spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1",
                "spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod",
            ]
        );
    }

    #[test]
    fn a_pods_name_is_its_hosts_name() {
        assert_eq!(
            pod_warnings(&Object::new("v1", "Pod", "default", "a.b")),
            [
                "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]"
            ]
        );
        assert_eq!(pod_warnings(&Object::new("v1", "Pod", "default", "web-0")), [""; 0]);
    }
}
