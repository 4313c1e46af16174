//! A listener whose requests are all answered by one: whoever owns the state. Knows bytes, no path and no object.
//!
//! Each connection has a thread, which reads requests, hands them over and writes what comes back. An answer may go on:
//! then its connection asks for more until there is no more, or its client is gone.

use std::io::{self, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, poll};

use super::request::{self, Incoming, Request};
use crate::clock::Clock;
use crate::runtime::exchange::{Answer, Asked, Question};

/// How often an answer that goes on is asked for more.
const PAUSE_MILLISECONDS: u16 = 50;

/// A question on its way, with the way back.
type Posted<W> = (Asked, Option<W>, Sender<Answer<W>>);

/// Where requests come in.
pub enum Gateway {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Gateway {
    /// Listens at a port of an address; port 0 stands for any that is free.
    ///
    /// # Errors
    /// When the address or port is not to be had.
    pub fn tcp(address: &str, port: u16) -> io::Result<Gateway> {
        let host = address.trim_start_matches('[').trim_end_matches(']');
        Ok(Gateway::Tcp(TcpListener::bind((host, port))?))
    }

    /// Listens at a socket that only its owner may use; one that is there makes room.
    ///
    /// # Errors
    /// When the path cannot be had.
    #[expect(clippy::disallowed_methods, reason = "the door to the sockets of the proxy")]
    pub fn unix(path: &Path) -> io::Result<Gateway> {
        if std::fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_socket()) {
            std::fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Gateway::Unix(listener))
    }

    /// What is listened at, as Go writes it.
    ///
    /// # Errors
    /// The operating system's.
    pub fn local(&self) -> io::Result<String> {
        match self {
            Gateway::Tcp(listener) => Ok(listener.local_addr()?.to_string()),
            Gateway::Unix(listener) => {
                let address = listener.local_addr()?;
                Ok(address.as_pathname().unwrap_or(Path::new("")).display().to_string())
            }
        }
    }

    fn accept(&self) -> io::Result<TcpStream> {
        // Of whatever family: reading and writing are the same for all streams.
        Ok(match self {
            Gateway::Tcp(listener) => listener.accept()?.0,
            Gateway::Unix(listener) => TcpStream::from(OwnedFd::from(listener.accept()?.0)),
        })
    }

    /// Answers requests for as long as the process lives.
    pub fn serve<W: Send + 'static>(self, mut answer: impl FnMut(Question<W>) -> Answer<W>) {
        let (post, posted): (Sender<Posted<W>>, Receiver<Posted<W>>) = channel();
        std::thread::spawn(move || {
            loop {
                match self.accept() {
                    Ok(stream) => {
                        let post = post.clone();
                        // A connection that breaks has nobody left to be told.
                        std::thread::spawn(move || drop(converse(stream, &post)));
                    }
                    // Out of descriptors, for one: some become free.
                    Err(_) => Clock::System.sleep(Duration::from_millis(u64::from(PAUSE_MILLISECONDS))),
                }
            }
        });
        for (asked, state, back) in posted {
            let question = match state {
                None => Question::Request(&asked),
                Some(state) => Question::More(&asked, state),
            };
            // Whoever asked may be gone.
            let _ = back.send(answer(question));
        }
    }
}

