//! The event loop of one pod's network: packets in, TCP by smoltcp, bytes to and from the other ends.
//!
//! Knows sockets; whom a packet means is the gate's.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd};

use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{LinkAddr, MsgFlags, SockaddrIn, recvfrom, sendto};
use smoltcp::iface::{Config, Interface, SocketSet};
use smoltcp::phy::{Checksum, ChecksumCapabilities, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{HardwareAddress, IpCidr};

use super::conversation::Conversation;
use super::gate::{Gate, Verdict};
use super::packet::GATEWAY;
use super::{Connection, Surroundings};
use crate::runtime::sandbox::Link;

/// The largest packet there is.
const LARGEST: usize = 65_535;
/// What a connection may have on its way to the other end, and to the pod.
const TO_INSIDE: usize = 128 << 10;
const TO_POD: usize = 512 << 10;
/// How many packets are taken in before they are answered.
const BATCH: usize = 64;
/// The most connections at a time; more are refused.
const CONNECTIONS: usize = 4096;

/// Serves a pod's packets until its interface is gone.
pub fn run(link: &Link, surroundings: Surroundings) {
    let gate = Gate::new(surroundings);
    let mut wire = Wire { link, ip: gate.ip(), incoming: VecDeque::new(), room: vec![0; LARGEST] };
    let mut interface = Interface::new(Config::new(HardwareAddress::Ip), &mut wire, now());
    interface.set_any_ip(true);
    // Both have room for one address and one route: there is no other.
    interface.update_ip_addrs(|all| {
        let _has_room = all.push(IpCidr::new(GATEWAY.into(), 32));
    });
    let _has_room = interface.routes_mut().add_default_ipv4_route(GATEWAY);
    let mut stack = Stack { gate, interface, sockets: SocketSet::new(Vec::new()), conversations: Vec::new() };
    while stack.wait(&wire) {
        stack.take_in(&mut wire);
        stack.interface.poll(now(), &mut wire, &mut stack.sockets);
        for conversation in &mut stack.conversations {
            conversation.exchange(stack.sockets.get_mut(conversation.handle));
        }
        stack.interface.poll(now(), &mut wire, &mut stack.sockets);
        stack.forget_ended();
    }
}

#[expect(clippy::disallowed_methods, reason = "the door to processes: timers of TCP, whatever the store's clock says")]
fn now() -> Instant {
    std::time::SystemTime::now().into()
}

struct Stack {
    gate: Gate,
    interface: Interface,
    sockets: SocketSet<'static>,
    conversations: Vec<Conversation>,
}

impl Stack {
    /// Waits until there is something to do; false when there never will be.
    fn wait(&mut self, wire: &Wire) -> bool {
        let timeout = self.interface.poll_delay(now(), &self.sockets);
        let mut fds = vec![PollFd::new(wire.link.leaving.as_fd(), PollFlags::POLLIN)];
        let interests = self.conversations.iter().filter_map(|c| c.interest(self.sockets.get(c.handle)));
        fds.extend(interests.map(|(fd, flags)| PollFd::new(fd, flags)));
        let polled = poll(&mut fds, timeout.map_or(PollTimeout::NONE, milliseconds));
        let gone = PollFlags::POLLERR | PollFlags::POLLHUP | PollFlags::POLLNVAL;
        polled.is_err() || fds[0].revents().is_none_or(|r| !r.intersects(gone))
    }

    fn take_in(&mut self, wire: &mut Wire) {
        for _ in 0..BATCH {
            let Some(bytes) = wire.next() else { return };
            let conversations = &self.conversations;
            let stands = |from, to| conversations.iter().any(|c| (c.from, c.to) == (from, to));
            match self.gate.judge(&bytes, stands) {
                Verdict::Drop => {}
                Verdict::Answer(packet) => wire.send(&packet),
                Verdict::Pass => wire.incoming.push_back(bytes),
                Verdict::Accept { from, to, inner } => {
                    self.accept(from, to, inner);
                    wire.incoming.push_back(bytes);
                }
            }
        }
    }

    /// Lets a connection in. Where there is no room for one more, nobody listens and TCP refuses it.
    fn accept(&mut self, from: SocketAddrV4, to: SocketAddrV4, inner: Connection) {
        if self.conversations.len() >= CONNECTIONS {
            return;
        }
        let buffer = |size| SocketBuffer::new(vec![0; size]);
        let mut socket = Socket::new(buffer(TO_INSIDE), buffer(TO_POD));
        socket.set_nagle_enabled(false);
        if socket.listen(to).is_ok() {
            let handle = self.sockets.add(socket);
            self.conversations.push(Conversation::new(handle, from, to, inner));
        }
    }

    /// A connection that has ended on both sides is forgotten at once: nothing is delayed on this wire, so that no segment
    /// of it will turn up late.
    fn forget_ended(&mut self) {
        let sockets = &mut self.sockets;
        self.conversations.retain(|conversation| {
            let socket: &Socket = sockets.get(conversation.handle);
            let ended = matches!(socket.state(), State::Closed | State::TimeWait) && socket.send_queue() == 0;
            if ended {
                sockets.remove(conversation.handle);
            }
            !ended
        });
    }
}

fn milliseconds(delay: Duration) -> PollTimeout {
    // Rounded up: a timer that is polled before its time is polled again and again.
    let whole = delay.total_micros().div_ceil(1000);
    PollTimeout::try_from(i32::try_from(whole).unwrap_or(i32::MAX)).unwrap_or(PollTimeout::NONE)
}

/// The pod's interface as smoltcp's device.
struct Wire<'l> {
    link: &'l Link,
    ip: Ipv4Addr,
    /// Packets for TCP.
    incoming: VecDeque<Vec<u8>>,
    /// Where a packet is read to.
    room: Vec<u8>,
}

