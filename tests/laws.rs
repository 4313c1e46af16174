//! What must hold of the simulated cluster whatever happens: order, the split law, one claim per pod for ever.
//!
//! Works on the pure core with the store's twin in memory: a request, a time, a look at the objects.

use std::sync::Arc;

use chrono::TimeDelta;
use kstate::apimachinery::object::Object;
use kstate::apimachinery::seed::Seed;
use kstate::apimachinery::status::Status;
use kstate::apimachinery::time::{self, Time};
use kstate::apiserver::{self, DeleteOptions, WriteOptions};
use kstate::cluster::{ChangeType, Cluster};
use kstate::control;
use kstate::kinds;
use kstate::storage::memory::Memory;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A simulated cluster and its clock.
struct Lab {
    store: Memory,
    now: Time,
}

impl Lab {
    fn new() -> Lab {
        let now = time::parse("2026-11-22T08:00:00Z").expect("a time");
        let mut lab = Lab { store: Memory::new(Seed("test".to_owned())), now };
        lab.run(apiserver::bootstrap);
        lab
    }

    /// One transaction, as the client runs it.
    fn run<T>(&mut self, request: impl FnOnce(&mut Cluster) -> Result<T, Status>) -> T {
        let mut cluster = Cluster::new(&self.store);
        if cluster.resource_version() == 0 {
            cluster.set_now(self.now);
        }
        control::advance(&mut cluster, self.now).expect("advances");
        let answer = request(&mut cluster).expect("is served");
        control::settle(&mut cluster).expect("settles");
        let changes = cluster.into_changes();
        self.store.commit(changes);
        answer
    }

    fn advance(&mut self, seconds: i64) {
        self.now += TimeDelta::seconds(seconds);
        self.run(|_| Ok(()));
    }

    fn create(&mut self, body: Value) {
        let object = Object::from_value(body).expect("an object");
        let kind = kinds::by_api_version(object.api_version(), object.kind()).expect("a known kind");
        let namespace = match object.namespace() {
            "" => "default".to_owned(),
            namespace => namespace.to_owned(),
        };
        let options = WriteOptions { strict: true, ..WriteOptions::default() };
        self.run(|cluster| apiserver::create(cluster, kind, &namespace, object.clone(), &options));
    }

    fn delete(&mut self, resource: &str, name: &str) {
        let kind = kinds::by_resource(resource).expect("a known kind");
        self.run(|cluster| apiserver::delete(cluster, kind, "default", name, &DeleteOptions::default()));
    }

    fn scale(&mut self, name: &str, replicas: i64) {
        let kind = kinds::by_resource("statefulsets.apps").expect("a known kind");
        self.run(|cluster| {
            let mut set = Object::clone(&*apiserver::get(cluster, kind, "default", name)?);
            set.set("/spec/replicas", replicas.into());
            apiserver::update(cluster, kind, "default", set, &WriteOptions::default())
        });
    }

    fn list(&self, resource: &str) -> Vec<Arc<Object>> {
        Cluster::new(&self.store).list(resource, Some("default")).expect("lists")
    }

    /// The name and the cells of each row, ages included.
    fn rows(&mut self, resource: &str) -> Vec<Vec<String>> {
        let kind = kinds::by_resource(resource).expect("a known kind");
        let (now, objects) = (self.now, self.list(resource));
        objects.iter().map(|o| kind.cells(o, now)).collect()
    }
}

fn stateful_set(name: &str, replicas: i64) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name},
        "spec": {
            "serviceName": "nginx", "replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{
                    "name": "c", "image": "nginx:alpine", "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                }]},
            },
            "volumeClaimTemplates": [{
                "metadata": {"name": "data"},
                "spec": {"accessModes": ["ReadWriteMany"], "storageClassName": "csi-nas",
                         "resources": {"requests": {"storage": "1Gi"}}},
            }],
        },
    })
}

fn pace(data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kstate", "namespace": "kube-system"}, "data": data})
}

fn column(rows: &[Vec<String>], i: usize) -> Vec<&str> {
    rows.iter().map(|row| row[i].as_str()).collect()
}

