//! The host's programs in a container: /usr and its like, read-only below, writable above where overlayfs allows.

use std::ffi::CString;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, readlinkat};
use nix::libc;
use nix::mount::MsFlags;

use super::failure::{Failure, Step};
use super::mount::fresh;
use super::tree::{Tree, by_fd, components, is_dir};
use super::{graft, remove, tools};
use crate::control::sandbox::Sandbox;

/// Where programs and their libraries are. A link (merged /usr) is made anew, a folder is shown.
pub const FOLDERS: [&str; 7] = ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/// Where hosts keep files that they serve: an image would bring its own.
const WEB_ROOTS: [&str; 8] = [
    "share/nginx",
    "share/apache2",
    "share/httpd",
    "share/caddy",
    "local/nginx",
    "local/apache2",
    "local/www",
    "local/etc",
];

/// Folders that an image's root may write to: made in the layer, they are the pod's user's, while what the host has in
/// them shows through.
const WRITABLE: [&str; 9] =
    ["bin", "sbin", "lib", "share", "local", "local/bin", "local/sbin", "local/lib", "local/share"];

/// Shows the host's programs in `root`.
///
/// # Errors
/// The step that this host refused.
pub fn mount(root: &Tree, container: &Path, sandbox: &Sandbox) -> Result<(), Failure> {
    let host = Tree::open(Path::new("/")).step("open the host's root")?;
    let layer = Tree::open(container).step("open the container's folder")?;
    for name in FOLDERS {
        if let Ok(target) = readlinkat(&host, name) {
            if root.is_free(name) {
                root.symlink(&target.to_string_lossy(), name).step(format!("link /{name}"))?;
            }
        } else if let Ok(lower) = host.subtree(name) {
            show(&lower, root, &layer, name, sandbox)?;
        }
    }
    tools::mount(&host, root, sandbox)
}

fn show(lower: &Tree, root: &Tree, layer: &Tree, name: &str, sandbox: &Sandbox) -> Result<(), Failure> {
    let step = || format!("show /{name}");
    let target = root.make_dir(name, 0o755).step(step())?;
    let upper = layer.make_dir(&format!("upper/{name}"), 0o755).step(step())?;
    let work = layer.make_dir(&format!("work/{name}"), 0o755).step(step())?;
    let mut ours: Vec<String> = WEB_ROOTS.iter().filter(|_| name == "usr").map(|p| format!("usr/{p}")).collect();
    ours.retain(|path| lower.handle(below(path)).is_ok());
    for path in &ours {
        let folder = upper.make_dir(below(path), 0o755).and_then(|folder| make_opaque(&folder));
        folder.step(format!("hide the host's /{path}"))?;
    }
    ours.extend(sandbox.mounts.iter().map(|m| components(&m.path).collect::<Vec<_>>().join("/")));
    ours.retain(|path| components(path).next() == Some(name));
    make_ancestors(lower, &upper, name, &ours).step(format!("make folders in the layer of /{name}"))?;
    let [l, u, w] = [lower, &upper, &work].map(|tree| by_fd(tree).display().to_string());
    // volatile: unmounting would otherwise wait until the whole disk is synced. What it leaves in the scratch folder
    // forbids the next mount, for which a power failure might have lost something: here that is a container's scratch.
    remove::remove(&work, "work").step(step())?;
    let options = format!("lowerdir={l},upperdir={u},workdir={w},userxattr,volatile");
    match fresh("overlay", &target, MsFlags::MS_NOSUID | MsFlags::MS_NODEV, &options) {
        Ok(()) => Ok(()),
        Err(_) => graft::graft(lower, root, name, &ours),
    }
}

/// A path without its first name.
fn below(path: &str) -> &str {
    path.split_once('/').map_or("", |(_, rest)| rest)
}

/// Folders of the host belong to an unmapped root and refuse mkdir: what leads to a mount, and what programs like to
/// write to, is made in the layer first. What the host has as a link or a file stays that: a mount goes where it leads.
fn make_ancestors(lower: &Tree, upper: &Tree, name: &str, ours: &[String]) -> nix::Result<()> {
    let writable = WRITABLE.iter().filter(|p| name == "usr" && lower.subtree(p).is_ok());
    let writable = writable.map(|p| format!("{p}/."));
    for path in ours.iter().map(|path| below(path).to_string()).chain(writable) {
        let ends = path.match_indices('/').map(|(end, _)| &path[..end]);
        for ancestor in ends {
            let host = lower.lookup(ancestor, OFlag::O_PATH | OFlag::O_NOFOLLOW, 0);
            if host.is_ok_and(|host| is_dir(host) != Ok(true)) {
                break;
            }
            upper.make_dir(ancestor, 0o755)?;
        }
    }
    Ok(())
}

/// Marks a folder of the layer as hiding the host's folder of that name.
fn make_opaque(folder: &Tree) -> nix::Result<()> {
    let path = CString::new(by_fd(folder).display().to_string()).map_err(|_| Errno::EINVAL)?;
    // SAFETY: path and name are C strings, the value is one byte long.
    let result = unsafe { libc::setxattr(path.as_ptr(), c"user.overlay.opaque".as_ptr(), c"y".as_ptr().cast(), 1, 0) };
    match Errno::result(result) {
        // No such attributes here, so no overlay either.
        Err(Errno::ENOTSUP) => Ok(()),
        other => other.map(drop),
    }
}
