//! A container's first process (I), pid 1 to all others in it: builds the container's root and then stands there under the
//! name of what the image would run, until the container's own program takes its place. When it ends, the kernel ends all
//! others; whoever loses his parent becomes its child.
//!
//! In a pod that shares its process namespace that is the pause process, and a container's first is one among many.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::libc;
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::prctl;
use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::sys::stat::{Mode, stat};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, getpid};

use super::failure::{Failure, Step, words};
use super::supervisor::keep_only;
use super::wire::{self, Reply, Request};
use super::{process, rootfs, title};

/// The first process as its container's manager has it.
pub struct First {
    pub pid: Pid,
    link: OwnedFd,
    /// The mount namespace of all that runs in the container, where others' processes are in sight as well.
    shared: Option<u64>,
}

impl First {
    /// Starts it and joins the namespaces that it makes: whoever is forked from now on is in the container.
    ///
    /// # Errors
    /// The step that this host refused, or that the pod's mounts made impossible.
    pub fn start(request: &Request) -> Result<First, Failure> {
        let (ours, theirs) = wire::pair().step("make a socket")?;
        let shares = request.sandbox.companions.is_some() || request.sandbox.target.is_some();
        if !shares {
            unshare(CloneFlags::CLONE_NEWPID).step("make a pid namespace")?;
        }
        // SAFETY: this process has one thread.
        let pid = match unsafe { fork() }.step("start the container's first process")? {
            ForkResult::Child => live(&theirs, request),
            ForkResult::Parent { child } => child,
        };
        drop(theirs);
        let made = wire::receive(&ours).ok().flatten().and_then(|(packet, _)| serde_json::from_slice(&packet).ok());
        let ended = || Err(Failure { step: "build the container".into(), cause: "its first process ended".into() });
        let made: Result<u64, Failure> = made.unwrap_or_else(ended);
        let joined = made.and_then(|namespace| join(pid).map(|()| namespace));
        match joined {
            Ok(namespace) => Ok(First { pid, link: ours, shared: shares.then_some(namespace) }),
            Err(failure) => {
                let _gone = kill(pid, Signal::SIGKILL);
                let _gone = waitpid(pid, None);
                Err(failure)
            }
        }
    }

    /// Has the container's own program take its place; gives the other end of its terminal, if it has one.
    ///
    /// # Errors
    /// The cause, as the OCI runtime names it.
    pub fn become_program(&self, body: &OwnedFd, streams: &[OwnedFd]) -> Result<Option<OwnedFd>, String> {
        let descriptors: Vec<RawFd> = std::iter::once(body).chain(streams).map(AsRawFd::as_raw_fd).collect();
        wire::send(&self.link, &[wire::EXEC], &descriptors).map_err(words)?;
        let mut terminal = None;
        // The program does not inherit the link: that it hangs up is the sign.
        while let Some((packet, descriptors)) = wire::receive(&self.link).map_err(words)? {
            if packet == [wire::TERMINAL] {
                terminal = descriptors.into_iter().next();
            } else if let Ok(Reply::NotStarted(cause)) = serde_json::from_slice(&packet) {
                return Err(cause);
            }
        }
        Ok(terminal)
    }

    /// Sends the container's own program a signal. The kernel keeps from pid 1 what it has not said what to do with, and
    /// the kubelet would kill it when its grace period is over: since nothing would come of waiting, it is killed now.
    pub fn signal(&self, signal: Signal) {
        let in_vain = signal == Signal::SIGTERM && self.shared.is_none() && !is_heeded(signal);
        let _gone = kill(self.pid, if in_vain { Signal::SIGKILL } else { signal });
    }

    /// Ends everything that still runs in the container.
    pub fn end(&self) {
        let _gone = kill(self.pid, Signal::SIGKILL);
        if let Some(namespace) = self.shared {
            // SAFETY: this process has one thread.
            match unsafe { fork() } {
                Ok(ForkResult::Child) => end_all_of(namespace),
                Ok(ForkResult::Parent { .. }) | Err(_) => {}
            }
        }
        while waitpid(None, None).is_ok() {}
    }
}

