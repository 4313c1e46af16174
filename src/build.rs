//! The build script: how the program is linked.
//!
//! It is not beside `Cargo.toml`, where one looks first, because the top level of this project is a fixed list.

/// A position-independent program with tables as large as ours (schemas, flags, help) has sixty thousand addresses to fix
/// each time it starts, in pages that are then its own: 1.5 ms and 1.5 MB of a command that needs 3 ms. Linked to a fixed
/// address it has none. `-no-pie` cannot stand in `.cargo/config.toml`, which gives its flags to procedural macros too.
/// Only for glibc: a static musl program is linked by other rules.
#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script by the environment; the program's own comes in by Env"
)]
fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|v| v == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
