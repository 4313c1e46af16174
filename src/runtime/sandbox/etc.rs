//! A container's /etc: its own, with those files of the host's that programs need and that tell nothing about the host.

use std::path::Path;

use nix::errno::Errno;

use super::failure::{Failure, Step};
use super::mount::{bind, read_only};
use super::tree::{Tree, is_dir};
use crate::control::sandbox::Sandbox;

/// Shown read-only where the host has them: the dynamic linker, certificates, names of ports, terminals, editors, zones.
const FROM_THE_HOST: [&str; 26] = [
    "alternatives",
    "bash.bashrc",
    "bindresvport.blacklist",
    "ca-certificates",
    "ca-certificates.conf",
    "debian_version",
    "gai.conf",
    "host.conf",
    "inputrc",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "magic",
    "mime.types",
    "nanorc",
    "pki/tls/certs",
    "profile",
    "protocols",
    "rpc",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
    "terminfo",
    "timezone",
    "vim",
];

const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
bin:x:2:2:bin:/bin:/usr/sbin/nologin
sys:x:3:3:sys:/dev:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
";
const GROUP: &str =
    "root:x:0:\ndaemon:x:1:\nbin:x:2:\nsys:x:3:\nadm:x:4:\ntty:x:5:\nwww-data:x:33:\nnogroup:x:65534:\n";
const NSSWITCH: &str =
    "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n";

/// Fills /etc with what an image would hold. What the container has changed since stays changed.
///
/// # Errors
/// When a file cannot be written or shown.
pub fn fill(root: &Tree) -> Result<(), Failure> {
    for (name, content) in [("passwd", PASSWD), ("group", GROUP), ("nsswitch.conf", NSSWITCH)] {
        let path = format!("etc/{name}");
        if root.is_free(&path) {
            root.write(&path, 0o644, content.as_bytes()).step(format!("write /{path}"))?;
        }
    }
    if root.is_free("etc/os-release") {
        // A container that made something else of it keeps that.
        let _its_own = root.symlink("../usr/lib/os-release", "etc/os-release");
    }
    let host = Tree::open(Path::new("/etc")).step("open /etc")?;
    FROM_THE_HOST.iter().try_for_each(|name| show(&host, root, name))
}

fn show(host: &Tree, root: &Tree, name: &str) -> Result<(), Failure> {
    // Resolved in /etc, an absolute link would lead elsewhere: /etc/localtime is one. Links into /usr are made anew.
    if let Ok(target) = nix::fcntl::readlinkat(host, name) {
        let target = target.to_string_lossy();
        let path = format!("etc/{name}");
        let wanted = target.contains("usr/") && root.is_free(&path);
        return if wanted { root.symlink(&target, &path).step(format!("link /{path}")) } else { Ok(()) };
    }
    let Ok(source) = host.handle(name) else { return Ok(()) };
    let path = format!("etc/{name}");
    let folder = is_dir(&source).step(format!("look at /{path}"))?;
    let target = if folder { root.make_dir(&path, 0o755).and_then(|d| d.handle("")) } else { root.make_file(&path) };
    // What the container put in its place, a link or a file where the host has a folder, is left alone.
    let Ok(target) = target else { return Ok(()) };
    if is_dir(&target) != Ok(folder) {
        return Ok(());
    }
    bind(source, target).and_then(|()| read_only(root, &path)).step(format!("show /{path}"))
}

/// Mounts the pod's own hosts, hostname and resolv.conf, as the kubelet does, over whatever is there. A read-only
/// volume at /etc that lacks them stays without them.
///
/// # Errors
/// When a file cannot be written or mounted.
pub fn mount_pod_files(root: &Tree, pod: &Tree, sandbox: &Sandbox) -> Result<(), Failure> {
    let hostname = format!("{}\n", sandbox.hostname);
    let files = [("hosts", &sandbox.hosts), ("hostname", &hostname), ("resolv.conf", &sandbox.resolv_conf)];
    for (name, content) in files {
        let path = format!("etc/{name}");
        if sandbox.mounts.iter().any(|m| m.path.trim_start_matches('/') == path) {
            continue;
        }
        pod.write(&path, 0o644, content.as_bytes()).step(format!("write the pod's {path}"))?;
        match root.make_file(&path) {
            Err(Errno::EROFS) => {}
            target => target.and_then(|target| bind(pod.handle(&path)?, target)).step(format!("mount /{path}"))?,
        }
    }
    Ok(())
}
