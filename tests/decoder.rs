//! What comes in from outside: no bytes make the YAML reader or the decoder panic, and none make them slow.

#![expect(clippy::disallowed_methods, reason = "a test of what takes too long reads the clock")]

use std::time::{Duration, Instant};

use kstate::apimachinery::decode::decode_body;
use kstate::apimachinery::yaml;
use kstate::kinds;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A manifest with what YAML has to offer, to be damaged.
const MANIFEST: &str = r#"# a comment
apiVersion: apps/v1
kind: StatefulSet
metadata: &meta
  name: web
  labels: {app: web, tier: "front", on: 'yes'}
  annotations:
    text: |-
      line one
        line two
    folded: >
      a
      b

    date: "2001-01-01"
spec:
  <<: {replicas: 0x2}
  serviceName: !!str web
  selector: {matchLabels: &l {app: web}}
  template:
    metadata: {labels: *l}
    spec:
      containers:
      - name: c
        image: nginx:1.25
        command: ["sh", "-c", "echo \"a\\tb\" && sleep 1e3"]
        ports:
        - containerPort: 80
          name: http
        resources: {requests: {cpu: .5, memory: 1Gi}}
---
- just
- a list
"#;

/// Far more than a document of this size takes, also in a debug build on a busy machine.
const SLOW: Duration = Duration::from_secs(20);

fn read(text: &str) -> Vec<Value> {
    let start = Instant::now();
    let found: Vec<Value> = yaml::documents(text).take(10_000).filter_map(Result::ok).collect();
    assert!(start.elapsed() < SLOW, "{:?} for {text:?}", start.elapsed());
    found
}

/// Decodes a value as each of some kinds: an answer or an error, whatever it is.
fn decode(value: &Value) {
    for (api_version, kind) in
        [("v1", "Pod"), ("apps/v1", "StatefulSet"), ("v1", "Secret"), ("networking.k8s.io/v1", "Ingress")]
    {
        let _ = decode_body(api_version, kind, value.clone(), true);
        let _ = decode_body(api_version, kind, value.clone(), false);
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("spec".to_owned()),
        Just("metadata".to_owned()),
        Just("template".to_owned()),
        Just("containers".to_owned()),
        Just("env".to_owned()),
        Just("data".to_owned()),
        "[a-zA-Z./-]{0,8}",
    ];
    leaf.prop_recursive(6, 48, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(key.clone(), inner, 0..5)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        read(&text);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn yaml_like_text_is_read_or_refused(text in "([-?:,{}\\[\\]&*!|>'\"%@`# \n\ta1~=<]|: |- |---\n|<<: |\\*a|&a ){0,80}") {
        read(&text).iter().for_each(decode);
    }

    #[test]
    fn a_damaged_manifest_is_read_or_refused(cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0..6usize, "[-?:,{}\\[\\]&*!|>'\"%@# \n\t~]{0,3}"), 1..5)) {
        let mut text: Vec<char> = MANIFEST.chars().collect();
        for (at, length, put) in cuts {
            let at = at.index(text.len());
            let end = (at + length).min(text.len());
            text.splice(at..end, put.chars());
        }
        read(&text.into_iter().collect::<String>()).iter().for_each(decode);
    }

    #[test]
    fn any_json_is_decoded_or_refused(value in any_json()) {
        decode(&value);
    }

    #[test]
    fn any_json_is_decoded_or_refused_as_every_kind(which in 0..kinds::KINDS.len(), spec in any_json(), other in any_json()) {
        let names = kinds::KINDS[which].names();
        let body = json!({"metadata": {"name": "x"}, "spec": spec, "data": other, "rules": other, "subsets": other});
        if let Ok(decoded) = decode_body(names.api_version, names.kind, body, false) {
            // What was decoded once is decoded again, and is the same then.
            let again = decode_body(names.api_version, names.kind, decoded.clone(), true);
            prop_assert_eq!(again, Ok(decoded));
        }
    }

    #[test]
    fn what_is_written_as_json_is_read_back(value in any_json()) {
        let body = json!({"kind": "X", "value": value});
        let text = serde_json::to_string(&body).expect("JSON");
        let found = read(&text);
        // Depth is bounded, and a whole float is a number without a fraction to Go.
        if let Some(found) = found.first() {
            prop_assert_eq!(found["kind"].as_str(), Some("X"));
        }
    }
}

#[test]
fn bombs_are_refused_in_time() {
    let mut laughs = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for c in 'b'..='i' {
        let before = char::from_u32(u32::from(c) - 1).expect("a letter");
        laughs += &format!("{c}: &{c} [{}]\n", vec![format!("*{before}"); 9].join(", "));
    }
    let bombs = [
        laughs,
        "[".repeat(200_000),
        "{a: ".repeat(100_000),
        "- ".repeat(20_000),
        (0..2_000).map(|n| format!("{:n$}a:\n", "")).collect(),
        format!("{{\"a\":{}", "[".repeat(200_000)),
        "a: &a\n  b: *a\n".to_owned(),
    ];
    for bomb in bombs {
        let head: String = bomb.chars().take(40).collect();
        let start = Instant::now();
        let last = yaml::documents(&bomb).last();
        assert!(matches!(last, Some(Err(_))), "{head}: {last:?}");
        assert!(start.elapsed() < SLOW, "{head}: {:?}", start.elapsed());
    }
}
