//! DOOR randomness: draws the one seed that a store keeps for ever.

use std::io::{self, Read};

use crate::apimachinery::seed::Seed;

/// A seed from the operating system, for a new store. `KSTATE_SEED` takes its place where it is set.
///
/// # Errors
/// When the operating system gives no random bytes.
#[expect(clippy::disallowed_methods, reason = "the door to randomness")]
pub fn draw() -> io::Result<Seed> {
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(Seed(bytes.iter().map(|b| format!("{b:02x}")).collect()))
}
