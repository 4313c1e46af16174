//! What can go wrong, as curl numbers and words it.

use std::io;

use ureq::{Error, Timeout};

use super::url::Url;

/// A failed transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The exit status.
    pub status: u8,
    pub message: String,
}

/// How far a request had got.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Whether the host's name led to an address.
    pub resolved: bool,
    pub connected: bool,
    /// Whether the server sent anything.
    pub answered: bool,
    pub millis: i64,
}

impl Fault {
    pub fn new(status: u8, message: impl Into<String>) -> Fault {
        Fault { status, message: message.into() }
    }

    /// A request that brought no response.
    pub fn of_request(error: &Error, url: &Url, at: Progress) -> Fault {
        match error {
            Error::HostNotFound => Fault::new(6, format!("Could not resolve host: {}", url.host)),
            Error::Timeout(kind) => timeout(*kind, at.millis, 0),
            Error::BadUri(_) | Error::Http(_) => Fault::new(3, "URL using bad/illegal format or missing URL"),
            Error::Rustls(error) => of_tls(&error.to_string()),
            Error::Tls(why) => Fault::new(35, format!("TLS connect error: {why}")),
            Error::Io(e) if at.resolved && e.kind() == io::ErrorKind::InvalidData => of_tls(&e.to_string()),
            _ if !at.resolved => Fault::new(6, format!("Could not resolve host: {}", url.host)),
            _ if !at.connected => {
                let (host, port) = (&url.host, url.port());
                let after = at.millis;
                Fault::new(
                    7,
                    format!("Failed to connect to {host} port {port} after {after} ms: Couldn't connect to server"),
                )
            }
            Error::Io(e) if e.kind() == io::ErrorKind::ConnectionReset => {
                Fault::new(56, "Recv failure: Connection reset by peer")
            }
            _ if !at.answered => Fault::new(52, "Empty reply from server"),
            Error::Protocol(_) => Fault::new(1, "Received HTTP/0.9 when not allowed"),
            other => Fault::new(56, format!("Failure when receiving data from the peer: {other}")),
        }
    }

    /// A body that broke off.
    pub fn of_body(error: io::Error, received: u64, promised: Option<u64>, millis: i64) -> Fault {
        match Error::from(error) {
            Error::Timeout(kind) => timeout(kind, millis, received),
            Error::Io(e) if e.kind() == io::ErrorKind::ConnectionReset => {
                Fault::new(56, "Recv failure: Connection reset by peer")
            }
            _ => match promised.and_then(|p| p.checked_sub(received)) {
                Some(missing) => Fault::new(18, format!("transfer closed with {missing} bytes remaining to read")),
                None => Fault::new(18, "transfer closed with outstanding read data remaining"),
            },
        }
    }
}

/// rustls' words, told apart by their beginning: its error type is not ours to name.
fn of_tls(why: &str) -> Fault {
    match why.strip_prefix("invalid peer certificate: ") {
        Some(why) => Fault::new(60, format!("SSL certificate problem: {why}")),
        None => Fault::new(35, format!("TLS connect error: {why}")),
    }
}

fn timeout(kind: Timeout, millis: i64, received: u64) -> Fault {
    let message = match kind {
        Timeout::Resolve => format!("Resolving timed out after {millis} milliseconds"),
        Timeout::Connect => format!("Connection timed out after {millis} milliseconds"),
        _ => format!("Operation timed out after {millis} milliseconds with {received} bytes received"),
    };
    Fault::new(28, message)
}
