//! `python3 -m http.server`. Checked against Python 3.11.

use std::borrow::Cow;

use super::{Conditions, Dialect, KeepAlive, Problem, Ranges, escape_html, get_and_head_only, type_or_octets};
use crate::runtime::http::handler::Context;
use crate::runtime::http::response::Response;
use crate::runtime::http::{access_log, listing};
use crate::runtime::log::Stream;

pub static DIALECT: Dialect = Dialect {
    protocol: "HTTP/1.0",
    server: Some("SimpleHTTP/0.6 Python/3.13.9"),
    order: &["Server", "Date", "Connection", "Location", "Content-type", "Content-Length", "Last-Modified"],
    keep_alive: KeepAlive::NeverSilent,
    index: &["index.html", "index.htm"],
    media_type: type_or_octets,
    conditions: Conditions::LaterOnly,
    ranges: Ranges::None,
    etag: None,
    refuse: get_and_head_only,
    folder,
    redirect: |_, path| {
        let mut response = Response::new(301);
        response.header("Location", path);
        response.header("Content-Length", "0");
        response
    },
    special: None,
    reason,
    page,
    access_log: Some((Stream::Stderr, access_log::python)),
    error_log: None,
};

fn reason(status: u16, method: &str) -> Cow<'static, str> {
    match status {
        404 => "File not found".into(),
        501 => format!("Unsupported method ('{method}')").into(),
        _ => super::reason(status, method),
    }
}

fn folder(context: &Context, path: &[u8]) -> Response {
    let Some(names) = context.names() else { return context.error(404) };
    let title = escape_html(&format!("Directory listing for {}", String::from_utf8_lossy(path)));
    let mut text = format!(
        "<!DOCTYPE HTML>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n</head>\n\
         <body>\n<h1>{title}</h1>\n<hr>\n<ul>\n"
    );
    for name in names {
        text.push_str(&format!("<li><a href=\"{}\">{}</a></li>\n", listing::link(&name), listing::label(&name)));
    }
    Response::text(200, "text/html; charset=utf-8", text + "</ul>\n<hr>\n</body>\n</html>\n")
}

fn page(_dialect: &Dialect, problem: &Problem) -> (&'static str, String) {
    let message = escape_html(&reason(problem.status, problem.method));
    let explanation = match problem.status {
        400 => "Bad request syntax or unsupported method",
        403 => "Request forbidden -- authorization will not help",
        404 => "Nothing matches the given URI",
        414 => "URI is too long",
        501 => "Server does not support this operation",
        505 => "Cannot fulfill request",
        _ => "Server got itself in trouble",
    };
    let status = problem.status;
    let page = format!(
        "<!DOCTYPE HTML>\n<html lang=\"en\">\n    <head>\n        <meta charset=\"utf-8\">\n        \
         <title>Error response</title>\n    </head>\n    <body>\n        <h1>Error response</h1>\n        \
         <p>Error code: {status}</p>\n        <p>Message: {message}.</p>\n        \
         <p>Error code explanation: {status} - {explanation}.</p>\n    </body>\n</html>\n"
    );
    ("text/html;charset=utf-8", page)
}
