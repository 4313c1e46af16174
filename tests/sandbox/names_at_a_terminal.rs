//! The DNS section of the walkthrough, as somebody at a terminal sees it: stable names whose addresses change.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::Stdio;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::cluster::{Cluster, Running, WEB};
use crate::needs_namespaces;

/// A shell in a pod, and what was seen of it.
struct Shell {
    process: Running,
    terminal: File,
    seen: String,
}

impl Shell {
    fn open(cluster: &Cluster, pod: &str) -> Shell {
        Shell::of(cluster, &["exec", "-i", "-t", pod, "--", "/bin/sh"])
    }

    /// The shell that a command opens.
    fn of(cluster: &Cluster, args: &[&str]) -> Shell {
        let pty = openpty(None, None).unwrap();
        let end = || Stdio::from(pty.slave.as_fd().try_clone_to_owned().unwrap());
        let mut command = cluster.command(args);
        let process = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        let mut shell = Shell { process: Running(process), terminal: pty.master.into(), seen: String::new() };
        shell.read_until("# ");
        shell
    }

    /// Leaves the shell with a status; gives what the command ends with and what it says last.
    fn leave(mut self, how: impl FnOnce(&mut Shell)) -> (Option<i32>, String) {
        self.seen.clear();
        how(&mut self);
        let status = self.process.0.wait().unwrap();
        let mut buffer = [0; 4096];
        // The test has the terminal's other end open, too: it is read no further than there is something.
        let mut poller = [PollFd::new(self.terminal.as_fd(), PollFlags::POLLIN)];
        if poll(&mut poller, PollTimeout::ZERO).unwrap() > 0 {
            let count = (&self.terminal).read(&mut buffer).unwrap_or_default();
            self.seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
        (status.code(), self.seen.replace('\r', ""))
    }

    /// What a command prints, up to the next prompt.
    fn say(&mut self, line: &str) -> String {
        self.terminal.write_all(format!("{line}\r").as_bytes()).unwrap();
        self.seen.clear();
        self.read_until("# ");
        let said = self.seen.replace('\r', "");
        let said = said.strip_prefix(&format!("{line}\n")).unwrap_or(&said);
        said.trim_end_matches("# ").to_owned()
    }

    fn read_until(&mut self, end: &str) {
        while !self.seen.ends_with(end) {
            let mut buffer = [0; 4096];
            let count = self.terminal.read(&mut buffer).unwrap();
            assert!(count > 0, "ended after {:?}", self.seen);
            self.seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    }
}

const PODS: &str = "
apiVersion: v1
kind: Pod
metadata: {name: dnsutils}
spec: {containers: [{name: dnsutils, image: tutum/dnsutils, command: [sleep, infinity]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: dns-test}
spec: {containers: [{name: dns-test, image: 'busybox:1.28', command: [sleep, infinity]}]}
";

fn ip(cluster: &Cluster, pod: &str) -> String {
    cluster.field(&format!("pod/{pod}"), "{.status.podIP}")
}

#[test]
fn names_stay_and_addresses_change() {
    needs_namespaces!();
    let cluster = Cluster::with(WEB);
    cluster.apply(PODS);
    let mut shell = Shell::open(&cluster, "dnsutils");
    for round in 0..2 {
        for pod in ["nginx-0", "nginx-1"] {
            let want = format!(
                "Server:\t\t10.247.3.10\nAddress:\t10.247.3.10#53\n\nName:\t{pod}.nginx.default.svc.cluster.local\n\
                 Address: {}\n\n",
                ip(&cluster, pod)
            );
            assert_eq!(shell.say(&format!("nslookup {pod}.nginx")), want, "round {round}");
        }
        let before = ip(&cluster, "nginx-0");
        cluster.out(&["delete", "pod", "-l", "app=nginx"]);
        assert_ne!(before, ip(&cluster, "nginx-0"));
    }
}

const RUN: [&str; 8] = ["run", "-i", "--tty", "--image", "tutum/dnsutils", "dnsutils", "--restart=Never", "--rm"];

#[test]
fn the_walkthrough_s_pod_is_there_for_as_long_as_its_shell() {
    needs_namespaces!();
    let cluster = Cluster::with(WEB);
    let mut shell = Shell::of(&cluster, &[&RUN[..], &["/bin/sh"]].concat());
    let said = shell.say("nslookup nginx-0.nginx");
    assert!(said.contains("Address:\t10.247.3.10#53\n\nName:\tnginx-0.nginx.default.svc.cluster.local\n"), "{said}");
    assert!(shell.say("ping -c 1 nginx-1.nginx").contains(", 0% packet loss\n"));
    assert_eq!(shell.say("hostname"), "dnsutils\n");
    let (code, last) = shell.leave(|shell| shell.terminal.write_all(b"exit 3\r").unwrap());
    assert_eq!(code, Some(3));
    assert!(last.ends_with("pod \"dnsutils\" deleted\npod default/dnsutils terminated (Error)\n"), "{last:?}");
    assert_eq!(cluster.out(&["get", "pod", "-l", "run=dnsutils"]), "");
}

#[test]
fn a_closed_terminal_ends_the_command() {
    needs_namespaces!();
    let cluster = Cluster::with(WEB);
    let hang_up = |shell: &mut Shell| {
        let pid = Pid::from_raw(i32::try_from(shell.process.0.id()).unwrap());
        kill(pid, Signal::SIGHUP).unwrap();
    };
    let shell = Shell::of(&cluster, &[&RUN[..], &["/bin/sh"]].concat());
    assert_eq!(shell.leave(hang_up).0, Some(129));
    let deleted = cluster.field("pod/dnsutils", "{.metadata.deletionTimestamp}");
    assert_ne!(deleted, "", "--rm removes it; a shell takes its grace period");
    cluster.out(&["delete", "pod", "dnsutils", "--now"]);
    let shell = Shell::of(&cluster, &[&RUN[..7], &["/bin/sh"]].concat());
    assert_eq!(shell.leave(hang_up).0, Some(129));
    assert_eq!(cluster.field("pod/dnsutils", "{.status.phase}"), "Running");
    cluster.out(&["delete", "pod", "dnsutils", "--now"]);
}

#[test]
fn old_busybox_prints_the_names_that_lead_back() {
    needs_namespaces!();
    let cluster = Cluster::with(WEB);
    cluster.apply(PODS);
    let mut shell = Shell::open(&cluster, "dns-test");
    let want = format!(
        "Server:    10.247.3.10\nAddress 1: 10.247.3.10 kube-dns.kube-system.svc.cluster.local\n\n\
         Name:      nginx-0.nginx\nAddress 1: {} nginx-0.nginx.default.svc.cluster.local\n",
        ip(&cluster, "nginx-0")
    );
    assert_eq!(shell.say("nslookup nginx-0.nginx"), want);
    assert!(shell.say("nslookup nginx-5.nginx").ends_with("nslookup: can't resolve 'nginx-5.nginx'\n"));
}
