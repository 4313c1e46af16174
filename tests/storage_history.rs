//! Many clients at once against a model of one register map: every history they make is one that they could have made one
//! after another, in an order that keeps what was before what. Nobody waits for ever, and nobody sees half a commit.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use kstate::Env;
use kstate::apimachinery::key::Key;
use kstate::apimachinery::object::Object;
use kstate::apimachinery::status::{Reason, Status};
use kstate::apiserver::{self, WriteOptions};
use kstate::client::Client;
use kstate::clock::Clock;
use kstate::cluster::Cluster;
use kstate::kinds::{self, Kind};
use kstate::storage;
use proptest::prelude::*;

fn client(home: &Path) -> Client {
    let vars = [("KSTATE_HOME", home.to_str().unwrap()), ("KSTATE_SEED", "s"), ("KSTATE_FSYNC", "off")];
    Client::open(&Env {
        vars: vars.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        cwd: home.to_owned(),
        exe: "/proc/self/exe".into(),
        clock: Clock::System,
        stdin: Box::new(std::io::empty()),
        stdout: Box::new(std::io::sink()),
        stderr: Box::new(std::io::sink()),
        stdin_is_terminal: false,
        stdout_is_terminal: false,
        stderr_is_terminal: false,
    })
    .unwrap()
}

fn config_map() -> &'static dyn Kind {
    kinds::by_api_version("v1", "ConfigMap").unwrap()
}

fn object(name: &str, value: &str) -> Object {
    let mut object = Object::new("v1", "ConfigMap", "default", name);
    object.set("/data/value", value.into());
    object
}

/// What a client does to the map. A register is a ConfigMap; a pair is two that are written in one commit.
#[derive(Clone, Debug)]
enum Op {
    Read(u8),
    Write(u8),
    Delete(u8),
    /// Reads, and writes back only if nobody has written in between: optimistic concurrency.
    CompareAndSwap(u8),
    WritePair,
    ReadPair,
}

/// What it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Value(Option<String>),
    Done,
    NotFound,
    /// The value that was found, and whether the swap went through.
    Swapped(Option<String>, bool),
    Pair(Option<String>, Option<String>),
}

/// One operation as its client saw it: when it asked and when it was told, on one clock; and the resourceVersion of the
/// state that it was answered from, which is the place it claims in the order.
#[derive(Clone, Debug)]
struct Event {
    asked: u64,
    told: u64,
    version: u64,
    writes: Option<String>,
    op: Op,
    answer: Answer,
}

fn name(n: u8) -> String {
    format!("r{n}")
}

fn value(cluster: &Cluster, name: &str) -> Result<Option<String>, Status> {
    let found = cluster.get(&Key::new("configmaps", "default", name))?;
    Ok(found.map(|o| o.str_at("/data/value").to_owned()))
}

/// Writes by the API's verbs, create or update.
fn write(cluster: &mut Cluster, name: &str, value: &str) -> Result<(), Status> {
    let options = WriteOptions::default();
    match apiserver::create(cluster, config_map(), "default", object(name, value), &options) {
        Err(status) if status.reason == Reason::AlreadyExists => {
            apiserver::update(cluster, config_map(), "default", object(name, value), &options).map(drop)
        }
        other => other.map(drop),
    }
}

