//! The keepers of containers that are processes of this machine: one for each, started after the commit that lets its
//! container run, gone when the process is.
//!
//! ```text
//! kstate create ──starts──> keeper ──caller of──> the pod's sandbox
//!                           log, terminal, stop, attach
//! ```
//!
//! A keeper is the caller of its container's main process, as `exec` is of any other: it dies with the sandbox and the
//! sandbox's process with it. That one is there is a lock on a file in `running/`, which the kernel lets go when the keeper
//! dies, however it does; a file that nobody locks is a keeper that was killed, or a machine that was started anew.
//!
//! Knows sandboxes and logs, not objects: what comes of an end, whoever called [`keep`] says.

mod attached;
mod claim;
mod door;
mod keep;
mod probe;
mod start;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::control::sandbox::Sandbox;

pub use claim::{Claim, Claimed, claims, wait_for_earlier};
pub use door::{attach, stop};
pub use keep::{Ended, keep};
pub use probe::{Probe, Probing, run_hook};
pub use start::{Report, Started, receive, start};

/// What a keeper is told: which container of which pod, and what it runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    pub home: PathBuf,
    pub sandbox: Sandbox,
    pub attempt: u32,
    pub argv: Vec<String>,
    /// Other names of the program, tried in this order where the host does not have it.
    pub other_names: Vec<String>,
    /// Keep the process's stdin open for those who attach.
    pub stdin: bool,
    /// Close it once the first of them has left.
    pub stdin_once: bool,
    pub tty: bool,
    pub probes: Vec<Probe>,
}
