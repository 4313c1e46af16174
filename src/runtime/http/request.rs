//! One request read from a stream, with nginx's limits and its idea of what is a bad request.
//!
//! Knows bytes, not files; a refusal is a status for the server's error page.

use std::io::{self, BufRead};

/// The longest line, its line feed included (`large_client_header_buffers 4 8k`; httpd's limits are 8190).
const LINE: usize = 8192;
/// All header lines together.
const HEADERS: usize = 4 * LINE;

/// What came in.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming {
    /// The client is done.
    End,
    /// The request line (may be empty or cut) and the status to refuse with; the connection cannot go on.
    Refused {
        line: String,
        status: u16,
    },
    Request(Request),
}

/// A request's head, well-formed.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// The request line for the log; bytes that are not UTF-8 are replaced.
    pub line: String,
    pub method: String,
    pub target: Vec<u8>,
    /// Major and minor; (0, 9) for a line without a version.
    pub version: (u8, u8),
    headers: Vec<(String, String)>,
    pub body: Body,
}

/// How the request's body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    Length(u64),
    Chunked,
}

/// Header fields that do not fit: nginx's own number, which its page shows as a 400.
pub const HEADERS_TOO_LARGE: u16 = 494;

impl Request {
    /// The first header of a name (given in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// All header fields, as they came; their names in lower case.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    fn count(&self, name: &str) -> usize {
        self.headers.iter().filter(|(n, _)| n == name).count()
    }

    /// Whether the connection may be kept: HTTP/1.1's default, HTTP/1.0's on request; not after what tunnels or echoes.
    pub fn keeps_alive(&self) -> bool {
        let connection = self.header("connection").unwrap_or_default().to_ascii_lowercase();
        match self.version {
            (0, _) => false,
            _ if matches!(self.method.as_str(), "CONNECT" | "TRACE") => false,
            (1, 0) => connection.contains("keep-alive"),
            _ => !connection.contains("close"),
        }
    }
}

/// Reads one request head.
///
/// # Errors
/// When the stream breaks or times out.
pub fn read(stream: &mut impl BufRead) -> io::Result<Incoming> {
    let line = loop {
        match read_line(stream)? {
            Line::End => return Ok(Incoming::End),
            Line::TooLong(line) => return Ok(Incoming::Refused { line: lossy(&line), status: 414 }),
            Line::Text(line) if line.is_empty() => {}
            Line::Text(line) => break line,
        }
    };
    let refused = |status| Ok(Incoming::Refused { line: lossy(&line), status });
    let mut request = match request_line(&line) {
        Ok(request) => request,
        Err(status) => return refused(status),
    };
    if request.version == (0, 9) {
        return Ok(Incoming::Request(request));
    }
    match read_headers(stream)? {
        Some(Ok(headers)) => request.headers = headers,
        Some(Err(status)) => return refused(status),
        None => return Ok(Incoming::End),
    }
    match check(&mut request) {
        Ok(()) => Ok(Incoming::Request(request)),
        Err(status) => refused(status),
    }
}

enum Line {
    End,
    TooLong(Vec<u8>),
    /// Without its line end.
    Text(Vec<u8>),
}

fn read_line(stream: &mut impl BufRead) -> io::Result<Line> {
    let mut line = Vec::new();
    io::Read::take(&mut *stream, LINE as u64).read_until(b'\n', &mut line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        return Ok(Line::Text(line));
    }
    Ok(if line.len() == LINE { Line::TooLong(line) } else { Line::End })
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn request_line(line: &[u8]) -> Result<Request, u16> {
    if line.first() == Some(&b' ') {
        return Err(400);
    }
    let mut words = line.split(|b| *b == b' ').filter(|w| !w.is_empty());
    let (method, target) = (words.next().unwrap_or_default(), words.next().ok_or(400u16)?);
    if method.is_empty() || !method.iter().all(|b| b.is_ascii_uppercase() || matches!(b, b'_' | b'-')) {
        return Err(400);
    }
    if target.iter().any(|b| *b < 0x20 || *b == 0x7f) {
        return Err(400);
    }
    let version = match (words.next(), words.next()) {
        (None, _) if method == b"GET" => (0, 9),
        (Some(version), None) => http_version(version)?,
        _ => return Err(400),
    };
    let body = Body::Length(0);
    let (line, method, target) = (lossy(line), lossy(method), target.to_vec());
    Ok(Request { line, method, target, version, headers: Vec::new(), body })
}

fn http_version(word: &[u8]) -> Result<(u8, u8), u16> {
    let number = std::str::from_utf8(word).ok().and_then(|w| w.strip_prefix("HTTP/")).ok_or(400u16)?;
    let (major, minor) = number.split_once('.').ok_or(400u16)?;
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit()).then(|| s.parse::<u8>().ok()).flatten().ok_or(400u16);
    match (digits(major)?, digits(minor)?) {
        _ if major.starts_with('0') => Err(400),
        (1, minor) => Ok((1, minor)),
        _ => Err(505),
    }
}

