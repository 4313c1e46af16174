//! One process in a container: its program found in PATH, its streams, its environment, its end of a terminal.
//!
//! What goes wrong is said in the words of the OCI runtime (runc), which kubectl passes on.

use std::ffi::CString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, open};
use nix::libc;
use nix::pty::{PtyMaster, grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::stat::{Mode, SFlag, stat};
use nix::unistd::{
    AccessFlags, ForkResult, Pid, access, chdir, dup2_stderr, dup2_stdin, dup2_stdout, execve, fork, getpid, getsid,
    pipe2, setsid,
};

use super::failure::words;
use super::wire::{self, Request};

/// The PATH of a container whose image sets none.
pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What a process of the container is given, ready for the kernel.
struct Program {
    path: CString,
    argv: Vec<CString>,
    environment: Vec<CString>,
    working_dir: String,
}

struct Streams {
    stdin: OwnedFd,
    stdout: OwnedFd,
    stderr: OwnedFd,
    terminal: bool,
}

/// Starts a process; gives its pid and the other end of its terminal, if it has one.
///
/// # Errors
/// The cause, as the OCI runtime names it.
pub fn spawn(request: &Request, descriptors: &[OwnedFd]) -> Result<(Pid, Option<OwnedFd>), String> {
    let program = program(request)?;
    let (streams, terminal) = streams(request, descriptors).map_err(words)?;
    let (report, reporter) = pipe2(OFlag::O_CLOEXEC).map_err(words)?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }.map_err(words)? {
        ForkResult::Child => {
            let cause = become_program(&program, &streams);
            let _gone = File::from(reporter).write_all(cause.as_bytes());
            std::process::exit(255)
        }
        ForkResult::Parent { child } => {
            drop(reporter);
            let mut cause = String::new();
            let _read = File::from(report).read_to_string(&mut cause);
            if cause.is_empty() { Ok((child, terminal)) } else { Err(cause) }
        }
    }
}

/// Makes this very process a container's own program; its terminal's other end goes to `link`. Never returns when all goes
/// well; otherwise says why not, as [`spawn`] does.
pub fn take_over(request: &Request, descriptors: &[OwnedFd], link: &OwnedFd) -> String {
    let made = program(request).and_then(|program| Ok((program, streams(request, descriptors).map_err(words)?)));
    match made {
        Ok((program, (streams, terminal))) => {
            if let Some(terminal) = terminal {
                let _gone = wire::send(link, &[wire::TERMINAL], &[terminal.as_raw_fd()]);
            }
            become_program(&program, &streams)
        }
        Err(cause) => cause,
    }
}

fn program(request: &Request) -> Result<Program, String> {
    let c_string = |text: &str| CString::new(text).map_err(|_| words(Errno::EINVAL));
    let environment = environment(request);
    let name = request.command.argv.first().map_or("", String::as_str);
    let path = environment.iter().find(|(k, _)| k == "PATH").map_or("", |(_, v)| v);
    Ok(Program {
        path: c_string(&look_up(name, path)?)?,
        argv: request.command.argv.iter().map(|a| c_string(a)).collect::<Result<_, _>>()?,
        working_dir: request.sandbox.working_dir.clone(),
        environment: environment.iter().map(|(k, v)| c_string(&format!("{k}={v}"))).collect::<Result<_, _>>()?,
    })
}

/// PATH, HOSTNAME, TERM and HOME where the pod does not say otherwise, as containerd adds them, and the pod's own.
fn environment(request: &Request) -> Vec<(String, String)> {
    let sandbox = &request.sandbox;
    let mut all =
        vec![("PATH".to_string(), DEFAULT_PATH.to_string()), ("HOSTNAME".to_string(), sandbox.hostname.clone())];
    if request.command.tty {
        all.push(("TERM".to_string(), "xterm".to_string()));
    }
    for (name, value) in &sandbox.env {
        all.retain(|(n, _)| n != name);
        all.push((name.clone(), value.clone()));
    }
    if !all.iter().any(|(n, _)| n == "HOME") {
        let home = if sandbox.user == 0 { "/root" } else { "/" };
        all.push(("HOME".to_string(), home.to_string()));
    }
    all
}

