use proptest::prelude::*;
use serde_json::json;

use super::*;

fn error(version: &str, kind: &str, body: Value) -> String {
    decode_body(version, kind, body, true).unwrap_err().message
}

#[test]
fn wrong_types_are_named_with_gos_struct_field_and_type() {
    let cases = [
        (
            json!({"spec": {"replicas": "two"}}),
            "string into Go struct field StatefulSetSpec.spec.replicas of type int32",
        ),
        (
            json!({"spec": {"replicas": 1.5}}),
            "number 1.5 into Go struct field StatefulSetSpec.spec.replicas of type int32",
        ),
        (
            json!({"spec": {"replicas": 3_000_000_000_u64}}),
            "number 3000000000 into Go struct field StatefulSetSpec.spec.replicas of type int32",
        ),
        (json!({"spec": "x"}), "string into Go struct field StatefulSet.spec of type v1.StatefulSetSpec"),
        (
            json!({"spec": {"template": {"spec": {"containers": {}}}}}),
            "object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container",
        ),
        (
            json!({"spec": {"template": {"spec": {"containers": [1]}}}}),
            "number into Go struct field PodSpec.spec.template.spec.containers of type v1.Container",
        ),
        (
            json!({"spec": {"template": {"spec": {"containers": [{"imagePullPolicy": true}]}}}}),
            "bool into Go struct field Container.spec.template.spec.containers.imagePullPolicy of type v1.PullPolicy",
        ),
        (
            json!({"spec": {"template": {"spec": {"containers": [{"ports": [{"containerPort": "80"}]}]}}}}),
            "string into Go struct field ContainerPort.spec.template.spec.containers.ports.containerPort of type int32",
        ),
        (
            json!({"metadata": {"labels": {"a": 1}}}),
            "number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            json!({"metadata": {"creationTimestamp": 5}}),
            "number into Go struct field ObjectMeta.metadata.creationTimestamp of type string",
        ),
    ];
    for (body, want) in cases {
        let want =
            format!("StatefulSet in version \"v1\" cannot be handled as a StatefulSet: json: cannot unmarshal {want}");
        assert_eq!(error("apps/v1", "StatefulSet", body), want);
    }
}

#[test]
fn the_first_wrong_type_is_reported_unless_a_form_is_wrong() {
    let two = json!({"metadata": {"name": 1}, "spec": {"resources": []}});
    assert!(error("v1", "PersistentVolumeClaim", two).ends_with("ObjectMeta.metadata.name of type string"));
    let form = json!({"metadata": {"name": 1}, "spec": {"resources": {"requests": {"storage": "lots"}}}});
    assert!(error("v1", "PersistentVolumeClaim", form).ends_with("[-+]?[0-9]*)$'"));
}

#[test]
fn unknown_fields_have_their_path_and_are_case_sensitive() {
    let body = json!({
        "Spec": {},
        "metadata": {"nmae": "x", "labels": {"any": "thing"}},
        "spec": {"template": {"spec": {"containers": [{"imagePullPolice": {"deep": 1}}]}}},
    });
    assert_eq!(
        error("apps/v1", "StatefulSet", body.clone()),
        "StatefulSet in version \"v1\" cannot be handled as a StatefulSet: strict decoding error: unknown field \"Spec\", \
         unknown field \"metadata.nmae\", unknown field \"spec.template.spec.containers[0].imagePullPolice\""
    );
    let lenient = decode_body("apps/v1", "StatefulSet", body, false).unwrap();
    assert_eq!(
        lenient,
        json!({"metadata": {"labels": {"any": "thing"}}, "spec": {"template": {"spec": {"containers": [{}]}}}})
    );
}

#[test]
fn a_kind_in_another_case_is_refused() {
    assert_eq!(
        error("v1", "Pod", json!({"kind": "pod", "apiVersion": "v1"})),
        "pod in version \"v1\" cannot be handled as a Pod: no kind \"pod\" is registered for version \"v1\" in scheme \
         \"pkg/api/legacyscheme/scheme.go:30\""
    );
}

#[test]
fn nulls_are_absent_in_structs_and_zero_in_lists_and_maps() {
    let body = json!({"data": {"a": null}, "immutable": null, "metadata": {"name": "x", "finalizers": [null], "labels": null}});
    let want = json!({"data": {"a": ""}, "metadata": {"name": "x", "finalizers": [""]}});
    assert_eq!(decode_body("v1", "ConfigMap", body, true).unwrap(), want);
}

