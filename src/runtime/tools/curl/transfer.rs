//! One URL fetched: requests, redirects, and where the body goes.

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use ureq::config::AutoHeaderValue;
use ureq::http::{Method, Request, Response};
use ureq::tls::TlsConfig;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector, RustlsConnector, TcpConnector};
use ureq::{Agent, Body};

use super::fault::{Fault, Progress};
use super::options::{Data, Options, Output};
use super::recorder::{self, Addresses, Recorder};
use super::url::Url;
use super::{VERSION, meter};
use crate::apimachinery::time::Time;
use crate::env::Env;

/// What came of a transfer, for `-w`.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// 0 without a response.
    pub status: u16,
    pub content_type: Option<String>,
    pub method: String,
    pub scheme: String,
    pub given: String,
    pub effective: String,
    pub redirect_url: Option<String>,
    pub redirects: u32,
    pub remote: Option<SocketAddr>,
    /// Bytes of the body that came, of the heads, and of the body that was sent.
    pub received: u64,
    pub head: u64,
    pub sent: u64,
    pub millis: i64,
}

/// Connections, kept from one URL to the next.
pub struct Client {
    agent: Agent,
    recorder: Recorder,
}

/// A request, ready to be sent again to where a redirect leads.
struct Message {
    method: Method,
    url: Url,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Client {
    pub fn new(options: &Options) -> Client {
        let recorder = Recorder::default();
        let tls = TlsConfig::builder().disable_verification(options.insecure).build();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            .proxy(None)
            .tls_config(tls)
            .user_agent(AutoHeaderValue::None)
            .accept(AutoHeaderValue::None)
            .accept_encoding(AutoHeaderValue::None)
            .timeout_connect(options.connect_timeout)
            .timeout_global(options.max_time)
            .build();
        let connector = Addresses(recorder.clone())
            .chain(TcpConnector::default())
            .chain(RustlsConnector::default())
            .chain(recorder.clone());
        Client { agent: Agent::with_parts(config, connector, DefaultResolver::default()), recorder }
    }

    /// Fetches one URL, the `index`th of the command line.
    pub fn transfer(&mut self, options: &Options, index: usize, url: &str, env: &mut Env) -> (Done, Option<Fault>) {
        let mut done = Done { given: url.to_owned(), effective: url.to_owned(), ..Done::default() };
        let started = env.clock.now();
        let fault = self.follow(options, index, url, env, &mut done, started).err();
        done.millis = since(started, env);
        (done, fault)
    }

    fn follow(
        &mut self,
        options: &Options,
        index: usize,
        url: &str,
        env: &mut Env,
        done: &mut Done,
        started: Time,
    ) -> Result<(), Fault> {
        let mut message = message(options, Url::parse(url)?, env)?;
        let file = output_file(options, index, &message.url)?;
        let to_terminal = file.is_none() && env.stdout_is_terminal;
        let has_meter = !options.silent && !options.no_meter && !to_terminal;
        if has_meter {
            meter::begin(&mut env.stderr);
        }
        let mut out = Destination::new(file, env);
        let result = loop {
            match self.exchange(options, &mut message, env, &mut out, done, started) {
                Ok(Some(next)) => message.redirect(next, done.status, options),
                Ok(None) => break Ok(()),
                Err(fault) => break Err(fault),
            }
        };
        if has_meter {
            let millis = since(started, env);
            meter::end(&mut env.stderr, done.received, millis);
        }
        result
    }

    /// One request and its response; gives the URL to go on with.
    fn exchange(
        &mut self,
        options: &Options,
        message: &mut Message,
        env: &mut Env,
        out: &mut Destination,
        done: &mut Done,
        started: Time,
    ) -> Result<Option<Url>, Fault> {
        *self.recorder.tape() = recorder::Tape::default();
        (done.effective, done.scheme) = (message.url.text(), message.url.scheme.clone());
        done.method = message.method.to_string();
        let result = message.send(&self.agent);
        self.tell_of_connection(options, message, result.is_ok(), done, env);
        let progress = |recorder: &Recorder, env: &Env| {
            let tape = recorder.tape();
            Progress {
                resolved: !tape.tried.is_empty(),
                connected: tape.connected,
                answered: !tape.received.is_empty(),
                millis: since(started, env),
            }
        };
        let mut response = result.map_err(|e| Fault::of_request(&e, &message.url, progress(&self.recorder, env)))?;
        done.sent += message.body.as_ref().map_or(0, |b| b.len() as u64);
        done.status = response.status().as_u16();
        done.content_type = header(&response, "content-type");
        let head = recorder::head(&self.recorder.tape().received).to_vec();
        done.head += head.len() as u64;
        self.show_head(options, &head, env, out)?;
        let next = match header(&response, "location").filter(|_| (300..400).contains(&done.status)) {
            Some(location) => Some(message.url.join(&location)?),
            None => None,
        };
        done.redirect_url = next.as_ref().filter(|_| !options.location).map(Url::text);
        if let Some(next) = next.filter(|_| options.location) {
            let limit = options.max_redirs.unwrap_or(50);
            if done.redirects >= limit {
                return Err(Fault::new(47, format!("Maximum ({limit}) redirects followed")));
            }
            done.redirects += 1;
            // Read to its end, so that the connection can be used again; what breaks will break the next request.
            let _ = io::copy(&mut response.body_mut().as_reader(), &mut io::sink());
            return Ok(Some(next));
        }
        let refused = done.status >= 400 && (options.fail || options.fail_with_body);
        if !(refused && options.fail) {
            self.body(response, env, out, done, started)?;
        }
        match refused {
            true => Err(Fault::new(22, format!("The requested URL returned error: {}", done.status))),
            false => Ok(None),
        }
    }

    fn body(
        &self,
        mut response: Response<Body>,
        env: &mut Env,
        out: &mut Destination,
        done: &mut Done,
        started: Time,
    ) -> Result<(), Fault> {
        let promised = response.body().content_length();
        let mut reader = response.body_mut().with_config().limit(u64::MAX).reader();
        let mut buffer = vec![0; 16 * 1024];
        done.received = 0;
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => return out.flush(env),
                Ok(count) => count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(Fault::of_body(e, done.received, promised, since(started, env))),
            };
            done.received += count as u64;
            out.write(&buffer[..count], env)?;
        }
    }

    /// What `-v` says of connection and request; sent or not, the request is what was meant to be sent.
    fn tell_of_connection(&self, options: &Options, message: &Message, sent: bool, done: &mut Done, env: &mut Env) {
        let tape = self.recorder.tape();
        if let Some(address) = tape.tried.first() {
            done.remote = Some(*address);
        }
        if !options.verbose {
            return;
        }
        let (host, port) = (&message.url.host, message.url.port());
        let mut text = String::new();
        for address in &tape.tried {
            text.push_str(&format!("*   Trying {address}...\n"));
        }
        match (tape.connected, sent, done.remote) {
            (true, _, Some(remote)) => text.push_str(&format!("* Connected to {host} ({}) port {port}\n", remote.ip())),
            (false, true, _) => text.push_str(&format!("* Re-using existing connection with host {host}\n")),
            _ => {}
        }
        if tape.connected || sent {
            text.push_str(&format!("> {} {} HTTP/1.1\n", message.method, message.url.path));
            if !message.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
                text.push_str(&format!("> Host: {}\n", message.url.authority()));
            }
            for (name, value) in &message.headers {
                text.push_str(&format!("> {name}: {value}\n"));
            }
            text.push_str("> \n");
        }
        let _ = env.stderr.write_all(text.as_bytes());
    }

    fn show_head(&self, options: &Options, head: &[u8], env: &mut Env, out: &mut Destination) -> Result<(), Fault> {
        if options.verbose {
            for line in String::from_utf8_lossy(head).lines() {
                let _ = writeln!(env.stderr, "< {line}");
            }
        }
        if options.include || options.head {
            out.write(head, env)?;
        }
        Ok(())
    }
}

