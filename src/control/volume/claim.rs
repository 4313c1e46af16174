//! What becomes of a PersistentVolumeClaim: protected while used, bound to a volume that fits, or provisioned.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    BIND_COMPLETED, BOUND_BY_CONTROLLER, NO_PROVISIONER, PROVISIONED_BY, PV_CONTROLLER, PV_PROTECTION, PVC_PROTECTION,
    SELECTED_NODE, SOURCE, resize,
};
use crate::apimachinery::key::Key;
use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::{Cluster, Indexer};
use crate::control::Controller;
use crate::control::pace::{Pace, Step, is_pace};
use crate::kinds::Trigger;
use crate::kinds::plan::{Action, EventRecord, Plan};
use crate::kinds::why::{self, Reason};

/// Who provisions for classes that nobody made.
const ANY_PROVISIONER: &str = "kstate/any";

pub(crate) static CONTROLLER: Controller = Controller {
    resource: "persistentvolumeclaims",
    reconcile,
    triggers: &[
        Trigger { resource: "pods", keys: claims_of_pod },
        Trigger { resource: "persistentvolumes", keys: claims_for_volume },
        Trigger { resource: "storageclasses.storage.k8s.io", keys: |_, cluster| pending_claims(cluster) },
        Trigger { resource: "configmaps", keys: claims_at_new_pace },
    ],
};

fn reconcile(claim: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    if claim.deletion_timestamp().is_some() {
        return unprotect(claim, cluster);
    }
    match claim.str_at("/spec/volumeName") {
        "" => bind(claim, cluster, now),
        volume => complete(claim, volume, cluster, now),
    }
}

/// Lets a claim go once no pod on a node uses it any more. A pod without a node gets none while its claim is going.
fn unprotect(claim: &Arc<Object>, cluster: &Cluster) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    if claim.has_finalizer(PVC_PROTECTION) && !is_in_use(claim, cluster)? {
        let mut free = Object::clone(claim);
        free.remove_finalizer(PVC_PROTECTION);
        plan.push(Action::Update(free));
    }
    if claim.has_finalizer(PVC_PROTECTION) && cluster.is_asked_why() {
        let mut reason =
            Reason::new("pvc-protection-controller", key_of(claim), "it goes once no pod uses it".to_owned());
        let users = cluster.indexed(&PODS_BY_CLAIM, &format!("{}/{}", claim.namespace(), claim.name()))?;
        reason.waits_for.extend(users.into_iter().map(|(key, _)| key));
        plan.because(cluster, || reason);
    }
    Ok(plan)
}

fn key_of(claim: &Object) -> Key {
    Key::new("persistentvolumeclaims", claim.namespace(), claim.name())
}

/// Whether a pod that has a node, and has not ended, mounts a claim.
fn is_in_use(claim: &Object, cluster: &Cluster) -> Result<bool, Status> {
    let pods = cluster.indexed(&PODS_BY_CLAIM, &format!("{}/{}", claim.namespace(), claim.name()))?;
    let has_ended = |pod: &Object| matches!(pod.str_at("/status/phase"), "Succeeded" | "Failed");
    Ok(pods.iter().any(|(_, pod)| !has_ended(pod) && !pod.str_at("/spec/nodeName").is_empty()))
}

/// Pods by the claims they mount, as `namespace/name`.
pub static PODS_BY_CLAIM: Indexer = Indexer {
    name: "pods-by-claim",
    resource: "pods",
    values: |pod| claim_names(pod).map(|name| format!("{}/{name}", pod.namespace())).collect(),
};

/// Volumes by the claim they are reserved for, as `namespace/name`.
pub static VOLUMES_BY_CLAIM: Indexer = Indexer {
    name: "volumes-by-claim",
    resource: "persistentvolumes",
    values: |volume| {
        let reference = |part: &str| volume.str_at(&format!("/spec/claimRef/{part}"));
        match reference("name") {
            "" => Vec::new(),
            name => vec![format!("{}/{name}", reference("namespace"))],
        }
    },
};

/// Volumes that no claim has, by their class.
pub static FREE_VOLUMES: Indexer = Indexer {
    name: "free-volumes",
    resource: "persistentvolumes",
    values: |volume| match volume.at("/spec/claimRef") {
        Some(_) => Vec::new(),
        None => vec![volume.str_at("/spec/storageClassName").to_owned()],
    },
};

