//! Schedules of five fields or a word (`@daily`, `@every 90m`), read as robfig/cron reads them. Knows UTC only.

use chrono::{Datelike, TimeDelta, Timelike};

use crate::apimachinery::time::Time;

/// When something is due again and again.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// At the minutes that all five fields allow.
    At(Box<Fields>),
    /// This long after the last time.
    Every(TimeDelta),
}

/// The values that each field allows, as bits.
#[derive(Clone, Debug, PartialEq)]
pub struct Fields {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// A day has to suit both day fields when one of them is `*`; else either.
    both_days: bool,
}

/// A field's lowest and highest value, and names for its values from the lowest on.
struct Bounds {
    low: u32,
    high: u32,
    names: &'static [&'static str],
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const BOUNDS: [Bounds; 5] = [
    Bounds { low: 0, high: 59, names: &[] },
    Bounds { low: 0, high: 23, names: &[] },
    Bounds { low: 1, high: 31, names: &[] },
    Bounds { low: 1, high: 12, names: &MONTHS },
    Bounds { low: 0, high: 6, names: &WEEKDAYS },
];
/// After so many days without a match there is none.
const DAYS_TO_LOOK: i64 = 5 * 366;

impl Schedule {
    /// Reads a schedule; the error is robfig/cron's.
    pub fn parse(text: &str) -> Result<Schedule, String> {
        let text = match text.strip_prefix("TZ=").or_else(|| text.strip_prefix("CRON_TZ=")) {
            Some(rest) => rest.split_once(' ').map_or("", |(_, r)| r).trim(),
            None => text,
        };
        if text.is_empty() {
            return Err("empty spec string".to_owned());
        }
        if text.starts_with('@') {
            return descriptor(text);
        }
        let parts: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = parts[..] else {
            return Err(format!("expected exactly 5 fields, found {}: [{}]", parts.len(), parts.join(" ")));
        };
        let star = |part: &str| part.split(',').any(|p| p.starts_with('*') || p.starts_with('?'));
        Ok(Schedule::At(Box::new(Fields {
            minutes: field(minutes, &BOUNDS[0])?,
            hours: field(hours, &BOUNDS[1])?,
            days: field(days, &BOUNDS[2])?,
            months: field(months, &BOUNDS[3])?,
            weekdays: field(weekdays, &BOUNDS[4])?,
            both_days: star(days) || star(weekdays),
        })))
    }

    /// The first time after another; `None` for a schedule that never comes, as of a 30th of February.
    pub fn next(&self, after: Time) -> Option<Time> {
        match self {
            Schedule::Every(step) => after.with_nanosecond(0)?.checked_add_signed(*step),
            Schedule::At(fields) => fields.next(after),
        }
    }
}

impl Fields {
    fn next(&self, after: Time) -> Option<Time> {
        let start = after.with_nanosecond(0)?.with_second(0)?.checked_add_signed(TimeDelta::minutes(1))?;
        let midnight = start.with_hour(0)?.with_minute(0)?;
        for day in 0..DAYS_TO_LOOK {
            let day = midnight.checked_add_signed(TimeDelta::days(day))?;
            if !self.allows_day(day) {
                continue;
            }
            for hour in (0..24).filter(|h| has(self.hours, *h)) {
                for minute in (0..60).filter(|m| has(self.minutes, *m)) {
                    let at = day.with_hour(hour)?.with_minute(minute)?;
                    if at >= start {
                        return Some(at);
                    }
                }
            }
        }
        None
    }

    fn allows_day(&self, day: Time) -> bool {
        let of_month = has(self.days, day.day());
        let of_week = has(self.weekdays, day.weekday().num_days_from_sunday());
        has(self.months, day.month()) && if self.both_days { of_month && of_week } else { of_month || of_week }
    }
}

fn has(bits: u64, value: u32) -> bool {
    bits >> value & 1 == 1
}

fn descriptor(text: &str) -> Result<Schedule, String> {
    let of = |fields: &str| Schedule::parse(fields);
    match text {
        "@yearly" | "@annually" => of("0 0 1 1 *"),
        "@monthly" => of("0 0 1 * *"),
        "@weekly" => of("0 0 * * 0"),
        "@daily" | "@midnight" => of("0 0 * * *"),
        "@hourly" => of("0 * * * *"),
        _ => {
            let Some(duration) = text.strip_prefix("@every ") else {
                return Err(format!("unrecognized descriptor: {text}"));
            };
            every(duration)
                .ok_or_else(|| format!("failed to parse duration {text}: time: invalid duration {duration:?}"))
        }
    }
}