fn since(started: Time, env: &Env) -> i64 {
    (env.clock.now() - started).num_milliseconds().max(0)
}

fn header(response: &Response<Body>, name: &str) -> Option<String> {
    Some(String::from_utf8_lossy(response.headers().get(name)?.as_bytes()).into_owned())
}

/// The request that a command line asks for.
fn message(options: &Options, mut url: Url, env: &mut Env) -> Result<Message, Fault> {
    let mut body = body_of(options, env)?;
    if options.get
        && let Some(data) = body.take()
    {
        let joint = if url.path.contains('?') { '&' } else { '?' };
        url.path = format!("{}{joint}{}", url.path, String::from_utf8_lossy(&data));
    }
    let method = match (&options.request, options.head, &body) {
        (Some(method), ..) => method.as_str(),
        (None, true, _) => "HEAD",
        (None, false, Some(_)) => "POST",
        (None, false, None) => "GET",
    };
    let method =
        Method::from_bytes(method.as_bytes()).map_err(|_| Fault::new(3, format!("Malformed method: {method}")))?;
    let headers = headers(options, &url, body.as_ref().map(Vec::len));
    Ok(Message { method, url, headers, body })
}

/// In curl's order: its own, where the command line does not set or remove them, then the command line's.
fn headers(options: &Options, url: &Url, length: Option<usize>) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut own = |name: &str, value: String| headers.push((name.to_owned(), value));
    if let Some(user) = options.user.as_ref().or(url.user.as_ref()) {
        let user = if user.contains(':') { user.clone() } else { format!("{user}:") };
        own("Authorization", format!("Basic {}", base64(user.as_bytes())));
    }
    own("User-Agent", options.user_agent.clone().unwrap_or_else(|| format!("curl/{VERSION}")));
    own("Accept", if options.json { "application/json" } else { "*/*" }.to_owned());
    if let Some(range) = &options.range {
        own("Range", format!("bytes={range}"));
    }
    if let Some(referer) = &options.referer {
        own("Referer", referer.clone());
    }
    if let Some(length) = length {
        own("Content-Length", length.to_string());
        let form = if options.json { "application/json" } else { "application/x-www-form-urlencoded" };
        own("Content-Type", form.to_owned());
    }
    for line in &options.headers {
        let (name, value) = line.split_once(':').or_else(|| line.split_once(';')).unwrap_or((line, ""));
        let (name, value) = (name.trim(), value.trim());
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        // `Name:` takes a header away, `Name;` sends it empty.
        if !value.is_empty() || line.ends_with(';') {
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
    headers.retain(|(name, value)| !value.is_empty() || !matches!(name.as_str(), "User-Agent"));
    headers
}

fn body_of(options: &Options, env: &mut Env) -> Result<Option<Vec<u8>>, Fault> {
    if options.data.is_empty() {
        return Ok(None);
    }
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    for data in &options.data {
        pieces.push(match data {
            Data::Text(text) => text.clone().into_bytes(),
            Data::UrlEncode(text) => url_encode(text).into_bytes(),
            Data::File { path, binary } => {
                let mut bytes = read_file(path, env)?;
                if !binary {
                    bytes.retain(|b| !matches!(b, b'\r' | b'\n' | 0));
                }
                bytes
            }
        });
    }
    let joint: &[u8] = if options.json { b"" } else { b"&" };
    Ok(Some(pieces.join(joint)))
}

#[expect(clippy::disallowed_methods, reason = "a tool in a sandbox reads the file it is told to send")]
fn read_file(path: &str, env: &mut Env) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let read = match path {
        "-" => env.stdin.read_to_end(&mut bytes).map(|_| bytes),
        path => std::fs::read(env.path(path)),
    };
    read.map_err(|_| Fault::new(26, format!("Failed to open {path}")))
}

