//! A container (C): pid 1 of its own pid namespace. Builds the container's root, then starts a process for each request
//! and tells its caller how it ended; a caller that hangs up takes its process with it.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal, kill, killpg};
use nix::sys::signalfd::SignalFd;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, dup2_raw};

use super::failure::{Failure, Step};
use super::supervisor::close_from;
use super::wire::{self, Reply, Request, Role};
use super::{process, rootfs};

struct Job {
    process: Pid,
    caller: OwnedFd,
    /// Whether the container ends with it.
    is_main: bool,
}

/// What one packet from the pod holds.
struct Handed {
    caller: OwnedFd,
    request: Request,
    streams: Vec<OwnedFd>,
}

/// Runs the container; `link` is its socket to the pod.
pub fn run(link: &OwnedFd) -> ! {
    let link = keep_only(link);
    let status = match link.map(|link| (receive(&link), link)) {
        Some((Some(first), link)) => live(&link, first),
        _ => 1,
    };
    std::process::exit(status)
}

/// Closes everything that came over from the pod, above all other callers' connections, but the link.
fn keep_only(link: &OwnedFd) -> Option<OwnedFd> {
    let low = link.as_raw_fd().min(3);
    // SAFETY: whatever has number 3 in this process belongs to the pod's copy of it, which is never used again here.
    let kept = unsafe { dup2_raw(link, 3) }.ok()?;
    debug_assert!(low <= 3);
    close_from(4);
    Some(kept)
}

fn receive(link: &OwnedFd) -> Option<Handed> {
    let (_, descriptors) = wire::receive(link).ok()??;
    let mut descriptors = descriptors.into_iter();
    let (caller, body) = (descriptors.next()?, descriptors.next()?);
    let request = wire::unpack(&body).ok()?;
    Some(Handed { caller, request, streams: descriptors.collect() })
}

fn live(link: &OwnedFd, first: Handed) -> i32 {
    match set_up(&first.request) {
        Ok(children) => Container { link, children, jobs: Vec::new() }.serve(first),
        Err(failure) => {
            wire::reply(&first.caller, &Reply::Refused(failure), &[]);
            1
        }
    }
}

fn set_up(request: &Request) -> Result<SignalFd, Failure> {
    prctl::set_pdeathsig(Signal::SIGKILL).step("tie the container to its pod")?;
    let mut mask = SigSet::empty();
    mask.add(Signal::SIGCHLD);
    mask.thread_block().step("hold signals back")?;
    let children = SignalFd::new(&mask).step("hear of ended processes")?;
    rootfs::build(request)?;
    // What may not be traced from inside does not lend its files to the inside either: /proc/1/exe is kstate itself.
    prctl::set_dumpable(false).step("protect pid 1")?;
    Ok(children)
}

struct Container<'a> {
    link: &'a OwnedFd,
    children: SignalFd,
    jobs: Vec<Job>,
}

impl Container<'_> {
    fn serve(mut self, first: Handed) -> i32 {
        self.start(first);
        loop {
            let (handed, spoken) = self.wait();
            let gone = self.listen(&spoken);
            for job in self.jobs.iter().filter(|j| gone.contains(&j.caller.as_raw_fd())) {
                let _ended = killpg(job.process, Signal::SIGKILL);
            }
            self.reap();
            self.jobs.retain(|j| !gone.contains(&j.caller.as_raw_fd()));
            if handed {
                let Some(handed) = receive(self.link) else { return 0 };
                self.start(handed);
            }
        }
    }

    /// Sends the signals that callers ask for; which callers hung up.
    fn listen(&self, spoken: &[i32]) -> Vec<i32> {
        let jobs = self.jobs.iter().filter(|job| spoken.contains(&job.caller.as_raw_fd()));
        let gone = jobs.filter(|job| match wire::receive(&job.caller) {
            Ok(Some((packet, _))) => {
                let number = packet.strip_prefix(&[wire::SIGNAL]).and_then(|n| n.first());
                if let Some(Ok(signal)) = number.map(|n| Signal::try_from(i32::from(*n))) {
                    let _ended = kill(job.process, signal);
                }
                false
            }
            _ => true,
        });
        gone.map(|job| job.caller.as_raw_fd()).collect()
    }

    fn start(&mut self, handed: Handed) {
        match process::spawn(&handed.request, &handed.streams) {
            Ok((process, terminal)) => {
                let terminal: Vec<_> = terminal.iter().map(AsRawFd::as_raw_fd).collect();
                wire::reply(&handed.caller, &Reply::Started, &terminal);
                let is_main = matches!(handed.request.role, Role::Main { .. });
                self.jobs.push(Job { process, caller: handed.caller, is_main });
            }
            Err(cause) => wire::reply(&handed.caller, &Reply::NotStarted(cause), &[]),
        }
    }

    /// Waits: whether the pod has something, and which callers said something or hung up.
    fn wait(&self) -> (bool, Vec<i32>) {
        let mut fds = vec![
            PollFd::new(self.link.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.children.as_fd(), PollFlags::POLLIN),
        ];
        fds.extend(self.jobs.iter().map(|j| PollFd::new(j.caller.as_fd(), PollFlags::POLLIN)));
        if poll(&mut fds, PollTimeout::NONE).is_err() {
            return (false, Vec::new());
        }
        let happened = |fd: &PollFd| fd.revents().is_some_and(|r| !r.is_empty());
        if happened(&fds[1]) {
            let _how_many = self.children.read_signal();
        }
        let gone = self.jobs.iter().zip(&fds[2..]).filter(|(_, p)| happened(p)).map(|(j, _)| j.caller.as_raw_fd());
        (happened(&fds[0]), gone.collect())
    }

    /// Takes leave of every process that has ended, also of those whose parents ended first.
    fn reap(&mut self) {
        loop {
            let (pid, status) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, status)) => (pid, status),
                Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, 128 + signal as i32),
                Ok(WaitStatus::StillAlive) | Err(_) => return,
                Ok(_) => continue,
            };
            for job in self.jobs.iter().filter(|j| j.process == pid) {
                wire::reply(&job.caller, &Reply::Exited(status), &[]);
            }
            if self.jobs.iter().any(|j| j.process == pid && j.is_main) {
                // Pid 1 takes everything with it.
                std::process::exit(0);
            }
            self.jobs.retain(|j| j.process != pid);
        }
    }
}
