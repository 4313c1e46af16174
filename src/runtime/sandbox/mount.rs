//! The mount calls a sandbox is made of. Knows no sandbox.

use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;

use nix::errno::Errno;
use nix::libc;
use nix::mount::{MsFlags, mount};

use super::tree::{Tree, by_fd};

const NOTHING: Option<&str> = None;

/// Shows `source` at `target`, with what is mounted below it.
pub fn bind(source: impl AsFd, target: impl AsFd) -> nix::Result<()> {
    mount(Some(&by_fd(&source)), &by_fd(&target), NOTHING, MsFlags::MS_BIND | MsFlags::MS_REC, NOTHING)
}

/// Shows a folder at its own place, so that it is a mount of its own.
pub fn bind_to_itself(path: &Path) -> nix::Result<()> {
    mount(Some(path), path, NOTHING, MsFlags::MS_BIND, NOTHING)
}

/// Cuts every mount's tie to the host's: what is mounted here is not seen there.
pub fn make_private() -> nix::Result<()> {
    mount(NOTHING, "/", NOTHING, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NOTHING)
}

/// Mounts a file system made by the kernel.
pub fn fresh(kind: &str, target: impl AsFd, flags: MsFlags, data: &str) -> nix::Result<()> {
    mount(Some(kind), &by_fd(&target), Some(kind), flags, Some(data))
}

/// Makes what is mounted at `path` read-only, and what is mounted below it. Flags that are set stay set.
pub fn read_only(root: &Tree, path: &str) -> nix::Result<()> {
    set_read_only(root, path, libc::AT_RECURSIVE)
}

/// As [`read_only`], but what is mounted below stays as it is.
pub fn read_only_itself(root: &Tree, path: &str) -> nix::Result<()> {
    set_read_only(root, path, 0)
}

fn set_read_only(root: &Tree, path: &str, depth: libc::c_int) -> nix::Result<()> {
    let top = root.handle(path)?;
    let attributes = libc::mount_attr { attr_set: libc::MOUNT_ATTR_RDONLY, attr_clr: 0, propagation: 0, userns_fd: 0 };
    let flags = libc::AT_EMPTY_PATH | depth;
    // SAFETY: the path is an empty C string, the structure is whole and its size is given.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            top.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    Errno::result(result).map(drop)
}
