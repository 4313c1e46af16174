//! `Range: bytes=…`, read as nginx reads it. Knows nothing of files.

use std::ops::Range;

/// What a range header asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    /// Everything: no range, another unit, an empty content, or ranges that sum to more than the whole.
    Whole,
    /// At least one, each inside the content and not empty.
    Parts(Vec<Range<u64>>),
    /// 416.
    Unsatisfiable,
}

/// Reads the value of a Range header for a content of `size` bytes.
pub fn parse(header: &str, size: u64) -> Asked {
    let unit = header.get(..6).unwrap_or_default();
    if size == 0 || !unit.eq_ignore_ascii_case("bytes=") {
        return Asked::Whole;
    }
    let Some(parts) = header[6..].split(',').map(|spec| part(spec.trim(), size)).collect::<Option<Vec<_>>>() else {
        return Asked::Unsatisfiable;
    };
    let parts: Vec<Range<u64>> = parts.into_iter().filter(|r| !r.is_empty()).collect();
    let sum = parts.iter().fold(0u64, |sum, r| sum.saturating_add(r.end - r.start));
    match parts.len() {
        0 => Asked::Unsatisfiable,
        _ if sum > size => Asked::Whole,
        _ => Asked::Parts(parts),
    }
}

/// One `first-last`, `first-` or `-suffix`; empty when it lies outside, `None` when it is none of them.
fn part(spec: &str, size: u64) -> Option<Range<u64>> {
    let (first, last) = spec.split_once('-')?;
    let (first, last) = (first.trim(), last.trim());
    if first.is_empty() {
        let suffix = number(last)?.min(size);
        return Some(size - suffix..size);
    }
    let first = number(first)?;
    let end = if last.is_empty() { size } else { number(last)?.saturating_add(1).min(size) };
    Some(first..end.max(first))
}

fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_nginxs() {
        let part = |r: Range<u64>| Asked::Parts(vec![r]);
        let cases = [
            ("bytes=2-4", part(2..5)),
            ("Bytes=2-", part(2..10)),
            ("bytes=-3", part(7..10)),
            ("bytes=-30", part(0..10)),
            ("bytes=8-99", part(8..10)),
            ("bytes=0-1, 4-5", Asked::Parts(vec![0..2, 4..6])),
            ("bytes=0-1,20-", part(0..2)),
            ("bytes=0-,1-", Asked::Whole),
            ("items=1-2", Asked::Whole),
            ("é", Asked::Whole),
            ("bytes=20-", Asked::Unsatisfiable),
            ("bytes=5-2", Asked::Unsatisfiable),
            ("bytes=-0", Asked::Unsatisfiable),
            ("bytes=x", Asked::Unsatisfiable),
            ("bytes=", Asked::Unsatisfiable),
            ("bytes=-", Asked::Unsatisfiable),
            ("bytes=+1-2", Asked::Unsatisfiable),
            ("bytes=0-99999999999999999999", Asked::Unsatisfiable),
        ];
        for (header, want) in cases {
            assert_eq!(parse(header, 10), want, "{header}");
        }
        assert_eq!(parse("bytes=0-18446744073709551615", 10), part(0..10));
        assert_eq!(parse("bytes=0-", 0), Asked::Whole);
    }
}
