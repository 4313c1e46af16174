use super::*;
use proptest::prelude::*;

/// The object that kubectl was given for `kubectl.tsv`. Its `n` is named `false`, as YAML 1.1 has it.
const OBJECT: &str = r#"{"apiVersion": "v1", "kind": "ConfigMap",
    "metadata": {"labels": {"a.b/c": "d", "app": "a<b>&", "z": "1"}, "name": "web"},
    "x": {"b": true, "big": 1000000.5, "e": 1000000, "f": 1.5, "false": 3, "huge": 1e+21, "l": [1, 2, 3, 4],
    "m": [{"type": "A", "v": 1}, {"type": "B", "v": 2}, {"type": "C"}], "nil": null, "q": "a\"b\n", "s": 1e-05, "str": ""}}"#;

fn run(template: &str) -> (&'static str, String) {
    let mut parsed = match GoTemplate::parse(template, true) {
        Ok(t) => t,
        Err(e) => {
            let prefix = format!("error parsing template {template}, ");
            return ("parse", e.to_string().strip_prefix(&prefix).unwrap().to_owned());
        }
    };
    let mut out = Vec::new();
    match parsed.print(&serde_json::from_str(OBJECT).unwrap(), &|| Value::Null, &mut out) {
        Ok(()) => ("text", String::from_utf8(out).unwrap()),
        Err(e) => {
            let prefix = format!("error executing template {}: ", quote(template));
            ("execute", e.to_string().strip_prefix(&prefix).unwrap().to_owned())
        }
    }
}

/// Each line: what kubectl 1.32.4 did (printed text, refused to parse or to execute), the template, its words.
#[test]
fn templates_do_what_kubectl_does() {
    for line in include_str!("kubectl.tsv").lines() {
        let [kind, template, want] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let want: String = serde_json::from_str(want).unwrap();
        assert_eq!(run(template), (kind, want), "{template}");
    }
}

#[test]
fn an_error_shows_what_was_made_and_the_object() {
    let mut out = Vec::new();
    let object = serde_json::json!({"a": "<"});
    GoTemplate::parse("{{.a}}{{.a.b}}", true).unwrap().print(&object, &|| object.clone(), &mut out).unwrap_err();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "<Error executing template: template: output:1:10: executing \"output\" at <.a.b>: can't evaluate field b in type \
         interface {}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{{.a}}{{.a.b}}\n\traw \
         data was:\n\t\t{\"a\":\"\\u003c\"}\n\tobject given to template engine was:\n\t\tmap[a:<]\n\n"
    );
}

#[test]
fn missing_keys_are_refused_where_that_is_asked_for() {
    let object = serde_json::json!({"data": {"a": "b"}, "items": [{}]});
    let cases = [
        ("{{.nope}}", "1:2: executing \"output\" at <.nope>: map has no entry for key \"nope\""),
        ("{{.data.nope}}", "1:7: executing \"output\" at <.data.nope>: map has no entry for key \"nope\""),
        ("{{range .items}}{{.x.y}}{{end}}", "1:20: executing \"output\" at <.x.y>: map has no entry for key \"x\""),
    ];
    for (template, want) in cases {
        let mut parsed = GoTemplate::parse(template, false).unwrap();
        let error = parsed.print(&object, &|| Value::Null, &mut Vec::new()).unwrap_err().to_string();
        assert!(error.ends_with(want), "{error}");
    }
    let mut out = Vec::new();
    let mut parsed =
        GoTemplate::parse("{{range $k, $v := .data}}{{$k}}{{index $.data $k}}{{end}}{{.data}}", false).unwrap();
    parsed.print(&object, &|| Value::Null, &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "abmap[a:b]");
}

proptest! {
    #[test]
    fn any_template_ends(template in "(\\{\\{|\\}\\}|\\.x| |\\.l|range|end|if|\\||\"|`|index|len|printf|1|\\$a|:=|-|é|\n){0,12}") {
        run(&template);
    }
}
