//! Whole command lines against a server on loopback.

use std::io::{self, BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use assert_fs::prelude::*;

use super::*;
use crate::apimachinery::time;
use crate::clock::Clock;

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// Exit status, stdout and stderr.
fn curl_in(cwd: PathBuf, line: &str) -> (u8, String, String) {
    let (stdout, stderr) = (Sink::default(), Sink::default());
    let mut env = Env {
        vars: Default::default(),
        cwd,
        exe: PathBuf::new(),
        clock: Clock::Fixed(time::parse("2026-11-22T17:25:01Z").unwrap()),
        stdin: Box::new(io::empty()),
        stdout: Box::new(stdout.clone()),
        stderr: Box::new(stderr.clone()),
        stdin_is_terminal: false,
        stdout_is_terminal: false,
        stderr_is_terminal: false,
    };
    let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let status = run(&args, &mut env);
    (status, stdout.text(), stderr.text())
}

fn curl(line: &str) -> (u8, String, String) {
    curl_in(PathBuf::from("/"), line)
}

/// A server that gives each connection the next of these answers and closes it; what it was asked comes out.
fn server(answers: &[&'static str]) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answers: Vec<&'static str> = answers.to_vec();
    let (asked, requests) = channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut head, mut length) = (String::new(), 0);
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {
                let line = head.lines().last().unwrap_or_default().to_ascii_lowercase();
                length = line.strip_prefix("content-length: ").map_or(length, |l| l.parse().unwrap());
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            asked.send(head + &String::from_utf8(body).unwrap()).ok();
        }
    });
    (address, requests)
}

const HELLO: &str = "HTTP/1.1 200 Fine\r\nServer: x\r\nETag: \"1\"\r\nContent-Type: text/plain\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n";
const GONE: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\ngone";

#[test]
fn bodies_heads_and_formats() {
    let head = HELLO.strip_suffix("hello\n").unwrap();
    let cases: &[(&str, &str, u8, String)] = &[
        ("-s @/", HELLO, 0, "hello\n".to_owned()),
        ("-si @", HELLO, 0, format!("{head}hello\n")),
        ("-sI @", head, 0, head.to_owned()),
        ("-s @/x", GONE, 0, "gone".to_owned()),
        ("-sf @/x", GONE, 22, String::new()),
        ("-s --fail-with-body @/x", GONE, 22, "gone".to_owned()),
        (
            "-s -o /dev/null -w %{http_code}:%{size_download}:%{content_type} @/x",
            HELLO,
            0,
            "200:6:text/plain".to_owned(),
        ),
    ];
    for (line, answer, status, stdout) in cases {
        let (address, _requests) = server(&[answer]);
        let got = curl(&line.replace('@', &address.to_string()));
        assert_eq!(got, (*status, stdout.clone(), String::new()), "{line}");
    }
}

#[test]
fn what_is_sent() {
    let cases: &[(&str, &[&str])] = &[
        ("-s @/a?b", &["GET /a?b HTTP/1.1\r\n", "user-agent: curl/8.14.1\r\n", "accept: */*\r\n"]),
        (
            "-s -d a=1 -d b=2 @",
            &["POST / HTTP/1.1\r\n", "content-type: application/x-www-form-urlencoded\r\n", "\r\n\r\na=1&b=2"],
        ),
        ("-s -X PUT -H Content-Type:text/plain -d x @", &["PUT / ", "content-type: text/plain\r\n", "\r\n\r\nx"]),
        ("-s -X GET -d x @", &["GET / ", "\r\n\r\nx"]),
        ("-s -X DELETE @", &["DELETE / "]),
        ("-s -X FOO @", &["FOO / "]),
        ("-s -G -d a=1 --data-urlencode q=a/b @/s", &["GET /s?a=1&q=a%2Fb HTTP/1.1\r\n"]),
        (
            "-s -u a:b -A me -H X-A:b -H Accept: @",
            &["authorization: Basic YTpi\r\n", "user-agent: me\r\n", "x-a: b\r\n"],
        ),
        ("-s -r 0-1 -e http://from @", &["range: bytes=0-1\r\n", "referer: http://from\r\n"]),
        ("-s -H Host:web.example @", &["host: web.example\r\n"]),
    ];
    for (line, wants) in cases {
        let (address, requests) = server(&[HELLO]);
        let (status, ..) = curl(&line.replace('@', &address.to_string()));
        assert_eq!(status, 0, "{line}");
        let request = requests.recv().unwrap();
        for want in *wants {
            assert!(request.contains(want), "{line}: {request}");
        }
        assert_eq!(request.matches("host: ").count(), 1, "{line}: {request}");
    }
}

