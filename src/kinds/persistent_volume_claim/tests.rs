use super::*;

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
fn the_binder_may_name_the_volume_once() {
    let mut unbound = bound("1Gi");
    unbound.remove("/spec/volumeName");
    assert!(texts(&PersistentVolumeClaim.validate_update(&bound("1Gi"), &unbound)).is_empty());
    let mut other = bound("1Gi");
    other.set("/spec/volumeName", "pvc-2".into());
    assert_eq!(texts(&PersistentVolumeClaim.validate_update(&other, &bound("1Gi"))).len(), 1);
}
