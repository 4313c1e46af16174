use std::sync::Arc;

use super::*;
use crate::apimachinery::key::Key;
use crate::apimachinery::seed::Seed;
use crate::apimachinery::time::Time;
use crate::cluster::{Meta, Snapshot};

/// A store that holds nothing yet.
struct Empty;

impl Snapshot for Empty {
    fn meta(&self) -> Meta {
        Meta { resource_version: 7, clock: Time::default(), seed: Seed("s".to_owned()), pod_addresses: 0 }
    }
    fn get(&self, _: &Key) -> Result<Option<Arc<Object>>, Status> {
        Ok(None)
    }
    fn list(&self, _: &str, _: Option<&str>) -> Result<Vec<(Key, Arc<Object>)>, Status> {
        Ok(Vec::new())
    }
    fn owned_by(&self, _: &str) -> Result<Vec<(Key, Arc<Object>)>, Status> {
        Ok(Vec::new())
    }
    fn due(&self, _: Time) -> Result<Vec<(Time, Key)>, Status> {
        Ok(Vec::new())
    }
    fn next_due(&self) -> Result<Option<Time>, Status> {
        Ok(None)
    }
}

fn with(objects: &[Value]) -> Cluster<'static> {
    let mut cluster = Cluster::new(&Empty);
    for body in objects {
        let object = Object::from_value(body.clone()).unwrap();
        let resource = match object.kind() {
            "ServiceAccount" => "serviceaccounts",
            "RuntimeClass" => "runtimeclasses.node.k8s.io",
            _ => "priorityclasses.scheduling.k8s.io",
        };
        cluster.put(&Key::new(resource, object.namespace(), object.name()), object.clone()).unwrap();
    }
    cluster
}

fn account() -> Value {
    json!({"kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "default"},
        "imagePullSecrets": [{"name": "s"}]})
}

fn pod(spec: Value) -> Object {
    let mut pod = Object::new("v1", "Pod", "default", "x");
    pod.set("/spec", spec);
    pod
}

#[test]
fn a_pod_gets_its_account_token_priority_and_tolerations() {
    let mut pod = pod(json!({"containers": [{"name": "a"}], "initContainers": [{"name": "i"}]}));
    admit(&mut pod, &with(&[account()])).unwrap();
    let volume = pod.str_at("/spec/volumes/0/name").to_owned();
    assert!(volume.starts_with("kube-api-access-") && volume.len() == 21, "{volume}");
    let mount =
        json!([{"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": volume, "readOnly": true}]);
    assert_eq!(pod.at("/spec/containers/0/volumeMounts"), Some(&mount));
    assert_eq!(pod.at("/spec/initContainers/0/volumeMounts"), Some(&mount));
    assert_eq!(pod.str_at("/spec/serviceAccount"), "default");
    assert_eq!(pod.i64_at("/spec/priority"), Some(0));
    assert_eq!(pod.str_at("/spec/preemptionPolicy"), "PreemptLowerPriority");
    assert_eq!(pod.at("/spec/imagePullSecrets"), Some(&json!([{"name": "s"}])));
    assert_eq!(pod.list_at("/spec/tolerations").len(), 2);
}

#[test]
fn what_a_pod_says_itself_stays() {
    let mut pod = pod(json!({
        "containers": [{"name": "a"}], "automountServiceAccountToken": false, "imagePullSecrets": [{"name": "t"}],
        "tolerations": [{"operator": "Exists"}],
    }));
    admit(&mut pod, &with(&[account()])).unwrap();
    assert!(pod.at("/spec/volumes").is_none() && pod.at("/spec/containers/0/volumeMounts").is_none());
    assert_eq!(pod.at("/spec/imagePullSecrets"), Some(&json!([{"name": "t"}])));
    assert_eq!(pod.list_at("/spec/tolerations").len(), 1);
}

#[test]
fn refusals() {
    let class = json!({"kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1000});
    let cluster = with(&[account(), class]);
    let refused = |spec: Value| admit(&mut pod(spec), &cluster).unwrap_err().message;
    assert_eq!(
        refused(json!({"serviceAccountName": "nope"})),
        "pods \"x\" is forbidden: error looking up service account default/nope: serviceaccount \"nope\" not found"
    );
    assert_eq!(
        refused(json!({"priorityClassName": "low"})),
        "pods \"x\" is forbidden: no PriorityClass with name low was found"
    );
    assert_eq!(
        refused(json!({"priorityClassName": "high", "priority": 5})),
        "pods \"x\" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 1000 from the given PriorityClass name"
    );
    assert_eq!(
        refused(json!({"runtimeClassName": "gvisor"})),
        "pods \"x\" is forbidden: pod rejected: RuntimeClass \"gvisor\" not found"
    );
}

#[test]
fn a_runtime_class_costs_and_chooses_nodes() {
    let class = json!({"kind": "RuntimeClass", "metadata": {"name": "kata"}, "handler": "kata",
        "overhead": {"podFixed": {"cpu": "250m"}},
        "scheduling": {"nodeSelector": {"kata": "yes"}, "tolerations": [{"key": "kata", "operator": "Exists"}]}});
    let cluster = with(&[account(), class]);
    let mut taken = pod(json!({"runtimeClassName": "kata", "nodeSelector": {"a": "b"}, "overhead": {"cpu": "0.25"}}));
    admit(&mut taken, &cluster).unwrap();
    assert_eq!(taken.at("/spec/overhead"), Some(&json!({"cpu": "250m"})));
    assert_eq!(taken.at("/spec/nodeSelector"), Some(&json!({"a": "b", "kata": "yes"})));
    assert_eq!(taken.str_at("/spec/tolerations/2/key"), "kata");
    let refused = |spec: Value| admit(&mut pod(spec), &cluster).unwrap_err().message;
    assert_eq!(
        refused(json!({"runtimeClassName": "kata", "overhead": {"cpu": "1"}})),
        "pods \"x\" is forbidden: pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
    );
    assert_eq!(
        refused(json!({"overhead": {"cpu": "1"}})),
        "pods \"x\" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
    );
    assert_eq!(
        refused(json!({"runtimeClassName": "kata", "nodeSelector": {"kata": "no"}})),
        "pods \"x\" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[kata] = yes; pod.spec.nodeSelector[kata] = no"
    );
}

#[test]
fn a_default_class_applies() {
    let class = json!({"kind": "PriorityClass", "metadata": {"name": "d"}, "value": 5, "globalDefault": true, "preemptionPolicy": "Never"});
    let mut pod = pod(json!({"containers": []}));
    admit(&mut pod, &with(&[account(), class])).unwrap();
    assert_eq!(pod.str_at("/spec/priorityClassName"), "d");
    assert_eq!(pod.i64_at("/spec/priority"), Some(5));
    assert_eq!(pod.str_at("/spec/preemptionPolicy"), "Never");
}