/// A Go duration of whole seconds, at least one: `1h30m`.
fn every(duration: &str) -> Option<Schedule> {
    let mut rest = duration;
    let mut seconds: i64 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..end].parse().ok()?;
        let unit = match rest.as_bytes()[end] {
            b'h' => 3600,
            b'm' => 60,
            b's' => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[end + 1..];
    }
    if duration.is_empty() { None } else { TimeDelta::try_seconds(seconds.max(1)).map(Schedule::Every) }
}

/// One field: ranges joined by commas.
fn field(text: &str, bounds: &Bounds) -> Result<u64, String> {
    let mut bits = 0;
    for part in text.split(',').filter(|p| !p.is_empty()) {
        bits |= range(part, bounds)?;
    }
    Ok(bits)
}

/// `5`, `1-5`, `*/15`, `10-40/5`, `mon-fri`.
fn range(text: &str, bounds: &Bounds) -> Result<u64, String> {
    let parts: Vec<&str> = text.split('/').collect();
    let ends: Vec<&str> = parts[0].split('-').collect();
    let (low, mut high) = match ends[..] {
        ["*" | "?"] => (bounds.low, bounds.high),
        [one] => (value(one, bounds)?, value(one, bounds)?),
        [low, high] => (value(low, bounds)?, value(high, bounds)?),
        _ => return Err(format!("too many hyphens: {text}")),
    };
    let step = match parts[..] {
        [_] => 1,
        [_, step] => {
            if ends.len() == 1 {
                high = bounds.high;
            }
            number(step)?
        }
        _ => return Err(format!("too many slashes: {text}")),
    };
    if low < bounds.low {
        return Err(format!("beginning of range ({low}) below minimum ({}): {text}", bounds.low));
    }
    if high > bounds.high {
        return Err(format!("end of range ({high}) above maximum ({}): {text}", bounds.high));
    }
    if low > high {
        return Err(format!("beginning of range ({low}) beyond end of range ({high}): {text}"));
    }
    if step == 0 {
        return Err(format!("step of range should be a positive number: {text}"));
    }
    Ok((low..=high).step_by(step as usize).fold(0, |bits, v| bits | 1 << v))
}

fn value(text: &str, bounds: &Bounds) -> Result<u32, String> {
    let lower = text.to_lowercase();
    match bounds.names.iter().position(|n| *n == lower) {
        Some(index) => Ok(bounds.low + index as u32),
        None => number(text),
    }
}

fn number(text: &str) -> Result<u32, String> {
    let shown = format!("failed to parse int from {text}");
    match text.parse::<i64>() {
        Err(_) => Err(format!("{shown}: strconv.Atoi: parsing {text:?}: invalid syntax")),
        Ok(n) if n < 0 => Err(format!("negative number ({n}) not allowed: {text}")),
        Ok(n) => u32::try_from(n).map_err(|_| format!("{shown}: strconv.Atoi: parsing {text:?}: value out of range")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apimachinery::time;

    #[test]
    fn the_next_time_is_found() {
        for (schedule, after, want) in [
            ("*/15 * * * *", "2026-11-22T10:07:30Z", Some("2026-11-22T10:15:00Z")),
            ("*/30 2 * * 1", "2026-11-22T10:07:30Z", Some("2026-11-23T02:00:00Z")),
            ("0 0 29 2 *", "2026-01-01T00:00:00Z", Some("2028-02-29T00:00:00Z")),
            ("0 0 30 2 *", "2026-01-01T00:00:00Z", None),
            ("0 0 13 * fri", "2026-11-01T00:00:00Z", Some("2026-11-06T00:00:00Z")),
            ("@hourly", "2026-11-22T10:00:00Z", Some("2026-11-22T11:00:00Z")),
            ("@every 1h30m", "2026-11-22T10:00:00Z", Some("2026-11-22T11:30:00Z")),
        ] {
            let next = Schedule::parse(schedule).unwrap().next(time::parse(after).unwrap());
            assert_eq!(next.map(time::to_rfc3339).as_deref(), want, "{schedule}");
        }
    }

    #[test]
    fn errors_are_robfigs() {
        for (schedule, want) in [
            ("x", "expected exactly 5 fields, found 1: [x]"),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("a * * * *", "failed to parse int from a: strconv.Atoi: parsing \"a\": invalid syntax"),
            ("@often", "unrecognized descriptor: @often"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
        ] {
            assert_eq!(Schedule::parse(schedule), Err(want.to_owned()));
        }
    }
}
