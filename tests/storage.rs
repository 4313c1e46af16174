//! The store and its twin: the same answers to the same history, from memory and from a file that is reopened.

use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;
use kstate::apimachinery::key::Key;
use kstate::apimachinery::object::Object;
use kstate::apimachinery::seed::Seed;
use kstate::apimachinery::time::Time;
use kstate::cluster::{Changes, Cluster, KEPT_CHANGES, Snapshot};
use kstate::storage::memory::Memory;
use kstate::storage::{self, Options, Store};
use proptest::prelude::*;
use serde_json::json;

fn options(home: &Path) -> Options {
    Options { home: home.to_owned(), patience: Duration::from_secs(20), fsync: false }
}

fn open(home: &Path) -> Store {
    Store::open(options(home), || Ok(Seed("s".to_owned()))).unwrap()
}

/// One step of a history. Small numbers, so that steps meet the same objects.
#[derive(Clone, Debug)]
enum Step {
    Put { key: u8, owners: Vec<u8>, size: u8, internal: bool },
    Remove { key: u8 },
    Wake { key: u8, at: Option<u8> },
    Pass { seconds: u8 },
    Commit,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0u8..12, prop::collection::vec(0u8..4, 0..3), any::<u8>(), any::<bool>())
            .prop_map(|(key, owners, size, internal)| Step::Put { key, owners, size, internal }),
        2 => (0u8..12).prop_map(|key| Step::Remove { key }),
        2 => (0u8..12, prop::option::of(any::<u8>())).prop_map(|(key, at)| Step::Wake { key, at }),
        1 => any::<u8>().prop_map(|seconds| Step::Pass { seconds }),
        3 => Just(Step::Commit),
        1 => Just(Step::Reopen),
    ]
}

fn key(n: u8) -> Key {
    let resource = if n.is_multiple_of(2) { "pods" } else { "statefulsets.apps" };
    Key::new(resource, ["", "a", "b"][usize::from(n / 2 % 3)], &format!("n{}", n / 6))
}

fn object(key: &Key, owners: &[u8], size: u8, internal: bool) -> Object {
    let mut object = Object::new("v1", "Pod", &key.namespace, &key.name);
    object.set("/metadata/uid", format!("uid-{size}").into());
    object.set("/spec/text", "x\u{0}é".repeat(usize::from(size)).into());
    let owners: Vec<_> = owners.iter().map(|o| json!({"uid": format!("o{o}"), "kind": "K", "name": "n"})).collect();
    object.set("/metadata/ownerReferences", owners.into());
    if !size.is_multiple_of(3) {
        object.set("/spec/nodeName", format!("node-{}", size % 3).into());
        object.set("/status/phase", if size.is_multiple_of(2) { "Pending" } else { "Running" }.into());
    }
    if internal {
        object.internal.insert("seen", size.into());
    }
    object
}

fn play(cluster: &mut Cluster, steps: &[Step]) {
    for step in steps {
        match step {
            Step::Put { key: k, owners, size, internal } => {
                let key = key(*k);
                cluster.put(&key, object(&key, owners, *size, *internal)).unwrap();
            }
            Step::Remove { key: k } => drop(cluster.remove(&key(*k)).unwrap()),
            Step::Wake { key: k, at } => {
                let at = at.map(|s| Time::UNIX_EPOCH + TimeDelta::nanoseconds(i64::from(s) * 1_500_000_700));
                cluster.set_wake(&key(*k), at);
            }
            Step::Pass { seconds } => {
                cluster.set_now(cluster.now() + TimeDelta::seconds((*seconds).into()));
                cluster.set_pod_addresses((*seconds).into());
            }
            Step::Commit | Step::Reopen => {}
        }
    }
}

fn changes(base: &dyn Snapshot, steps: &[Step]) -> Changes {
    let mut cluster = Cluster::new(base);
    play(&mut cluster, steps);
    cluster.into_changes()
}