impl Wire<'_> {
    /// The next packet that leaves the pod.
    fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let (length, sender) = recvfrom::<LinkAddr>(self.link.leaving.as_raw_fd(), &mut self.room).ok()?;
            let bytes = &self.room[..length];
            // What enters by the loopback interface has left by it before.
            if sender.is_some_and(|s| s.pkttype() == libc::PACKET_OUTGOING) && self.is_for_others(bytes) {
                return Some(bytes.to_vec());
            }
        }
    }

    /// Whether a packet is not the pod's own affair: on the loopback interface all of that is heard as well.
    fn is_for_others(&self, bytes: &[u8]) -> bool {
        let to: Option<[u8; 4]> = bytes.get(16..20).and_then(|b| b.try_into().ok());
        to.map(Ipv4Addr::from).is_some_and(|to| to != self.ip && !to.is_loopback() && !to.is_unspecified())
    }

    /// Sends a packet into the pod, and to nobody else: it would leave again and be heard here.
    fn send(&self, bytes: &[u8]) {
        if bytes.get(16..20).is_some_and(|to| to == self.ip.octets()) {
            let to = SockaddrIn::from(SocketAddrV4::new(self.ip, 0));
            let _pod_is_gone = sendto(self.link.entering.as_raw_fd(), bytes, &to, MsgFlags::empty());
        }
    }
}

/// A packet on its way to TCP.
struct Incoming(Vec<u8>);

impl RxToken for Incoming {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

/// Room for a packet from TCP.
struct Outgoing<'w>(&'w Wire<'w>);

impl TxToken for Outgoing<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut bytes = vec![0; length];
        let result = write(&mut bytes);
        self.0.send(&bytes);
        result
    }
}

impl Device for Wire<'_> {
    type RxToken<'a>
        = Incoming
    where
        Self: 'a;
    type TxToken<'a>
        = Outgoing<'a>
    where
        Self: 'a;

    fn receive(&mut self, _: Instant) -> Option<(Incoming, Outgoing<'_>)> {
        let bytes = self.incoming.pop_front()?;
        Some((Incoming(bytes), Outgoing(self)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Outgoing<'_>> {
        Some(Outgoing(self))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = LARGEST;
        // The pod's kernel leaves checksums to the device.
        let mut checksums = ChecksumCapabilities::default();
        (checksums.ipv4, checksums.tcp) = (Checksum::Tx, Checksum::Tx);
        capabilities.checksum = checksums;
        capabilities
    }
}
