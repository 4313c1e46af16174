//! `hostname`: the pod's name, its full name and its addresses.

use std::io::Write;

use super::read_etc;
use crate::env::Env;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Show {
    Name,
    Short,
    Domain,
    Full,
    Addresses,
}

/// Runs with the arguments after the name; returns the exit status.
pub fn run(args: &[String], env: &mut Env) -> u8 {
    let show = match parse(args) {
        Ok(show) => show,
        Err(message) => {
            let _ = writeln!(env.stderr, "hostname: {message}");
            return 1;
        }
    };
    let name = nix::unistd::gethostname().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let text = answer(show, &name, &read_etc("/etc/hosts"));
    u8::from(writeln!(env.stdout, "{text}").and_then(|()| env.stdout.flush()).is_err())
}

fn parse(args: &[String]) -> Result<Show, String> {
    let mut show = Show::Name;
    for arg in args {
        show = match arg.as_str() {
            "-s" | "--short" => Show::Short,
            "-d" | "--domain" => Show::Domain,
            "-f" | "--fqdn" | "--long" => Show::Full,
            "-i" | "--ip-address" | "-I" | "--all-ip-addresses" => Show::Addresses,
            option if option.starts_with('-') => return Err(format!("invalid option -- '{}'", &option[1..])),
            _ => return Err("you must be root to change the host name".to_owned()),
        };
    }
    Ok(show)
}

fn answer(show: Show, name: &str, hosts: &str) -> String {
    let entries = || hosts.lines().map(|l| l.split('#').next().unwrap_or_default().split_whitespace());
    let own = || entries().filter(|words| words.clone().skip(1).any(|word| word == name));
    // The first name of the line that has ours is the canonical one: the kubelet writes the full name there.
    let full = own().find_map(|mut words| words.nth(1)).unwrap_or(name);
    let domain = |n: &str| n.split_once('.').map(|(_, domain)| domain.to_owned()).unwrap_or_default();
    match show {
        Show::Name => name.to_owned(),
        Show::Short => name.split('.').next().unwrap_or_default().to_owned(),
        Show::Domain => domain(full),
        Show::Full => full.to_owned(),
        Show::Addresses => own().filter_map(|mut words| words.next()).collect::<Vec<_>>().join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTS: &str = "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n\
        172.16.0.19\tnginx-0.nginx.default.svc.cluster.local\tnginx-0\n";

    #[test]
    fn what_hosts_says() {
        let cases: &[(&[&str], &str)] = &[
            (&[], "nginx-0"),
            (&["-s"], "nginx-0"),
            (&["-f"], "nginx-0.nginx.default.svc.cluster.local"),
            (&["--fqdn"], "nginx-0.nginx.default.svc.cluster.local"),
            (&["-d"], "nginx.default.svc.cluster.local"),
            (&["-i"], "172.16.0.19"),
            (&["-I"], "172.16.0.19"),
        ];
        for (args, want) in cases {
            let args: Vec<String> = args.iter().map(|a| (*a).to_owned()).collect();
            assert_eq!(answer(parse(&args).unwrap(), "nginx-0", HOSTS), *want, "{args:?}");
        }
        assert_eq!(answer(Show::Full, "other", HOSTS), "other");
        assert_eq!(answer(Show::Domain, "other", HOSTS), "");
        assert!(parse(&["-x".to_owned()]).is_err());
        assert!(parse(&["name".to_owned()]).is_err());
    }
}
