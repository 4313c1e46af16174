//! A container's log as it is read: whole entries, from a place on, also while it grows.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::{Stream, older, path};
use crate::apimachinery::time::{self, Time};

/// One line, or one part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub at: Time,
    /// The time as it stands in the log.
    pub stamp: String,
    pub stream: Stream,
    /// With the line feed, where the line ends here.
    pub text: Vec<u8>,
}

impl Entry {
    fn parse(line: &[u8]) -> Option<Entry> {
        let mut parts = line.splitn(4, |b| *b == b' ');
        let stamp = std::str::from_utf8(parts.next()?).ok()?.to_owned();
        let stream = match parts.next()? {
            b"stdout" => Stream::Stdout,
            b"stderr" => Stream::Stderr,
            _ => return None,
        };
        let is_whole = parts.next()? == b"F";
        let mut text = parts.next()?.to_vec();
        if is_whole {
            text.push(b'\n');
        }
        Some(Entry { at: time::parse(&stamp)?, stamp, stream, text })
    }
}

/// A log that is read from its beginning on.
pub struct Reader {
    path: PathBuf,
    /// The file that was begun before the present one, while it is read.
    older: Option<BufReader<File>>,
    file: Option<BufReader<File>>,
    /// An entry that was being written when it was read.
    half: Vec<u8>,
}

impl Reader {
    /// The log of a container's attempt. One that nobody has written to is empty.
    ///
    /// # Errors
    /// When a name cannot be a file's, or a file cannot be read.
    pub fn open(home: &Path, uid: &str, container: &str, attempt: u64) -> io::Result<Reader> {
        let path = path(home, uid, container, attempt)?;
        let before = open(&older(&path))?;
        Ok(Reader { file: open(&path)?, older: before, path, half: Vec::new() })
    }

    /// The next entry; `None` where there is none yet. What is no entry is skipped.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn next_entry(&mut self) -> io::Result<Option<Entry>> {
        loop {
            let Some(line) = self.line()? else { return Ok(None) };
            if let Some(entry) = Entry::parse(&line) {
                return Ok(Some(entry));
            }
        }
    }

    /// All that is there.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn rest(&mut self) -> io::Result<Vec<Entry>> {
        let mut all = Vec::new();
        while let Some(entry) = self.next_entry()? {
            all.push(entry);
        }
        Ok(all)
    }

    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        if let Some(before) = &mut self.older {
            let mut line = Vec::new();
            if before.read_until(b'\n', &mut line)? > 0 {
                line.pop();
                return Ok(Some(line));
            }
            self.older = None;
        }
        if self.file.is_none() {
            self.file = open(&self.path)?;
        }
        let Some(file) = &mut self.file else { return Ok(None) };
        if file.read_until(b'\n', &mut self.half)? > 0 && self.half.last() == Some(&b'\n') {
            self.half.pop();
            return Ok(Some(std::mem::take(&mut self.half)));
        }
        self.follow_rotation()
    }

    /// Goes on in the new file, once the present one was put aside and is read to its end.
    fn follow_rotation(&mut self) -> io::Result<Option<Vec<u8>>> {
        let (Some(file), Some(new)) = (&self.file, open(&self.path)?) else { return Ok(None) };
        if is_same(file.get_ref(), new.get_ref())? {
            return Ok(None);
        }
        self.older = self.file.replace(new);
        self.line()
    }
}

#[cfg(unix)]
fn is_same(a: &File, b: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(a.metadata()?.ino() == b.metadata()?.ino())
}

/// No log is put aside where no process writes it.
#[cfg(not(unix))]
fn is_same(_a: &File, _b: &File) -> io::Result<bool> {
    Ok(true)
}

fn open(path: &Path) -> io::Result<Option<BufReader<File>>> {
    match OpenOptions::new().read(true).open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(|file| Some(BufReader::new(file))),
    }
}
