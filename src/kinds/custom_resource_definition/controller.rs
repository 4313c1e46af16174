//! What becomes of a definition: its names are accepted if nobody else has them; its objects go before it does.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::RESOURCE;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::kinds::plan::{Action, Plan};
use crate::kinds::pod::Fields;
use crate::kinds::{ANY_CUSTOM, Trigger};

/// Keeps a definition until its objects are gone.
const FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";
const APPROVAL: &str = "api-approved.kubernetes.io";

pub const TRIGGERS: &[Trigger] =
    &[Trigger { resource: RESOURCE, keys: same_group }, Trigger { resource: ANY_CUSTOM, keys: terminating }];

/// Others may have waited for the names of a definition that changed or went.
fn same_group(changed: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    let same = |o: &Arc<Object>| o.str_at("/spec/group") == changed.str_at("/spec/group") && o.name() != changed.name();
    let others = cluster.list(RESOURCE, None)?.into_iter().filter(same);
    Ok(others.map(|o| Key::cluster(RESOURCE, o.name())).collect())
}

/// A definition that is on its way out waits for its objects.
fn terminating(object: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    let group = object.api_version().split('/').next().unwrap_or_default();
    let is_of = |d: &Arc<Object>| {
        d.deletion_timestamp().is_some()
            && d.str_at("/spec/group") == group
            && d.str_at("/spec/names/kind") == object.kind()
    };
    let definitions = cluster.list(RESOURCE, None)?.into_iter().filter(is_of);
    Ok(definitions.map(|d| Key::cluster(RESOURCE, d.name())).collect())
}

/// What a deletion changes: the finalizer, and word of what comes.
pub fn begin_cleanup(definition: &mut Object) {
    definition.add_finalizer(FINALIZER);
    let at = definition.str_at("/metadata/deletionTimestamp").to_owned();
    let why = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
    set_condition(definition, condition("Terminating", "True", "InstanceDeletionPending", why), &at);
}

/// What to do about a definition.
pub fn reconcile(definition: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    match definition.deletion_timestamp() {
        Some(_) if definition.has_finalizer(FINALIZER) => clean_up(definition, cluster, now),
        Some(_) => Ok(Plan::nothing()),
        None => accept(definition, cluster, now),
    }
}

fn clean_up(definition: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    let mut new = Object::clone(definition);
    let left = cluster.list_keyed(definition.name(), None)?;
    if left.is_empty() {
        let why = condition("Terminating", "False", "InstanceDeletionCompleted", "removed all instances");
        set_condition(&mut new, why, &time::to_rfc3339(now));
        if new != **definition {
            plan.push(Action::UpdateStatus(new.clone()));
        }
        new.remove_finalizer(FINALIZER);
        new.remove("/metadata/resourceVersion");
        plan.push(Action::Update(new));
        return Ok(plan);
    }
    let why = condition("Terminating", "True", "InstanceDeletionInProgress", "CustomResource deletion is in progress");
    set_condition(&mut new, why, &time::to_rfc3339(now));
    if new != **definition {
        plan.push(Action::UpdateStatus(new));
    }
    for (key, object) in left.into_iter().filter(|(_, o)| o.deletion_timestamp().is_none()) {
        plan.push(Action::Delete { key, uid: object.uid().to_owned() });
    }
    Ok(plan)
}

/// Accepts the names that no other definition of the group has; the kind is served once all of them are.
fn accept(definition: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    let mut new = Object::clone(definition);
    let at = time::to_rfc3339(now);
    if let Some(approval) = approval(definition) {
        set_condition(&mut new, approval, &at);
    }
    let taken = Taken::by_others(definition, cluster)?;
    let (names, conflict) = taken.accept(definition);
    let named = match &conflict {
        Some((reason, message)) => condition("NamesAccepted", "False", reason, message),
        None => condition("NamesAccepted", "True", "NoConflicts", "no conflicts found"),
    };
    new.set("/status/acceptedNames", names);
    set_condition(&mut new, named, &at);
    let is_established = definition.list_at("/status/conditions").iter().any(|c| is_true(c, "Established"));
    if conflict.is_none() {
        let why = "the initial names have been accepted";
        set_condition(&mut new, condition("Established", "True", "InitialNamesAccepted", why), &at);
    } else if !is_established {
        set_condition(&mut new, condition("Established", "False", "NotAccepted", "not all names are accepted"), &at);
    }
    if new != **definition {
        plan.push(Action::UpdateStatus(new));
    }
    Ok(plan)
}

