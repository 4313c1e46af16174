//! A probe's command in a container that runs: what it prints and how it ends, within a time.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::caller::{Asked, begin, exit, streams, take_leave};
use super::failure::Step;
use super::wire::Role;
use super::{Command, ExecError, Exit};
use crate::Env;
use crate::control::sandbox::Sandbox;

/// Runs a command in a container that is there, with its output on the environment's streams; `None` when the time was up.
///
/// # Errors
/// When the program cannot be started or the container does not run.
pub fn probe(
    home: &Path,
    sandbox: &Sandbox,
    command: &Command,
    timeout: Duration,
    env: &mut Env,
) -> Result<Option<Exit>, ExecError> {
    timed(home, &Asked { sandbox, command, role: Role::Probe }, timeout, env)
}

/// How many hooks run at a time.
const AT_ONCE: usize = 8;

/// A lifecycle hook of a container that is simulated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    pub sandbox: Sandbox,
    pub command: Command,
    /// When it is ended.
    pub patience: Duration,
}

/// Runs hooks, some at a time: what they write is there for whoever looks. Gives how each ended; `None` for one that took
/// too long or could not be run.
pub fn hooks(home: &Path, all: &[Hook]) -> Vec<Option<Exit>> {
    let run = |hook: &Hook| {
        let mut env = Env::real();
        env.stdin = Box::new(std::io::empty());
        (env.stdout, env.stderr) = (Box::new(std::io::sink()), Box::new(std::io::sink()));
        let asked = Asked { sandbox: &hook.sandbox, command: &hook.command, role: Role::Guest };
        timed(home, &asked, hook.patience, &mut env).ok().flatten()
    };
    let mut ended = Vec::new();
    for some in all.chunks(AT_ONCE) {
        ended.extend(std::thread::scope(|scope| {
            let running: Vec<_> = some.iter().map(|hook| scope.spawn(|| run(hook))).collect();
            running.into_iter().map(|one| one.join().ok().flatten()).collect::<Vec<_>>()
        }));
    }
    ended
}

fn timed(home: &Path, asked: &Asked, timeout: Duration, env: &mut Env) -> Result<Option<Exit>, ExecError> {
    let (inner, outer) = streams(asked.command).step("make pipes").map_err(ExecError::Refused)?;
    let (connection, _no_terminal) = begin(home, asked, env, &inner)?;
    drop(inner);
    let mut outputs: Vec<File> = [outer.stdout, outer.stderr].into_iter().flatten().map(File::from).collect();
    let deadline = now() + timeout;
    let mut buffer = vec![0; 4096];
    let ended = loop {
        let left = deadline.saturating_duration_since(now());
        let streams = outputs.iter().map(AsFd::as_fd).chain([connection.as_fd()]);
        let mut fds: Vec<PollFd> = streams.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        if left.is_zero() || poll(&mut fds, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)).is_err() {
            break None;
        }
        let ready: Vec<bool> = fds.iter().map(|fd| fd.any().unwrap_or(true)).collect();
        let mut is_read = false;
        for (n, output) in outputs.iter_mut().enumerate().filter(|(n, _)| ready[*n]) {
            let length = output.read(&mut buffer).unwrap_or(0);
            is_read |= length > 0;
            let to = if n == 0 { &mut env.stdout } else { &mut env.stderr };
            let _nobody_reads = to.write_all(&buffer[..length]);
        }
        // What it has printed comes before how it ended.
        if !is_read && ready.last() == Some(&true) {
            break Some(exit(&connection));
        }
        if !is_read && ready[..outputs.len()].contains(&true) {
            // Both streams are closed, or one is: only the end is left to wait for.
            outputs.clear();
        }
    };
    take_leave(&connection);
    Ok(ended)
}

#[expect(clippy::disallowed_methods, reason = "how long a probe takes has nothing to do with the store's time")]
fn now() -> Instant {
    Instant::now()
}
