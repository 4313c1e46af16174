//! A keeper at work: starts its container's process, writes down what it prints, lets others attach, stops it, and says
//! how it ended.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;

use super::attached::Attached;
use super::door::{self, Ask};
use super::hook::Hook;
use super::{Claim, Order, Report};
use crate::Env;
use crate::runtime::log::{Reader, Stream, Writer};
use crate::runtime::sandbox::{self, streams};
use crate::runtime::sandbox::{Asked, Outer, PodFolder, Reply, Role, SIGNAL, Step, begin, forget_layer, receive, send};
use crate::runtime::{Command, ExecError};

/// How a container's process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its exit status; 128 and the signal's number when a signal ended it.
    Exited(i32),
    /// It could not be started on this machine: why.
    CannotRun(String),
    /// The sandbox was taken away from it.
    Lost,
}

/// A process that has ended, and those who asked for that: they are hung up on when this is dropped.
pub struct Kept {
    pub ended: Ended,
    /// Its termination message.
    pub message: String,
    /// The fields of the hooks that failed: `postStart`, `preStop`.
    pub failed_hooks: Vec<&'static str>,
    _stoppers: Vec<OwnedFd>,
}

impl From<Ended> for Kept {
    fn from(ended: Ended) -> Kept {
        Kept { ended, message: String::new(), failed_hooks: Vec::new(), _stoppers: Vec::new() }
    }
}

/// How long whoever started the keeper waits for a short process to end.
const SHORT: Duration = Duration::from_millis(60);
/// How often to see whether the store is still there.
const LOOK: Duration = Duration::from_secs(1);
/// How long what a process has left in its pipes may take to be read, and its readers to take it.
const FAREWELL: Duration = Duration::from_secs(2);

/// A hook that is not done after a year never is.
const LONGEST_HOOK: Duration = Duration::from_secs(31_536_000);
/// The kubelet's minimumGracePeriodInSeconds.
const LEAST_GRACE: Duration = Duration::from_secs(2);
/// How much of its log stands for a termination message, as in the kubelet.
const LAST_LINES: usize = 80;
const LAST_BYTES: usize = 2048;

/// Runs the container's process until it ends; `report` is dropped once it has run for a moment.
pub fn keep(order: &Order, claim: &Claim, env: &Env, report: &mut Report) -> Kept {
    match Keeper::start(order, claim, env) {
        Ok(keeper) => keeper.run(report),
        Err(ExecError::NotStarted { cause, .. }) => Ended::CannotRun(cause).into(),
        Err(ExecError::Refused(failure)) => Ended::CannotRun(failure.to_string()).into(),
        Err(ExecError::Lost | ExecError::Closed | ExecError::Interrupted(_)) => Ended::Lost.into(),
    }
}

struct Keeper<'o> {
    order: &'o Order,
    claim: &'o Claim,
    connection: OwnedFd,
    outputs: Vec<(Stream, File)>,
    /// What those who attach write to: the process's stdin, or its terminal.
    input: Option<OwnedFd>,
    /// Whether somebody has been given the input.
    is_given: bool,
    listener: OwnedFd,
    attached: Vec<Attached>,
    /// Those who asked for a stop: they are hung up on at the end.
    stoppers: Vec<OwnedFd>,
    kill_at: Option<Instant>,
    post_start: Option<Hook>,
    pre_stop: Option<Hook>,
    failed_hooks: Vec<&'static str>,
    log: Writer,
}

