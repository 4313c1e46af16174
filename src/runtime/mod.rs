//! DOOR processes: the sandbox a pod's processes run in, and the servers emulated in it.
//!
//! Knows sandboxes, not objects: what a pod's sandbox is, `control::sandbox` says.

#[cfg(target_os = "linux")]
pub mod copy;
pub mod dns;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
pub mod exchange;
#[cfg(target_os = "linux")]
pub mod http;
#[cfg(target_os = "linux")]
mod journal;
#[cfg(target_os = "linux")]
pub mod keeper;
pub mod log;
#[cfg(target_os = "linux")]
pub mod network;
#[cfg(target_os = "linux")]
mod sandbox;
pub mod tools;

#[cfg(target_os = "linux")]
use std::ffi::OsString;
#[cfg(target_os = "linux")]
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
use crate::env::Env;
#[cfg(not(target_os = "linux"))]
pub use elsewhere::{copy, exec, http, keeper, network};
#[cfg(target_os = "linux")]
pub use journal::Journal;
#[cfg(target_os = "linux")]
pub use sandbox::{
    Check, Failure, Hook, Problem, checks, end_all, exec, hooks, http_status, remove_all, remove_pod, remove_volume,
    write_volumes,
};

/// The first argument that makes the binary a pod's supervisor instead of a command.
#[cfg(target_os = "linux")]
const SUPERVISOR: &str = "__sandbox";
/// The first argument that makes the binary the keeper of a container's process.
#[cfg(target_os = "linux")]
pub const KEEPER: &str = "__keeper";

/// Does what the binary was started again for: to be a pod's supervisor, or a tool of a sandbox, whose name it then has.
/// `None` when it was started as itself. `open` is how a supervisor gets to know the cluster.
#[cfg(target_os = "linux")]
pub fn started_again(args: &[OsString], env: &mut Env, open: network::Open) -> Option<ExitCode> {
    let (name, rest) = args.split_first()?;
    match rest.split_first() {
        Some((first, rest)) if first == SUPERVISOR => Some(sandbox::main(rest, open)),
        _ => tools::main(name.to_str()?, rest, env),
    }
}

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
    /// There are no namespaces here to run anything in.
    #[error("containers run on Linux alone: here they are simulated, and nothing can be run in one")]
    #[cfg(not(target_os = "linux"))]
    Elsewhere,
    /// Nobody takes the output any more: a program of its own would have been ended by SIGPIPE.
    #[error("broken pipe")]
    Closed,
    /// A signal ended kstate while the caller's terminal was in its hands: its number.
    #[error("ended by signal {0}")]
    Interrupted(i32),
    /// The sandbox went away before the process started.
    #[error("the pod's sandbox ended before the command started")]
    Lost,
}
