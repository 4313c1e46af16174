//! The two netlink messages that a pod's network needs: a pair of virtual interfaces, and a route.
//!
//! Written by hand: two messages with a handful of attributes, where the netlink crates bring a table of hundreds.

use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::libc;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket};

/// The attribute of veth's own data that holds the other end (`VETH_INFO_PEER`).
const PEER: u16 = 1;
/// The length of a message's header, and so the place of an answer's error number.
const HEADER: usize = 16;

/// Makes a pair of virtual interfaces: `name` in the calling process's network namespace, a peer of the same name in
/// `other`. The end here has the hardware address that container networks derive from an IP address.
///
/// # Errors
/// The kernel's: EOPNOTSUPP where it has no veth.
pub fn make_pair(name: &str, ip: Ipv4Addr, other: &OwnedFd) -> nix::Result<()> {
    let name = [name.as_bytes(), &[0]].concat();
    let far_end = [
        interface(),
        attribute(libc::IFLA_IFNAME, &name),
        attribute(libc::IFLA_NET_NS_FD, &other.as_raw_fd().to_ne_bytes()),
    ]
    .concat();
    let kind = attribute(libc::IFLA_INFO_KIND, b"veth");
    let data = attribute(libc::IFLA_INFO_DATA, &attribute(PEER, &far_end));
    let [a, b, c, d] = ip.octets();
    let body = [
        interface(),
        attribute(libc::IFLA_IFNAME, &name),
        attribute(libc::IFLA_ADDRESS, &[0x0a, 0x58, a, b, c, d]),
        attribute(libc::IFLA_LINKINFO, &[kind, data].concat()),
    ]
    .concat();
    ask(libc::RTM_NEWLINK, &body)
}

/// Everything that is not the namespace's own leaves by an interface.
///
/// # Errors
/// The kernel's.
pub fn add_default_route(interface: &str) -> nix::Result<()> {
    let index = if_nametoindex(interface)?;
    let (family, table) = (libc::AF_INET as u8, libc::RT_TABLE_MAIN);
    // struct rtmsg: family, lengths of destination and source, service, table, origin, scope, type; then flags.
    let (origin, scope, kind) = (libc::RTPROT_BOOT, libc::RT_SCOPE_LINK, libc::RTN_UNICAST);
    let route = [family, 0, 0, 0, table, origin, scope, kind, 0, 0, 0, 0];
    let body = [&route[..], &attribute(libc::RTA_OIF, &index.to_ne_bytes())].concat();
    ask(libc::RTM_NEWROUTE, &body)
}

fn ask(kind: u16, body: &[u8]) -> nix::Result<()> {
    let netlink = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkRoute)?;
    let kernel = NetlinkAddr::new(0, 0);
    sendto(netlink.as_raw_fd(), &message(kind, body), &kernel, MsgFlags::empty())?;
    let mut answer = [0; 4096];
    let length = recv(netlink.as_raw_fd(), &mut answer, MsgFlags::empty())?;
    let number = answer[..length].get(HEADER..HEADER + 4).and_then(|bytes| bytes.try_into().ok());
    match number.map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(error) => Err(Errno::from_raw(-error)),
        None => Err(Errno::EBADMSG),
    }
}

/// A `struct nlmsghdr` (length, type, flags, sequence number, sender) and its body.
fn message(kind: u16, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(HEADER + body.len()).unwrap_or(u32::MAX);
    let flags = libc::NLM_F_REQUEST | libc::NLM_F_ACK | libc::NLM_F_CREATE | libc::NLM_F_EXCL;
    let flags = u16::try_from(flags).unwrap_or_default();
    let header = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &flags.to_ne_bytes(), &1_u32.to_ne_bytes(), &[0; 4]];
    [&header.concat(), body].concat()
}

/// An empty `struct ifinfomsg`: a new interface without flags.
fn interface() -> Vec<u8> {
    vec![0; 16]
}

/// A `struct rtattr` with its content, filled up to a multiple of four bytes.
fn attribute(kind: u16, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + content.len()).unwrap_or(u16::MAX);
    let mut bytes = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), content].concat();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_filled_up_and_say_their_own_length() {
        let want = [&9_u16.to_ne_bytes()[..], &3_u16.to_ne_bytes(), b"eth0\0\0\0\0"].concat();
        assert_eq!(attribute(3, b"eth0\0"), want);
        let whole = message(16, &attribute(3, b"eth0\0"));
        assert_eq!(whole[..4], 28_u32.to_ne_bytes());
        assert_eq!(whole.len(), 28);
    }
}
