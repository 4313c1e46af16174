use super::*;

fn volume(spec: Value) -> Object {
    let mut o = Object::from_value(json!({"metadata": {"name": "disk-1"}, "spec": spec})).unwrap();
    PersistentVolume.set_defaults(&mut o);
    o
}

fn texts(errors: &Errors) -> Vec<String> {
    errors.0.iter().map(ToString::to_string).collect()
}

fn disk(path: &str) -> Object {
    volume(json!({"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "5120Mi"}, "hostPath": {"path": path},
        "storageClassName": "manual"}))
}

#[test]
fn rows_are_kubectls() {
    let mut o = disk("/x");
    o.set("/spec/claimRef", json!({"namespace": "default", "name": "claim-1"}));
    o.set("/status/phase", "Released".into());
    let mut cells = PersistentVolume.cells(&o, Time::MAX_UTC);
    cells.remove(9);
    assert_eq!(
        cells,
        ["disk-1", "5Gi", "RWO", "Retain", "Released", "default/claim-1", "manual", "<unset>", "", "Filesystem"]
    );
}

#[test]
fn specs_are_validated_in_the_servers_order() {
    let cases = [
        (
            json!({}),
            vec![
                "spec.accessModes: Required value",
                "spec.capacity: Required value",
                "spec.capacity: Unsupported value: null: supported values: \"storage\"",
                "spec: Required value: must specify a volume type",
            ],
        ),
        (
            json!({"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/a/../b"},
                "nfs": {"server": "s", "path": "/p"}, "persistentVolumeReclaimPolicy": "Burn"}),
            vec![
                "spec.persistentVolumeReclaimPolicy: Unsupported value: \"Burn\": supported values: \"Delete\", \"Recycle\", \"Retain\"",
                "spec.hostPath.path: Invalid value: \"/a/../b\": must not contain '..'",
                "spec.nfs: Forbidden: may not specify more than 1 volume type",
            ],
        ),
        (
            json!({"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "local": {"path": "/d"}}),
            vec!["spec.nodeAffinity: Required value: Local volume requires node affinity"],
        ),
        (
            json!({"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "local": {"path": "/d"},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "k", "operator": "In"}]}]}}}),
            vec![
                "spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
            ],
        ),
    ];
    for (spec, want) in cases {
        assert_eq!(texts(&PersistentVolume.validate(&volume(spec.clone()))), want, "{spec}");
    }
}

#[test]
fn the_source_stays() {
    assert!(PersistentVolume.validate_update(&disk("/x"), &disk("/x")).is_empty());
    let errors = texts(&PersistentVolume.validate_update(&disk("/y"), &disk("/x")));
    let difference = "@@ -2,7 +2,7 @@\n  \"GCEPersistentDisk\": null,\n  \"AWSElasticBlockStore\": null,\n  \"HostPath\": {\n\
        -  \"Path\": \"/x\",\n+  \"Path\": \"/y\",\n   \"Type\": \"\"\n  },\n  \"Glusterfs\": null,\n";
    let words = "spec.persistentvolumesource is immutable after creation";
    assert_eq!(errors, [format!("spec.persistentvolumesource: Forbidden: {words}\n{difference}")]);
}

#[test]
fn recycling_is_warned_of() {
    let mut o = disk("/x");
    o.set("/spec/persistentVolumeReclaimPolicy", "Recycle".into());
    assert_eq!(PersistentVolume.warnings(&o, None).len(), 1);
    assert!(PersistentVolume.warnings(&disk("/x"), None).is_empty());
}

#[test]
fn what_cannot_be_deleted() {
    let manual = |source: Value| {
        let mut spec = json!({"capacity": {"storage": "1Gi"}});
        spec.as_object_mut().unwrap().extend(source.as_object().unwrap().clone());
        deletion_problem(&volume(spec)).unwrap_or_default()
    };
    assert_eq!(manual(json!({"hostPath": {"path": "/tmp/x"}})), "");
    assert_eq!(
        manual(json!({"hostPath": {"path": "/mnt/data"}})),
        "host_path deleter only supports /tmp/.+ but received provided /mnt/data"
    );
    let told = "error getting deleter volume plugin for volume \"disk-1\": no";
    assert_eq!(manual(json!({"nfs": {"server": "s", "path": "/"}})), format!("{told} deletable volume plugin matched"));
    assert_eq!(manual(json!({"local": {"path": "/d"}})), format!("{told} volume plugin matched"));
}
