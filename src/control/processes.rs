//! Which containers are processes of this machine: those whose image is little more than a shell or an interpreter, which
//! the host has as well. Every other container is simulated.
//!
//! Pure. Knows images and pods, not what the host has.

use serde_json::Value;

use super::emulated::{repository, servers};
use super::pace::Pace;
use crate::apimachinery::object::Object;

/// Where a pod's bookkeeping says that its containers may run for real.
const KEY: &str = "processes";

/// Images and what they run where a pod gives no command.
struct Shell {
    /// The end of the repository's name, in whole path components.
    repositories: &'static [&'static str],
    entrypoint: &'static [&'static str],
    command: &'static [&'static str],
}

const SHELLS: &[Shell] = &[
    Shell {
        repositories: &["busybox", "alpine", "busybox-plus", "dnsutils-alpine"],
        entrypoint: &[],
        command: &["sh"],
    },
    Shell {
        repositories: &[
            "debian",
            "ubuntu",
            "fedora",
            "centos",
            "rockylinux",
            "almalinux",
            "amazonlinux",
            "archlinux",
            "buildpack-deps",
            "opensuse/leap",
            "ubi8",
            "ubi9",
            "ubi-minimal",
            "netshoot",
            "network-multitool",
            "google-containers/toolbox",
        ],
        entrypoint: &[],
        command: &["bash"],
    },
    Shell { repositories: &["bash"], entrypoint: &[], command: &["bash"] },
    Shell { repositories: &["tutum/dnsutils", "tutum/curl"], entrypoint: &[], command: &["bash"] },
    Shell { repositories: &["jessie-dnsutils", "dnsutils"], entrypoint: &[], command: &["sleep", "infinity"] },
    Shell { repositories: &["curlimages/curl", "curl"], entrypoint: &["curl"], command: &["--help"] },
    Shell { repositories: &["python"], entrypoint: &[], command: &["python3"] },
    Shell { repositories: &["perl"], entrypoint: &[], command: &["perl", "-de0"] },
];

/// Words of a command line that stand for one another: what an image has under one name, a host may have under another.
const OTHER_NAMES: &[(&str, &str)] = &[("python", "python3"), ("ash", "sh"), ("/bin/ash", "/bin/sh")];

/// Marks a new pod as one whose containers may run for real.
pub fn allow(pod: &mut Object, pace: &Pace) {
    if !pace.says("run-containers", "never") {
        pod.internal.insert(KEY, true.into());
    }
}

/// Whether a pod's containers may run for real.
pub fn are_allowed(pod: &Object) -> bool {
    pod.internal.get(KEY).is_some_and(|allowed| *allowed == true)
}

/// The command line of a container that is a process of this machine; `None` for one that is simulated.
pub fn command(pod: &Object, spec: &Value, pace: &Pace) -> Option<Vec<String>> {
    if !are_allowed(pod) || asks_for_the_node(pod, spec) {
        return None;
    }
    let image = spec.get("image").and_then(Value::as_str)?;
    let (given, args) = (words(spec, "command"), words(spec, "args"));
    if !servers(spec).is_empty() {
        return None;
    }
    let shell = SHELLS.iter().find(|s| s.repositories.iter().any(|name| is(image, name)));
    let is_added = || pace.words("shell-images").iter().any(|name| is(image, name));
    // Somebody sits before a container that keeps its stdin open: what is asked for by name is tried, as exec does.
    let is_interactive = spec.get("stdin").is_some_and(|s| *s == true) && !(given.is_empty() && args.is_empty());
    if shell.is_none() && !is_added() && !is_interactive {
        return None;
    }
    let own = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let (entrypoint, default) = shell.map_or((&[][..], &["sh"][..]), |s| (s.entrypoint, s.command));
    Some(match (given.is_empty(), args.is_empty()) {
        (false, _) => [given, args].concat(),
        (true, false) => [own(entrypoint), args].concat(),
        (true, true) => [own(entrypoint), own(default)].concat(),
    })
}

/// What a program may be called where the host does not have it under its own name.
pub fn other_name(program: &str) -> Option<&'static str> {
    OTHER_NAMES.iter().find(|(name, _)| *name == program).map(|(_, other)| *other)
}

