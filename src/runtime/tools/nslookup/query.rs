//! One question to one name server.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, ResourceRecord};

/// What a server said.
#[derive(Clone, Debug)]
pub struct Answer {
    pub server: SocketAddr,
    pub code: RCODE,
    pub authoritative: bool,
    /// It was too long for a datagram.
    pub over_tcp: bool,
    pub records: Vec<ResourceRecord<'static>>,
}

/// Asks by datagram, again after each timeout, and over TCP what does not fit one.
///
/// # Errors
/// InvalidInput for a name that is none; else what keeps the server from answering.
pub fn ask(server: SocketAddr, name: &str, kind: QTYPE, timeout: Duration, tries: u32) -> io::Result<Answer> {
    let name = Name::new(name).map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))?;
    let mut last = io::Error::from(io::ErrorKind::TimedOut);
    for id in 1..=tries.max(1) {
        let question = question(u16::try_from(id).unwrap_or(1), &name, kind)?;
        match by_datagram(server, &question, timeout) {
            Ok(bytes) if is_cut(&bytes) => return read(server, &over_tcp(server, &question, timeout)?, true),
            Ok(bytes) => return read(server, &bytes, false),
            Err(e) => last = e,
        }
    }
    Err(last)
}

/// Whether a server was silent, rather than absent.
pub fn is_timeout(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

fn question(id: u16, name: &Name, kind: QTYPE) -> io::Result<Vec<u8>> {
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    packet.questions.push(Question::new(name.clone(), kind, QCLASS::CLASS(CLASS::IN), false));
    packet.build_bytes_vec().map_err(invalid)
}

fn invalid(e: simple_dns::SimpleDnsError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, e)
}

/// Datagrams that are no answer to this question are passed over, as long as they do not keep coming.
fn by_datagram(server: SocketAddr, question: &[u8], timeout: Duration) -> io::Result<Vec<u8>> {
    let any: SocketAddr =
        if server.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(any)?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(timeout))?;
    socket.send(question)?;
    let mut buffer = [0; 65535];
    for _ in 0..100 {
        let length = socket.recv(&mut buffer)?;
        if length >= 12 && buffer[..2] == question[..2] && buffer[2] & 0x80 != 0 {
            return Ok(buffer[..length].to_vec());
        }
    }
    Err(io::ErrorKind::TimedOut.into())
}

fn is_cut(bytes: &[u8]) -> bool {
    bytes.get(2).is_some_and(|flags| flags & 0x02 != 0)
}

fn over_tcp(server: SocketAddr, question: &[u8], timeout: Duration) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&server, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    let length = u16::try_from(question.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    stream.write_all(&[&length.to_be_bytes(), question].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

fn read(server: SocketAddr, bytes: &[u8], over_tcp: bool) -> io::Result<Answer> {
    let packet = Packet::parse(bytes).map_err(invalid)?;
    let known = |r: &ResourceRecord| !matches!(r.rdata, RData::Empty(_));
    Ok(Answer {
        server,
        code: packet.rcode(),
        authoritative: packet.has_flags(PacketFlag::AUTHORITATIVE_ANSWER),
        over_tcp,
        records: packet.answers.into_iter().filter(known).map(ResourceRecord::into_owned).collect(),
    })
}
