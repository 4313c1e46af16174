//! The order of a mapping's keys: go-yaml's natural order. Knows no value but the key.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::printers::sort::merge_sort;

/// The entries of a map as they are printed. The order is not one for keys of digits with leading zeros.
pub(super) fn sorted(map: &Map<String, Value>) -> Vec<(&String, &Value)> {
    merge_sort(map.iter().collect(), |(a, _), (b, _)| less(a, b))
}

/// Other characters come before digits, digits before letters; runs of digits compare by value.
fn less(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    match a.iter().zip(&b).position(|(x, y)| x != y) {
        None => a.len() < b.len(),
        Some(i) => match (a[i].is_alphabetic(), b[i].is_alphabetic()) {
            (true, true) => a[i] < b[i],
            (false, false) => digits_less(&a, &b, i),
            (_, b_is_letter) => b_is_letter,
        },
    }
}

fn digits_less(a: &[char], b: &[char], i: usize) -> bool {
    // A zero in the middle of a number counts as part of it.
    let before = a[..i].iter().rev().take_while(|c| c.is_ascii_digit());
    let inside = (a[i] == '0' || b[i] == '0') && before.into_iter().any(|c| *c != '0');
    let number = |chars: &[char]| {
        let digits = chars[i..].iter().map_while(|c| c.to_digit(10));
        digits.fold((i64::from(inside), 0), |(n, count), d| (n.wrapping_mul(10).wrapping_add(d.into()), count + 1))
    };
    let ((a_number, a_count), (b_number, b_count)) = (number(a), number(b));
    let order = a_number.cmp(&b_number).then(a_count.cmp(&b_count)).then(a[i].cmp(&b[i]));
    order == Ordering::Less
}
