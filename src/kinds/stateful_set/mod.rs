//! StatefulSet: pods with a stable name, a stable place in the order, and claims that outlive them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::describe::{Text, View};
use super::persistent_volume_claim::spec_warnings;
use super::plan::Plan;
use super::rollout::{Progress, Revision};
use super::workload;
use super::written::{Written, Zero};
use super::{Kind, Names, ScalePaths, Trigger};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::key::Key;
use crate::apimachinery::labels::Selector;
use crate::apimachinery::names::{self, NameRule};
use crate::apimachinery::object::Object;
use crate::apimachinery::patch::PatchType;
use crate::apimachinery::quantity;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column, wide};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;

mod claims;
mod controller;
mod describe;
mod hint;
mod members;
mod reasons;
mod revision;
mod rollout;
mod roster;
mod sync;
mod update;
mod validation;

pub use claims::OWNED_CLAIMS;
pub(super) use claims::is_made_by_a_set as makes_claim;
pub use controller::PODS_BY_CONTROLLER;
// The same hash and order are a DaemonSet's.
pub(super) use revision::{hash as revision_hash, number as revision_number, template as revision_template};

/// apps/v1 StatefulSet.
pub struct StatefulSet;

static NAMES: Names = Names {
    group: "apps",
    version: "v1",
    kind: "StatefulSet",
    plural: "statefulsets",
    singular: "statefulset",
    short: &["sts"],
    categories: &["all"],
    namespaced: true,
    resource: "statefulsets.apps",
    api_version: "apps/v1",
};

static COLUMNS: [Column; 5] = [column("Name"), column("Ready"), column("Age"), wide("Containers"), wide("Images")];

impl Kind for StatefulSet {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, set: &Object, now: Time) -> Vec<String> {
        let containers = set.list_at("/spec/template/spec/containers");
        let of_all = |field: &str| {
            let texts: Vec<&str> = containers.iter().filter_map(|c| c.get(field)?.as_str()).collect();
            texts.join(",")
        };
        let ready = set.i64_at("/status/readyReplicas").unwrap_or(0);
        let wanted = set.i64_at("/spec/replicas").unwrap_or(0);
        vec![
            set.name().to_owned(),
            format!("{ready}/{wanted}"),
            time::age(set.creation_timestamp(), now),
            of_all("name"),
            of_all("image"),
        ]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    /// The pods' host names begin with it.
    fn name_rule(&self) -> NameRule {
        names::name_is_dns_label
    }

    fn set_defaults(&self, set: &mut Object) {
        set.set_default("/spec/podManagementPolicy", "OrderedReady");
        set.set_default("/spec/updateStrategy/type", "RollingUpdate");
        if set.str_at("/spec/updateStrategy/type") == "RollingUpdate" {
            set.set_default("/spec/updateStrategy/rollingUpdate/partition", 0);
        }
        for when in ["whenDeleted", "whenScaled"] {
            set.set_default(&format!("/spec/persistentVolumeClaimRetentionPolicy/{when}"), "Retain");
        }
        set.set_default("/spec/replicas", 1);
        set.set_default("/spec/revisionHistoryLimit", 10);
        // serviceName is a plain string in Go, and so is written when it is empty.
        set.set_default("/spec/serviceName", "");
        set.set_default("/spec/template", json!({}));
        if let Some(Value::Object(template)) = set.body_mut().get_mut("spec").and_then(|s| s.get_mut("template")) {
            super::pod::set_template_defaults(template);
        }
        if let Some(templates) =
            set.body_mut().get_mut("spec").and_then(|s| s.get_mut("volumeClaimTemplates")?.as_array_mut())
        {
            templates.iter_mut().for_each(set_claim_defaults);
        }
    }

    fn admit(&self, set: &mut Object, cluster: &Cluster) -> Result<(), Status> {
        update::gate_max_unavailable(set, None, cluster)
    }

    fn admit_update(&self, new: &mut Object, old: &Object, cluster: &Cluster) -> Result<(), Status> {
        update::gate_max_unavailable(new, Some(old), cluster)
    }

