use super::*;
use serde_json::json;

fn all(text: &str) -> Vec<Value> {
    documents(text).map(|d| d.unwrap()).collect()
}

fn error(text: &str) -> String {
    documents(text).find_map(Result::err).expect("an error").0
}

#[test]
fn scalars_are_yaml_1_1() {
    let cases = [
        ("yes", json!(true)),
        ("'yes'", json!("yes")),
        ("Off", json!(false)),
        ("n", json!(false)),
        ("~", json!(null)),
        ("", json!(null)),
        ("0644", json!(420)),
        ("0o17", json!(15)),
        ("08", json!(8)),
        ("0x1F", json!(31)),
        ("0b11", json!(3)),
        ("1_000", json!(1000)),
        ("1e3", json!(1000)),
        ("1.0", json!(1)),
        (".5", json!(0.5)),
        ("+12", json!(12)),
        ("18446744073709551615", json!(18446744073709551615_f64)),
        ("2024-01-01", json!("2024-01-01")),
        ("1:30", json!("1:30")),
        ("12e", json!("12e")),
        ("!!str 5", json!("5")),
        ("!!int '5'", json!(5)),
        ("!!float 5", json!(5)),
        ("!foo 5", json!("5")),
        ("!!binary aGk=", json!("hi")),
        ("|\n  a\n  b", json!("a\nb\n")),
        (">-\n  a\n  b", json!("a b")),
    ];
    for (text, want) in cases {
        assert_eq!(all(&format!("a: {text}\n")), [json!({"a": want})], "{text}");
    }
}

#[test]
fn keys_aliases_and_merges_are_go_yamls() {
    assert_eq!(
        all("1: a\ntrue: b\n1.5: c\nyes: d\n'no': e\n"),
        [json!({"1": "a", "true": "d", "1.5": "c", "no": "e"})]
    );
    assert_eq!(all("a: 1\na: 2\n"), [json!({"a": 2})]);
    assert_eq!(all("x: &x {a: 1, b: 2}\nw: {<<: *x, b: 3}\n")[0]["w"], json!({"a": 1, "b": 3}));
    assert_eq!(all("x: &x {a: 1}\nz: &z {a: 2, c: 3}\nw: {<<: [*x, *z]}\n")[0]["w"], json!({"a": 1, "c": 3}));
    assert_eq!(all("a: &a hello\nb: *a\n"), [json!({"a": "hello", "b": "hello"})]);
}

#[test]
fn what_only_yaml_1_1_takes_is_read() {
    let cases = [
        ("x:\t'yes'\n", json!("yes")),
        ("x:\ty\n", json!(true)),
        ("x: [\na,\n'b'\n]\n", json!(["a", "b"])),
        ("x: {\na: 1,\n#c\n\"b\": 2}\n", json!({"a": 1, "b": 2})),
        ("x: \"a\nb\n\n  c\"\n", json!("a b\nc")),
        ("x: \"a\n\tb\"\n", json!("a b")),
        ("x: |#c\n  a\n", json!("a\n")),
        ("x: >\n\n\n", json!("")),
        ("x: 1\n... y\n", json!(1)),
        ("x: 1\n%YAML 1.1\ny: 2\n", json!(1)),
    ];
    for (text, want) in cases {
        assert_eq!(all(text), [json!({"x": want})], "{text}");
    }
}

#[test]
fn streams_are_cut_at_separators() {
    let text = "# only a comment\n---\na: 1\n---\n\n--- # comment\nb: 2\r\n---\n";
    assert_eq!(all(text), [json!({"a": 1}), json!({"b": 2})]);
    assert_eq!(
        all(" {\"a\": 1.0}\n{\"b\": 18446744073709551615}"),
        [json!({"a": 1}), json!({"b": 18446744073709551615_f64})]
    );
    assert_eq!(all(""), [] as [Value; 0]);
    assert_eq!(all("a: 1\n...\nb: ]\n"), [json!({"a": 1})]);
}

