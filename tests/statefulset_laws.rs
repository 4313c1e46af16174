//! What must hold of a StatefulSet after every single step, whatever is asked for and whenever: the order in which pods come,
//! the claims that outlive them, and an end to all movement.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use kstate::apimachinery::key::Key;
use kstate::apimachinery::object::Object;
use kstate::apimachinery::seed::Seed;
use kstate::apimachinery::status::Status;
use kstate::apimachinery::time::{self, Time};
use kstate::apiserver::{self, DeleteOptions, WriteOptions};
use kstate::cluster::{Change, ChangeType, Cluster};
use kstate::control;
use kstate::kinds;
use kstate::storage::memory::Memory;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A simulated cluster, its clock, and how far its log has been checked.
struct Lab {
    store: Memory,
    now: Time,
    checked: u64,
    /// Per pod: ready, and there to stay.
    pods: BTreeMap<String, (bool, bool)>,
    /// Per claim: its uid, and whether it is bound.
    claims: BTreeMap<String, (String, bool)>,
}

impl Lab {
    fn new() -> Lab {
        let now = time::parse("2026-11-22T08:00:00Z").expect("a time");
        let store = Memory::new(Seed("laws".to_owned()));
        let mut lab = Lab { store, now, checked: 0, pods: BTreeMap::new(), claims: BTreeMap::new() };
        lab.run(apiserver::bootstrap).expect("boots");
        lab
    }

    fn run<T>(&mut self, request: impl FnOnce(&mut Cluster) -> Result<T, Status>) -> Result<T, Status> {
        let mut cluster = Cluster::new(&self.store);
        if cluster.resource_version() == 0 {
            cluster.set_now(self.now);
        }
        control::advance(&mut cluster, self.now).expect("advances");
        let answer = request(&mut cluster);
        control::settle(&mut cluster).expect("settles");
        let changes = cluster.into_changes();
        self.store.commit(changes);
        answer
    }

    fn advance(&mut self, seconds: i64) {
        self.now += TimeDelta::seconds(seconds);
        self.run(|_| Ok(())).expect("nothing is asked");
    }

    fn create(&mut self, body: Value) {
        let object = Object::from_value(body).expect("an object");
        let kind = kinds::by_api_version(object.api_version(), object.kind()).expect("a known kind");
        let namespace = if object.namespace().is_empty() { "default" } else { object.namespace() }.to_owned();
        self.run(|cluster| apiserver::create(cluster, kind, &namespace, object.clone(), &WriteOptions::default()))
            .expect("is created");
    }

    fn change(&mut self, resource: &str, namespace: &str, name: &str, change: impl FnOnce(&mut Object)) {
        let kind = kinds::by_resource(resource).expect("a known kind");
        self.run(|cluster| {
            let mut object = Object::clone(&*apiserver::get(cluster, kind, namespace, name)?);
            change(&mut object);
            apiserver::update(cluster, kind, namespace, object, &WriteOptions::default())
        })
        .expect("is changed");
    }

    /// Deletes a pod or claim that may not be there.
    fn delete(&mut self, resource: &str, name: &str) {
        let kind = kinds::by_resource(resource).expect("a known kind");
        let _ = self.run(|cluster| apiserver::delete(cluster, kind, "default", name, &DeleteOptions::default()));
    }

    fn version(&self) -> u64 {
        Cluster::new(&self.store).resource_version()
    }

    fn set(&self) -> Object {
        let key = Key::new("statefulsets.apps", "default", "web");
        Object::clone(&*Cluster::new(&self.store).get(&key).expect("reads").expect("the set"))
    }

    /// Walks the log since the last check, and checks each step. `start` is the set's first ordinal all the while, `asked` the
    /// claim that was asked to go.
    fn check(&mut self, ordered: bool, start: i64, asked: Option<&str>) -> Result<(), TestCaseError> {
        let log = self.store.log_since(self.checked).expect("the whole log");
        self.checked = self.version();
        for change in log {
            match &*change.key.resource {
                "pods" => self.check_pod(&change, ordered, start)?,
                "persistentvolumeclaims" => self.check_claim(&change, asked)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn check_pod(&mut self, change: &Change, ordered: bool, start: i64) -> Result<(), TestCaseError> {
        let name = change.key.name.clone();
        let ordinal: i64 = name["web-".len()..].parse().expect("an ordinal");
        match change.kind {
            ChangeType::Added => {
                prop_assert!(!self.pods.contains_key(&name), "{name} is there twice");
                for before in (start..ordinal).filter(|_| ordered) {
                    let there = self.pods.get(&format!("web-{before}"));
                    prop_assert_eq!(there, Some(&(true, true)), "{} was made before web-{} was ready", name, before);
                }
                self.pods.insert(name, (false, true));
            }
            ChangeType::Modified => {
                let conditions = change.object.list_at("/status/conditions").iter();
                let ready = conditions.into_iter().any(|c| c["type"] == "Ready" && c["status"] == "True");
                let running = change.object.str_at("/status/phase") == "Running";
                if !change.object.str_at("/spec/nodeName").is_empty() {
                    let claim = self.claims.get(&format!("data-{name}"));
                    prop_assert!(claim.is_some_and(|(_, bound)| *bound), "{name} has a node before its claim is bound");
                }
                self.pods.insert(name, (ready && running, change.object.deletion_timestamp().is_none()));
            }
            ChangeType::Deleted => drop(self.pods.remove(&name)),
        }
        Ok(())
    }

    fn check_claim(&mut self, change: &Change, asked: Option<&str>) -> Result<(), TestCaseError> {
        let name = change.key.name.clone();
        let uid = change.object.uid().to_owned();
        if change.kind == ChangeType::Deleted {
            prop_assert!(asked == Some(name.as_str()) || change.object.deletion_timestamp().is_some(), "{name} went");
            self.claims.remove(&name);
            return Ok(());
        }
        if let Some((before, _)) = self.claims.get(&name) {
            prop_assert_eq!(before, &uid, "{} became another claim", name);
        }
        self.claims.insert(name, (uid, change.object.str_at("/status/phase") == "Bound"));
        Ok(())
    }
}

fn stateful_set(policy: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"},
        "spec": {
            "serviceName": "web", "replicas": 3, "podManagementPolicy": policy,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": "nginx:1"}]},
            },
            "volumeClaimTemplates": [{
                "metadata": {"name": "data"},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
            }],
        },
    })
}

