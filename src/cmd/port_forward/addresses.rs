//! The addresses of `--address`, and what the operating system says of them. Knows no port's meaning.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use sha2::{Digest, Sha256};

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub ip: IpAddr,
    /// One of localhost's two, of which one is enough.
    pub is_optional: bool,
}

/// Reads the addresses; each is listened on once, in the order of their texts.
///
/// # Errors
/// kubectl's text for what is no address.
pub fn parse(texts: &[String]) -> anyhow::Result<Vec<Address>> {
    let mut all: Vec<Address> = Vec::new();
    for text in texts {
        let (ips, is_optional) = match (text.as_str(), text.parse()) {
            ("localhost", _) => (vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()], true),
            (_, Ok(ip)) => (vec![ip], false),
            _ => anyhow::bail!("{text} is not a valid IP"),
        };
        for ip in ips {
            match all.iter_mut().find(|a| a.ip == ip) {
                Some(known) => known.is_optional &= is_optional,
                None => all.push(Address { ip, is_optional }),
            }
        }
    }
    all.sort_by_key(|a| a.ip.to_string());
    Ok(all)
}

/// Why an address cannot be listened on, in Go's words.
pub fn listen_error(address: &Address, port: u16, error: &io::Error) -> String {
    let family = if address.ip.is_ipv4() { "tcp4" } else { "tcp6" };
    let whole = error.to_string();
    // "Address already in use (os error 98)"
    let mut words = whole.split(" (os error").next().unwrap_or_default().to_owned();
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    let call = if words == "cannot assign requested address" || words.ends_with("in use") || words.ends_with("denied") {
        "bind: "
    } else {
        ""
    };
    let place = SocketAddr::new(address.ip, port);
    format!("unable to create listener: Error listen {family} {place}: {call}{words}")
}

/// What a container runtime calls the pod: 64 hexadecimal digits.
pub fn sandbox_id(uid: &str) -> String {
    Sha256::digest(uid).iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_kubectl_reads_them() {
        let read = |list: &[&str]| parse(&list.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>());
        let texts = |list: &[&str]| -> Vec<String> {
            let show = |a: &Address| format!("{}{}", a.ip, if a.is_optional { "?" } else { "" });
            read(list).unwrap().iter().map(show).collect()
        };
        assert_eq!(texts(&["localhost"]), ["127.0.0.1?", "::1?"]);
        assert_eq!(texts(&["localhost", "127.0.0.1", "10.1.1.1"]), ["10.1.1.1", "127.0.0.1", "::1?"]);
        assert_eq!(read(&["nope"]).unwrap_err().to_string(), "nope is not a valid IP");
    }

    #[test]
    fn what_the_operating_system_says_is_said_as_go_says_it() {
        let address = Address { ip: Ipv4Addr::LOCALHOST.into(), is_optional: true };
        let error = io::Error::from_raw_os_error(98);
        let text = "unable to create listener: Error listen tcp4 127.0.0.1:80: bind: address already in use";
        assert_eq!(listen_error(&address, 80, &error), text);
    }
}
