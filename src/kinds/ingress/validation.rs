//! What an Ingress may be, in the order and the words of pkg/apis/networking/validation.

use serde_json::{Value, json};

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::kinds::pod::Fields;
use crate::kinds::{ip, reference};

const NO_PARTS: [&str; 5] = ["//", "/./", "/../", "%2f", "%2F"];
const NO_ENDS: [&str; 2] = ["/..", "/."];

/// What is wrong with an Ingress.
pub fn validate(ingress: &Object) -> Errors {
    let mut errors = Errors::default();
    let path = Path::new("spec");
    let empty = json!({});
    let spec = ingress.at("/spec").unwrap_or(&empty);
    let rules = spec.items("rules");
    if rules.is_empty() && spec.field("defaultBackend").is_none() {
        let shown = spec.field("rules").cloned().unwrap_or_default();
        errors.invalid(&path, shown, "either `defaultBackend` or `rules` must be specified");
    }
    if let Some(backend) = spec.field("defaultBackend") {
        validate_backend(backend, &path.child("defaultBackend"), &mut errors);
    }
    for (i, rule) in rules.iter().enumerate() {
        validate_rule(rule, &path.child("rules").index(i), &mut errors);
    }
    for (i, tls) in spec.items("tls").iter().enumerate() {
        validate_tls(tls, &path.child("tls").index(i), &mut errors);
    }
    if let Some(class) = spec.field("ingressClassName").and_then(Value::as_str) {
        subdomain(class, &path.child("ingressClassName"), &mut errors);
    }
    errors
}

fn subdomain(name: &str, path: &Path, errors: &mut Errors) {
    names::is_dns1123_subdomain(name).iter().for_each(|p| errors.invalid(path, name, p));
}

fn validate_host(host: &str, path: &Path, errors: &mut Errors) {
    if host.contains('*') {
        names::is_wildcard_dns1123_subdomain(host).iter().for_each(|p| errors.invalid(path, host, p));
    } else {
        subdomain(host, path, errors);
    }
}

fn validate_rule(rule: &Value, path: &Path, errors: &mut Errors) {
    let host = rule.text("host");
    if !host.is_empty() {
        if ip::is_ip(host) {
            errors.invalid(&path.child("host"), host, "must be a DNS name, not an IP address");
        }
        validate_host(host, &path.child("host"), errors);
    }
    let Some(http) = rule.field("http") else { return };
    let path = path.child("http").child("paths");
    let paths = http.items("paths");
    if paths.is_empty() {
        errors.required(&path, "");
    }
    for (i, one) in paths.iter().enumerate() {
        validate_path(one, &path.index(i), errors);
    }
}

fn validate_path(one: &Value, path: &Path, errors: &mut Errors) {
    const TYPES: [&str; 3] = ["Exact", "ImplementationSpecific", "Prefix"];
    let text = one.text("path");
    match one.text("pathType") {
        // The backend is not looked at then.
        "" => return errors.required(&path.child("pathType"), "pathType must be specified"),
        "Exact" | "Prefix" => validate_strict_path(text, &path.child("path"), errors),
        "ImplementationSpecific" => {
            if !text.is_empty() && !text.starts_with('/') {
                errors.invalid(&path.child("path"), text, "must be an absolute path");
            }
        }
        other => errors.not_supported(&path.child("pathType"), other, &TYPES),
    }
    validate_backend(one.field("backend").unwrap_or(&Value::Null), &path.child("backend"), errors);
}

fn validate_strict_path(text: &str, path: &Path, errors: &mut Errors) {
    if !text.starts_with('/') {
        errors.invalid(path, text, "must be an absolute path");
    }
    for part in NO_PARTS.iter().filter(|p| text.contains(**p)) {
        errors.invalid(path, text, &format!("must not contain '{part}'"));
    }
    for end in NO_ENDS.iter().filter(|e| text.ends_with(**e)) {
        errors.invalid(path, text, &format!("cannot end with '{end}'"));
    }
}

fn validate_backend(backend: &Value, path: &Path, errors: &mut Errors) {
    match (backend.field("resource"), backend.field("service")) {
        (Some(_), Some(_)) => errors.invalid(path, "", "cannot set both resource and service backends"),
        (Some(resource), None) => reference::validate(resource, &path.child("resource"), errors),
        (None, None) => errors.invalid(path, "", "resource or service backend is required"),
        (None, Some(service)) => validate_service(service, path, errors),
    }
}

/// What is wrong with the port as a whole is told at the backend's path.
fn validate_service(service: &Value, backend: &Path, errors: &mut Errors) {
    let path = backend.child("service");
    let name = service.text("name");
    if name.is_empty() {
        errors.required(&path.child("name"), "");
    } else {
        names::is_dns1123_label(name).iter().for_each(|p| errors.invalid(&path.child("name"), name, p));
    }
    let port = service.field("port").unwrap_or(&Value::Null);
    let (port_name, number, path) = (port.text("name"), port.int("number").unwrap_or(0), path.child("port"));
    match (port_name.is_empty(), number) {
        (true, 0) => errors.required(backend, "port name or number is required"),
        (false, 0) => {
            names::is_port_name(port_name).iter().for_each(|p| errors.invalid(&path.child("name"), port_name, p));
        }
        (true, number) => {
            names::is_port_number(number).iter().for_each(|p| errors.invalid(&path.child("number"), number, p));
        }
        (false, _) => errors.invalid(backend, "", "cannot set both port name & port number"),
    }
}

fn validate_tls(tls: &Value, path: &Path, errors: &mut Errors) {
    for (i, host) in tls.texts("hosts").into_iter().enumerate() {
        validate_host(host, &path.child("hosts").index(i), errors);
    }
    let secret = tls.text("secretName");
    if !secret.is_empty() {
        subdomain(secret, &path.child("secretName"), errors);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_says_what_is_wrong() {
        let spec = json!({"rules": [
            {"host": "1.2.3.04", "http": {"paths": [{"path": "x", "pathType": "Prefix", "backend": {}}]}},
            {"http": {"paths": [
                {"path": "/", "backend": {"service": {"name": "s", "port": {}}}},
                {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "s", "port": {}}}},
                {"path": "/", "pathType": "Exact", "backend": {"service": {"name": "s", "port": {"name": "a", "number": 1}}}},
                {"path": "/", "pathType": "Exact", "backend": {"service": {"name": "s", "port": {"number": -1}}}},
                {"path": "/", "pathType": "Exact", "backend": {"resource": {"kind": "", "name": "a/b", "apiGroup": "x"}}},
            ]}},
        ]});
        let errors = validate(&Object::from_value(json!({"spec": spec})).unwrap());
        let texts: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "spec.rules[0].host: Invalid value: \"1.2.3.04\": must be a DNS name, not an IP address",
                "spec.rules[0].http.paths[0].path: Invalid value: \"x\": must be an absolute path",
                "spec.rules[0].http.paths[0].backend: Invalid value: \"\": resource or service backend is required",
                "spec.rules[1].http.paths[0].pathType: Required value: pathType must be specified",
                "spec.rules[1].http.paths[1].backend: Required value: port name or number is required",
                "spec.rules[1].http.paths[2].backend: Invalid value: \"\": cannot set both port name & port number",
                "spec.rules[1].http.paths[3].backend.service.port.number: Invalid value: -1: must be between 1 and 65535, inclusive",
                "spec.rules[1].http.paths[4].backend.resource.kind: Required value",
                "spec.rules[1].http.paths[4].backend.resource.name: Invalid value: \"a/b\": may not contain '/'",
            ]
        );
    }
}
