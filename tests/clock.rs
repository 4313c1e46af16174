//! A store with a seed and a virtual clock: the same commands print the same bytes, and nothing waits.

#![expect(clippy::disallowed_methods, reason = "a test of a clock lets time pass")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use assert_fs::TempDir;
use kstate::Env;
use kstate::clock::Clock;

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs one command by the system's clock; what it printed.
fn run(home: &Path, line: &str, stdin: &'static str) -> String {
    let out = Buffer::default();
    let vars = [("KSTATE_HOME", home.to_str().unwrap()), ("KSTATE_SEED", "clock"), ("KSTATE_FSYNC", "off")];
    let env = Env {
        vars: vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>(),
        cwd: home.to_owned(),
        exe: PathBuf::from(env!("CARGO_BIN_EXE_kstate")),
        clock: Clock::System,
        stdin: Box::new(stdin.as_bytes()),
        stdout: Box::new(out.clone()),
        stderr: Box::new(out.clone()),
        stdin_is_terminal: false,
        stdout_is_terminal: false,
        stderr_is_terminal: false,
    };
    kstate::run(std::iter::once("kubectl").chain(line.split(' ')).map(OsString::from), env);
    let text = out.0.lock().unwrap().clone();
    format!("$ {line}\n{}", String::from_utf8(text).unwrap())
}

const SET: &str = r#"{"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": {
    "serviceName": "web", "replicas": 3, "selector": {"matchLabels": {"app": "web"}},
    "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1",
        "readinessProbe": {"httpGet": {"path": "/", "port": 80}, "initialDelaySeconds": 60}}]}}}}"#;

fn script(home: &Path) -> String {
    let lines = [
        ("clock set 2026-11-22T08:00:00Z", ""),
        ("create configmap kstate -n kube-system --from-literal=image-pull=13s --from-literal=rules=pod=web-2", ""),
        ("create configmap kstate -n kube-system --from-literal=image-pull=13s", ""),
        ("create -f -", SET),
        ("get pods", ""),
        ("rollout status statefulset/web", ""),
        ("clock", ""),
        ("delete pod web-1", ""),
        ("clock advance 40s", ""),
        ("get pods -o yaml", ""),
        ("get events", ""),
        ("describe pod web-1", ""),
    ];
    lines.iter().map(|(line, stdin)| run(home, line, stdin)).collect()
}

#[test]
fn the_same_script_prints_the_same_bytes_and_nothing_waits() {
    let begun = Instant::now();
    let (one, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let first = script(one.path());
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(first, script(other.path()));
    assert!(first.contains("statefulset rolling update complete") || first.contains("roll out complete"), "{first}");
    // Three pods with a minute's probe each were waited for.
    assert!(first.contains("Time:   2026-11-22T08:03:13Z\nClock:  virtual"), "{first}");
    assert!(begun.elapsed() < Duration::from_secs(60), "it slept: {:?}", begun.elapsed());
}

#[test]
fn a_clock_that_is_let_go_keeps_its_lead() {
    let home = TempDir::new().unwrap();
    run(home.path(), "get nodes", "");
    run(home.path(), "clock advance 2h", "");
    let shown = run(home.path(), "clock real", "");
    assert!(shown.contains("clock is at"), "{shown}");
    let shown = run(home.path(), "clock", "");
    // Little less, for the time that the commands before took.
    assert!(shown.contains("the system's, 120m ahead") || shown.contains("the system's, 119m ahead"), "{shown}");
    let time = |text: &str| text.lines().find(|l| l.starts_with("Time:")).unwrap().to_owned();
    std::thread::sleep(Duration::from_millis(1100));
    assert_ne!(time(&shown), time(&run(home.path(), "clock", "")), "it goes on");
}
