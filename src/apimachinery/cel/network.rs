//! URLs, addresses and ranges of addresses in expressions.

use std::net::IpAddr;
use std::sync::Arc;

use ::cel::objects::Opaque;
use ::cel::{ExecutionError, Value};

use super::library::{Outcome, no_overload, wrong};
use super::text;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Url(String);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Ip(IpAddr);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Cidr(IpAddr, u8);

impl Opaque for Url {
    fn runtime_type_name(&self) -> &'static str {
        "kubernetes.URL"
    }
}

impl Opaque for Ip {
    fn runtime_type_name(&self) -> &'static str {
        "net.IP"
    }
}

impl Opaque for Cidr {
    fn runtime_type_name(&self) -> &'static str {
        "net.CIDR"
    }
}

fn string<'v>(args: &'v [Value], function: &str) -> Result<&'v str, ExecutionError> {
    match args {
        [Value::String(text)] => Ok(text),
        _ => Err(no_overload(function)),
    }
}

fn opaque<T: Clone + 'static>(args: &[Value], at: usize) -> Result<&T, ExecutionError> {
    match args.get(at) {
        Some(Value::Opaque(o)) => o.downcast_ref::<T>().ok_or_else(|| no_overload("network")),
        _ => Err(no_overload("network")),
    }
}

/// An absolute URI or an absolute path, as Go's `ParseRequestURI` takes it.
pub(super) fn is_request_uri(text: &str) -> bool {
    if text.chars().any(|c| c.is_ascii_control() || c == ' ') {
        return false;
    }
    if text.starts_with('/') {
        return true;
    }
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let authority = rest.strip_prefix("//").map(|r| r.split(['/', '?', '#']).next().unwrap_or_default());
    named && authority.is_none_or(is_authority)
}

fn is_authority(authority: &str) -> bool {
    let host = authority.rsplit('@').next().unwrap_or_default();
    let port = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((_, after)) => after.strip_prefix(':').unwrap_or(after),
            None => return false,
        },
        None => host.split_once(':').map_or("", |(_, port)| port),
    };
    port.bytes().all(|b| b.is_ascii_digit())
}

pub(super) fn is_url(args: &[Value]) -> Outcome {
    Ok(Value::Bool(is_request_uri(string(args, "isURL")?)))
}

pub(super) fn url(args: &[Value]) -> Outcome {
    let text = string(args, "url")?;
    if is_request_uri(text) {
        return Ok(Value::Opaque(Arc::new(Url(text.to_owned()))));
    }
    Err(wrong(&format!("URL parse error during conversion from string: parse {text:?}: invalid URI for request")))
}

impl Url {
    fn scheme(&self) -> &str {
        if self.0.starts_with('/') { "" } else { self.0.split(':').next().unwrap_or_default() }
    }

    fn rest(&self) -> &str {
        if self.0.starts_with('/') { &self.0 } else { self.0.split_once(':').map_or("", |(_, rest)| rest) }
    }

    fn host(&self) -> &str {
        if self.0.starts_with('/') {
            return "";
        }
        let authority = self.rest().strip_prefix("//").unwrap_or_default();
        authority.split(['/', '?']).next().unwrap_or_default().rsplit('@').next().unwrap_or_default()
    }

    /// The host's name, without brackets, and its port.
    fn name_and_port(&self) -> (&str, &str) {
        let host = self.host();
        if let Some(rest) = host.strip_prefix('[') {
            let (name, after) = rest.split_once(']').unwrap_or((rest, ""));
            return (name, after.strip_prefix(':').unwrap_or_default());
        }
        host.split_once(':').unwrap_or((host, ""))
    }

    fn path(&self) -> &str {
        let rest = match self.rest().strip_prefix("//") {
            Some(rest) if !self.0.starts_with('/') => rest.find(['/', '?']).map_or("", |at| &rest[at..]),
            _ => self.rest(),
        };
        rest.split('?').next().unwrap_or_default()
    }
}

pub(super) fn scheme(args: &[Value]) -> Outcome {
    Ok(text(&opaque::<Url>(args, 0)?.scheme().to_lowercase()))
}

pub(super) fn host(args: &[Value]) -> Outcome {
    Ok(text(opaque::<Url>(args, 0)?.host()))
}

pub(super) fn hostname(args: &[Value]) -> Outcome {
    Ok(text(opaque::<Url>(args, 0)?.name_and_port().0))
}

pub(super) fn port(args: &[Value]) -> Outcome {
    Ok(text(opaque::<Url>(args, 0)?.name_and_port().1))
}

pub(super) fn escaped_path(args: &[Value]) -> Outcome {
    Ok(text(opaque::<Url>(args, 0)?.path()))
}

/// An address without a zone; one of IPv4 in IPv6's form is none.
fn parse_ip(text: &str) -> Option<IpAddr> {
    let ip: IpAddr = text.parse().ok()?;
    let is_mapped = matches!(ip, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some());
    (!is_mapped).then_some(ip)
}

pub(super) fn is_ip(args: &[Value]) -> Outcome {
    Ok(Value::Bool(parse_ip(string(args, "isIP")?).is_some()))
}

