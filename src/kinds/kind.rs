//! What is known of a kind: the trait that every file of a kind fills in.

use std::sync::Arc;

use serde_json::Value;

use super::describe::{self, Text, View};
use super::exposure::Exposure;
use super::naming::{Names, OtherVersion};
use super::plan::Plan;
use super::quota;
use super::rbac::authorizer::User;
use super::rollout::{Progress, Revision};
use super::scale_paths::ScalePaths;
use super::spec_part::SpecPart;
use super::trigger::Trigger;
use super::written::Written;
use crate::apimachinery::field::Errors;
use crate::apimachinery::labels::Selector;
use crate::apimachinery::names::{self, NameRule};
use crate::apimachinery::object::Object;
use crate::apimachinery::outline::Outline;
use crate::apimachinery::patch::PatchType;
use crate::apimachinery::schema::Definition;
use crate::apimachinery::status::Status;
use crate::apimachinery::structural::Structural;
use crate::apimachinery::table::Column;
use crate::apimachinery::time::Time;
use crate::cluster::Cluster;

/// Everything kstate knows of one kind. The defaults are those of a kind that is stored and listed, without a controller.
///
/// The order in which the API server calls them: `set_defaults`, `admit`, `prepare_for_create`, `validate`, `admit_valid`,
/// `warnings` on a create; `set_defaults`, `admit_update`, `prepare_for_update`, `validate_update`, `admit_valid`, `warnings`
/// on an update.
pub trait Kind: Sync {
    fn names(&self) -> &Names;

