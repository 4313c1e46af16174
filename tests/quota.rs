//! The law of quotas: what was counted write by write is what is there to be counted.

use chrono::TimeDelta;
use kstate::apimachinery::object::Object;
use kstate::apimachinery::seed::Seed;
use kstate::apimachinery::status::{Reason, Status};
use kstate::apimachinery::time::{self, Time};
use kstate::apiserver::{self, DeleteOptions, WriteOptions};
use kstate::cluster::Cluster;
use kstate::control;
use kstate::kinds;
use kstate::storage::memory::Memory;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A cluster that takes requests, refused ones too.
struct Lab {
    store: Memory,
    now: Time,
}

impl Lab {
    fn new() -> Lab {
        let now = time::parse("2026-11-22T08:00:00Z").expect("a time");
        let mut lab = Lab { store: Memory::new(Seed("quota".to_owned())), now };
        lab.run(apiserver::bootstrap).expect("an empty store");
        lab
    }

    fn run<T>(&mut self, request: impl FnOnce(&mut Cluster) -> Result<T, Status>) -> Result<T, Status> {
        let mut cluster = Cluster::new(&self.store);
        if cluster.resource_version() == 0 {
            cluster.set_now(self.now);
        }
        control::advance(&mut cluster, self.now).expect("advances");
        let answer = request(&mut cluster)?;
        control::settle(&mut cluster).expect("settles");
        let changes = cluster.into_changes();
        self.store.commit(changes);
        Ok(answer)
    }

    /// Creates, or is refused as a quota or a taken name refuses.
    fn create(&mut self, body: Value) -> bool {
        let object = Object::from_value(body).expect("an object");
        let kind = kinds::by_api_version(object.api_version(), object.kind()).expect("a known kind");
        let made = self.run(|c| apiserver::create(c, kind, "default", object, &WriteOptions::default()));
        let refused = made.as_ref().err().map(|status| status.reason);
        assert!(matches!(refused, None | Some(Reason::Forbidden | Reason::AlreadyExists)), "{made:?}");
        made.is_ok()
    }

    fn delete(&mut self, resource: &str, name: &str) {
        let kind = kinds::by_resource(resource).expect("a known kind");
        let _ = self.run(|c| apiserver::delete(c, kind, "default", name, &DeleteOptions::default()));
    }

    fn change(&mut self, resource: &str, name: &str, pointer: &str, value: Value) {
        let kind = kinds::by_resource(resource).expect("a known kind");
        let _ = self.run(|c| {
            let mut object = Object::clone(&*apiserver::get(c, kind, "default", name)?);
            object.set(pointer, value);
            apiserver::update(c, kind, "default", object, &WriteOptions::default())
        });
    }

    fn advance(&mut self, seconds: i64) {
        self.now += TimeDelta::seconds(seconds);
        self.run(|_| Ok(())).expect("nothing is asked for");
    }

    fn used(&self, quota: &str) -> Value {
        let kind = kinds::by_resource("resourcequotas").expect("a known kind");
        let cluster = Cluster::new(&self.store);
        let quota = apiserver::get(&cluster, kind, "default", quota).expect("the quota is there");
        quota.at("/status/used").cloned().unwrap_or_default()
    }
}

fn quota(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name}, "spec": {"hard": {
        "pods": "6", "count/pods": "9", "requests.cpu": "2", "limits.memory": "4Gi", "persistentvolumeclaims": "5",
        "requests.storage": "8Gi", "standard.storageclass.storage.k8s.io/requests.storage": "7Gi", "services": "4",
        "services.nodeports": "3", "services.loadbalancers": "1", "configmaps": "3", "count/statefulsets.apps": "2",
    }}})
}

fn containers(cpu: i64) -> Value {
    json!([{"name": "c", "image": "nginx", "resources": {
        "requests": {"cpu": format!("{cpu}m")}, "limits": {"memory": "256Mi"},
    }}])
}

fn claim_spec(gigabytes: i64) -> Value {
    json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": format!("{gigabytes}Gi")}}})
}

fn step(lab: &mut Lab, (op, which, amount): (u8, u8, i64)) {
    let name = format!("x{}", which % 3);
    let metadata = json!({"name": name});
    match op {
        0 => drop(lab.create(json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers(amount * 100)},
        }))),
        1 => lab.delete("pods", &name),
        2 => drop(lab.create(json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": claim_spec(amount),
        }))),
        3 => lab.delete("persistentvolumeclaims", &name),
        4 => drop(lab.create(json!({
            "apiVersion": "v1", "kind": "Service", "metadata": metadata,
            "spec": {"type": if amount > 2 { "NodePort" } else { "ClusterIP" }, "ports": [{"port": 80}]},
        }))),
        5 => lab.change(
            "services",
            &name,
            "/spec/type",
            ["ClusterIP", "NodePort", "LoadBalancer"][usize::from(which % 3)].into(),
        ),
        6 => lab.delete("services", &name),
        7 => drop(lab.create(json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata,
            "spec": {
                "replicas": amount, "serviceName": name, "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": containers(200)}},
                "volumeClaimTemplates": [{"metadata": {"name": "d"}, "spec": claim_spec(1)}],
            },
        }))),
        8 => lab.change("statefulsets.apps", &name, "/spec/replicas", amount.into()),
        9 => lab.delete("statefulsets.apps", &name),
        10 => drop(lab.create(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}))),
        11 => lab.delete("configmaps", &name),
        12 => drop(lab.create(json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata,
            "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": containers(100)}}},
        }))),
        _ => lab.advance(amount * 60),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_count_of_is_what_there_is(steps in proptest::collection::vec((0..14u8, any::<u8>(), 1..5i64), 1..25)) {
        let mut lab = Lab::new();
        prop_assert!(lab.create(quota("kept")));
        for taken in steps {
            step(&mut lab, taken);
        }
        let kept = lab.used("kept");
        prop_assert!(lab.create(quota("anew")));
        prop_assert_eq!(kept, lab.used("anew"));
    }
}
