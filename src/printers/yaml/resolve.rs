//! Whether a plain text would be read as text again, or as a number, a boolean, null or a time. Knows no style.

/// What YAML 1.1 reads as booleans, null and special floats.
const WORDS: [&str; 38] = [
    "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", "n", "N", "no", "No", "NO", "false",
    "False", "FALSE", "off", "Off", "OFF", "~", "null", "Null", "NULL", ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF",
    "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF",
];

/// Whether go-yaml reads a plain scalar as a string.
pub(super) fn is_text(text: &str) -> bool {
    let Some(first) = text.bytes().next() else { return false };
    if WORDS.contains(&text) {
        return false;
    }
    match first {
        b'.' => !is_float(text),
        b'+' | b'-' | b'0'..=b'9' => !(is_timestamp(text) || is_number(&text.replace('_', "")) || is_base60(text)),
        _ => true,
    }
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (digits, radix) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&unsigned[2..], 16),
        [b'0', b'b' | b'B', ..] => (&unsigned[2..], 2),
        [b'0', b'o' | b'O', ..] => (&unsigned[2..], 8),
        [b'0', _, ..] => (&unsigned[1..], 8),
        _ => (unsigned, 10),
    };
    let fits = |n: u64| unsigned.len() == text.len() || n <= i64::MAX.unsigned_abs() + u64::from(text.starts_with('-'));
    // from_str_radix takes a sign, which may only stand in front of the prefix; but go-yaml itself takes `0b-1`.
    let is_integer =
        digits.starts_with(|c: char| c.is_digit(radix)) && u64::from_str_radix(digits, radix).is_ok_and(fits);
    is_integer || is_float(text) || text.strip_prefix("0b").is_some_and(|b| i64::from_str_radix(b, 2).is_ok())
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, and not too large for a float.
fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(m, e)| (m, Some(e)));
    let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    let mantissa_ok = match fraction {
        None => all_digits(whole),
        Some(f) if whole.is_empty() => all_digits(f),
        Some(f) => all_digits(whole) && (f.is_empty() || all_digits(f)),
    };
    let exponent_ok = exponent.is_none_or(|e| all_digits(e.strip_prefix(['+', '-']).unwrap_or(e)));
    mantissa_ok && exponent_ok && text.parse().is_ok_and(f64::is_finite)
}

/// `190:20:30.15`: go-yaml does not read them, but quotes them for those who do.
fn is_base60(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (text, fraction) = text.split_once('.').map_or((text, ""), |(t, f)| (t, f));
    let is_digit = |b: u8| b.is_ascii_digit() || b == b'_';
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or_default();
    let sixty = |p: &str| matches!(p.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
    text.contains(':')
        && first.starts_with(|c: char| c.is_ascii_digit())
        && first.bytes().all(is_digit)
        && parts.all(sixty)
        && fraction.bytes().all(is_digit)
}

/// `2006-1-2`, with a time after `T`, `t` (then with a zone) or a space (then without).
fn is_timestamp(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let day_length = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (day, time) = rest.split_at(day_length);
    let number = |s: &str, max: usize| s.parse::<u32>().ok().filter(|_| (1..=max).contains(&s.len()));
    let is_year = year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit());
    let date = number(month, 2).zip(number(day, 2)).zip(number(year, 4));
    let is_date = date.is_some_and(|((m, d), y)| chrono::NaiveDate::from_ymd_opt(y.cast_signed(), m, d).is_some());
    is_year
        && is_date
        && match time.chars().next() {
            None => true,
            Some('T' | 't') => is_clock(&time[1..]).is_some_and(is_zone),
            Some(' ') => is_clock(&time[1..]) == Some(""),
            Some(_) => false,
        }
}

/// `15:4:5.999`; gives what follows.
fn is_clock(text: &str) -> Option<&str> {
    let mut rest = text;
    for (i, limit) in [24, 60, 60].into_iter().enumerate() {
        rest = if i > 0 { rest.strip_prefix(':')? } else { rest };
        let length = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(length);
        number.parse().ok().filter(|n: &u32| *n < limit)?;
        rest = after;
    }
    let fraction = rest.strip_prefix(['.', ',']).map(|f| f.trim_start_matches(|c: char| c.is_ascii_digit()));
    Some(fraction.filter(|after| after.len() + 1 < rest.len()).unwrap_or(rest))
}

fn is_zone(text: &str) -> bool {
    let offset = text.strip_prefix(['+', '-']).and_then(|o| o.split_once(':'));
    let within = |s: &str, max: u32| {
        s.len() == 2 && s.bytes().all(|b| b.is_ascii_digit()) && s.parse().is_ok_and(|n: u32| n <= max)
    };
    text == "Z" || offset.is_some_and(|(hours, minutes)| within(hours, 24) && within(minutes, 60))
}
