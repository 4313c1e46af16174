//! ControllerRevision: one state of a StatefulSet's template, kept to go back to. Knows no StatefulSet.

use serde_json::Value;

use super::{Kind, Names, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::{Object, OwnerReference};
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};

/// The kind.
pub struct ControllerRevision;

static NAMES: Names = Names {
    group: "apps",
    api_version: "apps/v1",
    resource: "controllerrevisions.apps",
    ..Names::core("ControllerRevision", "controllerrevisions", "controllerrevision", &[])
};
static COLUMNS: [Column; 4] = [column("Name"), column("Controller"), column("Revision"), column("Age")];

impl Kind for ControllerRevision {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        vec![
            object.name().to_owned(),
            object.controller_of().map_or_else(|| "<none>".to_owned(), |c| controller_name(&c)),
            revision(object).to_string(),
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn set_defaults(&self, object: &mut Object) {
        zeros::write(object, &[("/revision", 0.into())]);
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        if object.at("/data").is_none_or(Value::is_null) {
            errors.required(&Path::new("data"), "data is mandatory");
        }
        if revision(object) < 0 {
            errors.invalid(&Path::new("revision"), revision(object), "must be greater than or equal to 0");
        }
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = self.validate(new);
        if new.at("/data") != old.at("/data") {
            errors.invalid(&Path::new("data"), new.at("/data").cloned().unwrap_or_default(), "field is immutable");
        }
        errors
    }
}

fn revision(object: &Object) -> i64 {
    object.i64_at("/revision").unwrap_or(0)
}

/// `statefulset.apps/web`.
fn controller_name(owner: &OwnerReference<'_>) -> String {
    let kind = owner.kind.to_lowercase();
    match owner.api_version.split_once('/') {
        Some((group, _)) => format!("{kind}.{group}/{}", owner.name),
        None => format!("{kind}/{}", owner.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_name_the_controller_with_its_group() {
        let owner = |api_version| json!([{"apiVersion": api_version, "kind": "StatefulSet", "name": "web", "uid": "u", "controller": true}]);
        let row = |owners: Value| {
            let o = json!({"metadata": {"name": "web-1", "ownerReferences": owners}, "revision": 2});
            ControllerRevision.cells(&Object::from_value(o).unwrap(), Time::MAX_UTC)[..3].to_vec()
        };
        assert_eq!(row(owner("apps/v1")), ["web-1", "statefulset.apps/web", "2"]);
        assert_eq!(row(owner("v1")), ["web-1", "statefulset/web", "2"]);
        assert_eq!(row(json!([])), ["web-1", "<none>", "2"]);
    }
}
