//! What must hold of a StatefulSet after every single step, whatever is asked for and whenever: the order in which pods come,
//! the claims that outlive them, and an end to all movement.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

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

/// A pod of the set as the log showed it last.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    ready: bool,
    stays: bool,
    finished: bool,
    revision: String,
}

/// A simulated cluster, its clock, and how far its log has been checked.
struct Lab {
    store: Memory,
    now: Time,
    checked: u64,
    /// The set as the log showed it last.
    set: Option<Arc<Object>>,
    pods: BTreeMap<i64, Seen>,
    /// Per claim: its uid, and whether it is bound.
    claims: BTreeMap<String, (String, bool)>,
    /// What a person asked to go since the last check.
    asked: Option<String>,
    has_gate: bool,
}

impl Lab {
    fn new() -> Lab {
        let now = time::parse("2026-11-22T08:00:00Z").expect("a time");
        let store = Memory::new(Seed("laws".to_owned()));
        let mut lab = Lab {
            store,
            now,
            checked: 0,
            set: None,
            pods: BTreeMap::new(),
            claims: BTreeMap::new(),
            asked: None,
            has_gate: false,
        };
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

    /// Walks the log since the last check, and checks each step.
    fn check(&mut self) -> Result<(), TestCaseError> {
        let log = self.store.log_since(self.checked).expect("the whole log");
        self.checked = self.version();
        for change in log {
            match &*change.key.resource {
                "statefulsets.apps" => self.set = Some(Arc::clone(&change.object)),
                "pods" => self.check_pod(&change)?,
                "persistentvolumeclaims" => self.check_claim(&change)?,
                _ => {}
            }
        }
        self.asked = None;
        Ok(())
    }

    fn text(&self, pointer: &str) -> String {
        self.set.as_ref().map_or(String::new(), |set| set.str_at(pointer).to_owned())
    }

    fn number(&self, pointer: &str) -> i64 {
        self.set.as_ref().and_then(|set| set.i64_at(pointer)).unwrap_or(0)
    }

    fn ordinals(&self) -> Range<i64> {
        let start = self.number("/spec/ordinals/start");
        start..start + self.number("/spec/replicas")
    }

    fn is_ordered(&self) -> bool {
        self.text("/spec/podManagementPolicy") == "OrderedReady"
    }

    /// Whether an ordinal has a pod that is ready and stays.
    fn is_well(&self, ordinal: i64) -> bool {
        self.pods.get(&ordinal).is_some_and(|pod| pod.ready && pod.stays)
    }

    fn check_pod(&mut self, change: &Change) -> Result<(), TestCaseError> {
        let name = &change.key.name;
        let ordinal: i64 = name["web-".len()..].parse().expect("an ordinal");
        let pod = &change.object;
        let before = self.pods.get(&ordinal).cloned();
        let conditions = pod.list_at("/status/conditions").iter();
        let is_ready = conditions.into_iter().any(|c| c["type"] == "Ready" && c["status"] == "True");
        let phase = pod.str_at("/status/phase");
        let seen = Seen {
            ready: is_ready && phase == "Running",
            stays: pod.deletion_timestamp().is_none() && change.kind != ChangeType::Deleted,
            finished: matches!(phase, "Failed" | "Succeeded"),
            revision: pod.label("controller-revision-hash").unwrap_or_default().to_owned(),
        };
        if change.kind == ChangeType::Added {
            prop_assert!(before.is_none(), "{name} is there twice");
            prop_assert!(self.ordinals().contains(&ordinal), "{name} is none of {:?}", self.ordinals());
            for lower in (self.ordinals().start..ordinal).filter(|_| self.is_ordered()) {
                prop_assert!(self.is_well(lower), "{name} was made before web-{lower} was ready");
            }
        }
        if !pod.str_at("/spec/nodeName").is_empty() {
            for volume in pod.list_at("/spec/volumes") {
                let Some(claim) = volume.pointer("/persistentVolumeClaim/claimName").and_then(Value::as_str) else {
                    continue;
                };
                let is_bound = self.claims.get(claim).is_some_and(|(_, bound)| *bound);
                prop_assert!(is_bound || !seen.stays, "{name} has a node before {claim} is bound");
            }
        }
        let was_there = before.as_ref().is_some_and(|b| b.stays);
        match change.kind {
            ChangeType::Deleted => drop(self.pods.remove(&ordinal)),
            _ => drop(self.pods.insert(ordinal, seen.clone())),
        }
        if was_there && !seen.stays && self.asked.as_ref() != Some(name) {
            self.check_going(ordinal, &before.expect("it was there"))?;
        }
        Ok(())
    }

    /// A pod that the set takes down is one too many, has ended, or is of a revision that is being replaced; in this order.
    fn check_going(&self, ordinal: i64, pod: &Seen) -> Result<(), TestCaseError> {
        let range = self.ordinals();
        if !range.contains(&ordinal) {
            for other in self.pods.keys().filter(|o| self.is_ordered() && !range.contains(o) && **o > ordinal) {
                prop_assert!(false, "web-{ordinal} went before web-{other}");
            }
            return Ok(());
        }
        if pod.finished {
            return Ok(());
        }
        let update = self.text("/status/updateRevision");
        let partition = self.number("/spec/updateStrategy/rollingUpdate/partition");
        prop_assert_eq!(self.text("/spec/updateStrategy/type"), "RollingUpdate", "web-{} went", ordinal);
        prop_assert!(ordinal >= range.start + partition, "web-{ordinal} is below the partition {partition}");
        prop_assert_ne!(&pod.revision, &update, "web-{} went, and was up to date", ordinal);
        let unwell = range.clone().filter(|o| !self.is_well(*o)).count() as i64;
        if self.has_gate {
            let most = self.number("/spec/updateStrategy/rollingUpdate/maxUnavailable").max(1);
            prop_assert!(unwell <= most, "{unwell} are not available, {most} may be");
            return Ok(());
        }
        for higher in ordinal + 1..range.end {
            prop_assert!(self.is_well(higher), "web-{ordinal} was replaced before web-{higher} was ready");
            prop_assert_eq!(&self.pods[&higher].revision, &update, "web-{} before web-{}", ordinal, higher);
        }
        Ok(())
    }

    fn check_claim(&mut self, change: &Change) -> Result<(), TestCaseError> {
        let name = change.key.name.clone();
        let uid = change.object.uid().to_owned();
        let deletes = self.text("/spec/persistentVolumeClaimRetentionPolicy/whenScaled") == "Delete";
        if change.kind == ChangeType::Deleted {
            let is_going = change.object.deletion_timestamp().is_some();
            prop_assert!(deletes || is_going || self.asked.as_ref() == Some(&name), "{name} went");
            self.claims.remove(&name);
            return Ok(());
        }
        if let Some((before, _)) = self.claims.get(&name) {
            prop_assert_eq!(before, &uid, "{} became another claim", name);
        }
        self.claims.insert(name, (uid, change.object.str_at("/status/phase") == "Bound"));
        Ok(())
    }

    /// Every pod that is wanted and not well has a reason, there or not; and so has one that is not wanted and still there.
    fn check_reasons(&self) -> Result<(), TestCaseError> {
        let mut cluster = Cluster::new(&self.store);
        control::advance(&mut cluster, self.now).expect("advances");
        let unwanted = self.pods.keys().copied().filter(|o| !self.ordinals().contains(o));
        for ordinal in self.ordinals().filter(|o| !self.is_well(*o)).chain(unwanted) {
            let key = Key::new("pods", "default", &format!("web-{ordinal}"));
            let found = control::why::why(&cluster, &key).expect("is asked");
            prop_assert!(!found[0].reasons.is_empty(), "nobody knows why of web-{ordinal}");
        }
        Ok(())
    }

    fn configure(&mut self, rule: &str) {
        let gates = if self.has_gate { "MaxUnavailableStatefulSet=true" } else { "MaxUnavailableStatefulSet=false" };
        let data = json!({
            "container-start": "2s", "container-stop": "3s", "volume-provision": "1s", "rules": rule,
            "feature-gates": gates,
        });
        self.change("configmaps", "kube-system", "kstate", |map| map.set("/data", data));
    }

    fn step(&mut self, step: &Step) {
        let containers = self.set.as_ref().map(|set| set.list_at("/spec/template/spec/containers").to_vec());
        let mut set = |pointer: &str, value: Value| {
            self.change("statefulsets.apps", "default", "web", |set| set.set(pointer, value));
        };
        match step {
            Step::Scale(n) => set("/spec/replicas", (*n).into()),
            Step::Image(n) => {
                let mut containers = containers.expect("the set");
                containers[0]["image"] = format!("nginx:1.{n}").into();
                set("/spec/template/spec/containers", containers.into());
            }
            Step::Partition(n) => set("/spec/updateStrategy/rollingUpdate/partition", (*n).into()),
            Step::MaxUnavailable(n) => set("/spec/updateStrategy/rollingUpdate/maxUnavailable", (*n).into()),
            Step::MinReady(n) => set("/spec/minReadySeconds", (*n).into()),
            Step::Start(n) => set("/spec/ordinals", json!({"start": n})),
            Step::Retain(retains) => {
                let policy = if *retains { "Retain" } else { "Delete" };
                set(
                    "/spec/persistentVolumeClaimRetentionPolicy",
                    json!({"whenScaled": policy, "whenDeleted": "Retain"}),
                );
            }
            Step::DeletePod(n) => {
                self.asked = Some(format!("web-{n}"));
                self.delete("pods", &format!("web-{n}"));
            }
            Step::DeleteClaim(n) => {
                self.asked = Some(format!("data-web-{n}"));
                self.delete("persistentvolumeclaims", &format!("data-web-{n}"));
            }
            Step::Sick(n) => self.configure(&format!("pod=default/web-{n} never-ready")),
            Step::Broken(n) => self.configure(&format!("image=nginx:1.{n} ErrImagePull")),
            Step::Crashing(n) => self.configure(&format!("pod=default/web-{n} exits 1 after 5s 3 times")),
            Step::Well => self.configure(""),
        }
    }

    /// The objects without what counts transactions instead of telling the state.
    fn state(&self) -> Vec<Value> {
        let cluster = Cluster::new(&self.store);
        let resources = ["pods", "persistentvolumeclaims", "persistentvolumes", "statefulsets.apps", "events"];
        let objects = resources.iter().flat_map(|r| cluster.list(r, None).expect("lists"));
        let told = |object: &Object| {
            let mut value = object.to_value();
            value["metadata"].as_object_mut().expect("metadata").remove("resourceVersion");
            value
        };
        objects.map(|o| told(&o)).collect()
    }
}

/// What the set is at first.
#[derive(Clone, Debug)]
struct Shape {
    policy: &'static str,
    start: i64,
    templates: usize,
    probe: bool,
    has_gate: bool,
}

fn shape() -> impl Strategy<Value = Shape> {
    let policy = prop_oneof![Just("OrderedReady"), Just("Parallel")];
    (policy, 0..3i64, 0..3usize, any::<bool>(), any::<bool>())
        .prop_map(|(policy, start, templates, probe, has_gate)| Shape { policy, start, templates, probe, has_gate })
}

fn stateful_set(shape: &Shape) -> Value {
    let mut container = json!({"name": "c", "image": "nginx:1"});
    if shape.probe {
        container["readinessProbe"] = json!({"tcpSocket": {"port": 80}, "periodSeconds": 3, "failureThreshold": 2});
    }
    let template = |name: &str| {
        json!({
            "metadata": {"name": name},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        })
    };
    let templates: Vec<Value> = ["data", "log"].iter().take(shape.templates).map(|name| template(name)).collect();
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"},
        "spec": {
            "serviceName": "web", "replicas": 3, "podManagementPolicy": shape.policy,
            "ordinals": {"start": shape.start}, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}},
            "volumeClaimTemplates": templates,
        },
    })
}

