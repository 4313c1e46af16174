use super::*;
use proptest::prelude::*;

/// What kubectl 1.32.4 printed of `kubectl.json` with `-o yaml`.
#[test]
fn prints_as_kubectl() {
    let value: Value = serde_json::from_str(include_str!("kubectl.json")).unwrap();
    let (ours, kubectls) = (to_string(&value), include_str!("kubectl.yaml"));
    for (ours, kubectls) in ours.lines().zip(kubectls.lines()) {
        assert_eq!(ours, kubectls);
    }
    assert_eq!(ours.len(), kubectls.len());
}

fn values() -> impl Strategy<Value = Value> {
    // Without breaks other than \n, which readers of YAML 1.1 and 1.2 see differently.
    let text = "[ -~\n\tàé\u{7}\u{1b}😀]{0,12}|(long |words |'|\"|:|#|  |\n){0,40}|[0-9_.eE+:xbo-]{0,8}";
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(text, inner, 0..4).prop_map(|m| m.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(value in values()) {
        let yaml = to_string(&value);
        let read: Value = serde_yaml::from_str(&yaml).map_err(|e| TestCaseError::fail(format!("{e}: {yaml}")))?;
        prop_assert_eq!(read, value, "{}", yaml);
    }

    #[test]
    fn any_keys_are_sorted_somehow(keys in prop::collection::vec("[01x.a]{0,5}", 0..60)) {
        let map: Map<String, Value> = keys.into_iter().map(|k| (k, Value::Null)).collect();
        prop_assert_eq!(order::sorted(&map).len(), map.len());
    }
}
