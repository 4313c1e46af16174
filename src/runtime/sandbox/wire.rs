//! What kstate, the pod's supervisor and its containers say to each other, over unix sequenced-packet sockets.
//!
//! A request's body is too long for a packet (an argument may have megabytes), so it travels as a memfd; the streams
//! travel beside it. Knows nothing of what is done with it.

use std::fs::File;
use std::io::{IoSlice, IoSliceMut, Read, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::PathBuf;

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::socket::{AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, UnixAddr};
use nix::sys::socket::{recvmsg, sendmsg, socketpair};
use serde::{Deserialize, Serialize};

use super::Command;
use super::failure::Failure;
use crate::control::sandbox::Sandbox;

/// What is asked of a pod's supervisor. Descriptors beside it: the body, then without a terminal stdin (when asked
/// for), stdout and stderr.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request {
    pub home: PathBuf,
    pub sandbox: Sandbox,
    pub command: Command,
    pub role: Role,
}

/// What a process is to its container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// One of those that come and go; the container is made where it is not there.
    Guest,
    /// The container's own, its first process: all that runs in the container ends with it. One that runs `again` gets a new container.
    Main { again: bool },
    /// A guest of a container that is there already.
    Probe,
    /// Runs nothing: the container is made where it is not there, and stays as long as this caller.
    Stay,
}

/// What comes back. `Started` carries the terminal's descriptor when one was asked for.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    Started,
    /// The process's exit status; 128 and the signal's number when a signal ended it.
    Exited(i32),
    /// The process could not be started: the cause in the OCI runtime's words.
    NotStarted(String),
    /// The sandbox could not be made.
    Refused(Failure),
}

/// The packets' first byte.
pub const EXEC: u8 = b'E';
pub const STOP: u8 = b'S';
/// From a caller to its process: the second byte is the number of a signal.
pub const SIGNAL: u8 = b'K';
/// Connect to a program of the pod; behind it stand whether to its localhost, and the port.
pub const CONNECT: u8 = b'C';
/// From a container's first process: the other end of the terminal of what it becomes.
pub const TERMINAL: u8 = b'T';
/// The pod's link to the cluster comes along.
pub const LINK: u8 = b'N';
const LARGEST_PACKET: usize = 16 * 1024;
const MOST_DESCRIPTORS: usize = 8;

/// Why a probe is not made.
pub fn not_running() -> Failure {
    Failure { step: "join the container".into(), cause: "it does not run".into() }
}

/// A connected pair.
pub fn pair() -> nix::Result<(OwnedFd, OwnedFd)> {
    socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
}

/// Sends one packet with descriptors.
pub fn send(to: impl AsFd, packet: &[u8], descriptors: &[RawFd]) -> nix::Result<()> {
    let rights = [ControlMessage::ScmRights(descriptors)];
    let control = if descriptors.is_empty() { &rights[..0] } else { &rights[..] };
    let iov = [IoSlice::new(packet)];
    loop {
        match sendmsg::<UnixAddr>(to.as_fd().as_raw_fd(), &iov, control, MsgFlags::MSG_NOSIGNAL, None) {
            Err(Errno::EINTR) => {}
            result => return result.map(drop),
        }
    }
}

/// Receives one packet; `None` when the other side is gone.
pub fn receive(from: impl AsFd) -> nix::Result<Option<(Vec<u8>, Vec<OwnedFd>)>> {
    let mut bytes = vec![0; LARGEST_PACKET];
    let mut space = cmsg_space!([RawFd; MOST_DESCRIPTORS]);
    let fd = from.as_fd().as_raw_fd();
    let (length, descriptors) = loop {
        let mut iov = [IoSliceMut::new(&mut bytes)];
        match recvmsg::<UnixAddr>(fd, &mut iov, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC) {
            Err(Errno::EINTR) => {}
            Err(Errno::ECONNRESET) => return Ok(None),
            Err(e) => return Err(e),
            Ok(message) => break (message.bytes, owned(message.cmsgs()?)),
        }
    };
    bytes.truncate(length);
    Ok((length > 0).then_some((bytes, descriptors)))
}

fn owned(messages: impl Iterator<Item = ControlMessageOwned>) -> Vec<OwnedFd> {
    let mut all = Vec::new();
    for message in messages {
        if let ControlMessageOwned::ScmRights(fds) = message {
            // SAFETY: the kernel has just made these descriptors for us and nobody else knows them.
            all.extend(fds.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
        }
    }
    all
}

/// Puts a request into a memfd.
pub fn pack(request: &Request) -> std::io::Result<OwnedFd> {
    let mut file = File::from(memfd_create("request", MFdFlags::MFD_CLOEXEC)?);
    file.write_all(&serde_json::to_vec(request)?)?;
    Ok(file.into())
}

/// Reads a request out of its memfd.
pub fn unpack(fd: &OwnedFd) -> std::io::Result<Request> {
    let mut file = File::from(fd.try_clone()?);
    file.rewind()?;
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

/// Sends a reply. That nobody is there to read it any more is no error: the caller has gone.
pub fn reply(to: impl AsFd, reply: &Reply, descriptors: &[RawFd]) {
    if let Ok(packet) = serde_json::to_vec(reply) {
        let _gone = send(to, &packet, descriptors);
    }
}
