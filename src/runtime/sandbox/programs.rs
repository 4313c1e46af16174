//! The host's programs in a container: /usr and its like, read-only below, writable above where overlayfs allows.

use std::path::Path;

use nix::libc;
use nix::mount::MsFlags;

use super::failure::{Failure, Step};
use super::mount::{bind, fresh, read_only};
use super::process::DEFAULT_PATH;
use super::tree::{Tree, by_fd, components};
use super::wire::Request;

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

/// kstate's own small programs, for hosts that lack them.
const TOOLS: [&str; 3] = ["curl", "hostname", "nslookup"];

/// Shows the host's programs in `root`.
///
/// # Errors
/// The step that this host refused.
pub fn mount(root: &Tree, container: &Path, request: &Request) -> Result<(), Failure> {
    let host = Tree::open(Path::new("/")).step("open the host's root")?;
    let layer = Tree::open(container).step("open the container's folder")?;
    for name in FOLDERS {
        if let Ok(target) = nix::fcntl::readlinkat(&host, name) {
            if root.is_free(name) {
                root.symlink(&target.to_string_lossy(), name).step(format!("link /{name}"))?;
            }
        } else if host.subtree(name).is_ok() {
            show(&host, root, &layer, name, request)?;
        }
    }
    Ok(())
}

fn show(host: &Tree, root: &Tree, layer: &Tree, name: &str, request: &Request) -> Result<(), Failure> {
    let step = || format!("show /{name}");
    let target = root.make_dir(name, 0o755).step(step())?;
    let lower = host.subtree(name).step(step())?;
    let upper = layer.make_dir(&format!("upper/{name}"), 0o755).step(step())?;
    let work = layer.make_dir(&format!("work/{name}"), 0o755).step(step())?;
    prepare_upper(&lower, &upper, name, request)?;
    let [l, u, w] = [&lower, &upper, &work].map(|tree| by_fd(tree).display().to_string());
    let options = format!("lowerdir={l},upperdir={u},workdir={w},userxattr");
    if fresh("overlay", &target, MsFlags::MS_NOSUID | MsFlags::MS_NODEV, &options).is_ok() {
        return Ok(());
    }
    bind(lower, target).and_then(|()| read_only(root, name)).step(step())
}

/// Folders of the host belong to an unmapped root and refuse mkdir: what leads to a mount is made in the layer first.
fn prepare_upper(lower: &Tree, upper: &Tree, name: &str, request: &Request) -> Result<(), Failure> {
    if name == "usr" {
        for path in WEB_ROOTS.iter().filter(|p| lower.handle(p).is_ok()) {
            let folder = upper.make_dir(path, 0o755).step(format!("hide the host's /usr/{path}"))?;
            make_opaque(&folder).step(format!("hide the host's /usr/{path}"))?;
        }
    }
    for mount in &request.sandbox.mounts {
        let mut parts = components(&mount.path);
        if parts.next() == Some(name) {
            make_ancestors(lower, upper, parts).step(format!("make the folders that lead to {}", mount.path))?;
        }
    }
    let _tools = (TOOLS, DEFAULT_PATH);
    Ok(())
}

/// Stops at what the host has as a link or a file: it leads elsewhere, and the mount goes there.
fn make_ancestors<'a>(lower: &Tree, upper: &Tree, parts: impl Iterator<Item = &'a str>) -> nix::Result<()> {
    let parts: Vec<&str> = parts.collect();
    for length in 1..parts.len() {
        let path = parts[..length].join("/");
        if lower.subtree(&path).is_err() && lower.handle(&path).is_ok()
            || nix::fcntl::readlinkat(lower, path.as_str()).is_ok()
        {
            return Ok(());
        }
        upper.make_dir(&path, 0o755)?;
    }
    Ok(())
}

/// Marks a folder of the layer as hiding the host's folder of that name.
fn make_opaque(folder: &Tree) -> nix::Result<()> {
    let path = std::ffi::CString::new(by_fd(folder).display().to_string()).map_err(|_| nix::errno::Errno::EINVAL)?;
    // SAFETY: path and name are C strings, the value is one byte long.
    let result = unsafe { libc::setxattr(path.as_ptr(), c"user.overlay.opaque".as_ptr(), c"y".as_ptr().cast(), 1, 0) };
    nix::errno::Errno::result(result).map(drop)
}
