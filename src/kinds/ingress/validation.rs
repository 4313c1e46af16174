//! What an Ingress may be, in the order and the words of pkg/apis/networking/validation.

use serde_json::{Value, json};

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::kinds::internal;
use crate::kinds::pod::Fields;

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
        if host.parse::<std::net::IpAddr>().is_ok() {
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
        "" => errors.required(&path.child("pathType"), "pathType must be specified"),
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
        (Some(_), None) => {}
        (None, None) => errors.required(path, "must specify only one of the following fields: `resource` or `service`"),
        (None, Some(service)) => validate_service(service, &path.child("service"), errors),
    }
}

fn validate_service(service: &Value, path: &Path, errors: &mut Errors) {
    let name = service.text("name");
    if name.is_empty() {
        errors.required(&path.child("name"), "");
    } else {
        names::is_dns1123_label(name).iter().for_each(|p| errors.invalid(&path.child("name"), name, p));
    }
    let port = service.field("port").unwrap_or(&Value::Null);
    let (port_name, number, path) = (port.text("name"), port.int("number").unwrap_or(0), path.child("port"));
    if !port_name.is_empty() && number > 0 {
        let shown = internal::shown(port, internal::BACKEND_PORT);
        return errors.invalid_shown(&path, &shown, "cannot set both port name & port number");
    }
    if !port_name.is_empty() {
        names::is_port_name(port_name).iter().for_each(|p| errors.invalid(&path.child("name"), port_name, p));
    } else if number > 0 {
        names::is_port_number(number).iter().for_each(|p| errors.invalid(&path.child("number"), number, p));
    } else {
        errors.required(&path, "port name or number is required");
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
            {"host": "1.2.3.4", "http": {"paths": [{"path": "x", "pathType": "Prefix", "backend": {}}]}},
            {"http": {"paths": [{"path": "/", "backend": {"service": {"name": "s", "port": {}}}}]}},
        ]});
        let errors = validate(&Object::from_value(json!({"spec": spec})).unwrap());
        let texts: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "spec.rules[0].host: Invalid value: \"1.2.3.4\": must be a DNS name, not an IP address",
                "spec.rules[0].http.paths[0].path: Invalid value: \"x\": must be an absolute path",
                "spec.rules[0].http.paths[0].backend: Required value: must specify only one of the following fields: `resource` or `service`",
                "spec.rules[1].http.paths[0].pathType: Required value: pathType must be specified",
                "spec.rules[1].http.paths[0].backend.service.port: Required value: port name or number is required",
            ]
        );
    }
}
