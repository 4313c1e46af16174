//! `nslookup` of busybox 1.28 and older, which tutorials name for its output: every address with the name that leads back
//! to it, and nothing of servers that do not know.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use simple_dns::rdata::RData;
use simple_dns::{QTYPE, RCODE, TYPE};

use super::options::Options;
use super::resolv_conf::ResolvConf;
use super::{candidates, options, query, reverse_name};
use crate::runtime::tools::read_etc;

/// How long a resolver waits, and how often it asks (resolv.conf's defaults).
const TIMEOUT: Duration = Duration::from_secs(5);
const TRIES: u32 = 2;

/// Prints what a name stands for; returns the exit status.
pub fn look_up(
    args: &[String],
    conf: &ResolvConf,
    port: u16,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<u8> {
    let (Some(name), None) = (args.first().filter(|a| !a.starts_with('-')), args.get(2)) else {
        writeln!(err, "BusyBox v1.28.4 multi-call binary.\n\nUsage: nslookup [HOST] [SERVER]\n")?;
        writeln!(
            err,
            "Query the nameserver for the IP address of the given HOST\noptionally using a specified DNS server"
        )?;
        return Ok(1);
    };
    let server = match args.get(1) {
        None => conf.servers.first().copied(),
        Some(server) => server.parse().ok().or_else(|| Resolver::of(conf, port)?.addresses(server).first().copied()),
    };
    let (Some(server), Ok(options)) = (server, options::parse(&[], &mut io::sink())) else {
        writeln!(err, "nslookup: can't resolve '{}'", args.get(1).unwrap_or(name))?;
        return Ok(1);
    };
    let resolver = Resolver { server: SocketAddr::new(server, port), conf, options };
    resolver.print("Server:", &server.to_string(), &[server], out)?;
    writeln!(out)?;
    let addresses = resolver.addresses(name);
    if addresses.is_empty() {
        out.flush()?;
        writeln!(err, "nslookup: can't resolve '{name}'")?;
        return Ok(1);
    }
    resolver.print("Name:", name, &addresses, out)?;
    Ok(0)
}

/// A name server and how names are completed.
struct Resolver<'c> {
    server: SocketAddr,
    conf: &'c ResolvConf,
    options: Options,
}

impl<'c> Resolver<'c> {
    /// The one of resolv.conf.
    fn of(conf: &'c ResolvConf, port: u16) -> Option<Resolver<'c>> {
        let server = SocketAddr::new(*conf.servers.first()?, port);
        Some(Resolver { server, conf, options: options::parse(&[], &mut io::sink()).ok()? })
    }

    fn print(&self, header: &str, name: &str, addresses: &[IpAddr], out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{header:<10} {name}")?;
        for (number, ip) in (1..).zip(addresses) {
            match self.name_of(*ip) {
                Some(name) => writeln!(out, "Address {number}: {ip} {name}")?,
                None => writeln!(out, "Address {number}: {ip}")?,
            }
        }
        Ok(())
    }

    /// A name's addresses: those of /etc/hosts, else the name server's.
    fn addresses(&self, name: &str) -> Vec<IpAddr> {
        if let Ok(ip) = name.parse() {
            return vec![ip];
        }
        let local = in_hosts(&read_etc("/etc/hosts"), name);
        if !local.is_empty() {
            return local;
        }
        for full in candidates(name, self.conf, &self.options) {
            let all: Vec<IpAddr> = [TYPE::A, TYPE::AAAA].into_iter().flat_map(|kind| self.ask(&full, kind)).collect();
            if !all.is_empty() {
                return all;
            }
        }
        Vec::new()
    }

    fn ask(&self, name: &str, kind: TYPE) -> Vec<IpAddr> {
        let answer = query::ask(self.server, name, QTYPE::TYPE(kind), TIMEOUT, TRIES);
        let records = answer.ok().filter(|a| a.code == RCODE::NoError).map(|a| a.records).unwrap_or_default();
        let address = |data: &RData| match data {
            RData::A(a) => Some(IpAddr::from(a.address.to_be_bytes())),
            RData::AAAA(a) => Some(IpAddr::from(a.address.to_be_bytes())),
            _ => None,
        };
        records.iter().filter_map(|r| address(&r.rdata)).collect()
    }

    fn name_of(&self, ip: IpAddr) -> Option<String> {
        let answer = query::ask(self.server, &reverse_name(ip), QTYPE::TYPE(TYPE::PTR), TIMEOUT, TRIES).ok()?;
        answer.records.iter().find_map(|r| match &r.rdata {
            RData::PTR(name) => Some(name.0.to_string()),
            _ => None,
        })
    }
}

fn in_hosts(hosts: &str, name: &str) -> Vec<IpAddr> {
    let lines = hosts.lines().map(|l| l.split('#').next().unwrap_or_default());
    let named = lines.filter(|l| l.split_whitespace().skip(1).any(|word| word.eq_ignore_ascii_case(name)));
    named.filter_map(|l| l.split_whitespace().next()?.parse().ok()).collect()
}
