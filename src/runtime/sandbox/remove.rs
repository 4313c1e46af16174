//! Taking away what pods and volumes leave: whatever runs is ended, then the folder goes. No link is followed and
//! nothing outside the home is touched.

use std::ffi::CString;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::dir::{Dir, Type};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat, renameat};
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat, fstat};
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::caller::join;
use super::failure::{Failure, Step};
use super::layer::{PodFolder, named};
use super::tree::{Tree, by_fd};
use super::wire;
use crate::control::sandbox::Sandbox;

/// How long a pod's processes may take to be gone once they are killed.
const END_MILLISECONDS: u16 = 10_000;
/// How often a folder is emptied that others fill meanwhile.
const ATTEMPTS: usize = 100;
/// Folders deeper than this are moved up before they are emptied: each level costs a descriptor.
const DEEPEST: usize = 64;

/// Ends what runs in a pod and removes its folder. A pod that never ran has none.
///
/// # Errors
/// When a file cannot be removed.
pub fn remove_pod(home: &Path, uid: &str) -> Result<(), Failure> {
    let folder = PodFolder::new(home, uid)?;
    let Some(pods) = kept(home, "pods")? else { return Ok(()) };
    if pods.is_free(uid) {
        return Ok(());
    }
    let _lock = end(&folder)?;
    remove(&pods, uid).step(format!("remove the pod's folder {uid}"))
}

/// Ends what runs in a pod; nothing new runs in it until the lock is dropped.
fn end(folder: &PodFolder) -> Result<File, Failure> {
    let lock = folder.lock_file()?;
    lock.lock().step("take the pod's lock")?;
    if let Some(connection) = join(folder)? {
        let _gone = wire::send(&connection, &[wire::STOP], &[]);
        let mut fds = [PollFd::new(connection.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, END_MILLISECONDS).step("wait for the pod to end")?;
    }
    Ok(lock)
}

/// Ends every pod and leaves its folder.
///
/// # Errors
/// When a pod's folder cannot be used.
pub fn end_all(home: &Path) -> Result<(), Failure> {
    let Some(pods) = kept(home, "pods")? else { return Ok(()) };
    let names = names(&pods).step("list the pods' folders")?;
    names
        .iter()
        .filter_map(|(name, _)| name.to_str().ok())
        .try_for_each(|uid| end(&PodFolder::new(home, uid)?).map(drop))
}

/// Lets a container begin with a fresh layer, as one that is started again does. Nothing runs in it.
///
/// # Errors
/// When a file cannot be removed.
pub fn forget_layer(home: &Path, sandbox: &Sandbox) -> Result<(), Failure> {
    named("container's name", &sandbox.container)?;
    let folder = PodFolder::new(home, &sandbox.pod_uid)?;
    let lock = folder.lock_file()?;
    lock.lock().step("take the pod's lock")?;
    let Ok(containers) = Tree::open(&folder.path().join("containers")) else { return Ok(()) };
    remove(&containers, &sandbox.container).step("remove the container's layer")
}

/// Removes a persistent volume's folder.
///
/// # Errors
/// When a file cannot be removed.
pub fn remove_volume(home: &Path, name: &str) -> Result<(), Failure> {
    named("volume's name", name)?;
    let Some(volumes) = kept(home, "volumes")? else { return Ok(()) };
    remove(&volumes, name).step(format!("remove the volume's folder {name}"))
}

/// Ends every pod and removes all that `runtime` keeps in the home: pods, volumes and what is on the nodes.
///
/// # Errors
/// When a file cannot be removed.
pub fn remove_all(home: &Path) -> Result<(), Failure> {
    if let Some(pods) = kept(home, "pods")? {
        let names = names(&pods).step("list the pods' folders")?;
        names.iter().filter_map(|(name, _)| name.to_str().ok()).try_for_each(|uid| remove_pod(home, uid))?;
    }
    let Ok(home) = Tree::open(home) else { return Ok(()) };
    ["pods", "volumes", "nodes"].iter().try_for_each(|name| remove(&home, name).step(format!("remove {name}")))
}

/// Removes a folder that was made in the home to try something out.
///
/// # Errors
/// When a file cannot be removed.
pub fn remove_scratch(home: &Path, name: &str) -> Result<(), Failure> {
    Tree::open(home).and_then(|home| remove(&home, name)).step(format!("remove {name}"))
}

/// One of the home's folders, if it is there.
fn kept(home: &Path, name: &str) -> Result<Option<Tree>, Failure> {
    match Tree::open(home).and_then(|home| home.subtree(name)) {
        Err(Errno::ENOENT) => Ok(None),
        found => found.map(Some).step(format!("open {name}")),
    }
}

/// Removes an entry of `parent`, with all that is in it, if it is there.
pub fn remove(parent: &Tree, name: &str) -> nix::Result<()> {
    let name = CString::new(name).map_err(|_| Errno::EINVAL)?;
    match unlinkat(parent, name.as_c_str(), UnlinkatFlags::NoRemoveDir) {
        Err(Errno::EISDIR | Errno::EPERM) => {}
        Err(Errno::ENOENT) => return Ok(()),
        result => return result,
    }
    let mut attempts = 0..ATTEMPTS;
    loop {
        // Others may remove the same, or have just made something in it.
        let top = match open_folder(parent, &name) {
            Err(Errno::ENOENT) => return Ok(()),
            top => top?,
        };
        match empty_whole(&top).and_then(|()| unlinkat(parent, name.as_c_str(), UnlinkatFlags::RemoveDir)) {
            Err(Errno::ENOENT) => return Ok(()),
            Err(Errno::ENOTEMPTY) if attempts.next().is_some() => {}
            result => return result,
        }
    }
}

/// Empties a folder, however deep it is.
fn empty_whole(top: &OwnedFd) -> nix::Result<()> {
    while !empty(top, top, 0)? {}
    Ok(())
}

/// Opens a folder, not a link to one, with all that its owner may do to it.
fn open_folder(parent: &impl AsFd, name: &CString) -> nix::Result<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let handle = openat(parent, name.as_c_str(), flags, Mode::empty())?;
    if fstat(&handle)?.st_mode & 0o700 != 0o700 {
        fchmodat(AT_FDCWD, &by_fd(&handle), Mode::S_IRWXU, FchmodatFlags::FollowSymlink)?;
    }
    openat(&handle, ".", OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())
}

