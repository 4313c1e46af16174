//! The names of `cluster.local` and `in-addr.arpa`: which exist, and what they hold (Kubernetes' DNS specification).
//!
//! Pure. Knows no wire format.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Address, DOMAIN, Endpoint, Lookup, Named, Port, Service};
use crate::apimachinery::status::Status;

/// What is asked for; types that no name here has are all `Other`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    A,
    Aaaa,
    Cname,
    Ns,
    Ptr,
    Soa,
    Srv,
    Txt,
    Other,
}

/// The data of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    Cname(String),
    Ns(String),
    Ptr(String),
    /// The zone's own.
    Soa,
    Srv {
        weight: u16,
        port: u16,
        target: String,
    },
    Txt(&'static str),
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// `None` for the name that was asked for, in the client's spelling.
    pub owner: Option<String>,
    pub ttl: u32,
    pub data: Data,
}

/// What a question comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Answers (none: the name has no such data) and what a client would ask next.
    Found(Vec<Record>, Vec<Record>),
    NoSuchName,
    /// A name that may exist elsewhere.
    Refused,
}

/// Seconds a record may be kept (kubeadm's Corefile).
pub const TTL: u32 = 30;

/// The number of labels of the zone a name is in, if it is in one.
pub fn zone_labels(name: &[String]) -> Option<usize> {
    let ends = |zone: &str| {
        let zone: Vec<&str> = zone.split('.').collect();
        name.len() >= zone.len() && name[name.len() - zone.len()..] == zone[..]
    };
    (ends(DOMAIN) || ends("in-addr.arpa")).then_some(2)
}

/// Resolves a name, given as its labels in lower case.
///
/// # Errors
/// The look-up's.
pub fn resolve(name: &[String], kind: Type, lookup: &dyn Lookup) -> Result<Resolution, Status> {
    let Some(zone) = zone_labels(name) else { return Ok(outside(name)) };
    let base: Vec<&str> = name[..name.len() - zone].iter().map(String::as_str).collect();
    if kind == Type::Soa && base.is_empty() {
        return Ok(Resolution::Found(vec![record(Data::Soa)], vec![]));
    }
    if name.last().is_some_and(|l| l == "arpa") {
        return reverse(&base, kind, lookup);
    }
    match (base.as_slice(), kind) {
        (["dns-version"], Type::Txt) => {
            return Ok(Resolution::Found(vec![Record { ttl: 28800, ..record(Data::Txt("1.1.0")) }], vec![]));
        }
        ([], Type::Ns) => return name_servers(lookup),
        (["dns", "ns"] | ["ns", "dns"], Type::A) => return name_server_address(lookup),
        _ => {}
    }
    let Some(found) = find(&base, lookup)? else { return Ok(Resolution::NoSuchName) };
    match kind {
        Type::A | Type::Aaaa => addresses(&found, kind, lookup, CHAIN),
        Type::Srv => Ok(service_records(&found)),
        Type::Cname => Ok(Resolution::Found(aliases(&found), vec![])),
        _ => Ok(Resolution::Found(vec![], vec![])),
    }
}

/// A name of neither zone, which a cluster would forward. Where the name cannot be public it does not exist, so that
/// `nginx-9.nginx` is no such name after the last search domain; where it may be, nobody here can tell.
fn outside(name: &[String]) -> Resolution {
    match name.last().map(String::as_str) {
        Some(top) if top.len() == 2 || PUBLIC.contains(&top) => Resolution::Refused,
        _ => Resolution::NoSuchName,
    }
}

/// The top-level domains that most public names are in; those of two letters are countries'.
const PUBLIC: &[&str] = &[
    "com", "org", "net", "edu", "gov", "mil", "int", "info", "biz", "dev", "app", "cloud", "tech", "online", "site",
    "page", "xyz", "pro", "name", "arpa",
];

/// How many CNAMEs are followed.
const CHAIN: u8 = 8;

fn record(data: Data) -> Record {
    Record { owner: None, ttl: TTL, data }
}

/// One thing behind a name.
struct Found {
    host: Host,
    /// None where the Service has no ports, which then has no SRV record.
    port: Option<u16>,
    /// The name that leads to this one alone.
    domain: String,
}

enum Host {
    Ip(IpAddr),
    Name(String),
}

