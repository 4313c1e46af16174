//! Real processes in real sandboxes, driven through `runtime` with the built binary as supervisor.
//!
//! Where this host forbids namespaces, `KSTATE_TEST_WITHOUT_NAMESPACES=1` leaves these tests out.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, reason = "a test looks at the world")]

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

mod callers;
mod cluster;
mod confinement;
mod doctor;
mod escape;
mod first_process;
mod forward;
mod keepers;
mod names_at_a_terminal;
mod network;
mod pod;
mod process;
mod volumes;

/// Ends this program, and says why, should a test hang: a CI that waits for ever says nothing.
pub(crate) struct Limit(Arc<AtomicBool>);

impl Limit {
    /// More than the longest test takes on a machine that has much else to do.
    const SECONDS: u64 = 300;

    pub(crate) fn begin(place: &'static str) -> Limit {
        let is_over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_over);
        std::thread::spawn(move || {
            for _ in 0..Self::SECONDS {
                std::thread::sleep(Duration::from_secs(1));
                if seen.load(Ordering::Acquire) {
                    return;
                }
            }
            let _said = writeln!(std::io::stderr(), "the test at {place} hangs");
            std::process::exit(101)
        });
        Limit(is_over)
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Gives a test its time. Ends it early, and says so, where the environment says that this host forbids namespaces.
macro_rules! needs_namespaces {
    () => {
        if std::env::var_os("KSTATE_TEST_WITHOUT_NAMESPACES").is_some() {
            eprintln!("left out: KSTATE_TEST_WITHOUT_NAMESPACES is set");
            return;
        }
        let _limit = crate::Limit::begin(concat!(file!(), ":", line!()));
    };
}
pub(crate) use needs_namespaces;
