//! A container's termination message: a file of the pod's folder, shown at the container's `terminationMessagePath`.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::failure::{Failure, Step};
use super::layer::PodFolder;
use super::mount::bind;
use super::tree::Tree;
use crate::control::sandbox::Sandbox;

/// How much of it is read, from its end: the kubelet's `MaxContainerTerminationMessageLength`.
const LONGEST: u64 = 4096;

fn file(container: &str) -> String {
    format!("containers/{container}/termination-log")
}

/// Shows an empty file at the path that the container asks for. A volume that is mounted there stays.
///
/// # Errors
/// When the file cannot be written or mounted.
pub fn mount(root: &Tree, pod: &Tree, sandbox: &Sandbox) -> Result<(), Failure> {
    let path = sandbox.message_path.trim_start_matches('/');
    if path.is_empty() || sandbox.mounts.iter().any(|m| m.path.trim_start_matches('/') == path) {
        return Ok(());
    }
    let file = file(&sandbox.container);
    // Whatever user the container has may write it.
    pod.write(&file, 0o666, b"").step("write the container's termination message")?;
    match root.make_file(path).and_then(|target| bind(pod.handle(&file)?, target)) {
        // A read-only volume, or a folder is there: the container goes on without.
        Err(Errno::EROFS | Errno::EISDIR | Errno::ENOTDIR) => Ok(()),
        mounted => mounted.step(format!("mount /{path}")),
    }
}

/// What the container's process has left there.
pub fn read(home: &Path, sandbox: &Sandbox) -> String {
    let read = || {
        let pod = Tree::open(PodFolder::new(home, &sandbox.pod_uid).ok()?.path()).ok()?;
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mut file = File::from(pod.lookup(&file(&sandbox.container), flags, 0).ok()?);
        let length = file.metadata().ok()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LONGEST))).ok()?;
        let mut text = Vec::new();
        file.take(LONGEST).read_to_end(&mut text).ok()?;
        Some(String::from_utf8_lossy(&text).into_owned())
    };
    read().unwrap_or_default()
}
