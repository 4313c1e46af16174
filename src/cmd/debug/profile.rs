//! Debugging profiles: what a debug container may do, and what a copy keeps of its pod. Facts as in kubectl's
//! pkg/cmd/debug/profiles.go. Knows pods' fields, no request.

use serde_json::{Map, Value, json};

/// A profile of kubectl's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    Legacy,
    General,
    Baseline,
    Restricted,
    Netadmin,
    Sysadmin,
}

/// What is debugged in which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A pod of its own on the node.
    Node,
    /// A copy of the pod.
    Copy,
    /// A container added to the pod.
    Ephemeral,
}

/// What a copy keeps: `--keep-…`.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "kubectl's flags")]
pub struct Keep {
    pub labels: bool,
    pub annotations: bool,
    pub liveness: bool,
    pub readiness: bool,
    pub startup: bool,
    pub init_containers: bool,
}

impl Profile {
    /// The profile of a name.
    pub fn parse(name: &str) -> Option<Profile> {
        Some(match name {
            "legacy" => Profile::Legacy,
            "general" => Profile::General,
            "baseline" => Profile::Baseline,
            "restricted" => Profile::Restricted,
            "netadmin" => Profile::Netadmin,
            "sysadmin" => Profile::Sysadmin,
            _ => return None,
        })
    }

    /// Makes a pod, and the debug container in it, what the profile says.
    pub fn apply(self, pod: &mut Value, container: &str, style: Style, keep: Keep) {
        use Profile::{Baseline, General, Legacy, Netadmin, Restricted, Sysadmin};
        if matches!(self, Baseline | Restricted) || (self == General && style == Style::Node) {
            change(pod, container, |c| drop(c.remove("securityContext")));
        }
        match self {
            Restricted => secure(pod, container, |context| {
                context.insert("runAsNonRoot".to_owned(), true.into());
                context.insert("capabilities".to_owned(), json!({"drop": ["ALL"]}));
                context.insert("allowPrivilegeEscalation".to_owned(), false.into());
                context.insert("seccompProfile".to_owned(), json!({"type": "RuntimeDefault"}));
            }),
            Netadmin => add_capabilities(pod, container, &["NET_ADMIN", "NET_RAW"]),
            Sysadmin => secure(pod, container, |context| drop(context.insert("privileged".to_owned(), true.into()))),
            General if style != Style::Node => add_capabilities(pod, container, &["SYS_PTRACE"]),
            _ => {}
        }
        match style {
            Style::Node => {
                if matches!(self, Legacy | General | Sysadmin) {
                    mount_root(pod, container);
                }
                if matches!(self, Legacy | General | Netadmin | Sysadmin) {
                    for field in ["hostNetwork", "hostPID", "hostIPC"] {
                        pod["spec"][field] = true.into();
                    }
                }
            }
            Style::Copy if self == Legacy => remove(&mut pod["metadata"], "labels"),
            Style::Copy => {
                keep.strip(pod);
                if pod["spec"].get("shareProcessNamespace").is_none() {
                    pod["spec"]["shareProcessNamespace"] = true.into();
                }
            }
            Style::Ephemeral => {}
        }
    }
}

impl Keep {
    fn strip(self, pod: &mut Value) {
        for (is_kept, field) in [(self.labels, "labels"), (self.annotations, "annotations")] {
            if !is_kept {
                remove(&mut pod["metadata"], field);
            }
        }
        let probes =
            [(self.liveness, "livenessProbe"), (self.readiness, "readinessProbe"), (self.startup, "startupProbe")];
        for container in pod["spec"]["containers"].as_array_mut().into_iter().flatten() {
            probes.iter().filter(|(is_kept, _)| !is_kept).for_each(|(_, probe)| remove(container, probe));
        }
        if !self.init_containers {
            remove(&mut pod["spec"], "initContainers");
        }
    }
}

