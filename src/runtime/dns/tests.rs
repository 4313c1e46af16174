//! Queries and answers over a small cluster.

use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;

use proptest::prelude::*;
use simple_dns::rdata::{OPT, RData};
use simple_dns::{CLASS, Name, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE};

use super::*;

/// A headless Service `nginx` with three pods, ClusterIP `web`, ExternalNames `ext`, `near` and `loop`, and `many`.
struct Double;

impl Lookup for Double {
    fn namespace(&self, name: &str) -> Result<bool, Status> {
        Ok(matches!(name, "default" | "kube-system"))
    }

    fn service(&self, namespace: &str, name: &str) -> Result<Option<Service>, Status> {
        let port = |name: &str, number| Port { name: name.to_owned(), protocol: "TCP".to_owned(), number };
        let service = |address, ports: Vec<Port>, pods: u8| {
            let endpoint = |n: u8| Endpoint {
                ip: Ipv4Addr::new(172, 16, 0, 19 + n),
                hostname: (n < 2).then(|| format!("nginx-{n}")),
                ports: ports.clone(),
            };
            Ok(Some(Service { address, ports: ports.clone(), endpoints: (0..pods).map(endpoint).collect() }))
        };
        let external = |to: &str| service(Address::ExternalName(to.to_owned()), vec![], 0);
        match (namespace, name) {
            ("default", "nginx") => service(Address::Headless, vec![port("web", 80)], 3),
            ("default", "none") => service(Address::Headless, vec![port("web", 80)], 0),
            ("default", "many") => service(Address::Headless, vec![], 200),
            ("default", "web") => {
                service(Address::ClusterIp(Ipv4Addr::new(10, 247, 0, 5)), vec![port("a", 80), port("b", 443)], 1)
            }
            ("default", "ext") => external("example.com."),
            ("default", "near") => external("web.default.svc.cluster.local"),
            ("default", "loop") => external("loop.default.svc.cluster.local"),
            ("default", "broken") => Err(Status::internal("broken")),
            ("kube-system", "kube-dns") => service(Address::ClusterIp(Ipv4Addr::new(10, 247, 3, 10)), vec![], 0),
            _ => Ok(None),
        }
    }

    fn named(&self, ip: Ipv4Addr) -> Result<Vec<Named>, Status> {
        let (namespace, service) = ("default".to_owned(), "nginx".to_owned());
        Ok(match ip.octets() {
            [10, 247, 0, 5] => vec![Named::Service { namespace, name: "web".to_owned() }],
            [172, 16, 0, 19] => vec![Named::Endpoint { namespace, service, hostname: Some("nginx-0".to_owned()) }],
            [172, 16, 0, 21] => vec![Named::Endpoint { namespace, service, hostname: None }],
            _ => vec![],
        })
    }

    fn serial(&self) -> u32 {
        7
    }
}

fn query(name: &str, kind: QTYPE) -> Vec<u8> {
    let mut packet = Packet::new_query(4711);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    packet.questions.push(Question::new(Name::new(name).unwrap(), kind, QCLASS::CLASS(CLASS::IN), false));
    packet.build_bytes_vec().unwrap()
}

/// The answer as one line: code, answers, then `+` and additional records, or the SOA's owner.
fn ask(name: &str, kind: TYPE) -> String {
    let bytes = answer(&query(name, QTYPE::TYPE(kind)), &Double, false);
    let reply = Packet::parse(&bytes).unwrap();
    assert_eq!(reply.id(), 4711);
    assert!(reply.has_flags(PacketFlag::RESPONSE | PacketFlag::RECURSION_DESIRED));
    assert_eq!(reply.questions[0].qname.to_string(), name);
    let mut words = vec![format!("{:?}", reply.rcode())];
    words.extend(reply.answers.iter().map(|r| data(&r.rdata)));
    words.extend(reply.additional_records.iter().map(|r| format!("+{}={}", r.name, data(&r.rdata))));
    words.extend(reply.name_servers.iter().map(|r| format!("{} {}", r.name, data(&r.rdata))));
    words.join(" ")
}