impl<'o> Keeper<'o> {
    fn start(order: &'o Order, claim: &'o Claim, env: &Env) -> Result<Keeper<'o>, ExecError> {
        let (home, sandbox) = (&order.home, &order.sandbox);
        if order.attempt > 0 {
            forget_layer(home, sandbox).map_err(ExecError::Refused)?;
        }
        let log = Writer::open(home, &sandbox.pod_uid, &sandbox.container, u64::from(order.attempt));
        let log = log.step("open the container's log").map_err(ExecError::Refused)?;
        let listener = door::open(home, &sandbox.pod_uid, &sandbox.container).map_err(ExecError::Refused)?;
        let (connection, outer, master) = begin_under_any_name(order, env)?;
        let copy = |fd: &OwnedFd| fd.try_clone().step("copy a descriptor").map_err(ExecError::Refused);
        let (outputs, input) = match master {
            Some(master) => (vec![(Stream::Stdout, File::from(copy(&master)?))], order.stdin.then_some(master)),
            None => {
                let streams = [(Stream::Stdout, outer.stdout), (Stream::Stderr, outer.stderr)];
                let present = streams.into_iter().filter_map(|(s, fd)| Some((s, File::from(fd?))));
                (present.collect(), outer.stdin)
            }
        };
        let (attached, stoppers) = (Vec::new(), Vec::new());
        let (is_given, kill_at) = (false, None);
        let (post_start, pre_stop, failed_hooks) = (None, None, Vec::new());
        Ok(Keeper {
            order,
            claim,
            connection,
            outputs,
            input,
            is_given,
            listener,
            attached,
            stoppers,
            kill_at,
            post_start,
            pre_stop,
            failed_hooks,
            log,
        })
    }

    fn run(mut self, report: &mut Report) -> Kept {
        let begun = now();
        self.post_start = Hook::begin(self.order, &self.order.post_start, LONGEST_HOOK);
        let mut look_at = begun + LOOK;
        loop {
            let moment = report.as_ref().map(|_| begun + SHORT);
            let until = [moment, self.killing(), Some(look_at)].into_iter().flatten().min();
            let happened = self.wait(until, true);
            let time = now();
            if time >= begun + SHORT {
                *report = None;
            }
            if self.killing().is_some_and(|at| at <= time) {
                self.kill_at = None;
                self.signal(Signal::SIGKILL);
            }
            if time >= look_at {
                look_at = time + LOOK;
                if !self.is_wanted() {
                    return Ended::Lost.into();
                }
            }
            self.copy(&happened);
            self.attached.iter_mut().for_each(Attached::flush);
            self.attached.retain(|a| !happened.contains(&a.connection().as_raw_fd()));
            self.hear_of_hooks(&happened);
            if happened.contains(&self.listener.as_raw_fd()) {
                self.answer();
            }
            if happened.contains(&self.connection.as_raw_fd()) {
                return self.end();
            }
        }
    }

    /// Waits until something can be read or written, or for the time; which descriptors it is. Once the process has
    /// ended nobody is listened to.
    fn wait(&self, until: Option<Instant>, is_alive: bool) -> Vec<i32> {
        let is_full = self.attached.iter().any(Attached::is_full);
        let outputs = self.outputs.iter().filter(|_| !is_full).map(|(_, file)| file.as_fd());
        let heard = [self.connection.as_fd(), self.listener.as_fd()].into_iter();
        let hooks = [&self.post_start, &self.pre_stop].into_iter().flatten().map(|hook| hook.done.as_fd());
        let heard = heard.chain(self.attached.iter().map(|a| a.connection().as_fd())).chain(hooks);
        let heard = heard.filter(|_| is_alive);
        let mut fds: Vec<PollFd> = heard.chain(outputs).map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        fds.extend(self.attached.iter().flat_map(Attached::stuck).map(|fd| PollFd::new(fd, PollFlags::POLLOUT)));
        let left = until.map_or(LOOK, |at| at.saturating_duration_since(now())) + Duration::from_millis(1);
        let polled = poll(&mut fds, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)).is_ok();
        let happened = fds.iter().filter(|p| polled && p.any().unwrap_or(true));
        happened.map(|p| p.as_fd().as_raw_fd()).collect()
    }

    /// Copies what the process has written; a stream at its end is closed.
    fn copy(&mut self, ready: &[i32]) {
        let mut buffer = vec![0; 32 * 1024];
        let (log, attached) = (&mut self.log, &mut self.attached);
        self.outputs.retain_mut(|(stream, file)| {
            if !ready.contains(&file.as_raw_fd()) {
                return true;
            }
            // A terminal whose last user is gone is an error to read.
            let length = file.read(&mut buffer).unwrap_or(0);
            // A full disk costs the log, not the container.
            let _full = log.write(*stream, &buffer[..length]);
            attached.iter_mut().for_each(|a| a.write(*stream, &buffer[..length]));
            length > 0
        });
    }

    fn answer(&mut self) {
        match door::accept(&self.listener) {
            Some((connection, Ask::Stop { grace }, _)) => self.stop(connection, grace),
            Some((connection, Ask::Attach { stdin, replay }, outputs)) => {
                let mut new = Attached::new(connection, outputs.into_iter());
                new.welcome(self.input.as_ref().filter(|_| stdin));
                self.is_given |= stdin;
                if self.order.stdin_once && self.is_given && !self.order.tty {
                    // Whoever attached first holds the only end now: the process sees the end of its input when that one goes.
                    self.input = None;
                }
                if replay {
                    self.replay(&mut new);
                }
                self.attached.push(new);
            }
            None => {}
        }
    }

    fn replay(&self, to: &mut Attached) {
        let sandbox = &self.order.sandbox;
        let log = Reader::open(&self.order.home, &sandbox.pod_uid, &sandbox.container, self.order.attempt.into());
        for entry in log.and_then(|mut log| log.rest()).unwrap_or_default() {
            to.write(entry.stream, &entry.text);
        }
        for stream in [Stream::Stdout, Stream::Stderr] {
            to.write(stream, self.log.unfinished(stream));
        }
    }

    fn stop(&mut self, connection: OwnedFd, grace: u64) {
        self.stoppers.push(connection);
        self.stop_within(grace);
    }

    /// Asks the process to end, once its `preStop` hook has; what is left after the grace period is killed.
    fn stop_within(&mut self, grace: u64) {
        let grace = Duration::from_secs(grace).min(LONGEST_HOOK);
        let kill_at = now() + grace;
        if grace.is_zero() {
            self.pre_stop = None;
        } else if self.kill_at.is_none() {
            self.pre_stop = Hook::begin(self.order, &self.order.pre_stop, grace);
            if self.pre_stop.is_none() {
                self.signal(Signal::SIGTERM);
            }
        }
        self.kill_at = Some(self.kill_at.map_or(kill_at, |at| at.min(kill_at)));
    }

    /// When the process is killed; a hook before that ends by itself when the grace period does.
    fn killing(&self) -> Option<Instant> {
        self.kill_at.filter(|_| self.pre_stop.is_none())
    }

    /// What a hook's end means for the process: it is stopped now, or since the hook after its start failed.
    fn hear_of_hooks(&mut self, happened: &[i32]) {
        let ended = |hook: &mut Option<Hook>| hook.take_if(|hook| happened.contains(&hook.done.as_raw_fd()));
        if ended(&mut self.post_start).is_some_and(|hook| hook.has_failed()) {
            self.failed_hooks.push("postStart");
            self.stop_within(self.order.grace);
        }
        if let Some(hook) = ended(&mut self.pre_stop) {
            if hook.has_failed() {
                self.failed_hooks.push("preStop");
            }
            self.signal(Signal::SIGTERM);
            // The kubelet lets a process have this much after its hook, however long that took.
            self.kill_at = self.kill_at.map(|at| at.max(now() + LEAST_GRACE));
        }
    }

    fn signal(&self, signal: Signal) {
        let _gone = send(&self.connection, &[SIGNAL, u8::try_from(signal as i32).unwrap_or(9)], &[]);
    }

    /// Whether the store is still there, and this with it.
    fn is_wanted(&self) -> bool {
        self.claim.is_there()
            && PodFolder::new(&self.order.home, &self.order.sandbox.pod_uid).is_ok_and(|f| f.path().exists())
    }

    /// The process has ended: what it has left is written down and handed on.
    fn end(mut self) -> Kept {
        let reply = receive(&self.connection).ok().flatten();
        let reply = reply.and_then(|(packet, _)| serde_json::from_slice(&packet).ok());
        let Some(Reply::Exited(status)) = reply else { return Ended::Lost.into() };
        let deadline = now() + FAREWELL;
        let is_stuck = |keeper: &Self| keeper.attached.iter().any(|a| a.stuck().next().is_some());
        while (!self.outputs.is_empty() || is_stuck(&self)) && now() < deadline {
            let ready = self.wait(Some(deadline), false);
            self.copy(&ready);
            self.attached.iter_mut().for_each(Attached::flush);
        }
        let _full = self.log.finish();
        let message = self.last_word(status);
        self.attached.into_iter().for_each(|a| a.end(status));
        Kept { ended: Ended::Exited(status), message, failed_hooks: self.failed_hooks, _stoppers: self.stoppers }
    }

    /// The termination message: what the process wrote for it or, where that is asked for and it failed without a word,
    /// the end of its log.
    fn last_word(&self, status: i32) -> String {
        let sandbox = &self.order.sandbox;
        let message = sandbox::last_word(&self.order.home, sandbox);
        if !message.is_empty() || !self.order.message_from_log || status == 0 {
            return message;
        }
        let log = Reader::open(&self.order.home, &sandbox.pod_uid, &sandbox.container, self.order.attempt.into());
        let entries = log.and_then(|mut log| log.rest()).unwrap_or_default();
        let last = &entries[entries.len().saturating_sub(LAST_LINES)..];
        let text: Vec<u8> = last.iter().flat_map(|entry| &entry.text).copied().collect();
        String::from_utf8_lossy(&text[text.len().saturating_sub(LAST_BYTES)..]).into_owned()
    }
}

/// Starts the process; under another name where the host has not the one that the image has.
fn begin_under_any_name(order: &Order, env: &Env) -> Result<(OwnedFd, Outer, Option<OwnedFd>), ExecError> {
    let mut names = order.other_names.iter();
    let mut argv = order.argv.clone();
    loop {
        let command = Command { argv: argv.clone(), stdin: order.stdin, tty: order.tty };
        let (inner, outer) = streams(&command).step("make pipes").map_err(ExecError::Refused)?;
        let asked = Asked { sandbox: &order.sandbox, command: &command, role: Role::Main { again: order.attempt > 0 } };
        match (begin(&order.home, &asked, env, &inner), names.next()) {
            (Ok((connection, master)), _) => return Ok((connection, outer, master)),
            (Err(ExecError::NotStarted { .. }), Some(name)) if !argv.is_empty() => argv[0].clone_from(name),
            (Err(error), _) => return Err(error),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a process takes to end has nothing to do with the store's time"
)]
fn now() -> Instant {
    Instant::now()
}
