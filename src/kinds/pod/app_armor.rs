//! AppArmor's annotations, which a new pod's fields take over: as podStrategy's applyAppArmorVersionSkew.

use serde_json::{Value, json};

use super::defaults::CONTAINER_LISTS;
use super::fields::Fields;
use super::validation::APP_ARMOR;
use crate::apimachinery::object::Object;

/// The profile that an annotation's value stands for.
pub(super) fn profile(annotation: &str) -> Option<Value> {
    match annotation {
        "runtime/default" => Some(json!({"type": "RuntimeDefault"})),
        "unconfined" => Some(json!({"type": "Unconfined"})),
        local => {
            let name = local.strip_prefix("localhost/")?;
            let is_good = !name.is_empty() && name.trim() == name && name.len() <= 4095;
            is_good.then(|| json!({"type": "Localhost", "localhostProfile": name}))
        }
    }
}

/// Gives containers without a profile the one of their annotation, unless it is the pod's.
pub(super) fn take_over(pod: &mut Object) {
    let Some(annotations) = pod.map_at("/metadata/annotations") else { return };
    if !annotations.keys().any(|key| key.starts_with(APP_ARMOR)) || pod.str_at("/spec/os/name") == "windows" {
        return;
    }
    let annotations = annotations.clone();
    let of_pod = pod.at("/spec/securityContext/appArmorProfile").cloned();
    let Some(spec) = pod.body_mut().get_mut("spec").and_then(Value::as_object_mut) else { return };
    for list in CONTAINER_LISTS {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        for container in containers.filter_map(Value::as_object_mut) {
            let said = annotations.get(&format!("{APP_ARMOR}{}", container.text("name"))).and_then(Value::as_str);
            let Some(profile) = said.and_then(profile).filter(|p| Some(p) != of_pod.as_ref()) else { continue };
            let context = container.entry("securityContext").or_insert_with(|| json!({}));
            if let Some(context) = context.as_object_mut() {
                context.entry("appArmorProfile").or_insert(profile);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_take_over_what_annotations_say() {
        let pod = json!({
            "metadata": {"annotations": {
                "container.apparmor.security.beta.kubernetes.io/a": "localhost/x",
                "container.apparmor.security.beta.kubernetes.io/b": "runtime/default",
                "container.apparmor.security.beta.kubernetes.io/c": "unconfined",
                "container.apparmor.security.beta.kubernetes.io/d": "what",
            }},
            "spec": {
                "securityContext": {"appArmorProfile": {"type": "RuntimeDefault"}},
                "containers": [
                    {"name": "a"}, {"name": "b"}, {"name": "d"},
                    {"name": "c", "securityContext": {"appArmorProfile": {"type": "RuntimeDefault"}}},
                ],
            },
        });
        let mut pod = Object::from_value(pod).unwrap();
        take_over(&mut pod);
        assert_eq!(
            pod.at("/spec/containers").unwrap(),
            &json!([
                {"name": "a", "securityContext": {"appArmorProfile": {"type": "Localhost", "localhostProfile": "x"}}},
                {"name": "b"}, {"name": "d"},
                {"name": "c", "securityContext": {"appArmorProfile": {"type": "RuntimeDefault"}}},
            ])
        );
    }
}
