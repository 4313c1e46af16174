//! Volumes of every source, and mounts at odd places.

use kstate::control::sandbox::{File, Mount, Source};
use kstate::runtime;

use crate::cluster::{Cluster, soon};
use crate::needs_namespaces;
use crate::pod::{Pod, mount, pvc};

fn file(path: &str, mode: u32, content: &str) -> File {
    File { path: path.into(), mode, content: content.into() }
}

fn config() -> Source {
    Source::Files { name: "config".into(), files: vec![file("nginx.conf", 0o644, "one\n"), file("b", 0o400, "two\n")] }
}

#[test]
fn a_claim_outlives_its_pods_and_an_empty_dir_does_not() {
    needs_namespaces!();
    let empty = Source::EmptyDir("scratch".into());
    let mut pod = Pod::with_mounts(vec![mount("/data", pvc("pvc-1")), mount("/scratch", empty)]);
    assert_eq!(
        pod.out("echo kept > /data/f; echo gone > /scratch/f; echo layer > /opt/f; cat /data/f /scratch/f"),
        "kept\ngone\n"
    );
    assert_eq!(pod.out("cat /data/f /scratch/f /opt/f"), "kept\ngone\nlayer\n");
    runtime::remove_pod(pod.home(), &pod.sandbox.pod_uid).unwrap();
    pod.sandbox.pod_uid = "another".into();
    assert_eq!(pod.out("cat /data/f; ls /scratch /opt"), "kept\n/opt:\n\n/scratch:\n");
    runtime::remove_volume(pod.home(), "pvc-1").unwrap();
    assert_eq!(pod.out("ls /data"), "");
    runtime::remove_all(pod.home()).unwrap();
    assert_eq!(std::fs::read_dir(pod.home()).unwrap().count(), 0);
}

#[test]
fn files_are_written_out_and_cannot_be_changed() {
    needs_namespaces!();
    let sub = Mount { sub_path: "nginx.conf".into(), ..mount("/etc/nginx/nginx.conf", config()) };
    let pod = Pod::with_mounts(vec![mount("/config", config()), sub]);
    assert_eq!(pod.out("cat /config/* /etc/nginx/nginx.conf; stat -L -c %a /config/b"), "two\none\none\n400\n");
    let refused = pod.run("echo x > /config/c; echo x > /etc/nginx/nginx.conf");
    assert_eq!(refused.err.matches("Read-only file system").count(), 2, "{}", refused.err);
}

#[test]
fn a_node_s_folder_and_a_sub_path() {
    needs_namespaces!();
    let node = Source::Node { node: "node-1".into(), path: "/var/log/app".into() };
    let sub = Mount { sub_path: "a/b".into(), ..mount("/sub", pvc("pvc-1")) };
    let read_only = Mount { read_only: true, ..mount("/ro", pvc("pvc-1")) };
    let pod = Pod::with_mounts(vec![mount("/logs", node), sub, read_only]);
    assert_eq!(pod.out("echo l > /logs/f; echo s > /sub/f; cat /ro/a/b/f"), "s\n");
    assert_eq!(std::fs::read_to_string(pod.path("nodes/node-1/var/log/app/f")).unwrap(), "l\n");
    assert!(pod.run("touch /ro/x").err.contains("Read-only file system"));
}

#[test]
fn mounts_at_odd_places() {
    needs_namespaces!();
    for path in ["/a/b/c", "/usr/lib/nginx/modules", "/usr/new/deep", "/home/u", "/var/lib/x", "/bin/tools", "/data/"] {
        let pod = Pod::with_mounts(vec![mount(path, pvc("pvc-1"))]);
        assert_eq!(pod.out(&format!("echo x > {path}/f; cat {path}/f; ls /bin/sh")), "x\n/bin/sh\n", "{path}");
    }
    let pod = Pod::with_mounts(vec![mount("/etc", pvc("pvc-1"))]);
    assert_eq!(pod.out("cat /etc/hostname; ls /etc"), "web-0\nhostname\nhosts\nresolv.conf\n");
    let nested = Pod::with_mounts(vec![mount("/data", pvc("pvc-1")), mount("/data/in", pvc("pvc-2"))]);
    assert_eq!(nested.out("echo x > /data/in/f; ls /data/in"), "f\n");
    assert!(nested.path("volumes/pvc-2/f").exists());
    for path in ["/", "//", "/a/../../b"] {
        let outcome = Pod::with_mounts(vec![mount(path, pvc("pvc-1"))]).run("true");
        let message = outcome.result.unwrap_err().to_string();
        assert!(message.contains("mount a volume at") || message.contains("leads out of"), "{message}");
    }
}

