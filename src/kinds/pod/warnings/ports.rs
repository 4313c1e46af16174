//! Ports of one pod that are in each other's way.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::fields::Fields;
use super::containers;
use crate::apimachinery::field::Path;

pub(super) fn warn(spec: &Map<String, Value>, path: &Path, warnings: &mut Vec<String>) {
    let mut same: BTreeMap<(i64, &str), Vec<(&Value, Path)>> = BTreeMap::new();
    for (container, path) in containers(spec, path) {
        for (i, port) in container.items("ports").iter().enumerate() {
            let path = path.child("ports").index(i);
            let (name, host_ip, protocol) = (port.text("name"), port.text("hostIP"), port.text("protocol"));
            if !host_ip.is_empty() && port.int("hostPort").unwrap_or(0) == 0 {
                let number = port.int("containerPort").unwrap_or(0);
                let shown =
                    format!("{{Name:{name} HostPort:0 ContainerPort:{number} Protocol:{protocol} HostIP:{host_ip}}}");
                warnings.push(format!("{path}: hostIP set without hostPort: {shown}"));
            }
            let others = same.entry((port.int("containerPort").unwrap_or(0), port.text("protocol"))).or_default();
            for (other, other_path) in others.iter() {
                if let Some(relation) = relation(port, other) {
                    warnings.push(format!("{path}: {relation} port definition with {other_path}"));
                }
            }
            others.push((port, path));
        }
    }
    warn_of_names(spec, path, warnings);
}

/// How two definitions of one port and protocol get along.
fn relation(port: &Value, other: &Value) -> Option<&'static str> {
    let host = |p: &Value| p.int("hostPort").unwrap_or(0);
    let (a, b) = (port.text("hostIP"), other.text("hostIP"));
    if a == b && host(port) == host(other) {
        Some("duplicate")
    } else if host(port) == 0 || host(other) == 0 {
        Some("overlapping")
    } else {
        (host(port) == host(other) && (a.is_empty() != b.is_empty())).then_some("dangerously ambiguous")
    }
}

/// Names are shared by containers and sidecars: all that run at one time.
fn warn_of_names(spec: &Map<String, Value>, path: &Path, warnings: &mut Vec<String>) {
    let mut names: BTreeMap<&str, Path> = BTreeMap::new();
    for (container, path) in containers(spec, path) {
        let ends = path.as_str().contains("initContainers[") && container.text("restartPolicy") != "Always";
        if ends || path.as_str().contains("ephemeralContainers[") {
            continue;
        }
        for (i, port) in container.items("ports").iter().enumerate().filter(|(_, p)| !p.text("name").is_empty()) {
            let (name, path) = (port.text("name"), path.child("ports").index(i));
            match names.get(name) {
                Some(first) => warnings.push(format!(
                    "{path}: duplicate port name {name:?} with {first}, services and probes that select ports by name will use {first}"
                )),
                None => drop(names.insert(name, path)),
            }
        }
    }
}
