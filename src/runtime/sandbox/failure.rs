//! Why a sandbox could not be made: the step that failed and the operating system's words. Knows no step by itself.

use std::fmt;

use nix::errno::Errno;
use serde::{Deserialize, Serialize};

/// A step of building a sandbox that this host refused, or that the pod's own layout made impossible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub struct Failure {
    /// What was being done, as in "mount /proc".
    pub step: String,
    pub cause: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.step, self.cause)
    }
}

/// Names the step that an operating system error belongs to.
pub trait Step<T> {
    fn step(self, step: impl Into<String>) -> Result<T, Failure>;
}

impl<T> Step<T> for nix::Result<T> {
    fn step(self, step: impl Into<String>) -> Result<T, Failure> {
        self.map_err(|e| Failure { step: step.into(), cause: words(e) })
    }
}

impl<T> Step<T> for std::io::Result<T> {
    fn step(self, step: impl Into<String>) -> Result<T, Failure> {
        self.map_err(|e| Failure {
            step: step.into(),
            cause: e.raw_os_error().map_or_else(|| e.to_string(), |n| words(Errno::from_raw(n))),
        })
    }
}

/// An error number as Go prints it: "no such file or directory".
pub fn words(e: Errno) -> String {
    let mut text = e.desc().to_string();
    if text.as_bytes().get(1).is_some_and(u8::is_ascii_lowercase) {
        text[..1].make_ascii_lowercase();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_in_go_s_words() {
        assert_eq!(words(Errno::ENOENT), "no such file or directory");
        assert_eq!(words(Errno::EACCES), "permission denied");
        assert_eq!(words(Errno::ENOEXEC), "exec format error");
    }
}
