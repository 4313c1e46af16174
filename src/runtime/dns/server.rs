//! Queries taken off a connection and answered, in the calling thread.
//!
//! Knows a stream it is handed. A query that breaks its connection ends that connection, never the server.

use std::io::{self, Read, Write};

use super::{Lookup, answer};

/// Answers the queries of one connection, each with its length before it (RFC 1035, 4.2.2).
///
/// # Errors
/// When the connection ends or breaks.
pub fn converse(mut stream: impl Read + Write, lookup: &dyn Lookup) -> io::Result<()> {
    loop {
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut query)?;
        let answer = answer(&query, lookup, true);
        let Ok(length) = u16::try_from(answer.len()) else { return Ok(()) };
        if length == 0 {
            return Ok(());
        }
        stream.write_all(&[&length.to_be_bytes(), answer.as_slice()].concat())?;
    }
}

#[cfg(test)]
mod listen;
#[cfg(test)]
pub use listen::{serve_tcp, serve_udp};
