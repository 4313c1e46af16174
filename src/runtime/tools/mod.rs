//! The programs a sandbox has where its machine lacks them: small `curl`, `nslookup`, `hostname` and `ping`.
//!
//! Knows its arguments, standard streams and the sandbox's own `/etc`; not the store and not that it is kstate.

mod curl;
mod hostname;
mod nslookup;
#[cfg(target_os = "linux")]
mod ping;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use crate::env::Env;

/// The names that [`main`] answers to.
pub const NAMES: &[&str] = &["curl", "nslookup", "hostname", "ping"];

/// The name of the `nslookup` that prints as busybox 1.28 does.
pub const OLD_NSLOOKUP: &str = "busybox-nslookup";

/// Runs the tool of a name, with the arguments after it; `None` when there is no such tool.
pub fn main(name: &str, args: &[OsString], env: &mut Env) -> Option<ExitCode> {
    let args: Vec<String> = args.iter().map(|a| a.to_string_lossy().into_owned()).collect();
    let run = match Path::new(name).file_name()?.to_str()? {
        "curl" => curl::run,
        "nslookup" => nslookup::run,
        "hostname" => hostname::run,
        #[cfg(target_os = "linux")]
        "ping" => ping::run,
        OLD_NSLOOKUP => nslookup::run_old_busybox,
        _ => return None,
    };
    Some(ExitCode::from(run(&args, env)))
}

/// A file of the sandbox as text; empty where it cannot be read.
#[expect(clippy::disallowed_methods, reason = "a tool in a sandbox reads the sandbox's own /etc")]
fn read_etc(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
