//! The bytes of one TCP connection on their way between a pod and who is at the other end.
//!
//! Knows a smoltcp socket and a descriptor; not who they belong to.

use std::net::SocketAddrV4;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::sys::socket::{MsgFlags, Shutdown, recv, send, shutdown};
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::{Socket, State};

use super::destination::Connection;

/// One connection.
pub struct Conversation {
    pub handle: SocketHandle,
    pub from: SocketAddrV4,
    pub to: SocketAddrV4,
    inner: Connection,
    /// The other end was told that the pod sends no more, or takes no more itself.
    deaf: bool,
    /// The other end has said its last.
    mute: bool,
}

impl Conversation {
    pub fn new(handle: SocketHandle, from: SocketAddrV4, to: SocketAddrV4, inner: Connection) -> Conversation {
        Conversation { handle, from, to, inner, deaf: false, mute: false }
    }

    /// What to wait for at the other end; `None` for nothing.
    pub fn interest(&self, socket: &Socket) -> Option<(BorrowedFd<'_>, PollFlags)> {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::POLLIN, !self.mute && socket.can_send());
        flags.set(PollFlags::POLLOUT, !self.deaf && socket.can_recv());
        (!flags.is_empty()).then(|| (self.inner.as_fd(), flags))
    }

    /// Moves what can be moved now, both ways.
    pub fn exchange(&mut self, socket: &mut Socket) {
        self.hand_in(socket);
        self.hand_out(socket);
    }

    fn hand_in(&mut self, socket: &mut Socket) {
        let fd = self.inner.as_fd().as_raw_fd();
        while socket.can_recv() {
            let deaf = self.deaf;
            let taken = socket.recv(|bytes| match bytes {
                bytes if deaf => (bytes.len(), Ok(bytes.len())),
                bytes => match send(fd, bytes, MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL) {
                    Ok(count) => (count, Ok(count)),
                    Err(error) => (0, Err(error)),
                },
            });
            match taken {
                Ok(Ok(0) | Err(Errno::EAGAIN)) | Err(_) => return,
                Ok(Err(Errno::EINTR) | Ok(_)) => {}
                // It takes no more, but may have something left to say.
                Ok(Err(_)) => self.deaf = true,
            }
        }
        let ended = matches!(socket.state(), State::CloseWait | State::LastAck | State::Closing | State::TimeWait);
        if ended && !self.deaf {
            self.deaf = true;
            let _gone = shutdown(fd, Shutdown::Write);
        }
    }

    fn hand_out(&mut self, socket: &mut Socket) {
        let fd = self.inner.as_fd().as_raw_fd();
        while !self.mute && socket.can_send() {
            let brought = socket.send(|room| match recv(fd, room, MsgFlags::MSG_DONTWAIT) {
                Ok(count) => (count, Ok(count)),
                Err(error) => (0, Err(error)),
            });
            match brought {
                Ok(Err(Errno::EAGAIN)) | Err(_) => return,
                Ok(Err(Errno::EINTR) | Ok(1..)) => {}
                // Its end, or that of a server that did not read all it was sent: what it said was said.
                Ok(Ok(0) | Err(_)) => {
                    self.mute = true;
                    socket.close();
                }
            }
        }
    }
}
