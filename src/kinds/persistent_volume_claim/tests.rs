use super::*;
use crate::kinds::empty_store::{EmptyStore, put};

fn claim(body: Value) -> Object {
    let mut o = Object::from_value(body).unwrap();
    PersistentVolumeClaim.set_defaults(&mut o);
    o
}

fn texts(errors: &Errors) -> Vec<String> {
    errors.0.iter().map(ToString::to_string).collect()
}

fn bound(storage: &str) -> Object {
    claim(json!({
        "metadata": {"name": "data-0"},
        "spec": {"accessModes": ["ReadWriteMany", "ReadWriteOnce"], "resources": {"requests": {"storage": storage}},
            "storageClassName": "standard", "volumeName": "pvc-1"},
        "status": {"phase": "Bound", "capacity": {"storage": "1024Mi"}, "accessModes": ["ReadWriteMany", "ReadWriteOnce"]},
    }))
}

#[test]
fn rows_are_kubectls() {
    let row = |o: &Object| {
        let mut cells = PersistentVolumeClaim.cells(o, Time::MAX_UTC);
        cells.remove(6);
        cells
    };
    assert_eq!(row(&bound("1Gi")), ["data-0", "Bound", "pvc-1", "1Gi", "RWO,RWX", "standard", "Filesystem"]);
    let pending =
        claim(json!({"metadata": {"name": "p"}, "spec": {"storageClassName": "none", "volumeMode": "Block"}}));
    assert_eq!(row(&pending), ["p", "Pending", "", "", "", "none", "Block"]);
    let mut leaving = bound("1Gi");
    leaving.set("/metadata/deletionTimestamp", "2026-11-22T08:00:00Z".into());
    assert_eq!(row(&leaving)[1], "Terminating");
}

#[test]
fn specs_are_validated_in_the_servers_order() {
    let cases = [
        (
            json!({}),
            vec![
                "spec.accessModes: Required value: at least 1 access mode is required",
                "spec.resources[storage]: Required value",
            ],
        ),
        (
            json!({"accessModes": ["ReadWriteSometimes"], "resources": {"requests": {"storage": "0"}}, "volumeMode": "Tape"}),
            vec![
                "spec.accessModes: Unsupported value: \"ReadWriteSometimes\": supported values: \"ReadOnlyMany\", \"ReadWriteMany\", \"ReadWriteOnce\", \"ReadWriteOncePod\"",
                "spec.resources[storage]: Invalid value: \"0\": must be greater than zero",
                "spec.volumeMode: Unsupported value: \"Tape\": supported values: \"Block\", \"Filesystem\"",
            ],
        ),
        (
            json!({"accessModes": ["ReadWriteOncePod", "ReadOnlyMany"], "resources": {"requests": {"storage": "1"}},
                "dataSource": {"kind": "Pod", "name": "x"}}),
            vec![
                "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes",
                "spec.dataSource: Invalid value: \"Pod\": must be 'PersistentVolumeClaim' when referencing the default apiGroup",
            ],
        ),
    ];
    for (spec, want) in cases {
        assert_eq!(texts(&validate_claim_spec(&spec, &Path::new("spec"))), want, "{spec}");
    }
}

#[test]
fn a_bound_claim_may_only_grow() {
    assert!(texts(&PersistentVolumeClaim.validate_update(&bound("2Gi"), &bound("1Gi"))).is_empty());
    assert_eq!(
        texts(&PersistentVolumeClaim.validate_update(&bound("500Mi"), &bound("1Gi"))),
        ["spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"]
    );
    let mut changed = bound("1Gi");
    changed.set("/spec/accessModes", json!(["ReadWriteOnce"]));
    assert_eq!(
        texts(&PersistentVolumeClaim.validate_update(&changed, &bound("1Gi"))),
        [
            "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n\
          @@ -1,6 +1,5 @@\n {\n  \"AccessModes\": [\n-  \"ReadWriteMany\",\n   \"ReadWriteOnce\"\n  ],\n  \"Selector\": null,\n"
        ]
    );
}

