//! HTTP dates. Knows no clock.

use chrono::NaiveDateTime;

use crate::apimachinery::time::Time;

const FORMAT: &str = "%a, %d %b %Y %H:%M:%S GMT";
/// What old clients write: RFC 850's form and asctime's.
const OBSOLETE: [&str; 2] = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];

/// `Sun, 22 Nov 2026 17:25:01 GMT` (RFC 9110, 5.6.7).
pub fn format(t: Time) -> String {
    t.format(FORMAT).to_string()
}

/// Seconds since 1970 of an HTTP date, in any of its three forms.
pub fn parse(text: &str) -> Option<i64> {
    let mut formats = std::iter::once(FORMAT).chain(OBSOLETE);
    let parsed = formats.find_map(|format| NaiveDateTime::parse_from_str(text.trim(), format).ok());
    Some(parsed?.and_utc().timestamp())
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
        assert_eq!(parse("Sunday, 22-Nov-26 17:25:01 GMT"), Some(seconds));
        assert_eq!(parse("Sun Nov 22 17:25:01 2026"), Some(seconds));
        for bad in ["", "yesterday", "Mon, 22 Nov 2026 17:25:01 GMT", "Sun, 32 Nov 2026 17:25:01 GMT"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