fn same(file: &dyn Snapshot, twin: &dyn Snapshot) {
    assert_eq!(file.meta(), twin.meta());
    for resource in ["pods", "statefulsets.apps", "nothing"] {
        for namespace in [None, Some(""), Some("a"), Some("b"), Some("c")] {
            assert_eq!(file.list(resource, namespace).unwrap(), twin.list(resource, namespace).unwrap());
        }
    }
    for n in 0..12 {
        assert_eq!(file.get(&key(n)).unwrap(), twin.get(&key(n)).unwrap());
    }
    for n in 0..5 {
        let uid = format!("o{n}");
        assert_eq!(file.owned_by(&uid).unwrap(), twin.owned_by(&uid).unwrap());
    }
    for indexer in kstate::control::INDEXERS {
        for value in ["", "a", "b", "a/", "node-1", "node-2"] {
            assert_eq!(
                file.indexed(indexer, value).unwrap(),
                twin.indexed(indexer, value).unwrap(),
                "{}",
                indexer.name
            );
        }
    }
    assert_eq!(file.next_due().unwrap(), twin.next_due().unwrap());
    for at in [Time::UNIX_EPOCH, Time::UNIX_EPOCH + TimeDelta::seconds(60), Time::MAX_UTC, Time::MIN_UTC] {
        assert_eq!(file.due(at).unwrap(), twin.due(at).unwrap());
    }
}

fn same_log(file: &storage::Transaction<'_>, twin: &Memory) {
    let newest = twin.meta().resource_version;
    for rv in [0, 1, newest / 2, newest, newest + 1] {
        let lines = |changes: Vec<kstate::cluster::Change>| -> Vec<_> {
            changes.into_iter().map(|c| (c.resource_version, c.kind, c.key, c.object.to_value())).collect()
        };
        assert_eq!(file.log_since(rv).unwrap().map(lines), twin.log_since(rv).map(lines), "since {rv} of {newest}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn file_and_memory_agree(steps in prop::collection::vec(step(), 0..60)) {
        let home = assert_fs::TempDir::new().unwrap();
        let mut twin = Memory::new(Seed("s".to_owned()));
        let mut store = open(home.path());
        for transaction in steps.split_inclusive(|s| matches!(s, Step::Commit | Step::Reopen)) {
            let state = store.begin_write().unwrap();
            let todo = changes(&state, transaction);
            let of_twin = changes(&twin, transaction);
            prop_assert_eq!(&todo.objects, &of_twin.objects);
            state.commit(&todo).unwrap();
            twin.commit(of_twin);
            if matches!(transaction.last(), Some(Step::Reopen)) {
                drop(store);
                store = open(home.path());
            }
            let state = store.begin_read().unwrap();
            same(&state, &twin);
            same_log(&state, &twin);
        }
        drop(store);
        prop_assert_eq!(storage::check(options(home.path())).unwrap(), Vec::<String>::new());
    }
}

#[test]
fn the_log_is_trimmed_and_says_so() {
    let home = assert_fs::TempDir::new().unwrap();
    let mut twin = Memory::new(Seed("s".to_owned()));
    let mut store = open(home.path());
    let steps = vec![Step::Put { key: 0, owners: vec![], size: 1, internal: false }; 3000];
    for _ in 0..2 {
        let state = store.begin_write().unwrap();
        let todo = changes(&state, &steps);
        state.commit(&todo).unwrap();
        twin.commit(changes(&twin, &steps));
    }
    let state = store.begin_read().unwrap();
    same_log(&state, &twin);
    let oldest = 6000 - KEPT_CHANGES as u64;
    assert_eq!(state.log_since(oldest - 1).unwrap().unwrap_err().oldest, oldest);
    assert_eq!(state.log_since(oldest).unwrap().unwrap().len() as u64, KEPT_CHANGES as u64);
}

#[test]
fn what_is_not_committed_is_not_there() {
    let home = assert_fs::TempDir::new().unwrap();
    let mut store = open(home.path());
    let state = store.begin_write().unwrap();
    drop(changes(&state, &[Step::Put { key: 0, owners: vec![], size: 1, internal: true }]));
    drop(state);
    assert_eq!(store.begin_read().unwrap().meta().resource_version, 0);
}
