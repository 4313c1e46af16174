//! What a container's status says. Knows no container's spec.

use serde_json::Value;

use super::super::{Text, rfc1123};
use crate::apimachinery::time;
use crate::kinds::pod::Fields;

/// State, last state, readiness and restarts.
pub fn of(status: &Value, out: &mut Text) {
    state("State", status.field("state"), out);
    if let Some(last) = status.field("lastState").filter(|s| s.section("terminated").is_some()) {
        state("Last State", Some(last), out);
    }
    out.field(2, "Ready", if status.flag("ready") == Some(true) { "True" } else { "False" });
    out.field(2, "Restart Count", status.int("restartCount").unwrap_or(0));
}

fn state(title: &str, state: Option<&Value>, out: &mut Text) {
    let part = |name: &str| state.and_then(|s| s.field(name));
    if let Some(running) = part("running") {
        out.field(2, title, "Running");
        instant("Started", running, "startedAt", out);
    } else if let Some(waiting) = part("waiting") {
        out.field(2, title, "Waiting");
        text("Reason", waiting, "reason", out);
    } else if let Some(terminated) = part("terminated") {
        out.field(2, title, "Terminated");
        text("Reason", terminated, "reason", out);
        text("Message", terminated, "message", out);
        out.field(3, "Exit Code", terminated.int("exitCode").unwrap_or(0));
        if let Some(signal) = terminated.int("signal").filter(|s| *s > 0) {
            out.field(3, "Signal", signal);
        }
        instant("Started", terminated, "startedAt", out);
        instant("Finished", terminated, "finishedAt", out);
    } else {
        out.field(2, title, "Waiting");
    }
}

fn text(title: &str, of: &Value, field: &str, out: &mut Text) {
    if !of.text(field).is_empty() {
        out.field(3, title, of.text(field));
    }
}

fn instant(title: &str, of: &Value, field: &str, out: &mut Text) {
    out.field(3, title, rfc1123(time::parse(of.text(field))));
}