/// The names that other definitions of a group have.
struct Taken {
    resources: BTreeSet<String>,
    kinds: BTreeSet<String>,
}

impl Taken {
    fn by_others(definition: &Object, cluster: &Cluster) -> Result<Taken, Status> {
        let mut taken = Taken { resources: BTreeSet::new(), kinds: BTreeSet::new() };
        for other in cluster.list(RESOURCE, None)? {
            if other.str_at("/spec/group") != definition.str_at("/spec/group") || other.name() == definition.name() {
                continue;
            }
            let Some(names) = other.at("/status/acceptedNames") else { continue };
            let short = names.texts("shortNames").into_iter().map(str::to_owned);
            let both = ["plural", "singular"].iter().map(|f| names.text(f).to_owned());
            taken.resources.extend(short.chain(both).filter(|n| !n.is_empty()));
            taken.kinds.extend(["kind", "listKind"].iter().map(|f| names.text(f).to_owned()).filter(|n| !n.is_empty()));
        }
        Ok(taken)
    }

    /// The accepted names, and the last conflict with its reason.
    fn accept(&self, definition: &Object) -> (Value, Option<(&'static str, String)>) {
        let asked = definition.at("/spec/names").cloned().unwrap_or_default();
        let mut names = definition.at("/status/acceptedNames").cloned().unwrap_or_else(|| json!({}));
        let mut conflict = None;
        let fields = [
            ("plural", "PluralConflict", &self.resources),
            ("singular", "SingularConflict", &self.resources),
            ("shortNames", "ShortNamesConflict", &self.resources),
            ("kind", "KindConflict", &self.kinds),
            ("listKind", "ListKindConflict", &self.kinds),
        ];
        for (field, reason, taken) in fields {
            let wanted = if field == "shortNames" { asked.texts(field) } else { vec![asked.text(field)] };
            let used: Vec<String> =
                wanted.iter().filter(|n| taken.contains(**n)).map(|n| format!("{n:?} is already in use")).collect();
            match used.as_slice() {
                [] => put(&mut names, &asked, field),
                [one] => conflict = Some((reason, one.clone())),
                many => conflict = Some((reason, format!("[{}]", many.join(", ")))),
            }
        }
        put(&mut names, &asked, "categories");
        (names, conflict)
    }
}

fn put(names: &mut Value, asked: &Value, field: &str) {
    let Value::Object(map) = names else { return };
    match asked.get(field) {
        Some(value) => map.insert(field.to_owned(), value.clone()),
        None => map.remove(field),
    };
}

/// What is said of a definition in one of the Kubernetes community's groups.
fn approval(definition: &Object) -> Option<Value> {
    let given = definition.annotation(APPROVAL)?;
    let (status, reason, message) = if given.starts_with("unapproved") {
        ("False", "UnapprovedAnnotation", format!("not approved: {given:?}"))
    } else {
        ("True", "ApprovedAnnotation", format!("approved in {given}"))
    };
    Some(condition("KubernetesAPIApprovalPolicyConformant", status, reason, &message))
}

fn is_true(condition: &Value, of: &str) -> bool {
    condition.text("type") == of && condition.text("status") == "True"
}

fn condition(of: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({"type": of, "status": status, "reason": reason, "message": message})
}

/// Sets a condition; the time is that of the last change of its status.
fn set_condition(definition: &mut Object, mut condition: Value, at: &str) {
    let mut conditions = definition.list_at("/status/conditions").to_vec();
    let known = conditions.iter_mut().find(|c| c.text("type") == condition.text("type"));
    let since = known.as_ref().filter(|c| c.text("status") == condition.text("status"));
    condition["lastTransitionTime"] = since.map_or_else(|| at.into(), |c| c.text("lastTransitionTime").into());
    match known {
        Some(known) => *known = condition,
        None => conditions.push(condition),
    }
    definition.set("/status/conditions", Value::Array(conditions));
}