/// What is behind a name below the domain; `None` where there is no such name.
fn find(base: &[&str], lookup: &dyn Lookup) -> Result<Option<Vec<Found>>, Status> {
    let parts: Vec<&str> = base.iter().rev().copied().collect();
    if let ["svc" | "pod", namespace, ..] = parts.as_slice()
        && !lookup.namespace(namespace)?
    {
        return Ok(None);
    }
    match parts.as_slice() {
        [] | ["svc" | "pod"] | ["svc" | "pod", _] => Ok(Some(Vec::new())),
        ["pod", namespace, pod] | ["pod", namespace, pod, _] | ["pod", namespace, pod, _, _] => Ok(pod_address(pod)
            .map(|ip| {
                let domain = format!("{pod}.{namespace}.pod.{DOMAIN}");
                vec![Found { host: Host::Ip(ip), port: None, domain }]
            })),
        ["svc", namespace, name, rest @ ..] => {
            let Some(part) = Part::of(rest) else { return Ok(None) };
            let service = lookup.service(namespace, name)?;
            let domain = format!("{name}.{namespace}.svc.{DOMAIN}");
            Ok(service.and_then(|service| in_service(&service, &part, &domain)))
        }
        _ => Ok(None),
    }
}

/// `10-0-0-1` or `2001-db8--1`; the pod itself need not exist (`pods insecure`).
fn pod_address(label: &str) -> Option<IpAddr> {
    let dashes = label.matches('-').count();
    let text = if dashes == 3 && !label.contains("--") { label.replace('-', ".") } else { label.replace('-', ":") };
    text.parse().ok()
}

/// What of a service is asked for.
enum Part<'n> {
    Whole,
    Endpoint(&'n str),
    Port { name: &'n str, protocol: &'n str },
}

