//! A transport that keeps what a server sent first, byte for byte: `http` types forget case, order and reason.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// What one request's connection has seen.
#[derive(Debug, Default)]
pub struct Tape {
    /// The first bytes received since the tape was cleared.
    pub received: Vec<u8>,
    /// The addresses that the host's name led to, where a connection was tried.
    pub tried: Vec<SocketAddr>,
    /// A new connection was made.
    pub connected: bool,
}

/// A tape shared with the connections that write it.
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<Mutex<Tape>>);

/// More than any head that ureq accepts.
const LIMIT: usize = 128 * 1024;

impl Recorder {
    /// The tape; one that a panic left behind is as good as any.
    pub fn tape(&self) -> MutexGuard<'_, Tape> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes the addresses, before anything connects.
#[derive(Debug)]
pub struct Addresses(pub Recorder);

impl Connector<()> for Addresses {
    type Out = ();

    fn connect(&self, details: &ConnectionDetails, chained: Option<()>) -> Result<Option<()>, Error> {
        self.0.tape().tried = details.addrs.iter().copied().collect();
        Ok(chained)
    }
}

/// Listens to a connection that was made.
impl<In: Transport> Connector<In> for Recorder {
    type Out = Recorded<In>;

    fn connect(&self, _details: &ConnectionDetails, chained: Option<In>) -> Result<Option<Recorded<In>>, Error> {
        self.tape().connected = chained.is_some();
        Ok(chained.map(|inner| Recorded { inner, recorder: self.clone() }))
    }
}

/// A connection whose first bytes are kept.
#[derive(Debug)]
pub struct Recorded<In> {
    inner: In,
    recorder: Recorder,
}

impl<In: Transport> Transport for Recorded<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let before = self.inner.buffers().input().len();
        let progress = self.inner.await_input(timeout)?;
        let fresh = self.inner.buffers().input().get(before..).unwrap_or_default();
        let mut tape = self.recorder.tape();
        if tape.received.len() < LIMIT {
            tape.received.extend_from_slice(fresh);
        }
        Ok(progress)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

/// The head of the last response on a tape, without interim ones; its lines end as the server ended them.
pub fn head(received: &[u8]) -> &[u8] {
    let mut rest = received;
    loop {
        let end = rest.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4);
        let end = end.or_else(|| rest.windows(2).position(|w| w == b"\n\n").map(|at| at + 2)).unwrap_or(rest.len());
        let (head, after) = rest.split_at(end);
        let interim = head.get(8..11).is_some_and(|code| code == b" 10");
        if !interim || after.is_empty() {
            return head;
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads() {
        assert_eq!(head(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody"), b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n");
        assert_eq!(head(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\n\r\n"), b"HTTP/1.1 404 No\r\n\r\n");
        assert_eq!(head(b"HTTP/1.1 200 OK\nA: b\n\nbody"), b"HTTP/1.1 200 OK\nA: b\n\n");
        assert_eq!(head(b"rubbish"), b"rubbish");
    }
}