type Headers = Vec<(String, String)>;

/// The header lines; `None` when the stream ends between them.
fn read_headers(stream: &mut impl BufRead) -> io::Result<Option<Result<Headers, u16>>> {
    let (mut headers, mut size) = (Vec::new(), 0);
    loop {
        let line = match read_line(stream)? {
            Line::End => return Ok(None),
            Line::TooLong(_) => return Ok(Some(Err(HEADERS_TOO_LARGE))),
            Line::Text(line) if line.is_empty() => return Ok(Some(Ok(headers))),
            Line::Text(line) => line,
        };
        size += line.len() + 2;
        if size > HEADERS {
            return Ok(Some(Err(HEADERS_TOO_LARGE)));
        }
        // A line that begins with a blank would continue the one before it: nginx refuses that, RFC 9112 allows to.
        if line.first().is_some_and(|b| *b <= 0x20 || *b == b':') || line.iter().any(|b| matches!(b, 0 | b'\r')) {
            return Ok(Some(Err(400)));
        }
        headers.extend(header(&line));
    }
}

/// A header field; `None` for a line that is none, which nginx passes over (`ignore_invalid_headers`).
fn header(line: &[u8]) -> Option<(String, String)> {
    let colon = line.iter().position(|b| *b == b':')?;
    let name = &line[..colon];
    let valid = !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
    valid.then(|| (lossy(name).to_ascii_lowercase(), lossy(&line[colon + 1..]).trim().to_owned()))
}

/// The rules that need all headers: one Host, one meaning of the body's length.
fn check(request: &mut Request) -> Result<(), u16> {
    let hosts = request.count("host");
    if hosts > 1 || (hosts == 0 && request.version >= (1, 1)) {
        return Err(400);
    }
    if request.header("host").is_some_and(|h| h.is_empty() || h.contains(['/', '\\', ' ', '\t']) || h.contains("..")) {
        return Err(400);
    }
    request.body = body(request)?;
    Ok(())
}

fn body(request: &Request) -> Result<Body, u16> {
    let length = match (request.count("content-length"), request.header("content-length")) {
        (0, _) => None,
        (1, Some(l)) if l.bytes().all(|b| b.is_ascii_digit()) => Some(l.parse().map_err(|_| 400u16)?),
        _ => return Err(400),
    };
    match (request.header("transfer-encoding"), length) {
        (None, length) => Ok(Body::Length(length.unwrap_or(0))),
        (Some(_), Some(_)) => Err(400),
        (Some(_), _) if request.version < (1, 1) || request.count("transfer-encoding") > 1 => Err(400),
        (Some(e), None) if e.eq_ignore_ascii_case("chunked") => Ok(Body::Chunked),
        _ => Err(501),
    }
}

/// The most a body may hold (`client_max_body_size 1m`).
pub const BODY: u64 = 1 << 20;

/// Reads a body and forgets it; false when it is too large or malformed, and the connection cannot go on.
///
/// # Errors
/// When the stream breaks or times out.
pub fn discard(stream: &mut impl BufRead, body: Body) -> io::Result<bool> {
    copy(stream, body, &mut io::sink())
}

/// Copies a request's body; `false` when it is too long, or ends before its end.
///
/// # Errors
/// When the stream breaks or times out.
pub fn copy(stream: &mut impl BufRead, body: Body, into: &mut impl io::Write) -> io::Result<bool> {
    match body {
        Body::Length(length) if length > BODY => Ok(false),
        Body::Length(length) => pass(stream, length, into),
        Body::Chunked => copy_chunks(stream, into),
    }
}