/// Claims that are not bound yet, all under one value.
pub static PENDING_CLAIMS: Indexer = Indexer {
    name: "pending-claims",
    resource: "persistentvolumeclaims",
    values: |claim| match claim.str_at("/status/phase") {
        "Bound" => Vec::new(),
        _ => vec![String::new()],
    },
};

/// The claims a pod's volumes name.
pub fn claim_names(pod: &Object) -> impl Iterator<Item = String> {
    let name = |v: &Value| {
        let claim = v["persistentVolumeClaim"]["claimName"].as_str().map(str::to_owned);
        // A generic ephemeral volume's claim is named after the pod and the volume.
        let ephemeral = || Some(format!("{}-{}", pod.name(), v.get("ephemeral").and(v.get("name"))?.as_str()?));
        claim.or_else(ephemeral)
    };
    pod.list_at("/spec/volumes").iter().filter_map(name)
}

/// A claim with a volume's name: the binding is written on both sides, then the status follows.
fn complete(claim: &Arc<Object>, volume: &str, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    let mut new = Object::clone(claim);
    let Some(volume) = cluster.get(&Key::cluster("persistentvolumes", volume))? else {
        if claim.str_at("/status/phase") == "Bound" {
            new.set("/status", json!({"phase": "Lost"}));
            plan.push(Action::UpdateStatus(new));
            plan.push(Action::Event(EventRecord::warning(
                claim,
                SOURCE,
                "ClaimLost",
                "Bound claim has lost its PersistentVolume. Data on the volume is lost!".to_owned(),
            )));
        }
        let named = claim.str_at("/spec/volumeName");
        because(&mut plan, claim, cluster, || format!("it names persistentvolume/{named}, which does not exist"));
        return Ok(plan);
    };
    if volume.str_at("/spec/claimRef/name").is_empty() {
        return take_named(claim, &volume, cluster);
    }
    if !is_claimed_by(&volume, claim) {
        let (volume, other) = (volume.name(), volume.str_at("/spec/claimRef/name"));
        let text = || format!("it names persistentvolume/{volume}, which another claim has ({other})");
        because(&mut plan, claim, cluster, text);
        return Ok(plan);
    }
    if claim.annotation(BIND_COMPLETED).is_none() {
        new.set_annotation(BIND_COMPLETED, "yes");
        plan.push(Action::Update(new));
        return Ok(plan);
    }
    let status = json!({
        "phase": "Bound",
        "accessModes": volume.at("/spec/accessModes").cloned().unwrap_or_default(),
        "capacity": {"storage": volume.str_at("/spec/capacity/storage")},
    });
    if claim.str_at("/status/phase") != "Bound" {
        new.set("/status", status);
        plan.push(Action::UpdateStatus(new));
        return Ok(plan);
    }
    resize::reconcile(claim, &volume, cluster, now)
}

/// The class of a claim without a complete binding, when it binds no claim before a pod that uses it has a node.
pub fn class_that_waits(claim: &Object, cluster: &Cluster) -> Result<Option<Arc<Object>>, Status> {
    let name = claim.str_at("/spec/storageClassName");
    let class = cluster.get(&Key::cluster("storageclasses.storage.k8s.io", name))?;
    Ok(class.filter(|class| class.str_at("/volumeBindingMode") == "WaitForFirstConsumer"))
}

/// The volume that the user named in the claim is free: it is taken when it satisfies the claim.
fn take_named(claim: &Arc<Object>, volume: &Object, cluster: &Cluster) -> Result<Plan, Status> {
    let wanted = quantity(claim.str_at("/spec/resources/requests/storage"));
    let why = if quantity(volume.str_at("/spec/capacity/storage")) < wanted {
        "requested PV is too small"
    } else if volume.str_at("/spec/storageClassName") != claim.str_at("/spec/storageClassName") {
        "storageClassName does not match"
    } else if mode_of(volume) != mode_of(claim) {
        "incompatible volumeMode"
    } else if !has_modes(volume, claim) {
        "incompatible accessMode"
    } else {
        return Ok(Plan { actions: vec![Action::Update(reserved_for(volume, claim))], ..Plan::default() });
    };
    let message = format!("Cannot bind to requested volume {:?}: {why}", volume.name());
    event_once(cluster, claim, EventRecord::warning(claim, SOURCE, "VolumeMismatch", message))
}