    /// The versions that are taken besides the stored one.
    fn other_versions(&self) -> &'static [OtherVersion] {
        &[]
    }

    /// What its objects look like, for a kind that a definition made known; the API's own document tells of all others.
    fn structural(&self) -> Option<&Structural> {
        None
    }

    /// Whether the kind is still there to be asked for. The verb and the name are those of the request.
    ///
    /// # Errors
    /// NotFound for a kind whose definition is gone.
    fn check_served(&self, _cluster: &Cluster, _verb: &str, _name: &str) -> Result<(), Status> {
        Ok(())
    }

    /// The server's answer to a request that makes an object, for kinds that are questions and are not stored.
    /// `by` is who asks, where that is not whoever can read the store.
    fn answer(&self, _object: &Object, _by: Option<&User>, _cluster: &Cluster) -> Option<Result<Object, Status>> {
        None
    }

    /// How who asks is written into a new object, for kinds whose objects keep that.
    fn requester(&self) -> Option<fn(&mut Object, &User)> {
        None
    }

    /// A stored object as the kind's version has it.
    fn served(&self, object: Arc<Object>) -> Arc<Object> {
        object
    }

    /// What the server warns of with every request for a version of the kind that is to go.
    fn deprecation(&self) -> Option<&str> {
        None
    }

    /// Whether the status is written by a request of its own, and by no other.
    fn has_status(&self) -> bool {
        let names = self.names();
        Definition::of_kind(names.api_version, names.kind).is_none_or(|d| d.field("status").is_some())
    }

    /// The columns of its table, `Name` first.
    fn columns(&self) -> &[Column];

    /// One row's cells, as many as columns. `now` is for ages.
    fn cells(&self, object: &Object, now: Time) -> Vec<String>;

    /// What `describe` prints of it, in kubectl's layout; the fields one below the other for a kind without its own.
    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::generic(object, view, out)
    }

    /// How its names look; almost all kinds want a DNS subdomain.
    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    /// Fills in what the API fills in, on every write.
    fn set_defaults(&self, _object: &mut Object) {}

    /// Clears what a client may not set (status), and sets what the strategy sets on a new object.
    fn prepare_for_create(&self, object: &mut Object) {
        object.remove("/status");
    }

    /// Mutating admission and allocation: default storage class, service account, cluster IPs. May refuse.
    fn admit(&self, _object: &mut Object, _cluster: &Cluster) -> Result<(), Status> {
        Ok(())
    }

    /// As `admit`, for an update: allocation that a change of the spec asks for. Called before `prepare_for_update`.
    fn admit_update(&self, _new: &mut Object, _old: &Object, _cluster: &Cluster) -> Result<(), Status> {
        Ok(())
    }

    /// Validating admission of a new or changed object that was found valid: its namespace's limits. May refuse.
    fn admit_valid(&self, _new: &Object, _old: Option<&Object>, _cluster: &Cluster) -> Result<(), Status> {
        Ok(())
    }

    /// What its objects count for in a ResourceQuota.
    fn evaluator(&self) -> &'static dyn quota::Evaluator {
        &quota::ByCount
    }

    /// Validates a new object; metadata is validated for all kinds by the API server.
    fn validate(&self, _object: &Object) -> Errors {
        Errors::default()
    }

    /// Carries over what an update through the main resource may not change (status).
    fn prepare_for_update(&self, new: &mut Object, old: &Object) {
        match old.at("/status") {
            Some(status) => new.set("/status", status.clone()),
            None => drop(new.remove("/status")),
        }
    }

    /// Validates an update; `validate` is not called before it.
    fn validate_update(&self, new: &Object, _old: &Object) -> Errors {
        self.validate(new)
    }

    /// What the server warns of when an object is written, after it was found valid; `old` is the object before an update.
    fn warnings(&self, _new: &Object, _old: Option<&Object>) -> Vec<String> {
        Vec::new()
    }

    /// Whether a finalizer that is none of Kubernetes' own needs a domain, as wherever core's validation of metadata is used.
    fn finalizers_need_domain(&self) -> bool {
        true
    }

    /// Whether `metadata.generation` is kept, and grows with each change outside metadata and status.
    fn has_generation(&self) -> bool {
        false
    }

    /// Whether a user's change of the annotations counts for the generation too, as where they are handed on.
    fn has_annotations_counted(&self) -> bool {
        false
    }

    /// How long the object lives on after a deletion was asked for, in seconds; 0 for at once (finalizers apart).
    fn grace_period(&self, _object: &Object) -> i64 {
        0
    }

    /// Validating admission of a deletion. May refuse.
    fn admit_delete(&self, _object: &Object) -> Result<(), Status> {
        Ok(())
    }

    /// Whether the kind itself keeps a deleted object alive, apart from `metadata.finalizers`; it then ends by
    /// [`plan::Action::Remove`]. A namespace's `spec.finalizers` do.
    fn outlives_deletion(&self, _object: &Object) -> bool {
        false
    }

    /// What a deletion that has to wait changes besides `metadata.deletionTimestamp`.
    fn prepare_for_delete(&self, _object: &mut Object) {}

    /// The controller: what to do about an object, as data. Must plan nothing when nothing is to be done.
    fn reconcile(&self, _object: &Arc<Object>, _cluster: &Cluster, _now: Time) -> Result<Plan, Status> {
        Ok(Plan::nothing())
    }

    /// Whether anything can come of looking at an object that nobody owns and nobody deletes. Not so for what is only read:
    /// an event, of which each transition makes one.
    fn is_looked_at(&self) -> bool {
        true
    }

    /// Whether a change concerns nobody but the object's own controllers, so that its owner and who watches its kind need not
    /// look: for a kind of which there may be very many under one owner.
    fn is_note(&self, _old: &Object, _new: &Object, _cluster: &Cluster) -> Result<bool, Status> {
        Ok(false)
    }

    /// The fields that a list can be selected by besides `metadata.name` and `metadata.namespace`: each with the JSON
    /// pointer to its value.
    fn selectable_fields(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// The parts of an object that its cells, its name and labels, and its selectable fields are made of, for a kind of which there
    /// may be very many; `None` where the whole object is read for a row.
    fn row_outline(&self) -> Option<&'static Outline> {
        None
    }

    /// The selector of the pods that an object stands for, when `exec` or `logs` name the object; `None` for a kind
    /// that stands for no pods.
    fn pod_selector(&self, _object: &Object) -> Option<Result<Selector, String>> {
        None
    }

    /// What a subresource that writes a part of the spec does; `None` for one that the kind does not have.
    fn spec_part(&self, _subresource: &str) -> Option<&'static dyn SpecPart> {
        None
    }

    /// What the scale subresource reads and writes; `None` for a kind that has none.
    fn scale(&self) -> Option<ScalePaths<'_>> {
        None
    }

    /// Whether the controller only follows others (a Service's endpoints follow its pods): it then runs once they have
    /// settled at an instant, instead of after each of their steps.
    fn settles_last(&self) -> bool {
        false
    }

    /// What a service for the object needs to know of it; `None` for a kind that `expose` does not take.
    fn exposure(&self, _object: &Object) -> Option<Exposure> {
        None
    }

    /// How far the object's rollout is, or why that cannot be said; `None` for a kind without rollouts. `revision` is the one
    /// that must be rolled out, 0 for any.
    fn rollout_status(&self, _object: &Object, _revision: i64) -> Option<Result<Progress, String>> {
        None
    }

    /// The object's revisions, oldest first; `None` for a kind without any.
    fn rollout_history(&self, _object: &Object, _cluster: &Cluster) -> Result<Option<Vec<Revision>>, Status> {
        Ok(None)
    }

    /// Whether kubectl knows the kind to have no history; of other kinds without one it says that it does not know them.
    fn is_visited_without_history(&self) -> bool {
        false
    }

    /// What kubectl says before the template that an undone rollout would go back to.
    fn rollback_announcement(&self) -> &'static str {
        "will roll back to "
    }

    /// The patch that makes the object what it was at a revision; `None` when it is that already.
    fn rollback(&self, _object: &Object, _to: &Revision) -> Result<Option<(PatchType, Value)>, String> {
        Ok(None)
    }

    /// The object with a template that asks for new pods.
    fn restarted(&self, _object: &Object, _at: &str) -> Result<Object, String> {
        Err("restarting is not supported".to_owned())
    }

    /// The object with its rollout paused, or resumed.
    fn paused(&self, _object: &Object, pause: bool) -> Result<Object, String> {
        Err(if pause { "pausing is not supported" } else { "resuming is not supported" }.to_owned())
    }

    /// Takes off what this cluster allotted and another one allots anew, for a manifest of the object; `false` for an object
    /// that a cluster makes by itself. Metadata, status and what controllers own are seen to for all kinds.
    fn export(&self, _object: &mut Object, _cluster: &Cluster) -> Result<bool, Status> {
        Ok(true)
    }

    /// What kubectl's own type of the kind writes of an object, whoever set it.
    fn written(&self) -> Written {
        Written { pod_spec: None, zeros: &[] }
    }

    /// How a container's variable names a key of such an object, for a kind that variables are made from.
    fn key_reference(&self) -> Option<&'static str> {
        None
    }

    /// Whether the kind keeps a pod on each node, which is not lost when the node is drained.
    fn has_a_pod_on_each_node(&self) -> bool {
        false
    }

    /// Whether its objects can be tainted.
    fn takes_taints(&self) -> bool {
        false
    }

    /// Whether [`Kind::hints`] may have something to say.
    fn has_hints(&self) -> bool {
        false
    }

    /// What a person would want to know of the object that a cluster does not say; printed for those who ask for hints.
    fn hints(&self, _object: &Object, _cluster: &Cluster) -> Result<Vec<String>, Status> {
        Ok(Vec::new())
    }

    /// Which changes of other kinds run this kind's controller. An object's own changes always do.
    fn triggers(&self) -> &'static [Trigger] {
        &[]
    }
}
