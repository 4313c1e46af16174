//! Whole look-ups against kstate's own DNS server on loopback; what BIND 9.18's nslookup printed is what is expected.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};

use super::*;
use crate::apimachinery::status::Status;
use crate::runtime::dns::{self, Address, Endpoint, Named, Port, Service};

struct Double;

impl dns::Lookup for Double {
    fn namespace(&self, name: &str) -> Result<bool, Status> {
        Ok(name == "default")
    }

    fn service(&self, _namespace: &str, name: &str) -> Result<Option<Service>, Status> {
        let ports = vec![Port { name: "web".to_owned(), protocol: "TCP".to_owned(), number: 80 }];
        let pods = |count: u8| -> Vec<Endpoint> {
            let pod = |n| Endpoint {
                ip: Ipv4Addr::new(172, 16, 0, n),
                hostname: Some(format!("nginx-{n}")),
                ports: ports.clone(),
            };
            (0..count).map(pod).collect()
        };
        let (address, endpoints) = match name {
            "nginx" => (Address::Headless, pods(2)),
            "many" => (Address::Headless, pods(200)),
            "web" => (Address::ClusterIp(Ipv4Addr::new(10, 247, 0, 5)), vec![]),
            "ext" => (Address::ExternalName("web.default.svc.cluster.local".to_owned()), vec![]),
            _ => return Ok(None),
        };
        Ok(Some(Service { address, ports: ports.clone(), endpoints }))
    }

    fn named(&self, ip: Ipv4Addr) -> Result<Vec<Named>, Status> {
        let named = Named::Service { namespace: "default".to_owned(), name: "web".to_owned() };
        Ok(if ip == Ipv4Addr::new(10, 247, 0, 5) { vec![named] } else { vec![] })
    }

    fn serial(&self) -> u32 {
        7
    }
}

/// The port of a server over both protocols; another one is taken where TCP has it already.
fn server() -> u16 {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = udp.local_addr().unwrap().port();
        let Ok(tcp) = TcpListener::bind(("127.0.0.1", port)) else { continue };
        std::thread::spawn(move || dns::serve_udp(&udp, &Double));
        std::thread::spawn(move || dns::serve_tcp(&tcp, &Double));
        return port;
    }
}

fn nslookup(port: u16, line: &str) -> (u8, String) {
    let conf = resolv_conf::parse(
        "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 127.0.0.1\noptions ndots:5\n",
    );
    let args: Vec<String> =
        format!("-port={port} -timeout=1 {line}").split(' ').filter(|w| !w.is_empty()).map(str::to_owned).collect();
    let mut out = Vec::new();
    let status = look_up(&args, &conf, &mut out).unwrap();
    (status, String::from_utf8(out).unwrap())
}

#[test]
fn what_is_printed() {
    let port = server();
    let head = format!("Server:\t\t127.0.0.1\nAddress:\t127.0.0.1#{port}\n\n");
    let d = "default.svc.cluster.local";
    let cases = [
        ("nginx-1.nginx", 0, format!("{head}Name:\tnginx-1.nginx.{d}\nAddress: 172.16.0.1\n\n")),
        ("nginx", 0, format!("{head}Name:\tnginx.{d}\nAddress: 172.16.0.0\nName:\tnginx.{d}\nAddress: 172.16.0.1\n\n")),
        ("web.default.svc.cluster.local.", 0, format!("{head}Name:\tweb.{d}\nAddress: 10.247.0.5\n\n")),
        ("nginx-9.nginx", 1, format!("{head}** server can't find nginx-9.nginx: NXDOMAIN\n\n")),
        ("example.com", 1, format!("{head}** server can't find example.com: REFUSED\n\n")),
        ("-type=AAAA web", 0, format!("{head}*** Can't find web: No answer\n\n")),
        ("default.svc", 0, format!("{head}*** Can't find default.svc.cluster.local: No answer\n\n")),
        (
            "-type=SRV _web._tcp.nginx",
            0,
            format!(
                "{head}_web._tcp.nginx.{d}\tservice = 0 50 80 nginx-0.nginx.{d}.\n\
                 _web._tcp.nginx.{d}\tservice = 0 50 80 nginx-1.nginx.{d}.\n\n"
            ),
        ),
        ("10.247.0.5", 0, format!("5.0.247.10.in-addr.arpa\tname = web.{d}.\n\n")),
        ("-type=PTR 10.247.0.5", 0, format!("{head}5.0.247.10.in-addr.arpa\tname = web.{d}.\n\n")),
        ("9.9.9.9", 1, "** server can't find 9.9.9.9.in-addr.arpa: NXDOMAIN\n\n".to_owned()),
        ("ext", 0, format!("{head}ext.{d}\tcanonical name = web.{d}.\nName:\tweb.{d}\nAddress: 10.247.0.5\n\n")),
        ("-type=foo web", 0, format!("unknown query type: foo\n{head}Name:\tweb.{d}\nAddress: 10.247.0.5\n\n")),
    ];
    for (line, status, text) in cases {
        assert_eq!(nslookup(port, line), (status, text), "{line}");
    }
    let (_, many) = nslookup(port, "many");
    assert!(many.starts_with(";; Truncated, retrying in TCP mode.\nServer:"), "{many}");
    assert_eq!(many.matches("Address: ").count(), 200);
}

#[test]
fn what_cannot_be_asked() {
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let line = format!(";; communications error to 127.0.0.1#{closed}: connection refused\n");
    assert_eq!(nslookup(closed, "web"), (1, line.repeat(3) + ";; no servers could be reached\n\n"));
    assert_eq!(nslookup(closed, "").0, 1);
    let long = "a".repeat(64);
    assert_eq!(nslookup(closed, &format!("{long}.")), (1, format!("nslookup: '{long}' is not a legal name\n")));
    assert_eq!(reverse_name("::1".parse().unwrap()), format!("1.{}ip6.arpa", "0.".repeat(31)));
}

#[test]
fn in_the_manner_of_old_busybox() {
    let port = server();
    let conf = resolv_conf::parse(
        "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 127.0.0.1\noptions ndots:5\n",
    );
    let said = |words: &[&str]| {
        let args: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let status = busybox::look_up(&args, &conf, port, &mut out, &mut err).unwrap();
        (status, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    };
    let head = "Server:    127.0.0.1\nAddress 1: 127.0.0.1\n\n";
    let web = "Address 1: 10.247.0.5 web.default.svc.cluster.local\n";
    assert_eq!(said(&["web"]), (0, format!("{head}Name:      web\n{web}"), String::new()));
    let both = "Name:      nginx\nAddress 1: 172.16.0.0\nAddress 2: 172.16.0.1\n";
    assert_eq!(said(&["nginx", "127.0.0.1"]), (0, format!("{head}{both}"), String::new()));
    let error = "nslookup: can't resolve 'nginx-9.nginx'\n".to_owned();
    assert_eq!(said(&["nginx-9.nginx"]), (1, head.to_owned(), error));
    assert_eq!(said(&["-x"]).0, 1);
}
