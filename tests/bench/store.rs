//! What a command costs, by the size of its store: beside a process that does nothing, and beside the start of the real
//! client where there is one. `cargo bench --bench store`; `-- 10 1000` asks for other sizes, `-- sets` for the sets alone.
//!
//! The client's time is its start alone: what a cluster would add is left out. What each object of the largest store costs
//! more than one of the smallest stands at the end of a size's rows.

#![expect(clippy::disallowed_methods, reason = "a bench starts processes and reads the clock")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use assert_fs::TempDir;
use kstate::Env;
use kstate::apimachinery::object::Object;
use kstate::apimachinery::status::Status;
use kstate::apiserver::{self, WriteOptions};
use kstate::client::Client;
use kstate::cluster::Cluster;
use kstate::kinds;
use serde_json::json;

/// How often each command is run; the median counts.
const ROUNDS: usize = 15;
const SIZES: [usize; 4] = [10, 1_000, 10_000, 100_000];
/// Ordered and parallel sets that are made from nothing: replicas, and how often.
const SETS: [(usize, &str, usize); 4] =
    [(300, "OrderedReady", 5), (1_000, "OrderedReady", 3), (1_000, "Parallel", 3), (10_000, "Parallel", 1)];
/// Objects made in one transaction when a store is filled.
const BATCH: usize = 5_000;

fn main() {
    let asked: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    let only_sets = std::env::args().any(|a| a == "sets");
    let sizes = if asked.is_empty() { SIZES.to_vec() } else { asked };
    println!("{:<34}{:>10}{:>10}{:>10}", "", "wall ms", "cpu ms", "peak MiB");
    let nothing = show("a process that does nothing", &mut || Command::new("true"));
    let client = Command::new("kubectl").arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if client.is_ok() {
        let real = show("kubectl version --client", &mut || command("kubectl", &["version", "--client"]));
        println!("{:<34}{:>10.1}", "  times a process that does nothing", ratio(real, nothing));
    }
    let rows: Vec<Vec<Row>> = sizes.iter().filter(|_| !only_sets).map(|size| of_size(*size)).collect();
    if let (Some(first), Some(last), [least, .., most]) = (rows.first(), rows.last(), sizes.as_slice()) {
        growth(first, last, most - least);
    }
    for (replicas, policy, rounds) in SETS {
        set_of(replicas, policy, rounds);
    }
}

/// A command and the CPU time it took.
type Row = (&'static str, Duration);

/// What each object more costs a command.
fn growth(first: &[Row], last: &[Row], objects: usize) {
    println!("\nCPU time per object more, in microseconds");
    for ((name, least), (_, most)) in first.iter().zip(last) {
        let more = (most.as_secs_f64() - least.as_secs_f64()) * 1e6 / objects as f64;
        println!("{name:<34}{more:>10.2}");
    }
}

/// The rows of one size.
fn of_size(size: usize) -> Vec<Row> {
    let home = TempDir::new().unwrap();
    fill(&home, size);
    let bytes = fs::metadata(home.join("state.db")).unwrap().len();
    println!("\n{size} objects: {} KiB, {} bytes each", bytes / 1024, bytes / size as u64);
    let kstate = |args: &[&str]| {
        let mut command = command(env!("CARGO_BIN_EXE_kstate"), args);
        command.env("KSTATE_HOME", home.path());
        command
    };
    let last = format!("cm-{}", size - 1);
    let label = format!("number={}", size - 1);
    let mut rows = Vec::new();
    let mut show = |name, command: &mut dyn FnMut() -> Command| rows.push((name, measure(name, ROUNDS, command).cpu));
    show("  get pods (none there)", &mut || kstate(&["get", "pods"]));
    show("  get one by name", &mut || kstate(&["get", "configmap", &last]));
    show("  get by label, one matches", &mut || kstate(&["get", "configmaps", "-l", &label]));
    show("  get all as a table", &mut || kstate(&["get", "configmaps"]));
    show("  get all as JSON", &mut || kstate(&["get", "configmaps", "-o", "json"]));
    let mut round = 0;
    show("  label one (a durable write)", &mut || {
        round += 1;
        kstate(&["label", "configmap", &last, "--overwrite", &format!("round={round}")])
    });
    let mut made = 0;
    show("  create one", &mut || {
        made += 1;
        kstate(&["create", "configmap", &format!("new-{made}"), "--from-literal=a=b"])
    });
    if kstate(&["run", "a", "--image=nginx"]).stdout(Stdio::null()).status().is_ok_and(|status| status.success())
        && kstate(&["exec", "a", "--", "true"]).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    {
        show("  exec -- true", &mut || kstate(&["exec", "a", "--", "true"]));
    }
    rows
}

/// A set of pods with claims, from nothing.
fn set_of(replicas: usize, policy: &str, rounds: usize) {
    println!("\na StatefulSet of {replicas} replicas with claims, {policy}");
    let files = TempDir::new().unwrap();
    let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": {
        "replicas": replicas, "podManagementPolicy": policy, "serviceName": "web", "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}}}}]}});
    fs::write(files.join("set.json"), set.to_string()).unwrap();
    let homes: Vec<TempDir> = (0..rounds).map(|_| TempDir::new().unwrap()).collect();
    let mut next = homes.iter();
    measure("  create", rounds, &mut || {
        let mut command = command(env!("CARGO_BIN_EXE_kstate"), &["create", "-f", "set.json"]);
        command.current_dir(files.path()).env("KSTATE_HOME", next.next().unwrap().path());
        command
    });
    let home = &homes[0];
    let kstate = |args: &[&str]| {
        let mut command = command(env!("CARGO_BIN_EXE_kstate"), args);
        command.env("KSTATE_HOME", home.path());
        command
    };
    measure("  get pods", rounds, &mut || kstate(&["get", "pods"]));
    measure("  get pods -o json", rounds, &mut || kstate(&["get", "pods", "-o", "json"]));
    let bytes = fs::metadata(home.join("state.db")).unwrap().len();
    println!("  {} KiB of file, {} a replica", bytes / 1024, bytes / 1024 / replicas as u64);
}

fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args);
    command
}

