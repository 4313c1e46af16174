//! A keeper's door: a socket in its pod's folder, where it is asked to stop its process or to let somebody attach.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr, accept4, bind, connect, listen, socket};
use nix::unistd::{UnlinkatFlags, unlinkat};
use serde::{Deserialize, Serialize};

use crate::Env;
use crate::runtime::sandbox::{Failure, PodFolder, Reply, Step, Tree, by_fd, receive, relay_attached, send, streams};
use crate::runtime::{Command, ExecError, Exit};

/// What a keeper is asked. With `Attach` come the descriptors for the container's output: one for a terminal, two otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// SIGTERM now and SIGKILL after so many seconds; the connection hangs up when the process is gone.
    Stop { grace: u64 },
    Attach {
        stdin: bool,
        /// Also what was written before.
        replay: bool,
    },
}

/// The folder of a pod's doors, and the path of one by descriptor: a socket's address has 108 bytes.
fn place(home: &Path, uid: &str, container: &str) -> Result<(Tree, std::path::PathBuf), Failure> {
    let folder = PodFolder::new(home, uid)?;
    let tree = Tree::open(folder.path()).and_then(|t| t.make_dir("keepers", 0o700)).step("open the keepers' folder")?;
    let path = by_fd(&tree).join(container);
    Ok((tree, path))
}

/// The keeper's end.
///
/// # Errors
/// When the socket cannot be made.
pub fn open(home: &Path, uid: &str, container: &str) -> Result<OwnedFd, Failure> {
    let (tree, path) = place(home, uid, container)?;
    let _stale = unlinkat(&tree, container, UnlinkatFlags::NoRemoveDir);
    let listener = new_socket()?;
    bind(listener.as_raw_fd(), &UnixAddr::new(&path).step("name the keeper's socket")?)
        .step("make the keeper's socket")?;
    listen(&listener, Backlog::MAXCONN).step("listen on the keeper's socket")?;
    Ok(listener)
}

/// The next one who asks; `None` where it went away or says something else.
pub fn accept(listener: &OwnedFd) -> Option<(OwnedFd, Ask, Vec<OwnedFd>)> {
    use std::os::fd::FromRawFd;
    let connection = accept4(listener.as_raw_fd(), SockFlag::SOCK_CLOEXEC).ok()?;
    // SAFETY: the kernel has just made this descriptor for us.
    let connection = unsafe { OwnedFd::from_raw_fd(connection) };
    let (packet, descriptors) = receive(&connection).ok()??;
    Some((connection, serde_json::from_slice(&packet).ok()?, descriptors))
}

fn new_socket() -> Result<OwnedFd, Failure> {
    socket(AddressFamily::Unix, SockType::SeqPacket, SockFlag::SOCK_CLOEXEC, None).step("make a socket")
}

/// Asks a container's keeper; `None` where there is none.
fn ask(home: &Path, uid: &str, container: &str, ask: Ask, descriptors: &[RawFd]) -> Result<Option<OwnedFd>, Failure> {
    let folder = PodFolder::new(home, uid)?;
    if !folder.path().join("keepers").join(container).exists() {
        return Ok(None);
    }
    let (_tree, path) = place(home, uid, container)?;
    let socket = new_socket()?;
    match connect(socket.as_raw_fd(), &UnixAddr::new(&path).step("name the keeper's socket")?) {
        Ok(()) => {}
        Err(Errno::ENOENT | Errno::ECONNREFUSED) => return Ok(None),
        Err(e) => return Err(e).step("connect to the container's keeper"),
    }
    let packet = serde_json::to_vec(&ask).map_err(std::io::Error::from).step("ask the container's keeper")?;
    send(&socket, &packet, descriptors).step("ask the container's keeper")?;
    Ok(Some(socket))
}

/// What hangs up when a process that was asked to stop is gone and that is recorded.
#[derive(Debug)]
pub struct Stopping(OwnedFd);

impl Stopping {
    /// Waits until it is gone, or so long.
    pub fn wait(&self, patience: Duration) {
        use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
        use std::os::fd::AsFd;
        let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        let _late = poll(&mut fds, PollTimeout::try_from(patience).unwrap_or(PollTimeout::ZERO));
    }
}

/// Asks a container's process to end, and ends it after the grace period. `None` where no keeper is.
///
/// # Errors
/// When its keeper cannot be asked.
pub fn stop(home: &Path, uid: &str, container: &str, grace: u64) -> Result<Option<Stopping>, Failure> {
    Ok(ask(home, uid, container, Ask::Stop { grace }, &[])?.map(Stopping))
}

/// Attaches to a container's process and copies its streams until it ends or the caller does. `None` where no keeper is.
///
/// # Errors
/// When its keeper cannot be asked, or nobody takes the output any more.
pub fn attach(
    home: &Path,
    uid: &str,
    container: &str,
    command: &Command,
    replay: bool,
    env: &mut Env,
) -> Result<Option<Exit>, ExecError> {
    // Pipes in any case: a terminal's output comes from its keeper, which logs it as well.
    let piped = Command { argv: Vec::new(), stdin: false, tty: false };
    let (inner, outer) = streams(&piped).step("make pipes").map_err(ExecError::Refused)?;
    let descriptors: Vec<RawFd> = inner.iter().map(AsRawFd::as_raw_fd).collect();
    let asked = Ask::Attach { stdin: command.stdin, replay };
    let connection = ask(&env.path(home), uid, container, asked, &descriptors).map_err(ExecError::Refused)?;
    let Some(connection) = connection else { return Ok(None) };
    drop(inner);
    match receive(&connection).ok().flatten() {
        Some((packet, input)) if matches!(serde_json::from_slice(&packet), Ok(Reply::Started)) => {
            let input = input.into_iter().next().filter(|_| command.stdin);
            relay_attached(&connection, outer, input, command.tty, env).map(Some)
        }
        _ => Ok(None),
    }
}