#[test]
fn errors_have_kubectls_words_and_lines() {
    let cases = [
        (
            "a: b\nc:\n  d: x\n   e: {}\n",
            "error converting YAML to JSON: yaml: line 4: mapping values are not allowed in this context",
        ),
        ("a: b: c\n", "error converting YAML to JSON: yaml: mapping values are not allowed in this context"),
        ("a: 1\n--- b\n", "invalid Yaml document separator: b"),
        ("a: *x\n", "error converting YAML to JSON: yaml: unknown anchor 'x' referenced"),
        (
            "a: {{ .Values.x }}\n",
            "error converting YAML to JSON: yaml: invalid map key: \
             map[interface {}]interface {}{\".Values.x\":interface {}(nil)}",
        ),
        ("é: &a-1 [*a-1]\n", "error converting YAML to JSON: yaml: anchor 'a-1' value contains itself"),
        ("a: !!int x\n", "error converting YAML to JSON: yaml: cannot decode !!str `x` as a !!int"),
        ("a: '\\/'\nb: \"\\\\/ \\/\"", "error converting YAML to JSON: yaml: line 2: found unknown escape character"),
        ("a: .inf\n", "error converting YAML to JSON: json: unsupported value: +Inf"),
        (
            "a: 1\n\tb: 2\n",
            "error converting YAML to JSON: yaml: line 2: found a tab character that violates indentation",
        ),
        ("{\"a\": }", "json: offset 7: invalid character '}' looking for beginning of value"),
        ("{\"a\": 1", "unexpected EOF"),
        ("{\"a\": 1}\n---\n{}", "json: offset 11: invalid character '-' in numeric literal"),
    ];
    for (text, want) in cases {
        assert_eq!(error(text), want, "{text}");
    }
}

#[test]
fn bombs_are_refused() {
    let mut laughs = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for i in 1..10 {
        let items = vec![format!("*a{}", i - 1); 9].join(", ");
        laughs.push_str(&format!("a{i}: &a{i} [{items}]\n"));
    }
    assert_eq!(error(&laughs), "error converting YAML to JSON: yaml: document contains excessive aliasing");
    let chain: String = (1..5000).fold("a0: &a0 x\n".to_owned(), |s, i| s + &format!("a{i}: &a{i} [*a{}]\n", i - 1));
    assert!(documents(&chain).any(|d| d.is_err()));
    for deep in
        ["[".repeat(100_000), "- ".repeat(100_000), format!("- {}", "{a: ".repeat(100_000)), "? ".repeat(100_000)]
    {
        assert!(error(&deep).contains("max depth"), "{}", error(&deep));
    }
    assert_eq!(all(&("- ".repeat(MAX_DEPTH - 1) + "yes")).len(), 1);
    assert!(error(&format!("{}1{}", "{\"a\":".repeat(125), "}".repeat(125))).contains("max depth"));
    assert!(error(&"{\"a\":".repeat(100_000)).contains("max depth"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_is_too_much(text in proptest::collection::vec("[-a:b{}\\[\\]\"',&*!|>?#%@ \t\r\n~.<0-9é\\\\\u{0}\u{feff}]", 0..60)) {
        let _ = documents(&text.concat()).count();
    }

    #[test]
    fn what_json_can_say_is_read_as_it_is(keys in proptest::collection::btree_map("[a-z~<0-9 :#-]{0,6}", "\\PC{0,12}", 0..5)) {
        let value = json!(keys);
        // JSON is YAML but for a brace at the start, which would make it JSON.
        let text = format!("x: {value}\n");
        proptest::prop_assert_eq!(documents(&text).collect::<Vec<_>>(), [Ok(json!({"x": value}))]);
    }
}

#[test]
fn empty_documents_are_told_without_a_parser() {
    for text in ["---\n", "--- # c\n", "\n  \n# c\n", "---\n  # c\n\n"] {
        assert!(super::is_empty(text), "{text:?}");
        assert_eq!(super::documents(text).count(), 0, "{text:?}");
    }
    for text in ["---#\n", "a\n", "--- a\n", "\t\n", "%YAML 1.3\n", "---\n---x\n"] {
        assert!(!super::is_empty(text), "{text:?}");
    }
}
