//! `httpd` of busybox. Checked against busybox 1.35.

use super::{Conditions, Dialect, KeepAlive, Problem, Ranges, get_and_head_only, not_found, reason, type_if_known};

pub static DIALECT: Dialect = Dialect {
    protocol: "HTTP/1.1",
    server: None,
    order: &[
        "Date",
        "Connection",
        "Content-type",
        "Location",
        "Content-Range",
        "Accept-Ranges",
        "Last-Modified",
        "ETag",
        "Content-Length",
    ],
    keep_alive: KeepAlive::Never,
    index: &["index.html"],
    media_type: type_if_known,
    conditions: Conditions::None,
    ranges: Ranges::Always,
    etag: Some(|c| format!("\"{:x}-{:x}\"", c.modified, c.size)),
    refuse: get_and_head_only,
    folder: not_found,
    redirect: |context, path| context.redirect(302, path.to_owned()),
    special: None,
    reason,
    page,
    access_log: None,
    error_log: None,
};

fn page(_dialect: &Dialect, problem: &Problem) -> (&'static str, String) {
    let text = match problem.status {
        302 => return ("text/html", String::new()),
        400 => "Unsupported method",
        403 => "",
        404 => "The requested URL was not found",
        501 => "The requested method is not recognized",
        _ => "The request could not be served",
    };
    let title = format!("{} {}", problem.status, reason(problem.status, problem.method));
    let page = format!("<HTML><HEAD><TITLE>{title}</TITLE></HEAD>\n<BODY><H1>{title}</H1>\n{text}\n</BODY></HTML>\n");
    ("text/html", page)
}
