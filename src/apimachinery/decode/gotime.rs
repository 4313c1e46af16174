//! RFC 3339 as Go's time.Parse reads it, with its errors. Knows one layout and its variant with microseconds.

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};

use crate::apimachinery::quote::quote;
use crate::apimachinery::schema::Form;
use crate::apimachinery::time;

/// A time in UTC, written with the precision that its type keeps.
pub(super) fn canonical(text: &str, form: Form) -> Result<String, String> {
    let micro = form == Form::MicroTime;
    let layout = if micro { "2006-01-02T15:04:05.000000Z07:00" } else { "2006-01-02T15:04:05Z07:00" };
    let time = Parser { text, layout, rest: text }.parse(micro)?;
    Ok(if micro { time::to_rfc3339_micro(time) } else { time::to_rfc3339(time) })
}

struct Parser<'t> {
    text: &'t str,
    layout: &'t str,
    /// What is not read yet.
    rest: &'t str,
}

impl Parser<'_> {
    fn parse(mut self, micro: bool) -> Result<DateTime<Utc>, String> {
        let year = self.number("2006", 4, 4)?;
        self.literal("-")?;
        let month = self.number("01", 2, 2)?;
        self.range("month", (1..=12).contains(&month))?;
        self.literal("-")?;
        let day = self.number("02", 2, 2)?;
        self.literal("T")?;
        // The one part that Go takes with a single digit.
        let hour = self.number("15", 1, 2)?;
        self.range("hour", hour < 24)?;
        self.literal(":")?;
        let minute = self.number("04", 2, 2)?;
        self.range("minute", minute < 60)?;
        self.literal(":")?;
        let second = self.number("05", 2, 2)?;
        self.range("second", second < 60)?;
        let nanos = if micro { self.micros()? } else { self.fraction() };
        let offset = self.offset()?;
        if !self.rest.is_empty() {
            return Err(self.message(&format!("extra text: {}", quote(self.rest))));
        }
        let year = i32::try_from(year).unwrap_or(i32::MAX);
        NaiveDate::from_ymd_opt(year, month, day)
            .and_then(|d| d.and_hms_nano_opt(hour, minute, second, nanos))
            .and_then(|t| t.and_local_timezone(FixedOffset::east_opt(offset)?).single())
            .map(|t| t.to_utc())
            .ok_or_else(|| self.message("day out of range"))
    }

    fn fail(&self, part: &str) -> String {
        let (text, rest) = (quote(self.text), quote(self.rest));
        format!("parsing time {text} as \"{}\": cannot parse {rest} as \"{part}\"", self.layout)
    }

    fn message(&self, what: &str) -> String {
        format!("parsing time {}: {what}", quote(self.text))
    }

    fn range(&self, part: &str, fits: bool) -> Result<(), String> {
        if fits { Ok(()) } else { Err(self.message(&format!("{part} out of range"))) }
    }

    fn literal(&mut self, literal: &str) -> Result<(), String> {
        self.rest = self.rest.strip_prefix(literal).ok_or_else(|| self.fail(literal))?;
        Ok(())
    }

    fn digits(&self) -> usize {
        self.rest.bytes().take_while(u8::is_ascii_digit).count()
    }

    fn number(&mut self, part: &str, min: usize, max: usize) -> Result<u32, String> {
        let length = self.digits().min(max);
        let (number, rest) = self.rest.split_at(length);
        let number = number.parse().ok().filter(|_| length >= min).ok_or_else(|| self.fail(part))?;
        self.rest = rest;
        Ok(number)
    }

    /// Any digits after the second's point, which the layout need not have.
    fn fraction(&mut self) -> u32 {
        let Some(rest) = self.rest.strip_prefix(['.', ',']).filter(|r| r.starts_with(|c: char| c.is_ascii_digit()))
        else {
            return 0;
        };
        self.rest = rest;
        let (digits, rest) = rest.split_at(self.digits());
        self.rest = rest;
        nanos(digits)
    }

    fn micros(&mut self) -> Result<u32, String> {
        let digits = self.rest.strip_prefix(['.', ',']).and_then(|r| r.get(..6));
        let digits = digits.filter(|d| d.bytes().all(|b| b.is_ascii_digit())).ok_or_else(|| self.fail(".000000"))?;
        self.rest = &self.rest[7..];
        Ok(nanos(digits))
    }

    /// Seconds east of UTC.
    fn offset(&mut self) -> Result<i32, String> {
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Ok(0);
        }
        let fail = self.fail("Z07:00");
        let sign = match self.rest.as_bytes().first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(fail),
        };
        let part = |at: usize| self.rest.get(at..at + 2).filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
        let (Some(hours), Some(":"), Some(minutes)) = (part(1), self.rest.get(3..4), part(4)) else { return Err(fail) };
        let number = |d: &str| d.parse::<i32>().unwrap_or(i32::MAX);
        let (hours, minutes) = (number(hours), number(minutes));
        self.range("time zone offset hour", hours <= 24)?;
        self.range("time zone offset minute", minutes <= 60)?;
        self.rest = &self.rest[6..];
        Ok(sign * (hours * 60 + minutes) * 60)
    }
}

fn nanos(digits: &str) -> u32 {
    format!("{digits:0<9}").get(..9).and_then(|d| d.parse().ok()).unwrap_or(0)
}