fn pace(rule: &str) -> Value {
    json!({
        "container-start": "2s", "container-stop": "3s", "volume-provision": "1s", "rules": rule,
    })
}

/// One thing a user does, and how long it is then left alone.
#[derive(Clone, Debug)]
enum Step {
    Scale(i64),
    Image(u8),
    Partition(i64),
    MinReady(i64),
    DeletePod(i64),
    DeleteClaim(i64),
    Sick(i64),
    Well,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..6i64).prop_map(Step::Scale),
        (1..4u8).prop_map(Step::Image),
        (0..4i64).prop_map(Step::Partition),
        (0..8i64).prop_map(Step::MinReady),
        (0..5i64).prop_map(Step::DeletePod),
        (0..5i64).prop_map(Step::DeleteClaim),
        (0..4i64).prop_map(Step::Sick),
        Just(Step::Well),
    ]
}

fn run(steps: &[(Step, i64)], policy: &str) -> Result<(), TestCaseError> {
    let ordered = policy == "OrderedReady";
    let mut lab = Lab::new();
    let map =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kstate", "namespace": "kube-system"}});
    lab.create(map);
    lab.change("configmaps", "kube-system", "kstate", |map| map.set("/data", pace("")));
    lab.create(stateful_set(policy));
    lab.check(ordered, 0, None)?;
    let set = |lab: &mut Lab, pointer: &str, value: Value| {
        lab.change("statefulsets.apps", "default", "web", |set| set.set(pointer, value));
    };
    for (step, wait) in steps {
        let mut asked = None;
        match step {
            Step::Scale(n) => set(&mut lab, "/spec/replicas", (*n).into()),
            Step::Image(n) => {
                let containers = json!([{"name": "c", "image": format!("nginx:{n}")}]);
                set(&mut lab, "/spec/template/spec/containers", containers);
            }
            Step::Partition(n) => set(&mut lab, "/spec/updateStrategy/rollingUpdate/partition", (*n).into()),
            Step::MinReady(n) => set(&mut lab, "/spec/minReadySeconds", (*n).into()),
            Step::DeletePod(n) => lab.delete("pods", &format!("web-{n}")),
            Step::DeleteClaim(n) => {
                asked = Some(format!("data-web-{n}"));
                lab.delete("persistentvolumeclaims", &format!("data-web-{n}"));
            }
            Step::Sick(n) => {
                let rules = pace(&format!("pod=default/web-{n} never-ready"));
                lab.change("configmaps", "kube-system", "kstate", |map| map.set("/data", rules));
            }
            Step::Well => lab.change("configmaps", "kube-system", "kstate", |map| map.set("/data", pace(""))),
        }
        lab.check(ordered, 0, asked.as_deref())?;
        lab.advance(*wait);
        lab.check(ordered, 0, None)?;
    }
    // An ordered set may wait for ever for a pod that is sick; a well one may not.
    lab.change("configmaps", "kube-system", "kstate", |map| map.set("/data", pace("")));
    lab.advance(3600);
    lab.check(ordered, 0, None)?;
    let end = lab.set();
    let wanted = end.i64_at("/spec/replicas").unwrap_or(0);
    for count in ["replicas", "readyReplicas", "availableReplicas"] {
        prop_assert_eq!(end.i64_at(&format!("/status/{count}")).unwrap_or(0), wanted, "{}", count);
    }
    prop_assert_eq!(lab.pods.len() as i64, wanted);
    let version = lab.version();
    lab.advance(3600);
    prop_assert_eq!(lab.version(), version, "something still moves");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn ordered_sets_come_in_order_and_to_rest(steps in prop::collection::vec((step(), 0..12i64), 1..12)) {
        run(&steps, "OrderedReady")?;
    }

    #[test]
    fn parallel_sets_keep_their_claims_and_come_to_rest(steps in prop::collection::vec((step(), 0..12i64), 1..12)) {
        run(&steps, "Parallel")?;
    }
}