fn fill(home: &Path, size: usize) {
    let vars = [("KSTATE_HOME", home.to_str().unwrap()), ("KSTATE_FSYNC", "off")];
    let mut env = Env::real();
    env.vars = vars.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let mut client = Client::open(&env).unwrap();
    for start in (0..size).step_by(BATCH) {
        let some = start..size.min(start + BATCH);
        client.write(|cluster| some.clone().try_for_each(|number| create(cluster, number))).unwrap();
    }
}

fn create(cluster: &mut Cluster, number: usize) -> Result<(), Status> {
    let kind = kinds::by_resource("configmaps").unwrap();
    let mut object = Object::new("v1", "ConfigMap", "default", &format!("cm-{number}"));
    object.set_label("number", &number.to_string());
    object.set("/data", json!({"key": "x".repeat(200)}));
    apiserver::create(cluster, kind, "default", object, &WriteOptions::default()).map(drop)
}

/// What one run of a process took.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    cpu: Duration,
    /// In KiB.
    peak: i64,
}

/// Runs a command as often as it takes, prints its medians and gives its wall time.
fn show(name: &str, command: &mut dyn FnMut() -> Command) -> Duration {
    measure(name, ROUNDS, command).wall
}

/// Runs a command so often, prints its medians and gives them.
fn measure(name: &str, rounds: usize, command: &mut dyn FnMut() -> Command) -> Cost {
    let mut costs: Vec<Cost> = (0..rounds).map(|_| run(command().stdout(Stdio::null()))).collect();
    let cpu = median(&mut costs, |c| c.cpu).cpu;
    let peak = median(&mut costs, |c| Duration::from_secs(c.peak.unsigned_abs())).peak;
    let wall = median(&mut costs, |c| c.wall).wall;
    println!("{name:<34}{:>10.1}{:>10.1}{:>10.1}", ms(wall), ms(cpu), peak as f64 / 1024.0);
    Cost { wall, cpu, peak }
}

fn median(costs: &mut [Cost], of: impl Fn(&Cost) -> Duration) -> Cost {
    costs.sort_by_key(of);
    costs[costs.len() / 2]
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

#[expect(clippy::zombie_processes, reason = "wait4 waits for it, and says what it took")]
fn run(command: &mut Command) -> Cost {
    let begin = Instant::now();
    let child = command.spawn().unwrap();
    let pid = i32::try_from(child.id()).unwrap();
    let mut status = 0;
    // SAFETY: all zeros is a usage of nothing, and both pointers are to values of the types that wait4 fills in.
    let usage = unsafe {
        let mut usage: nix::libc::rusage = std::mem::zeroed();
        assert_eq!(nix::libc::wait4(pid, &raw mut status, 0, &raw mut usage), pid);
        usage
    };
    assert_eq!(status, 0, "{command:?}");
    let time = |t: nix::libc::timeval| Duration::new(t.tv_sec.unsigned_abs(), u32::try_from(t.tv_usec).unwrap() * 1000);
    Cost { wall: begin.elapsed(), cpu: time(usage.ru_utime) + time(usage.ru_stime), peak: usage.ru_maxrss }
}