impl<'n> Part<'n> {
    /// From the labels to the left of the service, nearest first.
    fn of(labels: &[&'n str]) -> Option<Part<'n>> {
        let plain = |label: &'n str| label.strip_prefix('_').unwrap_or(label);
        match labels {
            [] => Some(Part::Whole),
            [endpoint] => Some(Part::Endpoint(endpoint)),
            [protocol, name] => Some(Part::Port { name: plain(name), protocol: plain(protocol) }),
            _ => None,
        }
    }

    fn has(&self, port: &Port) -> bool {
        match self {
            Part::Port { name, protocol } => {
                port.name.eq_ignore_ascii_case(name) && port.protocol.eq_ignore_ascii_case(protocol)
            }
            _ => true,
        }
    }
}

fn in_service(service: &Service, part: &Part, domain: &str) -> Option<Vec<Found>> {
    let found: Vec<Found> = match (&service.address, part) {
        (Address::ExternalName(name), Part::Whole) => {
            vec![Found { host: Host::Name(plain(name)), port: None, domain: domain.to_owned() }]
        }
        (Address::ExternalName(_), _) => return None,
        (Address::ClusterIp(ip), Part::Whole | Part::Port { .. }) => {
            let ports = ports(&service.ports, part);
            ports.map(|port| Found { host: Host::Ip((*ip).into()), port, domain: domain.to_owned() }).collect()
        }
        (Address::Headless, _) | (_, Part::Endpoint(_)) => {
            let asked = |e: &&Endpoint| !matches!(part, Part::Endpoint(name) if *name != endpoint_label(e));
            let endpoints = service.endpoints.iter().filter(asked);
            endpoints.flat_map(|e| in_endpoint(e, part, domain)).collect()
        }
    };
    (!found.is_empty()).then_some(found)
}

fn in_endpoint(endpoint: &Endpoint, part: &Part, domain: &str) -> Vec<Found> {
    let domain = format!("{}.{domain}", endpoint_label(endpoint));
    let found = |port| Found { host: Host::Ip(endpoint.ip.into()), port, domain: domain.clone() };
    ports(&endpoint.ports, part).map(found).collect()
}

/// The ports that are asked for. Where there are none at all, one without a number stands for the address.
fn ports<'p>(ports: &'p [Port], part: &'p Part) -> impl Iterator<Item = Option<u16>> + 'p {
    let portless = ports.is_empty() && !matches!(part, Part::Port { .. });
    let numbers = ports.iter().filter(|p| part.has(p)).map(|p| Some(p.number));
    numbers.chain(portless.then_some(None))
}

/// An endpoint's own label: its hostname, else its address with dashes.
fn endpoint_label(endpoint: &Endpoint) -> String {
    label(endpoint.hostname.as_deref(), endpoint.ip)
}

fn label(hostname: Option<&str>, ip: Ipv4Addr) -> String {
    hostname.map_or_else(|| ip.to_string().replace('.', "-"), str::to_lowercase)
}

fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_lowercase()
}

fn addresses(found: &[Found], kind: Type, lookup: &dyn Lookup, chain: u8) -> Result<Resolution, Status> {
    let mut records: Vec<Record> = Vec::new();
    for found in found {
        let data = match (&found.host, kind) {
            (Host::Ip(IpAddr::V4(ip)), Type::A) => Data::A(*ip),
            (Host::Ip(IpAddr::V6(ip)), Type::Aaaa) => Data::Aaaa(*ip),
            (Host::Ip(_), _) => continue,
            (Host::Name(name), _) => {
                records.push(record(Data::Cname(name.clone())));
                records.extend(follow(name, kind, lookup, chain)?);
                continue;
            }
        };
        if !records.iter().any(|r| r.data == data) {
            records.push(record(data));
        }
    }
    Ok(Resolution::Found(records, vec![]))
}

/// The addresses of a name that an ExternalName leads to, where it is a name of the cluster itself.
fn follow(name: &str, kind: Type, lookup: &dyn Lookup, chain: u8) -> Result<Vec<Record>, Status> {
    let Some(base) = name.strip_suffix(DOMAIN).and_then(|b| b.strip_suffix('.')) else { return Ok(vec![]) };
    let Some(chain) = chain.checked_sub(1) else { return Ok(vec![]) };
    let labels: Vec<&str> = base.split('.').collect();
    let Some(found) = find(&labels, lookup)? else { return Ok(vec![]) };
    let Resolution::Found(records, _) = addresses(&found, kind, lookup, chain)? else { return Ok(vec![]) };
    let owned = |r: Record| Record { owner: r.owner.or_else(|| Some(name.to_owned())), ..r };
    Ok(records.into_iter().map(owned).collect())
}

fn aliases(found: &[Found]) -> Vec<Record> {
    let names = found.iter().filter_map(|f| match &f.host {
        Host::Name(name) => Some(record(Data::Cname(name.clone()))),
        Host::Ip(_) => None,
    });
    names.collect()
}

/// SRV records weigh the same, and sum to at most 100; the targets' addresses go with them.
fn service_records(found: &[Found]) -> Resolution {
    let found: Vec<(&Found, IpAddr)> = found
        .iter()
        .filter_map(|f| match f.host {
            Host::Ip(ip) => Some((f, ip)),
            Host::Name(_) => None,
        })
        .collect();
    let weight = u16::try_from(found.len()).map_or(1, |n| (100 / n.max(1)).max(1));
    let (mut answers, mut additional): (Vec<Record>, Vec<Record>) = (Vec::new(), Vec::new());
    for (found, ip) in found {
        let Some(port) = found.port else { continue };
        let target = found.domain.clone();
        answers.push(record(Data::Srv { weight, port, target: target.clone() }));
        let data = match ip {
            IpAddr::V4(ip) => Data::A(ip),
            IpAddr::V6(ip) => Data::Aaaa(ip),
        };
        let address = Record { owner: Some(target), ..record(data) };
        if !additional.contains(&address) {
            additional.push(address);
        }
    }
    Resolution::Found(answers, additional)
}

const DNS_SERVICE: (&str, &str) = ("kube-system", "kube-dns");

fn name_server_address(lookup: &dyn Lookup) -> Result<Resolution, Status> {
    Ok(match lookup.service(DNS_SERVICE.0, DNS_SERVICE.1)?.map(|s| s.address) {
        Some(Address::ClusterIp(ip)) => Resolution::Found(vec![record(Data::A(ip))], vec![]),
        _ => Resolution::NoSuchName,
    })
}

fn name_servers(lookup: &dyn Lookup) -> Result<Resolution, Status> {
    let name = format!("{}.{}.svc.{DOMAIN}", DNS_SERVICE.1, DNS_SERVICE.0);
    Ok(match lookup.service(DNS_SERVICE.0, DNS_SERVICE.1)?.map(|s| s.address) {
        Some(Address::ClusterIp(ip)) => {
            let address = Record { owner: Some(name.clone()), ..record(Data::A(ip)) };
            Resolution::Found(vec![record(Data::Ns(name))], vec![address])
        }
        _ => Resolution::Found(vec![], vec![]),
    })
}

fn reverse(base: &[&str], kind: Type, lookup: &dyn Lookup) -> Result<Resolution, Status> {
    let octets: Vec<&str> = base.iter().rev().copied().collect();
    if octets.len() < 4 {
        return Ok(Resolution::Found(vec![], vec![]));
    }
    let Ok(ip) = octets.join(".").parse() else { return Ok(Resolution::NoSuchName) };
    let named = lookup.named(ip)?;
    let service = named.iter().find_map(|n| match n {
        Named::Service { namespace, name } => Some(format!("{name}.{namespace}.svc.{DOMAIN}")),
        Named::Endpoint { .. } => None,
    });
    let endpoints = named.iter().filter_map(|n| match n {
        Named::Endpoint { namespace, service, hostname } => {
            Some(format!("{}.{service}.{namespace}.svc.{DOMAIN}", label(hostname.as_deref(), ip)))
        }
        Named::Service { .. } => None,
    });
    let names: Vec<String> = service.map_or_else(|| endpoints.collect(), |name| vec![name]);
    Ok(match (names.is_empty(), kind) {
        (true, _) => Resolution::NoSuchName,
        (false, Type::Ptr) => Resolution::Found(names.into_iter().map(|n| record(Data::Ptr(n))).collect(), vec![]),
        (false, _) => Resolution::Found(vec![], vec![]),
    })
}
