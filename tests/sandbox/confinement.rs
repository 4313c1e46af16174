//! What a process in a sandbox must not reach.

use std::net::TcpListener;
use std::os::unix::fs::symlink;

use kstate::control::sandbox::{Mount, Source};

use crate::needs_namespaces;
use crate::pod::{Pod, mount, pvc};

#[test]
fn the_host_s_files_are_out_of_reach() {
    needs_namespaces!();
    let pod = Pod::with_mounts(vec![mount("/data", pvc("pvc-1"))]);
    std::fs::write(pod.path("secret"), "").unwrap();
    std::fs::create_dir_all(pod.path("volumes/other")).unwrap();
    assert_eq!(pod.out("ls -A /root /home /var/lib /srv /opt /mnt | grep -v ':$' | grep . ; true"), "");
    assert_eq!(
        pod.out("find /sys -mindepth 1 | sort | tr '\\n' ' '"),
        "/sys/fs /sys/fs/cgroup /sys/fs/cgroup/cpu.max "
    );
}

#[test]
fn the_home_is_out_of_reach() {
    needs_namespaces!();
    let pod = Pod::with_mounts(vec![mount("/data", pvc("pvc-1"))]);
    let home = pod.home().display();
    let outcome = pod
        .run(&format!("ls {home}; ls -A /data/.. | tr '\\n' ' '; ls /proc/1/root/ /proc/1/cwd/; cat /proc/1/environ"));
    assert!(!outcome.out.contains("pvc-1"), "{outcome:?}");
    assert_eq!(outcome.err.lines().count(), 4, "{outcome:?}");
    assert_eq!(pod.out("find / -name 'pvc-*' -not -path '/proc/*' 2>/dev/null; true"), "");
}

#[test]
fn the_host_s_programs_cannot_be_changed() {
    needs_namespaces!();
    let before = std::fs::metadata("/usr/bin/env").unwrap();
    let pod = Pod::with_mounts(Vec::new());
    pod.run("echo x >> /usr/bin/env; rm -f /usr/bin/env; echo x > /etc/ssl/openssl.cnf; rm -rf /etc/* /usr/share/doc /lib/x");
    let after = std::fs::metadata("/usr/bin/env").unwrap();
    assert_eq!((before.len(), before.modified().unwrap()), (after.len(), after.modified().unwrap()));
    assert!(std::path::Path::new("/etc/passwd").exists());
}

#[test]
fn read_only_mounts_stay_read_only_for_the_sandbox_s_root() {
    needs_namespaces!();
    let pod = Pod::with_mounts(vec![Mount { read_only: true, ..mount("/ro", pvc("pvc-1")) }]);
    for attempt in [
        "mount -o remount,rw /ro",
        "mount -o remount,bind,rw /ro",
        "umount /ro",
        "unshare -Urm mount -o remount,bind,rw /ro",
        "unshare -Urm umount /ro",
        "echo x > /proc/sys/kernel/hostname",
        "echo x > /proc/sysrq-trigger",
        "hostname other",
    ] {
        let outcome = pod.run(&format!("{attempt} 2>/dev/null && echo done; touch /ro/x 2>/dev/null && echo written"));
        assert_eq!(outcome.out, "", "{attempt}");
    }
    assert!(!pod.path("volumes/pvc-1/x").exists());
}

#[test]
fn links_planted_in_a_volume_lead_nowhere() {
    needs_namespaces!();
    let pod = Pod::with_mounts(vec![mount("/data", pvc("pvc-1"))]);
    let target = pod.path("outside");
    std::fs::create_dir(&target).unwrap();
    pod.out("mkdir /data/sub");
    for (name, to) in [("abs", target.clone()), ("up", "../../outside".into()), ("sub/up", "../../../outside".into())] {
        symlink(to, pod.path("volumes/pvc-1").join(name)).unwrap();
    }
    for name in ["abs", "up", "sub/up", "up/x"] {
        let sub = Mount { sub_path: name.into(), ..mount("/sub", pvc("pvc-1")) };
        let inside = Mount { ..mount(&format!("/data/{name}"), Source::EmptyDir("e".into())) };
        for second in [sub, inside] {
            let pod = Pod {
                home: pod.home.clone(),
                sandbox: Pod::with_mounts(vec![mount("/data", pvc("pvc-1")), second]).sandbox,
            };
            pod.run("touch /sub/f /data/abs/f /data/up/f");
            assert_eq!(std::fs::read_dir(&target).unwrap().count(), 0, "{name}");
        }
    }
}

#[test]
fn links_planted_in_the_layer_lead_nowhere() {
    needs_namespaces!();
    let mut pod = Pod::with_mounts(Vec::new());
    let target = pod.path("outside");
    std::fs::create_dir(&target).unwrap();
    let link = format!("ln -s {} ", target.display());
    pod.run(&format!(
        "{link} /data; {link} /opt/x; rmdir /srv /mnt; {link} /srv; rm -f /etc/passwd; {link}/p /etc/passwd"
    ));
    pod.sandbox.mounts = vec![mount("/opt/x/y", pvc("pvc-1"))];
    pod.sandbox.working_dir = "/srv/w".into();
    pod.run("true");
    assert_eq!(std::fs::read_dir(&target).unwrap().count(), 0);
}