/// Runs one operation; the answer and the version it was answered at.
fn run(client: &mut Client, op: &Op, fresh: &str) -> (Answer, u64) {
    let at = |c: &Cluster| c.resource_version();
    let status = |e: anyhow::Error| e.downcast::<Status>().expect("no failure but the API's");
    match op {
        Op::Read(n) => {
            let (v, rv) = client.read(|c| Ok((value(c, &name(*n))?, at(c)))).unwrap();
            (Answer::Value(v), rv)
        }
        Op::ReadPair => {
            let (a, b, rv) = client.read(|c| Ok((value(c, "left")?, value(c, "right")?, at(c)))).unwrap();
            (Answer::Pair(a, b), rv)
        }
        Op::Write(n) => {
            let rv = client.write(|c| write(c, &name(*n), fresh).map(|()| at(c))).unwrap();
            (Answer::Done, rv)
        }
        Op::WritePair => {
            let both =
                |c: &mut Cluster| write(c, "left", fresh).and_then(|()| write(c, "right", fresh)).map(|()| at(c));
            (Answer::Done, client.write(both).unwrap())
        }
        Op::Delete(n) => {
            let mut seen = 0;
            let done = client.write(|c| {
                seen = at(c);
                apiserver::delete(c, config_map(), "default", &name(*n), &Default::default())?;
                Ok(at(c))
            });
            match done.map_err(status) {
                Ok(rv) => (Answer::Done, rv),
                Err(e) if e.reason == Reason::NotFound => (Answer::NotFound, seen),
                Err(e) => panic!("{e:?}"),
            }
        }
        Op::CompareAndSwap(n) => swap(client, &name(*n), fresh),
    }
}

fn swap(client: &mut Client, name: &str, fresh: &str) -> (Answer, u64) {
    let key = Key::new("configmaps", "default", name);
    let (found, rv) = client.read(|c| Ok((c.get(&key)?, c.resource_version()))).unwrap();
    let Some(found) = found else { return (Answer::Swapped(None, false), rv) };
    let mut next = object(name, fresh);
    next.set("/metadata/resourceVersion", found.resource_version().to_string().into());
    let mut seen = 0;
    let done = client.write(|c| {
        seen = c.resource_version();
        apiserver::update(c, config_map(), "default", next.clone(), &WriteOptions::default())?;
        Ok(c.resource_version())
    });
    let before = Some(found.str_at("/data/value").to_owned());
    match done.map_err(|e| e.downcast::<Status>().unwrap()) {
        Ok(rv) => (Answer::Swapped(before, true), rv),
        Err(e) if matches!(e.reason, Reason::Conflict | Reason::NotFound) => (Answer::Swapped(before, false), seen),
        Err(e) => panic!("{e:?}"),
    }
}

/// Lets clients run their operations all at once, each with a connection of its own.
fn play(home: &Path, clients: &[Vec<Op>]) -> Vec<Event> {
    // The first objects are made before: then every version is a client's.
    client(home).write(|_| Ok(())).unwrap();
    let (clock, events) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    let start = Arc::new(Barrier::new(clients.len()));
    thread::scope(|scope| {
        for (number, ops) in clients.iter().enumerate() {
            let (clock, events, start) = (&clock, &events, start.clone());
            scope.spawn(move || {
                let mut client = client(home);
                start.wait();
                for (turn, op) in ops.iter().enumerate() {
                    let fresh = format!("{number}.{turn}");
                    let asked = clock.fetch_add(1, Ordering::SeqCst);
                    let (answer, version) = run(&mut client, op, &fresh);
                    let told = clock.fetch_add(1, Ordering::SeqCst);
                    let wrote = !matches!(
                        answer,
                        Answer::Value(_) | Answer::Pair(..) | Answer::NotFound | Answer::Swapped(_, false)
                    );
                    let writes = wrote.then_some(fresh);
                    events.lock().unwrap().push(Event { asked, told, version, writes, op: op.clone(), answer });
                }
            });
        }
    });
    events.into_inner().unwrap()
}

/// That the operations, put in the order of the versions they claim, are right one after another and keep real time.
fn assert_linearizable(mut events: Vec<Event>) {
    // A write made its version, so it comes before the reads at it; no two made the same.
    events.sort_by_key(|e| (e.version, e.writes.is_none(), e.asked));
    let mut state: BTreeMap<String, String> = BTreeMap::new();
    let mut newest_asked = 0;
    for (place, event) in events.iter().enumerate() {
        // Whoever was told before another asked comes before it in the order.
        assert!(event.told > newest_asked, "{event:?} was over when an earlier one in the order was asked");
        if event.writes.is_some() || events.get(place + 1).is_none_or(|next| next.version != event.version) {
            newest_asked = newest_asked.max(
                events[..=place]
                    .iter()
                    .rev()
                    .take_while(|e| e.version == event.version)
                    .map(|e| e.asked)
                    .max()
                    .unwrap(),
            );
        }
        if event.writes.is_some() {
            assert!(
                place == 0 || events[place - 1].version < event.version,
                "two writes made version {}",
                event.version
            );
        }
        assert_answer(event, &mut state);
    }
}

