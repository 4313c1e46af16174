//! A process's world: names, streams, status, environment, network.

use std::io::Read;

use kstate::runtime::{Command, Exit};

use crate::needs_namespaces;
use crate::pod::{Pod, Untouched, shell};

#[test]
fn a_process_sees_its_pod() {
    needs_namespaces!();
    let pod = Pod::new();
    let text =
        pod.out("hostname; id -un; id -u; pwd; cat /etc/hostname /etc/hosts /etc/resolv.conf; ls /dev/pts; echo $$");
    let hosts = &pod.sandbox.hosts;
    assert_eq!(text, format!("web-0\nroot\n0\n/\nweb-0\n{hosts}nameserver 10.247.3.10\nptmx\n{}\n", 2));
}

#[test]
fn the_environment_is_the_pod_s_and_nothing_of_the_caller_s() {
    needs_namespaces!();
    let text = Pod::new().out("env | grep -v '^PWD=\\|^_=\\|^SHLVL=\\|^OLDPWD=' | sort");
    assert_eq!(
        text,
        "COLOR=blue\nHOME=/root\nHOSTNAME=web-0\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
    );
}

#[test]
fn another_user_has_its_number() {
    needs_namespaces!();
    let mut pod = Pod::new();
    (pod.sandbox.user, pod.sandbox.group) = (1000, 3000);
    pod.sandbox.working_dir = "/srv/app".into();
    let text =
        pod.out("id -u; id -g; pwd; touch /usr/share/nginx/html/f; stat -c %u:%g /usr/share/nginx/html/f; echo $HOME");
    assert_eq!(text, "1000\n3000\n/srv/app\n1000:3000\n/\n");
}

#[test]
fn streams_and_status_are_the_process_s_own() {
    needs_namespaces!();
    let pod = Pod::new();
    let outcome = pod.run("echo out; echo err >&2; exit 3");
    assert_eq!((outcome.out.as_str(), outcome.err.as_str()), ("out\n", "err\n"));
    assert_eq!(outcome.result.unwrap(), Exit(3));
    assert_eq!(pod.run("kill -9 $$").result.unwrap(), Exit(137));
    assert_eq!(pod.run("kill -TERM $$").result.unwrap(), Exit(143));
    assert_eq!(pod.run("head -c 3000000 /dev/zero").out.len(), 3_000_000);
}

#[test]
fn what_cannot_start_is_said_in_the_runtime_s_words() {
    needs_namespaces!();
    let pod = Pod::new();
    let cause = |program: &str| {
        let command = Command { argv: vec![program.into()], stdin: false, tty: false };
        let text = pod.exec(&command, Box::new(Untouched)).result.unwrap_err().to_string();
        let (front, cause) = text.split_once("unable to start container process: ").unwrap();
        assert!(front.starts_with("Internal error occurred: Internal error occurred: error executing command in"));
        assert_eq!(front.split('"').nth(1).map(str::len), Some(64), "{front}");
        cause.to_string()
    };
    assert_eq!(cause("nope"), "exec: \"nope\": executable file not found in $PATH");
    assert_eq!(cause("/nope"), "exec: \"/nope\": stat /nope: no such file or directory");
    assert_eq!(cause("/etc"), "exec: \"/etc\": is a directory");
    assert_eq!(cause("/etc/passwd"), "exec: \"/etc/passwd\": permission denied");
}

#[test]
fn stdin_is_read_only_when_it_is_asked_for() {
    needs_namespaces!();
    let pod = Pod::new();
    assert_eq!(pod.out("cat; readlink /proc/self/fd/0"), "/dev/null\n");
    assert_eq!(pod.pipe("cat", "piped\n").out, "piped\n");
    assert_eq!(pod.pipe("wc -c", &"x".repeat(1_000_000)).out.trim(), "1000000");
}

#[test]
fn a_process_that_ends_does_not_wait_for_stdin_or_its_children() {
    needs_namespaces!();
    let pod = Pod::new();
    let (forever, _keep_open) = std::io::pipe().unwrap();
    let forever: Box<dyn Read + Send> = Box::new(forever);
    let outcome = pod.exec(&Command { stdin: true, ..shell("sleep 1000 & echo done") }, forever);
    assert_eq!(outcome.out, "done\n");
    assert_eq!(outcome.result.unwrap(), Exit(0));
}

#[test]
fn the_emulated_server_serves_the_pod_s_volume() {
    needs_namespaces!();
    let pod = Pod::new();
    assert_eq!(pod.out("echo hello world > /usr/share/nginx/html/index.html"), "");
    for host in ["localhost", "172.16.0.7", "web-0"] {
        assert_eq!(pod.out(&format!("curl -s {host}")), "hello world\n", "{host}");
    }
}

#[test]
fn an_image_brings_its_files_where_no_volume_is() {
    needs_namespaces!();
    let mut pod = Pod::new();
    pod.sandbox.mounts.clear();
    pod.sandbox.servers[0].mounts.clear();
    assert_eq!(pod.out("ls /usr/share/nginx/html"), "50x.html\nindex.html\n");
    assert!(pod.out("curl -s localhost").contains("Welcome to nginx!"));
    pod.out("echo mine > /usr/share/nginx/html/index.html");
    assert_eq!(pod.out("curl -s localhost"), "mine\n");
}

#[test]
fn containers_of_a_pod_share_its_network_and_not_its_files() {
    needs_namespaces!();
    let pod = Pod::new();
    pod.out("echo shared > /usr/share/nginx/html/index.html; touch /tmp/mine");
    let mut sandbox = pod.sandbox.clone();
    sandbox.container = "sidecar".into();
    sandbox.mounts.clear();
    let sidecar = Pod { home: pod.home.clone(), sandbox };
    assert_eq!(sidecar.out("hostname; curl -s localhost; ls /tmp"), "web-0\nshared\n");
    assert_eq!(pod.out("ls /tmp"), "mine\n");
}