#[test]
fn redirects_are_followed_when_asked() {
    let moved = "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 5\r\nConnection: close\r\n\r\nmoved";
    let (address, _requests) = server(&[moved]);
    assert_eq!(curl(&format!("-s {address}")).1, "moved");
    let (address, requests) = server(&[moved, HELLO]);
    let got = curl(&format!("-sL -d x -w %{{num_redirects}} {address}"));
    assert_eq!((got.0, got.1.as_str()), (0, "hello\n1"));
    requests.recv().unwrap();
    assert!(requests.recv().unwrap().starts_with("GET /there HTTP/1.1\r\n"));
    let (address, _requests) = server(&[moved]);
    let got = curl(&format!("-sSL --max-redirs 0 {address}"));
    assert_eq!((got.0, got.2.as_str()), (47, "curl: (47) Maximum (0) redirects followed\n"));
}

#[test]
fn what_goes_wrong_is_said_in_curls_words() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = format!(
        "curl: (7) Failed to connect to 127.0.0.1 port {} after 0 ms: Couldn't connect to server\n",
        closed.port()
    );
    assert_eq!(curl(&format!("-sS {closed}")), (7, String::new(), refused.clone()));
    assert_eq!(curl(&format!("-s {closed}")), (7, String::new(), String::new()));
    let retried = curl(&format!("-sS --retry 1 --retry-connrefused {closed}"));
    assert_eq!(retried, (7, String::new(), refused.repeat(2)));
    let metered = curl(&closed.to_string());
    assert!(metered.2.starts_with("  % Total") && metered.2.ends_with(&format!("\n{refused}")), "{}", metered.2);
    let one = |answer, line: &str| {
        let (address, _requests) = server(&[answer]);
        let (status, _, stderr) = curl(&line.replace('@', &address.to_string()));
        format!("{status} {stderr}")
    };
    assert_eq!(one("", "-sS @"), "52 curl: (52) Empty reply from server\n");
    assert_eq!(one(GONE, "-sSf @"), "22 curl: (22) The requested URL returned error: 404\n");
    let short = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc";
    assert_eq!(one(short, "-sS @"), "18 curl: (18) transfer closed with 6 bytes remaining to read\n");
    for (line, want) in [
        ("foo://x", "curl: (1) Protocol \"foo\" not supported\n"),
        ("-sS http://no.such.invalid", "curl: (6) Could not resolve host: no.such.invalid\n"),
        ("-sS http://", "curl: (3) URL using bad/illegal format or missing URL\n"),
        ("-sS -d @/nonexistent http://127.0.0.1:1", "curl: (26) Failed to open /nonexistent\n"),
        ("--foo", "curl: option --foo: is unknown\ncurl: try 'curl --help' or 'curl --manual' for more information\n"),
    ] {
        assert_eq!(curl(line).2, want, "{line}");
    }
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let got = curl(&format!("-sS -m 0.05 {}", listener.local_addr().unwrap()));
    assert_eq!(
        (got.0, got.2.as_str()),
        (28, "curl: (28) Operation timed out after 0 milliseconds with 0 bytes received\n")
    );
}

#[test]
fn files() {
    let folder = assert_fs::TempDir::new().unwrap();
    let (address, _requests) = server(&[HELLO, HELLO]);
    let got = curl_in(folder.path().to_owned(), &format!("-s -O {address}/a.txt -o b {address}/"));
    assert_eq!(got, (0, String::new(), String::new()));
    for name in ["a.txt", "b"] {
        folder.child(name).assert("hello\n");
    }
    let (address, _requests) = server(&[HELLO]);
    assert_eq!(curl_in(folder.path().to_owned(), &format!("-s -o no/such/b {address}")).0, 23);
}

#[test]
fn verbose_shows_both_heads() {
    let (address, _requests) = server(&[HELLO]);
    let (_, stdout, stderr) = curl(&format!("-sv {address}/a"));
    assert_eq!(stdout, "hello\n");
    let want = format!(
        "*   Trying {address}...\n* Connected to 127.0.0.1 (127.0.0.1) port {}\n> GET /a HTTP/1.1\n> Host: {address}\n\
         > User-Agent: curl/8.14.1\n> Accept: */*\n> \n< HTTP/1.1 200 Fine\n< Server: x\n< ETag: \"1\"\n",
        address.port()
    );
    assert!(stderr.starts_with(&want), "{stderr}");
}
