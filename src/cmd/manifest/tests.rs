use std::io::{Read, Write};
use std::net::TcpListener;

use assert_fs::TempDir;
use assert_fs::prelude::*;

use clap::{Args, FromArgMatches};

use super::*;
use crate::Env;
use crate::cmd::errors::report;
use crate::cmd::global::Global;

fn env(folder: &TempDir, stdin: &'static str) -> Env {
    let mut env = Env::real();
    env.cwd = folder.path().to_owned();
    env.stdin = Box::new(stdin.as_bytes());
    env.vars.insert("KSTATE_HOME".to_owned(), folder.path().join("store").display().to_string());
    env
}

/// The names and sources of the items, and what is printed of the errors.
fn run(folder: &TempDir, stdin: &'static str, names: &[&str], recursive: bool) -> (Vec<String>, String) {
    let filenames: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    let files = Filenames { filenames: &filenames, recursive, validate: true };
    let mut seen = Vec::new();
    let mut env = env(folder, stdin);
    let global = Global::augment_args(clap::Command::new("kubectl")).get_matches_from(["kubectl"]);
    let global = Global::from_arg_matches(&global).unwrap();
    let mut cx = Context::new(&mut env, "kubectl".to_owned(), "create".to_owned(), global, String::new());
    let result = read(&mut cx, &files).and_then(|manifests| {
        manifests.visit(|item| {
            seen.push(format!("{} {}", item.source, item.name()));
            Ok(())
        })
    });
    (seen, result.err().map(|e| report(&e).0).unwrap_or_default())
}

fn config_map(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n")
}

fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| folder.child(name).write_str(text).unwrap();
    write("a.yaml", &config_map("a"));
    write("dir/z.yml", &config_map("z"));
    write("dir/b.json", r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}"#);
    write("dir/ignored.txt", "not a manifest");
    write("dir/sub/deep.yaml", &config_map("deep"));
    write(
        "multi.yaml",
        &format!("{}---\n{}---\na: b: c\n---\n{}", config_map("m1"), config_map("m2"), config_map("m3")),
    );
    write("none/x.txt", "");
    write("no-kind.yaml", "apiVersion: v1\nmetadata: {name: x}\n");
    write("nothing.yaml", "# nothing\n");
    write("bool.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: off}\n");
    write("widget.yaml", "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: x, namespace: ns}\n");
    write("list.yaml", "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: e/v1, kind: W}\n- {kind: K}\n- 5\n");
    write(
        "typed.yaml",
        "apiVersion: v1\nkind: ConfigMapList\nitems:\n- metadata: {name: t1}\n- metadata: {name: t2}\n",
    );
    folder
}

#[test]
fn files_folders_globs_and_streams_are_read_in_order() {
    let folder = folder();
    let items = |names: &[&str], recursive| {
        let (items, errors) = run(&folder, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\n", names, recursive);
        assert_eq!(errors, "");
        items
    };
    assert_eq!(items(&["a.yaml", "-"], false), ["a.yaml a", "STDIN s"]);
    assert_eq!(items(&["./dir"], false), ["dir/b.json b", "dir/z.yml z"]);
    assert_eq!(items(&["dir/"], true), ["dir/b.json b", "dir/sub/deep.yaml deep", "dir/z.yml z"]);
    assert_eq!(items(&["d*/*.y*ml"], false), ["dir/z.yml z"]);
    assert_eq!(items(&["typed.yaml"], false), ["typed.yaml t1", "typed.yaml t2"]);
    assert_eq!(items(&["nothing.yaml"], false), [] as [&str; 0]);
}

#[test]
fn names_that_lead_nowhere_are_kubectls_errors() {
    let folder = folder();
    let cases: [(&[&str], &str); 7] = [
        (&["nope.yaml", "a.yaml"], "error: the path \"nope.yaml\" does not exist\n"),
        (&["n1", "n2"], "the path \"n1\" does not exist\nthe path \"n2\" does not exist\n"),
        (&["none"], "error: error reading [none]: recognized file extensions are [.json .yaml .yml]\n"),
        (&["x*"], "error: the path \"x*\" does not exist\n"),
        (&["["], "error: pattern \"[\" is not valid: syntax error in pattern\n"),
        (&["a.yaml/b"], "error: the path \"a.yaml/b\" cannot be accessed: stat a.yaml/b: not a directory\n"),
        (&["-", "-"], "error: standard input cannot be used for multiple arguments\n"),
    ];
    for (names, want) in cases {
        assert_eq!(run(&folder, "", names, false), (Vec::new(), want.to_owned()));
    }
}

#[test]
fn what_is_wrong_in_a_file_is_reported_after_the_good_objects() {
    let folder = folder();
    let (items, errors) = run(&folder, "", &["multi.yaml", "a.yaml"], false);
    assert_eq!(items, ["multi.yaml m1", "multi.yaml m2", "a.yaml a"]);
    assert_eq!(
        errors,
        "error: error parsing multi.yaml: error converting YAML to JSON: yaml: mapping values are not allowed in this \
         context\n"
    );
    let error = |name: &str| run(&folder, "", &[name], false).1;
    assert_eq!(
        error("no-kind.yaml"),
        "error: error validating \"no-kind.yaml\": error validating data: kind not set; if you choose to ignore these \
         errors, turn validation off with --validate=false\n"
    );
    assert_eq!(
        error("bool.yaml"),
        "error: unable to decode \"bool.yaml\": json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.name \
         of type string\n"
    );
    assert_eq!(
        error("widget.yaml"),
        "error: resource mapping not found for name: \"x\" namespace: \"ns\" from \"widget.yaml\": no matches for kind \
         \"Widget\" in version \"example.com/v1\"\nensure CRDs are installed first\n"
    );
    assert_eq!(
        error("list.yaml"),
        "unable to recognize no matches for kind \"W\" in version \"e/v1\"\n\
         unable to get type info from the object \"*unstructured.Unstructured\": Object 'apiVersion' is missing in \
         'object has no apiVersion field '\n\
         json: cannot unmarshal number into Go value of type map[string]interface {}\n"
    );
}

/// Serves one answer to each of some connections; gives the address.
fn serve(answers: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    address
}

#[test]
fn urls_are_read_and_refusals_are_kubectls() {
    let folder = folder();
    let answer = |status: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
    };
    let address = serve(vec![answer("200 OK", &config_map("u")), answer("404 Not Found", "")]);
    let url = format!("http://{address}/m.yaml");
    assert_eq!(run(&folder, "", &[&url], false), (vec![format!("{url} u")], String::new()));
    let want = format!("error: unable to read URL {url:?}, server reported 404 Not Found, status code=404\n");
    assert_eq!(run(&folder, "", &[&url], false).1, want);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let want = format!("The connection to the server {free} was refused - did you specify the right host or port?\n");
    assert_eq!(run(&folder, "", &[&format!("http://{free}/x")], false).1, want);
}
