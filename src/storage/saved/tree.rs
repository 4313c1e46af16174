//! Folders of volumes and layers, copied as they are: modes, times, links, pipes, the marks of an overlay.
//!
//! A pod may write in them meanwhile, so each step goes through an open folder and follows no link: else a link that is put
//! in a folder's place would lead out of the home. Sockets are left out, as nothing listens in a copy.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, open, openat, readlinkat};
use nix::sys::stat::{
    FchmodatFlags, FileStat, Mode, SFlag, UtimensatFlags, fchmod, fchmodat, fstat, fstatat, mkdirat, mknodat, utimensat,
};
use nix::sys::time::TimeSpec;
use nix::unistd::symlinkat;
use sha2::{Digest, Sha256};

/// Copies what is in a folder into a new folder of that path.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let (Some(parent), Some(name)) = (to.parent(), to.file_name()) else {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    };
    let parent = open(parent, OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())?;
    let name = CString::new(name.as_encoded_bytes())?;
    let from = match open(from, FOLDER, Mode::empty()) {
        // What never was needed is empty.
        Err(Errno::ENOENT) => return Ok(mkdirat(&parent, name.as_c_str(), Mode::S_IRWXU)?),
        other => other?,
    };
    let found = fstat(&from)?;
    Ok(folder(&from, &found, &parent, &name)?)
}

/// How a folder is opened, and not a link to one.
const FOLDER: OFlag = OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);
const FILE: OFlag = OFlag::O_RDONLY.union(OFlag::O_NOFOLLOW).union(OFlag::O_NONBLOCK).union(OFlag::O_CLOEXEC);
const NEW_FILE: OFlag =
    OFlag::O_WRONLY.union(OFlag::O_CREAT).union(OFlag::O_EXCL).union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);

/// Makes the folder `name` in `parent`, with what is in `from`.
fn folder(from: &OwnedFd, found: &FileStat, parent: &OwnedFd, name: &CStr) -> nix::Result<()> {
    mkdirat(parent, name, Mode::S_IRWXU)?;
    let to = openat(parent, name, FOLDER, Mode::empty())?;
    for name in names(from)? {
        entry(from, &to, &name)?;
    }
    attributes(from, &to)?;
    finish(&to, found)
}

/// The digest of each file in a folder and below, by its path from there. A link counts by what it says.
pub fn digests(from: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    match open(from, FOLDER, Mode::empty()) {
        Err(Errno::ENOENT) => {}
        other => digest_folder(&other?, "", &mut found)?,
    }
    Ok(found)
}

fn digest_folder(from: &OwnedFd, path: &str, found: &mut BTreeMap<String, String>) -> nix::Result<()> {
    for name in names(from)? {
        let Ok(status) = fstatat(from, name.as_c_str(), AtFlags::AT_SYMLINK_NOFOLLOW) else { continue };
        let path = format!("{path}{}", name.to_string_lossy());
        match SFlag::from_bits_truncate(status.st_mode & SFlag::S_IFMT.bits()) {
            SFlag::S_IFDIR => {
                with_access(from, &name, &status, FOLDER, |fd| digest_folder(&fd, &format!("{path}/"), found))?
            }
            SFlag::S_IFREG => with_access(from, &name, &status, FILE, |fd| {
                found.insert(path, digest_file(fd)?);
                Ok(())
            })?,
            SFlag::S_IFLNK => {
                let target = readlinkat(from, name.as_c_str())?;
                found.insert(path, format!("-> {}", target.to_string_lossy()));
            }
            _ => {}
        }
    }
    Ok(())
}

fn digest_file(file: OwnedFd) -> nix::Result<String> {
    let mut digest = Sha256::new();
    io::copy(&mut File::from(file), &mut digest).map_err(errno)?;
    Ok(format!("{:x}", digest.finalize()))
}

fn names(folder: &OwnedFd) -> nix::Result<Vec<CString>> {
    let again = openat(folder, ".", FOLDER, Mode::empty())?;
    let names = Dir::from_fd(again)?.into_iter().map(|entry| Ok(entry?.file_name().to_owned()));
    names.filter(|name| !matches!(name, Ok(n) if matches!(n.to_bytes(), b"." | b".."))).collect()
}

