//! The client as commands use it: what a failed request leaves, which time it is, and how a wait ends.

#![expect(clippy::disallowed_methods, reason = "a test that starts itself with a read-only home")]

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use kstate::Env;
use kstate::apimachinery::key::Key;
use kstate::apimachinery::object::Object;
use kstate::apimachinery::status::{Reason, Status};
use kstate::apimachinery::time::{self, Time};
use kstate::apiserver::{self, WriteOptions};
use kstate::client::Client;
use kstate::clock::Clock;
use kstate::cluster::{Cluster, KEPT_CHANGES};
use kstate::kinds;
use kstate::storage;
use serde_json::json;

fn env(home: &Path, clock: Clock) -> Env {
    let vars = [("KSTATE_HOME", home.to_str().unwrap()), ("KSTATE_SEED", "s"), ("KSTATE_FSYNC", "off")];
    Env {
        vars: vars.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        cwd: home.to_owned(),
        exe: "/proc/self/exe".into(),
        clock,
        stdin: Box::new(std::io::empty()),
        stdout: Box::new(std::io::sink()),
        stderr: Box::new(std::io::sink()),
        stdin_is_terminal: false,
        stdout_is_terminal: false,
        stderr_is_terminal: false,
    }
}

fn at(text: &str) -> Time {
    time::parse(text).unwrap()
}

fn fixed(home: &Path, text: &str) -> Client {
    Client::open(&env(home, Clock::Fixed(at(text)))).unwrap()
}

fn key(name: &str) -> Key {
    Key::new("configmaps", "default", name)
}

fn put(cluster: &mut Cluster, name: &str) -> Result<(), Status> {
    cluster.put(&key(name), Object::new("v1", "ConfigMap", "default", name)).map(drop)
}

fn exists(client: &mut Client, name: &str) -> bool {
    client.read(|cluster| Ok(cluster.get(&key(name))?.is_some())).unwrap()
}

#[test]
fn a_request_that_fails_leaves_nothing_and_keeps_its_status() {
    let home = assert_fs::TempDir::new().unwrap();
    let mut client = fixed(home.path(), "2026-11-22T08:00:00Z");
    client.write(|cluster| put(cluster, "a")).unwrap();
    let refused = client.write(|cluster| {
        put(cluster, "b")?;
        Err::<(), _>(Status::already_exists("configmaps", "b"))
    });
    assert_eq!(refused.unwrap_err().downcast::<Status>().unwrap().reason, Reason::AlreadyExists);
    let missing = client.read(|_| Err::<(), _>(Status::not_found("configmaps", "b")));
    assert_eq!(missing.unwrap_err().downcast::<Status>().unwrap().reason, Reason::NotFound);
    let mut again = fixed(home.path(), "2026-11-22T08:00:00Z");
    assert!(exists(&mut again, "a") && !exists(&mut again, "b"));
}

#[test]
fn time_never_runs_backwards_and_a_look_does_not_move_it() {
    let home = assert_fs::TempDir::new().unwrap();
    fixed(home.path(), "2026-11-22T08:00:00Z").write(|cluster| put(cluster, "a")).unwrap();
    let now = |text: &str| fixed(home.path(), text).read(|cluster| Ok(cluster.now())).unwrap();
    assert_eq!(now("2026-11-22T09:00:00Z"), at("2026-11-22T09:00:00Z"));
    assert_eq!(now("2026-11-22T07:00:00Z"), at("2026-11-22T08:00:00Z"));
    fixed(home.path(), "2026-11-22T10:00:00Z").write(|_| Ok(())).unwrap();
    assert_eq!(now("2026-11-22T07:00:00.0000019Z"), at("2026-11-22T08:00:00Z"));
    let mut client = fixed(home.path(), "2026-11-22T07:00:00Z");
    client.write(|cluster| put(cluster, "b")).unwrap();
    assert_eq!(client.now().unwrap(), at("2026-11-22T08:00:00Z"));
}

