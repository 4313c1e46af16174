//! Callers that come at once, die, or sit at a terminal.
//!
//! A test that needs a process of its own as the caller starts this test binary again, with `KSTATE_TEST_SANDBOX` naming
//! a file that holds the home, the sandbox and the command.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};

use kstate::Env;
use kstate::control::sandbox::Sandbox;
use kstate::runtime::keeper::{Claim, Claimed, Ended, Order, keep, stop};
use kstate::runtime::{self, Command, ExecError, Exit};
use nix::libc;
use nix::poll::{PollFd, PollFlags, poll};
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;

use crate::needs_namespaces;
use crate::pod::{Pod, Untouched, env, shell};

#[test]
#[ignore = "started by the other tests"]
fn caller() {
    let Some(file) = std::env::var_os("KSTATE_TEST_SANDBOX") else { return };
    let (home, sandbox, command): (PathBuf, Sandbox, Command) =
        serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let mut env = Env::real();
    env.exe = env!("CARGO_BIN_EXE_kstate").into();
    let code = match runtime::exec(&home, &sandbox, &command, &mut env) {
        Ok(exit) => exit.0,
        Err(e) => {
            eprintln!("error: {e}");
            1
        }
    };
    std::process::exit(code)
}

fn spawn(pod: &Pod, command: &Command, stdin: Stdio, stdout: Stdio) -> Child {
    let file = pod.path("spec.json");
    std::fs::write(&file, serde_json::to_vec(&(pod.home(), &pod.sandbox, command)).unwrap()).unwrap();
    let mut process = Process::new(std::env::current_exe().unwrap());
    process.args(["--exact", "callers::caller", "--ignored", "--nocapture", "-q"]).env("KSTATE_TEST_SANDBOX", file);
    process.stdin(stdin).stdout(stdout).spawn().unwrap()
}

/// Processes of the host whose command line or environment names the text.
fn processes_with(text: &str) -> usize {
    let named =
        |dir: &Path| std::fs::read(dir.join("cmdline")).is_ok_and(|c| String::from_utf8_lossy(&c).contains(text));
    std::fs::read_dir("/proc").unwrap().flatten().filter(|e| named(&e.path())).count()
}

fn supervisors(home: &Path) -> usize {
    let open = |dir: &Path| {
        let fds = std::fs::read_dir(dir.join("fd"));
        fds.is_ok_and(|fds| fds.flatten().any(|f| std::fs::read_link(f.path()).is_ok_and(|l| l.starts_with(home))))
    };
    let own = std::process::id().to_string();
    let others = std::fs::read_dir("/proc").unwrap().flatten().filter(|e| e.file_name() != own.as_str());
    others.filter(|e| open(&e.path())).count()
}

/// Looks until it is so; a minute is more than anything here takes.
#[track_caller]
fn soon(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if is_so() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("never: {what}")
}

#[test]
fn fifty_at_once_in_one_pod() {
    needs_namespaces!();
    let pod = Pod::new();
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..50)
            .map(|n| {
                scope.spawn({
                    let pod = &pod;
                    move || (n, pod.run(&format!("echo {n}; echo {n} >> /usr/share/nginx/html/all; exit {n}")))
                })
            })
            .collect();
        for caller in callers {
            let (n, outcome) = caller.join().unwrap();
            assert_eq!(outcome.out, format!("{n}\n"), "{outcome:?}");
            assert_eq!(outcome.result.unwrap(), Exit(n));
        }
    });
    assert_eq!(pod.out("wc -l < /usr/share/nginx/html/all"), "50\n");
    soon("the last caller's sandbox is gone", || supervisors(pod.home()) == 0);
}

#[test]
fn a_killed_caller_leaves_nothing() {
    needs_namespaces!();
    let pod = Pod::new();
    let mut child = spawn(&pod, &shell("echo up; sleep 86399 & sleep 86399"), Stdio::null(), Stdio::piped());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|l| l.unwrap() == "up"));
    soon("the processes run", || processes_with("86399") >= 2);
    let out = pod.out("echo joined; ps -e | grep -c sleep");
    assert_eq!(out, "joined\n2\n");
    child.kill().unwrap();
    child.wait().unwrap();
    soon("no process is left", || processes_with("86399") == 0 && supervisors(pod.home()) == 0);
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(&pod.home().display().to_string()));
    assert_eq!(pod.out("echo again"), "again\n");
}

