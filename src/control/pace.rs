//! How long things take and what goes wrong, as controllers ask it. The ConfigMap that says so is read in `kinds`, which
//! refuses one that says nothing it can follow.

pub use crate::kinds::pace::{Exit, Fault, Pace, Step, Subject, is_pace};