/// A claim without a volume: one that fits, or a new one of its class.
fn bind(claim: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let waits = class_that_waits(claim, cluster)?.is_some() && claim.annotation(SELECTED_NODE).is_none();
    let volume = if waits { reserved_volume(claim, cluster)? } else { best_volume(claim, cluster)? };
    if let Some(volume) = volume {
        return Ok(bind_to(claim, &volume));
    }
    if waits {
        return wait_for_consumer(claim, cluster, now);
    }
    let class_name = claim.str_at("/spec/storageClassName");
    if class_name.is_empty() {
        return no_volume_fits(claim, cluster);
    }
    let known = cluster.get(&Key::cluster("storageclasses.storage.k8s.io", class_name))?;
    let Some(class) = known.or(unknown_class(class_name, cluster)?) else {
        let why = format!("storageclass.storage.k8s.io {class_name:?} not found");
        let event = EventRecord::warning(claim, SOURCE, "ProvisioningFailed", why);
        return event_once(cluster, claim, event);
    };
    if class.str_at("/provisioner") == NO_PROVISIONER {
        return no_volume_fits(claim, cluster);
    }
    provision(claim, &class, cluster, now)
}

/// A class that nobody made, where the pace says `provision: any`.
fn unknown_class(name: &str, cluster: &Cluster) -> Result<Option<Arc<Object>>, Status> {
    let mut class = Object::new("storage.k8s.io/v1", "StorageClass", "", name);
    class.set("/provisioner", ANY_PROVISIONER.into());
    class.set("/reclaimPolicy", "Delete".into());
    Ok(Pace::of(cluster)?.says("provision", "any").then(|| Arc::new(class)))
}

/// Says what the claim waits for: a pod, or the node of one. The first look at a new claim sees no pod yet.
fn wait_for_consumer(claim: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let is_new = claim.creation_timestamp().is_some_and(|at| (now - at).num_seconds() < 1);
    let users = cluster.indexed(&PODS_BY_CLAIM, &format!("{}/{}", claim.namespace(), claim.name()))?;
    let without_node = users.iter().filter(|(_, pod)| pod.str_at("/spec/nodeName").is_empty());
    let names: Vec<&str> = without_node.map(|(_, pod)| pod.name()).collect();
    match names.as_slice() {
        [_, ..] if !is_new => {
            let why = match names.as_slice() {
                [name] => format!("waiting for pod {name} to be scheduled"),
                names => format!("waiting for pods {} to be scheduled", names.join(",")),
            };
            let mut plan = complain(claim, cluster, "WaitForPodScheduled", why)?;
            let keys = names.iter().map(|name| Key::new("pods", claim.namespace(), name));
            plan.reasons.iter_mut().for_each(|r| r.waits_for.extend(keys.clone()));
            Ok(plan)
        }
        _ => {
            let why = "waiting for first consumer to be created before binding".to_owned();
            complain(claim, cluster, "WaitForFirstConsumer", why)
        }
    }
}

/// Says that there is no volume for the claim; to those who ask, what each of those that are free lacks.
fn no_volume_fits(claim: &Arc<Object>, cluster: &Cluster) -> Result<Plan, Status> {
    let why = "no persistent volumes available for this claim and no storage class is set".to_owned();
    let mut plan = complain(claim, cluster, "FailedBinding", why)?;
    if !cluster.is_asked_why() {
        return Ok(plan);
    }
    let class = claim.str_at("/spec/storageClassName");
    for volume in cluster.list("persistentvolumes", None)? {
        let of_class = volume.str_at("/spec/storageClassName");
        let text = match volume.at("/spec/claimRef/name").and_then(Value::as_str) {
            Some(_) if of_class != class => continue,
            Some(other) => format!("another claim has it ({other})"),
            None if of_class != class => format!("its class is {of_class:?}, not {class:?}"),
            None => lacks(&volume, claim).unwrap_or("it is not for this claim").to_owned(),
        };
        because(&mut plan, claim, cluster, || format!("persistentvolume/{}: {text}", volume.name()));
    }
    Ok(plan)
}

fn complain(claim: &Arc<Object>, cluster: &Cluster, reason: &'static str, why: String) -> Result<Plan, Status> {
    event_once(cluster, claim, EventRecord::normal(claim, SOURCE, reason, why))
}