/// The only child of a process that is of kstate's own making, whatever it calls itself.
fn child_of(parent: i32) -> i32 {
    let all = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|e| e.file_name().to_str()?.parse::<i32>().ok());
    let parent_of = |pid: i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit(") ").next()?.split(' ').nth(1)?.parse::<i32>().ok()
    };
    all.filter(|pid| parent_of(*pid) == Some(parent)).min().unwrap()
}

#[test]
fn each_link_of_the_chain_takes_all_with_it_and_the_next_caller_starts_anew() {
    needs_namespaces!();
    let pod = Pod::new();
    for (depth, who) in ["supervisor", "pod", "container", "first process"].iter().enumerate() {
        let mut child = spawn(&pod, &shell("echo up; sleep 86397"), Stdio::null(), Stdio::piped());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|l| l.unwrap() == "up"));
        let link = (0..=depth).fold(i32::try_from(child.id()).unwrap(), |parent, _| child_of(parent));
        kill(Pid::from_raw(link), Signal::SIGKILL).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(137), "{who}");
        soon("no process is left", || processes_with("86397") == 0);
        assert_eq!(pod.out("echo again"), "again\n", "{who}");
    }
}

#[test]
fn removing_a_pod_ends_what_runs_in_it() {
    needs_namespaces!();
    let pod = Pod::new();
    let mut child = spawn(&pod, &shell("echo up; sleep 86398"), Stdio::null(), Stdio::piped());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|l| l.unwrap() == "up"));
    runtime::remove_pod(pod.home(), &pod.sandbox.pod_uid).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(137));
    assert_eq!(processes_with("86398"), 0);
    assert!(!pod.path("pods").join(&pod.sandbox.pod_uid).exists());
    assert!(pod.path("volumes/pvc-web-0").exists());
}

#[test]
fn a_supervisor_whose_caller_never_connects_ends() {
    needs_namespaces!();
    let pod = Pod::new();
    let socket = std::os::unix::net::UnixListener::bind(pod.path("socket")).unwrap();
    let mut supervisor = Process::new(env!("CARGO_BIN_EXE_kstate"));
    supervisor.arg("__sandbox").stdin(Stdio::from(OwnedFd::from(socket))).stdout(Stdio::piped());
    let mut supervisor = supervisor.spawn().unwrap();
    drop(supervisor.stdout.take());
    soon("it has ended", || supervisor.try_wait().unwrap().is_some());
}

#[test]
fn a_caller_whose_output_nobody_reads_ends_as_by_sigpipe() {
    needs_namespaces!();
    let pod = Pod::new();
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (mut env, _, _) = env(Box::new(Untouched));
    env.stdout = Box::new(Closed);
    let result = runtime::exec(pod.home(), &pod.sandbox, &shell("yes"), &mut env);
    assert!(matches!(result, Err(ExecError::Closed)), "{result:?}");
}

struct Screen {
    master: std::fs::File,
    text: String,
}

impl Screen {
    /// Reads until the text shows, and forgets what came before.
    #[track_caller]
    fn await_text(&mut self, wanted: &str) {
        let mut buffer = [0; 4096];
        let end = loop {
            if let Some(start) = self.text.find(wanted) {
                break start + wanted.len();
            }
            let mut fds = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
            assert_eq!(poll(&mut fds, 60_000u16), Ok(1), "{wanted:?} never came, but {:?}", self.text);
            let length = self.master.read(&mut buffer).unwrap();
            self.text.push_str(&String::from_utf8_lossy(&buffer[..length]));
        };
        self.text.drain(..end);
    }

    fn type_in(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }
}

fn resize(master: &std::fs::File, rows: u16, columns: u16) {
    use std::os::fd::AsRawFd;
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the structure outlives the call.
    assert_eq!(unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) }, 0);
}

fn copy(fd: &OwnedFd) -> Stdio {
    fd.try_clone().unwrap().into()
}