    fn prepare_for_create(&self, set: &mut Object) {
        set.set("/status", json!({"replicas": 0, "availableReplicas": 0}));
    }

    fn written(&self) -> Written {
        const ZEROS: &[(&str, Zero)] = &[
            ("/spec/template/metadata/creationTimestamp", Zero::Null),
            ("/spec/updateStrategy", Zero::Struct),
            ("/spec/serviceName", Zero::Text),
            ("/spec/volumeClaimTemplates/*/metadata/creationTimestamp", Zero::Null),
            ("/spec/volumeClaimTemplates/*/spec/resources", Zero::Struct),
            ("/spec/volumeClaimTemplates/*/status", Zero::Struct),
            ("/status/availableReplicas", Zero::Number),
            ("/status/replicas", Zero::Number),
        ];
        Written { zeros: ZEROS, ..Written::TEMPLATE }
    }

    fn validate(&self, set: &Object) -> Errors {
        validation::validate(set)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        validation::validate_update(new, old)
    }

    fn warnings(&self, set: &Object, old: Option<&Object>) -> Vec<String> {
        let mut warnings = workload::template_warnings(set, old, "/spec/template");
        for (i, claim) in set.list_at("/spec/volumeClaimTemplates").iter().enumerate() {
            // The paths are upstream's, that of an update with its capital.
            let path = Path::new("spec.volumeClaimTemplates").index(i);
            let path = if old.is_some() { path.child("Spec") } else { path };
            warnings.extend(spec_warnings(&claim["spec"], &path));
        }
        if set.i64_at("/spec/revisionHistoryLimit").is_some_and(|limit| limit < 0) {
            let why = "a negative value retains all historical revisions; a value >= 0 is recommended";
            warnings.push(format!("spec.revisionHistoryLimit: {why}"));
        }
        warnings
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn reconcile(&self, set: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
        controller::reconcile(set, cluster, now)
    }

    fn pod_selector(&self, set: &Object) -> Option<Result<Selector, String>> {
        let selector = set.at("/spec/selector").unwrap_or(&Value::Null);
        Some(Selector::from_label_selector(selector).map_err(|e| e.to_string()))
    }

    fn scale(&self) -> Option<ScalePaths<'_>> {
        Some(ScalePaths::REPLICAS)
    }

    fn rollout_status(&self, set: &Object, _revision: i64) -> Option<Result<Progress, String>> {
        Some(rollout::status(set))
    }

    fn rollout_history(&self, set: &Object, cluster: &Cluster) -> Result<Option<Vec<Revision>>, Status> {
        rollout::history(set, cluster).map(Some)
    }

    fn rollback(&self, _: &Object, to: &Revision) -> Result<Option<(PatchType, Value)>, String> {
        Ok(Some((PatchType::Strategic, rollout::rollback(to))))
    }

    fn restarted(&self, set: &Object, at: &str) -> Result<Object, String> {
        Ok(super::rollout::restarted(set, at))
    }

    fn has_hints(&self) -> bool {
        true
    }

    fn hints(&self, set: &Object, cluster: &Cluster) -> Result<Vec<String>, Status> {
        hint::hints(set, cluster)
    }

    fn triggers(&self) -> &'static [Trigger] {
        &[
            Trigger { resource: "pods", keys: sets_of_pod },
            Trigger { resource: "persistentvolumeclaims", keys: sets_of_claim },
            Trigger { resource: "resourcequotas", keys: |quota, cluster| sets_in(quota.namespace(), cluster) },
            Trigger { resource: "serviceaccounts", keys: |account, cluster| sets_in(account.namespace(), cluster) },
        ]
    }

    /// Claim templates have the status of a claim that never was.
    fn export(&self, set: &mut Object, _cluster: &Cluster) -> Result<bool, Status> {
        let templates = set.body_mut().get_mut("spec").and_then(|spec| spec.get_mut("volumeClaimTemplates"));
        for template in templates.and_then(Value::as_array_mut).into_iter().flatten() {
            template.as_object_mut().map(|template| template.remove("status"));
        }
        Ok(true)
    }
}

