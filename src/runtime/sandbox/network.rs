//! A pod's network: loopback, with the pod's own address on it, and no way out. Knows no server.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use super::failure::{Failure, Step};

/// Sets up the calling process's network namespace.
///
/// # Errors
/// When the namespace is not this process's to change.
pub fn set_up(ip: Ipv4Addr) -> Result<(), Failure> {
    let control =
        socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None).step("open a socket")?;
    bring_up(&control, "lo").step("bring the loopback interface up")?;
    if !ip.is_loopback() && !ip.is_unspecified() {
        add_address(&control, "lo:0", ip).step("give the pod its address")?;
    }
    // As containerd sets them: any user of the pod may listen on port 80 and ping.
    setting("ip_unprivileged_port_start", "0");
    setting("ping_group_range", "0 0");
    Ok(())
}

/// Listens on a port of every address of this namespace.
pub fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port))
}

/// Writes a setting of this namespace. Kernels built without it do without it.
fn setting(name: &str, value: &str) {
    let file = OpenOptions::new().write(true).open(format!("/proc/sys/net/ipv4/{name}"));
    let _unknown = file.and_then(|mut f| f.write_all(value.as_bytes()));
}

/// Makes a tap device that lasts as long as `tun`, an open /dev/net/tun.
pub fn make_tap(tun: &OwnedFd, name: &str) -> nix::Result<()> {
    let mut request = request(name);
    request.ifr_ifru.ifru_flags = (libc::IFF_TAP | libc::IFF_NO_PI) as libc::c_short;
    ioctl(tun, libc::TUNSETIFF as _, &mut request)
}

fn request(interface: &str) -> libc::ifreq {
    // SAFETY: all zeros is a valid ifreq.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(interface.bytes()) {
        *to = from.cast_signed();
    }
    request
}

fn ioctl(control: &OwnedFd, call: libc::c_ulong, request: &mut libc::ifreq) -> nix::Result<()> {
    // SAFETY: the call reads or writes one ifreq, which this is. The number's type differs between C libraries.
    Errno::result(unsafe { libc::ioctl(control.as_raw_fd(), call as _, request) }).map(drop)
}

fn bring_up(control: &OwnedFd, interface: &str) -> nix::Result<()> {
    let mut request = request(interface);
    ioctl(control, libc::SIOCGIFFLAGS as _, &mut request)?;
    // SAFETY: the flags are what the call above has filled in.
    unsafe { request.ifr_ifru.ifru_flags |= libc::IFF_UP as libc::c_short };
    ioctl(control, libc::SIOCSIFFLAGS as _, &mut request)
}

fn add_address(control: &OwnedFd, interface: &str, ip: Ipv4Addr) -> nix::Result<()> {
    for (call, address) in [(libc::SIOCSIFADDR, ip), (libc::SIOCSIFNETMASK, Ipv4Addr::BROADCAST)] {
        let mut request = request(interface);
        request.ifr_ifru.ifru_addr = socket_address(address);
        ioctl(control, call as _, &mut request)?;
    }
    Ok(())
}

fn socket_address(ip: Ipv4Addr) -> libc::sockaddr {
    let mut data = [0; 14];
    for (to, from) in data[2..6].iter_mut().zip(ip.octets()) {
        *to = from.cast_signed();
    }
    libc::sockaddr { sa_family: libc::AF_INET as libc::sa_family_t, sa_data: data }
}