#[test]
fn a_bad_environment_is_said_by_name() {
    let home = assert_fs::TempDir::new().unwrap();
    for (name, value) in [("KSTATE_NOW", "yesterday"), ("KSTATE_FSYNC", "maybe")] {
        let mut env = env(home.path(), Clock::System);
        env.vars.insert(name.to_owned(), value.to_owned());
        let error = Client::open(&env).err().unwrap().to_string();
        assert!(error.starts_with(&format!("{name}: \"{value}\" ")), "{error}");
    }
    assert_eq!(home.path().read_dir().unwrap().count(), 0, "nothing was made");
}

#[test]
fn a_wait_sees_what_another_command_commits() {
    let home = assert_fs::TempDir::new().unwrap();
    let mut client = Client::open(&env(home.path(), Clock::System)).unwrap();
    let other = env(home.path(), Clock::System);
    let writer = thread::spawn(move || Client::open(&other).unwrap().write(|cluster| put(cluster, "a")).unwrap());
    let seen = client.wait("a", Some(Duration::from_secs(20)), |cluster| cluster.get(&key("a"))).unwrap();
    writer.join().unwrap();
    assert_eq!(seen.unwrap().name(), "a");
}

#[test]
fn a_wait_ends_when_its_time_is_up_or_nothing_is_to_come() {
    let home = assert_fs::TempDir::new().unwrap();
    let real = env(home.path(), Clock::System);
    let never = |_: &Cluster| Ok(None::<()>);
    assert_eq!(Client::open(&real).unwrap().wait("x", Some(Duration::from_millis(50)), never).unwrap(), None);
    assert_eq!(Client::open(&real).unwrap().wait("x", Some(Duration::ZERO), never).unwrap(), None);
    let mut jumping = fixed(home.path(), "9999-12-31T23:59:59Z");
    for timeout in [None, Some(Duration::from_secs(60)), Some(Duration::MAX)] {
        assert_eq!(jumping.wait("x", timeout, never).unwrap(), None);
    }
}

#[test]
fn changes_are_followed_from_any_version_that_is_kept() {
    let home = assert_fs::TempDir::new().unwrap();
    let mut client = fixed(home.path(), "2026-11-22T08:00:00Z");
    let from = client.write(|cluster| put(cluster, "a").map(|()| cluster.resource_version())).unwrap();
    for _ in 0..KEPT_CHANGES / 500 {
        client.write(|cluster| (0..500).try_for_each(|_| put(cluster, "b"))).unwrap();
    }
    assert_eq!(client.changes_since(from).unwrap().len(), KEPT_CHANGES);
    client.write(|cluster| put(cluster, "c")).unwrap();
    let expired = client.changes_since(from).unwrap_err().downcast::<Status>().unwrap();
    assert_eq!(
        (expired.reason, expired.message),
        (Reason::Expired, format!("too old resource version: {from} ({})", from + 1))
    );
}

fn create(client: &mut Client, body: serde_json::Value) {
    let object = Object::from_value(body).unwrap();
    let kind = kinds::by_api_version(object.api_version(), object.kind()).unwrap();
    let namespace = if object.namespace().is_empty() { "default" } else { object.namespace() }.to_owned();
    let options = WriteOptions::default();
    client.write(|cluster| apiserver::create(cluster, kind, &namespace, object.clone(), &options)).unwrap();
}

/// A set of three pods, each of which takes ten seconds to start.
fn slow_set(client: &mut Client) {
    set_of_three(client, "10s");
}

fn set_of_three(client: &mut Client, start: &str) {
    let names = json!({"name": "kstate", "namespace": "kube-system"});
    create(
        client,
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": names, "data": {"container-start": start}}),
    );
    let pod = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}});
    let spec = json!({"replicas": 3, "serviceName": "s", "selector": {"matchLabels": {"a": "b"}}, "template": pod});
    create(client, json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": spec}));
}

fn ready(cluster: &Cluster) -> Result<i64, Status> {
    let set = cluster.get(&Key::new("statefulsets.apps", "default", "web"))?;
    Ok(set.and_then(|set| set.i64_at("/status/readyReplicas")).unwrap_or(0))
}

