//! Containers' logs: one file for each attempt of a container, in the CRI's format, kept in the pod's folder.
//!
//! `2026-11-22T08:34:11.123456000Z stdout F line`; `P` marks a part of a line: what was too long, or had no end.
//! Knows files and lines, not who wrote them.

mod reader;

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::apimachinery::time::Time;
use crate::clock::Clock;

pub use reader::{Entry, Reader};

/// The longest part of a line that is one entry, as in containerd.
const LONGEST: usize = 16 * 1024;
/// A file of this size is put aside and a new one begun, as the kubelet does.
const LARGEST_FILE: u64 = 10 * 1024 * 1024;

/// Which of its streams a container wrote to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        })
    }
}

/// The log of one attempt of a container; the first attempt is 0.
///
/// # Errors
/// When a name cannot be a file's.
fn path(home: &Path, uid: &str, container: &str, attempt: u64) -> io::Result<PathBuf> {
    let is_plain = |name: &str| !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\0']);
    if !is_plain(uid) || !is_plain(container) {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    Ok(home.join("pods").join(uid).join("logs").join(container).join(format!("{attempt}.log")))
}

/// The file that was begun before a log's present one.
fn older(path: &Path) -> PathBuf {
    path.with_extension("log.1")
}

/// Adds one whole line, without its line feed, to the log of a container's attempt.
///
/// # Errors
/// When the file cannot be made or written.
pub fn append(home: &Path, uid: &str, container: &str, attempt: u64, stream: Stream, line: &str) -> io::Result<()> {
    let mut log = Writer::open(home, uid, container, attempt)?;
    line.split('\n').try_for_each(|line| log.entry(stream, line.as_bytes(), Clock::System.now(), true))
}

/// A log that is written to.
pub struct Writer {
    path: PathBuf,
    file: File,
    /// What each stream has written of a line that has not ended.
    unfinished: [Vec<u8>; 2],
}

impl Writer {
    /// Opens the log of a container's attempt, which is made where there is none.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(home: &Path, uid: &str, container: &str, attempt: u64) -> io::Result<Writer> {
        let path = path(home, uid, container, attempt)?;
        let file = open(&path).or_else(|e| match (e.kind(), path.parent()) {
            (io::ErrorKind::NotFound, Some(folder)) => {
                std::fs::DirBuilder::new().recursive(true).create(folder)?;
                open(&path)
            }
            _ => Err(e),
        })?;
        Ok(Writer { path, file, unfinished: [Vec::new(), Vec::new()] })
    }

    /// Adds what a container has written, cut into lines. What follows the last line feed waits for the rest.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let now = Clock::System.now();
        let mut held = std::mem::take(&mut self.unfinished[stream as usize]);
        for part in bytes.split_inclusive(|b| *b == b'\n') {
            held.extend_from_slice(part);
            let is_whole = held.last() == Some(&b'\n');
            let length = held.len() - usize::from(is_whole);
            let mut parts = held[..length].chunks(LONGEST).peekable();
            if parts.peek().is_none() && is_whole {
                self.entry(stream, b"", now, true)?;
            }
            let mut rest = Vec::new();
            while let Some(part) = parts.next() {
                let is_last = parts.peek().is_none();
                if is_last && !is_whole && part.len() < LONGEST {
                    rest = part.to_vec();
                } else {
                    self.entry(stream, part, now, is_last && is_whole)?;
                }
            }
            held = rest;
        }
        self.unfinished[stream as usize] = held;
        Ok(())
    }

    /// What a stream has written of a line that has not ended.
    pub fn unfinished(&self, stream: Stream) -> &[u8] {
        &self.unfinished[stream as usize]
    }

    /// Writes out what no line feed has ended: nothing more will come.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(&mut self) -> io::Result<()> {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let rest = std::mem::take(&mut self.unfinished[stream as usize]);
            if !rest.is_empty() {
                self.entry(stream, &rest, Clock::System.now(), false)?;
            }
        }
        Ok(())
    }

    /// One entry in one write: several processes may append to a file.
    fn entry(&mut self, stream: Stream, line: &[u8], at: Time, is_whole: bool) -> io::Result<()> {
        let mark = if is_whole { 'F' } else { 'P' };
        let mut entry = format!("{} {stream} {mark} ", at.format("%Y-%m-%dT%H:%M:%S%.9fZ")).into_bytes();
        entry.extend_from_slice(line);
        entry.push(b'\n');
        if self.file.metadata()?.len() > LARGEST_FILE {
            self.rotate()?;
        }
        self.file.write_all(&entry)
    }

    #[expect(clippy::disallowed_methods, reason = "the door to the containers' logs")]
    fn rotate(&mut self) -> io::Result<()> {
        std::fs::rename(&self.path, older(&self.path))?;
        self.file = open(&self.path)?;
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests;
