//! What claims for devices share, those of a ResourceClaim and those in a template: defaults and validation. Allocates nothing.

use serde_json::Value;

use super::pod::Fields;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;

const MOST_REQUESTS: usize = 32;
const MOST_ALTERNATIVES: usize = 8;
const MOST_SELECTORS: usize = 32;

/// Fills in the requests of the claim at a pointer: one device each, and tolerations that compare.
pub fn set_defaults(object: &mut Object, pointer: &str) {
    let pointer = format!("{pointer}/devices/requests");
    let mut requests = object.list_at(&pointer).to_vec();
    if requests.is_empty() {
        return;
    }
    for request in &mut requests {
        if let Some(exactly) = request.get_mut("exactly").filter(|e| e.is_object()) {
            set_request_defaults(exactly);
        }
        let alternatives = request.get_mut("firstAvailable").and_then(Value::as_array_mut);
        alternatives.into_iter().flatten().for_each(set_request_defaults);
    }
    object.set(&pointer, Value::Array(requests));
}

fn set_request_defaults(request: &mut Value) {
    if request.text("allocationMode").is_empty() {
        request["allocationMode"] = "ExactCount".into();
    }
    if request.text("allocationMode") == "ExactCount" && request.int("count").unwrap_or(0) == 0 {
        request["count"] = 1.into();
    }
    let tolerations = request.get_mut("tolerations").and_then(Value::as_array_mut);
    for toleration in tolerations.into_iter().flatten().filter(|t| t.text("operator").is_empty()) {
        toleration["operator"] = "Equal".into();
    }
}

/// Checks the spec of a claim, in the order and the words of pkg/apis/resource/validation. Expressions are not compiled.
pub fn validate(spec: &Value, path: &Path) -> Errors {
    let mut errors = Errors::default();
    let path = path.child("devices").child("requests");
    let requests = spec.pointer("/devices/requests").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for (i, request) in requests.iter().enumerate() {
        validate_request(request, &path.index(i), &mut errors);
        duplicate_name(requests, i, &path, &mut errors);
    }
    if requests.len() > MOST_REQUESTS {
        errors.too_many(&path, requests.len(), MOST_REQUESTS);
    }
    errors
}

fn duplicate_name(all: &[Value], i: usize, path: &Path, errors: &mut Errors) {
    let name = all[i].text("name");
    if all[..i].iter().any(|one| one.text("name") == name) {
        errors.duplicate(&path.index(i), name);
    }
}

fn validate_name(name: &str, path: &Path, errors: &mut Errors) {
    names::is_dns1123_label(name).iter().for_each(|problem| errors.invalid(path, name, problem));
}

fn validate_request(request: &Value, path: &Path, errors: &mut Errors) {
    const ONE: &str = "exactly one of `exactly` or `firstAvailable` is required";
    validate_name(request.text("name"), &path.child("name"), errors);
    let alternatives = request.items("firstAvailable");
    match (request.field("exactly"), alternatives.is_empty()) {
        (None, true) => errors.required(path, ONE),
        (Some(_), false) => errors.invalid(path, Value::Null, &format!("{ONE}, but multiple fields are set")),
        (Some(exactly), true) => validate_devices(exactly, &path.child("exactly"), errors),
        (None, false) => {
            let path = path.child("firstAvailable");
            for (i, one) in alternatives.iter().enumerate() {
                validate_name(one.text("name"), &path.index(i).child("name"), errors);
                validate_devices(one, &path.index(i), errors);
                duplicate_name(alternatives, i, &path, errors);
            }
            if alternatives.len() > MOST_ALTERNATIVES {
                errors.too_many(&path, alternatives.len(), MOST_ALTERNATIVES);
            }
        }
    }
}

fn validate_devices(request: &Value, path: &Path, errors: &mut Errors) {
    let (class, class_path) = (request.text("deviceClassName"), path.child("deviceClassName"));
    if class.is_empty() {
        errors.required(&class_path, "");
    } else {
        names::is_dns1123_subdomain(class).iter().for_each(|problem| errors.invalid(&class_path, class, problem));
    }
    validate_selectors(request.items("selectors"), &path.child("selectors"), errors);
    let (mode, count) = (request.text("allocationMode"), request.int("count").unwrap_or(0));
    let count_path = path.child("count");
    match mode {
        "All" if count != 0 => {
            errors.invalid(&count_path, count, "must not be specified when allocationMode is 'All'");
        }
        "ExactCount" if count <= 0 => errors.invalid(&count_path, count, "must be greater than zero"),
        "All" | "ExactCount" => {}
        other => errors.not_supported(&path.child("allocationMode"), other, &["All", "ExactCount"]),
    }
}

/// Checks what chooses among devices, of a request or of a DeviceClass.
pub fn validate_selectors(selectors: &[Value], path: &Path, errors: &mut Errors) {
    for (i, _) in selectors.iter().enumerate().filter(|(_, selector)| selector.field("cel").is_none()) {
        errors.required(&path.index(i).child("cel"), "");
    }
    if selectors.len() > MOST_SELECTORS {
        errors.too_many(path, selectors.len(), MOST_SELECTORS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_is_for_one_device_unless_it_says_otherwise() {
        let mut claim = Object::new("resource.k8s.io/v1", "ResourceClaim", "default", "c");
        claim.set(
            "/spec/devices/requests",
            json!([{"name": "a", "exactly": {"deviceClassName": "x", "tolerations": [{"key": "k"}]}},
                   {"name": "b", "firstAvailable": [{"name": "c", "deviceClassName": "x", "allocationMode": "All"}]}]),
        );
        set_defaults(&mut claim, "/spec");
        let exactly = claim.at("/spec/devices/requests/0/exactly").unwrap();
        assert_eq!((exactly.text("allocationMode"), exactly.int("count")), ("ExactCount", Some(1)));
        assert_eq!(exactly["tolerations"][0]["operator"], "Equal");
        assert_eq!(claim.at("/spec/devices/requests/1/firstAvailable/0/count"), None);
        assert!(validate(claim.at("/spec").unwrap(), &Path::new("spec")).is_empty());
    }

    #[test]
    fn requests_are_refused_in_the_servers_words() {
        let spec = json!({"devices": {"requests": [
            {"name": "a"},
            {"name": "a", "exactly": {"allocationMode": "All", "count": 2, "selectors": [{}]}},
        ]}});
        let found: Vec<String> = validate(&spec, &Path::new("spec")).0.iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required",
                "spec.devices.requests[1].exactly.deviceClassName: Required value",
                "spec.devices.requests[1].exactly.selectors[0].cel: Required value",
                "spec.devices.requests[1].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'",
                "spec.devices.requests[1]: Duplicate value: \"a\"",
            ]
        );
    }
}
