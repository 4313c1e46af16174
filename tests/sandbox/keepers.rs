//! Containers that are processes of this machine, driven through the built binary: run, logs, attach, cp, and what is left
//! behind when each of those who take part is killed.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use assert_fs::TempDir;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::needs_namespaces;

/// A store of its own. What still runs in it at the end of a test is ended.
struct Home(TempDir);

#[derive(Debug, PartialEq, Eq)]
struct Said {
    out: String,
    err: String,
    code: Option<i32>,
}

impl Home {
    fn new() -> Home {
        Home(TempDir::new().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kstate"));
        command.args(args).env("KSTATE_HOME", self.path()).env("KSTATE_FSYNC", "off").env_remove("KSTATE_NOW");
        command.env_remove("KSTATE_SEED").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).stdin(Stdio::piped()).spawn().unwrap()
    }

    fn say(&self, args: &[&str], stdin: &str) -> Said {
        let mut child = self.spawn(args);
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { out: text(&output.stdout), err: text(&output.stderr), code: output.status.code() }
    }

    /// What a command prints that has to succeed.
    #[track_caller]
    fn out(&self, args: &[&str]) -> String {
        let said = self.say(args, "");
        assert_eq!(said.code, Some(0), "{args:?}: {said:?}");
        said.out
    }

    /// A pod that runs a script in one container.
    #[track_caller]
    fn pod(&self, name: &str, script: &str, more: &str) {
        let pod = format!(
            "---\n{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{restartPolicy: Never, {more} \
             terminationGracePeriodSeconds: 1, containers: [{{name: c, image: busybox, stdin: true, command: [sh, -c, {script:?}]}}]}}}}"
        );
        let said = self.say(&["create", "-f", "-"], &pod);
        assert_eq!(said.code, Some(0), "{said:?}");
    }

    fn field(&self, pod: &str, path: &str) -> String {
        self.out(&["get", "pod", pod, "-o", &format!("jsonpath={{{path}}}")])
    }

    /// The processes that have something of this home open or are told of it; keepers first.
    fn processes(&self) -> Vec<i32> {
        let home = self.path().display().to_string();
        let told = |pid: i32| {
            let read = |file: &str| std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            let open = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
            let opens = |e: std::fs::DirEntry| std::fs::read_link(e.path()).is_ok_and(|l| l.starts_with(self.path()));
            String::from_utf8_lossy(&read("environ")).contains(&home) || open.into_iter().any(opens)
        };
        let all = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|e| e.file_name().to_str()?.parse().ok());
        all.filter(|pid| *pid != i32::try_from(std::process::id()).unwrap() && told(*pid)).collect()
    }

    fn keepers(&self) -> Vec<i32> {
        let is_keeper = |pid: &i32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains("__keeper")
        };
        self.processes().into_iter().filter(is_keeper).collect()
    }

    /// Waits until no process, mount or claim is left.
    #[track_caller]
    fn is_quiet(&self) {
        let running = self.path().join("running");
        soon("nothing is left", || {
            let claims = std::fs::read_dir(&running).map_or(0, |entries| entries.count());
            self.processes().is_empty() && claims == 0
        });
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(!mounts.contains(&self.path().display().to_string()));
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ended = self.command(&["reset", "--yes"]).output();
    }
}