/// A claim template is stored as a whole claim, with the status that a new claim has.
fn set_claim_defaults(template: &mut Value) {
    let Some(mut claim) = Object::from_value(template.take()) else { return };
    claim.set("/apiVersion", "v1".into());
    claim.set("/kind", "PersistentVolumeClaim".into());
    claim.set_default("/spec/volumeMode", "Filesystem");
    claim.set_default("/status/phase", "Pending");
    for part in ["requests", "limits"] {
        if let Some(Value::Object(map)) = claim.remove(&format!("/spec/resources/{part}")) {
            let canonical = map.into_iter().map(|(k, v)| {
                let text = v.as_str().map_or_else(|| v.to_string(), str::to_owned);
                let value = quantity::Quantity::parse(&text).map_or(v, |q| q.to_string().into());
                (k, value)
            });
            claim.set(&format!("/spec/resources/{part}"), Value::Object(canonical.collect()));
        }
    }
    *template = claim.into_value();
}

/// A set as its controller looks at it.
struct Set<'a> {
    object: &'a Object,
    replicas: i64,
    start: i64,
}

impl<'a> Set<'a> {
    fn of(object: &'a Object) -> Set<'a> {
        Set {
            object,
            replicas: object.i64_at("/spec/replicas").unwrap_or(1).max(0),
            start: object.i64_at("/spec/ordinals/start").unwrap_or(0).max(0),
        }
    }

    /// The ordinals that are to have a pod.
    fn ordinals(&self) -> std::ops::Range<i64> {
        self.start..self.start.saturating_add(self.replicas)
    }

    fn has_ordinal(&self, ordinal: i64) -> bool {
        self.ordinals().contains(&ordinal)
    }

    fn deletes_claims(&self, when: &str) -> bool {
        self.object.str_at(&format!("/spec/persistentVolumeClaimRetentionPolicy/{when}")) == "Delete"
    }

    /// Whether any claim of the set may have an owner, or is to have one. Where no claim of the namespace has any, and the
    /// policy is to retain them, the claims need no look at each sync.
    fn may_own_claims(&self, cluster: &Cluster) -> Result<bool, Status> {
        if self.deletes_claims("whenDeleted") || self.deletes_claims("whenScaled") {
            return Ok(true);
        }
        Ok(!cluster.indexed(&claims::OWNED_CLAIMS, self.object.namespace())?.is_empty())
    }

    fn controller_reference(&self) -> Value {
        json!({
            "apiVersion": NAMES.api_version, "kind": NAMES.kind, "name": self.object.name(), "uid": self.object.uid(),
            "controller": true, "blockOwnerDeletion": true,
        })
    }
}

/// The sets that would give a pod its name, for a pod of somebody else: they may adopt it, or wait for its end. (A pod's own
/// set is looked at in any case.)
fn sets_of_pod(pod: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    let is_own = |set: &Object| pod.controller_of().is_some_and(|r| r.uid == set.uid());
    let Some((set, _)) = pod.name().rsplit_once('-') else { return Ok(Vec::new()) };
    let key = NAMES.key(pod.namespace(), set);
    let set = cluster.get(&key)?.filter(|set| !is_own(set) && members::ordinal(set.name(), pod.name()).is_some());
    Ok(set.map(|_| key).into_iter().collect())
}

/// The sets whose templates give this claim's name: its pod may wait for it to be gone, or to be made again.
fn sets_of_claim(claim: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    let sets = cluster.list_keyed(NAMES.resource, Some(claim.namespace()))?;
    let names = |set: &Object| {
        claims::templates(set).iter().any(|t| {
            let rest = claim.name().strip_prefix(claims::template_name(t)).and_then(|r| r.strip_prefix('-'));
            rest.is_some_and(|pod| members::ordinal(set.name(), pod).is_some())
        })
    };
    Ok(sets.into_iter().filter(|(_, set)| names(set)).map(|(key, _)| key).collect())
}

fn sets_in(namespace: &str, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    Ok(cluster.list_keyed(NAMES.resource, Some(namespace))?.into_iter().map(|(key, _)| key).collect())
}
