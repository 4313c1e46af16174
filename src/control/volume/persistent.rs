//! What becomes of a PersistentVolume: available, bound, released, reclaimed.

use std::sync::Arc;

use super::{PROVISIONED_BY, PV_CONTROLLER, PV_PROTECTION, SOURCE, claim::VOLUMES_BY_CLAIM, claim::is_claimed_by};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::control::Controller;
use crate::kinds::plan::{Action, EventRecord, Plan};
use crate::kinds::why::Reason;
use crate::kinds::{Trigger, deletion_problem};

pub(crate) static CONTROLLER: Controller = Controller {
    resource: "persistentvolumes",
    reconcile,
    triggers: &[Trigger { resource: "persistentvolumeclaims", keys: volume_of_claim }],
};

fn reconcile(volume: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let phase = phase(volume, cluster)?;
    if volume.deletion_timestamp().is_some() {
        let mut plan = unprotect(volume, phase);
        if phase == "Bound" {
            plan.because(cluster, || {
                let claim = Key::new(
                    "persistentvolumeclaims",
                    volume.str_at("/spec/claimRef/namespace"),
                    volume.str_at("/spec/claimRef/name"),
                );
                let text = "it goes once its claim is gone".to_owned();
                Reason::new("pv-protection-controller", key_of(volume), text).waiting_for(claim)
            });
        }
        return Ok(plan);
    }
    let mut plan = Plan::nothing();
    if phase == "Released" {
        plan.because(cluster, || Reason::new(SOURCE, key_of(volume), released(volume)));
    }
    if volume.str_at("/status/phase") != phase {
        let mut new = Object::clone(volume);
        new.set("/status/phase", phase.into());
        new.remove("/status/message");
        new.set("/status/lastPhaseTransitionTime", time::to_rfc3339(now).into());
        plan.push(Action::UpdateStatus(new));
    } else if phase == "Released" && volume.str_at("/spec/persistentVolumeReclaimPolicy") == "Delete" {
        reclaim(volume, now, &mut plan);
    }
    Ok(plan)
}

fn key_of(volume: &Object) -> Key {
    Key::cluster("persistentvolumes", volume.name())
}

fn released(volume: &Object) -> String {
    let claim = format!("{}/{}", volume.str_at("/spec/claimRef/namespace"), volume.str_at("/spec/claimRef/name"));
    match volume.str_at("/spec/persistentVolumeReclaimPolicy") {
        "Delete" => format!("its claim {claim} is gone, and its reclaim policy is Delete"),
        _ => format!(
            "its claim {claim} is gone; persistentVolumeReclaimPolicy is Retain, so it is kept with its data and bound to \
             nobody else before its spec.claimRef is removed"
        ),
    }
}

/// Deletes a volume that nobody has any more. One whose storage nothing here can delete fails, and stays.
fn reclaim(volume: &Arc<Object>, now: Time, plan: &mut Plan) {
    let is_provisioned = volume.annotation(PROVISIONED_BY).is_some();
    if let Some(why) = deletion_problem(volume).filter(|_| !is_provisioned) {
        let mut failed = Object::clone(volume);
        failed.set("/status/phase", "Failed".into());
        failed.set("/status/message", why.as_str().into());
        failed.set("/status/lastPhaseTransitionTime", time::to_rfc3339(now).into());
        plan.push(Action::UpdateStatus(failed));
        plan.push(Action::Event(EventRecord::warning(volume, SOURCE, "VolumeFailedDelete", why)));
        return;
    }
    let key = Key::cluster("persistentvolumes", volume.name());
    plan.push(Action::Delete { key, uid: volume.uid().to_owned() });
}

/// A volume stays while a claim has it; a provisioned one's storage goes with it.
fn unprotect(volume: &Arc<Object>, phase: &str) -> Plan {
    let mut plan = Plan::nothing();
    if phase != "Bound" && (volume.has_finalizer(PV_PROTECTION) || volume.has_finalizer(PV_CONTROLLER)) {
        let mut free = Object::clone(volume);
        free.remove_finalizer(PV_PROTECTION);
        if volume.annotation(PROVISIONED_BY).is_some() {
            free.remove_finalizer(PV_CONTROLLER);
        }
        plan.push(Action::Update(free));
    }
    plan
}

fn phase(volume: &Object, cluster: &Cluster) -> Result<&'static str, Status> {
    let reference = |part: &str| volume.str_at(&format!("/spec/claimRef/{part}"));
    if volume.at("/spec/claimRef").is_none() || reference("uid").is_empty() {
        return Ok("Available");
    }
    let key = Key::new("persistentvolumeclaims", reference("namespace"), reference("name"));
    let claim = cluster.get(&key)?.filter(|c| is_claimed_by(volume, c));
    Ok(match claim {
        Some(_) => "Bound",
        // Its deletion failed once; nothing here makes another attempt end otherwise.
        None if volume.str_at("/status/phase") == "Failed" => "Failed",
        None => "Released",
    })
}

fn volume_of_claim(claim: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    let named = claim.str_at("/spec/volumeName");
    if !named.is_empty() {
        return Ok(vec![Key::cluster("persistentvolumes", named)]);
    }
    let reserved = cluster.indexed(&VOLUMES_BY_CLAIM, &format!("{}/{}", claim.namespace(), claim.name()))?;
    Ok(reserved.into_iter().filter(|(_, v)| is_claimed_by(v, claim)).map(|(key, _)| key).collect())
}
