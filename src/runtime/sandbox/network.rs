//! A pod's network namespace: loopback, eth0 with the pod's own address, and behind eth0 nothing but kstate, which gets
//! each packet that leaves by it and answers in the place of the cluster. Knows no server and no cluster.
//!
//! The far end of eth0 lies in a namespace of its own that nobody else is in. Where the kernel has no veth, the pod's
//! address is on the loopback interface, and what is for others leaves by that.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use nix::net::if_::if_nametoindex;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockProtocol, SockType, SockaddrIn, connect as begin_to_connect, getsockopt, socket,
    sockopt,
};

use super::failure::{Failure, Step};
use super::netlink;

/// The pod's interface.
const ETHERNET: &str = "eth0";
const LOOPBACK: &str = "lo";
/// How long a program of the pod may take to let a connection in: its queue may be full.
const ADMISSION_MILLISECONDS: u16 = 500;

/// What the rest of the cluster is reached by. Lasts as long as it is kept.
#[derive(Debug)]
pub struct Link {
    /// Hears each packet that leaves the pod by its interface.
    pub leaving: OwnedFd,
    /// Takes whole packets for the pod.
    pub entering: OwnedFd,
    /// Keeps the namespace of the interface's far end.
    _far_end: Option<OwnedFd>,
}

impl Link {
    /// The same link in another process, which goes when the pod goes.
    pub fn of(leaving: OwnedFd, entering: OwnedFd) -> Link {
        Link { leaving, entering, _far_end: None }
    }
}

/// Sets up the calling process's network namespace.
///
/// # Errors
/// When the namespace is not this process's to change.
pub fn set_up(ip: Ipv4Addr) -> Result<Link, Failure> {
    let control = control().step("open a socket")?;
    bring_up(&control, LOOPBACK, 0).step("bring the loopback interface up")?;
    // As containerd sets them: any user of the pod may listen on port 80 and ping.
    setting("net/ipv4/ip_unprivileged_port_start", "0");
    setting("net/ipv4/ping_group_range", "0 0");
    no_ipv6();
    let far_end = make_pair(ip).ok();
    let name = if far_end.is_some() { ETHERNET } else { LOOPBACK };
    if far_end.is_some() {
        // There is nobody at the other end to be asked for hardware addresses.
        bring_up(&control, ETHERNET, libc::IFF_NOARP).step("bring eth0 up")?;
    }
    if !ip.is_loopback() && !ip.is_unspecified() {
        let name = if far_end.is_some() { ETHERNET } else { "lo:0" };
        add_address(&control, name, ip).step("give the pod its address")?;
    }
    netlink::add_default_route(name).step("add the route to the cluster")?;
    let leaving = hear(name).step("hear what leaves the pod")?;
    let raw = (SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::Raw);
    let entering = socket(AddressFamily::Inet, raw.0, raw.1, raw.2).step("open a socket for what enters the pod")?;
    Ok(Link { leaving, entering, _far_end: far_end })
}

fn control() -> nix::Result<OwnedFd> {
    socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)
}

/// Makes eth0 and, in a new namespace, its far end; gives a socket of that namespace, which lasts as long as the socket.
fn make_pair(ip: Ipv4Addr) -> nix::Result<OwnedFd> {
    let pod = own_namespace()?;
    unshare(CloneFlags::CLONE_NEWNET)?;
    no_ipv6();
    let far = own_namespace().and_then(|namespace| Ok((namespace, control()?)));
    setns(&pod, CloneFlags::CLONE_NEWNET)?;
    let (namespace, far_control) = far?;
    netlink::make_pair(ETHERNET, ip, &namespace)?;
    // Without a carrier nothing would leave.
    bring_up(&far_control, ETHERNET, libc::IFF_NOARP)?;
    Ok(far_control)
}

#[expect(clippy::disallowed_methods, reason = "the door to processes: a handle on this process's namespace")]
fn own_namespace() -> nix::Result<OwnedFd> {
    let file = File::open("/proc/self/ns/net").map_err(|e| Errno::from_raw(e.raw_os_error().unwrap_or_default()))?;
    Ok(file.into())
}

/// A socket that hears every packet that leaves by an interface, without its frame.
fn hear(interface: &str) -> nix::Result<OwnedFd> {
    let index = if_nametoindex(interface)?;
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: the call takes numbers; the descriptor is new and nobody else's.
    let packets = unsafe {
        let fd = Errno::result(libc::socket(libc::AF_PACKET, kind, 0))?;
        OwnedFd::from_raw_fd(fd)
    };
    // SAFETY: all zeros is a valid address.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    // Packets that leave are shown only to who asks for all protocols.
    address.sll_protocol = u16::try_from(libc::ETH_P_ALL).unwrap_or_default().to_be();
    address.sll_ifindex = index.cast_signed();
    let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: the address is as long as it says.
    Errno::result(unsafe { libc::bind(packets.as_raw_fd(), (&raw const address).cast(), length) })?;
    let most = 4 << 20;
    // As much as the host allows.
    let _less = nix::sys::socket::setsockopt(&packets, sockopt::RcvBuf, &most);
    Ok(packets)
}

/// Listens on a port of every address of this namespace.
pub fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port))
}

/// Connects to a program of this namespace; `None` when nobody listens there.
pub fn connect(ip: Ipv4Addr, port: u16) -> Option<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let stream = socket(AddressFamily::Inet, SockType::Stream, flags, None).ok()?;
    let address = SockaddrIn::from(SocketAddrV4::new(ip, port));
    match begin_to_connect(stream.as_raw_fd(), &address) {
        Ok(()) => {}
        Err(Errno::EINPROGRESS) => {
            let mut fds = [PollFd::new(stream.as_fd(), PollFlags::POLLOUT)];
            let answered = poll(&mut fds, ADMISSION_MILLISECONDS).is_ok_and(|n| n > 0);
            if !answered || getsockopt(&stream, sockopt::SocketError) != Ok(0) {
                return None;
            }
        }
        Err(_) => return None,
    }
    fcntl(&stream, FcntlArg::F_SETFL(OFlag::empty())).ok()?;
    Some(stream)
}

/// The cluster has no IPv6: no address is made up for eth0. Localhost keeps its own.
fn no_ipv6() {
    setting("net/ipv6/conf/default/disable_ipv6", "1");
}

/// Writes a setting of this namespace. Kernels built without it do without it.
fn setting(name: &str, value: &str) {
    let file = OpenOptions::new().write(true).open(format!("/proc/sys/{name}"));
    let _unknown = file.and_then(|mut f| f.write_all(value.as_bytes()));
}

/// Makes a pair of interfaces in namespaces of this process, as a trial.
///
/// # Errors
/// When this machine has no veth.
pub fn try_pair() -> nix::Result<()> {
    make_pair(Ipv4Addr::new(172, 16, 0, 1)).map(drop)
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

fn bring_up(control: &OwnedFd, interface: &str, more: libc::c_int) -> nix::Result<()> {
    let mut request = request(interface);
    ioctl(control, libc::SIOCGIFFLAGS as _, &mut request)?;
    // SAFETY: the flags are what the call above has filled in.
    unsafe { request.ifr_ifru.ifru_flags |= (libc::IFF_UP | more) as libc::c_short };
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
