//! What things cost in a large store: pages that are read and steps that SQLite takes, never time.

use std::path::Path;
use std::time::Duration;

use kstate::apimachinery::key::Key;
use kstate::apimachinery::object::Object;
use kstate::apimachinery::seed::Seed;
use kstate::apimachinery::time::Time;
use kstate::cluster::{Cluster, Snapshot};
use kstate::storage::{FILE, Options, Store};
use serde_json::json;

#[path = "storage/layer.rs"]
#[expect(dead_code, reason = "this test only counts")]
mod layer;

fn open(home: &Path) -> Store {
    let options = Options { home: home.to_owned(), patience: Duration::from_secs(20), fsync: false };
    Store::open(options, || Ok(Seed("s".to_owned()))).unwrap()
}

fn pod(n: usize) -> Key {
    Key::new("pods", "default", &format!("pod-{n}"))
}

fn object(n: usize) -> Object {
    let mut object = Object::new("v1", "Pod", "default", &pod(n).name);
    object.set("/metadata/uid", format!("u-{n}").into());
    object.set("/metadata/labels", json!({"all": "yes", "mine": (n / 5).to_string()}));
    object.set("/metadata/ownerReferences", json!([{"uid": format!("o-{}", n / 5), "kind": "K", "name": "n"}]));
    object
}

/// A store of so many pods, five to an owner and to a label.
fn filled(home: &Path, count: usize) -> Store {
    let mut store = open(home);
    for from in (0..count).step_by(5000) {
        let state = store.begin_write().unwrap();
        let mut cluster = Cluster::new(&state);
        for n in from..count.min(from + 5000) {
            cluster.put(&pod(n), object(n)).unwrap();
        }
        let mut changes = cluster.into_changes();
        // Nobody watches; the log would be most of the work.
        changes.log.clear();
        state.commit(&changes).unwrap();
    }
    store
}

/// The pages that are read from files by each kind of access, by a process that has just opened the store.
fn pages(home: &Path, what: &str) -> usize {
    let mut store = open(home);
    layer::heal();
    match what {
        "point read" => drop(store.begin_read().unwrap().get(&pod(7)).unwrap().unwrap()),
        "miss" => assert!(store.begin_read().unwrap().get(&Key::new("pods", "default", "none")).unwrap().is_none()),
        "by owner" => assert_eq!(store.begin_read().unwrap().owned_by("o-1").unwrap().len(), 5),
        "by label" => {
            let state = store.begin_read().unwrap();
            assert_eq!(state.labelled("pods", Some("default"), ("mine", "1")).unwrap().len(), 5);
            assert_eq!(state.labelled("pods", None, ("mine", "none")).unwrap().len(), 0);
        }
        "what is due" => assert_eq!(store.begin_read().unwrap().due(Time::MAX_UTC).unwrap().len(), 0),
        "point write" => {
            let state = store.begin_write().unwrap();
            let mut cluster = Cluster::new(&state);
            cluster.put(&pod(7), object(7)).unwrap();
            let changes = cluster.into_changes();
            state.commit(&changes).unwrap();
        }
        other => panic!("{other}"),
    }
    layer::page_reads()
}

#[test]
fn what_touches_one_object_costs_the_same_among_a_hundred_thousand() {
    layer::install();
    let (small, large) = (assert_fs::TempDir::new().unwrap(), assert_fs::TempDir::new().unwrap());
    drop(filled(&small, 10));
    drop(filled(&large, 100_000));
    let file = rusqlite::Connection::open(large.join(FILE)).unwrap();
    let all: i64 = file.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    assert!(all > 8_000, "the large store has {all} pages");
    drop(file);
    // Each tree on the way is at most three levels higher; five rows of five places lie on five pages and not on one.
    for (what, more) in
        [("point read", 6), ("miss", 3), ("by owner", 12), ("by label", 16), ("what is due", 3), ("point write", 24)]
    {
        let (few, many) = (pages(&small, what), pages(&large, what));
        println!("{what}: {few} pages of 10 objects, {many} of 100,000");
        assert!(many <= few + more, "{what}: {few} pages are read among 10 objects, {many} among 100,000");
    }
}

/// A look whether others have committed reads no page: that is how a watch looks often and costs nothing.
#[test]
fn to_look_for_news_reads_no_file() {
    layer::install();
    let home = assert_fs::TempDir::new().unwrap();
    let mut store = filled(&home, 10);
    let other = open(&home);
    let before = other.data_version().unwrap();
    layer::heal();
    for _ in 0..1000 {
        assert_eq!(other.data_version().unwrap(), before);
    }
    assert_eq!(layer::page_reads(), 0);
    let state = store.begin_write().unwrap();
    let mut cluster = Cluster::new(&state);
    cluster.put(&pod(1), object(1)).unwrap();
    let changes = cluster.into_changes();
    state.commit(&changes).unwrap();
    assert_ne!(other.data_version().unwrap(), before, "the next look sees another's commit");
}

/// A reader keeps its state however much is written and folded into the file meanwhile, and holds no writer up.
#[test]
fn what_is_folded_into_the_file_stops_no_reader_and_no_reader_stops_a_writer() {
    layer::install();
    let home = assert_fs::TempDir::new().unwrap();
    let mut reader = filled(&home, 10);
    let state = reader.begin_read().unwrap();
    let (before, all) = (state.meta().resource_version, state.list("pods", None).unwrap());
    let mut writer = open(&home);
    for round in 0..60 {
        let changing = writer.begin_write().unwrap();
        let mut cluster = Cluster::new(&changing);
        for n in 0..10 {
            let mut object = object(n);
            object.set("/spec/text", "x".repeat(3000 + round).into());
            cluster.put(&pod(n), object).unwrap();
        }
        let changes = cluster.into_changes();
        changing.commit(&changes).unwrap();
    }
    let wal = || home.join("state.db-wal").metadata().map_or(0, |found| found.len());
    assert!(wal() > 1000 * 4120, "more was written than SQLite folds at once: {}", wal());
    assert_eq!(state.meta().resource_version, before);
    assert_eq!(state.list("pods", None).unwrap(), all, "the reader still sees its state");
    assert_eq!(open(&home).begin_read().unwrap().meta().resource_version, before + 600);
    drop(state);
    assert_eq!(reader.begin_read().unwrap().meta().resource_version, before + 600);
    // With the last process the log goes, whole, into the file.
    drop((reader, writer));
    assert_eq!(wal(), 0);
}
