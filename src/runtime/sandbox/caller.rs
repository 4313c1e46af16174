//! The caller's side: makes or joins a pod's sandbox, starts a process in it, and copies its streams until it ends.
//!
//! The process never gets the caller's own descriptors, and without `stdin` the caller's stdin is not touched.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, Backlog, Shutdown, SockFlag, SockType, UnixAddr, bind, connect as connect_to, listen, shutdown,
    socket,
};
use nix::unistd::{UnlinkatFlags, pipe2, unlinkat};
use sha2::{Digest, Sha256};

use super::failure::{Failure, Step};
use super::layer::{PodFolder, prepare};
use super::terminal::{RawTerminal, copy_size};
use super::wire::{self, Reply, Request, Role};
use super::{Command, ExecError, Exit, SUPERVISOR};
use crate::Env;
use crate::control::sandbox::{Sandbox, Source};

/// How often to ask for a process when the sandbox goes away before it has started anything.
const ATTEMPTS: usize = 3;
/// How long to wait for a sandbox to be taken down by its last caller.
const FAREWELL_MILLISECONDS: u16 = 3000;
/// How often a pipe is emptied once its process has ended: what it held, should each read bring but a page.
const FULL_PIPES: usize = 18;
/// The status of a process whose container was taken away, as for SIGKILL.
const KILLED: i32 = 137;

/// What a supervisor takes over from its caller's environment.
const PASSED_ON: [&str; 2] = ["KSTATE_NOW", "KSTATE_FSYNC"];

/// Runs a command in a pod's container and waits for it, copying its streams. `home` is the store's folder.
///
/// # Errors
/// When the program cannot be started or the sandbox cannot be made.
pub fn exec(home: &Path, sandbox: &Sandbox, command: &Command, env: &mut Env) -> Result<Exit, ExecError> {
    let (inner, outer) = streams(command).step("make pipes").map_err(ExecError::Refused)?;
    let asked = Asked { sandbox, command, role: Role::Guest };
    let (connection, master) = begin(&env.path(home), &asked, env, &inner)?;
    drop(inner);
    let exit = match master {
        Some(master) => Ok(relay_terminal(&connection, &master, env)),
        None => relay(&connection, outer, env),
    };
    take_leave(&connection);
    exit
}

/// What is to run, and where.
pub struct Asked<'a> {
    pub sandbox: &'a Sandbox,
    pub command: &'a Command,
    pub role: Role,
}

/// Starts the process; gives the connection that it lives as long as, and its terminal's other end. A container that was
/// just ending when it was asked is asked once more: it has not started anything.
///
/// # Errors
/// When the program cannot be started or the sandbox cannot be made.
pub fn begin(
    home: &Path,
    asked: &Asked,
    env: &Env,
    streams: &[OwnedFd],
) -> Result<(OwnedFd, Option<OwnedFd>), ExecError> {
    let mut attempts = 1..=ATTEMPTS;
    // Until there is a process that looks into the target, nobody else may be there for whom it stays.
    let _held = match &asked.sandbox.target {
        Some(target) if asked.role != Role::Probe => Some(hold(home, target, env)?),
        _ => None,
    };
    loop {
        attempts.next();
        let connection = call(home, asked, env, streams).map_err(ExecError::Refused)?;
        match started(&connection, asked.sandbox, asked.command) {
            Err(ExecError::Lost) if !attempts.is_empty() => {}
            Err(error) => {
                take_leave(&connection);
                return Err(error);
            }
            Ok(master) => return Ok((connection, master)),
        }
    }
}

/// Has a container made where it is not there; it stays at least as long as the connection.
fn hold(home: &Path, sandbox: &Sandbox, env: &Env) -> Result<OwnedFd, ExecError> {
    let command = Command { argv: Vec::new(), stdin: false, tty: true };
    begin(home, &Asked { sandbox, command: &command, role: Role::Stay }, env, &[]).map(|(connection, _)| connection)
}

/// The caller's ends of the process's streams.
pub struct Outer {
    pub stdin: Option<OwnedFd>,
    pub stdout: Option<OwnedFd>,
    pub stderr: Option<OwnedFd>,
}

