//! What an exec costs, beside the bare cost of what it is made of: the same namespaces and veth pair, by `unshare` and
//! `ip`. Measured in turns, so that a busy machine is busy for both.
//!
//! `cargo bench --bench exec`; ends with an error when an exec costs more than twice as much. `KSTATE_BENCH_ROUNDS` sets
//! how often. A machine without `unshare` and `ip` is told so, and measures the exec alone.

#![allow(clippy::disallowed_methods, reason = "a bench measures time and starts processes")]

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use assert_fs::TempDir;

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: a}
spec: {containers: [{name: nginx, image: nginx}]}
";

/// The namespaces of an exec: the pod's, the far end of its interface, and the container's in a second user namespace.
const BARE: &str = "
ip link set lo up
unshare --net sleep 2 & far=$!
while ! test -e /proc/$far/ns/net || test $(readlink /proc/$far/ns/net) = $(readlink /proc/$$/ns/net); do :; done
ip link add eth0 type veth peer name eth0 netns $far
ip addr add 172.16.0.2/32 dev eth0
ip link set eth0 up
ip route add default dev eth0
unshare --mount --pid --fork --user --map-root-user --mount-proc true
kill $far
";

fn main() -> ExitCode {
    let rounds = std::env::var("KSTATE_BENCH_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(40);
    let home = TempDir::new().unwrap();
    std::fs::write(home.path().join("pod.yaml"), POD).unwrap();
    assert!(run(kstate(home.path()).args(["apply", "-f"]).arg(home.path().join("pod.yaml"))).1);
    let mut exec = Vec::new();
    let mut bare = Vec::new();
    for _ in 0..rounds {
        let (took, done) = run(kstate(home.path()).args(["exec", "a", "--", "true"]));
        assert!(done, "exec works");
        exec.push(took);
        let script = ["--user", "--map-root-user", "--net", "--ipc", "--uts", "sh", "-ec", BARE];
        let (took, done) = run(Command::new("unshare").args(script));
        if done {
            bare.push(took);
        }
    }
    let exec = median(&mut exec);
    println!("exec -- true: {exec:?}");
    if bare.len() < rounds {
        println!("unshare and ip cannot make the same namespaces here: nothing to compare with");
        return ExitCode::SUCCESS;
    }
    let bare = median(&mut bare);
    let ratio = exec.as_secs_f64() / bare.as_secs_f64();
    println!("unshare and ip: {bare:?}; an exec costs {ratio:.2} times as much");
    if ratio > 2.0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn kstate(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kstate"));
    command.env("KSTATE_HOME", home);
    command
}

fn run(command: &mut Command) -> (Duration, bool) {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begin = Instant::now();
    let done = command.status().is_ok_and(|status| status.success());
    (begin.elapsed(), done)
}

fn median(all: &mut [Duration]) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}