#[test]
fn the_walkthrough_at_the_recorded_pace() {
    let mut lab = Lab::new();
    lab.create(pace(json!({"image-pull": "13s", "volume-provision": "26s", "container-start": "4s"})));
    lab.create(stateful_set("nginx", 3));
    let began = lab.now;
    let at = |lab: &mut Lab, seconds: i64| {
        lab.now = began + TimeDelta::seconds(seconds);
        lab.run(|_| Ok(()));
    };
    assert_eq!(column(&lab.rows("pods"), 2), ["Pending"]);
    at(&mut lab, 27);
    assert_eq!(column(&lab.rows("pods"), 2), ["ContainerCreating"]);
    at(&mut lab, 42);
    assert_eq!(column(&lab.rows("pods"), 2), ["ContainerCreating"]);
    at(&mut lab, 43);
    assert_eq!(column(&lab.rows("pods"), 2), ["Running", "Pending"]);
    at(&mut lab, 107);
    let sets = lab.rows("statefulsets.apps");
    assert_eq!(sets[0][..3], ["nginx", "3/3", "107s"]);
    at(&mut lab, 112);
    assert_eq!(column(&lab.rows("pods"), 4), ["112s", "69s", "39s"]);
    at(&mut lab, 144);
    let claims = lab.rows("persistentvolumeclaims");
    assert_eq!(claims.len(), 3);
    assert!(claims.iter().zip(["2m24s", "101s", "71s"]).all(|(row, age)| row.iter().any(|c| c == age)), "{claims:?}");
    at(&mut lab, 856);
    lab.delete("pods", "nginx-1");
    at(&mut lab, 860);
    assert_eq!(column(&lab.rows("pods"), 4), ["14m", "4s", "13m"]);
    assert_eq!(column(&lab.rows("pods"), 2), ["Running"; 3]);
}

#[test]
fn pods_come_one_after_the_other() {
    let mut lab = Lab::new();
    lab.create(stateful_set("web", 3));
    let mut ready = 0;
    for change in lab.store.log_since(0).expect("the whole log") {
        if change.key.resource != "pods" {
            continue;
        }
        let ordinal: usize = change.key.name["web-".len()..].parse().expect("an ordinal");
        match change.kind {
            ChangeType::Added => assert_eq!(ordinal, ready, "web-{ordinal} was made before its predecessor was ready"),
            _ if change.object.list_at("/status/containerStatuses").iter().any(|c| c["ready"] == true) => {
                ready = ordinal + 1
            }
            _ => {}
        }
    }
    assert_eq!(ready, 3);
}

#[test]
fn a_deleted_pod_comes_back_with_its_claim() {
    let mut lab = Lab::new();
    lab.create(stateful_set("web", 3));
    let identity = |lab: &Lab| {
        let pod = lab.list("pods").into_iter().find(|p| p.name() == "web-1").expect("web-1");
        (pod.uid().to_owned(), pod.str_at("/status/podIP").to_owned(), pod.str_at("/spec/hostname").to_owned())
    };
    let volumes = |lab: &Lab| -> Vec<String> {
        lab.list("persistentvolumeclaims").iter().map(|c| c.str_at("/spec/volumeName").to_owned()).collect()
    };
    let (before, claims) = (identity(&lab), volumes(&lab));
    lab.delete("pods", "web-1");
    let after = identity(&lab);
    assert_ne!(before.0, after.0);
    assert_ne!(before.1, after.1);
    assert_eq!(before.2, after.2);
    assert_eq!(claims, volumes(&lab));
    lab.delete("statefulsets.apps", "web");
    assert!(lab.list("pods").is_empty());
    assert_eq!(claims, volumes(&lab));
    lab.create(stateful_set("web", 3));
    assert_eq!(claims, volumes(&lab));
}

#[test]
fn scaling_down_goes_from_the_highest_ordinal() {
    let mut lab = Lab::new();
    lab.create(stateful_set("web", 5));
    let before = Cluster::new(&lab.store).resource_version();
    lab.scale("web", 2);
    let log = lab.store.log_since(before).expect("the log");
    let gone = log.iter().filter(|c| c.key.resource == "pods" && c.kind == ChangeType::Deleted);
    assert_eq!(gone.map(|c| c.key.name.as_str()).collect::<Vec<_>>(), ["web-4", "web-3", "web-2"]);
    assert_eq!(lab.list("persistentvolumeclaims").len(), 5, "claims outlive their pods");
}