/// Whether a container changes or looks at its node, which here is somebody's own machine: a sandbox has no such rights.
fn asks_for_the_node(pod: &Object, spec: &Value) -> bool {
    if spec.get("stdin").is_some_and(|s| *s == true) {
        // Somebody sits before it, as with `debug`: they get a shell, and see what a sandbox lets them.
        return false;
    }
    let shares = ["hostPID", "hostIPC", "hostNetwork"].iter().any(|f| pod.bool_at(&format!("/spec/{f}")) == Some(true));
    shares || spec.pointer("/securityContext/privileged").is_some_and(|p| *p == true)
}

fn is(image: &str, name: &str) -> bool {
    repository(image).strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

fn words(spec: &Value, field: &str) -> Vec<String> {
    let list = spec.get(field).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A container's process that ought to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub container: String,
    pub attempt: u32,
    pub command: Vec<String>,
}

/// The processes that a pod's status says are running.
pub fn of(pod: &Object, pace: &Pace) -> Vec<Process> {
    if !are_allowed(pod) {
        return Vec::new();
    }
    let lists = [
        ("initContainers", "initContainerStatuses"),
        ("containers", "containerStatuses"),
        ("ephemeralContainers", "ephemeralContainerStatuses"),
    ];
    let specs = lists.iter().flat_map(|(specs, statuses)| {
        let statuses = pod.list_at(&format!("/status/{statuses}"));
        pod.list_at(&format!("/spec/{specs}")).iter().map(move |spec| (spec, statuses))
    });
    let running = specs.filter_map(|(spec, statuses)| {
        let name = spec.get("name")?.as_str()?;
        let status = statuses.iter().find(|s| s["name"] == name)?;
        status.pointer("/state/running")?;
        let attempt = u32::try_from(status.get("restartCount")?.as_u64()?).ok()?;
        let command = command(pod, spec, pace)?;
        let is_simulated = super::observation::of(pod, name, attempt).is_some();
        (!is_simulated).then(|| Process { container: name.to_owned(), attempt, command })
    });
    running.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn line(image: &str, command_: &[&str], args: &[&str]) -> String {
        let mut pod = Object::new("v1", "Pod", "default", "p");
        pod.internal.insert(KEY, true.into());
        let spec = json!({"name": "c", "image": image, "command": command_, "args": args});
        command(&pod, &spec, &Pace::default()).map_or_else(|| "simulated".to_owned(), |words| words.join(" "))
    }

    #[test]
    fn shell_images_run_and_others_do_not() {
        for (image, command, args, want) in [
            ("busybox:1.28", &[][..], &[][..], "sh"),
            ("docker.io/library/busybox@sha256:00", &[], &["sleep", "5"], "sleep 5"),
            ("registry.k8s.io/e2e-test-images/jessie-dnsutils:1.3", &[], &[], "sleep infinity"),
            ("tutum/dnsutils", &["/bin/sh"], &[], "/bin/sh"),
            ("curlimages/curl:8.11.1", &[], &["-s", "x"], "curl -s x"),
            ("curlimages/curl", &["sh", "-c"], &["true"], "sh -c true"),
            ("debian:12-slim", &["echo"], &["a", "b"], "echo a b"),
            ("nginx", &["sh"], &[], "simulated"),
            ("my-busybox", &[], &[], "simulated"),
            ("busybox", &["httpd", "-f"], &[], "simulated"),
            ("python:3", &["python3", "-m", "http.server"], &[], "simulated"),
        ] {
            assert_eq!(line(image, command, args), want, "{image} {command:?} {args:?}");
        }
    }

    #[test]
    fn only_pods_that_are_allowed_to_and_ask_for_nothing_of_the_node() {
        let mut pod = Object::new("v1", "Pod", "default", "p");
        let spec = json!({"name": "c", "image": "busybox"});
        assert_eq!(command(&pod, &spec, &Pace::default()), None);
        allow(&mut pod, &Pace::default());
        assert!(command(&pod, &spec, &Pace::default()).is_some());
        let privileged = json!({"name": "c", "image": "busybox", "securityContext": {"privileged": true}});
        assert_eq!(command(&pod, &privileged, &Pace::default()), None);
        pod.set("/spec/hostPID", true.into());
        assert_eq!(command(&pod, &spec, &Pace::default()), None);
    }
}
