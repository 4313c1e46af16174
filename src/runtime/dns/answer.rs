//! From the bytes of a query to the bytes of its answer.
//!
//! Pure. Knows the wire format; what names hold is `zone`'s.

use simple_dns::rdata::{A, AAAA, CNAME, NS, OPT, PTR, RData, SOA, SRV, TXT};
use simple_dns::{CLASS, Name, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, ResourceRecord, TYPE};

use super::Lookup;
use super::zone::{self, Data, Record, Resolution, TTL, Type};

/// The length of a header.
const HEADER: usize = 12;
/// The most that fits a datagram for a client that does not say otherwise.
const PLAIN_UDP: usize = 512;
/// The most we put into a datagram, and say so (CoreDNS's own bound).
const LARGE_UDP: u16 = 4096;

/// Answers a query; nothing is sent (empty) for what is no query at all.
pub fn answer(query: &[u8], lookup: &dyn Lookup, over_tcp: bool) -> Vec<u8> {
    if query.len() < HEADER || query[2] & 0x80 != 0 {
        return Vec::new();
    }
    match Packet::parse(query) {
        Ok(packet) => respond(&packet, lookup, over_tcp),
        Err(_) => unknown_type(query, lookup, over_tcp).unwrap_or_else(|| bare(query, RCODE::FormatError)),
    }
}

/// A header alone, for a query that cannot be read.
fn bare(query: &[u8], code: RCODE) -> Vec<u8> {
    let mut header = [0; HEADER];
    header[..2].copy_from_slice(&query[..2]);
    // QR, the query's opcode and RD; then the code.
    header[2] = 0x80 | (query[2] & 0x79);
    header[3] = code as u8;
    header.to_vec()
}

/// A query for a type that simple-dns does not know, answered as one for a type that no name has.
fn unknown_type(query: &[u8], lookup: &dyn Lookup, over_tcp: bool) -> Option<Vec<u8>> {
    let mut at = HEADER;
    loop {
        match *query.get(at)? {
            0 => break,
            length @ 1..64 => at += usize::from(length) + 1,
            _ => return None,
        }
    }
    let type_at = at + 1..at + 3;
    let asked = query.get(type_at.clone())?.to_vec();
    let mut known = query.to_vec();
    known.get_mut(type_at.clone())?.copy_from_slice(&u16::from(TYPE::NULL).to_be_bytes());
    let mut answer = respond(&Packet::parse(&known).ok()?, lookup, over_tcp);
    // The question stands where it stood in the query.
    answer.get_mut(type_at)?.copy_from_slice(&asked);
    Some(answer)
}

fn respond(query: &Packet, lookup: &dyn Lookup, over_tcp: bool) -> Vec<u8> {
    let mut reply = reply_to(query);
    if query.opcode() != OPCODE::StandardQuery {
        *reply.rcode_mut() = RCODE::NotImplemented;
    } else if query.opt().is_some_and(|opt| opt.version != 0) {
        *reply.rcode_mut() = RCODE::BADVERS;
    } else if let [question] = query.questions.as_slice() {
        fill(&mut reply, question, lookup);
    } else {
        *reply.rcode_mut() = RCODE::FormatError;
    }
    let limit = match query.opt() {
        _ if over_tcp => usize::from(u16::MAX),
        Some(opt) => usize::from(opt.udp_packet_size.min(LARGE_UDP)).max(PLAIN_UDP),
        None => PLAIN_UDP,
    };
    fit(reply, limit)
}

fn reply_to<'q>(query: &Packet<'q>) -> Packet<'q> {
    let mut reply = Packet::new_reply(query.id());
    *reply.opcode_mut() = query.opcode();
    // Not that it ever asks another server: without it, nslookup turns to the next one.
    reply.set_flags(PacketFlag::RECURSION_AVAILABLE);
    if query.has_flags(PacketFlag::RECURSION_DESIRED) {
        reply.set_flags(PacketFlag::RECURSION_DESIRED);
    }
    if query.opt().is_some() {
        *reply.opt_mut() = Some(OPT { opt_codes: Vec::new(), udp_packet_size: LARGE_UDP, version: 0 });
    }
    reply.questions.clone_from(&query.questions);
    reply
}

fn fill<'q>(reply: &mut Packet<'q>, question: &Question<'q>, lookup: &dyn Lookup) {
    let labels = labels(&question.qname);
    let transfer = matches!(question.qtype, QTYPE::AXFR | QTYPE::IXFR);
    let internet = matches!(question.qclass, QCLASS::ANY | QCLASS::CLASS(CLASS::IN));
    if transfer || !internet {
        *reply.rcode_mut() = RCODE::Refused;
        return;
    }
    match zone::resolve(&labels, type_of(question.qtype), lookup) {
        Err(_) => *reply.rcode_mut() = RCODE::ServerFailure,
        Ok(Resolution::Refused) => *reply.rcode_mut() = RCODE::Refused,
        Ok(Resolution::NoSuchName) => {
            *reply.rcode_mut() = RCODE::NameError;
            if zone::zone_labels(&labels).is_some() {
                deny(reply, &question.qname, lookup.serial());
            }
        }
        Ok(Resolution::Found(answers, _)) if answers.is_empty() => deny(reply, &question.qname, lookup.serial()),
        Ok(Resolution::Found(answers, additional)) => {
            reply.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
            let wire = |r: Record| to_wire(r, &question.qname, lookup.serial());
            reply.answers = answers.into_iter().filter_map(wire).collect();
            reply.additional_records = additional.into_iter().filter_map(wire).collect();
        }
    }
}

