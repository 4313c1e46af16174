//! Containers as `describe` shows them: what they run, how they fare, and what they are given. Knows no workload.

mod environment;
mod probe;
mod state;

use serde_json::{Map, Value};

use super::{Text, go_list, or_none};
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::apimachinery::quote::quote;
use crate::kinds::pod::Fields;

/// A title and the containers below it. `pod` is the pod they are in and where their statuses are; `None` in a template,
/// whose parts are indented by `space`.
pub fn containers(title: &str, list: &[Value], pod: Option<(&Object, &str)>, out: &mut Text, space: &str) {
    out.line(0, format_args!("{space}{title}:{}", if list.is_empty() { " <none>" } else { "" }));
    let statuses = pod.map_or(&[][..], |(pod, statuses)| pod.list_at(statuses));
    for container in list {
        let status = statuses.iter().find(|s| s.text("name") == container.text("name"));
        basics(container, status, space, out);
        lines("Command", container.texts("command"), out);
        lines("Args", container.texts("args"), out);
        if let Some(status) = status {
            state::of(status, out);
        }
        resources(container.field("resources"), out);
        probe::all(container, out);
        environment::sources(container, out);
        environment::variables(container, pod.map(|(pod, _)| pod), out);
        mounts(container, out);
    }
}

fn basics(container: &Value, status: Option<&Value>, space: &str, out: &mut Text) {
    let indent = if space.is_empty() { "" } else { " " };
    out.line(1, format_args!("{indent}{}:", container.text("name")));
    if let Some(status) = status {
        out.field(2, "Container ID", status.text("containerID"));
    }
    out.field(2, "Image", container.text("image"));
    if let Some(status) = status {
        out.field(2, "Image ID", status.text("imageID"));
    }
    for (name, field) in [("Port", "containerPort"), ("Host Port", "hostPort")] {
        let all = container.items("ports").iter();
        let texts: Vec<String> = all.map(|p| format!("{}/{}", p.int(field).unwrap_or(0), p.text("protocol"))).collect();
        let plural = if texts.len() > 1 { "s" } else { "" };
        out.field(2, format_args!("{name}{plural}"), or_none(&texts.join(", ")));
    }
    if let Some(profile) = container.pointer("/securityContext/seccompProfile") {
        out.field(2, "SeccompProfile", profile.text("type"));
        if profile.text("type") == "Localhost" {
            out.field(3, "LocalhostProfile", profile.text("localhostProfile"));
        }
    }
}

fn lines(title: &str, words: Vec<&str>, out: &mut Text) {
    if !words.is_empty() {
        out.line(2, format_args!("{title}:"));
    }
    words.iter().flat_map(|w| w.split('\n')).for_each(|line| out.line(3, line));
}

fn resources(resources: Option<&Value>, out: &mut Text) {
    for (title, part) in [("Limits", "limits"), ("Requests", "requests")] {
        let Some(map) = resources.and_then(|r| r.section(part)).filter(|m| !m.is_empty()) else { continue };
        out.line(2, format_args!("{title}:"));
        resource_list(3, map, out);
    }
}

/// Resources by name, each with its quantity.
pub fn resource_list(level: usize, map: &Map<String, Value>, out: &mut Text) {
    let mut names: Vec<&String> = map.keys().collect();
    names.sort();
    for name in names {
        let quantity = Quantity::from_value(&map[name]).unwrap_or(Quantity::ZERO);
        out.field(level, name, quantity);
    }
}

fn mounts(container: &Value, out: &mut Text) {
    let mut mounts: Vec<&Value> = container.items("volumeMounts").iter().collect();
    mounts.sort_by_key(|m| m.text("mountPath"));
    let none = if mounts.is_empty() { "\t<none>" } else { "" };
    out.line(2, format_args!("Mounts:{none}"));
    for mount in mounts {
        let mut how = if mount.flag("readOnly") == Some(true) { "ro" } else { "rw" }.to_owned();
        if !mount.text("subPath").is_empty() {
            how += &format!(",path={}", quote(mount.text("subPath")));
        }
        out.line(3, format_args!("{} from {} ({how})", mount.text("mountPath"), mount.text("name")));
    }
    let mut devices: Vec<&Value> = container.items("volumeDevices").iter().collect();
    devices.sort_by_key(|d| d.text("devicePath"));
    if !devices.is_empty() {
        // As kubectl: what is said here of devices is whether there are mounts.
        out.line(2, format_args!("Devices:{none}"));
    }
    devices.iter().for_each(|d| out.line(3, format_args!("{} from {}", d.text("devicePath"), d.text("name"))));
}

/// A command as a probe shows it: `[cat /tmp/x]`.
fn command(of: &Value) -> String {
    go_list(of.items("command"))
}
