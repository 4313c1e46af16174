//! What a claim uses of a quota: itself and its storage, in all and of its class.

use serde_json::Value;

use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::kinds::pod::{Amounts, Fields};
use crate::kinds::{class, quota};

/// The evaluator of claims.
pub struct ClaimQuota;

const OF_CLASS: &str = ".storageclass.storage.k8s.io/";
const OWN: [&str; 2] = ["persistentvolumeclaims", "requests.storage"];

impl quota::Evaluator for ClaimQuota {
    fn tracks(&self, _: &str, name: &str) -> bool {
        let of_class = name.split_once(OF_CLASS).is_some_and(|(_, own)| OWN.contains(&own));
        name == "count/persistentvolumeclaims" || OWN.contains(&name) || of_class
    }

    fn usage(&self, _: &str, claim: &Object) -> Amounts {
        let mut used = Amounts::from([("count/persistentvolumeclaims".to_owned(), quota::one())]);
        let storage = storage(claim);
        let class = class::storage_class(claim);
        let prefixes = [String::new(), format!("{class}{OF_CLASS}")];
        for prefix in prefixes.iter().take(if class.is_empty() { 1 } else { 2 }) {
            used.insert(format!("{prefix}persistentvolumeclaims"), quota::one());
            if let Some(storage) = &storage {
                used.insert(format!("{prefix}requests.storage"), storage.clone());
            }
        }
        used
    }

    fn is_in_scope(&self, selector: &Value, claim: &Object) -> bool {
        let of = |pointer: &str| Some(claim.str_at(pointer)).filter(|name| !name.is_empty());
        let pointers = [
            "/spec/volumeAttributesClassName",
            "/status/currentVolumeAttributesClassName",
            "/status/modifyVolumeStatus/targetVolumeAttributesClassName",
        ];
        let names: Vec<&str> = pointers.into_iter().filter_map(of).collect();
        selector.text("scopeName") == "VolumeAttributesClass" && quota::takes(selector, &names)
    }

    fn is_enforced_on_update(&self) -> bool {
        true
    }
}

/// What is asked for, or what was allocated already should that be more; in whole bytes.
fn storage(claim: &Object) -> Option<Quantity> {
    let at = |pointer: &str| claim.at(pointer).and_then(|v| Quantity::from_value(v).ok());
    let asked = at("/spec/resources/requests/storage")?;
    let most = match at("/status/allocatedResources/storage") {
        Some(allocated) if allocated > asked => allocated,
        _ => asked,
    };
    Some(if most.milli_value() % 1000 == 0 { most } else { Quantity::new(most.value(), most.format()) })
}