/// The name's labels in lower case; bytes that are not UTF-8 are replaced, and then name nothing.
fn labels(name: &Name) -> Vec<String> {
    name.iter().map(|l| String::from_utf8_lossy(l.as_ref()).to_lowercase()).collect()
}

fn type_of(kind: QTYPE) -> Type {
    match kind {
        QTYPE::TYPE(TYPE::A) => Type::A,
        QTYPE::TYPE(TYPE::AAAA) => Type::Aaaa,
        QTYPE::TYPE(TYPE::CNAME) => Type::Cname,
        QTYPE::TYPE(TYPE::NS) => Type::Ns,
        QTYPE::TYPE(TYPE::PTR) => Type::Ptr,
        QTYPE::TYPE(TYPE::SOA) => Type::Soa,
        QTYPE::TYPE(TYPE::SRV) => Type::Srv,
        QTYPE::TYPE(TYPE::TXT) => Type::Txt,
        _ => Type::Other,
    }
}

/// Says that there is nothing, and for how long that may be believed.
fn deny<'q>(reply: &mut Packet<'q>, asked: &Name<'q>, serial: u32) {
    reply.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
    reply.name_servers.push(ResourceRecord::new(zone_of(asked), CLASS::IN, TTL, soa(asked, serial)));
}

/// The zone, in the spelling of the name that was asked for.
fn zone_of<'q>(asked: &Name<'q>) -> Name<'q> {
    let labels = asked.get_labels();
    Name::new_with_labels(&labels[labels.len().saturating_sub(2)..])
}

fn soa<'q>(asked: &Name<'q>, serial: u32) -> RData<'q> {
    let zone = zone_of(asked);
    let below = |prefix: &[&'static str]| {
        let own = prefix.iter().map(|l| simple_dns::Label::new_unchecked(l.as_bytes()));
        Name::new_with_labels(&own.chain(zone.get_labels().iter().cloned()).collect::<Vec<_>>())
    };
    let (mname, rname) = (below(&["ns", "dns"]), below(&["hostmaster"]));
    RData::SOA(SOA { mname, rname, serial, refresh: 7200, retry: 1800, expire: 86400, minimum: TTL })
}

/// `None` for a name that cannot be written, such as an ExternalName with an empty label.
fn to_wire<'q>(record: Record, asked: &Name<'q>, serial: u32) -> Option<ResourceRecord<'q>> {
    let owner = match record.owner {
        Some(owner) => name(&owner)?,
        None => asked.clone(),
    };
    let data = match record.data {
        Data::A(ip) => RData::A(A::from(ip)),
        Data::Aaaa(ip) => RData::AAAA(AAAA::from(ip)),
        Data::Cname(target) => RData::CNAME(CNAME(name(&target)?)),
        Data::Ns(target) => RData::NS(NS(name(&target)?)),
        Data::Ptr(target) => RData::PTR(PTR(name(&target)?)),
        Data::Soa => soa(asked, serial),
        Data::Srv { weight, port, target } => RData::SRV(SRV { priority: 0, weight, port, target: name(&target)? }),
        Data::Txt(text) => RData::TXT(TXT::new().with_string(text).ok()?),
    };
    Some(ResourceRecord::new(owner, CLASS::IN, record.ttl, data))
}

fn name(text: &str) -> Option<Name<'static>> {
    Some(Name::new(text).ok()?.into_owned())
}

/// The reply's bytes, within a limit: additional records go first, then answers, and the client is told (TC).
fn fit(mut reply: Packet, limit: usize) -> Vec<u8> {
    loop {
        let bytes = match reply.build_bytes_vec_compressed() {
            Ok(bytes) if bytes.len() <= limit => return bytes,
            Ok(bytes) => bytes,
            Err(_) => return Vec::new(),
        };
        if reply.additional_records.pop().is_some() {
            continue;
        }
        // Each record takes 16 bytes at least: what is too long by more than that loses several at once.
        let surplus = (bytes.len() - limit).div_ceil(64).max(1);
        if reply.answers.is_empty() {
            return Vec::new();
        }
        reply.answers.truncate(reply.answers.len().saturating_sub(surplus));
        reply.set_flags(PacketFlag::TRUNCATION);
    }
}
