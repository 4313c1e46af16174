//! A folder that nothing leads out of: every path below it is resolved by the kernel with the folder as its root
//! (openat2, `RESOLVE_IN_ROOT`), so a symlink planted in a volume leads nowhere but into that volume.
//!
//! Knows nothing of pods and mounts.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, OpenHow, ResolveFlag, openat, openat2, readlinkat};
use nix::sys::stat::{Mode, SFlag, fchmod, fstat, mkdirat};
use nix::unistd::{UnlinkatFlags, symlinkat, unlinkat};

/// A folder opened as a root of its own.
#[derive(Debug)]
pub struct Tree(OwnedFd);

/// Opens without reading: enough to mount, to look at and to resolve from.
const HANDLE: OFlag = OFlag::O_PATH.union(OFlag::O_CLOEXEC);

impl Tree {
    /// Opens a folder by a path that kstate itself made and trusts.
    pub fn open(path: &Path) -> nix::Result<Tree> {
        Ok(Tree(openat(AT_FDCWD, path, HANDLE | OFlag::O_DIRECTORY, Mode::empty())?))
    }

    /// Opens what `path` leads to inside; an absolute path and `..` stop at the root.
    pub fn lookup(&self, path: &str, flags: OFlag, mode: u32) -> nix::Result<OwnedFd> {
        let path = if path.trim_matches('/').is_empty() { "." } else { path };
        let resolve = ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS;
        let how = OpenHow::new()
            .flags(flags | OFlag::O_CLOEXEC)
            .mode(Mode::from_bits_truncate(mode & 0o7777))
            .resolve(resolve);
        loop {
            match openat2(&self.0, path, how) {
                // A rename elsewhere made the kernel unsure of a "..": it asks to be called again.
                Err(Errno::EAGAIN | Errno::EINTR) => {}
                result => return result,
            }
        }
    }

    /// A handle on whatever is there, for mounting.
    pub fn handle(&self, path: &str) -> nix::Result<OwnedFd> {
        self.lookup(path, OFlag::O_PATH, 0)
    }

    /// Whether nothing is at `path` yet, not even a link that leads nowhere.
    pub fn is_free(&self, path: &str) -> bool {
        matches!(self.lookup(path, OFlag::O_PATH | OFlag::O_NOFOLLOW, 0), Err(Errno::ENOENT))
    }

    /// A folder below, as a root of its own.
    pub fn subtree(&self, path: &str) -> nix::Result<Tree> {
        self.lookup(path, OFlag::O_PATH | OFlag::O_DIRECTORY, 0).map(Tree)
    }

    /// Makes a folder and those above it that are missing.
    pub fn make_dir(&self, path: &str, mode: u32) -> nix::Result<Tree> {
        let mut here = self.subtree("")?;
        let mut so_far = String::new();
        for name in components(path) {
            so_far = format!("{so_far}/{name}");
            here = match self.subtree(&so_far) {
                Err(Errno::ENOENT) => self.make_one(&here, name, &so_far, mode)?,
                found => found?,
            };
        }
        Ok(here)
    }

    fn make_one(&self, parent: &Tree, name: &str, path: &str, mode: u32) -> nix::Result<Tree> {
        match mkdirat(&parent.0, name, Mode::from_bits_truncate(mode)) {
            Ok(()) | Err(Errno::EEXIST) => self.subtree(path),
            Err(e) => Err(e),
        }
    }

    /// Makes an empty file where there is nothing, with the folders above it.
    pub fn make_file(&self, path: &str) -> nix::Result<OwnedFd> {
        match self.handle(path) {
            Err(Errno::ENOENT) => {
                self.make_parent(path)?;
                self.lookup(path, OFlag::O_CREAT | OFlag::O_WRONLY, 0o644)?;
                self.handle(path)
            }
            found => found,
        }
    }

    /// Writes a whole file, making the folders above it. The mode is set whatever the umask.
    pub fn write(&self, path: &str, mode: u32, content: &[u8]) -> std::io::Result<()> {
        self.make_parent(path)?;
        let fd = self.lookup(path, OFlag::O_CREAT | OFlag::O_WRONLY | OFlag::O_TRUNC, 0o600)?;
        fchmod(&fd, Mode::from_bits_truncate(mode & 0o7777))?;
        File::from(fd).write_all(content)
    }

    /// Puts a symlink at `path`, in place of a file or link that is there.
    pub fn symlink(&self, target: &str, path: &str) -> nix::Result<()> {
        let (parent, name) = self.make_parent(path)?;
        match symlinkat(target, &parent.0, name) {
            Err(Errno::EEXIST) => {
                unlinkat(&parent.0, name, UnlinkatFlags::NoRemoveDir)?;
                symlinkat(target, &parent.0, name)
            }
            result => result,
        }
    }

    /// Where the symlink at a name of this folder leads; `None` where there is none.
    pub fn link(&self, name: &str) -> Option<String> {
        readlinkat(&self.0, name).ok()?.into_string().ok()
    }

    fn make_parent<'a>(&self, path: &'a str) -> nix::Result<(Tree, &'a str)> {
        let path = path.trim_end_matches('/');
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        Ok((self.make_dir(parent, 0o755)?, name))
    }
}

impl AsFd for Tree {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Whether an open handle is a folder's.
pub fn is_dir(fd: impl AsFd) -> nix::Result<bool> {
    Ok(SFlag::from_bits_truncate(fstat(fd)?.st_mode) & SFlag::S_IFMT == SFlag::S_IFDIR)
}

/// A path that leads to an open handle, for system calls that know only paths.
pub fn by_fd(fd: &impl AsFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", fd.as_fd().as_raw_fd()))
}

/// The names in a path, without empty ones and `.`.
pub fn components(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|c| !c.is_empty() && *c != ".")
}

/// Whether `name` can stand for one file of a folder: no separator, not `.` or `..`, no NUL.
pub fn is_plain_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    !name.contains(['/', '\0']) && matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names() {
        for name in ["a", "pvc-1", "..data", "a b"] {
            assert!(is_plain_name(name), "{name}");
        }
        for name in ["", ".", "..", "a/b", "/", "a/", "a\0"] {
            assert!(!is_plain_name(name), "{name:?}");
        }
    }

    #[test]
    fn nothing_leads_out() {
        let dir = assert_fs::TempDir::new().unwrap();
        let tree = Tree::open(dir.path()).unwrap();
        tree.symlink("/etc", "out").unwrap();
        tree.symlink("../../../../etc", "up").unwrap();
        for path in ["out/passwd", "up/passwd", "../../../etc/passwd", "/etc/passwd"] {
            assert_eq!(tree.handle(path).unwrap_err(), Errno::ENOENT, "{path}");
        }
        // A dangling link is not followed to make a folder where it points.
        assert!(tree.make_dir("out/new", 0o755).is_err());
        tree.write("a/b/c", 0o640, b"x").unwrap();
        let fd = tree.lookup("/a/../a/b/c", OFlag::O_RDONLY, 0).unwrap();
        assert_eq!(fstat(&fd).unwrap().st_mode & 0o7777, 0o640);
    }
}
