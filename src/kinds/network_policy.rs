//! NetworkPolicy: who may talk to which pods. Stored, not enforced.

mod describe;

use super::describe::{Text, View};
use super::ip;
use super::pod::Fields;
use super::{Kind, Names, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::labels;
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use serde_json::{Value, json};

/// The kind.
pub struct NetworkPolicy;

static NAMES: Names = Names {
    group: "networking.k8s.io",
    api_version: "networking.k8s.io/v1",
    resource: "networkpolicies.networking.k8s.io",
    ..Names::core("NetworkPolicy", "networkpolicies", "networkpolicy", &["netpol"])
};
static COLUMNS: [Column; 3] = [column("Name"), column("Pod-Selector"), column("Age")];

impl Kind for NetworkPolicy {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let selector = object.at("/spec/podSelector").cloned().unwrap_or_else(|| json!({}));
        vec![
            object.name().to_owned(),
            labels::format_label_selector(&selector),
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn describe(&self, object: &Object, _view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, out);
        Ok(())
    }

    fn set_defaults(&self, object: &mut Object) {
        zeros::write(object, &[("/spec/podSelector", json!({}))]);
        zeros::omit(object, &["/spec/policyTypes"]);
        for list in ["ingress", "egress"] {
            let rules = object.body_mut().get_mut("spec").and_then(|s| s.get_mut(list)?.as_array_mut());
            for rule in rules.into_iter().flatten() {
                let ports = rule.get_mut("ports").and_then(Value::as_array_mut);
                for port in ports.into_iter().flatten().filter_map(Value::as_object_mut) {
                    port.entry("protocol").or_insert("TCP".into());
                }
            }
        }
        if object.at("/spec/policyTypes").is_none() {
            let has_egress = !object.list_at("/spec/egress").is_empty();
            object.set("/spec/policyTypes", if has_egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) });
        }
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let spec = Path::new("spec");
        errors.append(names::validate_label_selector(object.at("/spec/podSelector"), &spec.child("podSelector")));
        for (list, peers) in [("ingress", "from"), ("egress", "to")] {
            for (i, rule) in object.list_at(&format!("/spec/{list}")).iter().enumerate() {
                let path = spec.child(list).index(i);
                for (i, port) in rule.items("ports").iter().enumerate() {
                    validate_port(port, &path.child("ports").index(i), &mut errors);
                }
                for (i, peer) in rule.items(peers).iter().enumerate() {
                    validate_peer(peer, &path.child(peers).index(i), &mut errors);
                }
            }
        }
        validate_types(object.list_at("/spec/policyTypes"), &spec.child("policyTypes"), &mut errors);
        errors
    }

    fn warnings(&self, new: &Object, _old: Option<&Object>) -> Vec<String> {
        let mut warnings = Vec::new();
        for (list, peers) in [("ingress", "from"), ("egress", "to")] {
            for (i, rule) in new.list_at(&format!("/spec/{list}")).iter().enumerate() {
                for (j, block) in
                    rule.items(peers).iter().enumerate().filter_map(|(j, p)| Some((j, p.field("ipBlock")?)))
                {
                    let path = Path::new("spec").child(list).index(i).child(peers).index(j).child("ipBlock");
                    warnings.extend(ip::cidr_warning(block.text("cidr"), &path.child("cidr")));
                    for (k, part) in block.texts("except").into_iter().enumerate() {
                        warnings.extend(ip::cidr_warning(part, &path.child("except").index(k)));
                    }
                }
            }
        }
        warnings
    }

    fn has_generation(&self) -> bool {
        true
    }
}

fn validate_types(types: &[Value], path: &Path, errors: &mut Errors) {
    const ALLOWED: [&str; 2] = ["Ingress", "Egress"];
    if types.len() > ALLOWED.len() {
        return errors.invalid(path, Value::Array(types.to_vec()), "may not specify more than two policyTypes");
    }
    for (i, kind) in types.iter().enumerate().filter(|(_, t)| !ALLOWED.iter().any(|a| t == a)) {
        errors.not_supported(&path.index(i), kind.clone(), &ALLOWED);
    }
}

fn validate_port(port: &Value, path: &Path, errors: &mut Errors) {
    const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
    if port.field("protocol").is_some() && !PROTOCOLS.contains(&port.text("protocol")) {
        errors.not_supported(&path.child("protocol"), port.text("protocol"), &PROTOCOLS);
    }
    let (end, end_path) = (port.int("endPort"), path.child("endPort"));
    let path = path.child("port");
    match (port.field("port"), end) {
        (Some(Value::String(name)), _) => {
            if let Some(end) = end {
                errors.invalid(&end_path, end, "may not be specified when `port` is non-numeric");
            }
            names::is_port_name(name).iter().for_each(|p| errors.invalid(&path, name.as_str(), p));
        }
        (Some(number), _) => {
            let number = number.as_i64().unwrap_or(0);
            names::is_port_number(number).iter().for_each(|p| errors.invalid(&path, number, p));
            let Some(end) = end else { return };
            if end < number {
                errors.invalid(&end_path, end, "must be greater than or equal to `port`");
            }
            names::is_port_number(end).iter().for_each(|p| errors.invalid(&end_path, end, p));
        }
        (None, Some(end)) => errors.invalid(&end_path, end, "may not be specified when `port` is not specified"),
        (None, None) => {}
    }
}

fn validate_peer(peer: &Value, path: &Path, errors: &mut Errors) {
    for selector in ["podSelector", "namespaceSelector"] {
        errors.append(names::validate_label_selector(peer.field(selector), &path.child(selector)));
    }
    let block = peer.field("ipBlock");
    if let Some(block) = block {
        validate_block(block, &path.child("ipBlock"), errors);
    }
    let selectors = peer.field("podSelector").is_some() || peer.field("namespaceSelector").is_some();
    match (selectors, block.is_some()) {
        (false, false) => errors.required(path, "must specify a peer"),
        (true, true) => errors.forbidden(path, "may not specify both ipBlock and another peer"),
        _ => {}
    }
}

fn validate_block(block: &Value, path: &Path, errors: &mut Errors) {
    if block.text("cidr").is_empty() {
        return errors.required(&path.child("cidr"), "");
    }
    ip::validate_cidr(block.text("cidr"), &path.child("cidr"), errors);
    let Some(whole) = ip::parse_cidr(block.text("cidr")) else { return };
    for (i, text) in block.texts("except").into_iter().enumerate() {
        let path = path.child("except").index(i);
        ip::validate_cidr(text, &path, errors);
        if ip::parse_cidr(text).is_some_and(|part| !ip::is_strictly_inside(part, whole)) {
            errors.invalid(&path, text, "must be a strict subset of `cidr`");
        }
    }
}
