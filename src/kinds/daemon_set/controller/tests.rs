use super::*;
use crate::kinds::empty_store::{EmptyStore, put};

fn set(cluster: &mut Cluster, image: &str) -> Arc<Object> {
    let mut set = Object::new("apps/v1", "DaemonSet", "default", "ds");
    set.set("/metadata/uid", "set".into());
    set.set("/spec/selector", json!({"matchLabels": {"app": "ds"}}));
    let spec = json!({"containers": [{"name": "c", "image": image}], "nodeSelector": {"role": "worker"}});
    set.set("/spec/template", json!({"metadata": {"labels": {"app": "ds"}}, "spec": spec}));
    set.set("/spec/updateStrategy", json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}));
    put(cluster, &set)
}

fn nodes(cluster: &mut Cluster) {
    for (name, role) in [("a", "worker"), ("b", "worker"), ("c", "master")] {
        let mut node = Object::new("v1", "Node", "", name);
        node.set_label("role", role);
        put(cluster, &node);
    }
}

/// Carries out what concerns pods, each ready at once; returns how many were made and taken away.
fn step(set: &Arc<Object>, cluster: &mut Cluster) -> (usize, usize) {
    let plan = reconcile(set, cluster, cluster.now()).unwrap();
    let (mut made, mut gone) = (0, 0);
    for action in plan.actions {
        match action {
            Action::CreateOrTell(mut pod, _) => {
                pod.set("/metadata/uid", pod.name().to_owned().into());
                pod.set("/status/phase", "Running".into());
                let ready = json!({"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"});
                pod.set("/status/conditions", json!([ready]));
                put(cluster, &pod);
                made += 1;
            }
            Action::Create(revision) => drop(put(cluster, &revision)),
            Action::Delete { key, .. } if key.resource == "pods" => {
                cluster.remove(&key).unwrap();
                gone += 1;
            }
            _ => {}
        }
    }
    (made, gone)
}

#[test]
fn each_chosen_node_gets_a_pod_and_updates_go_one_by_one() {
    let mut cluster = Cluster::new(&EmptyStore);
    nodes(&mut cluster);
    let old = set(&mut cluster, "x:1");
    assert_eq!(step(&old, &mut cluster), (2, 0));
    assert_eq!(step(&old, &mut cluster), (0, 0));
    let new = set(&mut cluster, "x:2");
    assert_eq!(step(&new, &mut cluster), (0, 1));
    assert_eq!(step(&new, &mut cluster), (1, 0));
    assert_eq!(step(&new, &mut cluster), (0, 1));
    assert_eq!(step(&new, &mut cluster), (1, 0));
    assert_eq!(step(&new, &mut cluster), (0, 0));
}

/// A surge has two pods on a node, and its name tells no age.
#[test]
fn the_oldest_pod_of_a_node_counts() {
    let pod = |name: &str, made: &str, phase: &str, going: bool| {
        let mut pod = Object::new("v1", "Pod", "default", name);
        pod.set("/metadata/creationTimestamp", made.into());
        pod.set("/status/phase", phase.into());
        pod.set("/spec/nodeName", "a".into());
        if going {
            pod.set("/metadata/deletionTimestamp", made.into());
        }
        Arc::new(pod)
    };
    let new = pod("ds-a", "2026-01-01T00:01:00Z", "Running", false);
    let old = pod("ds-z", "2026-01-01T00:00:00Z", "Running", true);
    let ended = pod("ds-b", "2025-01-01T00:00:00Z", "Failed", true);
    assert_eq!(oldest(&[new.clone(), old, ended.clone()]).unwrap().name(), "ds-z");
    assert_eq!(oldest(&[ended, new]).unwrap().name(), "ds-a");
}
