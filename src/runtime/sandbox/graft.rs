//! The host's programs where overlayfs is refused (a store that itself lies on overlayfs): read-only binds, and the
//! folders that lead to a mount rebuilt entry by entry in the container's own layer.

use std::ffi::CStr;

use nix::dir::{Dir, Type};
use nix::fcntl::{OFlag, readlinkat};

use super::failure::{Failure, Step};
use super::mount::{bind, read_only};
use super::tree::Tree;

/// Shows the host's folder `host` at `path` of `root`; `ours` are paths below which the host shows nothing.
///
/// # Errors
/// The step that this host refused.
pub fn graft(host: &Tree, root: &Tree, path: &str, ours: &[String]) -> Result<(), Failure> {
    if !leads_to(path, ours) {
        let target = root.make_dir(path, 0o755).step(format!("make /{path}"))?;
        return bind(host, target).and_then(|()| read_only(root, path)).step(format!("show /{path}"));
    }
    root.make_dir(path, 0o755).step(format!("make /{path}"))?;
    let listing = host.lookup("", OFlag::O_RDONLY | OFlag::O_DIRECTORY, 0).and_then(Dir::from_fd);
    for entry in listing.step(format!("list /{path}"))?.iter().flatten() {
        let Some(name) = entry_name(entry.file_name()) else { continue };
        let child = format!("{path}/{name}");
        if !ours.contains(&child) {
            graft_entry(host, root, name, &child, entry.file_type(), ours)?;
        }
    }
    Ok(())
}

fn graft_entry(
    host: &Tree,
    root: &Tree,
    name: &str,
    child: &str,
    kind: Option<Type>,
    ours: &[String],
) -> Result<(), Failure> {
    if let Ok(target) = readlinkat(host, name) {
        // What the container made of a link in its layer stays.
        return if root.is_free(child) {
            root.symlink(&target.to_string_lossy(), child).step(format!("link /{child}"))
        } else {
            Ok(())
        };
    }
    if kind == Some(Type::Directory) {
        let folder = host.subtree(name).step(format!("open /{child}"))?;
        return graft(&folder, root, child, ours);
    }
    let (Ok(source), Ok(target)) = (host.handle(name), root.make_file(child)) else { return Ok(()) };
    bind(source, target).and_then(|()| read_only(root, child)).step(format!("show /{child}"))
}

fn leads_to(path: &str, ours: &[String]) -> bool {
    ours.iter().any(|o| o.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
}

/// Names that are not text are left out: no program of a distribution has one.
fn entry_name(name: &CStr) -> Option<&str> {
    name.to_str().ok().filter(|n| !matches!(*n, "." | ".."))
}
