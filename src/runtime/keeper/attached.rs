//! Who is attached to a container's output, and what of it waits for them to read.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::runtime::log::Stream;
use crate::runtime::sandbox::{Reply, reply};

/// How much may wait for one reader before the container's output is no longer read.
const MOST_WAITING: usize = 256 * 1024;

/// One who attached.
pub struct Attached {
    connection: OwnedFd,
    /// For stdout and stderr; with a terminal only the first is there.
    sinks: [Option<Sink>; 2],
}

struct Sink {
    file: File,
    waiting: VecDeque<u8>,
}

impl Attached {
    /// One who gave these descriptors for the container's output.
    pub fn new(connection: OwnedFd, outputs: impl Iterator<Item = OwnedFd>) -> Attached {
        let mut sinks = outputs.map(|fd| {
            // A reader that stops reading must not stop the keeper.
            let _blocks = fcntl(&fd, FcntlArg::F_SETFL(OFlag::O_NONBLOCK));
            Sink { file: File::from(fd), waiting: VecDeque::new() }
        });
        Attached { connection, sinks: [sinks.next(), sinks.next()] }
    }

    pub fn connection(&self) -> &OwnedFd {
        &self.connection
    }

    /// The descriptors that are waited for to take more.
    pub fn stuck(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.sinks.iter().flatten().filter(|s| !s.waiting.is_empty()).map(|s| s.file.as_fd())
    }

    /// Whether so much waits that no more may come.
    pub fn is_full(&self) -> bool {
        self.sinks.iter().flatten().any(|s| s.waiting.len() > MOST_WAITING)
    }

    /// Hands on what the container wrote.
    pub fn write(&mut self, stream: Stream, bytes: &[u8]) {
        let sink = &mut self.sinks[stream as usize];
        if let Some(sink) = sink {
            sink.waiting.extend(bytes);
        }
        self.flush();
    }

    /// Writes what is taken. A reader that is gone gets no more.
    pub fn flush(&mut self) {
        for sink in &mut self.sinks {
            if sink.as_mut().is_some_and(|s| s.flush().is_err()) {
                *sink = None;
            }
        }
    }

    /// Says how the process ended, after all that it wrote.
    pub fn end(mut self, status: i32) {
        self.sinks = [None, None];
        reply(&self.connection, &Reply::Exited(status), &[]);
    }

    /// Says that it is attached; `input` is what it may write to.
    pub fn welcome(&self, input: Option<&OwnedFd>) {
        let input: Vec<RawFd> = input.iter().map(|fd| fd.as_raw_fd()).collect();
        reply(&self.connection, &Reply::Started, &input);
    }
}

impl Sink {
    fn flush(&mut self) -> io::Result<()> {
        while !self.waiting.is_empty() {
            let (front, _) = self.waiting.as_slices();
            match self.file.write(front) {
                Ok(length) => drop(self.waiting.drain(..length)),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}
