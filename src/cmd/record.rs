//! `--record`: the command line, written into an annotation of what it changes. Knows no verb.

use serde_json::{Value, json};

use super::context::Context;
use super::pflag::Parsed;
use super::support::{Flag, Support};
use crate::apimachinery::object::{Object, escape};

/// The annotation that `rollout history` shows, and that may always be overwritten.
pub const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";

/// The flag, of each verb that has it.
pub const RECORD: Flag = Flag::new(
    "record",
    "bool",
    "false",
    Support::Deprecated("--record will be removed in the future"),
    "Record current kubectl command in the resource annotation. If set to false, do not record the command. If set to \
    true, record the command. If not set, default to updating the existing annotation value only if one already exists.",
);

/// What is written down: the program, the arguments, then the flags as they were given, each by its long name.
pub fn change_cause(program: &str, path: &str, parsed: &Parsed) -> Option<String> {
    if !parsed.flags.iter().any(|f| f == "--record") {
        return None;
    }
    let words = [program, path].into_iter().chain(parsed.args.iter().map(String::as_str));
    let flags = parsed.written.iter().map(|(name, value)| format!("--{name}={value}"));
    Some(words.map(str::to_owned).chain(flags).collect::<Vec<_>>().join(" "))
}

/// Writes the command into an object, where that was asked.
pub fn record(cx: &Context, object: &mut Object) {
    if let Some(cause) = &cx.change_cause {
        object.set(&format!("/metadata/annotations/{}", escape(CHANGE_CAUSE)), cause.as_str().into());
    }
}

/// The merge patch that writes it into an object; `None` where it was not asked or is there.
pub fn patch(cx: &Context, object: &Object) -> Option<Value> {
    let cause = cx.change_cause.as_deref().filter(|cause| object.annotation(CHANGE_CAUSE) != Some(*cause))?;
    Some(json!({"metadata": {"annotations": {CHANGE_CAUSE: cause}}}))
}