#[test]
fn a_pipe_in_place_of_a_device_keeps_nobody_waiting() {
    needs_namespaces!();
    let mut pod = Pod::with_mounts(vec![mount("/x", pvc("pvc-1"))]);
    pod.out("mkfifo /x/null");
    pod.sandbox.mounts = vec![mount("/dev", pvc("pvc-1"))];
    assert_eq!(pod.out("echo here"), "here\n");
}

#[test]
fn a_read_only_root_leaves_the_volumes() {
    needs_namespaces!();
    let mut pod = Pod::with_mounts(vec![mount("/data", pvc("pvc-1")), mount("/usr/share/app", pvc("pvc-2"))]);
    pod.sandbox.read_only_root = true;
    pod.sandbox.working_dir = "/work".into();
    for path in ["/x", "/tmp/x", "/etc/x", "/usr/x", "/usr/local/bin/x", "/work/x", "/root/x"] {
        let refused = pod.run(&format!("touch {path}"));
        assert!(refused.err.contains("Read-only file system"), "{path}: {refused:?}");
    }
    assert_eq!(pod.out("for d in /data /usr/share/app /dev/shm; do echo y > $d/y && cat $d/y; done"), "y\ny\ny\n");
}

const CONFIGURED: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: colors}
data: {color: \"red\\n\", gone: soon}
---
apiVersion: v1
kind: Secret
metadata: {name: words}
stringData: {word: old}
---
apiVersion: v1
kind: Pod
metadata: {name: reader}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: busybox
    command: [sh, -c, 'while :; do if read -r color < /etc/colors/color && [ \"$color\" != \"$before\" ]; then echo \"$color\"; before=$color; fi; sleep 0.05; done']
    env: [{name: COLOR, valueFrom: {configMapKeyRef: {name: colors, key: color}}}]
    volumeMounts:
    - {name: colors, mountPath: /etc/colors}
    - {name: colors, mountPath: /etc/one/color, subPath: color}
    - {name: all, mountPath: /all}
  volumes:
  - {name: colors, configMap: {name: colors}}
  - name: all
    projected: {sources: [{configMap: {name: colors}}, {secret: {name: words}}]}
";

/// As a kubelet does it: what is mounted whole is renewed, a file that is mounted by itself and the environment are not.
#[test]
fn what_a_running_pod_has_mounted_of_a_config_map_is_renewed() {
    needs_namespaces!();
    let cluster = Cluster::with(CONFIGURED);
    let before = cluster.inside("reader", "cat /etc/colors/color /all/gone /all/word; ls -d /etc/colors/..2*");
    assert!(before.starts_with("red\nsoonold/etc/colors/..2"), "{before}");
    soon("it has read it", || cluster.out(&["logs", "reader"]).lines().eq(["red"]));
    let change = r#"{"data":{"color":"blue\n","gone":null}}"#;
    cluster.out(&["patch", "configmap", "colors", "-p", change]);
    cluster.out(&["patch", "secret", "words", "-p", r#"{"stringData":{"word":"new"}}"#]);
    soon("it has read it again", || cluster.out(&["logs", "reader"]).lines().eq(["red", "blue"]));
    let after =
        "cat /etc/colors/color /etc/one/color; echo $COLOR; cat /all/word; ls /all; ls -d /etc/colors/..2* | wc -l";
    assert_eq!(cluster.inside("reader", after), "blue\nred\nred\nnewcolor\nword\n1\n");
}