/// One connection, until one side is done.
fn converse<W>(stream: TcpStream, post: &Sender<Posted<W>>) -> io::Result<()> {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let head = match request::read(&mut reader)? {
            Incoming::End => return Ok(()),
            Incoming::Refused { status, .. } => {
                let answer = Answer::<W> { status, headers: Vec::new(), body: Vec::new(), more: None };
                return write(&stream, &answer, false);
            }
            Incoming::Request(head) => head,
        };
        if head.header("expect").is_some_and(|e| e.eq_ignore_ascii_case("100-continue")) {
            (&stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let mut body = Vec::new();
        if !request::copy(&mut reader, head.body, &mut body)? {
            return Ok(());
        }
        let keep = head.keeps_alive();
        let asked = whole(&head, body);
        let Some(mut answer) = ask(post, &asked, None) else { return Ok(()) };
        if asked.method == "HEAD" {
            answer.body.clear();
        }
        match answer.more.take() {
            Some(state) => return go_on(&stream, post, &asked, &answer, state),
            None => write(&stream, &answer, keep)?,
        }
        if !keep {
            return Ok(());
        }
    }
}

fn whole(head: &Request, body: Vec<u8>) -> Asked {
    Asked {
        method: head.method.clone(),
        target: String::from_utf8_lossy(&head.target).into_owned(),
        headers: head.headers().to_vec(),
        body,
    }
}

/// `None` when the owner of the state is gone.
fn ask<W>(post: &Sender<Posted<W>>, asked: &Asked, state: Option<W>) -> Option<Answer<W>> {
    let (back, answer) = channel();
    post.send((asked.clone(), state, back)).ok()?;
    answer.recv().ok()
}

/// Writes an answer that goes on, in chunks.
fn go_on<W>(
    stream: &TcpStream,
    post: &Sender<Posted<W>>,
    asked: &Asked,
    first: &Answer<W>,
    mut state: W,
) -> io::Result<()> {
    let head = format!("{}Transfer-Encoding: chunked\r\n\r\n", head(first));
    let mut out = stream;
    out.write_all(head.as_bytes())?;
    chunk(out, &first.body)?;
    loop {
        // A client that says anything now, or nothing more, is done.
        let mut fds = [PollFd::new(stream.as_fd(), PollFlags::POLLIN)];
        if poll(&mut fds, PAUSE_MILLISECONDS)? > 0 {
            return Ok(());
        }
        let Some(answer) = ask(post, asked, Some(state)) else { return Ok(()) };
        chunk(out, &answer.body)?;
        match answer.more {
            Some(next) => state = next,
            None => return out.write_all(b"0\r\n\r\n"),
        }
    }
}

fn chunk(mut out: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    out.write_all(format!("{:x}\r\n", bytes.len()).as_bytes())?;
    out.write_all(bytes)?;
    out.write_all(b"\r\n")
}

fn head<W>(answer: &Answer<W>) -> String {
    let reason = match answer.status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        409 => "Conflict",
        410 => "Gone",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    };
    let mut text = format!("HTTP/1.1 {} {reason}\r\n", answer.status);
    for (name, value) in &answer.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text
}

fn write<W>(mut out: &TcpStream, answer: &Answer<W>, keep: bool) -> io::Result<()> {
    let close = if keep { "" } else { "Connection: close\r\n" };
    let head = format!("{}{close}Content-Length: {}\r\n\r\n", head(answer), answer.body.len());
    out.write_all(head.as_bytes())?;
    out.write_all(&answer.body)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn requests_are_answered_and_an_answer_may_go_on() {
        let gateway = Gateway::tcp("127.0.0.1", 0).unwrap();
        let address = gateway.local().unwrap();
        std::thread::spawn(move || {
            gateway.serve(|question: Question<u8>| {
                let (body, more) = match question {
                    Question::Request(asked) if asked.target == "/more" => ("first ".to_owned(), Some(2)),
                    Question::Request(asked) => {
                        (format!("{} {}", asked.method, String::from_utf8_lossy(&asked.body)), None)
                    }
                    Question::More(_, left) => (format!("{left} "), left.checked_sub(1).filter(|l| *l > 0)),
                };
                Answer { status: 200, headers: vec![("X", "y".to_owned())], body: body.into_bytes(), more }
            });
        });
        let mut stream = TcpStream::connect(address).unwrap();
        let asked = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhiGET /more HTTP/1.1\r\nHost: x\r\n\r\n";
        stream.write_all(asked.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let want = "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 7\r\n\r\nPOST hi\
                    HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n\
                    6\r\nfirst \r\n2\r\n2 \r\n2\r\n1 \r\n0\r\n\r\n";
        assert_eq!(text, want);
    }
}