#[track_caller]
fn soon(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(60) {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("never: {what}")
}

fn ended(said: &Said, out: &str, code: i32) {
    assert_eq!((said.out.as_str(), said.code), (out, Some(code)), "{said:?}");
}

#[test]
fn a_container_runs_is_joined_and_is_stopped_with_its_pod() {
    needs_namespaces!();
    let home = Home::new();
    home.pod("box", "echo started; echo late >&2; exec sleep 86391", "");
    assert_eq!(home.field("box", ".status.phase"), "Running");
    assert_eq!(home.out(&["logs", "box"]), "started\nlate\n");
    let seen = home.out(&["exec", "box", "--", "sh", "-c", "hostname; cat /proc/1/cmdline | tr '\\0' ' '"]);
    assert_eq!(seen, "box\nsleep 86391 ");
    assert_eq!(home.keepers().len(), 1);
    assert_eq!(home.out(&["delete", "pod", "box"]), "pod \"box\" deleted\n");
    home.is_quiet();
    assert_eq!(std::fs::read_dir(home.path().join("pods")).unwrap().count(), 0);
}

#[test]
fn stopping_is_asked_for_before_it_is_done() {
    needs_namespaces!();
    let home = Home::new();
    let last_words = "trap 'echo bye > /data/bye; exit 0' TERM; echo up; while :; do sleep 0.05; done";
    let volume = home.path().join("nodes");
    let pod = format!(
        "---\n{{apiVersion: v1, kind: Pod, metadata: {{name: polite}}, spec: {{volumes: [{{name: d, hostPath: {{path: /d}}}}], \
         containers: [{{name: c, image: busybox, command: [sh, -c, {last_words:?}], volumeMounts: [{{name: d, mountPath: /data}}]}}]}}}}"
    );
    home.say(&["create", "-f", "-"], &pod);
    home.out(&["delete", "pod", "polite"]);
    let found = std::fs::read_to_string(volume.join("node-1/d/bye"));
    assert_eq!(found.unwrap(), "bye\n");
    home.pod("deaf", "trap '' TERM; echo up; while :; do sleep 0.05; done", "");
    let begun = Instant::now();
    home.out(&["delete", "pod", "deaf"]);
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    home.is_quiet();
}

#[test]
fn what_a_process_ends_with_is_what_its_pod_ends_with() {
    needs_namespaces!();
    let home = Home::new();
    home.pod("bad", "echo no; exit 7", "");
    assert_eq!(home.field("bad", ".status.containerStatuses[0].state.terminated.exitCode"), "7");
    assert_eq!(home.field("bad", ".status.phase"), "Failed");
    assert_eq!(home.out(&["logs", "bad"]), "no\n");
    home.out(&["run", "again", "--image=busybox", "--", "sh", "-c", "echo run; exit 1"]);
    soon("it is started again", || home.field("again", ".status.containerStatuses[0].restartCount") == "1");
    soon("it is held back", || {
        home.field("again", ".status.containerStatuses[0].state.waiting.reason") == "CrashLoopBackOff"
    });
    assert_eq!(home.out(&["logs", "again", "--previous"]), "run\n");
    home.out(&["create", "job", "j", "--image=busybox", "--", "echo", "done"]);
    home.out(&["wait", "--for=condition=complete", "job/j", "--timeout=20s"]);
    assert_eq!(home.out(&["logs", "job/j"]), "done\n");
}

#[test]
fn init_containers_run_one_after_the_other_before_the_others() {
    needs_namespaces!();
    let home = Home::new();
    let container = |name: &str, script: &str| {
        format!(
            "{{name: {name}, image: busybox, command: [sh, -c, {script:?}], volumeMounts: [{{name: d, mountPath: /d}}]}}"
        )
    };
    let pod = format!(
        "---\n{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{restartPolicy: Never, volumes: [{{name: d, emptyDir: {{}}}}], \
         initContainers: [{}, {}], containers: [{}]}}}}",
        container("one", "sleep 0.2; echo one >> /d/all"),
        container("two", "cat /d/all; echo two >> /d/all"),
        container("main", "cat /d/all; touch /scratch"),
    );
    home.say(&["create", "-f", "-"], &pod);
    home.out(&["wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/p", "--timeout=20s"]);
    assert_eq!(home.out(&["logs", "p", "-c", "two"]), "one\n");
    assert_eq!(
        home.out(&["logs", "p", "--all-containers", "--prefix"]),
        "[pod/p/two] one\n[pod/p/main] one\n[pod/p/main] two\n"
    );
    home.is_quiet();
}

#[test]
fn run_is_attached_and_keeps_the_exit_status() {
    needs_namespaces!();
    let home = Home::new();
    let run = ["run", "t", "--image=busybox", "--restart=Never", "-i", "--rm"];
    let hint = "If you don't see a command prompt, try pressing enter.\n";
    let said = home.say(&[&run[..], &["--", "sh", "-c", "sleep 0.5; echo out; echo err >&2; exit 3"]].concat(), "");
    ended(&said, "out\npod \"t\" deleted\n", 3);
    assert_eq!(said.err, format!("{hint}err\npod default/t terminated (Error)\n"));
    // The shell's commands come from a heredoc.
    let said = home.say(&run, "hostname\nexit 0\n");
    ended(&said, "t\npod \"t\" deleted\n", 0);
    let quiet = [&run[..], &["--quiet", "--", "cat"]].concat();
    ended(&home.say(&quiet, "through\n"), "through\n", 0);
    let said = home.say(&["run", "t", "--image=busybox", "--restart=Never", "--attach", "--", "echo", "hi"], "");
    ended(&said, "hi\n", 0);
    assert_eq!(home.field("t", ".status.phase"), "Succeeded");
    home.is_quiet();
}

#[test]
fn what_the_host_lacks_is_simulated_and_said() {
    needs_namespaces!();
    let home = Home::new();
    home.out(&["run", "p", "--image=busybox", "--", "no-such-program-here"]);
    assert_eq!(home.field("p", ".status.phase"), "Running");
    let events = home.out(&["get", "events"]);
    assert!(events.contains("Warning   Simulated"), "{events}");
    home.say(
        &["create", "-f", "-"],
        "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: kstate, namespace: kube-system}, data: {run-containers: never}}",
    );
    home.out(&["run", "q", "--image=busybox", "--", "sleep", "86392"]);
    assert!(home.keepers().is_empty());
}

#[test]
fn attached_to_a_container_its_streams_are_shared() {
    needs_namespaces!();
    let home = Home::new();
    home.pod("cat", "while read line; do echo got $line; done; echo over", "");
    let mut watcher = home.spawn(&["attach", "cat", "--quiet"]);
    let mut writer = home.spawn(&["attach", "cat", "-i", "--quiet"]);
    std::thread::sleep(Duration::from_millis(300));
    writer.stdin.take().unwrap().write_all(b"one\ntwo\n").unwrap();
    soon("it is logged", || home.out(&["logs", "cat"]) == "got one\ngot two\n");
    writer.kill().unwrap();
    writer.wait().unwrap();
    home.out(&["delete", "pod", "cat"]);
    let mut seen = String::new();
    watcher.stdout.take().unwrap().read_to_string(&mut seen).unwrap();
    assert_eq!(seen, "got one\ngot two\n");
    assert!(watcher.wait().unwrap().success());
    home.is_quiet();
}

#[test]
fn logs_are_followed_to_the_end_and_cut_as_asked() {
    needs_namespaces!();
    let home = Home::new();
    home.pod("slow", "for i in 1 2 3; do echo line $i; sleep 0.2; done; printf end", "");
    let said = home.say(&["logs", "-f", "slow"], "");
    ended(&said, "line 1\nline 2\nline 3\nend", 0);
    assert_eq!(home.out(&["logs", "slow", "--tail=2"]), "line 3\nend");
    assert_eq!(home.out(&["logs", "slow", "--limit-bytes=9"]), "line 1\nli");
    assert_eq!(home.out(&["logs", "slow", "--since-time=2100-01-01T00:00:00Z"]), "");
    assert_eq!(home.out(&["logs", "slow", "--since=1h", "--tail=-1"]), "line 1\nline 2\nline 3\nend");
    let stamped = home.out(&["logs", "slow", "--timestamps", "--tail=1"]);
    assert!(stamped.ends_with("Z end") && stamped.starts_with("20"), "{stamped}");
    let said = home.say(&["logs", "slow", "--previous"], "");
    let want = "Error from server (BadRequest): previous terminated container \"c\" in pod \"slow\" not found\n";
    assert_eq!((said.err.as_str(), said.code), (want, Some(1)));
}

#[test]
fn a_killed_keeper_is_found_dead_and_its_container_started_again() {
    needs_namespaces!();
    let home = Home::new();
    home.out(&["run", "p", "--image=busybox", "--", "sleep", "86393"]);
    let keeper = home.keepers();
    kill(Pid::from_raw(keeper[0]), Signal::SIGKILL).unwrap();
    soon("the process went with it", || home.processes().is_empty());
    assert_eq!(home.field("p", ".status.containerStatuses[0].restartCount"), "1");
    assert_eq!(home.field("p", ".status.containerStatuses[0].lastState.terminated.reason"), "Unknown");
    assert_eq!(home.field("p", ".status.containerStatuses[0].lastState.terminated.exitCode"), "255");
    assert_eq!(home.keepers().len(), 1);
    assert_eq!(home.out(&["exec", "p", "--", "echo", "there"]), "there\n");
}

#[test]
fn commands_of_probes_run_in_the_container_and_what_they_say_counts() {
    needs_namespaces!();
    let home = Home::new();
    let pod = "---\n{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {terminationGracePeriodSeconds: 0, containers: [{name: c, \
               image: busybox, command: [sh, -c, 'touch /ok; sleep 86388'], \
               readinessProbe: {exec: {command: [cat, /ready]}, periodSeconds: 1, failureThreshold: 1}, \
               livenessProbe: {exec: {command: [cat, /ok]}, periodSeconds: 1, failureThreshold: 1, initialDelaySeconds: 1}}]}}";
    home.say(&["create", "-f", "-"], pod);
    let is = |path: &str, want: &str| home.field("p", path) == want;
    soon("it is not ready", || is(".status.containerStatuses[0].ready", "false"));
    home.out(&["exec", "p", "--", "touch", "/ready"]);
    soon("it is ready", || is(".status.containerStatuses[0].ready", "true"));
    assert_eq!(home.field("p", ".status.containerStatuses[0].restartCount"), "0");
    home.out(&["exec", "p", "--", "rm", "/ok"]);
    soon("it is started again", || is(".status.containerStatuses[0].restartCount", "1"));
    let events = home.out(&["get", "events"]);
    assert!(events.contains("Liveness probe failed: cat: /ok: No such file or directory"), "{events}");
    soon("the new run has files of its own", || home.say(&["exec", "p", "--", "ls", "/ok"], "").code == Some(0));
    soon("one keeper is left", || home.keepers().len() == 1);
}

#[test]
fn a_process_s_last_word_is_in_its_status() {
    needs_namespaces!();
    let home = Home::new();
    let pods = "---\n{apiVersion: v1, kind: Pod, metadata: {name: says}, spec: {restartPolicy: Never, containers: [{name: c, \
               image: debian, command: [sh, -c, 'echo Sleep expired > /dev/termination-log']}]}}\n\
               ---\n{apiVersion: v1, kind: Pod, metadata: {name: elsewhere}, spec: {restartPolicy: Never, containers: [{name: c, \
               image: debian, terminationMessagePath: /tmp/my-log, command: [sh, -c, 'printf no > /tmp/my-log; exit 3']}]}}\n\
               ---\n{apiVersion: v1, kind: Pod, metadata: {name: logs}, spec: {restartPolicy: Never, containers: [{name: c, \
               image: debian, terminationMessagePolicy: FallbackToLogsOnError, command: [sh, -c, 'echo one; echo two; exit 1']}]}}\n\
               ---\n{apiVersion: v1, kind: Pod, metadata: {name: well}, spec: {restartPolicy: Never, containers: [{name: c, \
               image: debian, terminationMessagePolicy: FallbackToLogsOnError, command: [echo, one]}]}}\n";
    let said = home.say(&["create", "-f", "-"], pods);
    assert_eq!(said.code, Some(0), "{said:?}");
    for (pod, want) in [("says", "Sleep expired\n"), ("elsewhere", "no"), ("logs", "one\ntwo\n"), ("well", "")] {
        soon("it has ended", || matches!(home.field(pod, ".status.phase").as_str(), "Succeeded" | "Failed"));
        assert_eq!(home.field(pod, ".status.containerStatuses[0].state.terminated.message"), want, "{pod}");
    }
}

#[test]
fn hooks_run_in_the_container() {
    needs_namespaces!();
    let home = Home::new();
    let pods = "---\n{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: nginx, image: nginx, \
               lifecycle: {postStart: {exec: {command: [/bin/sh, -c, 'echo Hello from the postStart handler > /usr/share/message']}}}}]}}\n\
               ---\n{apiVersion: v1, kind: Pod, metadata: {name: box}, spec: {terminationGracePeriodSeconds: 20, volumes: [{name: v, \
               hostPath: {path: /v, type: DirectoryOrCreate}}], containers: [{name: c, image: busybox, \
               command: [sh, -c, 'trap \"echo term >> /v/told; exit 0\" TERM; while true; do sleep 0.1; done'], \
               volumeMounts: [{name: v, mountPath: /v}], \
               lifecycle: {postStart: {exec: {command: [sh, -c, 'echo start >> /v/told']}}, \
               preStop: {exec: {command: [sh, -c, 'sleep 0.3; echo stop >> /v/told']}}}}]}}\n\
               ---\n{apiVersion: v1, kind: Pod, metadata: {name: fails}, spec: {restartPolicy: Never, terminationGracePeriodSeconds: 0, \
               containers: [{name: c, image: busybox, command: [sleep, '86384'], \
               lifecycle: {postStart: {exec: {command: ['false']}}}}]}}\n\
               ---\n{apiVersion: v1, kind: Pod, metadata: {name: server}, spec: {volumes: [{name: v, \
               hostPath: {path: /w, type: DirectoryOrCreate}}], containers: [{name: c, image: nginx, volumeMounts: [{name: v, mountPath: /v}], \
               lifecycle: {postStart: {exec: {command: [/usr/sbin/not-on-this-machine]}}, \
               preStop: {exec: {command: [sh, -c, 'echo bye > /v/told; exit 3']}}}}, \
               {name: d, image: redis, lifecycle: {postStart: {exec: {command: [sh, -c, 'exit 4']}}, \
               preStop: {exec: {command: [sh, -c, 'sleep 60']}}}}]}}\n";
    let said = home.say(&["create", "-f", "-"], pods);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(home.out(&["exec", "web", "--", "cat", "/usr/share/message"]), "Hello from the postStart handler\n");
    soon("its hook failed", || home.field("fails", ".status.phase") == "Failed");
    let of_fails = ["get", "events", "--field-selector", "involvedObject.name=fails"];
    let words = "-o=jsonpath={range .items[*]}{.type} {.reason} {.message}{\"\\n\"}{end}";
    let events = home.out(&[&of_fails[..], &[words]].concat());
    let told = "Warning FailedPostStartHook PostStartHook failed\nNormal Killing FailedPostStartHook\n";
    assert!(events.contains(told), "{events}");
    let told = || std::fs::read_to_string(home.path().join("nodes/node-1/v/told")).unwrap_or_default();
    soon("its hook ran", || told() == "start\n");
    home.out(&["delete", "pod", "box"]);
    soon("its other hook ran, then it was told to end", || told() == "start\nstop\nterm\n");
    // Hooks of simulated containers leave what they leave, and say when they fail.
    home.out(&["delete", "pod", "server", "--wait=false"]);
    assert_eq!(std::fs::read_to_string(home.path().join("nodes/node-1/w/told")).unwrap(), "bye\n");
    let events = home.out(&[
        "get",
        "events",
        "--field-selector",
        "involvedObject.name=server",
        "-o",
        "jsonpath={range .items[*]}{.reason} {.involvedObject.fieldPath} {.message}{\"\\n\"}{end}",
    ]);
    let failed: Vec<&str> = events.lines().filter(|line| line.starts_with("Failed")).collect();
    let want = [
        "FailedPostStartHook spec.containers{d} PostStartHook failed",
        "FailedPreStopHook spec.containers{c} PreStopHook failed",
    ];
    assert_eq!(failed, want, "{events}");
}

#[test]
fn what_runs_ends_with_its_store() {
    needs_namespaces!();
    for way in ["reset", "folder"] {
        let home = Home::new();
        home.out(&["run", "p", "--image=busybox", "--", "sleep", "86394"]);
        home.out(&["run", "crash", "--image=busybox", "--", "sh", "-c", "exit 1"]);
        if way == "reset" {
            home.out(&["reset", "--yes"]);
        } else {
            // While something runs a file may come behind the back of whoever removes the folder.
            soon("the folder is gone", || {
                let removed = std::fs::remove_dir_all(home.path());
                removed.is_ok() || !home.path().exists()
            });
        }
        soon(way, || home.processes().is_empty());
        assert!(!home.path().join("state.db").exists(), "{way}: nobody made the store anew");
    }
}

#[test]
fn a_killed_command_and_a_closed_terminal_leave_the_pod_alone() {
    needs_namespaces!();
    let home = Home::new();
    let mut child = home.spawn(&[
        "run",
        "p",
        "--image=busybox",
        "-i",
        "--restart=Never",
        "--rm",
        "--",
        "sh",
        "-c",
        "cat; sleep 86395",
    ]);
    soon("it runs", || home.say(&["get", "pod", "p", "-o", "name"], "").code == Some(0) && home.keepers().len() == 1);
    soon("it is attached", || home.processes().len() > 1);
    std::thread::sleep(Duration::from_millis(300));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(home.field("p", ".status.phase"), "Running");
    home.out(&["delete", "pod", "p"]);
    home.is_quiet();
}

#[test]
fn what_a_killed_command_was_about_to_remove_is_removed_by_the_next() {
    needs_namespaces!();
    let home = Home::new();
    home.out(&["create", "configmap", "a"]);
    let dead = "11111111-2222-3333-4444-555555555555";
    let make = |path: PathBuf| std::fs::create_dir_all(path).unwrap();
    make(home.path().join("pods").join(dead).join("containers"));
    make(home.path().join("volumes/pvc-dead"));
    make(home.path().join("removing"));
    std::fs::write(home.path().join("removing/1+x"), format!("[[\"pods\",\"{dead}\"],[\"volumes\",\"pvc-dead\"]]"))
        .unwrap();
    std::fs::write(home.path().join("removing/2+x"), "[[\"po").unwrap();
    home.out(&["create", "configmap", "b"]);
    assert!(!home.path().join("pods").join(dead).exists());
    assert!(!home.path().join("volumes/pvc-dead").exists());
    assert_eq!(std::fs::read_dir(home.path().join("removing")).unwrap().count(), 0);
}

fn tree(folder: &Path, files: usize) {
    std::fs::create_dir_all(folder.join("deep/er")).unwrap();
    std::fs::create_dir_all(folder.join("empty")).unwrap();
    std::fs::write(folder.join("deep/er/file"), "hello\n").unwrap();
    std::fs::write(folder.join("a name with spaces and 'quotes'"), "x").unwrap();
    for n in 0..files {
        std::fs::write(folder.join(format!("deep/{n}")), n.to_string()).unwrap();
    }
}

#[test]
fn ten_thousand_files_go_in_and_come_out() {
    needs_namespaces!();
    let home = Home::new();
    home.out(&["run", "p", "--image=busybox", "--", "sleep", "86396"]);
    let (from, to) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    tree(from.path(), 10_000);
    let (from_text, to_text) = (from.path().display().to_string(), to.path().join("back").display().to_string());
    assert_eq!(home.out(&["cp", &from_text, "p:/tmp/in"]), "");
    assert_eq!(
        home.out(&["exec", "p", "--", "sh", "-c", "ls /tmp/in/deep | wc -l; cat /tmp/in/deep/er/file"]),
        "10001\nhello\n"
    );
    home.out(&["cp", "default/p:/tmp/in", &to_text, "-c", "p"]);
    let same = Command::new("diff").args(["-r", &from_text, &to_text]).output().unwrap();
    assert!(same.status.success(), "{}", String::from_utf8_lossy(&same.stdout));
    let said = home.say(&["cp", "p:/nope", &to_text], "");
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.ends_with("command terminated with exit code 2\n"), "{said:?}");
}

#[test]
fn links_in_a_container_lead_nowhere_outside() {
    needs_namespaces!();
    let home = Home::new();
    home.out(&["run", "p", "--image=busybox", "--", "sleep", "86385"]);
    let to = TempDir::new().unwrap();
    let script = "mkdir -p /evil && cd /evil && ln -s / root && ln -s ../../../.. up && echo ok > fine";
    home.out(&["exec", "p", "--", "sh", "-c", script]);
    let target = to.path().join("got").display().to_string();
    let said = home.say(&["cp", "p:/evil", &target], "");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(said.err.matches("warning: skipping symlink").count(), 2, "{said:?}");
    let mut names: Vec<_> = std::fs::read_dir(to.path().join("got")).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["fine"]);
    // A link inside the container is followed inside the container.
    std::fs::write(to.path().join("x"), "x").unwrap();
    let local = to.path().join("x").display().to_string();
    home.out(&["cp", &local, "p:/evil/root/tmp/planted"]);
    assert!(!Path::new("/tmp/planted").exists());
    assert_eq!(home.out(&["exec", "p", "--", "cat", "/tmp/planted"]), "x");
}
