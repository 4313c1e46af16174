use super::*;
use crate::kinds::empty_store::{EmptyStore, put};

fn namespace(name: &str) -> Object {
    let mut o = Object::new("v1", "Namespace", "", name);
    o.set("/metadata/uid", format!("uid-{name}").into());
    Namespace.set_defaults(&mut o);
    Namespace.prepare_for_create(&mut o);
    o
}

fn terminating(name: &str) -> Object {
    let mut o = namespace(name);
    o.set("/metadata/deletionTimestamp", "2026-11-22T08:00:00Z".into());
    Namespace.prepare_for_delete(&mut o);
    o
}

#[test]
fn a_new_one_is_active_and_labelled() {
    let o = namespace("demo");
    assert_eq!(o.label(NAME_LABEL), Some("demo"));
    assert_eq!(o.at("/spec"), Some(&json!({"finalizers": ["kubernetes"]})));
    assert_eq!(Namespace.cells(&o, Time::MAX_UTC)[..2], ["demo", "Active"]);
    assert!(Namespace.outlives_deletion(&o));
}

#[test]
fn it_gets_a_service_account_once() {
    let mut cluster = Cluster::new(&EmptyStore);
    let stored = put(&mut cluster, &namespace("demo"));
    let plan = Namespace.reconcile(&stored, &cluster, cluster.now()).unwrap();
    assert_eq!(plan.actions, [Action::Create(Object::new("v1", "ServiceAccount", "demo", "default"))]);
    put(&mut cluster, &Object::new("v1", "ServiceAccount", "demo", "default"));
    assert_eq!(Namespace.reconcile(&stored, &cluster, cluster.now()).unwrap().actions, []);
}

#[test]
fn it_ends_when_it_is_empty() {
    let mut cluster = Cluster::new(&EmptyStore);
    let stored = put(&mut cluster, &terminating("demo"));
    assert_eq!(stored.str_at("/status/phase"), "Terminating");
    let secret = put(&mut cluster, &Object::new("v1", "Secret", "demo", "s"));
    put(&mut cluster, &Object::new("v1", "Secret", "other", "s"));
    let key = Key::new("secrets", "demo", "s");
    let plan = |cluster: &Cluster| Namespace.reconcile(&stored, cluster, cluster.now()).unwrap().actions;
    assert_eq!(plan(&cluster), [Action::Delete { key: key.clone(), uid: secret.uid().to_owned() }]);
    let mut held = Object::clone(&secret);
    held.set("/metadata/deletionTimestamp", "2026-11-22T08:00:00Z".into());
    held.add_finalizer("example.com/keep");
    put(&mut cluster, &held);
    let actions = plan(&cluster);
    let [Action::UpdateStatus(told)] = &actions[..] else {
        panic!("what a finalizer holds is waited for: {actions:?}")
    };
    let messages: Vec<&str> = told
        .list_at("/status/conditions")
        .iter()
        .filter_map(|c| c["message"].as_str().filter(|_| c["status"] == "True"))
        .collect();
    assert_eq!(
        messages,
        [
            "Some resources are remaining: secrets. has 1 resource instances",
            "Some content in the namespace has finalizers remaining: example.com/keep in 1 resource instances",
        ]
    );
    assert_eq!(Namespace.reconcile(&Arc::new(told.clone()), &cluster, cluster.now()).unwrap().actions, []);
    cluster.remove(&key).unwrap();
    let end = Action::Remove { key: Key::cluster("namespaces", "demo"), uid: "uid-demo".to_owned() };
    assert_eq!(plan(&cluster), [end]);
}

#[test]
fn the_systems_own_stay() {
    for (name, stays) in [("default", true), ("kube-system", true), ("kube-node-lease", false), ("demo", false)] {
        assert_eq!(Namespace.admit_delete(&namespace(name)).is_err(), stays, "{name}");
    }
    let refusal = Namespace.admit_delete(&namespace("default")).unwrap_err();
    assert_eq!(refusal.message, "namespaces \"default\" is forbidden: this namespace may not be deleted");
}

#[test]
fn every_namespaced_kind_wakes_a_namespace_that_ends() {
    let watched: Vec<&str> = TRIGGERS.iter().map(|t| t.resource).collect();
    for names in Registry::built_in().kinds().map(|k| k.names()).filter(|n| n.namespaced) {
        assert!(watched.contains(&names.resource), "{}", names.resource);
    }
}
