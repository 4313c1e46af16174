//! Where a pod keeps its files under the store's home, and making those folders before anything is mounted.
//!
//! ```text
//! pods/<uid>/lock, socket             who may start or end the pod's supervisor, and where it listens
//! pods/<uid>/volumes/<name>/          emptyDir, and written-out files
//! pods/<uid>/containers/<name>/rootfs the container's own files, except below /usr and the like, which are
//!                            …/upper/ what it changed there, and
//!                            …/work/  overlayfs' scratch folders
//! ```
//! Knows no mounts.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::failure::{Failure, Step};
use super::tree::{Tree, by_fd, is_plain_name};
use super::{servers, volume};
use crate::control::sandbox::{Sandbox, Source};

/// A pod's folder.
#[derive(Debug)]
pub struct PodFolder {
    path: PathBuf,
}

impl PodFolder {
    /// # Errors
    /// When the uid is not a file's name.
    pub fn new(home: &Path, uid: &str) -> Result<PodFolder, Failure> {
        named("pod's uid", uid)?;
        Ok(PodFolder { path: home.join("pods").join(uid) })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file whose lock is held while a supervisor is started, joined or ending.
    pub fn lock_file(&self) -> Result<File, Failure> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600);
        options.open(self.path.join("lock")).step("open the pod's lock")
    }

    /// The path of the supervisor's socket: by descriptor, since a socket's address has 108 bytes and a home may have more.
    pub fn socket(&self) -> Result<(Tree, PathBuf), Failure> {
        let folder = Tree::open(&self.path).step("open the pod's folder")?;
        let path = by_fd(&folder).join("socket");
        Ok((folder, path))
    }

    /// A container's folder.
    pub fn container(&self, name: &str) -> PathBuf {
        self.path.join("containers").join(name)
    }
}

/// Refuses what cannot be one file's name.
pub fn named(what: &str, name: &str) -> Result<(), Failure> {
    if is_plain_name(name) {
        return Ok(());
    }
    Err(Failure { step: format!("check the {what}"), cause: format!("{name:?} cannot be a file's name") })
}

/// Writes out what a container's volumes have of configMaps, secrets and the like, where a sandbox has been made of it before.
///
/// # Errors
/// When a name or path would lead elsewhere, or a file cannot be written.
pub fn write_volumes(home: &Path, sandbox: &Sandbox) -> Result<(), Failure> {
    let tree = Tree::open(home).step(format!("open {}", home.display()))?;
    let files = sandbox.mounts.iter().filter(|mount| matches!(mount.source, Source::Files { .. }));
    files.into_iter().try_for_each(|mount| volume::prepare(&tree, &sandbox.pod_uid, &mount.source))
}

/// Makes the folders of a pod, of one of its containers and of that container's volumes, where they are missing, and
/// writes out its configMaps, secrets and the like.
///
/// # Errors
/// When a folder cannot be made, or a name or path would lead elsewhere.
pub fn prepare(home: &Path, sandbox: &Sandbox) -> Result<PodFolder, Failure> {
    named("container's name", &sandbox.container)?;
    let folder = PodFolder::new(home, &sandbox.pod_uid)?;
    let tree = Tree::open(home).step(format!("open {}", home.display()))?;
    let pod = tree.make_dir(&format!("pods/{}", sandbox.pod_uid), 0o700).step("make the pod's folder")?;
    for part in ["rootfs", "upper", "work"] {
        let path = format!("containers/{}/{part}", sandbox.container);
        pod.make_dir(&path, 0o755).step("make the container's folder")?;
    }
    for mount in sandbox.mounts.iter().chain(sandbox.servers.iter().flat_map(|s| &s.mounts)) {
        volume::prepare(&tree, &sandbox.pod_uid, &mount.source)?;
    }
    for server in &sandbox.servers {
        named("container's name", &server.container)?;
    }
    servers::bring_files(&pod, sandbox)?;
    write_limits(&pod, sandbox)?;
    Ok(folder)
}

/// What a container sees of its limits. Below its own root, so that a container that runs sees them change; what it has
/// put in their place stays.
fn write_limits(pod: &Tree, sandbox: &Sandbox) -> Result<(), Failure> {
    let root = pod.subtree(&format!("containers/{}/rootfs", sandbox.container)).step("open the container's layer")?;
    let Ok(group) = root.make_dir("sys/fs/cgroup", 0o755) else { return Ok(()) };
    for (name, content) in &sandbox.cgroup {
        let _its_own = group.write(name, 0o644, content.as_bytes());
    }
    Ok(())
}
