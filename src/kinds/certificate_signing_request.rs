//! CertificateSigningRequest: a certificate that somebody asks for. Stored; nobody signs.

mod request;

use super::describe::{self, Text, View};
use super::pod::Fields;
use super::{Kind, Names};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names::NameRule;
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

    fn prepare_for_create(&self, object: &mut Object) {
        object.set("/status", json!({}));
    }

    fn set_defaults(&self, object: &mut Object) {
        object.set_default("/spec/usages", json!(["digital signature", "key encipherment"]));
    }

    fn name_rule(&self) -> NameRule {
        |_, _| Vec::new()
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let spec = Path::new("spec");
        if object.list_at("/spec/usages").is_empty() {
            errors.required(&spec.child("usages"), "usages must be provided");
        }
        if object.str_at("/spec/signerName").is_empty() {
            errors.required(&spec.child("signerName"), "");
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
