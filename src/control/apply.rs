//! A plan's actions as requests to the API server.

use chrono::TimeDelta;
use serde_json::Value;

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::{Reason, Status};
use crate::apimachinery::time::Time;
use crate::apiserver::{self, DeleteOptions, WriteOptions};
use crate::cluster::Cluster;
use crate::kinds::plan::{Action, BackOff, EventRecord, Plan};
use crate::kinds::{self, KindRef};

use super::event;

/// Carries a plan out. A request that the API server refuses ends the plan: nobody waits for a controller's errors, and the
/// change that makes the request possible brings the controller back. Only a broken store is an error. An event that is
/// refused, as any is in a namespace that is going, ends nothing: upstream's recorders too do what they can.
///
/// Returns when to try again what was refused and told of, if anything was.
pub fn apply(cluster: &mut Cluster, plan: Plan) -> Result<Option<Time>, Status> {
    for action in plan.actions {
        let told = if let Action::CreateOrTell(_, told) = &action { Some(told.clone()) } else { None };
        match perform(cluster, action) {
            Err(status) if status.reason != Reason::InternalError => {
                plan.refused.map_or(Ok(()), |owner| tell_on_owner(cluster, owner, &status))?;
                return told.map_or(Ok(None), |told| next_try(cluster, &told, plan.back_off));
            }
            other => other?,
        }
    }
    Ok(None)
}

/// So many tries in vain, one after the other, are made as upstream makes them.
const MOST_TRIES: i64 = 20;
/// What was left alone for a month is not to be tried thousands of times by the next command: later waits grow by a quarter
/// each, to this at most. So nothing waits for much more than a quarter of the time that it has failed for.
const LONGEST_WAIT: TimeDelta = TimeDelta::days(1);
/// More doublings, and more growths by a quarter, than make the longest wait of the shortest.
const MOST_DOUBLINGS: i64 = 20;
const MOST_GROWTHS: i64 = 40;

/// When a controller tries again what it told of as refused.
fn next_try(cluster: &Cluster, told: &[EventRecord], back_off: BackOff) -> Result<Option<Time>, Status> {
    let Some(first) = told.first() else { return Ok(None) };
    let of_each = i64::try_from(told.len()).unwrap_or(1);
    let failures = event::times_in_a_row(cluster, first)? / of_each;
    Ok(cluster.now().checked_add_signed(wait_after(failures, back_off)))
}

/// The wait after so many failures in a row.
fn wait_after(failures: i64, back_off: BackOff) -> TimeDelta {
    let doublings = (failures - 1).clamp(0, MOST_DOUBLINGS);
    let wait = (back_off.first * (1 << doublings)).min(back_off.longest);
    let growths = (failures - MOST_TRIES).clamp(0, MOST_GROWTHS);
    (0..growths).fold(wait, |wait, _| (wait + wait / 4).min(LONGEST_WAIT))
}

/// Writes an owner's status with the server's answer in its last condition. The owner may be gone, which nobody minds.
fn tell_on_owner(cluster: &mut Cluster, mut owner: Object, refusal: &Status) -> Result<(), Status> {
    let mut conditions = owner.list_at("/status/conditions").to_vec();
    if let Some(last) = conditions.last_mut() {
        last["message"] = refusal.message.as_str().into();
    }
    owner.set("/status/conditions", Value::Array(conditions));
    match perform(cluster, Action::UpdateStatus(owner)) {
        Err(status) if status.reason == Reason::InternalError => Err(status),
        _ => Ok(()),
    }
}

