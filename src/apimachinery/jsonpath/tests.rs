use super::*;
use proptest::prelude::*;

/// The object that kubectl was given for `kubectl.tsv`.
const OBJECT: &str = r#"{"apiVersion": "v1", "kind": "ConfigMap",
    "metadata": {"labels": {"a.b/c": "d", "app": "a<b>&", "z": "1"}, "name": "web"},
    "x": {"b": true, "big": 1000000.5, "e": 1000000, "f": 1.5, "false": 3, "huge": 1e+21, "l": [1, 2, 3, 4],
    "m": [{"type": "A", "v": 1}, {"type": "B", "v": 2}, {"type": "C"}], "nil": null, "q": "a\"b\n", "s": 1e-05, "str": ""}}"#;

fn object() -> Value {
    serde_json::from_str(OBJECT).unwrap()
}

fn run(kind: &str, template: &str, object: &Value) -> (&'static str, String) {
    let mut template = match Template::parse(template) {
        Ok(t) => t.allow_missing_keys(true),
        Err(e) => return ("parse", e.0),
    };
    let made = if kind == "json" { template.execute_as_json(object) } else { template.execute(object) };
    match made {
        Ok(text) => (if kind == "json" { "json" } else { "text" }, text),
        Err(e) => ("execute", e.0),
    }
}

/// Each line: what kubectl 1.32.4 did (printed text or JSON, refused to parse or to execute), the template, its words.
#[test]
fn templates_do_what_kubectl_does() {
    let object = object();
    for line in include_str!("kubectl.tsv").lines() {
        let [kind, template, want] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let want: String = serde_json::from_str(want).unwrap();
        let (did, said) = run(if template == "{.x.l[9]}" { "text" } else { kind }, template, &object);
        assert_eq!((did, said), (kind, want), "{template}");
    }
}

#[test]
fn missing_keys_are_errors_where_they_are_not_allowed() {
    let mut template = Template::parse("{.nope.x}").unwrap();
    assert_eq!(template.execute(&object()), Err(JsonPathError("nope is not found".to_owned())));
}

#[test]
fn a_range_over_nothing_is_run_once_for_its_errors() {
    let object = object();
    let refused = ("execute", "<invalid reflect.Value> is not array or slice and cannot be filtered".to_owned());
    assert_eq!(run("text", "{range .nope}{[?(@.x)]}{end}", &object), refused);
    // client-go itself panics here.
    assert_eq!(run("text", "{range .nope}{[0]}{end}{.kind}", &object), ("text", "ConfigMap".to_owned()));
}

#[test]
fn a_range_makes_the_next_object_start_behind_it() {
    let mut template = Template::parse("{.kind}{range .x.l[*]}{@}{end}").unwrap().allow_missing_keys(true);
    assert_eq!(template.execute(&object()).unwrap(), "ConfigMap1234");
    assert!(template.execute(&object()).is_err(), "client-go's own oddity");
}

#[test]
fn relaxed_paths_become_templates() {
    let wrong =
        "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'";
    let cases = [
        ("", Ok("")),
        ("metadata.name", Ok("{.metadata.name}")),
        (".metadata.name", Ok("{.metadata.name}")),
        ("{metadata.name}", Ok("{.metadata.name}")),
        ("{.metadata.name}", Ok("{.metadata.name}")),
        (".", Ok("{..}")),
        ("..name", Ok("{..name}")),
        ("{.a", Err(wrong)),
        ("{}", Err(wrong)),
        ("{a}{b}", Err(wrong)),
    ];
    for (path, want) in cases {
        assert_eq!(relaxed(path).map_err(|e| e.0), want.map(str::to_owned).map_err(str::to_owned), "{path}");
    }
}

proptest! {
    #[test]
    fn any_template_ends(template in ".{0,40}") {
        run("text", &template, &object());
    }

    #[test]
    fn templates_of_the_right_letters_end(
        template in "(\\{|\\}|\\{range |\\{end\\}|\\.x|\\.l|\\.m|\\[|\\]|\\*|0|-1|:|,|'|\"|\\\\|\\[\\?\\(|\\)\\]|@|==|<|\\.\\.| |\\{\\.x\\.m\\[\\*\\]\\}){0,14}"
    ) {
        run("json", &template, &object());
    }
}

#[test]
fn deep_templates_end() {
    for part in ["{range @}", "[?(", "[?(@", "[[", "['", "{..*", "[?('a'[?("] {
        run("text", &format!("{{{}", part.repeat(5000)), &object());
        run("text", &part.repeat(5000), &object());
    }
}
