//! What differs from server to server, as data.

use super::access_log::{self, Entry};
use super::files::Content;
use super::request::HEADERS_TOO_LARGE;
use crate::control::sandbox::ServerKind;

/// How one server talks.
pub struct Dialect {
    /// The Server header.
    pub server: &'static str,
    /// The order in which it sends headers.
    pub order: &'static [&'static str],
    /// Index files, first match wins.
    pub index: &'static [&'static str],
    /// The type of a file whose extension is not known; none is sent where this is none.
    pub default_type: Option<&'static str>,
    /// Whether If-Modified-Since must be the very time.
    pub exact_times: bool,
    /// Whether a kept connection is announced, too.
    pub says_keep_alive: bool,
    pub etag: fn(&Content) -> String,
    /// The words after a status.
    pub reason: fn(u16) -> &'static str,
    /// Content type and text of an error page or redirect.
    pub page: fn(&Self, u16, &str) -> (&'static str, String),
    /// None where the image logs no requests.
    pub access_log: Option<fn(&Entry) -> String>,
}

/// The dialect of a server.
pub fn of(kind: ServerKind) -> &'static Dialect {
    match kind {
        ServerKind::Nginx => &NGINX,
        ServerKind::Httpd => &HTTPD,
    }
}

static NGINX: Dialect = Dialect {
    server: "nginx/1.29.3",
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
    index: &["index.html", "index.htm"],
    default_type: Some("application/octet-stream"),
    exact_times: true,
    says_keep_alive: true,
    etag: |c| format!("\"{:x}-{:x}\"", c.modified, c.size),
    reason: nginx_reason,
    page: nginx_page,
    access_log: Some(access_log::nginx),
};

static HTTPD: Dialect = Dialect {
    server: "Apache/2.4.65 (Unix)",
    order: &[
        "Date",
        "Server",
        "Location",
        "Last-Modified",
        "ETag",
        "Accept-Ranges",
        "Allow",
        "Content-Length",
        "Content-Range",
        "Connection",
        "Content-Type",
    ],
    index: &["index.html"],
    default_type: None,
    exact_times: false,
    says_keep_alive: false,
    etag: |c| format!("\"{:x}-{:x}\"", c.size, c.modified * 1_000_000 + c.nanos / 1000),
    reason,
    page: httpd_page,
    access_log: Some(access_log::common),
};

/// RFC 9110's words.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        301 => "Moved Permanently",
        304 => "Not Modified",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        412 => "Precondition Failed",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        416 => "Requested Range Not Satisfiable",
        501 => "Not Implemented",
        505 => "HTTP Version Not Supported",
        _ => "Internal Server Error",
    }
}

fn nginx_reason(status: u16) -> &'static str {
    match status {
        405 => "Not Allowed",
        414 => "Request-URI Too Large",
        HEADERS_TOO_LARGE => "Bad Request",
        _ => reason(status),
    }
}

fn nginx_page(dialect: &Dialect, status: u16, _location: &str) -> (&'static str, String) {
    let heading = match status {
        HEADERS_TOO_LARGE => "400 Bad Request".to_owned(),
        _ => format!("{status} {}", nginx_reason(status)),
    };
    let (title, detail) = match status {
        HEADERS_TOO_LARGE => {
            let what = "Request Header Or Cookie Too Large";
            (format!("400 {what}"), format!("<center>{what}</center>\r\n"))
        }
        _ => (heading.clone(), String::new()),
    };
    let page = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{heading}</h1></center>\r\n\
         {detail}<hr><center>{}</center>\r\n</body>\r\n</html>\r\n",
        dialect.server
    );
    ("text/html", page)
}

fn httpd_page(_dialect: &Dialect, status: u16, location: &str) -> (&'static str, String) {
    let status = if status == HEADERS_TOO_LARGE { 400 } else { status };
    let (reason, location) = (reason(status), escape_html(location));
    let text = match status {
        301 => format!("The document has moved <a href=\"{location}\">here</a>."),
        400 => "Your browser sent a request that this server could not understand.<br />\n".to_owned(),
        403 => "You don't have permission to access this resource.".to_owned(),
        404 => "The requested URL was not found on this server.".to_owned(),
        405 => "The requested method is not allowed for this URL.".to_owned(),
        _ => "The request could not be served.".to_owned(),
    };
    let heading = reason.strip_suffix(" Requested").unwrap_or(reason);
    let page = format!(
        "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>{status} {reason}</title>\n\
         </head><body>\n<h1>{heading}</h1>\n<p>{text}</p>\n</body></html>\n"
    );
    ("text/html; charset=iso-8859-1", page)
}

fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
