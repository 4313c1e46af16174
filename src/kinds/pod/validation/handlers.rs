//! Probes and lifecycle hooks.

use serde_json::Value;

use super::super::fields::Fields;
use super::{Context, choice, non_negative, report, required, stop_signal};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names::{is_http_header_name, is_port_name, is_port_number};

/// Validates a container's hooks and probes.
pub(super) fn validate_handlers(container: &Value, context: &Context<'_>, path: &Path, errors: &mut Errors) {
    if let Some(lifecycle) = container.field("lifecycle") {
        let path = path.child("lifecycle");
        for hook in ["postStart", "preStop"] {
            if let Some(handler) = lifecycle.field(hook) {
                validate_handler(handler, &HOOKS, context, &path.child(hook), errors);
            }
        }
        stop_signal::validate(lifecycle, context, &path, errors);
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = container.field(name) else { continue };
        let path = path.child(name);
        validate_probe(probe, context, &path, errors);
        if name == "readinessProbe" {
            if let Some(seconds) = probe.int("terminationGracePeriodSeconds") {
                let path = path.child("terminationGracePeriodSeconds");
                errors.invalid(&path, seconds, "must not be set for readinessProbes");
            }
        } else if probe.int("successThreshold") != Some(1) {
            let threshold = probe.int("successThreshold").unwrap_or(0);
            errors.invalid(&path.child("successThreshold"), threshold, "must be 1");
        }
    }
}

fn validate_probe(probe: &Value, context: &Context<'_>, path: &Path, errors: &mut Errors) {
    validate_handler(probe, &PROBES, context, path, errors);
    let numbers = ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];
    for key in numbers {
        non_negative(errors, &path.child(key), probe.int(key).unwrap_or(0));
    }
    if let Some(seconds) = probe.int("terminationGracePeriodSeconds").filter(|s| *s <= 0) {
        errors.invalid(&path.child("terminationGracePeriodSeconds"), seconds, "must be greater than 0");
    }
}

/// What a probe may do, and a hook, in the order in which upstream looks.
const PROBES: [&str; 4] = ["exec", "httpGet", "tcpSocket", "grpc"];
const HOOKS: [&str; 4] = ["exec", "httpGet", "tcpSocket", "sleep"];

fn validate_handler(handler: &Value, kinds: &[&str], context: &Context<'_>, path: &Path, errors: &mut Errors) {
    let mut found = false;
    for kind in kinds {
        let Some(action) = handler.field(kind) else { continue };
        let path = path.child(kind);
        if found {
            errors.forbidden(&path, "may not specify more than 1 handler type");
            continue;
        }
        found = true;
        match *kind {
            "exec" if action.items("command").is_empty() => errors.required(&path.child("command"), ""),
            "httpGet" => validate_http(action, &path, errors),
            "tcpSocket" => validate_port(action, &path.child("port"), errors),
            "grpc" => {
                let port = action.int("port").unwrap_or(0);
                is_port_number(port).iter().for_each(|p| errors.invalid(&path.child("port"), port, p));
            }
            "sleep" => validate_sleep(action, context, &path, errors),
            _ => {}
        }
    }
    if !found {
        errors.required(path, "must specify a handler type");
    }
}

fn validate_http(action: &Value, path: &Path, errors: &mut Errors) {
    required(errors, path, action, "path");
    validate_port(action, &path.child("port"), errors);
    choice(errors, &path.child("scheme"), action.text("scheme"), &["HTTP", "HTTPS"], None);
    for header in action.items("httpHeaders") {
        let name = header.text("name");
        report(errors, &path.child("httpHeaders"), name, is_http_header_name(name));
    }
}

/// A number or a name.
fn validate_port(action: &Value, path: &Path, errors: &mut Errors) {
    match action.field("port") {
        Some(Value::String(name)) => report(errors, path, name, is_port_name(name)),
        other => {
            let port = other.and_then(Value::as_i64).unwrap_or(0);
            is_port_number(port).iter().for_each(|p| errors.invalid(path, port, p));
        }
    }
}

fn validate_sleep(action: &Value, context: &Context<'_>, path: &Path, errors: &mut Errors) {
    let Some(grace) = context.spec.int("terminationGracePeriodSeconds") else { return };
    let seconds = action.int("seconds").unwrap_or(0);
    if seconds < 0 || seconds > grace {
        let detail = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
        errors.invalid(path, seconds, &detail);
    }
}
