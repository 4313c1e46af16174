//! Preconditions: whether a request wants a content only if it changed, or only if it did not.

use super::date;
use super::dialect::Conditions;
use super::request::Request;
use crate::apimachinery::time::Time;

/// What the conditions of a request come to.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Send,
    /// 304.
    NotModified,
    /// 412.
    Failed,
}

/// Weighs a request's conditions, as a server reads them.
pub fn weigh(request: &Request, etag: &str, modified: i64, conditions: Conditions, now: Time) -> Verdict {
    let unchanged = |t: i64| match conditions {
        Conditions::Exact => t == modified,
        _ => t >= modified && t <= now.timestamp(),
    };
    let since = request.header("if-modified-since");
    if matches!(conditions, Conditions::None | Conditions::LaterOnly) {
        // Python's server trusts a time in the future, and asks no more once If-None-Match is there.
        let since = since.filter(|_| conditions == Conditions::LaterOnly && request.header("if-none-match").is_none());
        let kept = since.and_then(date::parse).is_some_and(|t| t >= modified);
        return if kept { Verdict::NotModified } else { Verdict::Send };
    }
    let unmodified_since = request.header("if-unmodified-since").and_then(date::parse);
    if unmodified_since.is_some_and(|t| t < modified) {
        return Verdict::Failed;
    }
    if request.header("if-match").is_some_and(|list| !matches(list, etag, false)) {
        return Verdict::Failed;
    }
    let none_match = request.header("if-none-match");
    let changed = since.is_some_and(|s| !date::parse(s).is_some_and(unchanged))
        || none_match.is_some_and(|list| !matches(list, etag, true));
    if changed || (since.is_none() && none_match.is_none()) { Verdict::Send } else { Verdict::NotModified }
}

/// Whether a range may be served: there is no If-Range, or it names this very content.
pub fn range_holds(request: &Request, etag: &str, modified: i64) -> bool {
    match request.header("if-range") {
        None => true,
        Some(tag) if tag.ends_with('"') => tag == etag,
        Some(time) => date::parse(time) == Some(modified),
    }
}

fn matches(list: &str, etag: &str, weak: bool) -> bool {
    let strong = |tag: &str| if weak { tag.trim_start_matches("W/").to_owned() } else { tag.to_owned() };
    list.trim() == "*" || list.split(',').any(|tag| strong(tag.trim()) == strong(etag))
}

#[cfg(test)]
mod tests {
    use super::super::request::{Incoming, read};
    use super::*;

    const TAG: &str = "\"6b03256c-a\"";

    fn asked(header: &str) -> Request {
        match read(&mut format!("GET / HTTP/1.0\r\n{header}\r\n\r\n").as_bytes()).unwrap() {
            Incoming::Request(request) => request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn conditions() {
        use Verdict::{Failed, NotModified, Send};
        let modified = date::parse("Sun, 22 Nov 2026 17:25:00 GMT").unwrap();
        let now = Time::from_timestamp(modified + 600, 0).unwrap();
        let cases = [
            ("X: y", Send, Send),
            ("If-None-Match: *", NotModified, NotModified),
            ("If-None-Match: \"a\", W/\"6b03256c-a\"", NotModified, NotModified),
            ("If-None-Match: \"a\"", Send, Send),
            ("If-Modified-Since: Sun, 22 Nov 2026 17:25:00 GMT", NotModified, NotModified),
            ("If-Modified-Since: Sun, 22 Nov 2026 17:26:00 GMT", Send, NotModified),
            ("If-Modified-Since: Sun, 22 Nov 2026 17:24:00 GMT", Send, Send),
            ("If-Modified-Since: Sun, 22 Nov 2026 17:45:00 GMT", Send, Send),
            ("If-Modified-Since: rubbish", Send, Send),
            ("If-Unmodified-Since: Sun, 22 Nov 2020 17:24:00 GMT", Failed, Failed),
            ("If-Unmodified-Since: Sun, 22 Nov 2026 17:25:00 GMT", Send, Send),
            ("If-Match: \"x\"", Failed, Failed),
            ("If-Match: \"x\", \"6b03256c-a\"", Send, Send),
        ];
        for (header, exact, loose) in cases {
            let request = asked(header);
            assert_eq!(weigh(&request, TAG, modified, Conditions::Exact, now), exact, "{header}");
            assert_eq!(weigh(&request, TAG, modified, Conditions::Later, now), loose, "{header}");
        }
        assert!(range_holds(&asked("If-Range: \"6b03256c-a\""), TAG, modified));
        assert!(!range_holds(&asked("If-Range: \"other\""), TAG, modified));
        assert!(!range_holds(&asked("If-Range: Sun, 22 Nov 2026 17:26:00 GMT"), TAG, modified));
    }
}
