//! A script that tries to get out of a pod: onto the host's network, its processes, files, devices and kernel.

use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;

use nix::sys::stat::{Mode, umask};

use crate::cluster::Cluster;
use crate::needs_namespaces;

/// Prints a line for each way out that is open.
const SCRIPT: &str = r#"
import ctypes, os, socket, subprocess, sys
port, abstract, home = int(sys.argv[1]), sys.argv[2], sys.argv[3]
libc = ctypes.CDLL(None, use_errno=True)

def open_way(name):
    def run(attempt):
        try:
            if attempt():
                print(name, flush=True)
        except OSError:
            pass
    return run

def tcp(address):
    def attempt():
        with socket.socket() as s:
            s.settimeout(3)
            s.connect((address, port))
            return True
    return attempt

for address in ["127.0.0.1", "127.0.0.2", "0.0.0.0", "10.247.3.10", "172.16.0.1", "169.254.169.254"] + sys.argv[4:]:
    open_way("host's listener at " + address)(tcp(address))

@open_way("host's listener by IPv6")
def _():
    with socket.socket(socket.AF_INET6) as s:
        s.settimeout(3)
        s.connect(("::1", port))
        return True

@open_way("host's abstract socket")
def _():
    with socket.socket(socket.AF_UNIX) as s:
        s.connect("\0" + abstract)
        return True

for name, kind in [("packet socket", (socket.AF_PACKET, socket.SOCK_RAW)), ("raw socket", (socket.AF_INET, socket.SOCK_RAW, 1))]:
    @open_way(name)
    def _():
        socket.socket(*kind).close()
        return True

@open_way("interfaces of the host")
def _():
    return {name for _, name in socket.if_nameindex()} - {"lo", "eth0"}

for path in ["/proc/1/root/etc/passwd", "/proc/1/cwd", "/proc/1/mem", "/proc/1/ns/net", "/proc/kcore", "/dev/mem", "/dev/net/tun", home + "/state.db", "/sys/kernel"]:
    @open_way("file " + path)
    def _():
        os.close(os.open(path, os.O_RDONLY))
        return True

@open_way("ptrace of pid 1")
def _():
    return libc.ptrace(16, 1, 0, 0) == 0

for name, flags in [("mount", None), ("umount", 0)]:
    @open_way(name)
    def _():
        if flags is None:
            return libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0
        return libc.umount2(b"/proc", 2) == 0

@open_way("device")
def _():
    os.mknod("/tmp/device", 0o600 | 0o060000, os.makedev(8, 0))
    return True

@open_way("setuid program of another user")
def _():
    libc.setresuid(1234, 1234, 1234)
    return os.getuid() == 1234

@open_way("network of another namespace")
def _():
    # A user namespace of its own is allowed; what it makes there must lead nowhere.
    pid = os.fork()
    if pid == 0:
        ok = libc.unshare(0x10000000 | 0x40000000) == 0
        try:
            reached = ok and tcp("127.0.0.1")()
        except OSError:
            reached = False
        os._exit(7 if reached else 0)
    return os.waitpid(pid, 0)[1] >> 8 == 7

for name in ["core_pattern", "modprobe", "hostname"]:
    @open_way("kernel setting " + name)
    def _():
        with open("/proc/sys/kernel/" + name, "w") as f:
            f.write("x")
        return True

@open_way("module")
def _():
    return libc.syscall(313, 0, b"", 0) == 0

@open_way("descriptors")
def _():
    return [fd for fd in os.listdir("/proc/self/fd") if int(fd) > 3]

@open_way("processes of the host")
def _():
    own = os.getpid()
    return [p for p in os.listdir("/proc") if p.isdigit() and int(p) not in (1, own, os.getppid())]
print("end")
"#;

#[test]
fn a_script_that_tries_everything_finds_no_way_out() {
    needs_namespaces!();
    if !Path::new("/usr/bin/python3").exists() {
        return;
    }
    let _mask = umask(Mode::from_bits_truncate(0o022));
    let cluster = Cluster::of_two();
    let everywhere = TcpListener::bind("0.0.0.0:0").unwrap();
    everywhere.set_nonblocking(true).unwrap();
    let port = everywhere.local_addr().unwrap().port().to_string();
    let name = format!("kstate-test-{}", std::process::id());
    let abstract_socket = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    abstract_socket.set_nonblocking(true).unwrap();
    let node = cluster.field("node/node-1", "{.status.addresses[0].address}");
    let home = cluster.home.path().display().to_string();
    let mut args = vec!["exec", "nginx-0", "--", "/usr/bin/python3", "-c", SCRIPT, &port, &name, &home, &node];
    let own_addresses: Vec<String> = host_addresses();
    args.extend(own_addresses.iter().map(String::as_str));
    let output = cluster.run(&args);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "end\n", "{output:?}");
    assert!(everywhere.accept().is_err() && abstract_socket.accept().is_err());
}

/// The addresses of this machine's interfaces.
fn host_addresses() -> Vec<String> {
    let all = nix::ifaddrs::getifaddrs().unwrap().filter_map(|i| i.address);
    all.filter_map(|a| a.as_sockaddr_in().map(|a| a.ip().to_string())).collect()
}
