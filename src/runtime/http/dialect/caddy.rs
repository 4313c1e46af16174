//! caddy's file server, as configured in its image.

use std::borrow::Cow;

use super::{Asked, Conditions, Dialect, KeepAlive, Problem, Ranges, not_found, reason};
use crate::runtime::http::handler::Context;
use crate::runtime::http::response::Response;

pub static DIALECT: Dialect = Dialect {
    protocol: "HTTP/1.1",
    server: Some("Caddy"),
    order: &[
        "Accept-Ranges",
        "Allow",
        "Connection",
        "Content-Length",
        "Content-Range",
        "Content-Type",
        "Etag",
        "Last-Modified",
        "Location",
        "Server",
        "Vary",
        "Date",
    ],
    keep_alive: KeepAlive::Silent,
    index: &["index.html", "index.txt"],
    media_type,
    conditions: Conditions::Later,
    ranges: Ranges::Always,
    etag: Some(etag),
    refuse,
    folder: not_found,
    redirect: |context, path| context.redirect(308, path.to_owned()),
    special: None,
    reason,
    page,
    access_log: None,
    error_log: None,
};

fn media_type(known: Option<&'static str>) -> Option<Cow<'static, str>> {
    known.map(|t| if t.starts_with("text/") { format!("{t}; charset=utf-8").into() } else { t.into() })
}

/// Time in nanoseconds and size, both in base 36.
fn etag(content: &super::Content) -> String {
    let nanos = content.modified.saturating_mul(1_000_000_000).saturating_add(content.nanos);
    format!("\"{}{}\"", base36(nanos.unsigned_abs()), base36(content.size))
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.extend(char::from_digit((number % 36) as u32, 36));
        number /= 36;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

fn refuse(context: &Context, _asked: Asked) -> Option<Response> {
    if matches!(context.request.method.as_str(), "GET" | "HEAD") {
        return None;
    }
    let mut response = context.error(405);
    response.header("Allow", "GET, HEAD");
    Some(response)
}

/// Errors have no page.
fn page(_dialect: &Dialect, _problem: &Problem) -> (&'static str, String) {
    ("", String::new())
}
