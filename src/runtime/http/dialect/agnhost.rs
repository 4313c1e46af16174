//! Small programs in Go that say who they are: those of agnhost, and Google's `hello-app`.

use chrono::TimeDelta;

use super::{Conditions, Dialect, KeepAlive, Problem, Ranges, not_found, reason, type_if_known};
use crate::control::sandbox::ServerKind;
use crate::runtime::http::access_log;
use crate::runtime::http::handler::Context;
use crate::runtime::http::response::Response;
use crate::runtime::http::target;
use crate::runtime::log::Stream;

pub static NETEXEC: Dialect = go(netexec);
pub static SERVE_HOSTNAME: Dialect = go(|context| plain(200, context.site.hostname.clone()));
pub static PORTER: Dialect = go(|context| plain(200, context.site.text.clone()));
pub static LIVENESS: Dialect = go(liveness);

/// Logs each path, as Go's own logger does, to stderr.
pub static HELLO_APP: Dialect = Dialect { access_log: Some((Stream::Stderr, access_log::hello_app)), ..go(hello_app) };

/// Go's net/http, which sends its headers in alphabetical order before Date.
pub(super) const fn go(special: fn(&Context) -> Response) -> Dialect {
    Dialect {
        protocol: "HTTP/1.1",
        server: None,
        order: &["Connection", "Location", "Date", "Content-Length", "Content-Type"],
        keep_alive: KeepAlive::Silent,
        index: &[],
        media_type: type_if_known,
        conditions: Conditions::None,
        ranges: Ranges::None,
        etag: None,
        refuse: |_, _| None,
        folder: not_found,
        redirect: |context, path| context.redirect(301, path.to_owned()),
        special: Some(special),
        reason,
        page,
        access_log: None,
        error_log: None,
    }
}

pub(super) fn plain(status: u16, text: String) -> Response {
    Response::text(status, "text/plain; charset=utf-8", text)
}

fn hello_app(context: &Context) -> Response {
    let version = match context.site.kind {
        ServerKind::HelloApp(version) => version,
        _ => 1,
    };
    plain(200, format!("Hello, world!\nVersion: {version}.0.0\nHostname: {}\n", context.site.hostname))
}

fn netexec(context: &Context) -> Response {
    match context.target.path.as_slice() {
        b"/" => plain(200, format!("NOW: {} +0000 UTC", context.now.format("%Y-%m-%d %H:%M:%S%.f"))),
        b"/hostname" | b"/hostName" => plain(200, context.site.hostname.clone()),
        b"/clientip" => plain(200, context.peer.client.to_string()),
        b"/healthz" => Response::text(200, "text/plain; charset=utf-8", String::new()),
        b"/redirect" => {
            let code = parameter(context, "code").and_then(|c| c.parse().ok()).unwrap_or(302);
            context.redirect(code, parameter(context, "location").unwrap_or_default())
        }
        b"/header" => plain(200, parameter(context, "key").and_then(|k| header(context, &k)).unwrap_or_default()),
        b"/echo" => match parameter(context, "code").map_or(Some(200), |c| c.parse().ok()) {
            Some(code @ 200..=599) => plain(code, parameter(context, "msg").unwrap_or_default()),
            _ => plain(400, String::new()),
        },
        _ => context.error(404),
    }
}

/// Well for ten seconds.
fn liveness(context: &Context) -> Response {
    let up = context.site.started.map_or_else(TimeDelta::zero, |since| context.now - since);
    let seconds = up.as_seconds_f64().max(0.0);
    match context.target.path.as_slice() {
        b"/started" => plain(200, format!("{seconds}s")),
        b"/healthz" if seconds > 10.0 => plain(500, format!("error: {seconds}")),
        b"/healthz" => plain(200, "ok".to_owned()),
        b"/redirect" => context.redirect(302, parameter(context, "loc").unwrap_or_default()),
        _ => context.error(404),
    }
}

fn header(context: &Context, name: &str) -> Option<String> {
    context.request.header(&name.to_ascii_lowercase()).map(str::to_owned)
}

/// The first value of a name in the query.
pub(super) fn parameter(context: &Context, name: &str) -> Option<String> {
    let query = String::from_utf8_lossy(context.target.query.as_deref()?).into_owned();
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    target::decode(value.replace('+', " ").as_bytes()).map(|v| String::from_utf8_lossy(&v).into_owned())
}

fn page(_dialect: &Dialect, problem: &Problem) -> (&'static str, String) {
    let text = if problem.status == 404 { "404 page not found\n".to_owned() } else { String::new() };
    ("text/plain; charset=utf-8", text)
}
