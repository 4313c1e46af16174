//! DOOR processes: the sandbox a pod's processes run in.
//!
//! One pod has at most one supervisor, which lives as long as anything runs in the pod:
//!
//! ```text
//! kstate exec ──socket──> supervisor (S) ── pod (P) ── container (C, pid 1) ── the process
//!                         host's view       user, net,  mount, pid,
//!                         serves HTTP       ipc, uts    second user
//! ```
//!
//! `exec` takes the pod's lock, connects to the pod's socket and starts S when nobody listens there. P forks a C for each
//! container, C builds the root and then starts one process for each request that P hands on. Each link ends with the
//! one before it (PR_SET_PDEATHSIG and a socket that hangs up); P ends with its last caller. Nothing is written down
//! that could be stale: a socket that nobody listens on is a pod in which nothing runs.
//!
//! Knows sandboxes, not objects: what a pod's sandbox is, `control::sandbox` says.

#[cfg(target_os = "linux")]
mod caller;
#[cfg(target_os = "linux")]
mod container;
#[cfg(target_os = "linux")]
mod dev;
#[cfg(target_os = "linux")]
mod etc;
#[cfg(target_os = "linux")]
mod failure;
#[cfg(target_os = "linux")]
mod layer;
#[cfg(target_os = "linux")]
mod mount;
#[cfg(target_os = "linux")]
mod network;
#[cfg(target_os = "linux")]
mod pod;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod programs;
#[cfg(target_os = "linux")]
mod rootfs;
#[cfg(target_os = "linux")]
mod supervisor;
#[cfg(target_os = "linux")]
mod terminal;
#[cfg(target_os = "linux")]
mod tree;
#[cfg(target_os = "linux")]
mod volume;
#[cfg(target_os = "linux")]
mod wire;

use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
pub use caller::exec;
#[cfg(target_os = "linux")]
pub use failure::Failure;
#[cfg(target_os = "linux")]
pub use supervisor::main;

/// The first argument that makes the binary a pod's supervisor instead of a command.
pub const SUPERVISOR: &str = "__sandbox";

/// What to run in a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The program, looked up in the container's PATH, and its arguments.
    pub argv: Vec<String>,
    /// Pass the caller's stdin on. Without it the caller's stdin is not read at all.
    pub stdin: bool,
    /// Run in a terminal of the sandbox's own. The caller's stdin is a terminal then, at descriptor 0.
    pub tty: bool,
}

/// How a process ended: its status, or 128 and the number of the signal that ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(pub i32);

/// Why nothing ran.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// The sandbox stands but the program could not be started; in the API server's words.
    #[error(
        "Internal error occurred: Internal error occurred: error executing command in container: failed to exec in \
         container: failed to start exec \"{id}\": OCI runtime exec failed: exec failed: unable to start container \
         process: {cause}"
    )]
    NotStarted { id: String, cause: String },
    /// This host, or the pod's own layout, does not allow the sandbox.
    #[error("the pod's sandbox could not be made: {0}\n'kstate doctor' says what this machine allows and how to allow the rest")]
    #[cfg(target_os = "linux")]
    Refused(Failure),
    /// The sandbox went away before the process started.
    #[error("the pod's sandbox ended before the command started")]
    Lost,
}
