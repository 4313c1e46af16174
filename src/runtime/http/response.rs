//! A response and how it is written, in the header order of the server it imitates.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;

use super::files::Bytes;

/// An answer before the server's own headers (Server, Date, Connection) are added.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// Names as RFC 9110 spells them.
    pub headers: Vec<(&'static str, String)>,
    pub body: Body,
    /// What the server's error log says of it.
    pub note: Option<String>,
}

/// What follows the headers.
#[derive(Debug)]
pub enum Body {
    Empty,
    Text(String),
    /// Texts and slices of one content, one after the other.
    Parts(Bytes, Vec<Part>),
}

/// A piece of a body.
#[derive(Debug)]
pub enum Part {
    Text(String),
    Slice(Range<u64>),
}

impl Response {
    pub fn new(status: u16) -> Response {
        Response { status, headers: Vec::new(), body: Body::Empty, note: None }
    }

    /// A page or other short text.
    pub fn text(status: u16, content_type: &str, text: String) -> Response {
        let mut response = Response::new(status);
        response.header("Content-Type", content_type);
        response.header("Content-Length", text.len().to_string());
        response.body = Body::Text(text);
        response
    }

    pub fn header(&mut self, name: &'static str, value: impl Into<String>) {
        self.headers.push((name, value.into()));
    }

    /// Puts the headers into a server's order and spelling; those it does not name come last, as they were.
    pub fn order(&mut self, order: &[&'static str]) {
        let place = |name: &str| order.iter().position(|o| o.eq_ignore_ascii_case(name)).unwrap_or(order.len());
        self.headers.sort_by_key(|(name, _)| place(name));
        for (name, _) in &mut self.headers {
            *name = order.get(place(name)).copied().unwrap_or(name);
        }
    }

    /// The head as sent.
    pub fn head(&self, version: &str, reason: &str) -> String {
        let mut head = format!("{version} {} {reason}\r\n", self.status);
        for (name, value) in &self.headers {
            // A value may hold what a client sent; a line end in it would start a header of the client's making.
            let value: String = value.chars().filter(|c| !c.is_control()).collect();
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head + "\r\n"
    }
}

impl Body {
    /// The number of bytes that will be sent.
    pub fn len(&self) -> u64 {
        match self {
            Body::Empty => 0,
            Body::Text(text) => text.len() as u64,
            Body::Parts(_, parts) => parts.iter().map(Part::len).sum(),
        }
    }

    /// Sends the body.
    ///
    /// # Errors
    /// When the stream breaks, or the file became shorter than was promised.
    pub fn write(self, stream: &mut impl Write) -> io::Result<()> {
        match self {
            Body::Empty => Ok(()),
            Body::Text(text) => stream.write_all(text.as_bytes()),
            Body::Parts(mut bytes, parts) => parts.iter().try_for_each(|p| p.write(&mut bytes, stream)),
        }
    }
}

impl Part {
    fn len(&self) -> u64 {
        match self {
            Part::Text(text) => text.len() as u64,
            Part::Slice(range) => range.end - range.start,
        }
    }

    fn write(&self, bytes: &mut Bytes, stream: &mut impl Write) -> io::Result<()> {
        let range = match self {
            Part::Text(text) => return stream.write_all(text.as_bytes()),
            Part::Slice(range) => range,
        };
        let length = range.end - range.start;
        let sent = match bytes {
            Bytes::File(file) => {
                file.seek(SeekFrom::Start(range.start))?;
                io::copy(&mut file.take(length), stream)?
            }
            Bytes::Static(text) => {
                let text = usize::try_from(range.start).ok().and_then(|start| text.get(start..)).unwrap_or_default();
                io::copy(&mut text.take(length), stream)?
            }
        };
        if sent == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}
