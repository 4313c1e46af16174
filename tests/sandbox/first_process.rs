//! Pid 1 of a container: who it is, what it takes notice of, and who is beside it.

use super::cluster::{Cluster, soon};
use super::needs_namespaces;
use super::pod::Pod;

#[test]
fn what_is_simulated_is_pid_1_under_its_own_name() {
    needs_namespaces!();
    let pod = Pod::new();
    let title = "nginx: master process nginx -g daemon off;";
    assert_eq!(pod.out("tr '\\0' '|' < /proc/1/cmdline; cat /proc/1/comm"), format!("{title}|nginx\n"));
    // As under a runtime: a command's parent is outside, nothing ends pid 1 from inside, and it leaves no zombies.
    assert_eq!(pod.out("grep PPid /proc/$$/status; kill -9 1; kill 1; echo alive"), "PPid:\t0\nalive\n");
    let orphan =
        "sh -c 'sleep 0.01 & echo $!' > /tmp/orphan; while [ -e /proc/$(cat /tmp/orphan) ]; do :; done; echo gone";
    assert_eq!(pod.out(orphan), "gone\n");
}

const REAL: &str = "
apiVersion: v1
kind: Pod
metadata: {name: deaf}
spec:
  restartPolicy: Always
  containers:
  - {name: c, image: busybox, command: [sh, -c, 'echo I am $$$$; while :; do sleep 1; done']}
---
apiVersion: v1
kind: Pod
metadata: {name: polite}
spec:
  restartPolicy: Never
  containers:
  - {name: c, image: busybox, command: [sh, -c, 'trap \"echo bye; exit 3\" TERM; echo up; while :; do sleep 0.05; done']}
";

#[test]
fn a_container_s_own_program_is_pid_1() {
    needs_namespaces!();
    let cluster = Cluster::with(REAL);
    soon("it has begun", || cluster.out(&["logs", "deaf"]) == "I am 1\n");
    assert_eq!(
        cluster.inside("deaf", "tr '\\0' ' ' < /proc/1/cmdline | cut -c-5; kill 1; kill -9 1; echo alive"),
        "sh -c\nalive\n"
    );
    // What has a handler hears of it, from inside as well.
    soon("it has begun", || cluster.out(&["logs", "polite"]) == "up\n");
    cluster.inside("polite", "kill 1");
    let code = "{.status.containerStatuses[0].state.terminated.exitCode}";
    soon("it has ended", || cluster.field("pod/polite", code) == "3");
    assert_eq!(cluster.out(&["logs", "polite"]), "up\nbye\n");
    // Nothing would come of waiting for what has none: a grace period of half a minute does not show.
    cluster.out(&["delete", "pod", "deaf", "--timeout=20s"]);
}

const SHARED: &str = "
apiVersion: v1
kind: Pod
metadata: {name: nginx}
spec:
  shareProcessNamespace: true
  containers:
  - {name: nginx, image: nginx}
  - {name: shell, image: busybox, command: [sleep, '86391']}
";

#[test]
fn containers_that_share_their_processes_see_each_other() {
    needs_namespaces!();
    let cluster = Cluster::with(SHARED);
    let names = || {
        let all = cluster.out(&["exec", "nginx", "-c", "shell", "--", "ps", "-eo", "args"]);
        all.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>()
    };
    let nginx = "nginx: master process nginx -g daemon off;";
    assert_eq!(names(), ["COMMAND", "/pause", nginx, "sleep 86391", "ps -eo args"]);
    // One that is entered is there once, and what is left in it goes with it.
    let within = cluster.run(&[
        "exec",
        "nginx",
        "-c",
        "nginx",
        "--",
        "sh",
        "-c",
        "sleep 86392 & ps -eo args | grep -c [n]ginx:",
    ]);
    assert_eq!(String::from_utf8_lossy(&within.stdout), "1\n", "{within:?}");
    let seen =
        cluster.run(&["exec", "nginx", "-c", "shell", "--", "cat", "/proc/2/environ", "/proc/2/root/etc/passwd"]);
    assert_eq!(String::from_utf8_lossy(&seen.stdout), "", "{seen:?}");
    cluster.out(&["delete", "pod", "nginx"]);
    soon("nothing is left", || super::cluster::processes_of(cluster.home.path()) == 0);
}

const TARGETS: &str = "
apiVersion: v1
kind: Pod
metadata: {name: real}
spec: {terminationGracePeriodSeconds: 0, containers: [{name: c, image: busybox, command: [sleep, '86393']}]}
---
apiVersion: v1
kind: Pod
metadata: {name: simulated}
spec: {terminationGracePeriodSeconds: 0, containers: [{name: c, image: nginx}]}
";

#[test]
fn a_debug_container_sees_the_processes_of_its_target() {
    needs_namespaces!();
    let cluster = Cluster::with(TARGETS);
    for (pod, first) in [("real", "sleep 86393"), ("simulated", "nginx: master process nginx -g daemon off;")] {
        for (name, more) in [("with", &["--target=c"][..]), ("without", &[])] {
            let flags = ["debug", pod, "--image=busybox", "--profile=general", "-q", "-c", name];
            cluster.out(&[&flags[..], more, &["--", "sleep", "86394"]].concat());
            let seen = || cluster.out(&["exec", pod, "-c", name, "--", "ps", "-o", "args=", "-p", "1"]);
            let want = if more.is_empty() { "sleep 86394" } else { first };
            soon("it runs", || seen().trim_end() == want);
        }
    }
    // It is no part of what makes the pod ready, and ends with the pod.
    assert_eq!(cluster.field("pod/real", "{.status.containerStatuses[*].ready}"), "true");
    assert_eq!(cluster.field("pod/real", "{.status.ephemeralContainerStatuses[*].ready}"), "false false");
    cluster.out(&["delete", "pod", "real", "simulated"]);
    soon("nothing is left", || super::cluster::processes_of(cluster.home.path()) == 0);
}
