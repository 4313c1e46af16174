//! The steps of a sandbox, each tried for real in a process made for that alone, and what allows a step that failed.
//!
//! Knows no output: `kstate doctor` prints.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork, getegid, geteuid, sethostname};

use super::SUPERVISOR;
use super::failure::{Failure, Step, words};
use super::mount::{bind, fresh, make_private, read_only};
use super::tree::{Tree, by_fd};
use super::{dev, network, rootfs};
use crate::Env;

/// The word after [`SUPERVISOR`] that makes the binary try one step.
pub const CHECK: &str = "check";

/// One step of a sandbox, tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was tried, as in "mount namespace".
    pub name: &'static str,
    /// Whether `exec` needs it; without the others it has a way around.
    pub required: bool,
    /// What failed, and what would allow it.
    pub problem: Option<Problem>,
}

/// A step that this machine refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub failure: Failure,
    /// The one command or setting that would allow it.
    pub advice: String,
}

struct Trial {
    name: &'static str,
    required: bool,
    attempt: fn(&Path) -> Result<(), Failure>,
}

const TRIALS: [Trial; 13] = [
    Trial { name: "user namespace", required: true, attempt: |_| user() },
    Trial { name: "root in a user namespace", required: true, attempt: |_| root() },
    Trial { name: "mount namespace", required: true, attempt: |_| mounts() },
    Trial { name: "pid namespace with /proc", required: true, attempt: proc },
    Trial { name: "uts namespace", required: true, attempt: |_| uts() },
    Trial {
        name: "ipc namespace",
        required: true,
        attempt: |_| enter(CloneFlags::CLONE_NEWIPC, "make an ipc namespace"),
    },
    Trial { name: "network namespace", required: true, attempt: |_| net() },
    Trial { name: "devices and terminals", required: true, attempt: devices },
    Trial { name: "pivot_root", required: true, attempt: pivot },
    Trial { name: "mounts locked read-only", required: true, attempt: lock },
    Trial { name: "paths confined (openat2)", required: true, attempt: confined },
    Trial { name: "overlay of the host's programs", required: false, attempt: overlay },
    Trial { name: "network devices (veth)", required: false, attempt: |_| pair() },
];

/// The step before all others: what is tried is tried in the store's folder.
const FOLDER: &str = "make a folder in";

/// Tries every step; the folders that it needs are made in `home`, and removed.
pub fn checks(home: &Path, env: &Env) -> Vec<Check> {
    let home = env.path(home);
    let check = |trial: &Trial| Check {
        name: trial.name,
        required: trial.required,
        problem: in_a_child(trial, &home, env).err().map(|failure| Problem { advice: advice(&failure), failure }),
    };
    TRIALS.iter().map(check).collect()
}

#[expect(clippy::disallowed_methods, reason = "the door to processes")]
fn in_a_child(trial: &Trial, home: &Path, env: &Env) -> Result<(), Failure> {
    let scratch = scratch(home)?;
    let mut command = std::process::Command::new(&env.exe);
    command.args([SUPERVISOR, CHECK, trial.name]).arg(home.join(&scratch)).env_clear();
    let output = command.stdin(Stdio::null()).output();
    let _left_behind = super::remove::remove_scratch(home, &scratch);
    let output = output.step("start kstate again")?;
    if output.status.success() {
        return Ok(());
    }
    let ended = || Failure { step: format!("try {}", trial.name), cause: output.status.to_string() };
    Err(serde_json::from_slice(&output.stdout).unwrap_or_else(|_| ended()))
}

fn scratch(home: &Path) -> Result<String, Failure> {
    let name = format!("doctor-{}", std::process::id());
    let tree = Tree::open(home).step(format!("open {}", home.display()))?;
    for part in ["lower", "upper", "work", "root/old"] {
        tree.make_dir(&format!("{name}/{part}"), 0o755).step(format!("{FOLDER} {}", home.display()))?;
    }
    Ok(name)
}

/// Runs in the child: tries the step that the arguments name.
pub fn main(args: &[OsString]) -> ExitCode {
    let [name, scratch] = args else { return ExitCode::FAILURE };
    let Some(trial) = TRIALS.iter().find(|t| name == t.name) else { return ExitCode::FAILURE };
    match (trial.attempt)(&PathBuf::from(scratch)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let text = serde_json::to_vec(&failure).unwrap_or_default();
            let _nobody_reads = std::io::stdout().write_all(&text);
            ExitCode::FAILURE
        }
    }
}

