use super::*;
use proptest::prelude::*;
use serde_json::json;

fn labels(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

#[test]
fn selectors_match_and_print_canonically() {
    let pod = labels(json!({"app": "web", "n": "7", "tier": "db", "in": "x", "e": ""}));
    let cases = [
        ("", true, ""),
        ("  ", true, ""),
        ("tier=db,app=web", true, "app=web,tier=db"),
        ("app == web", true, "app==web"),
        ("app!=web", false, "app!=web"),
        ("gone!=web", true, "gone!=web"),
        ("app in (web, api)", true, "app in (api,web)"),
        ("app notin (web)", false, "app notin (web)"),
        ("gone notin (web)", true, "gone notin (web)"),
        ("app,!gone", true, "app,!gone"),
        ("!app", false, "!app"),
        ("n>6,n<8", true, "n>6,n<8"),
        ("n>7", false, "n>7"),
        ("app>1", false, "app>1"),
        ("gone<1", false, "gone<1"),
        ("e=", true, "e="),
        ("e in ()", true, "e in ()"),
        ("e in (,a)", true, "e in (,a)"),
        ("in in (in,x,notin)", true, "in in (in,notin,x)"),
        ("a.b/c=d", false, "a.b/c=d"),
    ];
    for (text, want, canonical) in cases {
        let selector = Selector::parse(text).unwrap();
        assert_eq!(selector.matches(Some(&pod)), want, "{text}");
        assert_eq!(selector.to_string(), canonical);
    }
}

#[test]
fn errors_are_upstreams() {
    let name = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
                '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    let value = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must \
                 start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used \
                 for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
    let operators = "expected: in, notin, =, ==, !=, gt, lt";
    let cases = [
        ("a,", "found '', expected: identifier after ','".to_owned()),
        (",a", "found ',', expected: !, identifier, or 'end of string'".to_owned()),
        ("=a", "found '=', expected: !, identifier, or 'end of string'".to_owned()),
        ("a b", format!("unable to parse requirement: found 'b', {operators}")),
        ("a)", format!("unable to parse requirement: found ')', {operators}")),
        ("a in b", "unable to parse requirement: found 'b' expected: '('".to_owned()),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'".to_owned()),
        ("a in (=", "unable to parse requirement: found '=', expected: ',', ')' or identifier".to_owned()),
        ("a in (b,=)", "unable to parse requirement: found '=', expected: ',', or identifier".to_owned()),
        ("!a=b", "found '=', expected: ',' or 'end of string'".to_owned()),
        ("!", "unable to parse requirement: found '', expected: identifier".to_owned()),
        ("a==b=c", "found '=', expected: ',' or 'end of string'".to_owned()),
        ("a===b", "unable to parse requirement: found '=', expected: identifier".to_owned()),
        ("a>b", "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer".to_owned()),
        ("-a=b", format!("unable to parse requirement: <nil>: Invalid value: \"-a\": {name}")),
        ("a=b_", format!("unable to parse requirement: values[0][a]: Invalid value: \"b_\": {value}")),
    ];
    for (text, want) in cases {
        assert_eq!(Selector::parse(text).unwrap_err().to_string(), want, "{text}");
    }
}

#[test]
fn label_selectors_of_objects() {
    let pod = labels(json!({"app": "web"}));
    let of = |v| Selector::from_label_selector(&v);
    assert!(!of(Value::Null).unwrap().matches(Some(&pod)));
    assert!(of(json!({})).unwrap().matches(None));
    assert!(!of(json!({"matchLabels": {"app": "web"}})).unwrap().matches(None));
    let both = of(json!({"matchLabels": {"z": "1"}, "matchExpressions": [
        {"key": "app", "operator": "In", "values": ["web", "api"]}, {"key": "b", "operator": "DoesNotExist"}]}));
    assert_eq!(both.unwrap().to_string(), "app in (api,web),!b,z=1");
    let bad = of(json!({"matchExpressions": [{"key": "a", "operator": "Is"}]})).unwrap_err();
    assert_eq!(bad.to_string(), "\"Is\" is not a valid label selector operator");
    let empty = of(json!({"matchExpressions": [{"key": "a", "operator": "In"}]})).unwrap_err();
    assert_eq!(empty.to_string(), "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty");
    assert_eq!(format_label_selector(&json!({"matchLabels": {"a": "b"}})), "a=b");
    assert_eq!(format_label_selector(&Value::Null), "<none>");
    assert!(Selector::from_map(&pod).matches(Some(&labels(json!({"app": "web", "x": "y"})))));
}

proptest! {
    #[test]
    fn any_text_parses_or_errs_and_what_parses_prints_itself(text in "[a-c=!<>() ,\\t19]{0,20}|(a|b|in|notin|,|=|!=|\\(|\\)| ){0,12}") {
        if let Ok(selector) = Selector::parse(&text) {
            prop_assert_eq!(Selector::parse(&selector.to_string()).unwrap(), selector);
        }
    }
}
