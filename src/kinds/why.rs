//! Why controllers do what they do, for a person who asks: reasons are given where a plan is made, by the rule that made it.
//!
//! Knows no controller.

use crate::apimachinery::key::Key;
use crate::apimachinery::time::{self, Time};

/// Why a controller leaves an object as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Who says it, as in events: `statefulset-controller`.
    pub source: &'static str,
    /// The object that it is about; it may not exist yet.
    pub about: Key,
    pub text: String,
    /// What is waited for: the reasons of these go on from here.
    pub waits_for: Vec<Key>,
}

impl Reason {
    pub fn new(source: &'static str, about: Key, text: String) -> Reason {
        Reason { source, about, text, waits_for: Vec::new() }
    }

    /// The reason, with an object that is waited for.
    #[must_use]
    pub fn waiting_for(mut self, key: Key) -> Reason {
        self.waits_for.push(key);
        self
    }
}

/// `since 2026-01-01T00:00:05Z (12s)`.
pub fn since(at: Time, now: Time) -> String {
    format!("since {} ({})", time::to_rfc3339(at), time::human_duration(now - at))
}

/// `at 2026-01-01T00:00:05Z (in 12s)`.
pub fn at(at: Time, now: Time) -> String {
    format!("at {} (in {})", time::to_rfc3339(at), time::human_duration(at - now))
}
