//! Random values as a function of a store's seed: UIDs, name suffixes, container IDs. Drawing a seed is `entropy`'s.
//!
//! A value is the SHA-256 of the seed, a purpose and a number that never repeats in a store (a resourceVersion), so the
//! same commands on a store with the same seed give the same bytes.

use sha2::{Digest, Sha256};

/// What Kubernetes draws generated names from: no vowels, no look-alikes.
const SUFFIX_ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The seed of one store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed(pub String);

impl Seed {
    /// 32 bytes for one purpose and number.
    fn bytes(&self, purpose: &str, number: u64) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.0.as_bytes());
        hash.update([0]);
        hash.update(purpose.as_bytes());
        hash.update([0]);
        hash.update(number.to_be_bytes());
        hash.finalize().into()
    }

    /// A version 4 UUID.
    pub fn uuid(&self, purpose: &str, number: u64) -> String {
        let mut b = self.bytes(purpose, number);
        b[6] = (b[6] & 0x0f) | 0x40;
        b[8] = (b[8] & 0x3f) | 0x80;
        let h = hex(&b[..16]);
        format!("{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..])
    }

    /// The suffix of a generated name, as Kubernetes draws it: 5 characters of its own alphabet.
    pub fn suffix(&self, purpose: &str, number: u64) -> String {
        let bytes = self.bytes(purpose, number);
        bytes[..5].iter().map(|b| char::from(SUFFIX_ALPHABET[usize::from(*b) % SUFFIX_ALPHABET.len()])).collect()
    }

    /// 64 hexadecimal digits, as container and image IDs have.
    pub fn sha256(&self, purpose: &str, number: u64) -> String {
        hex(&self.bytes(purpose, number))
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|b| [b >> 4, b & 0xf]);
    digits.map(|digit| char::from_digit(digit.into(), 16).unwrap_or_default()).collect()
}
