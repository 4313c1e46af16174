//! HTTP dates. Knows no clock.

use chrono::NaiveDateTime;

use crate::apimachinery::time::Time;

const FORMAT: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// `Sun, 22 Nov 2026 17:25:01 GMT` (RFC 9110, 5.6.7).
pub fn format(t: Time) -> String {
    t.format(FORMAT).to_string()
}

/// Seconds since 1970 of an HTTP date in its preferred form; the two obsolete forms are ignored, as a cache may.
pub fn parse(text: &str) -> Option<i64> {
    Some(NaiveDateTime::parse_from_str(text.trim(), FORMAT).ok()?.and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let text = "Sun, 22 Nov 2026 17:25:01 GMT";
        let seconds = parse(text).unwrap();
        assert_eq!(seconds, 1_795_368_301);
        assert_eq!(format(Time::from_timestamp(seconds, 0).unwrap()), text);
        for bad in ["", "yesterday", "Mon, 22 Nov 2026 17:25:01 GMT", "Sun, 32 Nov 2026 17:25:01 GMT"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
