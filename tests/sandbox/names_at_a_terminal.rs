//! The DNS section of the walkthrough, as somebody at a terminal sees it: stable names whose addresses change.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::Stdio;

use nix::pty::openpty;

use crate::cluster::{Cluster, Running, WEB};
use crate::needs_namespaces;

/// A shell in a pod, and what was seen of it.
struct Shell {
    _process: Running,
    terminal: File,
    seen: String,
}

impl Shell {
    fn open(cluster: &Cluster, pod: &str) -> Shell {
        let pty = openpty(None, None).unwrap();
        let end = || Stdio::from(pty.slave.as_fd().try_clone_to_owned().unwrap());
        let mut command = cluster.command(&["exec", "-i", "-t", pod, "--", "/bin/sh"]);
        let process = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        let mut shell = Shell { _process: Running(process), terminal: pty.master.into(), seen: String::new() };
        shell.read_until("# ");
        shell
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
