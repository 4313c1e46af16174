//! Many processes on one store: nothing acknowledged is lost, whoever comes first and whoever is killed.
//!
//! A child is this very test binary, told its part by the environment.

#![expect(clippy::disallowed_methods, reason = "these tests start, time and kill processes")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use kstate::Env;
use kstate::apimachinery::key::Key;
use kstate::apimachinery::object::Object;
use kstate::apimachinery::seed::Seed;
use kstate::client::Client;
use kstate::clock::Clock;
use kstate::cluster::{Cluster, Snapshot};
use kstate::storage::{self, Options, Store};

const PART: &str = "KSTATE_TEST_PART";
const HOME: &str = "KSTATE_TEST_HOME";

fn options(home: &Path) -> Options {
    Options { home: home.to_owned(), patience: Duration::from_secs(30), fsync: true }
}

fn open(home: &Path) -> Store {
    Store::open(options(home), || Ok(Seed("s".to_owned()))).unwrap()
}

fn client(home: &Path) -> Client {
    Client::open(&Env {
        vars: [("KSTATE_HOME".to_owned(), home.to_str().unwrap().to_owned())].into(),
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

/// Starts this binary in a part of its own.
fn start(part: &str, home: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture"]).env(PART, part).env(HOME, home);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap()
}

/// The child's side; does nothing when the tests run.
#[test]
fn child() {
    let Ok(part) = std::env::var(PART) else { return };
    let home = std::env::var(HOME).unwrap();
    let home = Path::new(&home);
    match part.as_str() {
        "count" => (0..10).for_each(|_| client(home).write(count).unwrap()),
        name => write_for_ever(home, name),
    }
}

fn counter() -> Key {
    Key::new("configmaps", "default", "counter")
}

fn counted(object: &Object) -> i64 {
    object.i64_at("/data/n").unwrap_or(0)
}

/// Reads, then writes one more: two at once that saw the same would lose one.
fn count(cluster: &mut Cluster) -> Result<(), kstate::apimachinery::status::Status> {
    let before = cluster.get(&counter())?;
    let mut object = Object::new("v1", "ConfigMap", "default", "counter");
    object.set("/data/n", (before.map_or(0, |o| counted(&o)) + 1).into());
    cluster.put(&counter(), object).map(drop)
}

/// Writes object after object, and says so only when the commit has returned.
fn write_for_ever(home: &Path, name: &str) {
    for n in 0.. {
        let mut store = open(home);
        let state = store.begin_write().unwrap();
        let mut cluster = Cluster::new(&state);
        let name = format!("{name}-{n}");
        let object = Object::new("v1", "ConfigMap", "default", &name);
        cluster.put(&Key::new("configmaps", "default", &name), object).unwrap();
        let changes = cluster.into_changes();
        state.commit(&changes).unwrap();
        println!("ack {name}");
    }
}

#[test]
fn sixteen_at_once_open_the_first_store_and_lose_no_write() {
    let home = assert_fs::TempDir::new().unwrap();
    let folder = home.path().join("deep/er");
    let children: Vec<Child> = (0..16).map(|_| start("count", &folder)).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let n = client(&folder).read(|cluster| Ok(cluster.get(&counter())?.map(|o| counted(&o)))).unwrap();
    assert_eq!(n, Some(160));
    assert_eq!(storage::check(options(&folder)).unwrap(), Vec::<String>::new());
}

#[test]
fn threads_of_one_process_lose_no_write() {
    let home = assert_fs::TempDir::new().unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..10).for_each(|_| client(home.path()).write(count).unwrap()));
        }
    });
    let n = client(home.path()).read(|cluster| Ok(cluster.get(&counter())?.map(|o| counted(&o)))).unwrap();
    assert_eq!(n, Some(40));
}

#[test]
fn a_killed_writer_loses_nothing_that_it_acknowledged() {
    let home = assert_fs::TempDir::new().unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..12 {
        let mut children: Vec<Child> = (0..2).map(|n| start(&format!("r{round}w{n}"), home.path())).collect();
        let readers: Vec<_> = children.iter_mut().map(|child| thread::spawn(acks(child))).collect();
        thread::sleep(Duration::from_millis(60 + round * 7));
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        acknowledged.extend(readers.into_iter().flat_map(|reader| reader.join().unwrap()));
        let mut store = open(home.path());
        let state = store.begin_read().unwrap();
        let found: Vec<String> = state.list("configmaps", None).unwrap().into_iter().map(|(k, _)| k.name).collect();
        let lost: Vec<&String> = acknowledged.iter().filter(|name| !found.contains(name)).collect();
        assert_eq!(lost, Vec::<&String>::new());
    }
    assert!(acknowledged.len() > 20, "the writers got to write: {}", acknowledged.len());
    assert_eq!(storage::check(options(home.path())).unwrap(), Vec::<String>::new());
}

/// Collects what a child acknowledges until its end.
fn acks(child: &mut Child) -> impl FnOnce() -> Vec<String> + use<> {
    let stdout = child.stdout.take().unwrap();
    move || {
        let lines = BufReader::new(stdout).lines().map_while(Result::ok);
        lines.filter_map(|line| line.strip_prefix("ack ").map(str::to_owned)).collect()
    }
}
