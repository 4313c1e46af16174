//! The pause process: pid 1 of a pod whose containers share their processes, and beside it whoever stands in for those
//! containers that nobody has entered yet.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::libc;
use nix::sched::{CloneFlags, setns};
use nix::sys::prctl;
use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::sys::stat::Mode;
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use super::failure::{Failure, Step};
use super::first::tie_to_the_parent;
use super::pod::clone;
use super::supervisor::keep_only;
use super::{title, wire};

/// The process and the namespace whose pid 1 it is.
pub struct Pause {
    pid: Pid,
    _link: OwnedFd,
    pub namespace: OwnedFd,
    companions: BTreeMap<String, Companion>,
}

/// Stands in for a container.
struct Companion {
    pid: Pid,
    /// It ends when this hangs up.
    _link: OwnedFd,
}

/// Signals that a stand-in takes no notice of, as its program would go on after them.
const UNHEEDED: [Signal; 7] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGWINCH,
];

impl Pause {
    /// Starts it, and for each container a process that stands in for it under its command line.
    ///
    /// # Errors
    /// The step that this host refused.
    pub fn start(containers: &BTreeMap<String, Vec<String>>) -> Result<Pause, Failure> {
        let Companion { pid, _link } = stand_in(None, &["/pause".to_owned()])?;
        let path = format!("/proc/{pid}/ns/pid");
        let namespace = open(path.as_str(), OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty());
        let namespace = namespace.step("open the pod's pid namespace")?;
        let made = |argv| stand_in(Some(&namespace), argv);
        let companions = containers.iter().map(|(name, argv)| Ok((name.clone(), made(argv)?)));
        let companions = companions.collect::<Result<_, Failure>>()?;
        Ok(Pause { pid, _link, companions, namespace })
    }

    /// A container has a first process of its own now.
    pub fn make_room_for(&mut self, container: &str) {
        if let Some(companion) = self.companions.remove(container) {
            let _gone = kill(companion.pid, Signal::SIGKILL);
            let _gone = waitpid(companion.pid, None);
        }
    }

    /// Ends it, and with it whatever is left in its namespace.
    pub fn end(&self) {
        for pid in self.companions.values().map(|companion| companion.pid).chain([self.pid]) {
            let _gone = kill(pid, Signal::SIGKILL);
            let _gone = waitpid(pid, None);
        }
    }
}

/// Forks a process that does nothing, under a name, into a pid namespace or a new one. It has its name when this returns.
fn stand_in(namespace: Option<&OwnedFd>, argv: &[String]) -> Result<Companion, Failure> {
    let step = "start a process that stands in for a container";
    let (ours, theirs) = wire::pair().step("make a socket")?;
    let pid = match namespace {
        None => clone(libc::CLONE_NEWPID).step(step)?,
        Some(namespace) => clone_into(namespace).step(step)?,
    };
    let Some(pid) = pid else { idle(&theirs, argv) };
    drop(theirs);
    match wire::receive(&ours) {
        Ok(Some(_ready)) => Ok(Companion { pid, _link: ours }),
        other => other.and(Err(Errno::ESRCH)).step(step),
    }
}

/// Forks a child into a pid namespace. Nobody comes back from there to the host's, so another goes and leaves its child to
/// this process.
fn clone_into(namespace: &OwnedFd) -> nix::Result<Option<Pid>> {
    let (ours, theirs) = wire::pair()?;
    let Some(other) = clone(0)? else {
        let made = setns(namespace, CloneFlags::CLONE_NEWPID).and_then(|()| clone(libc::CLONE_PARENT));
        match made {
            Ok(None) => return Ok(None),
            Ok(Some(pid)) => {
                std::process::exit(i32::from(wire::send(&theirs, &pid.as_raw().to_ne_bytes(), &[]).is_err()))
            }
            Err(_) => std::process::exit(1),
        }
    };
    drop(theirs);
    let said = wire::receive(&ours)?;
    let _gone = waitpid(other, None);
    let pid = said.and_then(|(packet, _)| Some(i32::from_ne_bytes(packet.try_into().ok()?)));
    pid.map(|pid| Some(Pid::from_raw(pid))).ok_or(Errno::ESRCH)
}

fn idle(link: &OwnedFd, argv: &[String]) -> ! {
    let Some(link) = keep_only(link) else { std::process::exit(1) };
    // Nobody in the pod may look into what still sees the host's files.
    if tie_to_the_parent().and_then(|()| prctl::set_dumpable(false).step("protect it")).is_err() {
        std::process::exit(1);
    }
    for number in UNHEEDED {
        // SAFETY: no handler of ours runs.
        let _default = unsafe { signal(number, SigHandler::SigIgn) };
    }
    title::set(argv);
    let _ready = wire::send(&link, b"P", &[]);
    // The pod says nothing: it ends, or ends this.
    let _gone = wire::receive(&link);
    std::process::exit(0)
}
