//! `nslookup`: asks the sandbox's name server and prints what BIND's program of that name prints.
//!
//! Speaks to name servers over UDP and TCP; knows nothing of who answers.

mod busybox;
mod options;
mod print;
mod query;
mod resolv_conf;

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use simple_dns::{QTYPE, RCODE, TYPE};

use super::read_etc;
use crate::env::Env;
use options::Options;
use query::Answer;
use resolv_conf::ResolvConf;

/// Where name servers answer.
const PORT: u16 = 53;

/// Runs with the arguments after the name; returns the exit status.
pub fn run(args: &[String], env: &mut Env) -> u8 {
    let conf = resolv_conf::parse(&read_etc("/etc/resolv.conf"));
    let status = look_up(args, &conf, &mut env.stdout);
    match env.stdout.flush() {
        Ok(()) => status.unwrap_or(1),
        Err(_) => 1,
    }
}

/// As [`run`], in the manner of busybox 1.28.
pub fn run_old_busybox(args: &[String], env: &mut Env) -> u8 {
    let conf = resolv_conf::parse(&read_etc("/etc/resolv.conf"));
    let status = busybox::look_up(args, &conf, PORT, &mut env.stdout, &mut env.stderr);
    match env.stdout.flush() {
        Ok(()) => status.unwrap_or(1),
        Err(_) => 1,
    }
}

fn look_up(args: &[String], conf: &ResolvConf, out: &mut dyn Write) -> io::Result<u8> {
    let options = options::parse(args, out)?;
    let Some(name) = &options.name else {
        writeln!(out, "nslookup: a name to look up is needed; this one has no interactive mode")?;
        return Ok(1);
    };
    let servers = match servers(&options, conf) {
        Some(servers) => servers,
        None => {
            let server = options.server.as_deref().unwrap_or_default();
            writeln!(out, "nslookup: couldn't get address for '{server}': failure")?;
            return Ok(1);
        }
    };
    let lookup = Lookup { options: &options, conf, servers: &servers };
    match name.parse::<IpAddr>() {
        Ok(ip) => lookup.reverse(ip, out),
        Err(_) => lookup.forward(name, out),
    }
}

/// The servers to ask, in order; `None` where the one that was named has no address.
fn servers(options: &Options, conf: &ResolvConf) -> Option<Vec<SocketAddr>> {
    match &options.server {
        None => Some(conf.servers.iter().map(|ip| SocketAddr::new(*ip, options.port)).collect()),
        Some(name) => Some(vec![(name.as_str(), options.port).to_socket_addrs().ok()?.next()?]),
    }
}

struct Lookup<'l> {
    options: &'l Options,
    conf: &'l ResolvConf,
    servers: &'l [SocketAddr],
}

impl Lookup<'_> {
    /// The addresses of a name, or what else was asked for.
    fn forward(&self, name: &str, out: &mut dyn Write) -> io::Result<u8> {
        let kind = self.options.kind.unwrap_or(QTYPE::TYPE(TYPE::A));
        let Some((full, answer)) = self.search(name, kind, out)? else { return Ok(1) };
        print::server(&answer, out)?;
        if answer.code != RCODE::NoError {
            print::failure(&full, answer.code, out)?;
            return Ok(1);
        }
        print::authority(&answer, out)?;
        let mut any = print::answers(&answer, out)?;
        if self.options.kind.is_none() {
            // Without a type it asks for the other addresses, too, of the same name.
            if let Some(more) = self.ask(&full, QTYPE::TYPE(TYPE::AAAA), out)? {
                any |= print::addresses(&more, out)?;
            }
        }
        if !any {
            let asked = if self.options.kind.is_none() { &full } else { name };
            writeln!(out, "*** Can't find {asked}: No answer")?;
        }
        writeln!(out)?;
        Ok(0)
    }

    /// The name of an address. Only an explicit type prints the server first.
    fn reverse(&self, ip: IpAddr, out: &mut dyn Write) -> io::Result<u8> {
        let name = reverse_name(ip);
        let Some(answer) = self.ask(&name, QTYPE::TYPE(TYPE::PTR), out)? else { return Ok(1) };
        if self.options.kind.is_some() {
            print::server(&answer, out)?;
        }
        if answer.code != RCODE::NoError {
            print::failure(&name, answer.code, out)?;
            return Ok(1);
        }
        print::authority(&answer, out)?;
        if !print::answers(&answer, out)? {
            writeln!(out, "*** Can't find {name}: No answer")?;
        }
        writeln!(out)?;
        Ok(0)
    }

    /// Tries the search domains in turn; the first that exists wins, the last answer counts.
    fn search(&self, name: &str, kind: QTYPE, out: &mut dyn Write) -> io::Result<Option<(String, Answer)>> {
        let mut last = None;
        for full in candidates(name, self.conf, self.options) {
            let Some(answer) = self.ask(&full, kind, out)? else { return Ok(None) };
            let missing = answer.code == RCODE::NameError;
            last = Some((full, answer));
            if !missing {
                break;
            }
        }
        Ok(last)
    }

    /// Asks the servers in turn; what keeps them from answering is printed.
    fn ask(&self, name: &str, kind: QTYPE, out: &mut dyn Write) -> io::Result<Option<Answer>> {
        for server in self.servers {
            match query::ask(*server, name, kind, self.options.timeout, self.options.tries) {
                Ok(answer) => {
                    if answer.over_tcp {
                        writeln!(out, ";; Truncated, retrying in TCP mode.")?;
                    }
                    return Ok(Some(answer));
                }
                Err(e) if e.kind() == io::ErrorKind::InvalidInput => {
                    writeln!(out, "nslookup: '{name}' is not a legal name")?;
                    return Ok(None);
                }
                Err(e) => {
                    let why = if query::is_timeout(&e) { "timed out" } else { "connection refused" };
                    for _ in 0..self.options.tries {
                        writeln!(out, ";; communications error to {}#{}: {why}", server.ip(), server.port())?;
                    }
                }
            }
        }
        writeln!(out, ";; no servers could be reached\n")?;
        Ok(None)
    }
}

/// The full names to try: a name with fewer dots than `ndots` goes through the search domains first.
fn candidates(name: &str, conf: &ResolvConf, options: &Options) -> Vec<String> {
    if let Some(absolute) = name.strip_suffix('.') {
        return vec![absolute.to_owned()];
    }
    let domains = options.domain.as_ref().map_or_else(|| conf.search.clone(), |d| vec![d.clone()]);
    let searched = domains.iter().filter(|_| options.search).map(|d| format!("{name}.{d}"));
    let whole = std::iter::once(name.to_owned());
    if name.matches('.').count() >= conf.ndots {
        whole.chain(searched).collect()
    } else {
        searched.chain(whole).collect()
    }
}

/// `19.0.16.172.in-addr.arpa`, or the nibbles below `ip6.arpa`.
fn reverse_name(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(ip) => {
            let nibbles = ip.octets().into_iter().rev().flat_map(|b| [b & 15, b >> 4]);
            nibbles.map(|n| format!("{n:x}.")).collect::<String>() + "ip6.arpa"
        }
    }
}

#[cfg(test)]
mod tests;
