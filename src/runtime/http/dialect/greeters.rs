//! Small programs that say who they are or what they were asked: `http-echo`, `whoami`, `echo-server`, and those of
//! tutorials for node.js.

use serde_json::{Value, json};

use super::agnhost::{go, plain};
use super::{Dialect, KeepAlive, canonical};
use crate::control::sandbox::ServerKind;
use crate::runtime::http::access_log;
use crate::runtime::http::handler::Context;
use crate::runtime::http::response::Response;
use crate::runtime::log::Stream;

/// The order of the headers is Go's: its own, then alphabetical.
pub static HTTP_ECHO: Dialect = Dialect {
    order: &["Connection", "X-App-Name", "X-App-Version", "Date", "Content-Length", "Content-Type"],
    access_log: Some((Stream::Stdout, access_log::http_echo)),
    ..go(http_echo)
};
pub static WHOAMI: Dialect = Dialect {
    order: &[
        "Connection",
        "Access-Control-Allow-Methods",
        "Access-Control-Allow-Origin",
        "Date",
        "Content-Length",
        "Content-Type",
    ],
    ..go(whoami)
};
pub static ECHO_SERVER: Dialect =
    Dialect { access_log: Some((Stream::Stdout, access_log::echo_server)), ..go(echo_server) };
pub static BOOTCAMP: Dialect = node(bootcamp);
pub static NODE_HELLO: Dialect = node(|_| {
    let mut response = plain(200, "Hello Kubernetes!".to_owned());
    response.headers.retain(|(name, _)| *name != "Content-Type");
    response
});

const fn node(special: fn(&Context) -> Response) -> Dialect {
    Dialect {
        order: &["Content-Type", "Date", "Connection", "Content-Length"],
        keep_alive: KeepAlive::Announced,
        ..go(special)
    }
}

fn bootcamp(context: &Context) -> Response {
    let version = match context.site.kind {
        ServerKind::Bootcamp(version) => version,
        _ => 1,
    };
    let text = format!("Hello Kubernetes bootcamp! | Running on: {} | v={version}\n", context.site.hostname);
    Response::text(200, "text/plain", text)
}

fn http_echo(context: &Context) -> Response {
    let text = match context.target.path.as_slice() {
        b"/health" => "{\"status\":\"ok\"}",
        _ => &context.site.text,
    };
    let mut response = plain(200, format!("{text}\n"));
    response.header("X-App-Name", "http-echo");
    response.header("X-App-Version", "1.0.0");
    response
}

/// The request as Go writes it: Host and User-Agent first, then the others by name.
fn whoami(context: &Context) -> Response {
    match context.target.path.as_slice() {
        b"/health" => return Response::text(200, "text/plain; charset=utf-8", String::new()),
        b"/bench" => return Response::text(200, "text/plain", "1".to_owned()),
        b"/api" => return api(context),
        b"/data" | b"/echo" => return context.error(404),
        _ => {}
    }
    let site = context.site;
    let name = if site.text.is_empty() { String::new() } else { format!("Name: {}\n", site.text) };
    let agent = context.request.header("user-agent").unwrap_or("Go-http-client/1.1");
    let mut text = format!(
        "{name}Hostname: {}\nIP: 127.0.0.1\nIP: ::1\nIP: {}\nRemoteAddr: {}\n{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {agent}\r\n",
        site.hostname,
        site.ip,
        context.peer.client,
        context.request.method,
        String::from_utf8_lossy(&context.request.target),
        context.host().unwrap_or_default(),
    );
    for (name, value) in headers(context).filter(|(name, _)| name != "User-Agent") {
        text += &format!("{name}: {value}\r\n");
    }
    plain(200, text + "\r\n")
}

/// The same as JSON; `?env=true`, which would tell of the container's environment, is passed over.
fn api(context: &Context) -> Response {
    let site = context.site;
    let addresses = ["127.0.0.1".to_owned(), "::1".to_owned(), site.ip.to_string()];
    let headers: serde_json::Map<String, Value> = headers(context).map(|(n, v)| (n, json!([v]))).collect();
    let headers = if headers.is_empty() { Value::Null } else { Value::Object(headers) };
    let fields = [
        ("hostname", json!(site.hostname)),
        ("ip", json!(addresses)),
        ("headers", headers),
        ("url", json!(String::from_utf8_lossy(&context.request.target))),
        ("host", json!(context.host().unwrap_or_default())),
        ("method", json!(context.request.method)),
        ("name", if site.text.is_empty() { Value::Null } else { json!(site.text) }),
        ("remoteAddr", json!(context.peer.client.to_string())),
    ];
    let fields = fields.iter().filter(|(_, value)| !value.is_null() && *value != "");
    let text: Vec<String> = fields.map(|(name, value)| format!("\"{name}\":{value}")).collect();
    let text = format!("{{{}}}\n", text.join(","));
    // As Go writes JSON for a page.
    let text = text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    let mut response = Response::text(200, "application/json", text);
    response.header("Access-Control-Allow-Methods", "*");
    response.header("Access-Control-Allow-Origin", "*");
    response
}

fn echo_server(context: &Context) -> Response {
    let hides = context.request.header("x-send-server-hostname").is_some_and(|v| v.eq_ignore_ascii_case("false"));
    let served = if hides { String::new() } else { format!("Request served by {}\n\n", context.site.hostname) };
    let (major, minor) = context.request.version;
    let mut text = format!(
        "{served}HTTP/{major}.{minor} {} {}\n\nHost: {}\n",
        context.request.method,
        String::from_utf8_lossy(&context.request.target),
        context.host().unwrap_or_default(),
    );
    for (name, value) in headers(context) {
        text += &format!("{name}: {value}\n");
    }
    Response::text(200, "text/plain", text)
}

/// A request's headers by name, without Host, which Go keeps elsewhere.
fn headers(context: &Context) -> impl Iterator<Item = (String, String)> {
    let mut all: Vec<_> = context.request.headers().iter().map(|(n, v)| (canonical(n), v.clone())).collect();
    all.retain(|(name, _)| name != "Host");
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    all.into_iter()
}
