//! A history of commits with a model beside it: what a store holds after each.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use kstate::apimachinery::key::Key;
use kstate::apimachinery::object::Object;
use kstate::apimachinery::seed::Seed;
use kstate::apimachinery::time::Time;
use kstate::cluster::{Cluster, Snapshot};
use kstate::storage::{self, Error, Options, Store};
use serde_json::{Value, json};

/// All that a store holds.
pub type State = BTreeMap<Key, Value>;

pub fn options(home: &Path) -> Options {
    Options { home: home.to_owned(), patience: Duration::from_millis(300), fsync: true }
}

pub fn open(home: &Path) -> Result<Store, Error> {
    super::layer::install();
    Store::open(options(home), || Ok(Seed("s".to_owned())))
}

fn pod(n: usize) -> Key {
    Key::new("pods", if n.is_multiple_of(3) { "a" } else { "b" }, &format!("pod-{n}"))
}

/// The commit with a number: a new pod, a change to an old one, one that goes, and a counter that says how many there were.
pub fn commit(store: &mut Store, n: usize) -> Result<(), Error> {
    let state = store.begin_write()?;
    let mut cluster = Cluster::new(&state);
    let change = |cluster: &mut Cluster| {
        for (key, size) in [(pod(n), 40 * n), (pod(n / 2), 10)] {
            let mut object = Object::new("v1", "Pod", &key.namespace, &key.name);
            object.set("/metadata/uid", format!("u-{}", key.name).into());
            object.set("/metadata/labels", json!({"app": "web", "even": n.is_multiple_of(2).to_string()}));
            object.set("/metadata/ownerReferences", json!([{"uid": "o", "kind": "K", "name": "n"}]));
            object.set("/spec/text", "x".repeat(size).into());
            cluster.put(&key, object)?;
            cluster.set_wake(&key, Some(Time::UNIX_EPOCH));
        }
        if n > 4 {
            cluster.remove(&pod(n - 3))?;
        }
        let mut counter = Object::new("v1", "ConfigMap", "a", "counter");
        counter.set("/data/n", n.into());
        cluster.put(&Key::new("configmaps", "a", "counter"), counter).map(drop)
    };
    if let Err(status) = change(&mut cluster) {
        let fault = state.take_fault();
        return Err(fault.unwrap_or_else(|| panic!("a failure of the store's alone: {status:?}")));
    }
    let changes = cluster.into_changes();
    state.commit(&changes)
}

/// All there is in a store by every way that leads to it, or the first error on the way.
pub fn everything(home: &Path) -> Result<State, String> {
    let text = |e: Error| e.to_string();
    let mut store = open(home).map_err(text)?;
    let state = store.begin_read().map_err(text)?;
    let look = || {
        let mut all = state.list("pods", None)?;
        let owned = state.owned_by("o")?;
        let labelled = state.labelled("pods", None, ("app", "web"))?;
        let halves: usize = ["true", "false"]
            .into_iter()
            .map(|v| state.labelled("pods", None, ("even", v)).map(|found| found.len()))
            .sum::<Result<usize, _>>()?;
        let due = state.due(Time::MAX_UTC)?.len();
        assert!(owned == all && labelled == all, "the index knows the rows");
        assert_eq!((halves, due), (all.len(), all.len()), "the indexes know the rows");
        for (key, object) in &all {
            assert_eq!(state.get(key)?.as_ref(), Some(object), "{key}");
        }
        all.extend(state.list("configmaps", None)?);
        Ok::<_, kstate::apimachinery::status::Status>(all)
    };
    let all = look().map_err(|status| status.message)?;
    state.log_since(0).map_err(text)?.expect("the log is whole");
    Ok(all.into_iter().map(|(key, object)| (key, object.to_value())).collect())
}

/// Which commit a state is the one after; 0 for a store that is empty.
pub fn commit_of(state: &State) -> usize {
    let counter = state.get(&Key::new("configmaps", "a", "counter"));
    counter.map_or(0, |c| usize::try_from(c["data"]["n"].as_u64().unwrap()).unwrap())
}

/// The states after no commit, after the first, and so on.
pub fn model(commits: usize) -> Vec<State> {
    let home = assert_fs::TempDir::new().unwrap();
    let mut store = open(&home).unwrap();
    let mut states = vec![everything(&home).unwrap()];
    for n in 1..=commits {
        commit(&mut store, n).unwrap();
        states.push(everything(&home).unwrap());
    }
    states
}

/// That nothing is wrong inside a store.
pub fn assert_sound(home: &Path) {
    assert_eq!(storage::check(options(home)).unwrap(), Vec::<String>::new());
}

pub fn copy(from: &Path, to: &Path, names: &[&str]) {
    for name in names {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
}