fn perform(cluster: &mut Cluster, action: Action) -> Result<(), Status> {
    match action {
        Action::Create(object) => create(cluster, object),
        Action::CreateOrTell(object, told) => {
            let answer = create(cluster, object);
            if let Err(status) = &answer
                && status.reason != Reason::AlreadyExists
            {
                for mut record in told {
                    record.message.push_str(&status.message);
                    tell(cluster, record)?;
                }
            }
            answer
        }
        Action::Update(object) => {
            let kind = kind_of(cluster, &object)?;
            let namespace = object.namespace().to_owned();
            let options = WriteOptions { keeps_bookkeeping: true, ..WriteOptions::default() };
            apiserver::update(cluster, kind, &namespace, object, &options).map(drop)
        }
        Action::UpdateStatus(object) => {
            let kind = kind_of(cluster, &object)?;
            let namespace = object.namespace().to_owned();
            apiserver::update_status(cluster, kind, &namespace, object, &WriteOptions::default()).map(drop)
        }
        Action::Bind(object) => apiserver::bind(cluster, object).map(drop),
        Action::Delete { key, uid } => {
            let options = DeleteOptions { uid: Some(uid), ..DeleteOptions::default() };
            apiserver::delete(cluster, kind_of_key(cluster, &key)?, &key.namespace, &key.name, &options).map(drop)
        }
        Action::Remove { key, uid } => {
            apiserver::finish(cluster, kind_of_key(cluster, &key)?, &key.namespace, &key.name, uid)
        }
        Action::PodAddresses(count) => {
            cluster.set_pod_addresses(count);
            Ok(())
        }
        Action::Event(record) => tell(cluster, record),
    }
}

fn tell(cluster: &mut Cluster, record: EventRecord) -> Result<(), Status> {
    event::record(cluster, record).or_else(|status| match status.reason {
        Reason::InternalError => Err(status),
        _ => Ok(()),
    })
}

fn create(cluster: &mut Cluster, object: Object) -> Result<(), Status> {
    let kind = kind_of(cluster, &object)?;
    let namespace = object.namespace().to_owned();
    apiserver::create(cluster, kind, &namespace, object, &WriteOptions::default()).map(drop)
}

fn kind_of_key(cluster: &Cluster, key: &Key) -> Result<KindRef, Status> {
    kinds::of_resource(cluster, &key.resource)?
        .ok_or_else(|| Status::internal(format!("no kind has the resource {}", key.resource)))
}

fn kind_of(cluster: &Cluster, object: &Object) -> Result<KindRef, Status> {
    let (version, kind) = (object.api_version(), object.kind());
    kinds::of_api_version(cluster, version, kind)?
        .ok_or_else(|| Status::internal(format!("no kind {kind} in version {version}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::empty_store::EmptyStore;

    #[test]
    fn waits_double_then_stay_then_grow_by_a_quarter_to_a_day() {
        let job = BackOff { first: TimeDelta::seconds(1), longest: TimeDelta::seconds(60) };
        let seconds = |failures| wait_after(failures, job).num_seconds();
        assert_eq!([1, 2, 6, 7, 20].map(seconds), [1, 2, 32, 60, 60]);
        assert_eq!([21, 22, 54, i64::MAX].map(seconds), [75, 93, 86_400, 86_400]);
        assert_eq!(wait_after(1, BackOff::default()), TimeDelta::milliseconds(5));
        assert_eq!(wait_after(20, BackOff::default()), TimeDelta::seconds(1000));
    }

    /// A namespace that is being deleted takes no events, but what is in it goes on all the same.
    #[test]
    fn a_refused_event_ends_no_plan() {
        let mut cluster = Cluster::new(&EmptyStore);
        apiserver::bootstrap(&mut cluster).unwrap();
        let namespace = Object::new("v1", "Namespace", "", "lab");
        create(&mut cluster, namespace).unwrap();
        create(&mut cluster, Object::new("v1", "ConfigMap", "lab", "settings")).unwrap();
        let end = delete(&cluster, &Key::cluster("namespaces", "lab"));
        perform(&mut cluster, end).unwrap();
        let key = Key::new("configmaps", "lab", "settings");
        let settings = cluster.get(&key).unwrap().unwrap();
        let mut plan = Plan::nothing();
        plan.push(Action::Event(EventRecord::normal(&settings, "test", "Told", "in vain".to_owned())));
        plan.push(delete(&cluster, &key));
        apply(&mut cluster, plan).unwrap();
        assert!(cluster.list("events", Some("lab")).unwrap().is_empty());
        assert!(cluster.get(&key).unwrap().is_none());
    }

    fn delete(cluster: &Cluster, key: &Key) -> Action {
        Action::Delete { key: key.clone(), uid: cluster.get(key).unwrap().unwrap().uid().to_owned() }
    }
}