fn entry(from: &OwnedFd, to: &OwnedFd, name: &CStr) -> nix::Result<()> {
    let found = match fstatat(from, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
        // Gone since the folder was read.
        Err(Errno::ENOENT) => return Ok(()),
        other => other?,
    };
    match SFlag::from_bits_truncate(found.st_mode & SFlag::S_IFMT.bits()) {
        SFlag::S_IFDIR => with_access(from, name, &found, FOLDER, |fd| folder(&fd, &found, to, name)),
        SFlag::S_IFREG => with_access(from, name, &found, FILE, |fd| file(fd, &found, to, name)),
        SFlag::S_IFLNK => {
            let target = readlinkat(from, name)?;
            symlinkat(target.as_os_str(), to, name)
        }
        SFlag::S_IFIFO => mknodat(to, name, SFlag::S_IFIFO, mode(&found), 0),
        // An overlay's mark that the file below was removed; no other device is a pod's to make.
        SFlag::S_IFCHR if found.st_rdev == 0 => mknodat(to, name, SFlag::S_IFCHR, Mode::empty(), 0),
        _ => Ok(()),
    }
}

/// Opens an entry, also one that its owner has closed to himself, which stays as it was.
fn with_access(
    from: &OwnedFd,
    name: &CStr,
    found: &FileStat,
    how: OFlag,
    copy: impl FnOnce(OwnedFd) -> nix::Result<()>,
) -> nix::Result<()> {
    match openat(from, name, how, Mode::empty()) {
        Err(Errno::EACCES) => {
            fchmodat(from, name, mode(found) | Mode::S_IRWXU, FchmodatFlags::NoFollowSymlink)?;
            // Open until it is copied: a folder is looked into by name.
            let copied = openat(from, name, how, Mode::empty()).and_then(copy);
            let back = fchmodat(from, name, mode(found), FchmodatFlags::NoFollowSymlink);
            copied.and(back)
        }
        Err(Errno::ENOENT) => Ok(()),
        other => copy(other?),
    }
}

fn file(from: OwnedFd, found: &FileStat, to: &OwnedFd, name: &CStr) -> nix::Result<()> {
    let copy = openat(to, name, NEW_FILE, Mode::S_IRUSR | Mode::S_IWUSR)?;
    let (mut from, mut copy) = (File::from(from), File::from(copy));
    io::copy(&mut from, &mut copy).and_then(|_| copy.sync_data()).map_err(errno)?;
    let (from, copy) = (OwnedFd::from(from), OwnedFd::from(copy));
    attributes(&from, &copy)?;
    finish(&copy, found)
}

/// The user's extended attributes: overlays mark folders with them. Where a file system has none there are none to copy.
fn attributes(from: &OwnedFd, to: &OwnedFd) -> nix::Result<()> {
    use xattr::FileExt;
    let (from, to) = (File::from(from.try_clone().map_err(errno)?), File::from(to.try_clone().map_err(errno)?));
    let Ok(names) = from.list_xattr() else { return Ok(()) };
    for name in names.filter(|name| name.as_encoded_bytes().starts_with(b"user.")) {
        if let Some(value) = from.get_xattr(&name).map_err(errno)? {
            to.set_xattr(&name, &value).map_err(errno)?;
        }
    }
    Ok(())
}

/// Mode and times, last: writing changes the times, and a closed folder could not be filled.
fn finish(to: &OwnedFd, found: &FileStat) -> nix::Result<()> {
    fchmod(to, mode(found))?;
    let (access, change) =
        (TimeSpec::new(found.st_atime, found.st_atime_nsec), TimeSpec::new(found.st_mtime, found.st_mtime_nsec));
    let path = format!("/proc/self/fd/{}", to.as_fd().as_raw_fd());
    utimensat(AT_FDCWD, path.as_str(), &access, &change, UtimensatFlags::FollowSymlink)
}

fn mode(found: &FileStat) -> Mode {
    Mode::from_bits_truncate(found.st_mode)
}

fn errno(e: io::Error) -> Errno {
    Errno::from_raw(e.raw_os_error().unwrap_or(nix::libc::EIO))
}
