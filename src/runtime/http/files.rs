//! Files of a container, opened below the host folders that are mounted in it and nowhere else.
//!
//! Knows container paths and descriptors, not HTTP. Every open is `openat2` with RESOLVE_IN_ROOT, so that no symlink a
//! process plants in a volume leads out of the volume's folder.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat2};
use nix::sys::stat::{Mode, SFlag, fstat};

use super::{Shown, Site, image};

/// What is at a path in the container.
#[derive(Debug)]
pub enum Found {
    File(Content),
    Folder,
    Missing,
    Forbidden,
}

/// An opened file, or one that the image brings.
#[derive(Debug)]
pub struct Content {
    pub bytes: Bytes,
    pub size: u64,
    /// Seconds since 1970.
    pub modified: i64,
    /// Nanoseconds to add.
    pub nanos: i64,
}

/// Where a content's bytes are.
#[derive(Debug)]
pub enum Bytes {
    File(File),
    Static(&'static [u8]),
}

/// Looks up an absolute, normalised path in the container.
pub fn find(site: &Site, path: &[u8]) -> Found {
    let mount = mount_of(site, path);
    let found = mount.and_then(|(point, shown)| open_below(shown, below(path, point)).transpose());
    let layered = mount.is_none_or(|(point, _)| point == "/");
    match found {
        Some(Ok(file)) => describe(file).unwrap_or(Found::Forbidden),
        Some(Err(Errno::ENOENT)) | None if layered => image::find(site, path),
        // The overlay marks a file deleted from the image by a device that cannot be opened.
        Some(Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ENAMETOOLONG | Errno::ENXIO | Errno::ENODEV)) | None => {
            Found::Missing
        }
        Some(Err(_)) => Found::Forbidden,
    }
}

/// The longest mount that a path lies in.
fn mount_of<'s>(site: &'s Site, path: &[u8]) -> Option<(&'s str, &'s Shown)> {
    let inside = site.mounts.iter().filter(|(point, _)| lies_in(path, point));
    inside.max_by_key(|(point, _)| trim(point).len()).map(|(point, shown)| (point.as_str(), shown))
}

fn trim(point: &str) -> &str {
    point.trim_end_matches('/')
}

fn lies_in(path: &[u8], point: &str) -> bool {
    path.strip_prefix(trim(point).as_bytes()).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

/// The part of a path below its mount, relative.
fn below<'p>(path: &'p [u8], point: &str) -> &'p [u8] {
    let rest = &path[trim(point).len()..];
    let start = rest.iter().position(|b| *b != b'/').unwrap_or(rest.len());
    &rest[start..]
}

/// Opens for reading without waiting (a FIFO has no writer) and without becoming anyone's terminal.
/// `None` when the mounted folder itself does not exist.
fn open_below(shown: &Shown, path: &[u8]) -> Result<Option<File>, Errno> {
    let root = match open_shown(shown) {
        Err(Errno::ENOENT) => return Ok(None),
        root => root?,
    };
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    if path.is_empty() && !is_folder(&root)? {
        // A single file is mounted (`subPath`). The handle is what was found inside: opening it follows no link any more.
        return Ok(Some(File::from(open(by_fd(&root).as_str(), flags, Mode::empty())?)));
    }
    let path = if path.is_empty() { b"." } else { path };
    Ok(Some(File::from(open_in(&root, OsStr::from_bytes(path), flags)?)))
}

/// A handle on what is mounted.
fn open_shown(shown: &Shown) -> Result<OwnedFd, Errno> {
    let handle = OFlag::O_PATH | OFlag::O_CLOEXEC;
    let root = open(&shown.folder, handle | OFlag::O_DIRECTORY, Mode::empty())?;
    let mut below = shown.inside.iter().filter(|path| !trim(path).is_empty());
    below.try_fold(root, |root, path| open_in(&root, OsStr::new(path), handle))
}

fn open_in(root: &OwnedFd, path: &OsStr, flags: OFlag) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS;
    openat2(root, path, OpenHow::new().flags(flags).resolve(resolve))
}

fn is_folder(fd: &OwnedFd) -> Result<bool, Errno> {
    Ok(SFlag::from_bits_truncate(fstat(fd)?.st_mode) & SFlag::S_IFMT == SFlag::S_IFDIR)
}

fn by_fd(fd: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

/// The names in a folder, sorted, folders with a slash at their end; what the layer has and the image brings.
pub fn names(site: &Site, path: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mount = mount_of(site, path);
    let mut names = BTreeSet::new();
    if let Some((point, shown)) = mount
        && let Ok(Some(file)) = open_below(shown, below(path, point))
    {
        let mut entries = nix::dir::Dir::from_fd(file.into()).ok()?;
        for entry in entries.iter().flatten().filter(|e| !matches!(e.file_name().to_bytes(), b"." | b"..")) {
            let slash: &[u8] = if entry.file_type() == Some(nix::dir::Type::Directory) { b"/" } else { b"" };
            names.insert([entry.file_name().to_bytes(), slash].concat());
        }
    }
    if mount.is_none_or(|(point, _)| point == "/") && matches!(image::find(site, path), Found::Folder) {
        names.extend(image::image_files(site.kind).iter().map(|(name, _)| name.as_bytes().to_vec()));
    }
    Some(names.into_iter().collect())
}

fn describe(file: File) -> io::Result<Found> {
    let metadata = file.metadata()?;
    Ok(match metadata.file_type() {
        kind if kind.is_dir() => Found::Folder,
        kind if kind.is_file() && is_public(&metadata) => Found::File(content(file, &metadata)),
        kind if kind.is_file() => Found::Forbidden,
        _ => Found::Missing,
    })
}

/// Servers drop to a user of their own (nginx, www-data), to whom root's files are open only as others'.
fn is_public(metadata: &Metadata) -> bool {
    metadata.mode() & 0o004 != 0
}

fn content(file: File, metadata: &Metadata) -> Content {
    let (size, modified, nanos) = (metadata.size(), metadata.mtime(), metadata.mtime_nsec());
    Content { bytes: Bytes::File(file), size, modified, nanos }
}
