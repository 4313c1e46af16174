//! A name server on sockets of this machine, to test with.

use std::io;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use super::converse;
use crate::runtime::dns::{Lookup, answer};

/// How long a TCP client may take for its next query.
const IDLE: Duration = Duration::from_secs(10);

/// Answers datagrams until the socket fails.
///
/// # Errors
/// When the socket cannot be read any more; a client that is gone is none.
pub fn serve_udp(socket: &UdpSocket, lookup: &dyn Lookup) -> io::Result<()> {
    let mut buffer = [0; 65535];
    loop {
        let (length, client) = match socket.recv_from(&mut buffer) {
            Ok(received) => received,
            Err(e) if is_passing(&e) => continue,
            Err(e) => return Err(e),
        };
        let answer = answer(&buffer[..length], lookup, false);
        if !answer.is_empty() {
            // The client may be gone, or its network; it asks again if it is not.
            let _ = socket.send_to(&answer, client);
        }
    }
}

/// Answers queries over TCP until the listener fails, with a thread for each connection.
///
/// # Errors
/// When no connection can be accepted any more.
pub fn serve_tcp<L: Lookup + Sync>(listener: &TcpListener, lookup: &L) -> io::Result<()> {
    std::thread::scope(|scope| {
        loop {
            match listener.accept() {
                Ok((stream, _)) => {
                    // A connection that breaks concerns its client alone.
                    scope.spawn(move || limited(&stream).and_then(|()| converse(stream, lookup)).ok());
                }
                Err(e) if is_passing(&e) => {}
                Err(e) => return Err(e),
            }
        }
    })
}

/// Errors that a socket reports for one peer, or that a signal causes.
fn is_passing(e: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(e.kind(), Interrupted | ConnectionAborted | ConnectionReset | ConnectionRefused)
}

fn limited(stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(IDLE))?;
    stream.set_write_timeout(Some(IDLE))
}
