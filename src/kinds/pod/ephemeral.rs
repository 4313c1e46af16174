//! The `ephemeralcontainers` subresource: containers that are added to a pod that runs, and never go
//! (podEphemeralContainersStrategy, ValidatePodEphemeralContainersUpdate).

use serde_json::Value;

use super::fields::Fields;
use super::spec_path;
use super::validation::validate_pod;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::kinds::spec_part::{SpecPart, take_back};

/// The strategy of `pods/ephemeralcontainers`.
pub struct Ephemeral;

const LIST: &str = "/spec/ephemeralContainers";

impl SpecPart for Ephemeral {
    fn name(&self) -> &'static str {
        "ephemeralcontainers"
    }

    fn prepare(&self, new: &mut Object, old: &Object) {
        let sent = take_back(new, old);
        match sent.list_at(LIST) {
            [] => drop(new.remove(LIST)),
            list => new.set(LIST, Value::Array(list.to_vec())),
        }
    }

    fn validate(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = validate_pod(new);
        if old.annotation("kubernetes.io/config.mirror").is_some() {
            errors = Errors::default();
            errors.forbidden(&Path::new(""), "static pods do not support ephemeral containers");
            return errors;
        }
        let path = spec_path().child("ephemeralContainers");
        for before in old.list_at(LIST) {
            let name = before.text("name");
            // A diff of two Go structs would follow the line break; its layout is random by design.
            match new.list_at(LIST).iter().find(|c| c.text("name") == name) {
                None => {
                    errors.forbidden(&path, &format!("existing ephemeral containers {name:?} may not be removed\n"))
                }
                Some(after) if after != before => {
                    errors.forbidden(&path, &format!("existing ephemeral containers {name:?} may not be changed\n"));
                }
                Some(_) => {}
            }
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sent(list: Value) -> (Object, Vec<String>) {
        let mut old = Object::new("v1", "Pod", "default", "p");
        old.set("/spec", json!({"containers": [{"name": "a", "image": "nginx"}]}));
        old.set(LIST, json!([{"name": "d", "image": "busybox"}]));
        super::super::defaults::set_pod_defaults(&mut old);
        let mut new = old.clone();
        new.set(LIST, list);
        new.set("/spec/hostname", "other".into());
        super::super::defaults::set_pod_defaults(&mut new);
        Ephemeral.prepare(&mut new, &old);
        let errors = Ephemeral.validate(&new, &old).0.iter().map(ToString::to_string).collect();
        (new, errors)
    }

    #[test]
    fn containers_are_added_and_stay() {
        let (new, errors) = sent(json!([{"name": "d", "image": "busybox"}, {"name": "e", "image": "alpine"}]));
        assert_eq!((errors, new.str_at("/spec/hostname")), (Vec::new(), ""));
        assert_eq!(new.list_at(LIST).len(), 2);
        let (_, errors) = sent(json!([]));
        assert_eq!(
            errors,
            ["spec.ephemeralContainers: Forbidden: existing ephemeral containers \"d\" may not be removed\n"]
        );
        let (_, errors) = sent(json!([{"name": "d", "image": "alpine"}]));
        assert_eq!(
            errors,
            ["spec.ephemeralContainers: Forbidden: existing ephemeral containers \"d\" may not be changed\n"]
        );
    }
}