/// A set deleted with `--cascade=orphan` leaves pods and revisions; a new one of its name takes both over and goes on.
#[test]
fn a_new_set_takes_over_what_an_orphaning_deletion_left() {
    let mut lab = Lab::new();
    lab.create(stateful_set("web", 3));
    let kind = kinds::by_resource("statefulsets.apps").expect("a known kind");
    let options = DeleteOptions { propagation: apiserver::Propagation::Orphan, ..DeleteOptions::default() };
    lab.run(|cluster| apiserver::delete(cluster, kind, "default", "web", &options));
    assert_eq!(lab.list("pods").len(), 3);
    let kept = lab.list("pods")[1].uid().to_owned();
    lab.delete("pods", "web-0");
    assert_eq!(lab.list("pods").len(), 2);
    lab.create(stateful_set("web", 2));
    let pods = lab.list("pods");
    assert_eq!(pods.iter().map(|p| p.name()).collect::<Vec<_>>(), ["web-0", "web-1"]);
    assert_eq!(pods[1].uid(), kept);
    assert_eq!(lab.list("controllerrevisions.apps").len(), 1);
}

/// The objects without what counts transactions instead of telling the state.
fn state(lab: &Lab) -> Vec<Value> {
    let cluster = Cluster::new(&lab.store);
    let resources = ["pods", "persistentvolumeclaims", "persistentvolumes", "statefulsets.apps", "events"];
    let objects = resources.iter().flat_map(|r| cluster.list(r, None).expect("lists"));
    let told = |object: &Object| {
        let mut value = object.to_value();
        value["metadata"].as_object_mut().expect("metadata").remove("resourceVersion");
        value
    };
    objects.map(|o| told(&o)).collect()
}

/// A pod whose one container has these fields besides its name and image.
fn pod(name: &str, container: Value) -> Value {
    let mut all = json!({"name": "c", "image": "nginx:alpine", "imagePullPolicy": "IfNotPresent"});
    all.as_object_mut().expect("a map").extend(container.as_object().expect("a map").clone());
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [all]}})
}

/// How many changes a time costs.
fn cost(lab: &mut Lab, seconds: i64) -> u64 {
    let before = Cluster::new(&lab.store).resource_version();
    lab.advance(seconds);
    Cluster::new(&lab.store).resource_version() - before
}

const HOUR: i64 = 3600;
const YEAR: i64 = 365 * 24 * HOUR;

#[test]
fn a_year_of_failures_costs_little_more_than_an_hour_of_them() {
    let rules = "pod=crash exits 1 after 2s\nimage=bad* ErrImagePull\npod=unready never-ready\npod=dead never-live";
    let begin = || {
        let mut lab = Lab::new();
        lab.create(pace(json!({"rules": rules})));
        lab.create(pod("crash", json!({})));
        lab.create(pod("bad", json!({"image": "bad:1"})));
        lab.create(pod("unready", json!({"readinessProbe": {"tcpSocket": {"port": 80}}})));
        lab.create(pod("dead", json!({"livenessProbe": {"tcpSocket": {"port": 80}, "periodSeconds": 7}})));
        lab
    };
    let (hour, year) = (cost(&mut begin(), HOUR), cost(&mut begin(), YEAR));
    assert!(hour > 100 && year < 2 * hour, "an hour costs {hour} changes, a year {year}");
    let mut lab = begin();
    lab.advance(YEAR);
    let pods = lab.list("pods");
    let restarts = |name: &str| {
        let pod = pods.iter().find(|p| p.name() == name).expect("the pod");
        pod.i64_at("/status/containerStatuses/0/restartCount").expect("a count")
    };
    // Rounds of 302 seconds, and of 314.
    assert!((YEAR / 302..YEAR / 302 + 10).contains(&restarts("crash")), "{}", restarts("crash"));
    assert!((YEAR / 314..YEAR / 314 + 10).contains(&restarts("dead")), "{}", restarts("dead"));
    assert!(cost(&mut lab, YEAR) < hour);
}