fn data(data: &RData) -> String {
    match data {
        RData::A(a) => Ipv4Addr::from(a.address).to_string(),
        RData::AAAA(a) => std::net::Ipv6Addr::from(a.address).to_string(),
        RData::CNAME(name) => format!("CNAME:{}", name.0),
        RData::PTR(name) => format!("PTR:{}", name.0),
        RData::NS(name) => format!("NS:{}", name.0),
        RData::SRV(srv) => format!("SRV:{}:{}:{}", srv.weight, srv.port, srv.target),
        RData::SOA(soa) => format!("SOA:{}:{}", soa.mname, soa.serial),
        RData::TXT(_) => "TXT".to_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
fn names_hold_what_coredns_says() {
    let (no_data, no_name) =
        ("NoError cluster.local SOA:ns.dns.cluster.local:7", "NameError cluster.local SOA:ns.dns.cluster.local:7");
    let domain = "svc.cluster.local";
    let cases: &[(&str, TYPE, &str)] = &[
        ("nginx.default.@", TYPE::A, "NoError 172.16.0.19 172.16.0.20 172.16.0.21"),
        ("NGINX.Default.svc.cluster.local", TYPE::A, "NoError 172.16.0.19 172.16.0.20 172.16.0.21"),
        ("nginx-1.nginx.default.@", TYPE::A, "NoError 172.16.0.20"),
        ("172-16-0-21.nginx.default.@", TYPE::A, "NoError 172.16.0.21"),
        ("172-16-0-20.nginx.default.@", TYPE::A, no_name),
        ("nginx-9.nginx.default.@", TYPE::A, no_name),
        ("web.default.@", TYPE::A, "NoError 10.247.0.5"),
        ("nginx-0.web.default.@", TYPE::A, "NoError 172.16.0.19"),
        ("web.default.@", TYPE::AAAA, no_data),
        ("web.default.@", TYPE::MX, no_data),
        ("web.other.@", TYPE::A, no_name),
        ("web.other.@", TYPE::AAAA, no_name),
        ("none.default.@", TYPE::A, no_name),
        (
            "web.default.@",
            TYPE::SRV,
            "NoError SRV:50:80:web.default.@ SRV:50:443:web.default.@ +web.default.@=10.247.0.5",
        ),
        ("_b._tcp.web.default.@", TYPE::SRV, "NoError SRV:100:443:web.default.@ +web.default.@=10.247.0.5"),
        ("_b._udp.web.default.@", TYPE::SRV, no_name),
        ("_web._tcp.nginx-0.default.@", TYPE::SRV, no_name),
        (
            "_web._tcp.nginx.default.@",
            TYPE::SRV,
            "NoError SRV:33:80:nginx-0.nginx.default.@ SRV:33:80:nginx-1.nginx.default.@ \
             SRV:33:80:172-16-0-21.nginx.default.@ +nginx-0.nginx.default.@=172.16.0.19 \
             +nginx-1.nginx.default.@=172.16.0.20 +172-16-0-21.nginx.default.@=172.16.0.21",
        ),
        ("many.default.@", TYPE::SRV, no_data),
        ("ext.default.@", TYPE::A, "NoError CNAME:example.com"),
        ("ext.default.@", TYPE::CNAME, "NoError CNAME:example.com"),
        ("ext.default.@", TYPE::SRV, no_data),
        ("a.ext.default.@", TYPE::A, no_name),
        ("near.default.@", TYPE::A, "NoError CNAME:web.default.@ 10.247.0.5"),
        ("1-2-3-4.default.pod.cluster.local", TYPE::A, "NoError 1.2.3.4"),
        ("2001-db8--1.default.pod.cluster.local", TYPE::AAAA, "NoError 2001:db8::1"),
        ("1-2-3-400.default.pod.cluster.local", TYPE::A, no_name),
        ("nginx-0.default.pod.cluster.local", TYPE::A, no_name),
        ("cluster.local", TYPE::A, no_data),
        ("@", TYPE::A, no_data),
        ("default.@", TYPE::A, no_data),
        ("a.b.c.d.default.@", TYPE::A, no_name),
        ("foo.cluster.local", TYPE::A, no_name),
        ("cluster.local", TYPE::SOA, "NoError SOA:ns.dns.cluster.local:7"),
        ("cluster.local", TYPE::NS, "NoError NS:kube-dns.kube-system.@ +kube-dns.kube-system.@=10.247.3.10"),
        ("dns-version.cluster.local", TYPE::TXT, "NoError TXT"),
        ("web.default.@", TYPE::TXT, no_data),
        ("nope.default.@", TYPE::TXT, no_name),
        ("19.0.16.172.in-addr.arpa", TYPE::PTR, "NoError PTR:nginx-0.nginx.default.@"),
        ("21.0.16.172.in-addr.arpa", TYPE::PTR, "NoError PTR:172-16-0-21.nginx.default.@"),
        ("5.0.247.10.in-addr.arpa", TYPE::PTR, "NoError PTR:web.default.@"),
        ("9.9.9.9.in-addr.arpa", TYPE::PTR, "NameError in-addr.arpa SOA:ns.dns.in-addr.arpa:7"),
        ("x.9.9.9.in-addr.arpa", TYPE::PTR, "NameError in-addr.arpa SOA:ns.dns.in-addr.arpa:7"),
        ("example.com", TYPE::A, "Refused"),
        ("local", TYPE::A, "NameError"),
        ("nginx-9.nginx", TYPE::A, "NameError"),
        ("other.@", TYPE::A, no_name),
        ("1-2-3-4.other.pod.cluster.local", TYPE::A, no_name),
        ("broken.default.@", TYPE::A, "ServerFailure"),
    ];
    for (name, kind, want) in cases {
        assert_eq!(ask(&name.replace('@', domain), *kind), want.replace('@', domain), "{name}");
    }
    assert!(ask("loop.default.svc.cluster.local", TYPE::A).starts_with("NoError CNAME:loop"));
}

#[test]
fn the_clients_spelling_is_kept() {
    let bytes = answer(&query("WEB.default.svc.Cluster.local", TYPE::A.into()), &Double, false);
    let reply = Packet::parse(&bytes).unwrap();
    assert_eq!(reply.answers[0].name.to_string(), "WEB.default.svc.Cluster.local");
    assert_eq!(reply.answers[0].ttl, 30);
    assert!(reply.has_flags(PacketFlag::AUTHORITATIVE_ANSWER));
    let bytes = answer(&query("No.default.svc.Cluster.local", TYPE::A.into()), &Double, false);
    assert_eq!(Packet::parse(&bytes).unwrap().name_servers[0].name.to_string(), "Cluster.local");
}

#[test]
fn what_is_too_long_for_a_datagram_is_cut_and_said_so() {
    let name = "many.default.svc.cluster.local";
    let plain = answer(&query(name, TYPE::A.into()), &Double, false);
    let cut = Packet::parse(&plain).unwrap();
    assert!(plain.len() <= 512 && cut.has_flags(PacketFlag::TRUNCATION), "{}", plain.len());
    assert!(cut.answers.len() > 10);
    let whole = answer(&query(name, TYPE::A.into()), &Double, true);
    let whole = Packet::parse(&whole).unwrap();
    assert_eq!(whole.answers.len(), 200);
    assert!(!whole.has_flags(PacketFlag::TRUNCATION));

    let mut large = Packet::parse(&query(name, TYPE::A.into())).unwrap().clone_for(4096, 0);
    assert_eq!(Packet::parse(&answer(&large, &Double, false)).unwrap().answers.len(), 200);
    large = Packet::parse(&query(name, TYPE::A.into())).unwrap().clone_for(100, 0);
    assert!(answer(&large, &Double, false).len() > 300);
    let version = Packet::parse(&query(name, TYPE::A.into())).unwrap().clone_for(4096, 1);
    assert_eq!(Packet::parse(&answer(&version, &Double, false)).unwrap().rcode(), RCODE::BADVERS);
}

trait WithOpt {
    fn clone_for(self, udp_packet_size: u16, version: u8) -> Vec<u8>;
}

impl WithOpt for Packet<'_> {
    fn clone_for(mut self, udp_packet_size: u16, version: u8) -> Vec<u8> {
        *self.opt_mut() = Some(OPT { opt_codes: vec![], udp_packet_size, version });
        self.build_bytes_vec().unwrap()
    }
}

#[test]
fn what_is_no_good_query_is_told_so() {
    let good = query("web.default.svc.cluster.local", TYPE::A.into());
    let code = |bytes: &[u8]| Packet::parse(&answer(bytes, &Double, false)).unwrap().rcode();
    assert_eq!(code(&good[..20]), RCODE::FormatError);
    assert_eq!(answer(&good[..11], &Double, false), b"");
    let mut reply = good.clone();
    reply[2] |= 0x80;
    assert_eq!(answer(&reply, &Double, false), b"");
    let mut update = Packet::parse(&good).unwrap();
    *update.opcode_mut() = OPCODE::Update;
    assert_eq!(code(&update.build_bytes_vec().unwrap()), RCODE::NotImplemented);
    let mut two = Packet::parse(&good).unwrap();
    two.questions.push(two.questions[0].clone());
    assert_eq!(code(&two.build_bytes_vec().unwrap()), RCODE::FormatError);
    assert_eq!(code(&query("cluster.local", QTYPE::AXFR)), RCODE::Refused);
    assert_eq!(code(&query("cluster.local", QTYPE::ANY)), RCODE::NoError);
    // A type without a name (65280), of a name that exists and of one that does not.
    for (name, want) in [("web.default.svc.cluster.local", 0), ("nope.default.svc.cluster.local", 3)] {
        let mut unknown = query(name, TYPE::A.into());
        let at = unknown.len() - 4;
        unknown[at..at + 2].copy_from_slice(&65280u16.to_be_bytes());
        let bytes = answer(&unknown, &Double, false);
        assert_eq!((bytes[3] & 15, &bytes[at..at + 2]), (want, [255, 0].as_slice()), "{name}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120), flips in proptest::collection::vec((0usize..60, any::<u8>()), 0..6)) {
        answer(&bytes, &Double, false);
        let mut near = query("_web._tcp.nginx.default.svc.cluster.local", TYPE::SRV.into());
        for (at, byte) in flips {
            let at = at % near.len();
            near[at] = byte;
        }
        prop_assert!(answer(&near, &Double, false).len() <= 4096);
        answer(&near, &Double, true);
    }
}

#[test]
fn over_sockets() {
    let lookup = Arc::new(Double);
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let (udp_address, tcp_address) = (udp.local_addr().unwrap(), tcp.local_addr().unwrap());
    let (for_udp, for_tcp) = (lookup.clone(), lookup);
    // Both serve until the test's process ends.
    std::thread::spawn(move || serve_udp(&udp, &*for_udp));
    std::thread::spawn(move || serve_tcp(&tcp, &*for_tcp));

    let question = query("many.default.svc.cluster.local", TYPE::A.into());
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.send_to(b"rubbish that is long enough", udp_address).unwrap();
    client.recv_from(&mut [0; 512]).unwrap();
    client.send_to(&question, udp_address).unwrap();
    let mut buffer = [0; 512];
    let (length, _) = client.recv_from(&mut buffer).unwrap();
    assert!(Packet::parse(&buffer[..length]).unwrap().has_flags(PacketFlag::TRUNCATION));

    let mut client = TcpStream::connect(tcp_address).unwrap();
    for _ in 0..2 {
        use std::io::{Read, Write};
        client.write_all(&u16::try_from(question.len()).unwrap().to_be_bytes()).unwrap();
        client.write_all(&question).unwrap();
        let mut length = [0; 2];
        client.read_exact(&mut length).unwrap();
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(Packet::parse(&answer).unwrap().answers.len(), 200);
    }
}
