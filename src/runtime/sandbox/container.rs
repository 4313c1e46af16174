//! A container's manager (C): has its first process build the container and joins it, then starts a process for each
//! request and tells its caller how it ended; a caller that hangs up takes its process with it. Not in sight from inside.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal, kill, killpg};
use nix::sys::signalfd::SignalFd;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::failure::{Failure, Step};
use super::first::First;
use super::process;
use super::supervisor::keep_only;
use super::wire::{self, Reply, Request, Role};

struct Job {
    process: Pid,
    caller: OwnedFd,
    /// Whether the container ends with it.
    is_main: bool,
}

/// What one packet from the pod holds.
struct Handed {
    caller: OwnedFd,
    /// The request as it came, to be handed on.
    body: OwnedFd,
    request: Request,
    streams: Vec<OwnedFd>,
}

/// Runs the container; `link` is its socket to the pod, `shared` the pid namespace of a pod that shares one.
pub fn run(link: &OwnedFd, shared: Option<&OwnedFd>) -> ! {
    let joined = shared.map_or(Ok(()), |namespace| setns(namespace, CloneFlags::CLONE_NEWPID));
    let link = joined.ok().and_then(|()| keep_only(link));
    if let Some(link) = link
        && let Some(first) = receive(&link)
    {
        live(&link, first);
    }
    std::process::exit(0)
}

fn receive(link: &OwnedFd) -> Option<Handed> {
    let (_, descriptors) = wire::receive(link).ok()??;
    let mut descriptors = descriptors.into_iter();
    let (caller, body) = (descriptors.next()?, descriptors.next()?);
    let request = wire::unpack(&body).ok()?;
    Some(Handed { caller, body, request, streams: descriptors.collect() })
}

fn live(link: &OwnedFd, first: Handed) {
    match set_up(&first.request) {
        Ok((children, process)) => {
            Container { link, children, first: process, jobs: Vec::new() }.serve(first);
        }
        Err(failure) => wire::reply(&first.caller, &Reply::Refused(failure), &[]),
    }
}

fn set_up(request: &Request) -> Result<(SignalFd, First), Failure> {
    prctl::set_pdeathsig(Signal::SIGKILL).step("tie the container to its pod")?;
    let mut mask = SigSet::empty();
    mask.add(Signal::SIGCHLD);
    mask.thread_block().step("hold signals back")?;
    let children = SignalFd::new(&mask).step("hear of ended processes")?;
    Ok((children, First::start(request)?))
}

struct Container<'a> {
    link: &'a OwnedFd,
    children: SignalFd,
    first: First,
    jobs: Vec<Job>,
}

impl Container<'_> {
    /// Serves callers until the pod hangs up, or the container's own program has ended.
    fn serve(mut self, first: Handed) {
        self.start(first);
        loop {
            let (handed, spoken) = self.wait();
            let gone = self.listen(&spoken);
            for job in self.jobs.iter().filter(|j| gone.contains(&j.caller.as_raw_fd())) {
                let _ended =
                    if job.is_main { kill(job.process, Signal::SIGKILL) } else { killpg(job.process, Signal::SIGKILL) };
            }
            let is_over = self.reap();
            self.jobs.retain(|j| !gone.contains(&j.caller.as_raw_fd()));
            if is_over {
                break;
            }
            if handed {
                let Some(handed) = receive(self.link) else { break };
                self.start(handed);
            }
        }
        self.first.end();
    }

    /// Sends the signals that callers ask for; which callers hung up.
    fn listen(&self, spoken: &[i32]) -> Vec<i32> {
        let jobs = self.jobs.iter().filter(|job| spoken.contains(&job.caller.as_raw_fd()));
        let gone = jobs.filter(|job| match wire::receive(&job.caller) {
            Ok(Some((packet, _))) => {
                let number = packet.strip_prefix(&[wire::SIGNAL]).and_then(|n| n.first());
                if let Some(Ok(signal)) = number.map(|n| Signal::try_from(i32::from(*n))) {
                    if job.is_main {
                        self.first.signal(signal);
                    } else {
                        let _ended = kill(job.process, signal);
                    }
                }
                false
            }
            _ => true,
        });
        gone.map(|job| job.caller.as_raw_fd()).collect()
    }

    fn start(&mut self, handed: Handed) {
        if handed.request.role == Role::Stay {
            return wire::reply(&handed.caller, &Reply::Started, &[]);
        }
        let is_main = matches!(handed.request.role, Role::Main { .. });
        let started = if is_main {
            self.first.become_program(&handed.body, &handed.streams).map(|terminal| (self.first.pid, terminal))
        } else {
            process::spawn(&handed.request, &handed.streams)
        };
        match started {
            Ok((process, terminal)) => {
                let terminal: Vec<_> = terminal.iter().map(AsRawFd::as_raw_fd).collect();
                wire::reply(&handed.caller, &Reply::Started, &terminal);
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

    /// Takes leave of every process that has ended; whether the first was among them, with which the container ends.
    fn reap(&mut self) -> bool {
        let mut is_over = false;
        loop {
            let (pid, status) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, status)) => (pid, status),
                Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, 128 + signal as i32),
                Ok(WaitStatus::StillAlive) | Err(_) => return is_over,
                Ok(_) => continue,
            };
            for job in self.jobs.iter().filter(|j| j.process == pid) {
                wire::reply(&job.caller, &Reply::Exited(status), &[]);
            }
            is_over |= pid == self.first.pid;
            self.jobs.retain(|j| j.process != pid);
        }
    }
}
