//! The other end of a connection to a pod: an emulated server in a thread of this process, or a program that listens in
//! the pod's sandbox, reached through it.
//!
//! Knows sandboxes and servers, not packets.

use std::net::SocketAddrV4;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::Surroundings;
use super::gate::open;
use crate::clock::Clock;
use crate::control::sandbox::Sandbox;
use crate::runtime::http::{self, Peer};
use crate::runtime::{dns, sandbox};

/// A connected stream socket.
pub type Connection = OwnedFd;

/// How long an emulated server waits for a client's next bytes, and for it to take an answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Connects to the first of some pods in which something serves a port. A client of the cluster comes from outside the
/// pod; `inside` is for `port-forward`, which the kubelet lets in at the pod's own localhost.
pub fn connect(
    home: &Path,
    pods: &[Sandbox],
    port: u16,
    from: SocketAddrV4,
    to: SocketAddrV4,
    inside: bool,
) -> Option<Connection> {
    pods.iter().find_map(|pod| {
        let peer = Peer { client: from.into(), server: to.into() };
        emulated(home, pod, port, peer).or_else(|| sandbox::connect(home, pod, port, inside))
    })
}

/// What a pod's image would serve at a port.
fn emulated(home: &Path, pod: &Sandbox, port: u16, peer: Peer) -> Option<Connection> {
    let site = sandbox::site(home, pod, port)?;
    let log = sandbox::log(home, pod, port);
    let (ours, theirs) = UnixStream::pair().ok()?;
    std::thread::spawn(move || {
        let limits = theirs.set_read_timeout(Some(TIMEOUT)).and_then(|()| theirs.set_write_timeout(Some(TIMEOUT)));
        let _client_gone =
            limits.and_then(|()| http::serve_connection(&theirs, &site, peer, Clock::System, &mut |line| log(line)));
    });
    Some(ours.into())
}

/// The cluster's name server, over TCP.
pub fn name_server(surroundings: Surroundings) -> Option<Connection> {
    let (ours, theirs) = UnixStream::pair().ok()?;
    std::thread::spawn(move || {
        // A store that cannot be opened ends the connection, as a name server that fails does.
        let Ok(cluster) = open(&surroundings) else { return };
        let _client_gone = dns::converse(theirs, cluster.as_ref());
    });
    Some(ours.into())
}
