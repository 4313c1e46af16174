//! RuntimeClass: how a node runs a pod's containers. Knows no pod.

use serde_json::Value;

use super::pod::Fields;
use super::{Kind, Names, internal};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};

/// The kind.
pub struct RuntimeClass;

static NAMES: Names = Names {
    group: "node.k8s.io",
    api_version: "node.k8s.io/v1",
    resource: "runtimeclasses.node.k8s.io",
    namespaced: false,
    ..Names::core("RuntimeClass", "runtimeclasses", "runtimeclass", &[])
};
static COLUMNS: [Column; 3] = [column("Name"), column("Handler"), column("Age")];

impl Kind for RuntimeClass {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn finalizers_need_domain(&self) -> bool {
        false
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        vec![
            object.name().to_owned(),
            object.str_at("/handler").to_owned(),
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let handler = object.str_at("/handler");
        for problem in names::is_dns1123_label(handler) {
            errors.invalid(&Path::new("handler"), handler, &problem);
        }
        if let Some(overhead) = object.at("/overhead/podFixed") {
            let limits = serde_json::json!({"limits": overhead});
            errors.append(super::pod::validate_requirements(&limits, &Path::new("overhead")));
        }
        errors.append(names::validate_labels(
            object.map_at("/scheduling/nodeSelector"),
            &Path::new("scheduling.nodeSelector"),
        ));
        validate_tolerations(object.list_at("/scheduling/tolerations"), &mut errors);
        errors
    }

    fn warnings(&self, new: &Object, _old: Option<&Object>) -> Vec<String> {
        let labels = new.map_at("/scheduling/nodeSelector").into_iter().flatten().map(|(key, _)| key);
        let warned = labels.filter_map(|key| Some((key, super::pod::old_node_label(key)?)));
        warned.map(|(key, message)| format!("scheduling.nodeSelector[{key}]: {message}")).collect()
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = self.validate(new);
        if new.at("/handler") != old.at("/handler") {
            errors.invalid(&Path::new("handler"), new.str_at("/handler"), "field is immutable");
        }
        errors
    }
}

/// Tolerations as a pod may have them, each once.
fn validate_tolerations(tolerations: &[Value], errors: &mut Errors) {
    let path = Path::new("scheduling.tolerations");
    errors.append(super::pod::validate_tolerations(tolerations, &path));
    let key = |t: &Value| ["key", "operator", "value", "effect"].map(|field| t.text(field).to_owned());
    for (i, toleration) in tolerations.iter().enumerate() {
        if tolerations[..i].iter().any(|t| key(t) == key(toleration)) {
            errors.duplicate_shown(&path.index(i), &internal::shown(toleration, internal::TOLERATION));
        }
    }
}