#[test]
fn fractions_and_old_annotations_are_warned_of() {
    let mut o = claim(json!({"spec": {"resources": {"requests": {"storage": "0.5"}}}}));
    o.set_annotation("volume.beta.kubernetes.io/storage-class", "fast");
    assert_eq!(
        PersistentVolumeClaim.warnings(&o, None),
        [
            "metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use \"storageClassName\" attribute instead",
            "spec.resources.requests[storage]: fractional byte value \"500m\" is invalid, must be an integer",
        ]
    );
    assert!(PersistentVolumeClaim.warnings(&bound("1Gi"), None).is_empty());
}

#[test]
fn data_sources_are_paired_on_creation() {
    let made = |spec: Value| {
        let mut o = claim(json!({"spec": spec}));
        PersistentVolumeClaim.prepare_for_create(&mut o);
        (o.at("/spec/dataSource").cloned(), o.at("/spec/dataSourceRef").cloned())
    };
    let source = json!({"kind": "PersistentVolumeClaim", "name": "a"});
    assert_eq!(made(json!({"dataSource": source})), (Some(source.clone()), Some(source)));
    assert_eq!(made(json!({"dataSource": {"kind": "Pod", "name": "a"}})), (None, None));
    let other = json!({"apiGroup": "x.io", "kind": "Y", "name": "a"});
    assert_eq!(made(json!({"dataSourceRef": other})), (Some(other.clone()), Some(other)));
}

#[test]
fn the_binder_may_name_the_volume_once() {
    let mut unbound = bound("1Gi");
    unbound.remove("/spec/volumeName");
    assert!(texts(&PersistentVolumeClaim.validate_update(&bound("1Gi"), &unbound)).is_empty());
    let mut other = bound("1Gi");
    other.set("/spec/volumeName", "pvc-2".into());
    assert_eq!(texts(&PersistentVolumeClaim.validate_update(&other, &bound("1Gi"))).len(), 1);
}

fn class(name: &str, default: bool, made: &str, grows: bool) -> Object {
    let mut o = Object::new("storage.k8s.io/v1", "StorageClass", "", name);
    o.set("/metadata/creationTimestamp", made.into());
    o.set("/allowVolumeExpansion", grows.into());
    o.set_annotation("storageclass.kubernetes.io/is-default-class", if default { "true" } else { "false" });
    o
}

#[test]
fn a_claim_without_a_class_gets_the_newest_default() {
    let mut cluster = Cluster::new(&EmptyStore);
    let admitted = |cluster: &Cluster, spec: Value| {
        let mut o = claim(json!({"spec": spec}));
        PersistentVolumeClaim.admit(&mut o, cluster).unwrap();
        assert!(o.has_finalizer(PROTECTION));
        o.at("/spec/storageClassName").cloned()
    };
    assert_eq!(admitted(&cluster, json!({})), None);
    put(&mut cluster, &class("older", true, "2026-11-22T07:00:00Z", false));
    put(&mut cluster, &class("newer", true, "2026-11-22T07:30:00Z", false));
    put(&mut cluster, &class("other", false, "2026-11-22T07:40:00Z", false));
    assert_eq!(admitted(&cluster, json!({})), Some("newer".into()));
    assert_eq!(admitted(&cluster, json!({"storageClassName": ""})), Some("".into()));
    assert_eq!(admitted(&cluster, json!({"storageClassName": "none"})), Some("none".into()));
}

#[test]
fn growing_is_for_bound_claims_of_classes_that_allow_it() {
    let mut cluster = Cluster::new(&EmptyStore);
    let grown = |cluster: &Cluster, old: &Object| {
        PersistentVolumeClaim.admit_update(&mut bound("2Gi"), old, cluster).map_err(|s| s.message)
    };
    let mut pending = bound("1Gi");
    pending.set("/status/phase", "Pending".into());
    let refusal = |why: &str| Err(format!("persistentvolumeclaims \"data-0\" is forbidden: {why}"));
    assert_eq!(grown(&cluster, &pending), refusal("Only bound persistent volume claims can be expanded"));
    let unable = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize";
    put(&mut cluster, &class("standard", true, "2026-11-22T07:00:00Z", false));
    assert_eq!(grown(&cluster, &bound("1Gi")), refusal(unable));
    put(&mut cluster, &class("standard", true, "2026-11-22T07:00:00Z", true));
    assert_eq!(grown(&cluster, &bound("1Gi")), Ok(()));
}
