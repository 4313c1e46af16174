//! `proxy`: the API over HTTP, as a client without kubectl sees it.

#![expect(clippy::disallowed_methods, reason = "a test of a server starts it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use assert_fs::TempDir;

struct Proxy {
    child: Child,
    address: String,
    _home: TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Proxy {
    fn start() -> Proxy {
        let home = TempDir::new().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_kstate"))
            .args(["proxy", "--port=0"])
            .env("KSTATE_HOME", home.path())
            .env("KSTATE_NOW", "2026-01-01T00:00:00Z")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("Starting to serve on ").unwrap().to_owned();
        Proxy { child, address, _home: home }
    }

    fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let text = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(text.as_bytes()).unwrap();
        stream
    }

    /// The status line's number and the body.
    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> (String, String) {
        let mut text = String::new();
        self.send(method, path, headers, body).read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().to_owned(), body.to_owned())
    }
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

#[test]
fn objects_are_made_read_patched_applied_and_deleted() {
    let proxy = Proxy::start();
    let (code, _) = proxy.ask("POST", MAPS, "", r#"{"metadata": {"name": "a"}, "data": {"k": "v"}}"#);
    assert_eq!(code, "201");
    let (code, body) = proxy.ask("POST", MAPS, "", r#"{"metadata": {"name": "a"}}"#);
    assert_eq!(code, "409");
    assert!(body.contains(r#""reason":"AlreadyExists""#), "{body}");
    let merge = "Content-Type: application/merge-patch+json\r\n";
    let (code, body) = proxy.ask("PATCH", &format!("{MAPS}/a"), merge, r#"{"data": {"k": "w"}}"#);
    assert_eq!((code.as_str(), body.contains(r#""data":{"k":"w"}"#)), ("200", true), "{body}");
    let apply = "Content-Type: application/apply-patch+yaml\r\n";
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n";
    assert_eq!(proxy.ask("PATCH", &format!("{MAPS}/b?fieldManager=me"), apply, manifest).0, "201");
    let (_, body) = proxy.ask("GET", MAPS, "Accept: application/json;as=Table;v=v1;g=meta.k8s.io\r\n", "");
    assert!(body.starts_with(r#"{"kind":"Table","apiVersion":"meta.k8s.io/v1""#), "{body}");
    assert!(body.contains(r#""cells":["a","1","0s"]"#), "{body}");
    let (_, body) = proxy.ask("GET", &format!("{MAPS}/none"), "User-Agent: curl/8\r\n", "");
    assert!(body.starts_with("{\n  \"kind\": \"Status\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": {},\n"), "{body}");
    assert!(body.ends_with("\n  \"code\": 404\n}"), "{body}");
    let (_, body) = proxy.ask("GET", &format!("{MAPS}/none?pretty=false"), "User-Agent: curl/8\r\n", "");
    assert_eq!(body.lines().count(), 1, "{body}");
    let (code, body) = proxy.ask("DELETE", &format!("{MAPS}/a"), "", "");
    assert_eq!((code.as_str(), body.contains(r#""status":"Success""#)), ("200", true), "{body}");
    assert_eq!(proxy.ask("GET", &format!("{MAPS}/a"), "", "").0, "404");
    assert_eq!(proxy.ask("GET", &format!("{MAPS}?labelSelector=a%3Db%3D"), "", "").0, "400");
}

#[test]
fn a_watch_tells_of_what_comes() {
    let proxy = Proxy::start();
    let stream = proxy.send("GET", &format!("{MAPS}?watch=true"), "", "");
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    // The head and what is there come first.
    let head = lines.find(|l| l.is_empty() || l.contains("ADDED"));
    assert!(head.is_some());
    proxy.ask("POST", MAPS, "", r#"{"metadata": {"name": "new"}}"#);
    assert!(lines.any(|l| l.starts_with(r#"{"type":"ADDED","#) && l.contains(r#""name":"new""#)));
}

#[test]
fn who_comes_by_another_name_is_refused() {
    let proxy = Proxy::start();
    let mut stream = TcpStream::connect(&proxy.address).unwrap();
    stream.write_all(b"GET /api HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 403 Forbidden\r\n") && text.ends_with("Forbidden\n"), "{text}");
}