#[test]
fn a_wait_on_a_fixed_clock_jumps_from_event_to_event() {
    let home = assert_fs::TempDir::new().unwrap();
    let mut client = fixed(home.path(), "2026-11-22T08:00:00Z");
    slow_set(&mut client);
    let until = |n: i64| move |cluster: &Cluster| Ok((ready(cluster)? >= n).then_some(()));
    assert_eq!(client.wait("x", Some(Duration::from_secs(15)), until(2)).unwrap(), None, "the time was up");
    assert!(client.now().unwrap() <= at("2026-11-22T08:00:15Z"));
    assert_eq!(client.wait("x", None, until(3)).unwrap(), Some(()));
    assert_eq!(client.now().unwrap(), at("2026-11-22T08:00:30Z"));
    assert_eq!(fixed(home.path(), "2026-11-22T08:00:01Z").read(ready).unwrap(), 3, "time stays where it was");
    assert_eq!(client.wait("x", None, until(4)).unwrap(), None, "nothing more is to come");
}

#[test]
fn a_wait_on_the_real_clock_ends_in_a_store_that_is_ahead() {
    let home = assert_fs::TempDir::new().unwrap();
    set_of_three(&mut fixed(home.path(), "2999-01-01T00:00:00Z"), "20ms");
    let mut client = Client::open(&env(home.path(), Clock::System)).unwrap();
    let all = |cluster: &Cluster| Ok((ready(cluster)? == 3).then_some(()));
    assert_eq!(client.wait("x", Some(Duration::from_secs(20)), all).unwrap(), Some(()));
    assert!(client.now().unwrap() > at("2999-01-01T00:00:00Z"));
}

#[test]
fn a_look_catches_up_and_stores_what_happened() {
    let home = assert_fs::TempDir::new().unwrap();
    slow_set(&mut fixed(home.path(), "2026-11-22T08:00:00Z"));
    let version = |cluster: &Cluster| Ok(cluster.resource_version());
    let begun = fixed(home.path(), "2026-11-22T08:00:00Z").read(version).unwrap();
    assert_eq!(fixed(home.path(), "2026-11-22T08:00:25Z").read(ready).unwrap(), 2);
    let after = fixed(home.path(), "2026-11-22T08:00:25Z").read(version).unwrap();
    assert!(after > begun);
    assert_eq!(fixed(home.path(), "2026-11-22T08:00:26Z").read(version).unwrap(), after, "once is enough");
}

#[test]
fn a_store_that_cannot_be_written_is_caught_up_with_in_memory() {
    let home = assert_fs::TempDir::new().unwrap();
    slow_set(&mut fixed(home.path(), "2026-11-22T08:00:00Z"));
    // For root, too, nothing is writable in a file that SQLite opens as one that never changes.
    let file = home.path().join(storage::FILE);
    let before = std::fs::File::open(&file).unwrap().metadata().unwrap().len();
    let script = "mount --bind \"$KSTATE_TEST_HOME\" \"$KSTATE_TEST_HOME\" && \
                  mount -o remount,bind,ro \"$KSTATE_TEST_HOME\" && exec \"$0\" \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", script]).arg(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture"]).env("KSTATE_TEST_HOME", home.path());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !text.contains("running 1 test") {
        eprintln!("not tested: no mount namespaces: {}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    assert!(text.contains("\nready: 2\nthe store "), "{text}");
    assert!(text.contains("it or its folder is read-only"), "{text}");
    assert_eq!(std::fs::File::open(&file).unwrap().metadata().unwrap().len(), before);
}

/// The other side of the read-only store; does nothing when the tests run.
#[test]
fn child() {
    let Ok(home) = std::env::var("KSTATE_TEST_HOME") else { return };
    let mut client = fixed(Path::new(&home), "2026-11-22T08:00:25Z");
    println!("\nready: {}", client.read(ready).unwrap());
    println!("{}", client.write(|cluster| put(cluster, "a")).unwrap_err());
}
