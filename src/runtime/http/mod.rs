//! The emulated servers: one HTTP connection answered as nginx, httpd and their like answer it.
//!
//! Knows a stream, the folders behind container paths, and the clock; not the store, not who accepted the connection.

mod access_log;
mod conditions;
mod connection;
mod date;
mod dialect;
mod files;
pub mod gateway;
mod handler;
mod image;
mod listing;
mod media_type;
mod range;
mod request;
mod response;
mod target;

use std::io::{self, Read};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use crate::apimachinery::time::Time;
use crate::clock::Clock;
use crate::control::sandbox::ServerKind;
use crate::runtime::log::Stream;

pub use connection::serve_connection;
pub use image::image_files;

/// What one emulated server serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    pub kind: ServerKind,
    /// The folder it serves, as an absolute path in the container without `..`.
    pub root: String,
    /// What the container calls itself; agnhost answers with it.
    pub hostname: String,
    /// The pod's address.
    pub ip: Ipv4Addr,
    /// What it was told to say.
    pub text: String,
    /// When it was started.
    pub started: Option<Time>,
    /// Container paths and what is mounted there. The longest that is a prefix of a file's path holds the file. `/` is the
    /// container's writable layer: only there do the image's own files show through.
    pub mounts: Vec<(String, Shown)>,
}

/// A folder or a single file that is mounted in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The volume's own folder on the host, where no container can plant a link.
    pub folder: PathBuf,
    /// What of it is shown: paths that containers write to, each resolved with the one before it as its root.
    pub inside: Vec<String>,
}

impl From<PathBuf> for Shown {
    fn from(folder: PathBuf) -> Shown {
        Shown { folder, inside: Vec::new() }
    }
}

/// The two ends of a connection, as the accepting socket names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    pub client: SocketAddr,
    /// The address that was connected to; redirects carry its port.
    pub server: SocketAddr,
}

/// How long a client may take for its next bytes (nginx's `client_header_timeout` and `send_timeout`).
const TIMEOUT: Duration = Duration::from_secs(60);

/// How long a client may go on sending what nobody wants, and how much of it (`lingering_timeout`).
const LINGER: Duration = Duration::from_secs(5);
const LINGER_BYTES: usize = 16 << 20;

/// Takes the lines that a server writes, each without its line feed.
pub type Log<'l> = &'l mut dyn FnMut(Stream, &str);

/// Serves one accepted connection until it ends, in the calling thread. Each line for the container's log is handed
/// to `log` without its line feed.
///
/// # Errors
/// When the connection breaks or times out; there is nobody left to tell.
pub fn serve(stream: TcpStream, site: &Site, clock: Clock, log: Log) -> io::Result<()> {
    let peer = Peer { client: stream.peer_addr()?, server: stream.local_addr()? };
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.set_nodelay(true)?;
    serve_connection(&stream, site, peer, clock, log)?;
    // Everything was said; how the client takes its leave is its own affair.
    let _ = linger(stream);
    Ok(())
}

/// Ends a connection without losing what was sent: a socket closed with bytes unread resets the connection, and the
/// client may never see the answer (nginx's `lingering_close`).
fn linger(mut stream: TcpStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(LINGER))?;
    let mut buffer = [0; 4096];
    let mut left = LINGER_BYTES;
    while left > 0 {
        match stream.read(&mut buffer)? {
            0 => break,
            count => left = left.saturating_sub(count),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