pub fn names(folder: &impl AsFd) -> nix::Result<Vec<(CString, Option<Type>)>> {
    let fd = openat(folder, ".", OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())?;
    let entries = Dir::from_fd(fd)?.into_iter();
    let named = entries.map(|entry| entry.map(|e| (e.file_name().to_owned(), e.file_type())));
    named.filter(|entry| !matches!(entry, Ok((name, _)) if matches!(name.to_bytes(), b"." | b".."))).collect()
}

/// Empties a folder. What lies too deep is moved up to `top`, which is then not empty: `false` says so.
fn empty(folder: &OwnedFd, top: &OwnedFd, depth: usize) -> nix::Result<bool> {
    let mut done = true;
    for (number, (name, kind)) in names(folder)?.into_iter().enumerate() {
        if kind != Some(Type::Directory) {
            match unlinkat(folder, name.as_c_str(), UnlinkatFlags::NoRemoveDir) {
                Err(Errno::EISDIR | Errno::EPERM) => {}
                Ok(()) | Err(Errno::ENOENT) => continue,
                Err(e) => return Err(e),
            }
        }
        let child = match open_folder(folder, &name) {
            Err(Errno::ENOENT) => continue,
            child => child?,
        };
        if depth == DEEPEST {
            renameat(folder, name.as_c_str(), top, format!(".removed-{}-{number}", fstat(&child)?.st_ino).as_str())?;
            done = false;
            continue;
        }
        done &= empty(&child, top, depth + 1)?;
        match unlinkat(folder, name.as_c_str(), UnlinkatFlags::RemoveDir) {
            Err(Errno::ENOENT) => {}
            result => result?,
        }
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn home_with_volume() -> (assert_fs::TempDir, std::path::PathBuf) {
        let home = assert_fs::TempDir::new().unwrap();
        let volume = home.path().join("volumes/pv");
        std::fs::DirBuilder::new().recursive(true).create(&volume).unwrap();
        (home, volume)
    }

    fn write(path: &Path) {
        std::fs::OpenOptions::new().create(true).truncate(true).write(true).open(path).unwrap();
    }

    #[test]
    fn links_are_removed_and_not_followed() {
        let (home, volume) = home_with_volume();
        let outside = home.path().join("outside");
        std::fs::DirBuilder::new().create(&outside).unwrap();
        write(&outside.join("file"));
        symlink(&outside, volume.join("folder")).unwrap();
        symlink(outside.join("file"), volume.join("file")).unwrap();
        remove_volume(home.path(), "pv").unwrap();
        assert!(!volume.exists());
        assert!(outside.join("file").exists());
    }

    #[test]
    fn locked_and_deep_folders_are_removed() {
        let (home, volume) = home_with_volume();
        let locked = volume.join("locked/inner");
        std::fs::DirBuilder::new().recursive(true).create(&locked).unwrap();
        write(&locked.join("file"));
        std::fs::set_permissions(&locked, PermissionsExt::from_mode(0o000)).unwrap();
        let deep = (0..300).fold(volume.clone(), |path, _| path.join("d"));
        std::fs::DirBuilder::new().recursive(true).create(&deep).unwrap();
        write(&deep.join("file"));
        remove_volume(home.path(), "pv").unwrap();
        assert!(!volume.exists());
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused_and_absent_ones_are_fine() {
        let (home, volume) = home_with_volume();
        for name in ["..", "a/b", "/etc", ""] {
            assert!(remove_volume(home.path(), name).is_err(), "{name}");
            assert!(remove_pod(home.path(), name).is_err(), "{name}");
        }
        remove_volume(home.path(), "other").unwrap();
        remove_pod(home.path(), "other").unwrap();
        assert!(volume.exists());
    }
}