#[test]
fn empty_values_that_go_omits_are_gone() {
    let body = json!({"metadata": {"name": "", "labels": {}}, "spec": {"replicas": 0, "serviceName": "", "selector": {},
        "template": {"spec": {"hostNetwork": false, "enableServiceLinks": false, "securityContext": {},
            "containers": [{"name": "", "args": [], "resources": {}, "tty": false}]}}}});
    let want = json!({"metadata": {}, "spec": {"replicas": 0, "selector": {}, "template": {"spec": {
        "enableServiceLinks": false, "securityContext": {}, "containers": [{"name": "", "resources": {}}]}}}});
    let got = decode_body("apps/v1", "StatefulSet", body, true).unwrap();
    assert_eq!(got["spec"]["template"], want["spec"]["template"]);
    assert_eq!((&got["metadata"], &got["spec"]["replicas"]), (&want["metadata"], &json!(0)));
}

#[test]
fn own_forms_are_checked() {
    let quantity = |q: Value| decode_body("v1", "ResourceQuota", json!({"spec": {"hard": {"cpu": q}}}), true);
    for good in
        [json!("1Gi"), json!(2), json!(0.5), json!("1e3"), json!("-1.5m"), json!(" 1 "), json!("0"), json!("1.")]
    {
        quantity(good).unwrap();
    }
    assert_eq!(quantity(json!("1024Mi")).unwrap()["spec"]["hard"]["cpu"], "1Gi");
    for (bad, want) in [
        (json!("lots"), "quantities must match"),
        (json!(""), "quantities must match"),
        (json!(true), "quantities must match"),
        (json!("1Mx"), "quantities must match"),
        (json!("1KiB"), "quantities must match"),
        (json!("1kk"), "unable to parse quantity's suffix"),
        (json!("1e"), "unable to parse quantity's suffix"),
    ] {
        assert!(quantity(bad.clone()).unwrap_err().message.contains(want), "{bad}");
    }
    let port = |p: Value| decode_body("v1", "Service", json!({"spec": {"ports": [{"targetPort": p}]}}), true);
    port(json!("web")).unwrap();
    assert!(port(json!(1.5)).unwrap_err().message.ends_with(
        "json: cannot unmarshal number 1.5 into Go struct field ServicePort.spec.ports.targetPort of type int32"
    ));
    let at = |t: &str| decode_body("v1", "Pod", json!({"metadata": {"creationTimestamp": t}}), true);
    assert_eq!(at("2026-01-02T03:04:05+02:00").unwrap()["metadata"]["creationTimestamp"], "2026-01-02T01:04:05Z");
    assert!(
        at("soon")
            .unwrap_err()
            .message
            .ends_with(r#"parsing time "soon" as "2006-01-02T15:04:05Z07:00": cannot parse "soon" as "2006""#)
    );
    for (text, want) in [
        ("", r#": cannot parse "" as "2006""#),
        ("2026/01/02", r#": cannot parse "/01/02" as "-""#),
        ("2026-13-02T03:04:05Z", ": month out of range"),
        ("2026-02-30T03:04:05Z", ": day out of range"),
        ("2026-01-02 03:04:05Z", r#": cannot parse " 03:04:05Z" as "T""#),
        ("2026-01-02T03:04:05", r#": cannot parse "" as "Z07:00""#),
        ("2026-01-02T03:04:05+25:00", ": time zone offset hour out of range"),
        ("2026-01-02T03:04:05Zx", r#": extra text: "x""#),
    ] {
        let message = at(text).unwrap_err().message;
        assert!(message.ends_with(want) && message.contains("parsing time"), "{message}");
    }
    let micro = |t: &str| decode_body("coordination.k8s.io/v1", "Lease", json!({"spec": {"renewTime": t}}), true);
    assert_eq!(micro("2026-01-02T03:04:05.123456+01:00").unwrap()["spec"]["renewTime"], "2026-01-02T02:04:05.123456Z");
    assert!(micro("2026-01-02T03:04:05Z").unwrap_err().message.ends_with(r#"cannot parse "Z" as ".000000""#));
    let secret = |d: &str| decode_body("v1", "Secret", json!({"data": {"k": d}}), true);
    assert_eq!(secret("aGVs\nbG8=").unwrap()["data"]["k"], "aGVsbG8=");
    assert!(secret("hello!").unwrap_err().message.ends_with("illegal base64 data at input byte 5"));
}

fn any_value() -> impl Strategy<Value = Value> {
    let names =
        ["metadata", "spec", "containers", "name", "ports", "labels", "resources", "limits", "cpu", "hostNetwork"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[0-9.eEKMGim:TZ+-]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        let key = proptest::sample::select(names.to_vec()).prop_map(str::to_owned);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..6).prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_was_decoded_decodes_to_itself(value in any_value()) {
        let pod = Definition::of_kind("v1", "Pod").unwrap();
        if let Ok(first) = decode(pod, value) {
            let again = decode(pod, first.value.clone());
            prop_assert_eq!(again, Ok(Decoded { value: first.value, strict_errors: Vec::new() }));
        }
    }
}