fn user() -> Result<(), Failure> {
    unshare(CloneFlags::CLONE_NEWUSER).step("make a user namespace")
}

fn root() -> Result<(), Failure> {
    let (user_id, group) = (geteuid(), getegid());
    user()?;
    rootfs::map_identity((0, 0), (user_id.as_raw(), group.as_raw()))
}

fn enter(flags: CloneFlags, step: &str) -> Result<(), Failure> {
    root()?;
    unshare(flags).step(step)
}

fn mounts() -> Result<(), Failure> {
    enter(CloneFlags::CLONE_NEWNS, "make a mount namespace")?;
    make_private().step("make the mounts private")
}

fn uts() -> Result<(), Failure> {
    enter(CloneFlags::CLONE_NEWUTS, "make a uts namespace")?;
    sethostname("doctor").step("set the hostname")
}

fn net() -> Result<(), Failure> {
    enter(CloneFlags::CLONE_NEWNET, "make a network namespace")?;
    network::set_up(Ipv4Addr::new(172, 16, 0, 1))?;
    network::listen(80).map(drop).step("listen on port 80")
}

/// Mounts a tmpfs for the root to be and opens it.
fn new_root(scratch: &Path) -> Result<Tree, Failure> {
    mounts()?;
    let place = scratch.join("root");
    mount(Some("tmpfs"), &place, Some("tmpfs"), MsFlags::empty(), None::<&str>).step("mount a tmpfs")?;
    Tree::open(&place).step("open the new root")
}

fn proc(scratch: &Path) -> Result<(), Failure> {
    let root = new_root(scratch)?;
    unshare(CloneFlags::CLONE_NEWPID).step("make a pid namespace")?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }.step("start a process")? {
        ForkResult::Child => {
            std::process::exit(main_of_child(dev::mount_dev(&root).and_then(|()| dev::mount_proc(&root))))
        }
        ForkResult::Parent { child } => match waitpid(child, None) {
            Ok(WaitStatus::Exited(_, 0)) => Ok(()),
            // The child has printed what went wrong.
            _ => std::process::exit(1),
        },
    }
}

fn main_of_child(result: Result<(), Failure>) -> i32 {
    let Err(failure) = result else { return 0 };
    let _nobody_reads = std::io::stdout().write_all(&serde_json::to_vec(&failure).unwrap_or_default());
    1
}

fn devices(scratch: &Path) -> Result<(), Failure> {
    dev::mount_dev(&new_root(scratch)?)
}

fn pivot(scratch: &Path) -> Result<(), Failure> {
    rootfs::enter(&new_root(scratch)?)
}

/// A read-only bind that root of a second user namespace can make writable is not locked.
fn lock(scratch: &Path) -> Result<(), Failure> {
    mounts()?;
    let tree = Tree::open(scratch).step("open the scratch folder")?;
    let folder = tree.handle("lower").step("open the scratch folder")?;
    bind(&folder, &folder).and_then(|()| read_only(&tree, "lower")).step("make a bind read-only")?;
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS).step("make a second user namespace")?;
    rootfs::map_identity((0, 0), (0, 0))?;
    let top = Tree::open(&scratch.join("lower")).step("open the locked folder")?;
    let writable = MsFlags::MS_REMOUNT | MsFlags::MS_BIND;
    match mount(None::<&str>, &by_fd(&top), None::<&str>, writable, None::<&str>) {
        Err(Errno::EPERM) => Ok(()),
        Err(e) => Err(e).step("try to make a locked mount writable"),
        Ok(()) => Err(Failure { step: "lock a mount".into(), cause: "it could be made writable again".into() }),
    }
}

fn confined(scratch: &Path) -> Result<(), Failure> {
    Tree::open(scratch).and_then(|tree| tree.handle("../lower")).map(drop).step("open a confined path")
}

