//! nslookup's command line: `-type=SRV NAME [SERVER]`.

use std::io::{self, Write};
use std::time::Duration;

use simple_dns::{QTYPE, TYPE};

/// What to ask, and whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    pub name: Option<String>,
    pub server: Option<String>,
    /// None for addresses of either family.
    pub kind: Option<QTYPE>,
    pub port: u16,
    pub timeout: Duration,
    pub tries: u32,
    pub search: bool,
    /// In the place of the search list.
    pub domain: Option<String>,
}

/// Reads a command line. As BIND's, it complains about an option and goes on without it.
pub fn parse(args: &[String], out: &mut dyn Write) -> io::Result<Options> {
    let mut options = Options {
        name: None,
        server: None,
        kind: None,
        port: 53,
        timeout: Duration::from_secs(5),
        tries: 3,
        search: true,
        domain: None,
    };
    for arg in args {
        if let Some(option) = arg.strip_prefix('-').filter(|o| !o.is_empty()) {
            set(&mut options, option, out)?;
        } else if options.name.is_none() {
            options.name = Some(arg.clone());
        } else {
            options.server = Some(arg.clone());
        }
    }
    Ok(options)
}

fn set(options: &mut Options, option: &str, out: &mut dyn Write) -> io::Result<()> {
    let (name, value) = option.split_once('=').unwrap_or((option, ""));
    match name {
        "type" | "ty" | "t" | "query" | "querytype" | "qu" | "q" => match kind(value) {
            Some(kind) => options.kind = Some(kind),
            None => writeln!(out, "unknown query type: {value}")?,
        },
        "port" | "po" => options.port = value.parse().unwrap_or(options.port),
        "timeout" | "timeo" => {
            options.timeout = value.parse().map_or(options.timeout, |s: u64| Duration::from_secs(s.max(1)));
        }
        "retry" | "ret" => options.tries = value.parse().map_or(options.tries, |n: u32| n.saturating_add(1)),
        "search" | "sea" => options.search = true,
        "nosearch" | "nosea" => options.search = false,
        "domain" | "do" => options.domain = Some(value.trim_end_matches('.').to_owned()),
        // Ways of asking that change nothing in what a name server of a cluster answers.
        "debug" | "deb" | "nodebug" | "d2" | "nod2" | "recurse" | "norecurse" | "vc" | "novc" | "fail" | "nofail"
        | "class" | "cl" | "all" => {}
        _ => writeln!(out, "*** Invalid option: {option}")?,
    }
    Ok(())
}

fn kind(name: &str) -> Option<QTYPE> {
    let kind = match name.to_ascii_uppercase().as_str() {
        "A" => TYPE::A,
        "AAAA" => TYPE::AAAA,
        "CNAME" => TYPE::CNAME,
        "MX" => TYPE::MX,
        "NS" => TYPE::NS,
        "PTR" => TYPE::PTR,
        "SOA" => TYPE::SOA,
        "SRV" => TYPE::SRV,
        "TXT" => TYPE::TXT,
        "ANY" => return Some(QTYPE::ANY),
        _ => return None,
    };
    Some(QTYPE::TYPE(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> (Options, String) {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let mut out = Vec::new();
        let options = parse(&args, &mut out).unwrap();
        (options, String::from_utf8(out).unwrap())
    }

    #[test]
    fn types_servers_and_complaints() {
        let (options, said) = parsed("-type=srv -port=5353 -timeout=1 -retry=0 web 10.0.0.1");
        assert_eq!(options.kind, Some(QTYPE::TYPE(TYPE::SRV)));
        assert_eq!((options.port, options.tries, options.timeout), (5353, 1, Duration::from_secs(1)));
        assert_eq!((options.name.as_deref(), options.server.as_deref()), (Some("web"), Some("10.0.0.1")));
        assert_eq!(said, "");
        assert_eq!(parsed("-type=foo web").1, "unknown query type: foo\n");
        assert_eq!(parsed("-foo web").1, "*** Invalid option: foo\n");
        assert_eq!(parsed("").0.name, None);
    }
}
