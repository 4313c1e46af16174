//! kstate: Kubernetes' StatefulSet without the cluster.
//!
//! State is a value. `(state, request, now) -> (state', response)` is a pure function; files, the clock, randomness,
//! the environment and processes stand outside it, each behind one door. There is no daemon: every command first works
//! out what would have happened since the last one, does its own work, lets the controllers settle, commits once, prints.
//!
//! A module uses what is below it, never what is beside or above it (`tests/architecture.rs` reads the `use` lines):
//!
//! ```text
//! lib > cmd > client, printers > storage, runtime > env > clock, entropy > control > apiserver > kinds > cluster > apimachinery
//! ```

pub mod apimachinery;
pub mod apiserver;
pub mod client;
pub mod clock;
pub mod cluster;
pub mod cmd;
pub mod control;
pub mod entropy;
mod env;
pub mod kinds;
pub mod printers;
pub mod runtime;
pub mod storage;

use std::ffi::OsString;
use std::process::ExitCode;

pub use env::Env;

/// Runs one command line. The first argument is the program's name: its last part is what help and errors call it.
pub fn run(args: impl IntoIterator<Item = OsString>, mut env: Env) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    #[cfg(target_os = "linux")]
    if let Some(code) =
        runtime::started_again(&args, &mut env, client::network::open).or_else(|| client::keeper(&args, &env))
    {
        return code;
    }
    cmd::main(&args, &mut env)
}
