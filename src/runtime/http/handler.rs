//! From a request to a response: files, indexes, redirects, conditions and ranges.

use std::ops::Range;

use super::conditions::{self, Verdict};
use super::dialect::{Asked, Dialect, Problem, Ranges};
use super::files::{self, Content, Found};
use super::range;
use super::request::{BODY, Body as RequestBody, Request};
use super::response::{Body, Part, Response};
use super::target::{self, Target};
use super::{Peer, Site, date, media_type};
use crate::apimachinery::time::Time;

/// One request and what it is answered from.
pub struct Context<'c> {
    pub site: &'c Site,
    pub dialect: &'static Dialect,
    pub request: &'c Request,
    pub target: &'c Target,
    pub peer: Peer,
    pub now: Time,
}

/// Answers a well-formed request.
pub fn answer(site: &Site, dialect: &'static Dialect, request: &Request, peer: Peer, now: Time) -> Response {
    let Some(target) = target::parse(&request.target) else { return error(dialect, 400, &request.method) };
    let context = Context { site, dialect, request, target: &target, peer, now };
    if matches!(request.body, RequestBody::Length(length) if length > BODY) {
        return context.error(413);
    }
    if let Some(special) = dialect.special {
        return special(&context);
    }
    (dialect.refuse)(&context, Asked::Anything).unwrap_or_else(|| context.serve_files())
}

/// A page that says what went wrong.
pub fn error(dialect: &Dialect, status: u16, method: &str) -> Response {
    page(dialect, &Problem { status, method, location: "" })
}

fn page(dialect: &Dialect, problem: &Problem) -> Response {
    match (dialect.page)(dialect, problem) {
        ("", _) => {
            let mut response = Response::new(problem.status);
            response.header("Content-Length", "0");
            response
        }
        (content_type, text) => Response::text(problem.status, content_type, text),
    }
}

impl Context<'_> {
    /// A page that says what went wrong.
    pub fn error(&self, status: u16) -> Response {
        error(self.dialect, status, &self.request.method)
    }

    /// A page that leads elsewhere.
    pub fn redirect(&self, status: u16, location: String) -> Response {
        let mut response = page(self.dialect, &Problem { status, method: &self.request.method, location: &location });
        response.header("Location", location);
        response
    }

    /// The host the client named, with the port if it named one.
    pub fn host(&self) -> Option<String> {
        let authority = self.target.authority.as_ref().map(|a| String::from_utf8_lossy(a).into_owned());
        authority.or_else(|| self.request.header("host").filter(|h| !h.is_empty()).map(str::to_owned))
    }

    /// The names in the folder that was asked for, sorted, folders with a slash; `None` when it cannot be read.
    pub fn names(&self) -> Option<Vec<Vec<u8>>> {
        files::names(self.site, &self.in_container(&self.target.path))
    }

    fn in_container(&self, path: &[u8]) -> Vec<u8> {
        [self.site.root.trim_end_matches('/').as_bytes(), path].concat()
    }

    fn serve_files(&self) -> Response {
        let (path, found) = self.find();
        match found {
            Found::File(content) => {
                (self.dialect.refuse)(self, Asked::File).unwrap_or_else(|| self.send(&path, content))
            }
            Found::Folder if self.target.path.ends_with(b"/") => (self.dialect.folder)(self, &self.target.path),
            Found::Folder => {
                let query = self.target.query.as_ref().map(|q| format!("?{}", String::from_utf8_lossy(q)));
                let path = format!("{}/{}", target::escape(&self.target.path), query.unwrap_or_default());
                (self.dialect.redirect)(self, &path)
            }
            Found::Missing if path.ends_with(b"/") => {
                let index = self.dialect.index.first().copied().unwrap_or_default();
                self.trouble(404, |path| format!("\"{path}{index}\" is not found (2: No such file or directory)"))
            }
            Found::Missing => {
                self.trouble(404, |path| format!("open() \"{path}\" failed (2: No such file or directory)"))
            }
            Found::Forbidden => self.trouble(403, |path| format!("open() \"{path}\" failed (13: Permission denied)")),
        }
    }

    /// An error page, with a word for the log about the path in the container.
    pub fn trouble(&self, status: u16, note: impl Fn(&str) -> String) -> Response {
        let path = self.in_container(&self.target.path);
        let mut response = self.error(status);
        response.note = Some(note(&path.escape_ascii().to_string()));
        response
    }

    /// The file that was asked for: itself, or a folder's index; with its path in the container.
    fn find(&self) -> (Vec<u8>, Found) {
        let path = self.in_container(&self.target.path);
        if !path.ends_with(b"/") {
            let found = files::find(self.site, &path);
            return (path, found);
        }
        for name in self.dialect.index {
            let index = [&path, name.as_bytes()].concat();
            match files::find(self.site, &index) {
                Found::Missing | Found::Folder => {}
                found => return (index, found),
            }
        }
        let found = match files::find(self.site, &path) {
            Found::File(_) => Found::Missing,
            found => found,
        };
        (path, found)
    }

    fn send(&self, path: &[u8], content: Content) -> Response {
        let modified = content.modified;
        let etag = self.dialect.etag.map(|etag| etag(&content));
        let tag = etag.as_deref().unwrap_or_default();
        let mut response = match conditions::weigh(self.request, tag, modified, self.dialect.conditions, self.now) {
            Verdict::Failed => return self.error(412),
            Verdict::NotModified => Response::new(304),
            Verdict::Send => self.full_or_parts(path, content, tag),
        };
        if response.status == 416 {
            return response;
        }
        if let Some(etag) = etag {
            response.header("ETag", etag);
        }
        response.header("Last-Modified", date::format(Time::from_timestamp(modified, 0).unwrap_or_default()));
        response
    }

    fn full_or_parts(&self, path: &[u8], content: Content, etag: &str) -> Response {
        let size = content.size;
        let content_type = (self.dialect.media_type)(media_type::of(path));
        let content_type = content_type.as_deref();
        let ranges = match self.ranges(&content, etag) {
            range::Asked::Unsatisfiable => {
                let mut response = self.error(416);
                response.header("Content-Range", format!("bytes */{size}"));
                return response;
            }
            range::Asked::Parts(ranges) => ranges,
            range::Asked::Whole => Vec::new(),
        };
        let mut response = Response::new(if ranges.is_empty() { 200 } else { 206 });
        if self.dialect.ranges == Ranges::Always || (self.dialect.ranges == Ranges::Nginx && ranges.is_empty()) {
            response.header("Accept-Ranges", "bytes");
        }
        if ranges.len() > 1 {
            response.header("Content-Type", format!("multipart/byteranges; boundary={BOUNDARY}"));
        } else if let Some(content_type) = content_type {
            response.header("Content-Type", content_type);
        }
        let parts = match ranges.as_slice() {
            [] => vec![Part::Slice(0..size)],
            [one] => {
                response.header("Content-Range", content_range(one, size));
                vec![Part::Slice(one.clone())]
            }
            many => multipart(many, size, content_type),
        };
        response.body = Body::Parts(content.bytes, parts);
        response.header("Content-Length", response.body.len().to_string());
        response
    }

    fn ranges(&self, content: &Content, etag: &str) -> range::Asked {
        match self.request.header("range") {
            Some(header)
                if self.dialect.ranges != Ranges::None
                    && conditions::range_holds(self.request, etag, content.modified) =>
            {
                range::parse(header, content.size)
            }
            _ => range::Asked::Whole,
        }
    }
}

fn content_range(range: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1))
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