/// One thing a user does, and how long it is then left alone.
#[derive(Clone, Debug)]
enum Step {
    Scale(i64),
    Image(u8),
    Partition(i64),
    MaxUnavailable(i64),
    MinReady(i64),
    Start(i64),
    Retain(bool),
    DeletePod(i64),
    DeleteClaim(i64),
    Sick(i64),
    Broken(u8),
    Crashing(i64),
    Well,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..6i64).prop_map(Step::Scale),
        (1..4u8).prop_map(Step::Image),
        (0..4i64).prop_map(Step::Partition),
        (1..4i64).prop_map(Step::MaxUnavailable),
        (0..8i64).prop_map(Step::MinReady),
        (0..4i64).prop_map(Step::Start),
        any::<bool>().prop_map(Step::Retain),
        (0..6i64).prop_map(Step::DeletePod),
        (0..6i64).prop_map(Step::DeleteClaim),
        (0..6i64).prop_map(Step::Sick),
        (2..4u8).prop_map(Step::Broken),
        (0..6i64).prop_map(Step::Crashing),
        Just(Step::Well),
    ]
}

fn begin(shape: &Shape) -> Lab {
    let mut lab = Lab::new();
    let map =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kstate", "namespace": "kube-system"}});
    lab.has_gate = shape.has_gate;
    lab.create(map);
    lab.configure("");
    lab.create(stateful_set(shape));
    lab
}