/// That an operation's answer is what the model says, which it then changes.
fn assert_answer(event: &Event, state: &mut BTreeMap<String, String>) {
    let read = |state: &BTreeMap<String, String>, name: &str| state.get(name).cloned();
    let fresh = event.writes.clone();
    match (&event.op, &event.answer) {
        (Op::Read(n), Answer::Value(v)) => assert_eq!(*v, read(state, &name(*n)), "{event:?}"),
        (Op::ReadPair, Answer::Pair(a, b)) => {
            assert_eq!(a, b, "half a commit: {event:?}");
            assert_eq!(*a, read(state, "left"), "{event:?}");
        }
        (Op::Write(n), Answer::Done) => drop(state.insert(name(*n), fresh.unwrap())),
        (Op::WritePair, Answer::Done) => {
            for side in ["left", "right"] {
                state.insert(side.to_owned(), fresh.clone().unwrap());
            }
        }
        (Op::Delete(n), Answer::Done) => assert!(state.remove(&name(*n)).is_some(), "{event:?}"),
        (Op::Delete(n), Answer::NotFound) => assert_eq!(read(state, &name(*n)), None, "{event:?}"),
        (Op::CompareAndSwap(n), Answer::Swapped(before, true)) => {
            assert_eq!(state.insert(name(*n), fresh.unwrap()), *before, "a swap of what was not there: {event:?}");
        }
        (Op::CompareAndSwap(n), Answer::Swapped(None, false)) => assert_eq!(read(state, &name(*n)), None, "{event:?}"),
        // A conflict: somebody has written in between, and every value is written once.
        (Op::CompareAndSwap(n), Answer::Swapped(before, false)) => {
            assert_ne!(read(state, &name(*n)), *before, "{event:?}")
        }
        other => panic!("no such answer: {other:?}"),
    }
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (0u8..3).prop_map(Op::Read),
        3 => (0u8..3).prop_map(Op::Write),
        1 => (0u8..3).prop_map(Op::Delete),
        3 => (0u8..3).prop_map(Op::CompareAndSwap),
        1 => Just(Op::WritePair),
        1 => Just(Op::ReadPair),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn any_history_is_one_of_one_after_another(
        clients in prop::collection::vec(prop::collection::vec(op(), 1..12), 2..7)
    ) {
        let home = assert_fs::TempDir::new().unwrap();
        assert_linearizable(play(home.path(), &clients));
        let options = storage::Options { home: home.to_owned(), patience: storage::PATIENCE, fsync: false };
        prop_assert_eq!(storage::check(options).unwrap(), Vec::<String>::new());
    }
}

#[test]
fn sixty_four_writers_and_sixteen_readers_lose_nothing_and_none_starves() {
    let home = assert_fs::TempDir::new().unwrap();
    let writer = vec![Op::CompareAndSwap(0), Op::WritePair, Op::Write(0), Op::CompareAndSwap(0)];
    let mut clients = vec![writer; 64];
    clients.extend(vec![vec![Op::ReadPair; 12]; 16]);
    // Each comes to its end: an operation that waits longer than the store's patience is an error, and that a panic.
    let events = play(home.path(), &clients);
    assert_eq!(events.len(), 64 * 4 + 16 * 12);
    let swaps = |done: bool| events.iter().filter(|e| matches!(&e.answer, Answer::Swapped(_, d) if *d == done)).count();
    assert!(swaps(true) > 0, "some swaps go through");
    assert_linearizable(events);
}
