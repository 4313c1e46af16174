//! `port-forward`: ports of this machine that lead into a pod.
//!
//! Knows listeners and connections, not who is behind them; every connection's bytes are copied by two threads.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::SignalFd;

use super::Connection;

/// How often it is asked whether the pod still is there.
const LOOK_MILLISECONDS: u16 = 500;

/// A port of this machine and the pod's port that it leads to.
#[derive(Debug)]
pub struct Forward {
    listener: TcpListener,
    pub remote: u16,
}

impl Forward {
    /// Listens; port 0 stands for any that is free.
    ///
    /// # Errors
    /// When the address or port is not to be had.
    pub fn listen(local: SocketAddr, remote: u16) -> io::Result<Forward> {
        let listener = TcpListener::bind(local)?;
        listener.set_nonblocking(true)?;
        Ok(Forward { listener, remote })
    }

    /// The address that is listened on.
    ///
    /// # Errors
    /// The operating system's.
    pub fn local(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// What happens while ports are forwarded.
pub enum Heard<'f> {
    /// Somebody has connected to a port. The answer is the pod's end; `None` when it has none, which ends everything.
    Connection(&'f Forward, SocketAddr),
    /// Time has passed. No answer is needed while the pod is there.
    Nothing,
}

/// How forwarding ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By Ctrl-C.
    Interrupted,
    /// A connection could not be made, or the pod has gone.
    Lost,
}

/// Forwards until it is interrupted or the pod is lost. `answer` gives `Ok(None)` for what needs no connection.
///
/// # Errors
/// When this process cannot hear of signals, or can accept no more.
pub fn forward(
    forwards: &[Forward],
    mut answer: impl FnMut(Heard<'_>) -> Result<Option<Connection>, ()>,
) -> io::Result<Ended> {
    let interrupted = interruptions()?;
    loop {
        let mut fds = vec![readable(interrupted.as_fd())];
        fds.extend(forwards.iter().map(|f| readable(f.listener.as_fd())));
        match poll(&mut fds, LOOK_MILLISECONDS) {
            Err(Errno::EINTR) => continue,
            polled => polled?,
        };
        let happened: Vec<bool> = fds.iter().map(|fd| fd.revents().is_some_and(|r| !r.is_empty())).collect();
        if happened[0] {
            return Ok(Ended::Interrupted);
        }
        for (forward, _) in forwards.iter().zip(&happened[1..]).filter(|(_, happened)| **happened) {
            let Ok((stream, client)) = forward.listener.accept() else { continue };
            match answer(Heard::Connection(forward, client)) {
                Ok(Some(connection)) => join(stream, connection)?,
                Ok(None) => {}
                Err(()) => return Ok(Ended::Lost),
            }
        }
        if !happened.contains(&true) && answer(Heard::Nothing).is_err() {
            return Ok(Ended::Lost);
        }
    }
}

fn readable(fd: BorrowedFd<'_>) -> PollFd<'_> {
    PollFd::new(fd, PollFlags::POLLIN)
}

/// Ctrl-C as something to wait for. It stays held back: the process ends soon after.
fn interruptions() -> io::Result<SignalFd> {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGINT);
    signals.thread_block()?;
    Ok(SignalFd::new(&signals)?)
}

/// Copies both ways in threads of their own, until both ends have said their last.
fn join(client: TcpStream, pod: Connection) -> io::Result<()> {
    client.set_nonblocking(false)?;
    client.set_nodelay(true)?;
    // Of whatever family: reading, writing and shutting down are the same for all streams.
    let pod = TcpStream::from(pod);
    let (from_client, to_client) = (client.try_clone()?, client);
    let (from_pod, to_pod) = (pod.try_clone()?, pod);
    std::thread::spawn(move || copy(from_client, &to_pod));
    std::thread::spawn(move || copy(from_pod, &to_client));
    Ok(())
}

fn copy(mut from: TcpStream, mut to: &TcpStream) {
    let _broken = io::copy(&mut from, &mut to);
    let _gone = to.shutdown(Shutdown::Write);
}