fn overlay(scratch: &Path) -> Result<(), Failure> {
    let root = new_root(scratch)?;
    let target = root.make_dir("usr", 0o755).step("make a folder")?;
    let path = |name: &str| Tree::open(&scratch.join(name)).step("open the scratch folder");
    let host = Tree::open(Path::new("/usr")).step("open /usr")?;
    let (upper, work) = (path("upper")?, path("work")?);
    let [l, u, w] = [&host, &upper, &work].map(|tree| by_fd(tree).display().to_string());
    fresh("overlay", &target, MsFlags::MS_NOSUID, &format!("lowerdir={l},upperdir={u},workdir={w},userxattr,volatile"))
        .step("mount an overlay of /usr")
}

fn pair() -> Result<(), Failure> {
    enter(CloneFlags::CLONE_NEWNET, "make a network namespace")?;
    network::try_pair().step("make a veth pair")
}

/// The settings that forbid user namespaces to ordinary users, their forbidding value and what allows them.
const SETTINGS: [(&str, &str, &str); 3] = [
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    ("kernel/unprivileged_userns_clone", "0", "sudo sysctl -w kernel.unprivileged_userns_clone=1"),
    ("user/max_user_namespaces", "0", "sudo sysctl -w user.max_user_namespaces=15000"),
];

/// What would allow a step that failed.
fn advice(failure: &Failure) -> String {
    let set = SETTINGS.iter().find(|(name, forbidding, _)| first_line(&format!("/proc/sys/{name}")) == *forbidding);
    if let Some((_, _, command)) = set {
        return (*command).to_string();
    }
    let seccomp =
        text("/proc/self/status").lines().any(|l| l.strip_prefix("Seccomp:").is_some_and(|v| v.trim() != "0"));
    let is = |e: Errno| failure.cause == words(e);
    let advice = if is(Errno::ENOSPC) && failure.step.ends_with("namespace") {
        return more_namespaces(&failure.step);
    } else if failure.step.starts_with(FOLDER) {
        "set KSTATE_HOME to a folder that can be written"
    } else if is(Errno::ENOSYS) {
        "a Linux kernel of version 5.12 or later"
    } else if failure.step.contains("overlay") {
        "keep KSTATE_HOME on a disk (ext4, xfs, btrfs) and not on overlayfs; until then the host's programs are read-only"
    } else if failure.step.contains("veth") {
        "sudo modprobe veth; until then pods have no eth0, and reach the cluster by their loopback interface"
    } else if failure.step.contains("mount /proc") {
        "in a container: docker run --security-opt systempaths=unconfined"
    } else if seccomp {
        "in a container: docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined"
    } else if is(Errno::EPERM) {
        "leave the chroot or container that kstate runs in, or allow it user namespaces"
    } else {
        "a Linux kernel with user, mount, pid, network, ipc and uts namespaces"
    };
    advice.to_string()
}

/// What raises the bound on a kind of namespaces that `step` could not make.
fn more_namespaces(step: &str) -> String {
    let kinds = [("mount", "mnt"), ("pid", "pid"), ("uts", "uts"), ("ipc", "ipc"), ("network", "net")];
    let kind = kinds.iter().find(|(word, _)| step.contains(word)).map_or("user", |(_, kind)| kind);
    format!("sudo sysctl -w user.max_{kind}_namespaces=15000")
}

fn first_line(path: &str) -> String {
    text(path).lines().next().unwrap_or_default().to_string()
}

/// What a file of /proc says; nothing where this kernel has no such file.
#[expect(clippy::disallowed_methods, reason = "the door to processes: what this machine allows them")]
fn text(path: &str) -> String {
    let mut text = String::new();
    let _none = File::open(path).and_then(|mut f| f.read_to_string(&mut text));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_has_a_name_of_its_own() {
        let mut names: Vec<&str> = TRIALS.iter().map(|t| t.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TRIALS.len());
    }

    #[test]
    fn the_bound_that_was_met_is_the_one_to_raise() {
        for (step, kind) in [
            ("make a user namespace", "user"),
            ("make a second user namespace", "user"),
            ("make a mount namespace", "mnt"),
            ("make a pid namespace", "pid"),
            ("make a uts namespace", "uts"),
            ("make an ipc namespace", "ipc"),
            ("make a network namespace", "net"),
        ] {
            assert_eq!(more_namespaces(step), format!("sudo sysctl -w user.max_{kind}_namespaces=15000"));
        }
    }
}