#[test]
fn the_host_s_network_is_out_of_reach() {
    needs_namespaces!();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let pod = Pod::with_mounts(Vec::new());
    let outcome =
        pod.run(&format!("curl -s -m 2 127.0.0.1:{port} || echo refused; curl -s -m 2 192.0.2.1 || echo no route"));
    assert_eq!(outcome.out, "refused\nno route\n");
    assert!(listener.accept().is_err());
    assert_eq!(pod.out("grep -c @ /proc/net/unix; ls /sys/class/net 2>/dev/null; cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' ' | sort").trim(), "0\neth0\nlo");
}

#[test]
fn kstate_s_own_program_cannot_be_written_to_from_inside() {
    needs_namespaces!();
    let pod = Pod::with_mounts(Vec::new());
    let script = "printf '#!/proc/self/exe\\n' > /tmp/again; chmod +x /tmp/again; (/tmp/again; true) 2>/dev/null
        for p in /proc/[0-9]*/exe; do test -L $p && sh -c \"echo x >> $p\" 2>/dev/null && echo written; done; true";
    let before = std::fs::metadata(env!("CARGO_BIN_EXE_kstate")).unwrap().len();
    assert_eq!(pod.run(script).out, "");
    assert_eq!(std::fs::metadata(env!("CARGO_BIN_EXE_kstate")).unwrap().len(), before);
}

#[test]
fn a_program_gets_its_streams_and_no_other_descriptor() {
    needs_namespaces!();
    let pod = Pod::with_mounts(Vec::new());
    // The fourth is the folder that ls reads.
    assert_eq!(pod.out("exec ls /proc/self/fd"), "0\n1\n2\n3\n");
}

#[test]
fn an_emulated_server_follows_no_planted_link_out_of_its_volume() {
    needs_namespaces!();
    let mut pod = Pod::new();
    let outside = pod.path("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("index.html"), "outside").unwrap();
    let inside = pod.path("volumes/pvc-web-0").join(outside.strip_prefix("/").unwrap());
    std::fs::create_dir_all(&inside).unwrap();
    std::fs::write(inside.join("index.html"), "inside").unwrap();
    symlink(&outside, pod.path("volumes/pvc-web-0/link")).unwrap();
    pod.sandbox.mounts[0].sub_path = "link".into();
    pod.sandbox.servers[0].mounts[0].sub_path = "link".into();
    assert_eq!(pod.out("cat /usr/share/nginx/html/index.html; curl -s localhost"), "insideinside");
}

#[test]
fn the_host_s_devices_keep_their_modes_and_times() {
    needs_namespaces!();
    use std::os::unix::fs::MetadataExt;
    // /dev/full, which nothing else on the host misses should this fail.
    let before = std::fs::metadata("/dev/full").unwrap();
    let pod = Pod::with_mounts(Vec::new());
    let outcome =
        pod.run("chmod 600 /dev/full; touch -d @0 /dev/full; chown 0:0 /dev/full; echo x > /dev/null && echo works");
    assert_eq!(outcome.out, "works\n", "{outcome:?}");
    let after = std::fs::metadata("/dev/full").unwrap();
    assert_eq!((before.mode(), before.mtime(), before.ctime()), (after.mode(), after.mtime(), after.ctime()));
}

#[test]
fn what_no_namespace_holds_is_out_of_reach() {
    needs_namespaces!();
    if !std::path::Path::new("/usr/bin/python3").exists() {
        return;
    }
    let pod = Pod::with_mounts(Vec::new());
    let script = "
import ctypes, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def tried(kind):
    try:
        socket.socket(kind)
        return 'made'
    except OSError as e:
        return os.strerror(e.errno)
print(tried(socket.AF_VSOCK), tried(socket.AF_INET), tried(socket.AF_UNIX), sep=', ')
print('io_uring', libc.syscall(425, 1, ctypes.create_string_buffer(120)), os.strerror(ctypes.get_errno()))
";
    let out = pod.out(&format!("/usr/bin/python3 -c \"{script}\""));
    assert_eq!(out, "Address family not supported by protocol, made, made\nio_uring -1 Function not implemented\n");
}

#[test]
fn no_other_user_of_the_host_gets_at_the_volumes() {
    needs_namespaces!();
    use std::os::unix::fs::MetadataExt;
    let node = Source::Node { node: "n".into(), path: "/d".into() };
    let pod =
        Pod::with_mounts(vec![mount("/a", pvc("pvc-1")), mount("/b", node), mount("/c", Source::EmptyDir("e".into()))]);
    assert_eq!(pod.out("touch /a/f /b/f /c/f && echo written"), "written\n");
    for folder in ["volumes", "nodes", "pods/11111111-2222-3333-4444-555555555555"] {
        assert_eq!(std::fs::metadata(pod.path(folder)).unwrap().mode() & 0o077, 0, "{folder}");
    }
}
