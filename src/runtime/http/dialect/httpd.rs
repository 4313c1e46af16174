//! Apache httpd, as configured in its image. Checked against httpd 2.4.67.

use super::{Asked, Conditions, Dialect, KeepAlive, Problem, Ranges, escape_html, reason, type_if_known};
use crate::runtime::http::handler::Context;
use crate::runtime::http::request::HEADERS_TOO_LARGE;
use crate::runtime::http::response::Response;
use crate::runtime::http::{access_log, listing};
use crate::runtime::log::Stream;

const DOCTYPE: &str =
    "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\" \"http://www.w3.org/TR/html4/strict.dtd\">\n";
const ALLOW: &str = "OPTIONS,HEAD,GET,POST,TRACE";

pub static DIALECT: Dialect = TABLE;

pub(super) const TABLE: Dialect = Dialect {
    protocol: "HTTP/1.1",
    server: Some("Apache/2.4.67 (Unix)"),
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
        "Keep-Alive",
        "Connection",
        "Content-Type",
    ],
    keep_alive: KeepAlive::Silent,
    index: &["index.html"],
    media_type: type_if_known,
    conditions: Conditions::Later,
    ranges: Ranges::Always,
    etag: Some(|c| format!("\"{:x}-{:x}\"", c.size, c.modified.saturating_mul(1_000_000) + c.nanos / 1000)),
    refuse,
    folder,
    redirect,
    special: None,
    reason,
    page,
    access_log: Some((Stream::Stdout, access_log::common)),
    error_log: None,
};

/// A file is sent for POST, too; methods it has a name for get 405, others 501.
fn refuse(context: &Context, _asked: Asked) -> Option<Response> {
    let status = match context.request.method.as_str() {
        "GET" | "HEAD" | "POST" => return None,
        "OPTIONS" => {
            let mut response = Response::new(200);
            response.header("Allow", ALLOW);
            response.header("Content-Length", "0");
            return Some(response);
        }
        "PUT" | "DELETE" | "PATCH" | "CONNECT" | "TRACE" | "PROPFIND" | "MKCOL" | "COPY" | "MOVE" | "LOCK"
        | "UNLOCK" => 405,
        _ => 501,
    };
    let mut response = context.error(status);
    response.header("Allow", ALLOW);
    Some(response)
}

/// `Options Indexes`: a list of the folder's names.
fn folder(context: &Context, path: &[u8]) -> Response {
    let Some(names) = context.names() else { return context.error(403) };
    let title = escape_html(&format!("Index of {}", String::from_utf8_lossy(path.strip_suffix(b"/").unwrap_or(path))));
    let title = if path == b"/" { "Index of /".to_owned() } else { title };
    let mut text = format!(
        "{DOCTYPE}<html>\n <head>\n  <title>{title}</title>\n \
         </head>\n <body>\n<h1>{title}</h1>\n<ul>"
    );
    if path != b"/" {
        let folder = path.strip_suffix(b"/").unwrap_or(path);
        let parent = folder.rsplitn(2, |b| *b == b'/').last().unwrap_or_default();
        let parent = listing::link(&[parent, b"/"].concat());
        text.push_str(&format!("<li><a href=\"{parent}\"> Parent Directory</a></li>\n"));
    }
    for name in names.iter().filter(|n| !n.starts_with(b".")) {
        text.push_str(&format!("<li><a href=\"{}\"> {}</a></li>\n", listing::link(name), listing::label(name)));
    }
    Response::text(200, "text/html;charset=ISO-8859-1", text + "</ul>\n</body></html>\n")
}

/// Absolute: the host and port as the client named them (`UseCanonicalName Off`).
fn redirect(context: &Context, path: &str) -> Response {
    let host = context.host().unwrap_or_else(|| context.peer.server.ip().to_string());
    let host = host.strip_suffix(":80").unwrap_or(&host);
    context.redirect(301, format!("http://{host}{path}"))
}

fn page(_dialect: &Dialect, problem: &Problem) -> (&'static str, String) {
    let status = if problem.status == HEADERS_TOO_LARGE { 400 } else { problem.status };
    let (reason, method) = (reason(status, problem.method), escape_html(problem.method));
    let text = match problem.status {
        301 => format!("The document has moved <a href=\"{}\">here</a>.", escape_html(problem.location)),
        400 => "Your browser sent a request that this server could not understand.<br />\n".to_owned(),
        403 => "You don't have permission to access this resource.".to_owned(),
        404 => "The requested URL was not found on this server.".to_owned(),
        405 => format!("The requested method {method} is not allowed for this URL."),
        501 => format!("{method} not supported for current URL.<br />\n"),
        414 => "The requested URL's length exceeds the capacity\nlimit for this server.<br />\n".to_owned(),
        416 => "None of the range-specifier values in the Range\nrequest-header field overlap the current extent\n\
                of the selected resource."
            .to_owned(),
        HEADERS_TOO_LARGE => "Your browser sent a request that this server could not understand.<br />\n\
                              Size of a request header field exceeds server limit."
            .to_owned(),
        _ => reason.to_string(),
    };
    let page = format!(
        "{DOCTYPE}<html><head>\n<title>{status} {reason}</title>\n\
         </head><body>\n<h1>{reason}</h1>\n<p>{text}</p>\n</body></html>\n"
    );
    ("text/html; charset=iso-8859-1", page)
}
