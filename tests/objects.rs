//! Objects of every kind as the schema allows them: no body makes the API server panic, and what it takes it gives back whole.
//!
//! Bodies are made up from the schema's table: whole ones, which validation mostly refuses, and small changes to an object that
//! is known to be good, which it mostly takes.

#[path = "objects/bodies.rs"]
mod bodies;
#[path = "objects/good.rs"]
mod good;

use kstate::apimachinery::decode::decode_body;
use kstate::apimachinery::object::Object;
use kstate::apimachinery::quantity::Quantity;
use kstate::apimachinery::schema::Definition;
use kstate::apimachinery::seed::Seed;
use kstate::apimachinery::status::{Reason, Status};
use kstate::apimachinery::time;
use kstate::apiserver::{self, WriteOptions};
use kstate::cluster::Cluster;
use kstate::control;
use kstate::kinds::{self, Kind};
use kstate::storage::memory::Memory;
use proptest::prelude::*;
use serde_json::Value;

use bodies::Dice;

/// What the server or the kind decides, whatever a client says: JSON pointers, with `*` for any step.
const DECIDED: &[&str] = &[
    "/status",
    "/metadata/uid",
    "/metadata/creationTimestamp",
    "/metadata/resourceVersion",
    "/metadata/generation",
    "/metadata/managedFields",
    "/metadata/selfLink",
    "/metadata/deletionTimestamp",
    "/metadata/deletionGracePeriodSeconds",
    "/metadata/namespace",
    // Written into `data`.
    "/stringData",
    // A source that is no claim and no snapshot is dropped.
    "/spec/dataSource",
    "/spec/dataSourceRef",
    // Only by the finalize subresource.
    "/spec/finalizers/*",
    "/spec/serviceAccount",
    "/spec/*/spec/serviceAccount",
    "/spec/*/spec/*/spec/serviceAccount",
];

fn lab() -> Memory {
    let mut store = Memory::new(Seed("objects".to_owned()));
    let mut cluster = Cluster::new(&store);
    cluster.set_now(time::parse("2026-11-22T08:00:00Z").expect("a time"));
    apiserver::bootstrap(&mut cluster).expect("an empty store");
    control::settle(&mut cluster).expect("settles");
    let changes = cluster.into_changes();
    store.commit(changes);
    store
}

/// Creates an object and lets the controllers run; what is stored then.
fn create(store: &Memory, kind: &dyn Kind, body: &Value) -> Result<Value, Status> {
    let object = Object::from_value(body.clone()).expect("bodies are objects");
    let namespace = if kind.names().namespaced { "default" } else { "" };
    let options = WriteOptions { strict: true, ..WriteOptions::default() };
    let mut cluster = Cluster::new(store);
    let made = apiserver::create(&mut cluster, kind, namespace, object, &options)?;
    let read = apiserver::get(&cluster, kind, namespace, made.name()).expect("what was made is there");
    assert_eq!(made, read);
    kind.cells(&made, cluster.now());
    kind.warnings(&made, None);
    control::settle(&mut cluster).unwrap_or_else(|e| panic!("{e} after {body}"));
    Ok(made.to_value())
}

/// The first pointer at which something that was set is not there.
fn lost(set: &Value, got: Option<&Value>, at: &str) -> Option<String> {
    if DECIDED.iter().any(|decided| matches(decided, at)) || is_empty(set) {
        return None;
    }
    let Some(got) = got else { return Some(at.to_owned()) };
    match (set, got) {
        (Value::Object(set), Value::Object(got)) => {
            set.iter().find_map(|(key, value)| lost(value, got.get(key), &format!("{at}/{key}")))
        }
        (Value::Array(set), Value::Array(got)) => {
            set.iter().enumerate().find_map(|(i, value)| lost(value, got.get(i), &format!("{at}/{i}")))
        }
        _ if set == got || same_quantity(set, got) || same_time(set, got) => None,
        _ => Some(format!("{at}: {set} became {got}")),
    }
}

/// What Go leaves out.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(is) => !is,
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(is_empty),
        Value::Object(map) => map.values().all(is_empty),
    }
}

fn matches(decided: &str, at: &str) -> bool {
    let (mut steps, mut found) = (decided.split('/'), at.split('/'));
    loop {
        match (steps.next(), found.next()) {
            (None, None) => return true,
            (Some(step), Some(is)) if step == "*" || step == is => {}
            _ => return false,
        }
    }
}

fn same_quantity(a: &Value, b: &Value) -> bool {
    matches!((Quantity::from_value(a), Quantity::from_value(b)), (Ok(a), Ok(b)) if a == b)
}

