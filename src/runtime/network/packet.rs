//! Single IP packets: what one asks for, and short answers. Pure; knows no socket and no connection.

use std::net::{Ipv4Addr, SocketAddrV4};

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    IPV4_HEADER_LEN, Icmpv4DstUnreachable, Icmpv4Packet, Icmpv4Repr, IpProtocol, Ipv4Packet, Ipv4Repr, TcpPacket,
    UDP_HEADER_LEN, UdpPacket, UdpRepr,
};

/// The cluster's gateway, whom refusals come from: an address that no pod gets.
pub const GATEWAY: Ipv4Addr = Ipv4Addr::new(172, 16, 0, 1);
/// As Linux sends.
const HOP_LIMIT: u8 = 64;
/// How much of a refused packet goes back with the refusal, behind its header (RFC 792 has 8, Linux sends more).
const QUOTED: usize = 64;

/// What a packet asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked<'p> {
    /// A new TCP connection.
    Connection {
        from: SocketAddrV4,
        to: SocketAddrV4,
    },
    /// Anything else of TCP.
    Segment,
    Datagram {
        from: SocketAddrV4,
        to: SocketAddrV4,
        payload: &'p [u8],
    },
    Ping {
        to: Ipv4Addr,
    },
    /// Nothing that is answered, to an address.
    Other,
}

/// Reads a packet; `None` for what is not whole or not IPv4.
///
/// Checksums are not looked at: the pod's kernel leaves them to the device, which is us.
pub fn read(bytes: &[u8]) -> Option<Asked<'_>> {
    let ip = Ipv4Packet::new_checked(bytes).ok()?;
    if ip.version() != 4 || ip.more_frags() || ip.frag_offset() != 0 {
        return None;
    }
    let (src, dst) = (ip.src_addr(), ip.dst_addr());
    let payload = ip.payload();
    Some(match ip.next_header() {
        IpProtocol::Tcp => {
            let tcp = TcpPacket::new_checked(payload).ok()?;
            let is_first = tcp.syn() && !tcp.ack() && !tcp.rst();
            let (from, to) = (SocketAddrV4::new(src, tcp.src_port()), SocketAddrV4::new(dst, tcp.dst_port()));
            if is_first { Asked::Connection { from, to } } else { Asked::Segment }
        }
        IpProtocol::Udp => {
            let udp = UdpPacket::new_checked(payload).ok()?;
            let (from, to) = (SocketAddrV4::new(src, udp.src_port()), SocketAddrV4::new(dst, udp.dst_port()));
            let start = payload.get(UDP_HEADER_LEN..usize::from(udp.len()))?;
            Asked::Datagram { from, to, payload: start }
        }
        IpProtocol::Icmp => {
            let icmp = Icmpv4Packet::new_checked(payload).ok()?;
            let any = ChecksumCapabilities::ignored();
            match Icmpv4Repr::parse(&icmp, &any) {
                Ok(Icmpv4Repr::EchoRequest { .. }) => Asked::Ping { to: dst },
                _ => Asked::Other,
            }
        }
        _ => Asked::Other,
    })
}

/// A packet with a datagram.
pub fn datagram(from: SocketAddrV4, to: SocketAddrV4, payload: &[u8]) -> Vec<u8> {
    let header = UdpRepr { src_port: from.port(), dst_port: to.port() };
    let length = header.header_len() + payload.len();
    let (src, dst) = ((*from.ip()).into(), (*to.ip()).into());
    packet(*from.ip(), *to.ip(), IpProtocol::Udp, length, |buffer| {
        let fill = |room: &mut [u8]| room.copy_from_slice(payload);
        let mut packet = UdpPacket::new_unchecked(buffer);
        header.emit(&mut packet, &src, &dst, payload.len(), fill, &ChecksumCapabilities::default());
    })
}

