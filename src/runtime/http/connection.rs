//! One connection: requests read and answered until one side is done.

use std::io::{self, BufReader, Read, Write};

use super::access_log::Entry;
use super::dialect::{self, Dialect, KeepAlive};
use super::request::{self, Incoming, Request};
use super::response::{Body, Response};
use super::{Log, Peer, Site, date, handler};
use crate::apimachinery::time::Time;
use crate::clock::Clock;
use crate::runtime::log::Stream;

/// The most requests on one connection (`keepalive_requests`).
const REQUESTS: usize = 1000;

/// Serves the requests of one connection until it ends. Each line for the container's log is handed to `log` without
/// its line feed.
///
/// # Errors
/// When the stream breaks or times out.
pub fn serve_connection<S: Read + Write>(stream: S, site: &Site, peer: Peer, clock: Clock, log: Log) -> io::Result<()> {
    let mut server = Server { site, dialect: dialect::of(site.kind), peer, clock, log };
    let mut stream = BufReader::new(stream);
    for served in 1..=REQUESTS {
        let keep = match request::read(&mut stream)? {
            Incoming::End => return Ok(()),
            Incoming::Refused { line, status } => server.refuse(&mut stream, &line, status)?,
            Incoming::Request(request) => server.answer(&mut stream, &request, served < REQUESTS)?,
        };
        if !keep {
            return Ok(());
        }
    }
    Ok(())
}

struct Server<'s> {
    site: &'s Site,
    dialect: &'static Dialect,
    peer: Peer,
    clock: Clock,
    log: Log<'s>,
}

impl Server<'_> {
    fn refuse(&mut self, stream: &mut BufReader<impl Read + Write>, line: &str, status: u16) -> io::Result<bool> {
        let response = handler::error(self.dialect, status, line.split(' ').next().unwrap_or_default());
        self.send(stream.get_mut(), response, line, None, false)?;
        Ok(false)
    }

    fn answer(&mut self, stream: &mut BufReader<impl Read + Write>, request: &Request, more: bool) -> io::Result<bool> {
        if request.header("expect").is_some_and(|e| e.eq_ignore_ascii_case("100-continue")) {
            stream.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let response = handler::answer(self.site, self.dialect, request, self.peer, self.clock.now());
        let whole = !matches!(response.status, 400 | 413) && request::discard(stream, request.body)?;
        let server_keeps = !matches!(self.dialect.keep_alive, KeepAlive::Never | KeepAlive::NeverSilent);
        let keep = more && whole && server_keeps && request.keeps_alive();
        self.send(stream.get_mut(), response, &request.line, Some(request), keep)?;
        Ok(keep)
    }

    fn send(
        &mut self,
        stream: &mut impl Write,
        mut response: Response,
        line: &str,
        request: Option<&Request>,
        keep: bool,
    ) -> io::Result<()> {
        let now = self.clock.now();
        self.finish(&mut response, request, keep, now);
        let reason = (self.dialect.reason)(response.status, request.map_or("", |r| &r.method));
        if request.is_none_or(|r| r.version != (0, 9)) {
            stream.write_all(response.head(self.dialect.protocol, &reason).as_bytes())?;
        }
        let note = response.note.take();
        let body = match request {
            Some(request) if request.method == "HEAD" => Body::Empty,
            _ => response.body,
        };
        let sent = body.len();
        let written = body.write(stream).and_then(|()| stream.flush());
        let client = self.peer.client.ip().to_string();
        let peer = self.peer.client;
        let entry = Entry { client, peer, at: now, line, request, status: response.status, sent };
        if let (Some(format), Some(note)) = (self.dialect.error_log, note) {
            (self.log)(Stream::Stderr, &format(&entry, &note));
        }
        if let Some((stream, format)) = self.dialect.access_log {
            (self.log)(stream, &format(&entry));
        }
        written
    }
    /// Adds what the server says of itself and of the connection.
    fn finish(&self, response: &mut Response, request: Option<&Request>, keep: bool, now: Time) {
        response.status = dialect::public_status(self.dialect, response.status);
        if let Some(server) = self.dialect.server {
            response.header("Server", server);
        }
        response.header("Date", date::format(now));
        match (self.dialect.keep_alive, keep) {
            (KeepAlive::NeverSilent, _) => {}
            (_, false) => response.header("Connection", "close"),
            (KeepAlive::Announced, true) => response.header("Connection", "keep-alive"),
            (_, true) if request.is_some_and(|r| r.version < (1, 1)) => response.header("Connection", "Keep-Alive"),
            (_, true) => {}
        }
        response.order(self.dialect.order);
    }
}
