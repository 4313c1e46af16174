//! The `pod-template-hash` of a template: what tells a Deployment's ReplicaSets apart.

use serde_json::Value;

/// What hashes are written with, so that they are no words (k8s.io/apimachinery/pkg/util/rand).
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// 32-bit FNV-1a of the template's JSON and of the collision count, in Kubernetes' safe alphabet. (Upstream hashes a dump
/// of its own Go structures instead of JSON, so that its hashes of the same template are others.)
pub fn of_template(template: &Value, collisions: Option<i64>) -> String {
    let mut hash: u32 = 2_166_136_261;
    let mut add = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u32::from(*byte)).wrapping_mul(16_777_619);
        }
    };
    add(template.to_string().as_bytes());
    if let Some(count) = collisions.and_then(|c| u32::try_from(c).ok()) {
        // Upstream writes 32 bits into eight bytes.
        add(&u64::from(count).to_le_bytes());
    }
    let safe = |digit: u8| char::from(ALPHABET[usize::from(digit) % ALPHABET.len()]);
    hash.to_string().bytes().map(safe).collect()
}
