//! CertificateSigningRequest: a certificate that somebody asks for. Stored; nobody signs.

mod request;

use super::describe::{self, Text, View};
use super::pod::Fields;
use super::rbac::authorizer::User;
use super::{Kind, Names, data_keys, secret};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names::{self, NameRule};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use request::Request;
use serde_json::{Value, json};

/// What has been decided, and what came of it.
fn status(object: &Object) -> String {
    let has = |kind: &str| object.list_at("/status/conditions").iter().any(|c| c.text("type") == kind);
    let mut condition = match (has("Denied"), has("Approved")) {
        (true, _) => "Denied".to_owned(),
        (_, true) => "Approved".to_owned(),
        _ => "Pending".to_owned(),
    };
    if has("Failed") {
        condition.push_str(",Failed");
    }
    if !object.str_at("/status/certificate").is_empty() {
        condition.push_str(",Issued");
    }
    condition
}

/// Who asks.
fn subject(request: &Request, out: &mut Text) {
    out.line(0, "Subject:");
    let last = |attribute: u8| request.of(attribute).last().copied().unwrap_or_default().to_owned();
    out.line(0, format_args!("\tCommon Name:\t{}", last(request::COMMON_NAME)));
    out.line(0, format_args!("\tSerial Number:\t{}", last(request::SERIAL_NUMBER)));
    for (title, attribute) in request::LISTS {
        values(title, &request.of(attribute), out);
    }
    let names = [
        ("DNS Names", &request.dns_names),
        ("Email Addresses", &request.email_addresses),
        ("URIs", &request.uris),
        ("IP Addresses", &request.ip_addresses),
    ];
    if names.iter().any(|(_, list)| !list.is_empty()) {
        out.line(0, "Subject Alternative Names:");
    }
    for (title, list) in names {
        values(title, list, out);
    }
}

fn values(title: &str, values: &[impl AsRef<str>], out: &mut Text) {
    let values: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
    if !values.is_empty() {
        out.line(0, format_args!("\t{title}:\t{}", values.join("\n\t\t")));
    }
}

/// The kind.
pub struct CertificateSigningRequest;

static NAMES: Names = Names {
    group: "certificates.k8s.io",
    api_version: "certificates.k8s.io/v1",
    resource: "certificatesigningrequests.certificates.k8s.io",
    namespaced: false,
    ..Names::core("CertificateSigningRequest", "certificatesigningrequests", "certificatesigningrequest", &["csr"])
};
static COLUMNS: [Column; 6] = [
    column("Name"),
    column("Age"),
    column("SignerName"),
    column("Requestor"),
    column("RequestedDuration"),
    column("Condition"),
];

impl Kind for CertificateSigningRequest {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let duration = object.i64_at("/spec/expirationSeconds").and_then(chrono::TimeDelta::try_seconds);
        vec![
            object.name().to_owned(),
            time::age(object.creation_timestamp(), now),
            match object.str_at("/spec/signerName") {
                "" => "<none>".to_owned(),
                signer => signer.to_owned(),
            },
            object.str_at("/spec/username").to_owned(),
            duration.map_or("<none>".to_owned(), time::human_duration),
            status(object),
        ]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        let Some(request) = Request::parse(object.str_at("/spec/request")) else {
            return describe::generic(object, view, out);
        };
        out.field(0, "Name", object.name());
        for (title, pointer) in [("Labels", "/metadata/labels"), ("Annotations", "/metadata/annotations")] {
            let pairs = object.at(pointer).and_then(Value::as_object);
            out.field(0, title, describe::format_labels(pairs));
        }
        out.field(0, "CreationTimestamp", describe::rfc1123(object.creation_timestamp()));
        out.field(0, "Requesting User", object.str_at("/spec/username"));
        let signer = object.str_at("/spec/signerName");
        if !signer.is_empty() {
            out.field(0, "Signer", signer);
        }
        if let Some(duration) = object.i64_at("/spec/expirationSeconds").and_then(chrono::TimeDelta::try_seconds) {
            out.field(0, "Requested Duration", time::human_duration(duration));
        }
        out.field(0, "Status", status(object));
        subject(&request, out);
        view.events(object, out)
    }

    fn requester(&self) -> Option<fn(&mut Object, &User)> {
        Some(|object, by| {
            object.set("/spec/username", by.name.as_str().into());
            object.set("/spec/groups", json!(by.groups));
            ["uid", "extra"].iter().for_each(|field| drop(object.remove(&format!("/spec/{field}"))));
        })
    }

    fn prepare_for_create(&self, object: &mut Object) {
        object.set("/status", json!({}));
    }

    fn name_rule(&self) -> NameRule {
        |_, _| Vec::new()
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let spec = Path::new("spec");
        let request = object.str_at("/spec/request");
        let pem = object.at("/spec/request").map(data_keys::decode).unwrap_or_default();
        if secret::first_block_type(&pem).as_deref() != Some("CERTIFICATE REQUEST") {
            errors.invalid(&spec.child("request"), request, "PEM block type must be CERTIFICATE REQUEST");
        }
        validate_usages(object.list_at("/spec/usages"), &spec.child("usages"), &mut errors);
        let (signer, path) = (object.str_at("/spec/signerName"), spec.child("signerName"));
        if signer == "kubernetes.io/legacy-unknown" {
            errors.invalid(&path, signer, "the legacy signerName is not allowed via this API version");
        } else {
            validate_signer(signer, &path, &mut errors);
        }
        if let Some(seconds) = object.i64_at("/spec/expirationSeconds").filter(|s| *s < 600) {
            errors.invalid(
                &spec.child("expirationSeconds"),
                seconds,
                "may not specify a duration less than 600 seconds (10 minutes)",
            );
        }
        errors
    }
}

