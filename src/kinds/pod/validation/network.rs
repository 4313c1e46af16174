//! Ports, host ports, DNS and host aliases.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::fields::Fields;
use super::{Context, choice, report};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names::{
    is_dns1123_subdomain, is_dns1123_subdomain_with_underscore, is_port_name, is_port_number,
};
use crate::kinds::ip;

pub(super) fn validate_ports(container: &Value, path: &Path, errors: &mut Errors) {
    let mut names = BTreeSet::new();
    for (i, port) in container.items("ports").iter().enumerate() {
        let path = path.index(i);
        let name = port.text("name");
        let problems = if name.is_empty() { Vec::new() } else { is_port_name(name) };
        if !name.is_empty() && problems.is_empty() && !names.insert(name) {
            errors.duplicate(&path.child("name"), name);
        }
        report(errors, &path.child("name"), name, problems);
        let number = port.int("containerPort").unwrap_or(0);
        if number == 0 {
            errors.required(&path.child("containerPort"), "");
        } else {
            is_port_number(number).iter().for_each(|p| errors.invalid(&path.child("containerPort"), number, p));
        }
        let host = port.int("hostPort").unwrap_or(0);
        if host != 0 {
            is_port_number(host).iter().for_each(|p| errors.invalid(&path.child("hostPort"), host, p));
        }
        choice(errors, &path.child("protocol"), port.text("protocol"), &["SCTP", "TCP", "UDP"], Some(""));
    }
}

/// A name that a pod has as its host's in place of its own, on its own network only.
pub(super) fn validate_host_name(spec: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    const LONGEST: usize = 64;
    let Some(name) = spec.field("hostnameOverride").and_then(Value::as_str) else { return };
    let path = path.child("hostnameOverride");
    for flag in ["setHostnameAsFQDN", "hostNetwork"] {
        if spec.flag(flag) == Some(true) {
            errors.forbidden(&path, &format!("may not be specified when {flag} is true"));
        }
    }
    if name.len() > LONGEST {
        errors.too_long(&path, LONGEST);
    }
    report(errors, &path, name, is_dns1123_subdomain(name));
}

/// Two ports of a pod cannot be one port of its node.
pub(super) fn check_host_port_conflicts(containers: &[Value], path: &Path, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for (i, container) in containers.iter().enumerate() {
        for (j, port) in container.items("ports").iter().enumerate() {
            let number = port.int("hostPort").unwrap_or(0);
            let key = format!("{}/{}/{number}", port.text("protocol"), port.text("hostIP"));
            if number != 0 && !seen.insert(key.clone()) {
                errors.duplicate(&path.index(i).child("ports").index(j).child("hostPort"), key);
            }
        }
    }
}

/// On the host's network a container's port is the host's. In a template it may still be unset.
pub(super) fn validate_host_ports(context: &Context<'_>, path: &Path, errors: &mut Errors) {
    if context.spec.flag("hostNetwork") != Some(true) {
        return;
    }
    for (i, container) in context.spec.items("containers").iter().enumerate() {
        for (j, port) in container.items("ports").iter().enumerate() {
            let host = port.int("hostPort").unwrap_or(0);
            let set = context.pod.is_some() || host != 0;
            if set && host != port.int("containerPort").unwrap_or(0) {
                let path = path.child("containers").index(i).child("ports").index(j).child("hostPort");
                errors.invalid(&path, host, "must match `containerPort` when `hostNetwork` is true");
            }
        }
    }
}

pub(super) fn validate_dns_config(spec: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    let servers = spec.field("dnsConfig").map_or(&[][..], |c| c.items("nameservers"));
    if spec.text("dnsPolicy") == "None" {
        if spec.field("dnsConfig").is_none() {
            return errors.required(path, "must provide `dnsConfig` when `dnsPolicy` is None");
        }
        if servers.is_empty() {
            let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            return errors.required(&path.child("nameservers"), detail);
        }
    }
    let Some(config) = spec.field("dnsConfig") else { return };
    let path_of = |key: &str| path.child(key);
    if servers.len() > 3 {
        errors.invalid(&path_of("nameservers"), servers.to_vec(), "must not have more than 3 nameservers");
    }
    for (i, server) in config.texts("nameservers").into_iter().enumerate() {
        ip::validate(server, &path_of("nameservers").index(i), errors);
    }
    validate_searches(config, &path_of("searches"), errors);
    for (i, option) in config.items("options").iter().enumerate() {
        if option.text("name").is_empty() {
            errors.required(&path_of("options").index(i), "must not be empty");
        }
    }
}

fn validate_searches(config: &Value, path: &Path, errors: &mut Errors) {
    let searches = config.texts("searches");
    let all = || config.items("searches").to_vec();
    if searches.len() > 32 {
        errors.invalid(path, all(), "must not have more than 32 search paths");
    }
    if searches.join(" ").len() > 2048 {
        errors.invalid(path, all(), "must not have more than 2048 characters (including spaces) in the search list");
    }
    for (i, search) in searches.into_iter().enumerate().filter(|(_, s)| *s != ".") {
        let search = search.strip_suffix('.').unwrap_or(search);
        report(errors, &path.index(i), search, is_dns1123_subdomain_with_underscore(search));
    }
}

pub(super) fn validate_host_aliases(spec: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    for (i, alias) in spec.items("hostAliases").iter().enumerate() {
        ip::validate(alias.text("ip"), &path.index(i).child("ip"), errors);
        for (j, name) in alias.texts("hostnames").into_iter().enumerate() {
            report(errors, &path.index(i).child("hostnames").index(j), name, is_dns1123_subdomain(name));
        }
    }
}
