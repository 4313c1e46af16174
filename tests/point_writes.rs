//! What a request about one object reads beside a large set: its own objects, and not the set's.

use std::cell::Cell;
use std::sync::Arc;

use kstate::apimachinery::key::Key;
use kstate::apimachinery::object::Object;
use kstate::apimachinery::patch::PatchType;
use kstate::apimachinery::seed::Seed;
use kstate::apimachinery::status::Status;
use kstate::apimachinery::time::{self, Time};
use kstate::apiserver::{self, DeleteOptions, Part, WriteOptions};
use kstate::cluster::{Cluster, Indexer, Meta, Snapshot};
use kstate::control;
use kstate::kinds;
use kstate::storage::memory::Memory;
use serde_json::{Value, json};

const PODS: usize = 80;

type Rows = Vec<(Key, Arc<Object>)>;

/// A store that counts the objects it gives.
struct Counted<'m> {
    store: &'m Memory,
    given: Cell<usize>,
}

impl Counted<'_> {
    fn count(&self, rows: Result<Rows, Status>) -> Result<Rows, Status> {
        let rows = rows?;
        self.given.set(self.given.get() + rows.len());
        Ok(rows)
    }
}

impl Snapshot for Counted<'_> {
    fn meta(&self) -> Meta {
        self.store.meta()
    }

    fn get(&self, key: &Key) -> Result<Option<Arc<Object>>, Status> {
        self.given.set(self.given.get() + 1);
        self.store.get(key)
    }

    fn list(&self, resource: &str, namespace: Option<&str>) -> Result<Rows, Status> {
        self.count(self.store.list(resource, namespace))
    }

    fn owned_by(&self, uid: &str) -> Result<Rows, Status> {
        self.count(self.store.owned_by(uid))
    }

    fn labelled(&self, resource: &str, namespace: Option<&str>, label: (&str, &str)) -> Result<Rows, Status> {
        self.count(self.store.labelled(resource, namespace, label))
    }

    fn indexed(&self, indexer: &'static Indexer, value: &str) -> Result<Rows, Status> {
        self.count(self.store.indexed(indexer, value))
    }

    fn due(&self, by: Time) -> Result<Vec<(Time, Key)>, Status> {
        self.store.due(by)
    }

    fn next_due(&self) -> Result<Option<Time>, Status> {
        self.store.next_due()
    }
}

type Request<'r> = &'r dyn Fn(&mut Cluster) -> Result<(), Status>;

/// Runs a request as the client does; returns how many objects were read for it.
fn run(store: &mut Memory, request: Request) -> usize {
    let now = time::parse("2026-11-22T08:00:00Z").expect("a time");
    let counted = Counted { store, given: Cell::new(0) };
    let mut cluster = Cluster::new(&counted);
    if cluster.resource_version() == 0 {
        cluster.set_now(now);
        apiserver::bootstrap(&mut cluster).expect("boots");
    }
    control::advance(&mut cluster, now).expect("advances");
    request(&mut cluster).expect("is served");
    control::settle(&mut cluster).expect("settles");
    let changes = cluster.into_changes();
    let given = counted.given.get();
    store.commit(changes);
    given
}

fn create(cluster: &mut Cluster, body: Value) -> Result<(), Status> {
    let object = Object::from_value(body).expect("an object");
    let kind = kinds::by_api_version(object.api_version(), object.kind()).expect("a known kind");
    apiserver::create(cluster, kind, "default", object, &WriteOptions::default()).map(drop)
}

fn patch(cluster: &mut Cluster, resource: &str, name: &str, metadata: Value) -> Result<(), Status> {
    let kind = kinds::by_resource(resource).expect("a known kind");
    let patch = json!({"metadata": metadata});
    let options = WriteOptions { manager: "test".to_owned(), ..WriteOptions::default() };
    apiserver::patch(cluster, kind, ("default", name), (PatchType::Merge, &patch), Part::Main, &options).map(drop)
}

fn set() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"},
        "spec": {
            "replicas": PODS, "podManagementPolicy": "Parallel", "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": "nginx:alpine"}]},
            },
        },
    })
}

fn service(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80}]}})
}

#[test]
fn a_request_about_one_object_does_not_read_a_set_of_many() {
    let mut store = Memory::new(Seed("test".to_owned()));
    run(&mut store, &|cluster| create(cluster, service("web")));
    run(&mut store, &|cluster| create(cluster, set()));
    assert_eq!(store.list("pods", None).expect("lists").len(), PODS);
    let requests: [(&str, Request); 7] = [
        ("create configmap", &|c| {
            create(c, json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}))
        }),
        ("label configmap", &|c| patch(c, "configmaps", "a", json!({"labels": {"x": "y"}}))),
        ("delete configmap", &|c| {
            let kind = kinds::by_resource("configmaps").expect("a known kind");
            apiserver::delete(c, kind, "default", "a", &DeleteOptions::default()).map(drop)
        }),
        ("annotate pod", &|c| patch(c, "pods", "web-7", json!({"annotations": {"x": "y"}}))),
        ("label pod", &|c| patch(c, "pods", "web-7", json!({"labels": {"x": "y"}}))),
        ("create service", &|c| create(c, service("other"))),
        ("label node", &|c| patch(c, "nodes", "node-1", json!({"labels": {"x": "y"}}))),
    ];
    for (what, request) in requests {
        let read = run(&mut store, request);
        assert!(read < PODS / 2, "{what} reads {read} objects beside {PODS} pods");
    }
    // A label that a service selects by is seen by it.
    let read = run(&mut store, &|c| patch(c, "pods", "web-7", json!({"labels": {"app": "none"}})));
    assert!(read > PODS, "the set and its service look again: {read}");
}