/// What a certificate may be for, in the order of bytes.
const USAGES: [&str; 23] = [
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];

fn validate_usages(usages: &[Value], path: &Path, errors: &mut Errors) {
    if usages.is_empty() {
        errors.required(path, "");
    }
    for (i, usage) in usages.iter().enumerate().filter(|(_, u)| !USAGES.iter().any(|known| u == known)) {
        errors.not_supported(&path.index(i), usage.clone(), &USAGES);
    }
    for (i, usage) in usages.iter().enumerate().filter(|(i, u)| usages[..*i].contains(u)) {
        errors.duplicate(&path.index(i), usage.clone());
    }
}

/// `example.com/signer-name`.
fn validate_signer(signer: &str, path: &Path, errors: &mut Errors) {
    if signer.is_empty() {
        return errors.required(path, "");
    }
    let Some((domain, name)) = signer.split_once('/').filter(|(_, name)| !name.contains('/')) else {
        let detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        return errors.invalid(path, signer, detail);
    };
    if domain.len() > 253 {
        errors.too_long(path, 253);
    }
    // Of the labels only the first that is wrong is told of.
    let told = |part: &str, check: fn(&str) -> names::Problems, errors: &mut Errors| {
        let wrong = part.split('.').map(|label| (label, check(label))).find(|(_, problems)| !problems.is_empty());
        let Some((label, problems)) = wrong else { return };
        for problem in problems {
            errors.invalid(path, part, &format!("validating label {label:?}: {problem}"));
        }
    };
    told(domain, names::is_dns1123_label, errors);
    if !domain.contains('.') {
        errors.invalid(path, domain, "should be a domain with at least two segments separated by dots");
    }
    told(name, names::is_dns1123_subdomain, errors);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_checked() {
        let pem = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==";
        let cases = [
            (json!({"request": pem, "signerName": "a.b/c", "usages": ["client auth"]}), vec![]),
            (
                json!({"request": "eA==", "signerName": "foo", "expirationSeconds": 1}),
                vec![
                    "spec.request: Invalid value: \"eA==\": PEM block type must be CERTIFICATE REQUEST",
                    "spec.usages: Required value",
                    "spec.signerName: Invalid value: \"foo\": must be a fully qualified domain and path of the form 'example.com/signer-name'",
                    "spec.expirationSeconds: Invalid value: 1: may not specify a duration less than 600 seconds (10 minutes)",
                ],
            ),
            (
                json!({"request": pem, "signerName": "foo/bar", "usages": ["signing", "signing"]}),
                vec![
                    "spec.usages[1]: Duplicate value: \"signing\"",
                    "spec.signerName: Invalid value: \"foo\": should be a domain with at least two segments separated by dots",
                ],
            ),
        ];
        for (spec, want) in cases {
            let request = Object::from_value(json!({"spec": spec})).unwrap();
            let got: Vec<String> =
                CertificateSigningRequest.validate(&request).0.iter().map(ToString::to_string).collect();
            assert_eq!(got, want);
        }
    }
}