fn run(shape: &Shape, steps: &[(Step, i64)]) -> Result<(), TestCaseError> {
    let mut lab = begin(shape);
    lab.check()?;
    for (step, wait) in steps {
        lab.step(step);
        lab.check()?;
        lab.check_reasons()?;
        lab.advance(*wait);
        lab.check()?;
        lab.check_reasons()?;
    }
    // A set may wait for ever for a pod that is sick, or whose image is gone; a well one may not. An ordered set waits even
    // for a pod of a former template (kubernetes#67250): such pods are deleted by hand.
    lab.step(&Step::Well);
    lab.advance(3600);
    lab.check()?;
    let end = lab.set.clone().expect("the set");
    let wanted = end.i64_at("/spec/replicas").unwrap_or(0);
    for count in ["replicas", "readyReplicas", "availableReplicas"] {
        prop_assert_eq!(end.i64_at(&format!("/status/{count}")).unwrap_or(0), wanted, "{}", count);
    }
    prop_assert_eq!(lab.pods.keys().copied().collect::<Vec<_>>(), lab.ordinals().collect::<Vec<_>>());
    let claims = lab.ordinals().flat_map(|o| ["data", "log"].map(|t| format!("{t}-web-{o}")));
    let missing = claims.filter(|c| !lab.claims.contains_key(c)).count();
    prop_assert_eq!(missing, wanted as usize * (2 - shape.templates), "each template and ordinal has a claim");
    let version = lab.version();
    lab.advance(3600);
    prop_assert_eq!(lab.version(), version, "something still moves");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn sets_keep_their_order_and_their_claims_and_come_to_rest(
        shape in shape(), steps in prop::collection::vec((step(), 0..20i64), 1..12),
    ) {
        run(&shape, &steps)?;
    }

    /// How often one looks must not change what one sees, whatever is asked for.
    #[test]
    fn split_law_of_sets(
        shape in shape(), steps in prop::collection::vec((step(), 0..15i64, 0..15i64), 1..8),
    ) {
        let (mut often, mut once) = (begin(&shape), begin(&shape));
        for (step, first, second) in &steps {
            for lab in [&mut often, &mut once] {
                lab.check()?;
                lab.step(step);
            }
            often.advance(*first);
            often.advance(*second);
            once.advance(first + second);
        }
        prop_assert_eq!(often.state(), once.state());
    }
}
