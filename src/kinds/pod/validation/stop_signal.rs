//! The signal that stops a container.

use serde_json::Value;

use super::super::fields::Fields;
use super::Context;
use crate::apimachinery::field::{Errors, Path};

const OF_WINDOWS: [&str; 2] = ["SIGKILL", "SIGTERM"];
/// Linux' signals apart from the real-time ones.
const OF_LINUX: [&str; 34] = [
    "SIGABRT",
    "SIGALRM",
    "SIGBUS",
    "SIGCHLD",
    "SIGCLD",
    "SIGCONT",
    "SIGFPE",
    "SIGHUP",
    "SIGILL",
    "SIGINT",
    "SIGIO",
    "SIGIOT",
    "SIGKILL",
    "SIGPIPE",
    "SIGPOLL",
    "SIGPROF",
    "SIGPWR",
    "SIGQUIT",
    "SIGSEGV",
    "SIGSTKFLT",
    "SIGSTOP",
    "SIGSYS",
    "SIGTERM",
    "SIGTRAP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGUSR1",
    "SIGUSR2",
    "SIGVTALRM",
    "SIGWINCH",
    "SIGXCPU",
    "SIGXFSZ",
];

/// Checks a lifecycle's `stopSignal`: which there are depends on the pod's operating system, so that has to be known.
pub(super) fn validate(lifecycle: &Value, context: &Context<'_>, path: &Path, errors: &mut Errors) {
    let Some(signal) = lifecycle.field("stopSignal").and_then(Value::as_str) else { return };
    let path = path.child("stopSignal");
    let Some(os) = context.spec.field("os") else {
        return errors.forbidden(&path, "may not be set for containers with empty `spec.os.name`");
    };
    let supported = match os.text("name") {
        "windows" => OF_WINDOWS.map(str::to_owned).to_vec(),
        "linux" => of_linux(),
        _ => return,
    };
    if !supported.iter().any(|s| s == signal) {
        let supported: Vec<&str> = supported.iter().map(String::as_str).collect();
        errors.not_supported(&path, signal, &supported);
    }
}

/// All of Linux' signals, sorted as text.
fn of_linux() -> Vec<String> {
    let up = (1..=15).map(|n| format!("SIGRTMIN+{n}"));
    let down = (1..=14).map(|n| format!("SIGRTMAX-{n}"));
    let ends = ["SIGRTMIN", "SIGRTMAX"].map(str::to_owned);
    let mut all: Vec<String> = OF_LINUX.iter().map(ToString::to_string).chain(ends).chain(up).chain(down).collect();
    all.sort();
    all
}
