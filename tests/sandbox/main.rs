//! Real processes in real sandboxes, driven through `runtime` with the built binary as supervisor.
//!
//! Where this host forbids namespaces, `KSTATE_TEST_WITHOUT_NAMESPACES=1` leaves these tests out.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, reason = "a test looks at the world")]

mod callers;
mod cluster;
mod confinement;
mod doctor;
mod escape;
mod forward;
mod keepers;
mod names_at_a_terminal;
mod network;
mod pod;
mod process;
mod volumes;

/// Ends a test early, and says so, where the environment says that this host forbids namespaces.
macro_rules! needs_namespaces {
    () => {
        if std::env::var_os("KSTATE_TEST_WITHOUT_NAMESPACES").is_some() {
            eprintln!("left out: KSTATE_TEST_WITHOUT_NAMESPACES is set");
            return;
        }
    };
}
pub(crate) use needs_namespaces;
