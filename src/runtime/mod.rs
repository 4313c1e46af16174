//! DOOR processes: the sandbox a pod's processes run in, and the servers emulated in it.
//!
//! Knows sandboxes, not objects: what a pod's sandbox is, `control::sandbox` says.

pub mod dns;
#[cfg(target_os = "linux")]
pub mod http;
#[cfg(target_os = "linux")]
mod sandbox;
pub mod tools;

use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
pub use sandbox::{Check, Failure, Problem, checks, exec, main, remove_all, remove_pod, remove_volume};

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
    #[error(
        "the pod's sandbox could not be made: {0}\n'kstate doctor' says what this machine allows and how to allow the rest"
    )]
    #[cfg(target_os = "linux")]
    Refused(Failure),
    /// The sandbox went away before the process started.
    #[error("the pod's sandbox ended before the command started")]
    Lost,
}