fn cron_job() -> Value {
    let template = json!({"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "work"}]}});
    json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "tick"},
        "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template}}}})
}

#[test]
fn a_year_of_minutes_costs_little_more_than_an_hour_of_them() {
    let begin = || {
        let mut lab = Lab::new();
        lab.create(cron_job());
        lab
    };
    let (hour, year) = (cost(&mut begin(), HOUR), cost(&mut begin(), YEAR));
    assert!(hour > 100 && year < 2 * hour, "an hour costs {hour} changes, a year {year}");
    let jobs = |lab: &Lab| -> Vec<(String, String)> {
        let told = |o: &Arc<Object>| (o.name().to_owned(), o.str_at("/status/completionTime").to_owned());
        lab.list("jobs.batch").iter().map(told).collect()
    };
    let (mut once, mut often) = (begin(), begin());
    once.advance(3 * HOUR + 30);
    (0..3).for_each(|_| often.advance(HOUR));
    often.advance(30);
    assert_eq!(jobs(&once), jobs(&often));
    assert_eq!(jobs(&once).len(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    /// The same of what fails, goes round and round, is probed, and is added up.
    #[test]
    fn split_law_of_failures(
        steps in prop::collection::vec(0..4000i64, 1..5), start in 0..3u32, after in 0..400i64, period in 1..20i64,
        threshold in 1..4i64, delay in 0..30i64,
    ) {
        let begin = || {
            let mut lab = Lab::new();
            let rules = format!(
                "pod=crash exits 1 after {after}s\npod=some exits 3 after 1s 4 times\nimage=bad* ErrImagePull\n\
                 pod=unready never-ready\npod=dead never-live\npod=unstarted never-started"
            );
            let start = format!("{start}s 300ms");
            lab.create(pace(json!({"image-pull": "7s", "container-start": start, "container-stop": "3s", "rules": rules})));
            let probe = json!({"tcpSocket": {"port": 80}, "periodSeconds": period, "failureThreshold": threshold,
                "initialDelaySeconds": delay});
            lab.create(pod("crash", json!({})));
            lab.create(pod("some", json!({"readinessProbe": probe})));
            lab.create(pod("bad", json!({"image": "bad:1"})));
            lab.create(pod("unready", json!({"readinessProbe": probe})));
            lab.create(pod("dead", json!({"livenessProbe": probe, "readinessProbe": probe})));
            lab.create(pod("unstarted", json!({"startupProbe": probe})));
            lab
        };
        let (mut often, mut once) = (begin(), begin());
        for step in &steps {
            often.advance(*step);
        }
        once.advance(steps.iter().sum());
        prop_assert_eq!(state(&often), state(&once));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// How often one looks must not change what one sees.
    #[test]
    fn split_law(steps in prop::collection::vec(0..40i64, 1..12), replicas in 1..4i64, start in 0..6u32) {
        let begin = || {
            let mut lab = Lab::new();
            let start = format!("{start}s 300ms");
            lab.create(pace(json!({"image-pull": "7s", "volume-provision": "5s", "container-start": start, "container-stop": "3s"})));
            lab.create(stateful_set("web", replicas));
            lab
        };
        let (mut often, mut once) = (begin(), begin());
        for step in &steps {
            often.advance(*step);
        }
        once.advance(steps.iter().sum());
        prop_assert_eq!(state(&often), state(&once));
    }

    /// Whatever is asked for and whenever: settled means that nothing is left to do, and no claim is ever lost.
    #[test]
    fn settled_is_a_fixed_point(actions in prop::collection::vec((0..4u8, 0..6i64, 0..20i64), 1..10)) {
        let mut lab = Lab::new();
        lab.create(pace(json!({"image-pull": "2s", "container-start": "1s", "container-stop": "2s"})));
        lab.create(stateful_set("web", 2));
        let mut claims = 0;
        for (action, n, wait) in actions {
            match action {
                0 | 1 => lab.scale("web", n),
                2 if lab.list("pods").iter().any(|p| p.name() == format!("web-{n}")) => lab.delete("pods", &format!("web-{n}")),
                _ => {}
            }
            lab.advance(wait);
            let now = lab.list("persistentvolumeclaims").len();
            prop_assert!(now >= claims, "a claim went away");
            claims = now;
        }
        lab.advance(3600);
        let set = lab.list("statefulsets.apps").remove(0);
        prop_assert_eq!(set.i64_at("/status/readyReplicas").unwrap_or(0), set.i64_at("/spec/replicas").unwrap_or(0));
        let version = Cluster::new(&lab.store).resource_version();
        lab.advance(3600);
        prop_assert_eq!(Cluster::new(&lab.store).resource_version(), version, "something still moves");
    }
}

/// What a controller cannot have is told by an event; it never fails the request that set it going.
#[test]
fn a_refused_pod_is_an_event_and_comes_once_it_can() {
    let mut lab = Lab::new();
    let mut set = stateful_set("web", 1);
    set["spec"]["template"]["spec"]["serviceAccountName"] = "robot".into();
    lab.create(set);
    assert!(lab.list("pods").is_empty());
    let told = lab.list("events");
    let failed = told.iter().find(|e| e.str_at("/reason") == "FailedCreate").expect("an event");
    let want = "Create Pod web-0 in StatefulSet web failed error: pods \"web-0\" is forbidden: error looking up service \
                account default/robot: serviceaccount \"robot\" not found";
    assert_eq!(failed.str_at("/message"), want);
    lab.create(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}}));
    assert_eq!(column(&lab.rows("pods"), 2), ["Running"]);
}
