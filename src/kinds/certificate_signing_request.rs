//! CertificateSigningRequest: a certificate that somebody asks for. Stored; nobody signs.

use super::pod::Fields;
use super::{Kind, Names};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names::NameRule;
use crate::apimachinery::object::Object;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use serde_json::json;

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
            condition,
        ]
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