/// Pipes, or nothing where a terminal takes their place: the process's ends in order, and ours.
pub fn streams(command: &Command) -> nix::Result<(Vec<OwnedFd>, Outer)> {
    let mut outer = Outer { stdin: None, stdout: None, stderr: None };
    let mut inner = Vec::new();
    if command.tty {
        return Ok((inner, outer));
    }
    if command.stdin {
        let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
        inner.push(read);
        outer.stdin = Some(write);
    }
    for end in [&mut outer.stdout, &mut outer.stderr] {
        let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
        inner.push(write);
        *end = Some(read);
    }
    Ok((inner, outer))
}

/// Asks the pod's supervisor, which is started when there is none. Holds the pod's lock meanwhile.
fn call(home: &Path, asked: &Asked, env: &Env, streams: &[OwnedFd]) -> Result<OwnedFd, Failure> {
    let folder = prepare(home, asked.sandbox)?;
    let body = wire::pack(&request(home, asked)).step("write the request")?;
    let mut descriptors: Vec<RawFd> = vec![body.as_raw_fd()];
    descriptors.extend(streams.iter().map(AsRawFd::as_raw_fd));
    let lock = folder.lock_file()?;
    lock.lock().step("take the pod's lock")?;
    if !folder.container(&asked.sandbox.container).join("rootfs").exists() {
        // A run of the container that begins anew has taken it away meanwhile.
        prepare(home, asked.sandbox)?;
    }
    let connection = match join(&folder)? {
        Some(connection) => connection,
        // A probe is for what runs: it makes no pod that the container would then find.
        None if asked.role == Role::Probe => return Err(wire::not_running()),
        None => start(&folder, env)?,
    };
    wire::send(&connection, &[wire::EXEC], &descriptors).step("send the request")?;
    Ok(connection)
}

fn request(home: &Path, asked: &Asked) -> Request {
    let mut sandbox = asked.sandbox.clone();
    let of_servers = sandbox.servers.iter_mut().flat_map(|s| &mut s.mounts);
    for mount in sandbox.mounts.iter_mut().chain(of_servers) {
        // They are on disk by now.
        if let Source::Files { files, .. } = &mut mount.source {
            files.clear();
        }
    }
    Request { home: home.to_path_buf(), sandbox, command: asked.command.clone(), role: asked.role }
}

fn new_socket() -> Result<OwnedFd, Failure> {
    socket(AddressFamily::Unix, SockType::SeqPacket, SockFlag::SOCK_CLOEXEC, None).step("make a socket")
}

/// Connects to the pod's supervisor; `None` when there is none, or only what a killed one left.
pub fn join(folder: &PodFolder) -> Result<Option<OwnedFd>, Failure> {
    let socket = new_socket()?;
    let (_folder, path) = folder.socket()?;
    let address = UnixAddr::new(&path).step("name the pod's socket")?;
    match connect_to(socket.as_raw_fd(), &address) {
        Ok(()) => Ok(Some(socket)),
        Err(Errno::ENOENT | Errno::ECONNREFUSED) => Ok(None),
        Err(e) => Err(e).step("connect to the pod's sandbox"),
    }
}

