//! DOOR environment: what surrounds one command, as a value, so that a test can give its own.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use crate::apimachinery::time;
use crate::clock::Clock;

/// The surroundings of one command.
pub struct Env {
    /// Environment variables; names and values that are not UTF-8 are left out.
    pub vars: BTreeMap<String, String>,
    /// What relative paths are relative to.
    pub cwd: PathBuf,
    /// The kstate binary, to re-execute for sandboxes.
    pub exe: PathBuf,
    pub clock: Clock,
    pub stdin: Box<dyn Read + Send>,
    pub stdout: Box<dyn Write + Send>,
    pub stderr: Box<dyn Write + Send>,
    pub stdin_is_terminal: bool,
    pub stdout_is_terminal: bool,
    pub stderr_is_terminal: bool,
}

impl Env {
    /// The process's own surroundings. `KSTATE_NOW` fixes the clock; a value that is not a time is reported by `run`.
    #[expect(clippy::disallowed_methods, reason = "the door to the environment")]
    pub fn real() -> Env {
        let text = |s: std::ffi::OsString| s.into_string().ok();
        let vars: BTreeMap<String, String> =
            std::env::vars_os().filter_map(|(k, v)| Some((text(k)?, text(v)?))).collect();
        let fixed = vars.get("KSTATE_NOW").and_then(|t| time::parse(t));
        Env {
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            exe: PathBuf::from("/proc/self/exe"),
            clock: fixed.map_or(Clock::System, Clock::Fixed),
            vars,
            stdin: Box::new(io::stdin()),
            stdout: Box::new(io::stdout()),
            stderr: Box::new(io::stderr()),
            stdin_is_terminal: io::stdin().is_terminal(),
            stdout_is_terminal: io::stdout().is_terminal(),
            stderr_is_terminal: io::stderr().is_terminal(),
        }
    }

    /// A variable that is set and not empty.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    /// A path as the user meant it.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.cwd.join(path)
    }
}
