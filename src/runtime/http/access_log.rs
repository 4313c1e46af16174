//! The line a server logs for each request.

use std::net::SocketAddr;

use super::request::Request;
use crate::apimachinery::time::Time;

/// What is known when a request is done.
pub struct Entry<'r> {
    pub client: String,
    /// The client's address and port.
    pub peer: SocketAddr,
    pub at: Time,
    /// The request line as it came.
    pub line: &'r str,
    /// Absent when the head could not be read.
    pub request: Option<&'r Request>,
    pub status: u16,
    /// Bytes of the body that were sent.
    pub sent: u64,
}

impl Entry<'_> {
    fn header(&self, name: &str) -> String {
        let value = self.request.and_then(|r| r.header(name)).filter(|v| !v.is_empty());
        value.map_or_else(|| "-".to_owned(), escape)
    }

    fn time(&self) -> String {
        self.at.format("%d/%b/%Y:%H:%M:%S +0000").to_string()
    }
}

/// The `main` format of nginx's image: combined, and X-Forwarded-For.
pub fn nginx(e: &Entry) -> String {
    format!(
        "{} - - [{}] \"{}\" {} {} \"{}\" \"{}\" \"{}\"",
        e.client,
        e.time(),
        escape(e.line),
        e.status,
        e.sent,
        e.header("referer"),
        e.header("user-agent"),
        e.header("x-forwarded-for"),
    )
}

/// A line of nginx's error log: what happened, and to which request. The numbers are a worker's in the image.
pub fn nginx_error(e: &Entry, note: &str) -> String {
    let field = |name: &str| e.request.and_then(|r| r.header(name)).map(escape);
    let host = field("host").map(|h| format!(", host: \"{h}\"")).unwrap_or_default();
    let referrer = field("referer").map(|r| format!(", referrer: \"{r}\"")).unwrap_or_default();
    format!(
        "{} [error] 29#29: *1 {note}, client: {}, server: localhost, request: \"{}\"{host}{referrer}",
        e.at.format("%Y/%m/%d %H:%M:%S"),
        e.client,
        escape(e.line),
    )
}

/// The `common` format, which httpd's image uses.
pub fn common(e: &Entry) -> String {
    let line = if e.line.is_empty() { "-".to_owned() } else { escape(e.line) };
    let sent = if e.sent == 0 { "-".to_owned() } else { e.sent.to_string() };
    format!("{} - - [{}] \"{line}\" {} {sent}", e.client, e.time(), e.status)
}

/// What `http.server` writes to stderr, without its lines about errors.
pub fn python(e: &Entry) -> String {
    format!("{} - - [{}] \"{}\" {} -", e.client, e.at.format("%d/%b/%Y %H:%M:%S"), escape(e.line), e.status)
}

/// What `hello-app` writes to stderr.
pub fn hello_app(e: &Entry) -> String {
    let path = e.line.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default();
    format!("{} Serving request: {}", e.at.format("%Y/%m/%d %H:%M:%S"), escape(path))
}

/// What `http-echo` writes to stdout. How long it took is the one thing that is not measured: an echo takes no time.
pub fn http_echo(e: &Entry) -> String {
    let mut words = e.line.split(' ').map(escape);
    let mut word = || words.next().unwrap_or_default();
    let (method, path, version) = (word(), word(), word());
    let path = path.split('?').next().unwrap_or_default();
    let field = |name: &str| e.request.and_then(|r| r.header(name)).map(escape).unwrap_or_default();
    format!(
        "{} {} {} \"{method} {path} {version}\" {} {} \"{}\" 0s",
        e.at.format("%Y/%m/%d %H:%M:%S"),
        field("host"),
        e.peer,
        e.status,
        e.sent,
        field("user-agent"),
    )
}

/// What `echo-server` writes to stdout.
pub fn echo_server(e: &Entry) -> String {
    let words: Vec<String> = e.line.split(' ').take(2).map(escape).collect();
    format!("{} | {}", e.peer, words.join(" "))
}

/// Quotes, backslashes and what is not printable ASCII as `\xNN`, so that a client cannot forge a line.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for b in text.bytes() {
        match b {
            b'"' | b'\\' | 0..0x20 | 0x7f.. => out.push_str(&format!("\\x{b:02X}")),
            _ => out.push(b as char),
        }
    }
    out
}
