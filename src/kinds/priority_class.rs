//! PriorityClass: a name for a pod's priority. Knows no pod.

mod describe;

use super::describe::{Text, View};
use super::{Kind, Names, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;

/// The kind.
pub struct PriorityClass;

/// The group resource, as keys have it.
pub const RESOURCE: &str = "priorityclasses.scheduling.k8s.io";

static NAMES: Names = Names {
    group: "scheduling.k8s.io",
    api_version: "scheduling.k8s.io/v1",
    resource: RESOURCE,
    namespaced: false,
    ..Names::core("PriorityClass", "priorityclasses", "priorityclass", &["pc"])
};
static COLUMNS: [Column; 5] =
    [column("Name"), column("Value"), column("Global-Default"), column("Age"), column("PreemptionPolicy")];

const HIGHEST_OF_USERS: i64 = 1_000_000_000;
/// The classes a cluster has by itself: name, value, description.
pub const SYSTEM_CLASSES: [(&str, i64, &str); 2] = [
    (
        "system-node-critical",
        2_000_001_000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
    (
        "system-cluster-critical",
        2_000_000_000,
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
];

impl Kind for PriorityClass {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        vec![
            object.name().to_owned(),
            value(object).to_string(),
            is_global_default(object).to_string(),
            time::age(object.creation_timestamp(), now),
            object.str_at("/preemptionPolicy").to_owned(),
        ]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn set_defaults(&self, object: &mut Object) {
        zeros::omit(object, &["/globalDefault", "/description"]);
        zeros::write(object, &[("/value", 0.into())]);
        object.set_default("/preemptionPolicy", "PreemptLowerPriority");
    }

    /// The generation is 1 for ever: the strategy sets it, and nothing raises it.
    fn prepare_for_create(&self, object: &mut Object) {
        object.set("/metadata/generation", 1.into());
    }

    fn prepare_for_update(&self, new: &mut Object, old: &Object) {
        new.set("/metadata/generation", old.generation().into());
    }

    /// The Priority admission plugin: at most one default.
    fn admit(&self, object: &mut Object, cluster: &Cluster) -> Result<(), Status> {
        refuse_second_default(object, cluster)
    }

    fn admit_update(&self, new: &mut Object, _old: &Object, cluster: &Cluster) -> Result<(), Status> {
        refuse_second_default(new, cluster)
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        if object.name().starts_with("system-") {
            if let Some(problem) = system_class_problem(object) {
                let detail = format!(
                    "priority class names with 'system-' prefix are reserved for system use only. error: {problem}"
                );
                errors.forbidden(&Path::new("metadata.name"), &detail);
            }
        } else if value(object) > HIGHEST_OF_USERS {
            let detail = format!("maximum allowed value of a user defined priority is {HIGHEST_OF_USERS}");
            errors.forbidden(&Path::new("value"), &detail);
        }
        let policy = object.str_at("/preemptionPolicy");
        let supported = ["PreemptLowerPriority", "Never"];
        if !supported.contains(&policy) {
            errors.not_supported(&Path::new("preemptionPolicy"), policy, &supported);
        }
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = Errors::default();
        if value(new) != value(old) {
            errors.forbidden(&Path::new("value"), "may not be changed in an update.");
        }
        if new.at("/preemptionPolicy") != old.at("/preemptionPolicy") {
            errors.invalid(&Path::new("preemptionPolicy"), new.str_at("/preemptionPolicy"), "field is immutable");
        }
        errors
    }
}

fn value(class: &Object) -> i64 {
    class.i64_at("/value").unwrap_or(0)
}

/// Whether pods that name no class get this one's priority.
pub fn is_global_default(class: &Object) -> bool {
    class.bool_at("/globalDefault").unwrap_or(false)
}

fn system_class_problem(class: &Object) -> Option<String> {
    let name = class.name();
    let Some((_, wanted, _)) = SYSTEM_CLASSES.iter().find(|(n, ..)| *n == name) else {
        return Some(format!("{name} is not a known system priority class"));
    };
    if value(class) != *wanted {
        return Some(format!("value of {name} PriorityClass must be {wanted}"));
    }
    is_global_default(class).then(|| format!("globalDefault of {name} PriorityClass must be false"))
}

fn refuse_second_default(class: &Object, cluster: &Cluster) -> Result<(), Status> {
    if !is_global_default(class) {
        return Ok(());
    }
    let others = cluster.list(RESOURCE, None)?;
    match others.iter().find(|c| is_global_default(c) && c.name() != class.name()) {
        Some(other) => {
            let why =
                format!("PriorityClass {} is already marked as default. Only one default can exist", other.name());
            Err(Status::forbidden(RESOURCE, class.name(), &why))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn errors(body: Value) -> Vec<String> {
        let mut o = Object::from_value(body).unwrap();
        PriorityClass.set_defaults(&mut o);
        PriorityClass.validate(&o).0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn system_names_and_values_are_reserved() {
        let reserved = "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: ";
        let cases = [
            (json!({"metadata": {"name": "a"}, "value": 1_000_000_000}), vec![]),
            (
                json!({"metadata": {"name": "a"}, "value": 1_000_000_001}),
                vec!["value: Forbidden: maximum allowed value of a user defined priority is 1000000000".to_owned()],
            ),
            (json!({"metadata": {"name": "system-node-critical"}, "value": 2_000_001_000}), vec![]),
            (
                json!({"metadata": {"name": "system-node-critical"}, "value": 1}),
                vec![format!("{reserved}value of system-node-critical PriorityClass must be 2000001000")],
            ),
            (
                json!({"metadata": {"name": "system-x"}}),
                vec![format!("{reserved}system-x is not a known system priority class")],
            ),
        ];
        for (body, want) in cases {
            assert_eq!(errors(body.clone()), want, "{body}");
        }
    }

    #[test]
    fn rows_are_kubectls() {
        let mut o = Object::from_value(json!({"metadata": {"name": "pc-high"}, "value": 1000})).unwrap();
        PriorityClass.set_defaults(&mut o);
        let mut cells = PriorityClass.cells(&o, Time::MAX_UTC);
        cells.remove(3);
        assert_eq!(cells, ["pc-high", "1000", "false", "PreemptLowerPriority"]);
    }
}