fn pass(stream: &mut impl BufRead, length: u64, into: &mut impl io::Write) -> io::Result<bool> {
    let read = io::copy(&mut io::Read::take(&mut *stream, length), into)?;
    Ok(read == length)
}

fn copy_chunks(stream: &mut impl BufRead, into: &mut impl io::Write) -> io::Result<bool> {
    let mut total = 0;
    loop {
        let Line::Text(line) = read_line(stream)? else { return Ok(false) };
        let size = line.split(|b| *b == b';').next().unwrap_or_default();
        let Some(size) = std::str::from_utf8(size).ok().and_then(|s| u64::from_str_radix(s.trim(), 16).ok()) else {
            return Ok(false);
        };
        total = u64::saturating_add(total, size);
        if size == 0 {
            return discard_trailers(stream);
        }
        if total > BODY || !pass(stream, size, into)? {
            return Ok(false);
        }
        match read_line(stream)? {
            Line::Text(end) if end.is_empty() => {}
            _ => return Ok(false),
        }
    }
}

fn discard_trailers(stream: &mut impl BufRead) -> io::Result<bool> {
    Ok(matches!(read_headers(stream)?, Some(Ok(_))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn status(text: &str) -> u16 {
        match read(&mut text.as_bytes()).unwrap() {
            Incoming::End => 0,
            Incoming::Refused { status, .. } => status,
            Incoming::Request(_) => 200,
        }
    }

    #[test]
    fn what_is_refused_is_what_nginx_refuses() {
        let long = "a".repeat(9000);
        let many = "X: 1234567890\r\n".repeat(3000);
        let cases: &[(&str, u16)] = &[
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 200),
            ("\r\n\r\nGET / HTTP/1.0\r\n\r\n", 200),
            ("GET / HTTP/1.0\n\n", 200),
            ("GET /\r\n", 200),
            ("FOO / HTTP/1.1\r\nHost: x\r\n\r\n", 200),
            ("GET / HTTP/1.2\r\nHost: x\r\n\r\n", 200),
            ("GET / HTTP/1.1\r\nHost: x\r\nnocolon\r\n\r\n", 200),
            ("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 200),
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
            ("get / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET / HTTP/0.9\r\n\r\n", 400),
            ("GET / HTTP/01.1\r\nHost: x\r\n\r\n", 400),
            (" GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a..b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\n: x\r\n\r\n", 400),
            ("GET / HTTP/1.x\r\n\r\n", 400),
            ("GET / HTTP/2.0\r\n\r\n", 505),
            ("POST /\r\n", 400),
            ("garbage\r\n\r\n", 400),
            ("", 0),
            ("GET / HTTP/1.1\r\nHost: x\r\n", 0),
        ];
        for (text, want) in cases {
            assert_eq!(status(text), *want, "{text:?}");
        }
        assert_eq!(status(&format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n")), 414);
        assert_eq!(status(&format!("GET / HTTP/1.1\r\nHost: x\r\nX: {long}\r\n\r\n")), HEADERS_TOO_LARGE);
        assert_eq!(status(&format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n")), HEADERS_TOO_LARGE);
    }

    #[test]
    fn bodies_are_read_to_their_end() {
        let discard = |text: &str, body| {
            let mut rest = text.as_bytes();
            (discard(&mut rest, body).unwrap(), rest.len())
        };
        assert_eq!(discard("abcGET", Body::Length(3)), (true, 3));
        assert_eq!(discard("ab", Body::Length(3)), (false, 0));
        assert_eq!(discard("", Body::Length(BODY + 1)), (false, 0));
        assert_eq!(discard("3\r\nabc\r\n0\r\n\r\nGET", Body::Chunked), (true, 3));
        assert_eq!(discard("3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\nGET", Body::Chunked), (true, 3));
        assert!(!discard("3\r\nabcd\r\n0\r\n\r\n", Body::Chunked).0);
        assert!(!discard("zz\r\n", Body::Chunked).0);
        assert!(!discard("ffffffffffffffff\r\nabc", Body::Chunked).0);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            read(&mut bytes.as_slice()).unwrap();
            discard(&mut bytes.as_slice(), Body::Chunked).unwrap();
            let asked = [b"GET / HTTP/1.1\r\nHost: x\r\n".as_slice(), &bytes].concat();
            read(&mut asked.as_slice()).unwrap();
        }
    }
}