fn remove(of: &mut Value, field: &str) {
    if let Some(map) = of.as_object_mut() {
        map.remove(field);
    }
}

/// Changes the container of a name, wherever in the pod it is.
pub fn change(pod: &mut Value, name: &str, mut how: impl FnMut(&mut Map<String, Value>)) {
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        let containers = pod["spec"].get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        containers.filter(|c| c["name"] == name).filter_map(Value::as_object_mut).for_each(&mut how);
    }
}

fn secure(pod: &mut Value, name: &str, how: impl Fn(&mut Map<String, Value>)) {
    change(pod, name, |container| {
        let context = container.entry("securityContext").or_insert_with(|| json!({}));
        context.as_object_mut().into_iter().for_each(&how);
    });
}

fn add_capabilities(pod: &mut Value, name: &str, more: &[&str]) {
    secure(pod, name, |context| {
        let capabilities = context.entry("capabilities").or_insert_with(|| json!({}));
        if capabilities.get("add").is_none() {
            capabilities["add"] = json!([]);
        }
        if let Some(all) = capabilities["add"].as_array_mut() {
            all.extend(more.iter().map(|name| Value::from(*name)));
        }
    });
}

/// The node's root folder, at `/host`.
fn mount_root(pod: &mut Value, container: &str) {
    pod["spec"]["volumes"] = json!([{"name": "host-root", "hostPath": {"path": "/"}}]);
    change(pod, container, |container| {
        container.insert("volumeMounts".to_owned(), json!([{"mountPath": "/host", "name": "host-root"}]));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Keep = Keep {
        labels: false,
        annotations: false,
        liveness: false,
        readiness: false,
        startup: false,
        init_containers: true,
    };

    fn pod() -> Value {
        json!({
            "metadata": {"name": "p", "labels": {"a": "b"}, "annotations": {"c": "d"}},
            "spec": {"containers": [{"name": "web", "livenessProbe": {}}, {"name": "debugger"}]},
        })
    }

    fn applied(profile: Profile, style: Style) -> Value {
        let mut pod = pod();
        profile.apply(&mut pod, "debugger", style, NONE);
        pod
    }

    #[test]
    fn what_profiles_give_the_container() {
        for (profile, want) in [
            (Profile::Legacy, Value::Null),
            (Profile::General, json!({"capabilities": {"add": ["SYS_PTRACE"]}})),
            (Profile::Baseline, Value::Null),
            (Profile::Netadmin, json!({"capabilities": {"add": ["NET_ADMIN", "NET_RAW"]}})),
            (Profile::Sysadmin, json!({"privileged": true})),
        ] {
            let pod = applied(profile, Style::Copy);
            assert_eq!(pod["spec"]["containers"][1]["securityContext"], want, "{profile:?}");
        }
        let restricted = &applied(Profile::Restricted, Style::Ephemeral)["spec"]["containers"][1]["securityContext"];
        assert_eq!(restricted["capabilities"], json!({"drop": ["ALL"]}));
        assert_eq!(restricted["runAsNonRoot"], true);
    }

    #[test]
    fn what_copies_and_nodes_pods_have() {
        let legacy = applied(Profile::Legacy, Style::Copy);
        assert_eq!(
            (legacy["metadata"].get("labels"), legacy["metadata"]["annotations"]["c"].as_str()),
            (None, Some("d"))
        );
        let general = applied(Profile::General, Style::Copy);
        assert_eq!(general["metadata"], json!({"name": "p"}));
        assert_eq!(general["spec"]["shareProcessNamespace"], true);
        assert_eq!(general["spec"]["containers"][0], json!({"name": "web"}));
        let node = applied(Profile::Sysadmin, Style::Node);
        assert_eq!(
            (&node["spec"]["hostPID"], &node["spec"]["volumes"][0]["name"]),
            (&true.into(), &"host-root".into())
        );
        assert_eq!(applied(Profile::Baseline, Style::Node)["spec"].get("hostPID"), None);
    }
}
