use super::*;
use crate::kinds::Kind;
use crate::kinds::empty_store::{EmptyStore, put};
use crate::kinds::plan::Action;
use crate::kinds::replica_set::ReplicaSet;

fn set(cluster: &mut Cluster, replicas: i64) -> Arc<Object> {
    let mut set = Object::new("apps/v1", "ReplicaSet", "default", "web");
    set.set("/metadata/uid", "set".into());
    set.set("/spec/replicas", replicas.into());
    set.set("/spec/selector", json!({"matchLabels": {"app": "web"}}));
    set.set("/spec/template", json!({"metadata": {"labels": {"app": "web"}}, "spec": {}}));
    put(cluster, &set)
}

fn pod(cluster: &mut Cluster, name: &str, controller: Option<&str>, ready: bool) {
    let mut pod = Object::new("v1", "Pod", "default", name);
    pod.set("/metadata/uid", name.into());
    pod.set_label("app", "web");
    if let Some(uid) = controller {
        pod.set("/metadata/ownerReferences", json!([{"uid": uid, "controller": true}]));
    }
    pod.set("/status/phase", "Running".into());
    let status = if ready { "True" } else { "False" };
    let condition = json!({"type": "Ready", "status": status, "lastTransitionTime": "2026-01-01T00:00:00Z"});
    pod.set("/status/conditions", json!([condition]));
    put(cluster, &pod);
}

fn plan(set: &Arc<Object>, cluster: &Cluster) -> Plan {
    reconcile(ReplicaSet.names(), set, cluster, cluster.now()).unwrap()
}

#[test]
fn missing_pods_are_made_under_new_names() {
    let mut cluster = Cluster::new(&EmptyStore);
    let set = set(&mut cluster, 2);
    let made: Vec<String> = plan(&set, &cluster)
        .actions
        .iter()
        .filter_map(|a| if let Action::CreateOrTell(pod, _) = a { Some(pod.name().to_owned()) } else { None })
        .collect();
    assert_eq!(made.len(), 2);
    assert_ne!(made[0], made[1]);
    assert!(made.iter().all(|n| n.starts_with("web-") && n.len() == 9), "{made:?}");
}

#[test]
fn the_pod_that_is_not_ready_goes_first() {
    let mut cluster = Cluster::new(&EmptyStore);
    let set = set(&mut cluster, 1);
    pod(&mut cluster, "a", Some("set"), true);
    pod(&mut cluster, "b", Some("set"), false);
    let gone: Vec<String> = plan(&set, &cluster)
        .actions
        .iter()
        .filter_map(|a| if let Action::Delete { key, .. } = a { Some(key.name.to_string()) } else { None })
        .collect();
    assert_eq!(gone, ["b"]);
}

/// ActivePodsWithRanks: what its Deployment's other ReplicaSets have on a node counts, too.
#[test]
fn pods_of_crowded_nodes_go_first() {
    let mut cluster = Cluster::new(&EmptyStore);
    let of_deployment = |name: &str, uid: &str| {
        let mut set = Object::new("apps/v1", "ReplicaSet", "default", name);
        set.set("/metadata/uid", uid.into());
        set.set("/metadata/ownerReferences", json!([{"uid": "deployment", "controller": true}]));
        set.set("/spec", json!({"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": {}}));
        set
    };
    let set = put(&mut cluster, &of_deployment("web", "set"));
    put(&mut cluster, &of_deployment("old", "other"));
    for (name, uid, node) in [("a", "set", "one"), ("b", "set", "two"), ("c", "other", "two")] {
        pod(&mut cluster, name, Some(uid), true);
        let mut placed = Object::clone(&cluster.get(&Key::new("pods", "default", name)).unwrap().unwrap());
        placed.set("/spec/nodeName", node.into());
        put(&mut cluster, &placed);
    }
    let gone = |set: &Arc<Object>, cluster: &Cluster| -> Vec<String> {
        let actions = plan(set, cluster).actions.into_iter();
        actions
            .filter_map(|a| if let Action::Delete { key, .. } = a { Some(key.name.to_string()) } else { None })
            .collect()
    };
    assert_eq!(gone(&set, &cluster), ["b"]);
}

#[test]
fn orphans_are_adopted_before_anything_else() {
    let mut cluster = Cluster::new(&EmptyStore);
    let set = set(&mut cluster, 1);
    pod(&mut cluster, "a", None, true);
    pod(&mut cluster, "b", Some("another"), true);
    let actions = plan(&set, &cluster).actions;
    assert_eq!(actions.len(), 1);
    let Action::Update(adopted) = &actions[0] else { panic!("{actions:?}") };
    assert_eq!((adopted.name(), adopted.controller_of().unwrap().uid), ("a", "set"));
}