/// Says to its sender that a packet led nowhere: to no host, or to no port of one.
pub fn unreachable(bytes: &[u8], host_exists: bool) -> Option<Vec<u8>> {
    let ip = Ipv4Packet::new_checked(bytes).ok()?;
    let header = Ipv4Repr::parse(&ip, &ChecksumCapabilities::ignored()).ok()?;
    let (reason, from) = match host_exists {
        true => (Icmpv4DstUnreachable::PortUnreachable, header.dst_addr),
        false => (Icmpv4DstUnreachable::HostUnreachable, GATEWAY),
    };
    let quoted = ip.payload().get(..QUOTED).unwrap_or(ip.payload());
    let refusal = Icmpv4Repr::DstUnreachable { reason, header, data: quoted };
    Some(icmp(from, header.src_addr, &refusal))
}

/// The answer to a ping, in the name of whom it was for.
pub fn pong(bytes: &[u8]) -> Option<Vec<u8>> {
    let ip = Ipv4Packet::new_checked(bytes).ok()?;
    let request = Icmpv4Packet::new_checked(ip.payload()).ok()?;
    let Ok(Icmpv4Repr::EchoRequest { ident, seq_no, data }) =
        Icmpv4Repr::parse(&request, &ChecksumCapabilities::ignored())
    else {
        return None;
    };
    Some(icmp(ip.dst_addr(), ip.src_addr(), &Icmpv4Repr::EchoReply { ident, seq_no, data }))
}

fn icmp(from: Ipv4Addr, to: Ipv4Addr, message: &Icmpv4Repr) -> Vec<u8> {
    packet(from, to, IpProtocol::Icmp, message.buffer_len(), |buffer| {
        message.emit(&mut Icmpv4Packet::new_unchecked(buffer), &ChecksumCapabilities::default());
    })
}

fn packet(src: Ipv4Addr, dst: Ipv4Addr, kind: IpProtocol, length: usize, fill: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let header =
        Ipv4Repr { src_addr: src, dst_addr: dst, next_header: kind, payload_len: length, hop_limit: HOP_LIMIT };
    let mut bytes = vec![0; IPV4_HEADER_LEN + length];
    header.emit(&mut Ipv4Packet::new_unchecked(&mut bytes[..]), &ChecksumCapabilities::default());
    fill(&mut bytes[IPV4_HEADER_LEN..]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: Ipv4Addr = Ipv4Addr::new(172, 16, 0, 7);
    const DNS: Ipv4Addr = Ipv4Addr::new(10, 247, 3, 10);

    #[test]
    fn a_datagram_is_read_as_it_was_written() {
        let (from, to) = (SocketAddrV4::new(POD, 4000), SocketAddrV4::new(DNS, 53));
        let bytes = datagram(from, to, b"who");
        assert_eq!(read(&bytes), Some(Asked::Datagram { from, to, payload: b"who" }));
        for length in 0..bytes.len() {
            assert_eq!(read(&bytes[..length]), None, "{length}");
        }
    }

    #[test]
    fn a_refusal_names_the_host_or_the_gateway() {
        let bytes = datagram(SocketAddrV4::new(POD, 4000), SocketAddrV4::new(DNS, 53), b"who");
        for (exists, from, code) in [(true, DNS, 3), (false, GATEWAY, 1)] {
            let refusal = unreachable(&bytes, exists).unwrap();
            let ip = Ipv4Packet::new_checked(&refusal[..]).unwrap();
            assert!(ip.verify_checksum());
            assert_eq!((ip.src_addr(), ip.dst_addr()), (from, POD));
            let icmp = Icmpv4Packet::new_checked(ip.payload()).unwrap();
            assert!(icmp.verify_checksum());
            assert_eq!(icmp.msg_code(), code);
            assert_eq!(read(&refusal), Some(Asked::Other));
        }
    }

    #[test]
    fn a_ping_is_answered_with_what_it_brought() {
        let request = Icmpv4Repr::EchoRequest { ident: 7, seq_no: 1, data: b"abc" };
        let bytes = icmp(POD, DNS, &request);
        assert_eq!(read(&bytes), Some(Asked::Ping { to: DNS }));
        let reply = pong(&bytes).unwrap();
        assert!(reply.ends_with(b"abc"));
        assert_eq!(pong(&reply), None);
    }
}