pub(super) fn ip(args: &[Value]) -> Outcome {
    let text = string(args, "ip")?;
    let ip =
        parse_ip(text).ok_or_else(|| wrong(&format!("IP Address {text:?} parse error during conversion from string")));
    Ok(Value::Opaque(Arc::new(Ip(ip?))))
}

pub(super) fn is_canonical(args: &[Value]) -> Outcome {
    let text = string(args, "ip.isCanonical")?;
    match parse_ip(text) {
        Some(ip) => Ok(Value::Bool(ip.to_string() == text)),
        None => Err(wrong(&format!("IP Address {text:?} parse error during conversion from string"))),
    }
}

pub(super) fn family(args: &[Value]) -> Outcome {
    Ok(Value::Int(if opaque::<Ip>(args, 0)?.0.is_ipv4() { 4 } else { 6 }))
}

pub(super) fn is_unspecified(args: &[Value]) -> Outcome {
    Ok(Value::Bool(opaque::<Ip>(args, 0)?.0.is_unspecified()))
}

pub(super) fn is_loopback(args: &[Value]) -> Outcome {
    Ok(Value::Bool(opaque::<Ip>(args, 0)?.0.is_loopback()))
}

pub(super) fn is_link_local_unicast(args: &[Value]) -> Outcome {
    Ok(Value::Bool(match opaque::<Ip>(args, 0)?.0 {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }))
}

pub(super) fn is_link_local_multicast(args: &[Value]) -> Outcome {
    Ok(Value::Bool(match opaque::<Ip>(args, 0)?.0 {
        IpAddr::V4(v4) => v4.octets()[..3] == [224, 0, 0],
        IpAddr::V6(v6) => v6.segments()[0] & 0xff0f == 0xff02,
    }))
}

pub(super) fn is_global_unicast(args: &[Value]) -> Outcome {
    let ip = opaque::<Ip>(args, 0)?.0;
    let is_local = matches!(is_link_local_unicast(args)?, Value::Bool(true));
    let is_broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    Ok(Value::Bool(!(ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() || is_local || is_broadcast)))
}

fn parse_cidr(text: &str) -> Option<Cidr> {
    let (ip, bits) = text.split_once('/')?;
    let ip = parse_ip(ip)?;
    let is_plain =
        !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit()) && (bits == "0" || !bits.starts_with('0'));
    let bits: u8 = bits.parse().ok().filter(|_| is_plain)?;
    (bits <= width(ip)).then_some(Cidr(ip, bits))
}

fn width(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

/// The bits of an address, the first of them only.
fn bits(ip: IpAddr, count: u8) -> u128 {
    let all = match ip {
        IpAddr::V4(v4) => u128::from(u32::from(v4)) << 96,
        IpAddr::V6(v6) => u128::from(v6),
    };
    if count == 0 { 0 } else { all >> (128 - u32::from(count)) << (128 - u32::from(count)) }
}

pub(super) fn is_cidr(args: &[Value]) -> Outcome {
    Ok(Value::Bool(parse_cidr(string(args, "isCIDR")?).is_some()))
}

pub(super) fn cidr(args: &[Value]) -> Outcome {
    let text = string(args, "cidr")?;
    let cidr = parse_cidr(text).ok_or_else(|| {
        wrong(&format!("network address parse error during conversion from string: netip.ParsePrefix({text:?})"))
    });
    Ok(Value::Opaque(Arc::new(cidr?)))
}

pub(super) fn address_of_cidr(args: &[Value]) -> Outcome {
    Ok(Value::Opaque(Arc::new(Ip(opaque::<Cidr>(args, 0)?.0))))
}

pub(super) fn masked(args: &[Value]) -> Outcome {
    let Cidr(ip, count) = *opaque::<Cidr>(args, 0)?;
    let kept = bits(ip, count);
    let ip = match ip {
        IpAddr::V4(_) => IpAddr::V4(u32::try_from(kept >> 96).unwrap_or_default().into()),
        IpAddr::V6(_) => IpAddr::V6(kept.into()),
    };
    Ok(Value::Opaque(Arc::new(Cidr(ip, count))))
}

pub(super) fn prefix_length(args: &[Value]) -> Outcome {
    Ok(Value::Int(i64::from(opaque::<Cidr>(args, 0)?.1)))
}

fn holds(range: &Cidr, ip: IpAddr) -> bool {
    range.0.is_ipv4() == ip.is_ipv4() && bits(range.0, range.1) == bits(ip, range.1)
}

pub(super) fn contains_ip(args: &[Value]) -> Outcome {
    let range = opaque::<Cidr>(args, 0)?;
    let ip = match args.get(1) {
        Some(Value::String(text)) => parse_ip(text).ok_or_else(|| no_overload("containsIP"))?,
        _ => opaque::<Ip>(args, 1)?.0,
    };
    Ok(Value::Bool(holds(range, ip)))
}

pub(super) fn contains_cidr(args: &[Value]) -> Outcome {
    let range = opaque::<Cidr>(args, 0)?;
    let other = match args.get(1) {
        Some(Value::String(text)) => parse_cidr(text).ok_or_else(|| no_overload("containsCIDR"))?,
        _ => opaque::<Cidr>(args, 1)?.clone(),
    };
    Ok(Value::Bool(range.1 <= other.1 && holds(range, other.0)))
}