fn same_time(a: &Value, b: &Value) -> bool {
    let parsed = |v: &Value| v.as_str().and_then(|t| chrono::DateTime::parse_from_rfc3339(t).ok());
    matches!((parsed(a), parsed(b)), (Some(a), Some(b)) if a.timestamp() == b.timestamp())
}

/// What of a body has to be there again: a Secret's `stringData` wins over its `data`, and a server without the feature
/// drops a StatefulSet's `maxUnavailable`. A DaemonSet's template generation is the server's to count.
fn expected(body: &Value) -> Value {
    let mut body = body.clone();
    let kind = body["kind"].clone();
    if body["stringData"].is_object() {
        body["data"] = Value::Null;
    }
    let servers = [
        ("StatefulSet", "/spec/updateStrategy/rollingUpdate/maxUnavailable"),
        ("DaemonSet", "/metadata/annotations/deprecated.daemonset.template.generation"),
    ];
    for (_, pointer) in servers.into_iter().filter(|(of, _)| kind == *of) {
        body.pointer_mut(pointer).map(Value::take);
    }
    body
}

/// Whether the server took a body; an error for one that it took and did not keep whole.
fn check(store: &Memory, kind: &dyn Kind, body: &Value) -> Result<bool, String> {
    let names = kind.names();
    let decoded = decode_body(names.api_version, names.kind, body.clone(), true);
    let decoded = decoded.unwrap_or_else(|e| panic!("{e}: the schema allows {body}"));
    assert_eq!(lost(body, Some(&decoded), ""), None, "decoding {body}");
    match create(store, kind, body) {
        Ok(stored) => match lost(&expected(body), Some(&stored), "") {
            Some(lost) => Err(format!("{lost}\n{body}\nis stored as\n{stored}")),
            None => Ok(true),
        },
        Err(status) => {
            let refused = matches!(
                status.reason,
                Reason::Invalid | Reason::Forbidden | Reason::BadRequest | Reason::AlreadyExists | Reason::NotFound
            );
            assert!(refused, "{status} for {body}");
            Ok(false)
        }
    }
}

fn of(kind: &dyn Kind) -> Definition {
    let names = kind.names();
    Definition::of_kind(names.api_version, names.kind).expect("every kind is in the schema")
}

/// The kinds that objects are made of: a ComponentStatus is only read.
fn written() -> Vec<&'static dyn Kind> {
    kinds::KINDS.iter().copied().filter(|kind| kind.names().kind != "ComponentStatus").collect()
}

#[test]
fn every_kind_has_a_good_object_and_takes_it() {
    let store = lab();
    for kind in written() {
        let body = good::body(kind);
        let stored = create(&store, kind, &body).unwrap_or_else(|e| panic!("{}: {e}", kind.names().kind));
        assert_eq!(lost(&body, Some(&stored), ""), None, "{body}");
    }
}

#[test]
fn small_changes_to_a_good_object_of_each_kind() {
    let store = lab();
    let (mut taken, mut all, mut wrong) = (0, 0, Vec::new());
    for kind in written() {
        for seed in 0..12 {
            let mut body = good::body(kind);
            Dice::new(seed).change(of(kind), &mut body);
            all += 1;
            match check(&store, kind, &body) {
                Ok(was_taken) => taken += usize::from(was_taken),
                Err(why) => wrong.push(why),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(taken * 4 > all, "the changes are small: {taken} of {all} were taken");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anything_the_schema_allows(which in 0..written().len(), seed: u64) {
        let kind = written()[which];
        let body = Dice::new(seed).whole(kind.names(), of(kind));
        check(&lab(), kind, &body).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_changed_object_is_a_valid_update_or_refused(which in 0..written().len(), seed: u64) {
        let kind = written()[which];
        let store = lab();
        let mut cluster = Cluster::new(&store);
        let namespace = if kind.names().namespaced { "default" } else { "" };
        let body = Object::from_value(good::body(kind)).expect("an object");
        let made = apiserver::create(&mut cluster, kind, namespace, body, &WriteOptions::default()).expect("is good");
        let mut changed = made.to_value();
        Dice::new(seed).change(of(kind), &mut changed);
        changed["metadata"] = made.to_value()["metadata"].clone();
        let object = Object::from_value(changed.clone()).expect("an object");
        if let Ok(new) = apiserver::update(&mut cluster, kind, namespace, object, &WriteOptions::default()) {
            prop_assert_eq!(lost(&expected(&changed), Some(&new.to_value()), ""), None, "{}", changed);
            kind.warnings(&new, Some(&made));
        }
        control::settle(&mut cluster).expect("settles");
    }
}
