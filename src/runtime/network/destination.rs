//! The other end of a connection to a pod: an emulated server in a thread of this process, or a program that listens in
//! the pod's sandbox, reached through it.
//!
//! Knows sandboxes and servers, not packets.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread::Builder;
use std::time::Duration;

use super::Surroundings;
use super::gate::open;
use crate::clock::Clock;
use crate::control::sandbox::Sandbox;
use crate::runtime::http::{self, Peer};
use crate::runtime::{dns, sandbox};

/// A connected stream socket.
pub type Connection = OwnedFd;

/// How long the name server waits for a connection's next query.
const IDLE: Duration = Duration::from_secs(10);
/// How long an emulated server waits for a client's next bytes, and for it to take an answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Connects a client of the cluster to the first of some pods in which something serves a port.
pub fn connect(home: &Path, pods: &[Sandbox], port: u16, from: SocketAddrV4, to: SocketAddrV4) -> Option<Connection> {
    let peer = Peer { client: from.into(), server: to.into() };
    pods.iter().find_map(|pod| emulated(home, pod, port, peer).or_else(|| sandbox::connect(home, pod, port, false)))
}

/// Connects to what serves a port at a pod's own localhost, as the kubelet does for `port-forward`.
pub fn connect_inside(home: &Path, pod: &Sandbox, port: u16, client_port: u16) -> Option<Connection> {
    let local = |port| SocketAddrV4::new(Ipv4Addr::LOCALHOST, port).into();
    let peer = Peer { client: local(client_port), server: local(port) };
    emulated(home, pod, port, peer).or_else(|| sandbox::connect(home, pod, port, true))
}

/// What a pod's image would serve at a port.
fn emulated(home: &Path, pod: &Sandbox, port: u16, peer: Peer) -> Option<Connection> {
    let site = sandbox::site(home, pod, port)?;
    let log = sandbox::log(home, pod, port)?;
    let (ours, theirs) = UnixStream::pair().ok()?;
    let serve = move || {
        let limits = theirs.set_read_timeout(Some(TIMEOUT)).and_then(|()| theirs.set_write_timeout(Some(TIMEOUT)));
        let _client_gone = limits.and_then(|()| {
            http::serve_connection(&theirs, &site, peer, Clock::System, &mut |stream, line| {
                log.write(stream, line);
            })
        });
    };
    // Where this process can have no more threads, nobody listens.
    Builder::new().spawn(serve).ok()?;
    Some(ours.into())
}

/// The cluster's name server, over TCP.
pub fn name_server(surroundings: Surroundings) -> Option<Connection> {
    let (ours, theirs) = UnixStream::pair().ok()?;
    theirs.set_read_timeout(Some(IDLE)).ok()?;
    let serve = move || {
        // A store that cannot be opened ends the connection, as a name server that fails does.
        let Ok(cluster) = open(&surroundings) else { return };
        let _client_gone = dns::converse(theirs, cluster.as_ref());
    };
    Builder::new().spawn(serve).ok()?;
    Some(ours.into())
}