#[test]
fn a_terminal_is_one_and_is_given_back_as_it_was() {
    needs_namespaces!();
    let pod = Pod::new();
    let pty = openpty(None, None).unwrap();
    let mut screen = Screen { master: pty.master.into(), text: String::new() };
    resize(&screen.master, 33, 77);
    let before = tcgetattr(pty.slave.as_fd()).unwrap();
    let command = Command { argv: vec!["sh".into()], stdin: true, tty: true };
    let mut child = spawn(&pod, &command, copy(&pty.slave), copy(&pty.slave));
    screen.await_text("# ");
    screen.type_in("tty; stty size; echo $TERM\r");
    screen.await_text("33 77\r\nxterm");
    assert!(!tcgetattr(pty.slave.as_fd()).unwrap().local_flags.contains(LocalFlags::ICANON));
    resize(&screen.master, 40, 100);
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGWINCH).unwrap();
    screen.type_in("while [ \"$(stty size)\" != '40 100' ]; do :; done; echo re''sized\r");
    screen.await_text("resized");
    // Said by the job itself: before that, Ctrl-C may find the shell alone in the foreground, which ignores it.
    screen.type_in("sh -c 'echo slee\"\"ping; exec sleep 1000'\r");
    screen.await_text("sleeping");
    screen.type_in("\u{3}");
    screen.await_text("# ");
    screen.type_in("echo inter''rupted\r");
    screen.await_text("interrupted");
    screen.type_in("exit 5\r");
    assert_eq!(child.wait().unwrap().code(), Some(5));
    let after = tcgetattr(pty.slave.as_fd()).unwrap();
    assert_eq!(before.local_flags, after.local_flags);
}

#[test]
fn a_terminal_is_given_back_when_the_caller_is_told_to_end() {
    needs_namespaces!();
    let pod = Pod::new();
    let pty = openpty(None, None).unwrap();
    let mut screen = Screen { master: pty.master.into(), text: String::new() };
    let before = tcgetattr(pty.slave.as_fd()).unwrap();
    let command = Command { argv: vec!["sh".into()], stdin: true, tty: true };
    let mut child = spawn(&pod, &command, copy(&pty.slave), copy(&pty.slave));
    screen.await_text("# ");
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert_eq!(before.local_flags, tcgetattr(pty.slave.as_fd()).unwrap().local_flags);
}

#[test]
fn a_guest_of_a_run_that_is_over_is_hung_up_on_when_the_next_begins() {
    needs_namespaces!();
    let pod = Pod::new();
    let (begun, sees_it) = std::sync::mpsc::channel();
    let (home, sandbox) = (pod.home.clone(), pod.sandbox.clone());
    std::thread::scope(|scope| {
        let guest = scope.spawn(|| {
            let (mut env, _, _) = env(Box::new(Untouched));
            env.stdout = Box::new(Tells(begun));
            runtime::exec(home.path(), &sandbox, &shell("echo; sleep 86387"), &mut env)
        });
        sees_it.recv().unwrap();
        let argv = ["sleep", "86387"].map(String::from).to_vec();
        let order = Order {
            home: pod.home().to_path_buf(),
            sandbox: pod.sandbox.clone(),
            attempt: 1,
            argv,
            other_names: Vec::new(),
            stdin: false,
            stdin_once: false,
            tty: false,
            message_from_log: false,
            probes: Vec::new(),
            post_start: Vec::new(),
            pre_stop: Vec::new(),
            grace: 30,
        };
        let what = Claimed {
            namespace: "default".into(),
            pod: "web-0".into(),
            uid: pod.sandbox.pod_uid.clone(),
            container: "nginx".into(),
            attempt: 1,
        };
        let claim = Claim::take(pod.home(), &what).unwrap();
        let (env, _, _) = env(Box::new(Untouched));
        let next = scope.spawn(move || keep(&order, &claim, &env, &mut None).ended);
        assert_eq!(guest.join().unwrap().unwrap(), Exit(137));
        stop(pod.home(), &pod.sandbox.pod_uid, &pod.sandbox.container, 0).unwrap();
        assert_eq!(next.join().unwrap(), Ended::Exited(137));
    });
}

/// Says that something was written.
struct Tells(std::sync::mpsc::Sender<()>);

impl Write for Tells {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let _over = self.0.send(());
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
