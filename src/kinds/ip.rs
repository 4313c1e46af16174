//! IP addresses and ranges in objects, with the server's words for bad ones. Knows no kind.
//!
//! The rules are those of 1.36 with strict IP validation: `IsValidIPForLegacyField` and `IsValidCIDRForLegacyField`.

use std::net::{IpAddr, Ipv4Addr};

use crate::apimachinery::field::{Errors, Path};

/// An address as old servers read it: octets may have leading zeros.
fn parse_sloppy(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| {
        let octets: Vec<&str> = text.split('.').collect();
        let digits = octets.iter().all(|o| !o.is_empty() && o.bytes().all(|b| b.is_ascii_digit()));
        let stripped: Vec<&str> = octets.iter().map(|o| o.trim_start_matches('0')).collect();
        let stripped: Vec<&str> = stripped.iter().map(|o| if o.is_empty() { "0" } else { o }).collect();
        if digits { stripped.join(".").parse::<Ipv4Addr>().ok().map(IpAddr::V4) } else { None }
    })
}

/// Whether a text is an address, however sloppily written.
pub fn is_ip(text: &str) -> bool {
    parse_sloppy(text).is_some()
}

/// Checks an address; whether it is good.
pub fn validate(text: &str, path: &Path, errors: &mut Errors) -> bool {
    let Some(_) = parse_sloppy(text) else {
        errors.invalid(path, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
        return false;
    };
    match text.parse::<IpAddr>() {
        Err(_) => errors.invalid(path, text, "must not have leading 0s"),
        Ok(IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_some() => {
            errors.invalid(path, text, "must not be an IPv4-mapped IPv6 address");
        }
        Ok(_) => return true,
    }
    false
}

/// Refuses addresses that are nobody's, the host's own or a link's.
pub fn validate_non_special(text: &str, path: &Path, errors: &mut Errors) {
    let Some(ip) = parse_sloppy(text) else {
        return errors.invalid(path, text, "must be a valid IP address");
    };
    let (link_local, link_multicast) = match ip {
        IpAddr::V4(v4) => (v4.is_link_local(), v4.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(v6) => (v6.is_unicast_link_local(), v6.segments()[0] & 0xff0f == 0xff02),
    };
    if ip.is_unspecified() {
        errors.invalid(path, text, &format!("may not be unspecified ({text})"));
    }
    if ip.is_loopback() {
        errors.invalid(path, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
    }
    if link_local {
        errors.invalid(path, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
    }
    if link_multicast {
        errors.invalid(path, text, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
    }
}

/// Checks a range: `10.9.8.0/24`.
pub fn validate_cidr(text: &str, path: &Path, errors: &mut Errors) {
    let parts =
        text.split_once('/').and_then(|(ip, bits)| Some((ip, parse_sloppy(ip)?, bits, bits.parse::<u8>().ok()?)));
    let Some((ip, address, bits, prefix)) = parts.filter(|p| p.3 <= if p.1.is_ipv4() { 32 } else { 128 }) else {
        return errors.invalid(path, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
    };
    if ip.parse::<IpAddr>().is_err() || (bits.len() > 1 && bits.starts_with('0')) {
        errors.invalid(path, text, "must not have leading 0s in IP or prefix length");
    } else if matches!(address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some()) {
        errors.invalid(path, text, "must not have an IPv4-mapped IPv6 address");
    } else if has_host_bits(address, prefix) {
        errors.invalid(path, text, "must not have bits set beyond the prefix length");
    }
}

/// What the server warns of in an address that is taken: that it is not written as it should be.
pub fn warning(text: &str, path: &Path) -> Option<String> {
    let ip = parse_sloppy(text)?;
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_none() => {
            let canonical = v6.to_string();
            let told =
                || format!("{path}: IPv6 address {text:?} should be in RFC 5952 canonical format ({canonical:?})");
            (canonical != text).then(told)
        }
        Ok(IpAddr::V4(_)) => None,
        _ => Some(format!(
            "{path}: non-standard IP address {text:?} will be considered invalid in a future Kubernetes release: use {:?}",
            ip.to_canonical().to_string()
        )),
    }
}

/// The same of a range of IPv6 addresses; a range of IPv4 addresses that is taken is written as it should be.
pub fn cidr_warning(text: &str, path: &Path) -> Option<String> {
    let (IpAddr::V6(v6), prefix) = parse_cidr(text)? else { return None };
    let canonical = format!("{v6}/{prefix}");
    let told = || format!("{path}: IPv6 CIDR value {text:?} should be in RFC 5952 canonical format ({canonical:?})");
    (canonical != text).then(told)
}

/// A range's address and prefix length, however sloppily written.
pub fn parse_cidr(text: &str) -> Option<(IpAddr, u8)> {
    let (ip, bits) = text.split_once('/')?;
    let (address, prefix) = (parse_sloppy(ip)?, bits.parse::<u8>().ok()?);
    (prefix <= if address.is_ipv4() { 32 } else { 128 }).then_some((address, prefix))
}

/// Whether one range lies within another that is larger.
pub fn is_strictly_inside(part: (IpAddr, u8), whole: (IpAddr, u8)) -> bool {
    let same = match (part.0, whole.0) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            (a.to_bits() ^ b.to_bits()).checked_shr(32 - u32::from(whole.1)).unwrap_or(0) == 0
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            (a.to_bits() ^ b.to_bits()).checked_shr(128 - u32::from(whole.1)).unwrap_or(0) == 0
        }
        _ => false,
    };
    same && part.1 > whole.1
}

fn has_host_bits(address: IpAddr, prefix: u8) -> bool {
    match address {
        IpAddr::V4(v4) => v4.to_bits().checked_shl(prefix.into()).is_some_and(|rest| rest != 0),
        IpAddr::V6(v6) => v6.to_bits().checked_shl(prefix.into()).is_some_and(|rest| rest != 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(check: impl Fn(&Path, &mut Errors)) -> Vec<String> {
        let mut errors = Errors::default();
        check(&Path::new("ip"), &mut errors);
        errors.0.iter().map(|e| e.body.split(": ").last().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn addresses() {
        let cases = [
            ("10.0.0.1", ""),
            ("FD00:0::1", ""),
            ("10.0.0.256", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"),
            ("010.0.0.1", "must not have leading 0s"),
            ("::ffff:1.2.3.4", "must not be an IPv4-mapped IPv6 address"),
        ];
        for (text, want) in cases {
            let got = said(|p, e| _ = validate(text, p, e));
            assert_eq!(got.first().map_or("", String::as_str), want, "{text}");
        }
        assert_eq!(
            said(|p, e| validate_non_special("127.0.0.1", p, e)),
            ["may not be in the loopback range (127.0.0.0/8, ::1/128)"]
        );
        assert_eq!(said(|p, e| validate_non_special("0.0.0.0", p, e)), ["may not be unspecified (0.0.0.0)"]);
        assert!(said(|p, e| validate_non_special("192.0.2.9", p, e)).is_empty());
    }

    #[test]
    fn what_is_not_written_as_it_should_be() {
        let path = Path::new("p");
        assert_eq!(
            warning("FD00:0::1", &path).as_deref(),
            Some("p: IPv6 address \"FD00:0::1\" should be in RFC 5952 canonical format (\"fd00::1\")")
        );
        assert_eq!(
            warning("010.0.0.1", &path).as_deref(),
            Some(
                "p: non-standard IP address \"010.0.0.1\" will be considered invalid in a future Kubernetes release: use \"10.0.0.1\""
            )
        );
        assert_eq!((warning("10.0.0.1", &path), warning("fd00::1", &path)), (None, None));
        assert_eq!(
            cidr_warning("fd00:0::/8", &path).as_deref(),
            Some("p: IPv6 CIDR value \"fd00:0::/8\" should be in RFC 5952 canonical format (\"fd00::/8\")")
        );
        assert_eq!((cidr_warning("::/0", &path), cidr_warning("10.0.0.0/8", &path)), (None, None));
    }

    #[test]
    fn ranges() {
        let cases = [
            ("10.0.0.0/8", ""),
            ("0.0.0.0/0", ""),
            ("fd00::/128", ""),
            ("10.0.0.0", "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"),
            ("10.0.0.0/33", "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"),
            ("10.0.0.5/24", "must not have bits set beyond the prefix length"),
            ("10.0.0.0/08", "must not have leading 0s in IP or prefix length"),
        ];
        for (text, want) in cases {
            let got = said(|p, e| validate_cidr(text, p, e));
            assert_eq!(got.first().map_or("", String::as_str), want, "{text}");
        }
    }
}