/// Finds a program as Go's `exec.LookPath` does.
fn look_up(name: &str, path: &str) -> Result<String, String> {
    if name.contains('/') {
        return match executable(name) {
            Ok(()) => Ok(name.to_string()),
            Err(Errno::ENOENT) => Err(format!("exec: {name:?}: stat {name}: {}", words(Errno::ENOENT))),
            Err(e) => Err(format!("exec: {name:?}: {}", words(e))),
        };
    }
    let folders = path.split(':').map(|folder| if folder.is_empty() { "." } else { folder });
    let found =
        folders.map(|folder| format!("{folder}/{name}")).find(|file| !name.is_empty() && executable(file).is_ok());
    found.ok_or_else(|| format!("exec: {name:?}: executable file not found in $PATH"))
}

fn executable(file: &str) -> nix::Result<()> {
    let kind = SFlag::from_bits_truncate(stat(file)?.st_mode) & SFlag::S_IFMT;
    if kind == SFlag::S_IFDIR {
        return Err(Errno::EISDIR);
    }
    access(file, AccessFlags::X_OK)
}

fn streams(request: &Request, descriptors: &[OwnedFd]) -> nix::Result<(Streams, Option<OwnedFd>)> {
    if request.command.tty {
        let (slave, master) = open_terminal()?;
        let streams = Streams { stdin: copy(&slave)?, stdout: copy(&slave)?, stderr: slave, terminal: true };
        return Ok((streams, Some(master)));
    }
    let mut descriptors = descriptors.iter();
    let stdin = if request.command.stdin { descriptors.next().map(copy) } else { None };
    let stdin = stdin.unwrap_or_else(nothing)?;
    let (Some(stdout), Some(stderr)) = (descriptors.next(), descriptors.next()) else { return Err(Errno::EBADF) };
    Ok((Streams { stdin, stdout: copy(stdout)?, stderr: copy(stderr)?, terminal: false }, None))
}

/// /dev/null. A volume mounted at /dev may hold a FIFO of that name, which would keep pid 1 waiting for a writer.
fn nothing() -> nix::Result<OwnedFd> {
    let fd = open("/dev/null", OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK, Mode::empty())?;
    fcntl(&fd, FcntlArg::F_SETFL(OFlag::empty()))?;
    Ok(fd)
}

fn copy(fd: &OwnedFd) -> nix::Result<OwnedFd> {
    fd.try_clone().map_err(|e| Errno::from_raw(e.raw_os_error().unwrap_or_default()))
}

/// A terminal of the container's own devpts: its program's end and the caller's.
fn open_terminal() -> nix::Result<(OwnedFd, OwnedFd)> {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let master: PtyMaster = posix_openpt(flags)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let slave = open(ptsname_r(&master)?.as_str(), flags, Mode::empty())?;
    let master = master.as_fd().try_clone_to_owned();
    Ok((slave, master.map_err(|e| Errno::from_raw(e.raw_os_error().unwrap_or_default()))?))
}

/// Never returns when all goes well; otherwise says why not.
fn become_program(program: &Program, streams: &Streams) -> String {
    if let Err(e) = take_place(streams) {
        return words(e);
    }
    if let Err(e) = chdir(program.working_dir.as_str()) {
        return format!("chdir to cwd ({:?}) set in config.json failed: {}", program.working_dir, words(e));
    }
    let Err(e) = execve(&program.path, &program.argv, &program.environment);
    format!("exec {}: {}", program.path.to_string_lossy(), words(e))
}

fn take_place(streams: &Streams) -> nix::Result<()> {
    if setsid().is_err() && getsid(None)? != getpid() {
        return Err(Errno::EPERM);
    }
    if streams.terminal {
        // SAFETY: the call takes a number and touches no memory.
        Errno::result(unsafe { libc::ioctl(streams.stdin.as_raw_fd(), libc::TIOCSCTTY as _, 0) })?;
    }
    dup2_stdin(&streams.stdin)?;
    dup2_stdout(&streams.stdout)?;
    dup2_stderr(&streams.stderr)?;
    keep_only_streams()?;
    default_signals()
}

/// Everything but the streams is pid 1's, above all its link to the pod, and is closed when the program takes over.
fn keep_only_streams() -> nix::Result<()> {
    // SAFETY: the call takes numbers and touches no memory.
    let result = unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    Errno::result(result).map(drop)
}

/// What kstate ignores or holds back, the program shall not inherit.
fn default_signals() -> nix::Result<()> {
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    for signal in Signal::iterator().filter(|s| !matches!(s, Signal::SIGKILL | Signal::SIGSTOP)) {
        // SAFETY: the default action runs no code of ours.
        unsafe { sigaction(signal, &default) }?;
    }
    SigSet::empty().thread_set_mask()
}