/// Whether pid 1 of the namespace that is in sight has a handler for a signal, or ignores it on purpose.
fn is_heeded(signal: Signal) -> bool {
    let Ok(file) = open("/proc/1/status", OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty()) else { return true };
    let mut status = String::new();
    let Ok(_) = File::from(file).read_to_string(&mut status) else { return true };
    let set = |name: &str| {
        let hex = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        u64::from_str_radix(hex.trim(), 16).unwrap_or_default()
    };
    (set("SigCgt:") | set("SigIgn:")) >> (signal as i32 - 1) & 1 == 1
}

/// Enters the namespaces of the container's first process, under the restrictions of what runs in them.
fn join(first: Pid) -> Result<(), Failure> {
    let step = "join the container's namespaces";
    // SAFETY: the call takes numbers; the descriptor it gives is nobody else's.
    let pidfd = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, first.as_raw(), 0) }).step(step)?;
    // SAFETY: as above.
    let pidfd = unsafe { OwnedFd::from_raw_fd(RawFd::try_from(pidfd).unwrap_or(-1)) };
    setns(pidfd, CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS).step(step)?;
    // A change of credentials may take this away.
    prctl::set_pdeathsig(Signal::SIGKILL).step("tie the container to its pod")?;
    rootfs::confine()
}

/// The first process: says whether the root could be built, and in which mount namespace it is.
fn live(link: &OwnedFd, request: &Request) -> ! {
    let Some(link) = keep_only(link) else { std::process::exit(1) };
    let made = set_up(request);
    let said = serde_json::to_vec(&made).map_err(|_| Errno::EINVAL).and_then(|packet| wire::send(&link, &packet, &[]));
    match (made, said) {
        (Ok(_), Ok(())) => stand_in(&link),
        _ => std::process::exit(1),
    }
}

fn set_up(request: &Request) -> Result<u64, Failure> {
    tie_to_the_parent()?;
    rootfs::build(request)?;
    // What may not be traced from inside does not lend its files to the inside either: /proc/1/exe is kstate itself.
    prctl::set_dumpable(false).step("protect the first process")?;
    title::set(&request.sandbox.first_process);
    mount_namespace("self").step("look at the mount namespace")
}

/// Ends with its parent, and lets its children go without a word.
pub fn tie_to_the_parent() -> Result<(), Failure> {
    prctl::set_pdeathsig(Signal::SIGKILL).step("tie the first process to its container")?;
    // SAFETY: no handler of ours runs.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) }.step("leave the dead alone").map(drop)
}

/// Waits to be told what to become.
fn stand_in(link: &OwnedFd) -> ! {
    while let Ok(Some((_, descriptors))) = wire::receive(link) {
        let cause = match descriptors.split_first().map(|(body, streams)| (wire::unpack(body), streams)) {
            Some((Ok(request), streams)) => process::take_over(&request, streams, link),
            _ => words(Errno::EBADMSG),
        };
        wire::reply(link, &Reply::NotStarted(cause), &[]);
    }
    std::process::exit(0)
}

fn mount_namespace(pid: &str) -> nix::Result<u64> {
    stat(format!("/proc/{pid}/ns/mnt").as_str()).map(|namespace| namespace.st_ino)
}

/// Ends all processes in sight that run in a mount namespace, but this one.
fn end_all_of(namespace: u64) -> ! {
    let own = getpid();
    loop {
        let Ok(mut folder) = Dir::open("/proc", OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty()) else { break };
        let names = folder.iter().flatten().filter_map(|entry| entry.file_name().to_str().ok()?.parse().ok());
        let pids: Vec<i32> = names.filter(|pid| *pid != own.as_raw()).collect();
        let pids = pids.into_iter().filter(|pid| mount_namespace(&pid.to_string()) == Ok(namespace));
        // A process that was just forked is seen the next time; a dead one has no namespace left.
        if pids.filter(|pid| kill(Pid::from_raw(*pid), Signal::SIGKILL).is_ok()).count() == 0 {
            break;
        }
    }
    std::process::exit(0)
}
