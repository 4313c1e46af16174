//! The supervisor (S): a re-executed kstate that stays in the host's namespaces, makes the pod (P) and lets the
//! pod's emulated servers be served until P ends.
//!
//! It is told everything by the first request on its socket, which it gets as its stdin: nothing shows on its command
//! line. Its stdout is a pipe from the caller that started it, which hangs up when that caller has connected or died.

use std::ffi::OsString;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::process::ExitCode;

use nix::fcntl::{OFlag, open};
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{SockFlag, accept4};
use nix::sys::stat::{Mode, umask};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, chdir, dup2_raw, dup2_stdin, dup2_stdout, fork, setsid};

use super::check::{self, CHECK};
use super::network::Link;
use super::wire::{self, Reply, Request};
use super::{cluster_network, failure::Failure, pod, servers};

/// One caller, as it came in: its connection, what it asks and its streams.
pub struct Call {
    pub connection: OwnedFd,
    pub request: Request,
    /// The request's memfd and the streams, to be handed on as they are.
    pub descriptors: Vec<OwnedFd>,
}

impl Call {
    /// Reads the request out of the first descriptor.
    pub fn read(connection: OwnedFd, descriptors: Vec<OwnedFd>) -> Option<Call> {
        let request = wire::unpack(descriptors.first()?).ok()?;
        Some(Call { connection, request, descriptors })
    }
}

/// Runs the supervisor; its stdin is the pod's listening socket. Arguments make it the pod, or try a step of a sandbox.
pub fn main(args: &[OsString], open: cluster_network::Open) -> ExitCode {
    let done = match args.split_first() {
        None => start(open),
        Some((first, rest)) if first == CHECK => return check::main(rest),
        Some((first, [])) if first == pod::POD => pod::main(),
        Some(_) => None,
    };
    if done.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn start(open_cluster: cluster_network::Open) -> Option<()> {
    leave_the_caller();
    let listener = std::io::stdin().as_fd().try_clone_to_owned().ok()?;
    let caller = std::io::stdout().as_fd().try_clone_to_owned().ok()?;
    // Nobody but P may hold the listener: a socket that is still listened on is a pod that still serves.
    let nothing = open("/dev/null", OFlag::O_RDWR, Mode::empty()).ok()?;
    dup2_stdin(&nothing).and_then(|()| dup2_stdout(&nothing)).ok()?;
    drop(nothing);
    let call = first_call(&listener, &caller)?;
    drop(caller);
    let (ours, theirs) = wire::pair().ok()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() } {
        Err(e) => {
            wire::reply(&call.connection, &refused(e), &[]);
            None
        }
        Ok(ForkResult::Child) => {
            drop(ours);
            pod::begin(listener, theirs, *call)
        }
        Ok(ForkResult::Parent { child }) => {
            drop((theirs, listener));
            // The streams are others': nobody would see their end while they are open here.
            let Call { request, descriptors, connection: _until_the_end } = *call;
            drop(descriptors);
            serve_network(&ours, &request, open_cluster);
            servers::serve(&ours, &request);
            let _gone = waitpid(child, None);
            Some(())
        }
    }
}

/// Takes the pod's link to the cluster and serves what comes over it. A pod that could not be made has sent none.
fn serve_network(pod: &OwnedFd, request: &Request, open: cluster_network::Open) {
    let Ok(Some((packet, descriptors))) = wire::receive(pod) else { return };
    let mut descriptors = descriptors.into_iter();
    if let (true, Some(leaving), Some(entering)) = (packet == [wire::LINK], descriptors.next(), descriptors.next()) {
        let surroundings = cluster_network::Surroundings { home: request.home.clone(), ip: request.sandbox.ip, open };
        cluster_network::serve(Link::of(leaving, entering), surroundings);
    }
}

/// Waits for the first request; `None` when the caller that started this process was killed before it came.
fn first_call(listener: &OwnedFd, caller: &OwnedFd) -> Option<Box<Call>> {
    loop {
        let mut fds =
            [PollFd::new(listener.as_fd(), PollFlags::POLLIN), PollFd::new(caller.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::NONE).ok()?;
        // Who has hung up has connected before, if ever: so the listener is looked at again, and then without waiting.
        let mut again = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
        if poll(&mut again, PollTimeout::ZERO).ok()? == 0 {
            return None;
        }
        match accept(listener) {
            Asked::Exec(call) => return Some(call),
            Asked::Stop(_) => return None,
            Asked::Connect(_) | Asked::Nothing => {}
        }
    }
}

fn refused(e: nix::errno::Errno) -> Reply {
    Reply::Refused(Failure { step: "start a process".into(), cause: super::failure::words(e) })
}

/// The terminal, folder and files of whoever happened to be first are not the supervisor's.
fn leave_the_caller() {
    let _leader_already = setsid();
    let _stays = chdir("/");
    umask(Mode::from_bits_truncate(0o022));
    close_from(3);
}

/// Closes every descriptor from `first` up.
pub fn close_from(first: libc::c_uint) {
    // SAFETY: called where no descriptor that is still used has such a number.
    unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0) };
}

/// Closes everything that a forked process has of its parent's, above all others' connections, but one link.
pub fn keep_only(link: &OwnedFd) -> Option<OwnedFd> {
    // SAFETY: whatever has number 3 in this process belongs to the parent's copy of it, which is never used again here.
    let kept = unsafe { dup2_raw(link, 3) }.ok()?;
    close_from(4);
    Some(kept)
}

/// Somebody who wants a connection to a program of the pod, and gets it by `connection`.
pub struct Visit {
    pub connection: OwnedFd,
    /// At the pod's localhost, not at its address.
    pub inside: bool,
    pub port: u16,
}

/// What came in on the pod's socket.
pub enum Asked {
    Exec(Box<Call>),
    /// End, whatever runs. The connection hangs up when all is done.
    Stop(OwnedFd),
    /// Connect to a program of the pod.
    Connect(Visit),
    /// The caller went away, or speaks something else.
    Nothing,
}

/// Takes the next caller in and reads what it asks.
pub fn accept(listener: &OwnedFd) -> Asked {
    let Ok(connection) = accept4(listener.as_raw_fd(), SockFlag::SOCK_CLOEXEC) else { return Asked::Nothing };
    // SAFETY: the kernel has just made this descriptor for us.
    let connection = unsafe { OwnedFd::from_raw_fd(connection) };
    match wire::receive(&connection) {
        Ok(Some((packet, _))) if packet == [wire::STOP] => Asked::Stop(connection),
        Ok(Some((packet, _))) if packet.first() == Some(&wire::CONNECT) => match packet[1..] {
            [inside, high, low] => {
                Asked::Connect(Visit { connection, inside: inside != 0, port: u16::from_be_bytes([high, low]) })
            }
            _ => Asked::Nothing,
        },
        Ok(Some((_, descriptors))) => read_call(connection, descriptors),
        _ => Asked::Nothing,
    }
}

fn read_call(connection: OwnedFd, descriptors: Vec<OwnedFd>) -> Asked {
    Call::read(connection, descriptors).map_or(Asked::Nothing, |call| Asked::Exec(Box::new(call)))
}
