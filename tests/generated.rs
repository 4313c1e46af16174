//! What is checked in but made by a generator is up to date; `KSTATE_REGENERATE=1 cargo test --test generated` rewrites it.

#[path = "generated/schema.rs"]
mod schema;

use std::fs;
use std::path::{Path, PathBuf};

/// A path below the crate's root.
fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares a checked-in file with what its generator says, or rewrites it.
#[expect(clippy::disallowed_methods, reason = "a test that rewrites the project's own files")]
fn check(path: &str, want: &str) {
    let file = root(path);
    if std::env::var_os("KSTATE_REGENERATE").is_some() {
        fs::write(&file, want).unwrap_or_else(|e| panic!("{path}: {e}"));
    }
    let have = fs::read_to_string(&file).unwrap_or_default();
    assert!(have == want, "{path} is out of date: run KSTATE_REGENERATE=1 cargo test --test generated");
}
