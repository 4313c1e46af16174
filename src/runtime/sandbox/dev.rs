//! A container's /dev and /proc: what every Linux program expects, and nothing of the host's devices and settings.

use std::path::Path;

use nix::errno::Errno;
use nix::mount::MsFlags;

use super::failure::{Failure, Step};
use super::mount::{bind, fresh, read_only};
use super::tree::Tree;

const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
const LINKS: [(&str, &str); 5] = [
    ("/proc/self/fd", "dev/fd"),
    ("/proc/self/fd/0", "dev/stdin"),
    ("/proc/self/fd/1", "dev/stdout"),
    ("/proc/self/fd/2", "dev/stderr"),
    ("pts/ptmx", "dev/ptmx"),
];
/// What runc makes read-only: real root is root in here too, and these ask for no more than that.
const READ_ONLY_PROC: [&str; 5] = ["proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"];
/// What runc hides.
const HIDDEN_PROC: [&str; 9] = [
    "proc/acpi",
    "proc/asound",
    "proc/scsi",
    "proc/kcore",
    "proc/keys",
    "proc/latency_stats",
    "proc/sched_debug",
    "proc/timer_list",
    "proc/timer_stats",
];

/// Mounts a /dev of its own.
///
/// # Errors
/// The step that this host refused.
pub fn mount_dev(root: &Tree) -> Result<(), Failure> {
    let target = root.make_dir("dev", 0o755).step("make /dev")?;
    fresh("tmpfs", &target, MsFlags::MS_NOSUID, "mode=755,size=1m").step("mount a tmpfs on /dev")?;
    for name in DEVICES {
        let host = Tree::open(Path::new("/dev")).and_then(|dev| dev.handle(name));
        let target = root.make_file(&format!("dev/{name}"));
        // Read-only says nothing of what a device takes, but keeps real root's mode, owner and times as they are on the host.
        host.and_then(|host| bind(host, target?))
            .and_then(|()| read_only(root, &format!("dev/{name}")))
            .step(format!("bind /dev/{name}"))?;
    }
    let pts = root.make_dir("dev/pts", 0o755).step("make /dev/pts")?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    fresh("devpts", &pts, flags, "newinstance,ptmxmode=0666,mode=620").step("mount /dev/pts")?;
    let shm = root.make_dir("dev/shm", 0o1777).step("make /dev/shm")?;
    fresh("tmpfs", &shm, flags | MsFlags::MS_NODEV, "mode=1777,size=64m").step("mount /dev/shm")?;
    LINKS.iter().try_for_each(|(target, path)| root.symlink(target, path)).step("link /dev/fd and the like")
}

/// Mounts the /proc of this pid namespace.
///
/// # Errors
/// The step that this host refused.
pub fn mount_proc(root: &Tree) -> Result<(), Failure> {
    let target = root.make_dir("proc", 0o555).step("make /proc")?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    fresh("proc", &target, flags, "").step("mount /proc")?;
    for path in READ_ONLY_PROC {
        skip_absent(root.handle(path).and_then(|h| bind(&h, &h)).and_then(|()| read_only(root, path)))
            .step(format!("make /{path} read-only"))?;
    }
    for path in HIDDEN_PROC {
        skip_absent(hide(root, path)).step(format!("hide /{path}"))?;
    }
    Ok(())
}

fn hide(root: &Tree, path: &str) -> nix::Result<()> {
    let target = root.handle(path)?;
    if super::tree::is_dir(&target)? {
        return fresh("tmpfs", &target, MsFlags::MS_RDONLY, "size=0");
    }
    bind(root.handle("dev/null")?, &target)
}

fn skip_absent(result: nix::Result<()>) -> nix::Result<()> {
    match result {
        Err(Errno::ENOENT) => Ok(()),
        other => other,
    }
}