/// Connects to a program that listens in a pod's sandbox; `None` where the pod has none or nobody listens. A client of the
/// cluster comes to the pod's address, `inside` leads to its localhost.
pub fn connect(home: &Path, sandbox: &Sandbox, port: u16, inside: bool) -> Option<OwnedFd> {
    let supervisor = join(&PodFolder::new(home, &sandbox.pod_uid).ok()?).ok()??;
    let [high, low] = port.to_be_bytes();
    wire::send(&supervisor, &[wire::CONNECT, u8::from(inside), high, low], &[]).ok()?;
    // A sandbox that is just ending says nothing more.
    let mut fds = [PollFd::new(supervisor.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, FAREWELL_MILLISECONDS).ok().filter(|n| *n > 0)?;
    let (_, descriptors) = wire::receive(&supervisor).ok()??;
    descriptors.into_iter().next()
}

/// Starts a supervisor and connects to it: the socket listens before the supervisor lives.
fn start(folder: &PodFolder, env: &Env) -> Result<OwnedFd, Failure> {
    let listener = new_socket()?;
    let (tree, path) = folder.socket()?;
    let _stale = unlinkat(&tree, "socket", UnlinkatFlags::NoRemoveDir);
    let address = UnixAddr::new(&path).step("name the pod's socket")?;
    bind(listener.as_raw_fd(), &address).step("make the pod's socket")?;
    listen(&listener, Backlog::MAXCONN).step("listen on the pod's socket")?;
    let (hangs_up_with_us, _ours) = pipe2(OFlag::O_CLOEXEC).step("make a pipe")?;
    spawn_supervisor(env, listener, hangs_up_with_us).step("start the pod's supervisor")?;
    join(folder)?.ok_or_else(|| Failure { step: "start the pod's supervisor".into(), cause: "it ended at once".into() })
}

#[expect(clippy::disallowed_methods, reason = "the door to processes")]
fn spawn_supervisor(env: &Env, listener: OwnedFd, caller: OwnedFd) -> io::Result<()> {
    let mut command = std::process::Command::new(&env.exe);
    command.arg0("kstate").arg(SUPERVISOR).env_clear();
    // The supervisor answers for the cluster: it sees the store as the caller does.
    command.envs(PASSED_ON.iter().filter_map(|name| Some((name, env.var(name)?))));
    command.stdin(listener).stdout(caller).stderr(Stdio::null());
    command.spawn().map(drop)
}

/// Waits until the process runs; gives its terminal's other end where it has one.
fn started(connection: &OwnedFd, sandbox: &Sandbox, command: &Command) -> Result<Option<OwnedFd>, ExecError> {
    let (reply, descriptors) = receive(connection).ok_or(ExecError::Lost)?;
    match reply {
        Reply::Started => Ok(descriptors.into_iter().next()),
        Reply::NotStarted(cause) => Err(ExecError::NotStarted { id: exec_id(sandbox, command), cause }),
        Reply::Refused(failure) => Err(ExecError::Refused(failure)),
        Reply::Exited(_) => Err(ExecError::Lost),
    }
}

fn receive(connection: &OwnedFd) -> Option<(Reply, Vec<OwnedFd>)> {
    let (packet, descriptors) = wire::receive(connection).ok()??;
    Some((serde_json::from_slice(&packet).ok()?, descriptors))
}

/// 64 hexadecimal digits, as containerd numbers what it starts.
fn exec_id(sandbox: &Sandbox, command: &Command) -> String {
    let text = format!("{}\0{}\0{:?}\0{}", sandbox.pod_uid, sandbox.container, command.argv, std::process::id());
    Sha256::digest(text).iter().map(|b| format!("{b:02x}")).collect()
}

/// Copies pipes until the process ends.
fn relay(connection: &OwnedFd, outer: Outer, env: &mut Env) -> Result<Exit, ExecError> {
    if let Some(stdin) = outer.stdin {
        pump(env, File::from(stdin));
    }
    let mut out = Stream { from: outer.stdout.map(File::from), to: &mut env.stdout, closed: false };
    let mut err = Stream { from: outer.stderr.map(File::from), to: &mut env.stderr, closed: false };
    loop {
        let [ended, out_ready, err_ready] = readable([Some(connection.as_fd()), out.fd(), err.fd()]);
        if out_ready {
            out.copy_some();
        }
        if err_ready {
            err.copy_some();
        }
        let exit = ended.then(|| exit(connection));
        if exit.is_some() {
            out.copy_rest();
            err.copy_rest();
        }
        if out.closed || err.closed {
            return Err(ExecError::Closed);
        }
        if let Some(exit) = exit {
            return Ok(exit);
        }
    }
}

/// Copies a terminal until the process ends.
fn relay_terminal(connection: &OwnedFd, master: &OwnedFd, env: &mut Env) -> Exit {
    let from = master.try_clone().map(File::from);
    let Ok(from) = from else { return Exit(1) };
    copy_terminal(connection, from, Some(master), env).unwrap_or_else(|signal| Exit(128 + signal))
}

/// Copies a container's streams until its process ends: `input` is its stdin or, with `tty`, its terminal.
pub fn relay_attached(
    connection: &OwnedFd,
    outer: Outer,
    input: Option<OwnedFd>,
    tty: bool,
    env: &mut Env,
) -> Result<Exit, ExecError> {
    match outer.stdout {
        Some(from) if tty => {
            copy_terminal(connection, File::from(from), input.as_ref(), env).map_err(ExecError::Interrupted)
        }
        stdout => relay(connection, Outer { stdin: input, stdout, ..outer }, env),
    }
}

/// Copies what a terminal shows, and what is typed to it, until the process ends or the other side hangs up; or until a
/// signal ends kstate, whose number is given then.
fn copy_terminal(connection: &OwnedFd, from: File, master: Option<&OwnedFd>, env: &mut Env) -> Result<Exit, i32> {
    if let Some(master) = master {
        copy_size(master);
    }
    let Ok(terminal) = RawTerminal::enter() else { return Ok(Exit(1)) };
    if let Some(Ok(to)) = master.map(OwnedFd::try_clone) {
        pump(env, File::from(to));
    }
    let mut out = Stream { from: Some(from), to: &mut env.stdout, closed: false };
    loop {
        let [ended, out_ready, signal] = readable([Some(connection.as_fd()), out.fd(), Some(terminal.signals())]);
        if out_ready {
            out.copy_some();
        }
        if signal {
            if let Some(number) = terminal.ended_by() {
                return Err(number);
            }
            master.into_iter().for_each(copy_size);
        }
        if ended {
            let exit = exit(connection);
            out.copy_rest();
            return Ok(exit);
        }
    }
}

pub fn exit(connection: &OwnedFd) -> Exit {
    match receive(connection) {
        Some((Reply::Exited(status), _)) => Exit(status),
        _ => Exit(KILLED),
    }
}

/// Copies the caller's stdin in a thread of its own, which a process that ends first leaves behind.
fn pump(env: &mut Env, mut to: File) {
    let mut from = std::mem::replace(&mut env.stdin, Box::new(io::empty()));
    std::thread::spawn(move || {
        let mut buffer = vec![0; 32 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            if to.write_all(&buffer[..length]).is_err() {
                return;
            }
        }
    });
}

fn readable<const N: usize>(fds: [Option<std::os::fd::BorrowedFd<'_>>; N]) -> [bool; N] {
    let mut present: Vec<PollFd> = fds.iter().flatten().map(|fd| PollFd::new(*fd, PollFlags::POLLIN)).collect();
    let polled = poll(&mut present, PollTimeout::NONE).is_ok();
    let mut results = present.iter().map(|p| polled && p.revents().is_some_and(|r| !r.is_empty()));
    fds.map(|fd| fd.is_some() && results.next().unwrap_or_default())
}

/// One stream on its way to the caller.
struct Stream<'a> {
    from: Option<File>,
    to: &'a mut Box<dyn Write + Send>,
    /// The caller's end is a pipe that nobody reads any more.
    closed: bool,
}

impl Stream<'_> {
    fn fd(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.from.as_ref().map(File::as_fd)
    }

    /// Copies what is there. A stream at its end, or one that the caller no longer takes, is closed: the process then
    /// hears of it as it would of any closed pipe.
    fn copy_some(&mut self) {
        let mut buffer = vec![0; 64 * 1024];
        let length = self.from.as_mut().map_or(Ok(0), |from| from.read(&mut buffer)).unwrap_or_default();
        let written = self.to.write_all(&buffer[..length]).and_then(|()| self.to.flush());
        self.closed |= written.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::BrokenPipe);
        if length == 0 || written.is_err() {
            self.from = None;
        }
    }

    /// Copies what the ended process left in the pipe, and does not wait for others that may still write to it.
    fn copy_rest(&mut self) {
        let mut left = FULL_PIPES;
        while self.fd().is_some_and(|fd| {
            let mut poller = [PollFd::new(fd, PollFlags::POLLIN)];
            left -= 1;
            left > 0 && poll(&mut poller, PollTimeout::ZERO).is_ok_and(|n| n > 0)
        }) {
            self.copy_some();
        }
    }
}

/// Hangs up and waits until the pod has noticed: the last caller's sandbox is gone when the command returns.
pub fn take_leave(connection: &OwnedFd) {
    let _gone = shutdown(connection.as_raw_fd(), Shutdown::Write);
    let mut fds = [PollFd::new(connection.as_fd(), PollFlags::POLLIN)];
    let _late = poll(&mut fds, FAREWELL_MILLISECONDS);
}