fn url_encode(text: &str) -> String {
    let (name, content) = match text.split_once('=') {
        Some(("", content)) => (String::new(), content),
        Some((name, content)) => (format!("{name}="), content),
        None => (String::new(), text),
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    let coded = content.bytes().map(|b| if plain(b) { (b as char).to_string() } else { format!("%{b:02X}") });
    name + &coded.collect::<String>()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().chain([0, 0].iter()).take(3).fold(0u32, |word, b| word << 8 | u32::from(*b));
        for i in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * i)) as usize & 63] as char;
            out.push(if i <= chunk.len() { digit } else { '=' });
        }
    }
    out
}

impl Message {
    fn send(&self, agent: &Agent) -> Result<Response<Body>, ureq::Error> {
        let mut request = Request::builder().method(self.method.clone()).uri(self.url.text());
        for (name, value) in &self.headers {
            request = request.header(name.as_str(), value.as_str());
        }
        match &self.body {
            None => agent.run(request.body(())?),
            Some(body) => agent.run(request.body(body.as_slice())?),
        }
    }

    /// Turns to another URL: a POST becomes a GET where browsers do so, and a password stays with its host.
    fn redirect(&mut self, next: Url, status: u16, options: &Options) {
        let becomes_get = status == 303 || (matches!(status, 301 | 302) && self.method == Method::POST);
        if becomes_get && self.method != Method::HEAD && options.request.is_none() {
            self.method = Method::GET;
            self.body = None;
            self.headers.retain(|(name, _)| !matches!(name.as_str(), "Content-Length" | "Content-Type"));
        }
        if (&next.host, next.port()) != (&self.url.host, self.url.port()) {
            self.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
        }
        self.url = next;
    }
}

fn output_file(options: &Options, index: usize, url: &Url) -> Result<Option<String>, Fault> {
    match options.outputs.get(index) {
        None => Ok(None),
        Some(Output::File(path)) if path == "-" => Ok(None),
        Some(Output::File(path)) => Ok(Some(path.clone())),
        Some(Output::Remote) => {
            let path = url.path.split('?').next().unwrap_or_default();
            match path.rsplit('/').next().unwrap_or_default() {
                "" => Err(Fault::new(23, "Failed writing received data to disk/application")),
                name => Ok(Some(name.to_owned())),
            }
        }
    }
}

/// Where a body goes; a file is made once there is something to write, as curl does.
struct Destination {
    path: Option<std::path::PathBuf>,
    file: Option<std::fs::File>,
}

impl Destination {
    fn new(file: Option<String>, env: &Env) -> Destination {
        Destination { path: file.map(|f| env.path(f)), file: None }
    }

    #[expect(clippy::disallowed_methods, reason = "a tool in a sandbox writes the file it is told to write")]
    fn write(&mut self, bytes: &[u8], env: &mut Env) -> Result<(), Fault> {
        let failed = |_| Fault::new(23, "Failure writing output to destination");
        let Some(path) = &self.path else { return env.stdout.write_all(bytes).map_err(failed) };
        if self.file.is_none() {
            self.file = Some(std::fs::File::create(path).map_err(failed)?);
        }
        self.file.as_mut().map_or(Ok(()), |f| f.write_all(bytes)).map_err(failed)
    }

    /// Also makes the file of an empty body.
    fn flush(&mut self, env: &mut Env) -> Result<(), Fault> {
        self.write(&[], env)?;
        env.stdout.flush().map_err(|_| Fault::new(23, "Failure writing output to destination"))
    }
}