/// An event that is told once per claim: a cluster repeats it every 15 seconds, which nothing here has to wait for.
fn event_once(cluster: &Cluster, claim: &Arc<Object>, event: EventRecord) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    because(&mut plan, claim, cluster, || event.message.clone());
    let told = cluster.list_prefixed("events", claim.namespace(), &format!("{}.", claim.name()))?;
    let same = |e: &Arc<Object>| e.str_at("/involvedObject/uid") == claim.uid() && e.str_at("/reason") == event.reason;
    if !told.iter().any(same) {
        plan.push(Action::Event(event));
    }
    Ok(plan)
}

/// Step by step, each its own transition: the claim says who provisions, the volume is made, the claim is bound to it.
fn provision(claim: &Arc<Object>, class: &Object, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    let provisioner = class.str_at("/provisioner");
    if claim.annotation("volume.kubernetes.io/storage-provisioner") != Some(provisioner) {
        let mut new = Object::clone(claim);
        new.set_annotation("volume.beta.kubernetes.io/storage-provisioner", provisioner);
        new.set_annotation("volume.kubernetes.io/storage-provisioner", provisioner);
        new.internal.insert("provisionSince", time::to_rfc3339_micro(now).into());
        plan.push(Action::Update(new));
        return Ok(plan);
    }
    let since = claim.internal.get("provisionSince").and_then(Value::as_str).and_then(time::parse);
    let took = Pace::of(cluster)?.of_step(Step::VolumeProvision);
    let done = time::later(since.or(claim.creation_timestamp()).unwrap_or(now), took);
    if now < done {
        plan.requeue(done);
        let text = || format!("{provisioner} makes its volume {} (the pace's volume-provision)", why::at(done, now));
        because(&mut plan, claim, cluster, text);
        return Ok(plan);
    }
    let name = format!("pvc-{}", claim.uid());
    plan.push(Action::Create(new_volume(claim, class, &name)));
    let why = format!("Successfully provisioned volume {name} using {provisioner}");
    plan.push(Action::Event(EventRecord::normal(claim, SOURCE, "ProvisioningSucceeded", why)));
    Ok(plan)
}

fn because(plan: &mut Plan, claim: &Object, cluster: &Cluster, text: impl FnOnce() -> String) {
    plan.because(cluster, || Reason::new(SOURCE, key_of(claim), text()));
}

fn new_volume(claim: &Object, class: &Object, name: &str) -> Object {
    let mut volume = Object::new("v1", "PersistentVolume", "", name);
    volume.set_annotation(PROVISIONED_BY, class.str_at("/provisioner"));
    volume.set_annotation(BOUND_BY_CONTROLLER, "yes");
    volume.set("/metadata/finalizers", json!([PV_CONTROLLER, PV_PROTECTION]));
    let copied = |pointer: &str| claim.at(pointer).cloned().unwrap_or_default();
    volume.set("/spec/accessModes", copied("/spec/accessModes"));
    volume.set("/spec/capacity/storage", copied("/spec/resources/requests/storage"));
    volume.set("/spec/claimRef", claim_reference(claim));
    volume.set("/spec/hostPath", json!({"path": format!("/volumes/{name}"), "type": ""}));
    volume.set("/spec/persistentVolumeReclaimPolicy", class.str_at("/reclaimPolicy").into());
    volume.set("/spec/storageClassName", class.name().into());
    volume.set("/spec/volumeMode", copied("/spec/volumeMode"));
    volume
}

fn claim_reference(claim: &Object) -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": claim.namespace(), "name": claim.name(),
        "uid": claim.uid(), "resourceVersion": claim.str_at("/metadata/resourceVersion"),
    })
}

/// Whether a volume is reserved for a claim: by uid, or by name before the claim existed.
pub fn is_claimed_by(volume: &Object, claim: &Object) -> bool {
    let uid = volume.str_at("/spec/claimRef/uid");
    volume.str_at("/spec/claimRef/name") == claim.name()
        && volume.str_at("/spec/claimRef/namespace") == claim.namespace()
        && (uid.is_empty() || uid == claim.uid())
}

/// The volume that is reserved for a claim.
fn reserved_volume(claim: &Object, cluster: &Cluster) -> Result<Option<Arc<Object>>, Status> {
    let reserved = cluster.indexed(&VOLUMES_BY_CLAIM, &format!("{}/{}", claim.namespace(), claim.name()))?;
    Ok(reserved.into_iter().map(|(_, volume)| volume).find(|v| is_claimed_by(v, claim)))
}

