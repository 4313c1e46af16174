//! From a request to a response: files, indexes, redirects, conditions and ranges.

use std::ops::Range;

use super::conditions::{self, Verdict};
use super::dialect::Dialect;
use super::files::{self, Content, Found};
use super::range::{self, Asked};
use super::request::{BODY, Body as RequestBody, Request};
use super::response::{Body, Part, Response};
use super::target::{self, Target};
use super::{Peer, Site, date, media_type};
use crate::apimachinery::time::Time;

/// Answers a well-formed request.
pub fn answer(site: &Site, dialect: &Dialect, request: &Request, peer: Peer) -> Response {
    let Some(target) = target::parse(&request.target) else { return error(dialect, 400) };
    if matches!(request.body, RequestBody::Length(length) if length > BODY) {
        return error(dialect, 413);
    }
    let method = request.method.as_str();
    if !matches!(method, "GET" | "HEAD" | "POST") {
        return error(dialect, 405);
    }
    let (path, found) = find(site, dialect, &target.path);
    match found {
        Found::File(_) if method == "POST" => error(dialect, 405),
        Found::File(content) => send(dialect, request, &path, content),
        Found::Folder if target.path.ends_with(b"/") => error(dialect, 403),
        Found::Folder => redirect(dialect, request, &target, peer),
        Found::Missing => error(dialect, 404),
        Found::Forbidden => error(dialect, 403),
    }
}

/// The file for a path in the URL: itself, or a folder's index; with its path in the container.
fn find(site: &Site, dialect: &Dialect, path: &[u8]) -> (Vec<u8>, Found) {
    let root = site.root.trim_end_matches('/').as_bytes();
    let inside = |rest: &[u8]| [root, rest].concat();
    if !path.ends_with(b"/") {
        return (inside(path), files::find(site, &inside(path)));
    }
    for name in dialect.index {
        let index = inside(&[path, name.as_bytes()].concat());
        match files::find(site, &index) {
            Found::Missing | Found::Folder => {}
            found => return (index, found),
        }
    }
    let folder = match files::find(site, &inside(path)) {
        Found::File(_) => Found::Missing,
        found => found,
    };
    (inside(path), folder)
}

/// A page that says what went wrong.
pub fn error(dialect: &Dialect, status: u16) -> Response {
    let (content_type, page) = (dialect.page)(dialect, status, "");
    Response::text(status, content_type, page)
}

/// To the same folder with a slash at the end, on the host the client named and the port it reached.
fn redirect(dialect: &Dialect, request: &Request, target: &Target, peer: Peer) -> Response {
    let named = target.authority.as_ref().map(|a| String::from_utf8_lossy(a).into_owned());
    let named = named.or_else(|| request.header("host").filter(|h| !h.is_empty()).map(str::to_owned));
    let host = named.map_or_else(|| peer.server.ip().to_string(), |n| without_port(&n).to_ascii_lowercase());
    let port = if peer.server.port() == 80 { String::new() } else { format!(":{}", peer.server.port()) };
    let query = target.query.as_ref().map(|q| format!("?{}", String::from_utf8_lossy(q))).unwrap_or_default();
    let location = format!("http://{host}{port}{}/{query}", target::escape(&target.path));
    let (content_type, page) = (dialect.page)(dialect, 301, &location);
    let mut response = Response::text(301, content_type, page);
    response.header("Location", location);
    response
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

fn send(dialect: &Dialect, request: &Request, path: &[u8], content: Content) -> Response {
    let etag = (dialect.etag)(&content);
    let modified = content.modified;
    let mut response = match conditions::weigh(request, &etag, modified, dialect.exact_times) {
        Verdict::Failed => return error(dialect, 412),
        Verdict::NotModified => Response::new(304),
        Verdict::Send => {
            let wanted = request.header("range").filter(|_| conditions::range_holds(request, &etag, modified));
            let asked = wanted.map_or(Asked::Whole, |r| range::parse(r, content.size));
            full_or_parts(dialect, media_type::of(path).or(dialect.default_type), content, asked)
        }
    };
    if response.status != 416 {
        response.header("ETag", etag);
        response.header("Last-Modified", date::format(Time::from_timestamp(modified, 0).unwrap_or_default()));
    }
    response
}

fn full_or_parts(dialect: &Dialect, content_type: Option<&str>, content: Content, asked: Asked) -> Response {
    let size = content.size;
    let (status, ranges) = match asked {
        Asked::Unsatisfiable => {
            let mut response = error(dialect, 416);
            response.header("Content-Range", format!("bytes */{size}"));
            return response;
        }
        Asked::Parts(ranges) => (206, ranges),
        Asked::Whole => (200, vec![]),
    };
    let mut response = Response::new(status);
    let parts = match ranges.as_slice() {
        [] => {
            response.header("Accept-Ranges", "bytes");
            vec![Part::Slice(0..size)]
        }
        [one] => {
            response.header("Content-Range", content_range(one, size));
            vec![Part::Slice(one.clone())]
        }
        many => multipart(many, size, content_type),
    };
    match content_type {
        _ if ranges.len() > 1 => {
            response.header("Content-Type", format!("multipart/byteranges; boundary={BOUNDARY}"));
        }
        Some(known) => response.header("Content-Type", known),
        None => {}
    }
    response.body = Body::Parts(content.bytes, parts);
    response.header("Content-Length", response.body.len().to_string());
    response
}

fn content_range(range: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.end - 1)
}

/// nginx counts its boundaries up; one is enough, since a part's length says where it ends.
const BOUNDARY: &str = "00000000000000000001";

fn multipart(ranges: &[Range<u64>], size: u64, content_type: Option<&str>) -> Vec<Part> {
    let content_type = content_type.map(|t| format!("Content-Type: {t}\r\n")).unwrap_or_default();
    let mut parts = Vec::new();
    for range in ranges {
        let range_line = content_range(range, size);
        parts.push(Part::Text(format!("\r\n--{BOUNDARY}\r\n{content_type}Content-Range: {range_line}\r\n\r\n")));
        parts.push(Part::Slice(range.clone()));
    }
    parts.push(Part::Text(format!("\r\n--{BOUNDARY}--\r\n")));
    parts
}
