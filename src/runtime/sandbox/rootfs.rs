//! A container's root: the host's programs under a writable layer, its volumes, a /dev, /etc and /proc of its own.
//!
//! Built in the container's new mount namespace with the host's root still in view. Everything inside the new root is
//! resolved by [`Tree`], since a container may have left links there; then the host's root is taken away and the
//! mounts are locked.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use nix::fcntl::OFlag;
use nix::libc;
use nix::mount::{MntFlags, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::unistd::{chdir, fchdir, pivot_root};

use super::failure::{Failure, Step};
use super::layer::PodFolder;
use super::mount::{bind, bind_to_itself, make_private, read_only, read_only_itself};
use super::tree::{Tree, by_fd, components, is_dir};
use super::wire::Request;
use super::{dev, etc, last_word, programs, seccomp, volume};
use crate::control::sandbox::{Mount, Source};

/// What every image has, empty, with its mode.
const FOLDERS: [(&str, u32); 12] = [
    ("root", 0o700),
    ("home", 0o755),
    ("tmp", 0o1777),
    ("var/tmp", 0o1777),
    ("var/log", 0o755),
    ("var/lib", 0o755),
    ("run", 0o755),
    ("opt", 0o755),
    ("srv", 0o755),
    ("mnt", 0o755),
    ("media", 0o755),
    ("sys", 0o555),
];

/// Capabilities that a container's root keeps, as containerd's default: CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID,
/// SETUID, SETPCAP, NET_BIND_SERVICE, NET_RAW, SYS_CHROOT, MKNOD, AUDIT_WRITE, SETFCAP.
const KEPT_CAPABILITIES: [libc::c_ulong; 14] = [0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31];

/// Builds the root and enters it.
///
/// # Errors
/// The step that this host refused, or that the pod's mounts made impossible.
pub fn build(request: &Request) -> Result<(), Failure> {
    let sandbox = &request.sandbox;
    make_private().step("make the mounts private")?;
    let home = Tree::open(&request.home).step("open the store's folder")?;
    let folder = PodFolder::new(&request.home, &sandbox.pod_uid)?;
    let container = folder.container(&sandbox.container);
    bind_to_itself(&container.join("rootfs")).step("bind the container's layer")?;
    let root = Tree::open(&container.join("rootfs")).step("open the container's layer")?;
    fill(&root)?;
    programs::mount(&root, &container, sandbox)?;
    etc::fill(&root)?;
    dev::mount_dev(&root)?;
    dev::mount_proc(&root)?;
    sandbox.mounts.iter().try_for_each(|m| mount_volume(&home, &root, &sandbox.pod_uid, m))?;
    let pod = Tree::open(folder.path()).step("open the pod's folder")?;
    etc::mount_pod_files(&root, &pod, sandbox)?;
    last_word::mount(&root, &pod, sandbox)?;
    root.make_dir(&sandbox.working_dir, 0o755).step(format!("make the working folder {}", sandbox.working_dir))?;
    if sandbox.read_only_root {
        freeze(&root)?;
    }
    enter(&root)?;
    lock(sandbox.user, sandbox.group)
}

fn fill(root: &Tree) -> Result<(), Failure> {
    for (path, mode) in FOLDERS {
        if root.is_free(path) {
            make_folder(root, path, mode).step(format!("make /{path}"))?;
        }
    }
    Ok(())
}

fn make_folder(root: &Tree, path: &str, mode: u32) -> nix::Result<()> {
    root.make_dir(path, 0o755)?;
    let fd = root.lookup(path, nix::fcntl::OFlag::O_RDONLY | nix::fcntl::OFlag::O_DIRECTORY, 0)?;
    nix::sys::stat::fchmod(fd, nix::sys::stat::Mode::from_bits_truncate(mode))
}

/// Makes the container's own files read-only; what is mounted on them stays as it is.
fn freeze(root: &Tree) -> Result<(), Failure> {
    let step = "make the container's files read-only";
    for name in programs::FOLDERS {
        // One that is a link, or not there, is no mount.
        let is_mount = root.lookup(name, OFlag::O_PATH | OFlag::O_NOFOLLOW, 0).and_then(is_dir) == Ok(true);
        if is_mount {
            read_only_itself(root, name).step(step)?;
        }
    }
    read_only_itself(root, "").step(step)
}

fn mount_volume(home: &Tree, root: &Tree, uid: &str, mount: &Mount) -> Result<(), Failure> {
    let step = || format!("mount a volume at {}", mount.path);
    volume::downward(&mount.path)?;
    if components(&mount.path).next().is_none() {
        return Err(Failure { step: step(), cause: "a volume cannot be the container's root".into() });
    }
    let source = volume::open(home, uid, mount)?;
    let target = match is_dir(&source).step(step())? {
        true => root.make_dir(&mount.path, 0o755).and_then(|d| d.handle("")),
        false => root.make_file(&mount.path),
    };
    bind(source, target.step(step())?).step(step())?;
    if mount.read_only || matches!(mount.source, Source::Files { .. }) {
        read_only(root, &mount.path).step(format!("make {} read-only", mount.path))?;
    }
    Ok(())
}

/// Makes the new root the root and lets go of the host's.
///
/// # Errors
/// The step that this host refused.
pub fn enter(root: &Tree) -> Result<(), Failure> {
    fchdir(root).step("enter the new root")?;
    pivot_root(".", ".").step("pivot_root")?;
    umount2(".", MntFlags::MNT_DETACH).step("let go of the host's root")?;
    chdir("/").step("enter the new root")
}

/// A second user and mount namespace: the mounts made so far belong to the first, so that root of the second can
/// neither take them away nor make them writable. Here the user and the group get their numbers.
fn lock(user: u32, group: u32) -> Result<(), Failure> {
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS).step("lock the mounts in a second user namespace")?;
    map_identity((user, group), (0, 0))?;
    confine()
}

