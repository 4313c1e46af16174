//! `/etc/resolv.conf`: name servers, search domains and `ndots`.

use std::net::{IpAddr, Ipv4Addr};

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvConf {
    pub servers: Vec<IpAddr>,
    pub search: Vec<String>,
    pub ndots: usize,
}

/// Reads the file's text; a line that is none of its own is passed over, as resolvers do.
pub fn parse(text: &str) -> ResolvConf {
    let mut conf = ResolvConf { servers: Vec::new(), search: Vec::new(), ndots: 1 };
    for line in text.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("nameserver") => conf.servers.extend(words.next().and_then(|w| w.parse::<IpAddr>().ok())),
            Some("search") => conf.search = words.map(|d| d.trim_end_matches('.').to_owned()).collect(),
            Some("domain") => conf.search = words.take(1).map(str::to_owned).collect(),
            Some("options") => {
                let mut ndots = words.filter_map(|w| w.strip_prefix("ndots:")?.parse().ok());
                conf.ndots = ndots.next_back().unwrap_or(conf.ndots);
            }
            _ => {}
        }
    }
    if conf.servers.is_empty() {
        conf.servers.push(Ipv4Addr::LOCALHOST.into());
    }
    conf
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pods_file() {
        let text = "search default.svc.cluster.local svc.cluster.local\nnameserver 10.247.3.10\noptions ndots:5\n";
        let conf = parse(text);
        assert_eq!(conf.servers, ["10.247.3.10".parse::<IpAddr>().unwrap()]);
        assert_eq!(conf.search, ["default.svc.cluster.local", "svc.cluster.local"]);
        assert_eq!(conf.ndots, 5);
        let conf = parse("# nothing\nnameserver x\noptions\n");
        assert_eq!((conf.servers, conf.search, conf.ndots), (vec![Ipv4Addr::LOCALHOST.into()], vec![], 1));
    }
}
