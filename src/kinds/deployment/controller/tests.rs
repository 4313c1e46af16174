use super::*;
use crate::kinds::Kind;
use crate::kinds::deployment::Deployment;
use crate::kinds::empty_store::{EmptyStore, put};
use serde_json::json;

fn deployment(cluster: &mut Cluster, image: &str, replicas: i64, strategy: &str) -> Arc<Object> {
    let mut d = Object::new("apps/v1", "Deployment", "default", "web");
    d.set("/metadata/uid", "deployment".into());
    let spec = json!({"containers": [{"name": "c", "image": image}]});
    d.set("/spec/selector", json!({"matchLabels": {"app": "web"}}));
    d.set("/spec/template", json!({"metadata": {"labels": {"app": "web"}}, "spec": spec}));
    d.set("/spec/replicas", replicas.into());
    d.set("/spec/strategy/type", strategy.into());
    Deployment.set_defaults(&mut d);
    put(cluster, &d)
}

fn sets(cluster: &Cluster) -> Vec<i64> {
    let mut sets = cluster.list("replicasets.apps", None).unwrap();
    sets.sort_by_key(|s| replica_sets::revision(s));
    sets.iter().map(|s| replicas(s)).collect()
}

/// Plans and carries out steps until nothing is left to do; every set is as large, and its pods as available, as it is
/// asked to be at once. Returns the sizes of the sets after each step that changed them.
fn settle(cluster: &mut Cluster) -> Vec<Vec<i64>> {
    let mut seen = Vec::new();
    for _ in 0..100 {
        let key = NAMES.key("default", "web");
        let object = cluster.get(&key).unwrap().unwrap();
        let plan = reconcile(&object, cluster, cluster.now()).unwrap();
        if plan.actions.is_empty() {
            return seen;
        }
        for action in plan.actions {
            match action {
                Action::CreateOrTell(mut set, _) | Action::Update(mut set) | Action::UpdateStatus(mut set) => {
                    if set.kind() == "ReplicaSet" {
                        let size = replicas(&set);
                        if set.uid().is_empty() {
                            set.set("/metadata/uid", set.name().to_owned().into());
                        }
                        let status = json!({"replicas": size, "readyReplicas": size, "availableReplicas": size});
                        set.set("/status", status);
                    }
                    put(cluster, &set);
                }
                _ => {}
            }
        }
        let sizes = sets(cluster);
        if seen.last() != Some(&sizes) {
            seen.push(sizes);
        }
    }
    panic!("does not settle: {seen:?}");
}

#[test]
fn a_rolling_update_stays_within_its_bounds() {
    let mut cluster = Cluster::new(&EmptyStore);
    deployment(&mut cluster, "x:1", 4, "RollingUpdate");
    assert_eq!(settle(&mut cluster), [[4]]);
    deployment(&mut cluster, "x:2", 4, "RollingUpdate");
    let steps = settle(&mut cluster);
    assert_eq!(steps.last().unwrap(), &[0, 4]);
    assert!(steps.iter().all(|s| (3..=5).contains(&s.iter().sum::<i64>())), "{steps:?}");
}

#[test]
fn recreate_empties_the_old_set_first() {
    let mut cluster = Cluster::new(&EmptyStore);
    deployment(&mut cluster, "x:1", 2, "Recreate");
    assert_eq!(settle(&mut cluster), [[2]]);
    deployment(&mut cluster, "x:2", 2, "Recreate");
    assert_eq!(settle(&mut cluster), [vec![0], vec![0, 2]]);
}

#[test]
fn a_new_size_is_the_sets_and_an_old_template_comes_back_as_a_new_revision() {
    let mut cluster = Cluster::new(&EmptyStore);
    deployment(&mut cluster, "x:1", 2, "RollingUpdate");
    settle(&mut cluster);
    deployment(&mut cluster, "x:1", 5, "RollingUpdate");
    assert_eq!(settle(&mut cluster), [[5]]);
    deployment(&mut cluster, "x:2", 5, "RollingUpdate");
    settle(&mut cluster);
    deployment(&mut cluster, "x:1", 5, "RollingUpdate");
    settle(&mut cluster);
    let revisions: Vec<i64> =
        cluster.list("replicasets.apps", None).unwrap().iter().map(|s| replica_sets::revision(s)).collect();
    assert_eq!(revisions.iter().max(), Some(&3));
    let deployment = cluster.get(&NAMES.key("default", "web")).unwrap().unwrap();
    assert_eq!(deployment.annotation(REVISION), Some("3"));
    assert!(status::find(&deployment, "Progressing").is_some_and(|c| c.text("reason") == "NewReplicaSetAvailable"));
}