/// Gives up what no process of a container has.
///
/// # Errors
/// The step that this host refused.
pub fn confine() -> Result<(), Failure> {
    for capability in (0..64).filter(|c| !KEPT_CAPABILITIES.contains(c)) {
        // SAFETY: the call takes numbers. Numbers that this kernel does not know are refused, and are not needed.
        unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
    }
    prctl::set_no_new_privs().step("give up gaining privileges")?;
    new_keyring();
    seccomp::install().step("install a system call filter")
}

/// The caller's session keyring is not the container's. A kernel without keyrings has nothing to hide.
fn new_keyring() {
    const JOIN_SESSION_KEYRING: libc::c_long = 1;
    // SAFETY: the call takes a number and no name: the new keyring is anonymous.
    unsafe { libc::syscall(libc::SYS_keyctl, JOIN_SESSION_KEYRING, 0, 0, 0, 0) };
}

/// Maps a user and a group inside to the ones that this process has outside: an ordinary user can map no other.
///
/// # Errors
/// When the host does not let this process be root of its own user namespace.
pub fn map_identity(inside: (u32, u32), outside: (u32, u32)) -> Result<(), Failure> {
    let maps = [
        ("setgroups", "deny".to_string()),
        ("uid_map", format!("{} {} 1", inside.0, outside.0)),
        ("gid_map", format!("{} {} 1", inside.1, outside.1)),
    ];
    for (name, text) in maps {
        let file = OpenOptions::new().write(true).open(format!("/proc/self/{name}"));
        file.and_then(|mut f| f.write_all(text.as_bytes())).step(format!("write {name} of a user namespace"))?;
    }
    Ok(())
}

/// overlayfs leaves a folder in its scratch folder that nobody may read: whoever deletes the store by hand could not.
pub fn open_scratch(container: &Path) {
    let Ok(work) = Tree::open(&container.join("work")) else { return };
    for name in programs::FOLDERS {
        let Ok(folder) = work.handle(&format!("{name}/work")) else { continue };
        let mode = nix::sys::stat::Mode::from_bits_truncate(0o700);
        let path = by_fd(&folder);
        let _not_ours =
            nix::sys::stat::fchmodat(nix::fcntl::AT_FDCWD, &path, mode, nix::sys::stat::FchmodatFlags::FollowSymlink);
    }
}
