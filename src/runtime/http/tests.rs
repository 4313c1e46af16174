//! Whole connections, over a stream in memory; what nginx 1.22 answered to the same bytes is what is expected.

use std::io::{self, Cursor, Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, UNIX_EPOCH};

use assert_fs::TempDir;
use assert_fs::prelude::*;

use super::*;
use crate::apimachinery::time;

struct Wire {
    input: Cursor<Vec<u8>>,
    output: Vec<u8>,
}

impl Read for &mut Wire {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.input.read(buf)
    }
}

impl Write for &mut Wire {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.output.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const ROOT: &str = "/usr/share/nginx/html";

fn site(kind: ServerKind, mounts: &[(&str, &TempDir)]) -> Site {
    let mounts = mounts.iter().map(|(point, folder)| ((*point).to_owned(), folder.path().to_owned().into())).collect();
    let (hostname, text) = ("web-0".to_owned(), "hi".to_owned());
    let started = time::parse("2026-11-22T17:24:31Z");
    Site { kind, root: ROOT.to_owned(), hostname, ip: [172, 16, 0, 19].into(), text, started, mounts }
}

/// What a connection sends back and logs.
fn exchange(site: &Site, bytes: &str) -> (String, Vec<String>) {
    let mut wire = Wire { input: Cursor::new(bytes.as_bytes().to_vec()), output: Vec::new() };
    let peer = Peer { client: "172.16.0.9:4711".parse().unwrap(), server: "172.16.0.19:8080".parse().unwrap() };
    let clock = Clock::Fixed(time::parse("2026-11-22T17:25:01Z").unwrap());
    let mut log = Vec::new();
    serve_connection(&mut wire, site, peer, clock, &mut |_, line| log.push(line.to_owned())).unwrap();
    (String::from_utf8_lossy(&wire.output).into_owned(), log)
}

fn get(site: &Site, path: &str) -> String {
    exchange(site, &format!("GET {path} HTTP/1.0\r\nHost: web\r\n\r\n")).0
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or(answer, |(_, body)| body)
}

fn file(folder: &TempDir, name: &str, text: &str) {
    let file = folder.child(name);
    file.write_str(text).unwrap();
    let modified = UNIX_EPOCH + Duration::from_secs(1_795_368_300);
    std::fs::OpenOptions::new().write(true).open(file.path()).unwrap().set_modified(modified).unwrap();
}

#[test]
fn a_file_is_sent_as_nginx_sends_it() {
    let volume = TempDir::new().unwrap();
    file(&volume, "a.txt", "0123456789");
    let site = site(ServerKind::Nginx, &[(ROOT, &volume)]);
    let (answer, log) =
        exchange(&site, "GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\nHEAD /a.txt HTTP/1.0\r\nUser-Agent: \"me\"\r\n\r\n");
    let head = "HTTP/1.1 200 OK\r\nServer: nginx/1.29.3\r\nDate: Sun, 22 Nov 2026 17:25:01 GMT\r\n\
        Content-Type: text/plain\r\nContent-Length: 10\r\nLast-Modified: Sun, 22 Nov 2026 17:25:00 GMT\r\n\
        Connection: keep-alive\r\nETag: \"6b03256c-a\"\r\nAccept-Ranges: bytes\r\n\r\n";
    assert_eq!(answer, format!("{head}0123456789{}", head.replace("keep-alive", "close")));
    assert_eq!(
        log,
        [
            "172.16.0.9 - - [22/Nov/2026:17:25:01 +0000] \"GET /a.txt HTTP/1.1\" 200 10 \"-\" \"-\" \"-\"",
            "172.16.0.9 - - [22/Nov/2026:17:25:01 +0000] \"HEAD /a.txt HTTP/1.0\" 200 0 \"-\" \"\\x22me\\x22\" \"-\"",
        ]
    );
}

#[test]
fn nginx_logs_what_it_did_not_find() {
    let volume = TempDir::new().unwrap();
    let site = site(ServerKind::Nginx, &[(ROOT, &volume)]);
    let log = |line: &str| exchange(&site, &format!("{line} HTTP/1.0\r\nHost: web\r\n\r\n")).1;
    let want = |note: &str, line: &str| {
        format!(
            "2026/11/22 17:25:01 [error] 29#29: *1 {note}, client: 172.16.0.9, server: localhost, \
             request: \"{line} HTTP/1.0\", host: \"web\""
        )
    };
    let cases = [
        ("GET /no", format!("open() \"{ROOT}/no\" failed (2: No such file or directory)")),
        ("GET /no/", format!("\"{ROOT}/no/index.html\" is not found (2: No such file or directory)")),
        ("GET /", format!("directory index of \"{ROOT}/\" is forbidden")),
    ];
    for (line, note) in cases {
        let log = log(line);
        assert_eq!((log.len(), &log[0]), (2, &want(&note, line)));
    }
}

#[test]
fn every_path_gets_its_status() {
    let volume = TempDir::new().unwrap();
    file(&volume, "a.txt", "0123456789");
    file(&volume, "sub/index.html", "hello\n");
    file(&volume, "private", "");
    std::fs::set_permissions(volume.child("private").path(), PermissionsExt::from_mode(0o600)).unwrap();
    volume.child("empty").create_dir_all().unwrap();
    nix::unistd::mkfifo(volume.child("fifo").path(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let site = site(ServerKind::Nginx, &[(ROOT, &volume)]);
    let cases = [
        ("/", "403"),
        ("/a.txt", "200"),
        ("//./a%2etxt?q", "200"),
        ("/a.txt/", "404"),
        ("/a.txt/b", "404"),
        ("/sub/", "200"),
        ("/sub", "301"),
        ("/empty/", "403"),
        ("/nope", "404"),
        ("/nope/", "404"),
        ("/private", "403"),
        ("/fifo", "404"),
        ("/../../etc/passwd", "400"),
        ("/a%00", "400"),
        (&format!("/{}", "a".repeat(300)), "404"),
    ];
    for (path, want) in cases {
        assert_eq!(status(&get(&site, path)), want, "{path}");
    }
    assert_eq!(body(&get(&site, "/sub/")), "hello\n");
    assert!(get(&site, "/sub?x=1").contains("\r\nLocation: http://web:8080/sub/?x=1\r\n"));
    assert_eq!(
        body(&get(&site, "/nope")),
        "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n\
         <hr><center>nginx/1.29.3</center>\r\n</body>\r\n</html>\r\n"
    );
}

#[test]
fn methods_and_bodies() {
    let volume = TempDir::new().unwrap();
    file(&volume, "a.txt", "0123456789");
    let site = site(ServerKind::Nginx, &[(ROOT, &volume)]);
    let ask = |text: &str| {
        let answer = exchange(&site, text).0;
        answer.split("HTTP/1.1 ").skip(1).map(|a| a[..3].to_owned()).collect::<Vec<_>>().join(" ")
    };
    let end = "Host: x\r\nContent-Length: 3\r\n\r\nabcGET /a.txt HTTP/1.0\r\n\r\n";
    assert_eq!(ask(&format!("POST /a.txt HTTP/1.1\r\n{end}")), "405 200");
    assert_eq!(ask(&format!("POST /nope HTTP/1.1\r\n{end}")), "404 200");
    assert_eq!(ask(&format!("FOO /nope HTTP/1.1\r\n{end}")), "405 200");
    assert_eq!(ask(&format!("GET /a.txt HTTP/1.1\r\nExpect: 100-continue\r\n{end}")), "100 200 200");
    assert_eq!(ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n"), "413");
    assert_eq!(ask("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.0\r\n\r\n"), "400");
    assert_eq!(exchange(&site, "GET /a.txt\r\n").0, "0123456789");
}

#[test]
fn ranges_and_conditions() {
    let volume = TempDir::new().unwrap();
    file(&volume, "a.txt", "0123456789");
    let site = site(ServerKind::Nginx, &[(ROOT, &volume)]);
    let ask = |header: &str| exchange(&site, &format!("GET /a.txt HTTP/1.0\r\n{header}\r\n\r\n")).0;
    let part = ask("Range: bytes=2-4");
    assert!(
        part.starts_with("HTTP/1.1 206 Partial Content\r\n") && part.ends_with("bytes 2-4/10\r\n\r\n234"),
        "{part}"
    );
    let parts = ask("Range: bytes=0-1,4-5");
    assert!(parts.contains("Content-Length: 198\r\n"), "{parts}");
    assert_eq!(body(&parts).len(), 198);
    assert!(parts.ends_with("\r\n\r\n45\r\n--00000000000000000001--\r\n"), "{parts}");
    assert!(ask("Range: bytes=20-").contains("Content-Range: bytes */10\r\n"));
    let unchanged = ask("If-None-Match: \"6b03256c-a\"");
    assert_eq!((status(&unchanged), body(&unchanged)), ("304", ""));
    assert!(!unchanged.contains("Content-"), "{unchanged}");
    assert_eq!(status(&ask("If-Match: \"x\"")), "412");
}

#[test]
fn the_welcome_page_shows_through_the_layer_but_not_through_a_volume() {
    let (layer, volume) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let nginx = site(ServerKind::Nginx, &[("/", &layer)]);
    assert!(get(&nginx, "/").contains("<h1>Welcome to nginx!</h1>"));
    assert!(get(&site(ServerKind::Nginx, &[]), "/").contains("<title>Welcome to nginx!</title>"));
    file(&layer, "usr/share/nginx/html/other", "o");
    assert!(get(&nginx, "/").contains("<h1>Welcome to nginx!</h1>"));
    file(&layer, "usr/share/nginx/html/index.html", "mine");
    assert_eq!(body(&get(&nginx, "/")), "mine");
    let mounted = site(ServerKind::Nginx, &[("/", &layer), (ROOT, &volume)]);
    assert_eq!(status(&get(&mounted, "/")), "403");
    assert!(get(&site(ServerKind::Httpd, &[]), "/").contains("It works!"));
}

#[test]
fn mounts_lie_in_each_other() {
    let (layer, volume, inner) = (TempDir::new().unwrap(), TempDir::new().unwrap(), TempDir::new().unwrap());
    file(&volume, "a", "volume");
    file(&volume, "inner/a", "hidden");
    file(&inner, "a", "inner");
    file(&inner, "..data/index.html", "one file");
    symlink("..data/index.html", inner.child("index.html").path()).unwrap();
    let mut site = site(ServerKind::Nginx, &[(&format!("{ROOT}/inner/"), &inner), ("/", &layer), (ROOT, &volume)]);
    let one_file = Shown { folder: inner.path().to_owned(), inside: vec!["/".to_owned(), "index.html".to_owned()] };
    site.mounts.push((format!("{ROOT}/index.html"), one_file));
    for (path, want) in [("/a", "volume"), ("/inner/a", "inner"), ("/", "one file"), ("/index.html", "one file")] {
        assert_eq!(body(&get(&site, path)), want, "{path}");
    }
    assert_eq!(status(&get(&site, "/index.html/a")), "404");
}

#[test]
fn symlinks_stay_inside_their_volume() {
    let (volume, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    file(&outside, "secret", "s");
    file(&volume, "..2026/real.txt", "real");
    for (link, to) in [
        ("data", outside.path().to_str().unwrap()),
        ("passwd", "/etc/passwd"),
        ("up", "../../../../../../../../etc/passwd"),
        ("magic", "/proc/self/root/etc/passwd"),
        ("..data", "..2026"),
        ("real.txt", "..data/real.txt"),
        ("loop", "loop"),
    ] {
        symlink(to, volume.child(link).path()).unwrap();
    }
    let site = site(ServerKind::Nginx, &[(ROOT, &volume)]);
    assert_eq!(body(&get(&site, "/real.txt")), "real");
    for path in ["/data/secret", "/passwd", "/up", "/magic", "/loop"] {
        assert!(matches!(status(&get(&site, path)), "404" | "403"), "{path}");
    }
    for inside in ["data", "passwd", "up", "magic", "../../../etc", "loop"] {
        let shown = Shown { folder: volume.path().to_owned(), inside: vec![inside.to_owned()] };
        let site = Site { mounts: vec![(ROOT.to_owned(), shown)], ..site.clone() };
        for path in ["/", "/secret", "/passwd"] {
            assert!(matches!(status(&get(&site, path)), "404" | "403"), "{inside} {path}");
        }
    }
}

#[test]
fn over_a_socket() {
    let volume = TempDir::new().unwrap();
    file(&volume, "index.html", "hello world\n");
    let site = site(ServerKind::Nginx, &[(ROOT, &volume)]);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        serve(stream, &site, Clock::System, &mut |_, _| {}).unwrap();
    });
    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    drop(client);
    server.join().unwrap();
    assert_eq!(body(&answer), "hello world\n");
}

#[test]
fn each_server_answers_in_its_own_way() {
    let volume = TempDir::new().unwrap();
    file(&volume, "a.txt", "0123456789");
    file(&volume, "sub/<b>.html", "b");
    let cases: &[(ServerKind, &str, &str)] = &[
        (ServerKind::Httpd, "GET /a.txt", "ETag: \"a-"),
        (ServerKind::Httpd, "GET /nope", "<p>The requested URL was not found on this server.</p>"),
        (ServerKind::Httpd, "GET /sub/", "<li><a href=\"%3Cb%3E.html\"> &lt;b&gt;.html</a></li>"),
        (ServerKind::Httpd, "GET /sub", "Location: http://web:9/sub/\r\n"),
        (ServerKind::Httpd, "POST /a.txt", "\r\n\r\n0123456789"),
        (ServerKind::Httpd, "DELETE /a.txt", "405 Method Not Allowed\r\n"),
        (ServerKind::Httpd, "FOO /a.txt", "501 Not Implemented\r\n"),
        (ServerKind::Caddy, "GET /a.txt", "Content-Type: text/plain; charset=utf-8\r\n"),
        (ServerKind::Caddy, "GET /sub/", "404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n"),
        (ServerKind::Caddy, "GET /sub", "308 Permanent Redirect\r\n"),
        (ServerKind::Busybox, "GET /a.txt", "Content-type: text/plain\r\n"),
        (ServerKind::Busybox, "GET /nope", "<BODY><H1>404 Not Found</H1>\nThe requested URL was not found\n"),
        (ServerKind::Busybox, "GET /sub", "302 Found\r\n"),
        (ServerKind::Python, "GET /a.txt", "HTTP/1.0 200 OK\r\nServer: SimpleHTTP/0.6 Python/"),
        (ServerKind::Python, "GET /nope", "404 File not found\r\n"),
        (ServerKind::Python, "GET /", "<li><a href=\"a.txt\">a.txt</a></li>\n<li><a href=\"sub/\">sub/</a></li>\n"),
        (ServerKind::Python, "POST /", "501 Unsupported method ('POST')\r\n"),
        (ServerKind::Netexec, "GET /hostname", "\r\n\r\nweb-0"),
        (ServerKind::Netexec, "GET /echo?msg=a+b%21&code=201", "\r\n\r\na b!"),
        (ServerKind::Netexec, "GET /clientip", "\r\n\r\n172.16.0.9:4711"),
        (ServerKind::Netexec, "GET /nope", "\r\n\r\n404 page not found\n"),
        (ServerKind::ServeHostname, "GET /whatever", "\r\n\r\nweb-0"),
        (ServerKind::HelloApp(2), "GET /x", "\r\n\r\nHello, world!\nVersion: 2.0.0\nHostname: web-0\n"),
        (ServerKind::Netexec, "GET /redirect?location=/x&code=307", "307 Temporary Redirect\r\n"),
        (ServerKind::Porter, "GET /x", "\r\n\r\nhi"),
        (ServerKind::Liveness, "GET /healthz", "500 Internal Server Error\r\n"),
        (ServerKind::Liveness, "GET /healthz", "\r\n\r\nerror: 30"),
        (ServerKind::HttpEcho, "GET /x", "\r\nX-App-Name: http-echo\r\nX-App-Version: 1.0.0\r\n"),
        (ServerKind::HttpEcho, "GET /x", "\r\n\r\nhi\n"),
        (ServerKind::HttpEcho, "GET /health", "\r\n\r\n{\"status\":\"ok\"}\n"),
        (
            ServerKind::Whoami,
            "GET /x?y=1",
            "\r\n\r\nName: hi\nHostname: web-0\nIP: 127.0.0.1\nIP: ::1\nIP: 172.16.0.19\n\
             RemoteAddr: 172.16.0.9:4711\nGET /x?y=1 HTTP/1.1\r\nHost: web:9\r\nUser-Agent: Go-http-client/1.1\r\n\r\n",
        ),
        (ServerKind::Whoami, "GET /api", "{\"hostname\":\"web-0\",\"ip\":[\"127.0.0.1\","),
        (ServerKind::Bootcamp(2), "GET /", "\r\n\r\nHello Kubernetes bootcamp! | Running on: web-0 | v=2\n"),
        (ServerKind::NodeHello, "GET /", "\r\n\r\nHello Kubernetes!"),
        (ServerKind::EchoServer, "GET /a", "\r\n\r\nRequest served by web-0\n\nHTTP/1.0 GET /a\n\nHost: web:9\n"),
        (ServerKind::Echoserver { old: false }, "GET /a?b", "\r\n\r\n\n\nHostname: web-0\n\nPod Information:\n"),
        (
            ServerKind::Echoserver { old: false },
            "GET /a?b",
            "\treal path=/a?b\n\tquery=b\n\trequest_version=1.0\n\trequest_scheme=http\n\
             \trequest_uri=http://web:8080/a?b\n\nRequest Headers:\n\thost=web:9  \n\n",
        ),
        (ServerKind::Echoserver { old: true }, "GET /", "CLIENT VALUES:\nclient_address=172.16.0.9\ncommand=GET\n"),
        (ServerKind::NginxHello, "GET /u", "Server address: 172.16.0.19:8080\nServer name: web-0\n"),
        (ServerKind::HpaExample, "GET /", "\r\n\r\nOK!"),
    ];
    for (kind, line, want) in cases {
        let answer = exchange(&site(*kind, &[(ROOT, &volume)]), &format!("{line} HTTP/1.0\r\nHost: web:9\r\n\r\n")).0;
        assert!(answer.contains(want), "{kind:?} {line}: {answer}");
    }
}
