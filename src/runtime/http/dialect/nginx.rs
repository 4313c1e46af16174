//! nginx, as configured in its image. Checked against nginx 1.22.

use std::borrow::Cow;

use super::{Asked, Conditions, Dialect, KeepAlive, Problem, Ranges, type_or_octets};
use crate::runtime::http::access_log;
use crate::runtime::http::handler::Context;
use crate::runtime::http::request::HEADERS_TOO_LARGE;
use crate::runtime::http::response::Response;
use crate::runtime::log::Stream;

const SERVER: &str = "nginx/1.29.3";

pub static DIALECT: Dialect = TABLE;

pub(super) const TABLE: Dialect = Dialect {
    protocol: "HTTP/1.1",
    server: Some(SERVER),
    order: &[
        "Server",
        "Date",
        "Content-Type",
        "Content-Length",
        "Last-Modified",
        "Location",
        "Connection",
        "ETag",
        "Accept-Ranges",
        "Content-Range",
    ],
    keep_alive: KeepAlive::Announced,
    index: &["index.html", "index.htm"],
    media_type: type_or_octets,
    conditions: Conditions::Exact,
    ranges: Ranges::Nginx,
    etag: Some(|c| format!("\"{:x}-{:x}\"", c.modified, c.size)),
    refuse,
    folder: |context, _| context.trouble(403, |path| format!("directory index of \"{path}\" is forbidden")),
    redirect,
    special: None,
    reason,
    page,
    access_log: Some((Stream::Stdout, access_log::nginx)),
    error_log: Some(access_log::nginx_error),
};

/// POST gets as far as the file, so that it is told of folders and missing files.
fn refuse(context: &Context, asked: Asked) -> Option<Response> {
    let allowed = match context.request.method.as_str() {
        "GET" | "HEAD" => true,
        "POST" => asked == Asked::Anything,
        _ => false,
    };
    (!allowed).then(|| context.error(405))
}

/// Absolute: the host as the client named it in lower case, the port it reached (`absolute_redirect`, `port_in_redirect`).
fn redirect(context: &Context, path: &str) -> Response {
    let host = context.host().map(|h| without_port(&h).trim_end_matches('.').to_ascii_lowercase());
    let host = host.unwrap_or_else(|| context.peer.server.ip().to_string());
    let port = match context.peer.server.port() {
        80 => String::new(),
        port => format!(":{port}"),
    };
    context.redirect(301, format!("http://{host}{port}{path}"))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

fn reason(status: u16, method: &str) -> Cow<'static, str> {
    match status {
        405 => "Not Allowed".into(),
        414 => "Request-URI Too Large".into(),
        _ => super::reason(status, method),
    }
}

fn page(_dialect: &Dialect, problem: &Problem) -> (&'static str, String) {
    let too_large = problem.status == HEADERS_TOO_LARGE;
    let status = if too_large { 400 } else { problem.status };
    let heading = format!("{status} {}", reason(status, problem.method));
    let detail = "Request Header Or Cookie Too Large";
    let title = if too_large { format!("{status} {detail}") } else { heading.clone() };
    let detail = if too_large { format!("<center>{detail}</center>\r\n") } else { String::new() };
    let page = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{heading}</h1></center>\r\n\
         {detail}<hr><center>{SERVER}</center>\r\n</body>\r\n</html>\r\n"
    );
    ("text/html", page)
}