/// The smallest volume that fits; one that is reserved for the claim goes first.
fn best_volume(claim: &Object, cluster: &Cluster) -> Result<Option<Arc<Object>>, Status> {
    match reserved_volume(claim, cluster)? {
        Some(reserved) => Ok(Some(reserved)),
        None => Ok(fitting_volumes(claim, cluster)?.into_iter().next()),
    }
}

/// The free volumes that fit a claim, smallest first.
pub fn fitting_volumes(claim: &Object, cluster: &Cluster) -> Result<Vec<Arc<Object>>, Status> {
    if let Some(reserved) = reserved_volume(claim, cluster)? {
        return Ok(vec![reserved]);
    }
    let volumes = cluster.indexed(&FREE_VOLUMES, claim.str_at("/spec/storageClassName"))?;
    let mut fitting: Vec<Arc<Object>> =
        volumes.into_iter().map(|(_, volume)| volume).filter(|v| lacks(v, claim).is_none()).collect();
    fitting.sort_by_cached_key(|v| quantity(v.str_at("/spec/capacity/storage")));
    Ok(fitting)
}

/// Why a free volume of the claim's class is not one for it.
fn lacks(volume: &Object, claim: &Object) -> Option<&'static str> {
    let wanted = quantity(claim.str_at("/spec/resources/requests/storage"));
    let selector = match claim.at("/spec/selector") {
        Some(selector) => Selector::from_label_selector(selector).ok(),
        None => Some(Selector::everything()),
    };
    if volume.deletion_timestamp().is_some() {
        Some("it is being deleted")
    } else if mode_of(volume) != mode_of(claim) {
        Some("its volumeMode is another")
    } else if !has_modes(volume, claim) {
        Some("it does not have all the access modes")
    } else if !selector.is_some_and(|s| s.matches(volume.labels())) {
        Some("the claim's selector does not select it")
    } else if quantity(volume.str_at("/spec/capacity/storage")) < wanted {
        Some("it is too small")
    } else {
        None
    }
}

/// A volume with a claim's reference, which the controller wrote.
pub fn reserved_for(volume: &Object, claim: &Object) -> Object {
    let mut taken = volume.clone();
    if taken.at("/spec/claimRef").is_none() {
        taken.set_annotation(BOUND_BY_CONTROLLER, "yes");
    }
    taken.set("/spec/claimRef", claim_reference(claim));
    taken
}

pub fn quantity(text: &str) -> Option<Quantity> {
    Quantity::parse(text).ok()
}

fn mode_of(object: &Object) -> &str {
    match object.str_at("/spec/volumeMode") {
        "" => "Filesystem",
        mode => mode,
    }
}

fn has_modes(volume: &Object, claim: &Object) -> bool {
    let offered = volume.list_at("/spec/accessModes");
    claim.list_at("/spec/accessModes").iter().all(|mode| offered.contains(mode))
}

/// The volume takes the claim's reference first, then the claim the volume's name.
fn bind_to(claim: &Arc<Object>, volume: &Arc<Object>) -> Plan {
    let mut plan = Plan::nothing();
    if volume.str_at("/spec/claimRef/uid") != claim.uid() {
        plan.push(Action::Update(reserved_for(volume, claim)));
        return plan;
    }
    let mut bound = Object::clone(claim);
    bound.set("/spec/volumeName", volume.name().into());
    bound.set_annotation(BOUND_BY_CONTROLLER, "yes");
    bound.set_annotation(BIND_COMPLETED, "yes");
    plan.push(Action::Update(bound));
    plan
}

fn claims_of_pod(pod: &Object, _cluster: &Cluster) -> Result<Vec<Key>, Status> {
    Ok(claim_names(pod).map(|name| Key::new("persistentvolumeclaims", pod.namespace(), &name)).collect())
}

/// The claim a volume is reserved for; every waiting claim, for a volume that is free.
fn claims_for_volume(volume: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    match volume.str_at("/spec/claimRef/name") {
        "" => pending_claims(cluster),
        name => Ok(vec![Key::new("persistentvolumeclaims", volume.str_at("/spec/claimRef/namespace"), name)]),
    }
}

fn pending_claims(cluster: &Cluster) -> Result<Vec<Key>, Status> {
    Ok(cluster.indexed(&PENDING_CLAIMS, "")?.into_iter().map(|(key, _)| key).collect())
}

fn claims_at_new_pace(object: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    if is_pace(object) { pending_claims(cluster) } else { Ok(Vec::new()) }
}
