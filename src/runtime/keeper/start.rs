//! Starting a keeper: kstate again, told what to do on its stdin, out of the session and out of the process tree of the
//! command that starts it.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{ForkResult, chdir, dup2_stderr, dup2_stdin, dup2_stdout, fork, pipe2, setsid};

use super::{Claim, Claimed, Order};
use crate::runtime::KEEPER;
use crate::runtime::sandbox::close_from;

/// What a keeper still has to say to whoever started it: it hangs up when its container has ended or runs on.
#[derive(Debug)]
pub struct Started(OwnedFd);

impl Started {
    /// Waits until the keeper has hung up, or so long.
    pub fn wait(&self, patience: Duration) {
        let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        let _late = poll(&mut fds, PollTimeout::try_from(patience).unwrap_or(PollTimeout::ZERO));
    }
}

/// The keeper's end; dropping it lets whoever waits go on.
pub type Report = Option<File>;

/// Starts a keeper; it holds the claim as well from then on. `exe` is the kstate binary.
///
/// # Errors
/// When no process can be started.
pub fn start(exe: &Path, what: &Claimed, claim: &Claim, order: &Order, fsync: bool) -> io::Result<Started> {
    let mut told = File::from(memfd_create("order", MFdFlags::MFD_CLOEXEC)?);
    told.write_all(&serde_json::to_vec(&(what, order))?)?;
    told.rewind()?;
    let (ours, theirs) = pipe2(OFlag::O_CLOEXEC)?;
    spawn(exe, order, told, theirs, claim.file().try_clone()?, fsync)?;
    Ok(Started(ours))
}

#[expect(clippy::disallowed_methods, reason = "the door to processes")]
fn spawn(exe: &Path, order: &Order, told: File, report: OwnedFd, claim: File, fsync: bool) -> io::Result<()> {
    let mut command = std::process::Command::new(exe);
    command.arg(KEEPER).env_clear().env("KSTATE_HOME", &order.home);
    if !fsync {
        command.env("KSTATE_FSYNC", "off");
    }
    command.stdin(told).stdout(report).stderr(claim);
    // What is waited for only hands over to the keeper.
    command.spawn()?.wait().map(drop)
}

/// What a keeper was told, in the keeper: called once, before anything else. The process that the command waits for ends
/// here, and the keeper goes on in a child of its own.
pub fn receive() -> Option<(Claimed, Order, Claim, Report)> {
    // Whatever the command had open, and left open for its children, is not the keeper's.
    close_from(3);
    let mut told = File::from(io::stdin().as_fd().try_clone_to_owned().ok()?);
    let report = File::from(io::stdout().as_fd().try_clone_to_owned().ok()?);
    let claim = File::from(io::stderr().as_fd().try_clone_to_owned().ok()?);
    let nothing = open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty()).ok()?;
    dup2_stdin(&nothing).and_then(|()| dup2_stdout(&nothing)).and_then(|()| dup2_stderr(&nothing)).ok()?;
    drop(nothing);
    let mut text = Vec::new();
    told.read_to_end(&mut text).ok()?;
    let (what, order): (Claimed, Order) = serde_json::from_slice(&text).ok()?;
    drop(told);
    // SAFETY: this process has one thread.
    if let ForkResult::Parent { .. } = unsafe { fork() }.ok()? {
        std::process::exit(0);
    }
    let _new_session = setsid();
    let _stays = chdir("/");
    umask(Mode::from_bits_truncate(0o022));
    let claim = Claim::of(&order.home, &what, claim);
    Some((what, order, claim, Some(report)))
}
