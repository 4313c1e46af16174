//! Instants as the API writes them, and the short ages kubectl prints.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// An instant. Stored objects carry it with seconds (`metadata.creationTimestamp`) or microseconds (`MicroTime`).
pub type Time = DateTime<Utc>;

/// `2026-11-22T08:34:11Z`: metav1.Time.
pub fn to_rfc3339(t: Time) -> String {
    t.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `2026-11-22T08:34:11.253780Z`: metav1.MicroTime.
pub fn to_rfc3339_micro(t: Time) -> String {
    t.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Reads RFC 3339 with any offset and precision; `None` when it is anything else.
pub fn parse(s: &str) -> Option<Time> {
    DateTime::parse_from_rfc3339(s).ok().map(|t| t.with_timezone(&Utc))
}

/// An instant that much later; the end of time where there is none.
pub fn later(t: Time, by: TimeDelta) -> Time {
    t.checked_add_signed(by).unwrap_or(Time::MAX_UTC)
}

/// The AGE column: what kubectl's `duration.HumanDuration` prints. Negative ages print `<invalid>` beyond one second.
pub fn human_duration(d: TimeDelta) -> String {
    let seconds = d.num_seconds();
    if seconds < -1 {
        return "<invalid>".to_owned();
    }
    if seconds < 0 {
        return "0s".to_owned();
    }
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    let two = |big: i64, unit: &str, small: i64, small_unit: &str| match small {
        0 => format!("{big}{unit}"),
        _ => format!("{big}{unit}{small}{small_unit}"),
    };
    match seconds {
        s if s < 120 => format!("{s}s"),
        s if minutes < 10 => two(minutes, "m", s % 60, "s"),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => two(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if hours < 24 * 8 => two(days, "d", hours % 24, "h"),
        _ if days < 365 * 2 => format!("{days}d"),
        _ if days < 365 * 8 => two(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

/// The age of something that happened at `since`, as tables print it; `<unknown>` when it is not known.
pub fn age(since: Option<Time>, now: Time) -> String {
    since.map_or_else(|| "<unknown>".to_owned(), |t| human_duration(now - t))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_kubectls() {
        let cases = [
            (-5, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (144, "2m24s"),
            (599, "9m59s"),
            (600, "10m"),
            (860, "14m"),
            (3 * 3600 - 1, "179m"),
            (3 * 3600, "3h"),
            (8 * 3600 - 60, "7h59m"),
            (8 * 3600, "8h"),
            (48 * 3600 - 1, "47h"),
            (48 * 3600, "2d"),
            (49 * 3600, "2d1h"),
            (8 * 86400, "8d"),
            (729 * 86400, "729d"),
            (730 * 86400, "2y"),
            (731 * 86400, "2y1d"),
            (8 * 365 * 86400, "8y"),
        ];
        for (seconds, want) in cases {
            assert_eq!(human_duration(TimeDelta::seconds(seconds)), want, "{seconds}");
        }
    }
}
