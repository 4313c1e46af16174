//! What differs from server to server, as data: one file with one table for each.

mod agnhost;
mod busybox;
mod caddy;
mod echoserver;
mod greeters;
mod httpd;
mod nginx;
mod python;

use std::borrow::Cow;

use super::access_log::Entry;
use super::files::Content;
use super::handler::Context;
use super::request::HEADERS_TOO_LARGE;
use super::response::Response;
use crate::control::sandbox::ServerKind;
use crate::runtime::log::Stream;

/// How a server writes of one request.
pub type AccessLog = fn(&Entry) -> String;

/// How one server talks.
pub struct Dialect {
    /// What it answers with: `HTTP/1.1`.
    pub protocol: &'static str,
    /// The Server header, where it sends one.
    pub server: Option<&'static str>,
    /// The order in which it sends headers, and how it spells them. Others come last.
    pub order: &'static [&'static str],
    pub keep_alive: KeepAlive,
    /// Index files, first match wins.
    pub index: &'static [&'static str],
    /// The type of a file; none is sent where this is none.
    pub media_type: fn(Option<&'static str>) -> Option<Cow<'static, str>>,
    pub conditions: Conditions,
    pub ranges: Ranges,
    pub etag: Option<fn(&Content) -> String>,
    /// Whether a method may have this; otherwise the answer.
    pub refuse: fn(&Context, Asked) -> Option<Response>,
    /// A folder without an index.
    pub folder: fn(&Context, &[u8]) -> Response,
    /// A folder without the slash at the end; the path has it.
    pub redirect: fn(&Context, &str) -> Response,
    /// Answers what no file is for, before files are looked at.
    pub special: Option<fn(&Context) -> Response>,
    /// The words after a status, for a method.
    pub reason: fn(u16, &str) -> Cow<'static, str>,
    /// Content type and text of an error page.
    pub page: fn(&Dialect, &Problem) -> (&'static str, String),
    /// Where it writes a line for each request, and how; none where the image logs no requests.
    pub access_log: Option<(Stream, AccessLog)>,
    /// What it writes to stderr; none where the image logs no missing files.
    pub error_log: Option<fn(&Entry, &str) -> String>,
}

/// What an error page is about.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'p> {
    pub status: u16,
    pub method: &'p str,
    /// Where a redirect leads; empty otherwise.
    pub location: &'p str,
}

/// What a method is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Before the path is looked at.
    Anything,
    /// Send a file.
    File,
}

/// What a server does with a connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepAlive {
    /// Keeps it, and says either way.
    Announced,
    /// Keeps it, and says so only to HTTP/1.0.
    Silent,
    /// Closes it, and says so.
    Never,
    /// Closes it without a word.
    NeverSilent,
}

/// How If-Modified-Since is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conditions {
    None,
    /// nginx: the time must be the file's own, to the second.
    Exact,
    /// Any later time that is not in the future.
    Later,
    /// Later, and no conditions on entity tags.
    LaterOnly,
}

/// Which ranges are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ranges {
    None,
    /// nginx: Accept-Ranges only with the whole.
    Nginx,
    /// Accept-Ranges always.
    Always,
}

/// The dialect of a server.
pub fn of(kind: ServerKind) -> &'static Dialect {
    match kind {
        ServerKind::Nginx => &nginx::DIALECT,
        ServerKind::Httpd => &httpd::DIALECT,
        ServerKind::Caddy => &caddy::DIALECT,
        ServerKind::Busybox => &busybox::DIALECT,
        ServerKind::Python => &python::DIALECT,
        ServerKind::Netexec => &agnhost::NETEXEC,
        ServerKind::ServeHostname => &agnhost::SERVE_HOSTNAME,
        ServerKind::HelloApp(_) => &agnhost::HELLO_APP,
        ServerKind::Porter => &agnhost::PORTER,
        ServerKind::Liveness => &agnhost::LIVENESS,
        ServerKind::HttpEcho => &greeters::HTTP_ECHO,
        ServerKind::Whoami => &greeters::WHOAMI,
        ServerKind::Bootcamp(_) => &greeters::BOOTCAMP,
        ServerKind::NodeHello => &greeters::NODE_HELLO,
        ServerKind::EchoServer => &greeters::ECHO_SERVER,
        ServerKind::Echoserver { .. } => &echoserver::ECHOSERVER,
        ServerKind::NginxHello => &echoserver::NGINX_HELLO,
        ServerKind::HpaExample => &echoserver::HPA_EXAMPLE,
    }
}

/// RFC 9110's words.
fn reason(status: u16, _method: &str) -> Cow<'static, str> {
    Cow::Borrowed(match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        416 => "Requested Range Not Satisfiable",
        418 => "I'm a teapot",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        HEADERS_TOO_LARGE => "Bad Request",
        _ => "Internal Server Error",
    })
}

/// The status that is sent for nginx's own number.
pub fn public_status(dialect: &Dialect, status: u16) -> u16 {
    let go = dialect.server.is_none_or(|s| s == "Caddy");
    match status {
        HEADERS_TOO_LARGE if go => 431,
        HEADERS_TOO_LARGE => 400,
        status => status,
    }
}

fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn get_and_head_only(context: &Context, _asked: Asked) -> Option<Response> {
    let allowed = matches!(context.request.method.as_str(), "GET" | "HEAD");
    (!allowed).then(|| context.error(501))
}

fn not_found(context: &Context, _path: &[u8]) -> Response {
    context.error(404)
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of Dialect::media_type, where others send none")]
fn type_or_octets(known: Option<&'static str>) -> Option<Cow<'static, str>> {
    Some(Cow::Borrowed(known.unwrap_or("application/octet-stream")))
}

/// A header's name as Go and most clients spell it: `User-Agent`.
fn canonical(name: &str) -> String {
    let capital = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    name.split('-').map(capital).collect::<Vec<_>>().join("-")
}

fn type_if_known(known: Option<&'static str>) -> Option<Cow<'static, str>> {
    known.map(Cow::Borrowed)
}
