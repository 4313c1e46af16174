//! Checksums of rows, so that a damaged byte is noticed when it is read. Knows no table and no file.
//!
//! Not against an adversary. Every step is a bijection of the state, so a change within one 8-byte word always shows.

const PRIME: u64 = 0x9e37_79b9_7f4a_7c15;

/// The checksum of a row's columns. Each column is told apart from its neighbours by its length.
pub(super) fn of(columns: &[&[u8]]) -> i64 {
    let mut state = 0x6b73_7461_7465_2131;
    for column in columns {
        state = mix(state, column.len() as u64);
        let mut words = column.chunks_exact(8);
        for word in &mut words {
            state = mix(state, u64::from_le_bytes(word.try_into().expect("chunks_exact gives 8 bytes")));
        }
        let mut last = [0; 8];
        let rest = words.remainder();
        last[..rest.len()].copy_from_slice(rest);
        state = mix(state, u64::from_le_bytes(last));
    }
    finish(state).cast_signed()
}

/// The checksum of a page's bytes at its place. Pages are read much more often than anything else here: four sums beside
/// each other, which a processor works out at once.
pub(super) fn of_page(number: i64, bytes: &[u8]) -> i64 {
    let mut sums = [number.cast_unsigned(), 1, 2, 3];
    for words in bytes.as_chunks::<32>().0 {
        for (sum, word) in sums.iter_mut().zip(words.as_chunks::<8>().0) {
            *sum = mix(*sum, u64::from_le_bytes(*word));
        }
    }
    let mut state = 0x6b73_7461_7465_2132;
    for word in bytes.as_chunks::<32>().1.as_chunks::<8>().0 {
        state = mix(state, u64::from_le_bytes(*word));
    }
    finish(sums.into_iter().fold(state, mix)).cast_signed()
}

/// The share of an object's checksum that its wake time has: changing the time then needs no look at the body.
pub(super) fn of_wake(at: Option<i64>) -> i64 {
    at.map_or(0, |at| of(&[b"wake", &at.to_le_bytes()]))
}

/// The checksum of the store's one `meta` row: resourceVersion, clock, pod addresses, and the seed.
pub(super) fn of_meta(numbers: [i64; 3], seed: &str) -> i64 {
    let [rv, clock, pod_addresses] = numbers.map(i64::to_le_bytes);
    of(&[b"meta", &rv, &clock, &pod_addresses, seed.as_bytes()])
}

fn mix(state: u64, word: u64) -> u64 {
    (state ^ word).wrapping_mul(PRIME).rotate_left(29)
}

/// Spreads the last words over all bits.
fn finish(state: u64) -> u64 {
    let state = (state ^ (state >> 32)).wrapping_mul(PRIME);
    state ^ (state >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_single_bit_and_every_boundary_counts() {
        let text = b"the quick brown fox jumps over the lazy dog".to_vec();
        let sound = of(&[b"pods", &text]);
        for bit in 0..text.len() * 8 {
            let mut bent = text.clone();
            bent[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(of(&[b"pods", &bent]), sound, "bit {bit}");
        }
        let page: Vec<u8> = (0..4088).map(|n| (n % 251) as u8).collect();
        let sound = of_page(1, &page);
        assert_ne!(of_page(2, &page), sound);
        for bit in 0..page.len() * 8 {
            let mut bent = page.clone();
            bent[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(of_page(1, &bent), sound, "bit {bit}");
        }
        assert_ne!(of(&[b"ab", b"c"]), of(&[b"a", b"bc"]));
        assert_ne!(of(&[b"a\0"]), of(&[b"a"]));
        assert_ne!(of_wake(Some(0)), of_wake(None));
    }
}
