//! Commands that are killed at random moments: what a command said it did is there afterwards, and the store is sound.
//!
//! `KSTATE_KILLS=500` says how often (40 by default: each kill is of three shells that run one command after another).

#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "these tests start and kill processes")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use assert_fs::TempDir;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

const KSTATE: &str = env!("CARGO_BIN_EXE_kstate");

/// A shell that runs commands one after another and writes down the name of each whose command succeeded; in a process
/// group of its own, so that a kill takes the command with it.
fn shell(home: &Path, script: &str) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", script, KSTATE]).env("KSTATE_HOME", home).current_dir(home.parent().unwrap());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn().unwrap()
}

fn kstate(home: &Path, args: &[&str]) -> String {
    let output = Command::new(KSTATE).args(args).env("KSTATE_HOME", home).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_killed_commands_had_said_is_there() {
    let folder = TempDir::new().unwrap();
    let home = folder.join("home");
    let begun = Instant::now();
    kstate(&home, &["create", "configmap", "counter", "--from-literal=n=0"]);
    // What one command takes here and now: kills come until a few have ended, the moments of start and commit among them.
    let one = u64::try_from(begun.elapsed().as_micros()).unwrap();
    kstate(&home, &["create", "deployment", "web", "--image=nginx"]);
    let kills: u64 = std::env::var("KSTATE_KILLS").map_or(40, |n| n.parse().unwrap());
    let said = folder.join("said");
    fs::write(&said, "").unwrap();
    for kill in 0..kills {
        let makes =
            format!("for i in 1 2 3 4 5 6 7 8; do \"$0\" create configmap k{kill}-$i && echo k{kill}-$i >>said; done");
        let labels = format!(
            "for i in 1 2 3 4 5 6; do \"$0\" label configmap counter n={kill}.$i --overwrite && echo n={kill}.$i >>said; done"
        );
        let scales = "for i in 1 5 2 0 3; do \"$0\" scale deployment web --replicas=$i; done".to_owned();
        let mut shells: Vec<Child> = [makes, labels, scales].iter().map(|script| shell(&home, script)).collect();
        thread::sleep(Duration::from_micros(kill * 7_919 % 1000 * one * 6 / 1000));
        for child in &mut shells {
            killpg(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGKILL).unwrap();
            child.wait().unwrap();
        }
        if kill % 10 == 9 || kill + 1 == kills {
            check(&home, &fs::read_to_string(&said).unwrap());
        }
    }
    let count = fs::read_to_string(&said).unwrap().lines().count();
    assert!(count as u64 > kills / 2, "commands got to their ends: {count}");
}

/// That everything that was said is so, that a deployment has the pods it says, and that nothing is damaged.
fn check(home: &Path, said: &str) {
    let there = kstate(home, &["get", "configmaps", "-o", "name"]);
    let there: BTreeSet<&str> = there.lines().filter_map(|l| l.strip_prefix("configmap/")).collect();
    let lost: Vec<&str> = said.lines().filter(|l| l.starts_with('k') && !there.contains(l)).collect();
    assert_eq!(lost, Vec::<&str>::new(), "said and not there");
    // The label's values come one after another: a later command may have been killed before it said so.
    let label = kstate(home, &["get", "configmap", "counter", "-o", "jsonpath={.metadata.labels.n}"]);
    let order = |text: &str| text.split('.').map(|n| n.parse::<u64>().unwrap()).collect::<Vec<_>>();
    if let Some(last) = said.lines().rev().find_map(|l| l.strip_prefix("n=")) {
        assert!(order(&label) >= order(last), "{label} is older than {last}, which was said");
    }
    let counts = kstate(home, &["get", "deployment", "web", "-o", "jsonpath={.spec.replicas} {.status.replicas}"]);
    let pods = kstate(home, &["get", "pods", "-l", "app=web", "-o", "name"]).lines().count();
    let (asked, has) = counts.split_once(' ').unwrap_or((&counts, "0"));
    assert_eq!((asked, has.parse().unwrap_or(0)), (&*pods.to_string(), pods), "no commit is half there");
    let doctor = Command::new(KSTATE).arg("doctor").env("KSTATE_HOME", home).output().unwrap();
    assert!(!String::from_utf8(doctor.stdout).unwrap().contains("DAMAGED"));
}
