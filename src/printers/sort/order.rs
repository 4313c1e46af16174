//! Sorting by a relation that need not be an order. Knows no value.
//!
//! Upstream's relations contradict themselves for some values (each of two rows without the field is less than the
//! other). Rust's own sorts may panic then; these give some order, and for few items that of Go's sort.

/// As many items as Go's sort.Sort sorts by insertion.
const FEW: usize = 12;

/// Sorts as Go's sort.Sort does where there are few items; keeps equals in their order where there are many.
pub(super) fn sort<T>(mut items: Vec<T>, mut less: impl FnMut(&T, &T) -> bool) -> Vec<T> {
    if items.len() > FEW {
        return merge_sort(items, less);
    }
    for i in 1..items.len() {
        let mut at = i;
        while at > 0 && less(&items[at], &items[at - 1]) {
            items.swap(at, at - 1);
            at -= 1;
        }
    }
    items
}

/// A stable merge sort.
pub(in crate::printers) fn merge_sort<T>(items: Vec<T>, mut less: impl FnMut(&T, &T) -> bool) -> Vec<T> {
    let mut runs: Vec<Vec<T>> = items.into_iter().map(|item| vec![item]).collect();
    while runs.len() > 1 {
        let mut halves = runs.into_iter();
        let mut merged = Vec::new();
        while let Some(left) = halves.next() {
            merged.push(merge(left, halves.next().unwrap_or_default(), &mut less));
        }
        runs = merged;
    }
    runs.pop().unwrap_or_default()
}

fn merge<T>(left: Vec<T>, right: Vec<T>, less: &mut impl FnMut(&T, &T) -> bool) -> Vec<T> {
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let from = if less(b, a) { &mut right } else { &mut left };
        merged.extend(from.next());
    }
    merged.extend(left.chain(right));
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_sort(items in prop::collection::vec((0..9, 0..9), 0..40)) {
            let mut want = items.clone();
            want.sort_by_key(|(key, _)| *key);
            prop_assert_eq!(merge_sort(items.clone(), |a, b| a.0 < b.0), want.clone());
            prop_assert_eq!(sort(items, |a, b| a.0 < b.0), want);
        }

        #[test]
        fn nothing_is_lost_to_a_relation_that_is_no_order(items in prop::collection::vec(0..9, 0..40), bits in any::<u64>()) {
            let chaos = |a: &i32, b: &i32| bits >> ((a * 7 + b) % 64) & 1 == 1;
            let mut sorted = sort(items.clone(), chaos);
            sorted.sort_unstable();
            let mut items = items;
            items.sort_unstable();
            prop_assert_eq!(sorted, items);
        }
    }
}
