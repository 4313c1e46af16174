//! Answers as BIND's nslookup prints them.

use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr};

use simple_dns::rdata::RData;
use simple_dns::{RCODE, ResourceRecord};

use super::query::Answer;

/// Who answered.
pub fn server(answer: &Answer, out: &mut dyn Write) -> io::Result<()> {
    let (ip, port) = (answer.server.ip(), answer.server.port());
    writeln!(out, "Server:\t\t{ip}\nAddress:\t{ip}#{port}\n")
}

/// Whether it knows by itself.
pub fn authority(answer: &Answer, out: &mut dyn Write) -> io::Result<()> {
    if answer.authoritative || answer.records.is_empty() {
        return Ok(());
    }
    writeln!(out, "Non-authoritative answer:")
}

/// A code other than NOERROR.
pub fn failure(name: &str, code: RCODE, out: &mut dyn Write) -> io::Result<()> {
    let word = match code {
        RCODE::FormatError => "FORMERR",
        RCODE::ServerFailure => "SERVFAIL",
        RCODE::NameError => "NXDOMAIN",
        RCODE::NotImplemented => "NOTIMP",
        RCODE::Refused => "REFUSED",
        _ => "unknown error",
    };
    writeln!(out, "** server can't find {name}: {word}\n")
}

/// Every record; false where there is none.
pub fn answers(answer: &Answer, out: &mut dyn Write) -> io::Result<bool> {
    for record in &answer.records {
        writeln!(out, "{}", line(record))?;
    }
    Ok(!answer.records.is_empty())
}

/// The addresses alone: aliases were printed before. False where there is none.
pub fn addresses(answer: &Answer, out: &mut dyn Write) -> io::Result<bool> {
    let mut any = false;
    for record in answer.records.iter().filter(|r| matches!(r.rdata, RData::A(_) | RData::AAAA(_))) {
        any = true;
        writeln!(out, "{}", line(record))?;
    }
    Ok(any)
}

fn line(record: &ResourceRecord) -> String {
    let name = &record.name;
    match &record.rdata {
        RData::A(a) => format!("Name:\t{name}\nAddress: {}", Ipv4Addr::from(a.address)),
        RData::AAAA(a) => format!("Name:\t{name}\nAddress: {}", Ipv6Addr::from(a.address)),
        RData::CNAME(target) => format!("{name}\tcanonical name = {}.", target.0),
        RData::PTR(target) => format!("{name}\tname = {}.", target.0),
        RData::NS(target) => format!("{name}\tnameserver = {}.", target.0),
        RData::MX(mx) => format!("{name}\tmail exchanger = {} {}.", mx.preference, mx.exchange),
        RData::SRV(srv) => format!("{name}\tservice = {} {} {} {}.", srv.priority, srv.weight, srv.port, srv.target),
        RData::TXT(txt) => {
            let parts: Vec<String> = txt.iter_raw().map(|(key, value)| text(key, value)).collect();
            format!("{name}\ttext = {}", parts.join(" "))
        }
        RData::SOA(soa) => format!(
            "{name}\n\torigin = {}\n\tmail addr = {}\n\tserial = {}\n\trefresh = {}\n\tretry = {}\n\texpire = {}\n\t\
             minimum = {}",
            soa.mname, soa.rname, soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum
        ),
        other => format!("{name}\trdata_{} = (not shown)", u16::from(other.type_code())),
    }
}

fn text(key: &[u8], value: Option<&[u8]>) -> String {
    let value = value.map(|v| format!("={}", String::from_utf8_lossy(v))).unwrap_or_default();
    format!("\"{}{value}\"", String::from_utf8_lossy(key))
}
