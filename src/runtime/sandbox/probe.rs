//! What a pod's emulated servers answer a kubelet's probe with: asked without a sandbox, from the files as they are now.

use std::io::{self, Cursor, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use super::http::{self, Peer};
use super::servers;
use crate::clock::Clock;
use crate::control::sandbox::Sandbox;

/// One request that is read from memory, and what was answered.
struct Exchange {
    request: Cursor<Vec<u8>>,
    answer: Vec<u8>,
}

impl Read for &mut Exchange {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.request.read(buffer)
    }
}

impl Write for &mut Exchange {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.answer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The status that an emulated server answers a request for a path with; `None` where none listens on the port, or its
/// answer has no status.
pub fn http_status(home: &Path, sandbox: &Sandbox, port: u16, path: &str, headers: &[(String, String)]) -> Option<u16> {
    let site = servers::site(home, sandbox, port)?;
    let address = SocketAddr::new(IpAddr::V4(sandbox.ip), port);
    let peer = Peer { client: SocketAddr::new(IpAddr::V4(sandbox.ip), 1), server: address };
    let mut exchange = Exchange { request: Cursor::new(request(address, path, headers)), answer: Vec::new() };
    // A stream in memory does not break; what was answered before it would is what counts.
    let _answered = http::serve_connection(&mut exchange, &site, peer, Clock::System, &mut |_, _| {});
    let line = exchange.answer.split(|b| *b == b'\n').next().unwrap_or_default();
    let status = String::from_utf8_lossy(line);
    status.split(' ').nth(1).and_then(|code| code.parse().ok())
}

/// The kubelet's request.
fn request(server: SocketAddr, path: &str, headers: &[(String, String)]) -> Vec<u8> {
    let has = |name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let mut text = format!("GET {path} HTTP/1.1\r\n");
    for (name, value) in [("Host", server.to_string().as_str()), ("User-Agent", "kube-probe/1.36"), ("Accept", "*/*")] {
        if !has(name) {
            text += &format!("{name}: {value}\r\n");
        }
    }
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    text += "Connection: close\r\n\r\n";
    text.into_bytes()
}
