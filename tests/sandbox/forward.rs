//! `port-forward`: this machine's ports that lead into a pod.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{ChildStdout, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::cluster::{Cluster, Running, processes_of, soon};
use crate::needs_namespaces;

/// A forwarding process, what it prints, and the port it found.
struct Forwarding {
    process: Running,
    printed: BufReader<ChildStdout>,
    port: u16,
}

fn forward(cluster: &Cluster, target: &str, ports: &str) -> Forwarding {
    let mut command = cluster.command(&["port-forward", target, ports, "--address", "127.0.0.1"]);
    let mut process = Running(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut printed = BufReader::new(process.0.stdout.take().unwrap());
    let mut line = String::new();
    printed.read_line(&mut line).unwrap();
    let port = line.strip_prefix("Forwarding from 127.0.0.1:").and_then(|l| l.split_once(" -> 80\n")).unwrap().0;
    let port = port.parse().unwrap();
    Forwarding { process, printed, port }
}

fn get(port: u16, path: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let head = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    answer.split_off(head + 4)
}

#[test]
fn two_downloads_at_a_time_and_an_end_by_ctrl_c() {
    needs_namespaces!();
    let cluster = Cluster::of_two();
    cluster.inside("nginx-0", "head -c 8000000 /dev/urandom > /usr/share/nginx/html/big");
    let size = cluster.inside("nginx-0", "md5sum < /usr/share/nginx/html/big; wc -c < /usr/share/nginx/html/big");
    assert!(size.ends_with("8000000\n"));
    let mut forwarding = forward(&cluster, "pod/nginx-0", ":80");
    let port = forwarding.port;
    let downloads: Vec<_> = (0..2).map(|_| std::thread::spawn(move || get(port, "/big"))).collect();
    let files: Vec<Vec<u8>> = downloads.into_iter().map(|d| d.join().unwrap()).collect();
    assert_eq!((files[0].len(), files[0] == files[1]), (8_000_000, true));
    assert_eq!(get(port, "/"), b"nginx-0\n");
    for _ in 0..3 {
        let mut line = String::new();
        forwarding.printed.read_line(&mut line).unwrap();
        assert_eq!(line, format!("Handling connection for {port}\n"));
    }
    let child = &mut forwarding.process.0;
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn services_and_sets_lead_to_a_pod() {
    needs_namespaces!();
    let cluster = Cluster::of_two();
    for (target, ports) in [("svc/web", ":http"), ("svc/web", ":8080"), ("sts/nginx", ":80"), ("nginx-1", ":web")] {
        let forwarding = forward(&cluster, target, ports);
        let page = get(forwarding.port, "/");
        assert!([&b"nginx-0\n"[..], b"nginx-1\n"].contains(&page.as_slice()), "{target} {ports}: {page:?}");
    }
}

#[test]
fn a_port_without_a_server_ends_it_with_kubectl_s_words() {
    needs_namespaces!();
    let cluster = Cluster::of_two();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let pair = format!("{port}:81");
    let mut command = cluster.command(&["port-forward", "nginx-0", &pair, "--address", "127.0.0.1"]);
    let process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    soon("it listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    let output = process.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains(&format!("an error occurred forwarding {port} -> 81: error forwarding port 81 to pod ")));
    assert!(said.ends_with("error: lost connection to pod\n"), "{said}");
}

#[test]
fn it_ends_with_its_pod() {
    needs_namespaces!();
    let cluster = Cluster::with(
        "
apiVersion: v1
kind: Pod
metadata: {name: alone}
spec: {containers: [{name: nginx, image: nginx}]}
",
    );
    let mut forwarding = forward(&cluster, "alone", ":80");
    cluster.out(&["delete", "pod", "alone"]);
    assert_eq!(forwarding.process.0.wait().unwrap().code(), Some(1));
}

#[test]
fn errors_are_kubectl_s() {
    let cluster = Cluster::of_two();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let (both, listen) = (format!("{port}:80"), ["--address", "127.0.0.1"]);
    let said = |args: &[&str]| {
        let output = cluster.run(&[&["port-forward"][..], args].concat());
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(said(&["nginx-0"]).starts_with("error: TYPE/NAME and list of ports are required for port-forward\nSee '"));
    assert_eq!(said(&["nope", "80"]), "Error from server (NotFound): pods \"nope\" not found\n");
    assert_eq!(said(&["svc/web", "81"]), "error: Service web does not have a service port 81\n");
    assert_eq!(said(&["nginx-0", "80", "--address", "x"]), "error: x is not a valid IP\n");
    assert_eq!(
        said(&["nginx-0", &both, listen[0], listen[1]]),
        format!(
            "Unable to listen on port {port}: Listeners failed to create with the following errors: [unable to create \
             listener: Error listen tcp4 127.0.0.1:{port}: bind: address already in use]\nerror: unable to listen on any \
             of the requested ports: [{{{port} 80}}]\n"
        )
    );
}

#[test]
fn nothing_stays_after_kill_9() {
    needs_namespaces!();
    let cluster = Cluster::of_two();
    soon("nothing runs", || processes_of(cluster.home.path()) == 0);
    let mut forwarding = forward(&cluster, "nginx-0", ":80");
    assert_eq!(get(forwarding.port, "/"), b"nginx-0\n");
    forwarding.process.0.kill().unwrap();
    forwarding.process.0.wait().unwrap();
    soon("nothing runs", || processes_of(cluster.home.path()) == 0);
}
