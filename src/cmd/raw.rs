//! `--raw`: what a server would answer to the request of a path. Knows paths and the API server's functions, no output
//! format: an answer is printed as it is.

mod discovery;
pub(in crate::cmd) mod json;
mod openapi;
pub(in crate::cmd) mod place;

use serde_json::{Map, Value};

use super::context::Context;
use super::manifest;
use super::pflag::Parsed;
use super::requests;
use super::select::Selectors;
use super::version;
use crate::apimachinery::object::Object;
use crate::apimachinery::quote::quote;
use crate::apimachinery::status::{Reason, Status};
use crate::apimachinery::yaml;
use crate::apiserver::{self, DeleteOptions, WriteOptions};
use crate::cluster::Cluster;
use crate::kinds;
use place::{Place, Query, Sub};

/// Runs a verb that was given `--raw`; `None` when it was not.
pub fn run(cx: &mut Context, parsed: &Parsed) -> Option<anyhow::Result<()>> {
    let raw = parsed.flags.iter().find_map(|f| f.strip_prefix("--raw=")).filter(|r| !r.is_empty())?;
    let served = match cx.path.as_str() {
        "get" => check_get(parsed, raw).and_then(|()| get(cx, raw)),
        "delete" => check_write(parsed, raw).and_then(|()| delete(cx, raw)),
        "create" => check_create(parsed, raw).and_then(|()| create(cx, parsed, raw)),
        "replace" => check_write(parsed, raw).and_then(|()| replace(cx, parsed, raw)),
        _ => Err(anyhow::anyhow!("--raw of {:?} is not built into kstate yet", cx.path)),
    };
    Some(served.and_then(|text| Ok(cx.print(&text)?)))
}

fn check_path(raw: &str) -> anyhow::Result<()> {
    if raw.starts_with('/') {
        return Ok(());
    }
    anyhow::bail!("--raw must be a valid URL path: parse {}: invalid URI for request", quote(raw))
}

fn check_get(parsed: &Parsed, raw: &str) -> anyhow::Result<()> {
    let is_given = |flags: &[&str]| flags.iter().any(|f| parsed.given.iter().any(|g| g == f));
    if !parsed.args.is_empty() {
        anyhow::bail!("arguments may not be passed when --raw is specified");
    }
    if is_given(&["watch", "watch-only", "selector", "sort-by", "field-selector", "all-namespaces", "filename"]) {
        anyhow::bail!("--raw may not be specified with other flags that filter the server request or alter the output");
    }
    if is_given(&["output"]) {
        anyhow::bail!("--raw and --output are mutually exclusive");
    }
    check_path(raw)
}

fn check_write(parsed: &Parsed, raw: &str) -> anyhow::Result<()> {
    check_path(raw)?;
    if !parsed.args.is_empty() {
        anyhow::bail!("arguments may not be passed when --raw is specified");
    }
    Ok(())
}

/// What `create` checks besides, in kubectl's order.
fn check_create(parsed: &Parsed, raw: &str) -> anyhow::Result<()> {
    if !parsed.args.is_empty() {
        anyhow::bail!("Unexpected args: [{}]\nSee 'kubectl create -h' for help and examples", parsed.args.join(" "));
    }
    if !parsed.flags.iter().any(|f| f.starts_with("--filename=")) {
        anyhow::bail!("must specify one of -f and -k");
    }
    let is_given = |flag: &str| parsed.given.iter().any(|g| g == flag);
    if is_given("edit") {
        anyhow::bail!("--raw and --edit are mutually exclusive");
    }
    for (flag, shown) in [("recursive", "--recursive"), ("selector", "--selector (-l)"), ("output", "--output")] {
        if is_given(flag) {
            anyhow::bail!("--raw and {shown} are mutually exclusive");
        }
    }
    check_write(parsed, raw)
}

pub(in crate::cmd) fn no_such_path() -> Status {
    Status::new(Reason::NotFound, "the server could not find the requested resource")
}

/// What `explain` knows is no document that could be served.
fn no_openapi() -> Status {
    Status::new(
        Reason::NotFound,
        "kstate has no OpenAPI document to serve; \"explain\" tells of kinds and their fields",
    )
}

fn health(path: &str, query: &str) -> String {
    if !query.split('&').any(|q| q == "verbose" || q.starts_with("verbose=")) {
        return "ok".to_owned();
    }
    let name = path.trim_matches('/');
    format!("[+]ping ok\n[+]store ok\n{name} check passed\n")
}

pub(in crate::cmd) fn get(cx: &mut Context, raw: &str) -> anyhow::Result<String> {
    let (path, query) = raw.split_once('?').unwrap_or((raw, ""));
    let text = found(cx, path, query)?;
    let is_pretty = text.starts_with('{') && Query::parse(query).is_pretty(false);
    Ok(if is_pretty { json::pretty(&text) } else { text })
}

fn found(cx: &mut Context, path: &str, query: &str) -> anyhow::Result<String> {
    match path.trim_end_matches('/') {
        "/healthz" | "/livez" | "/readyz" => return Ok(health(path, query)),
        "/version" => return Ok(version::server_json()),
        "/openapi/v2" => return Err(no_openapi().into()),
        _ => {}
    }
    let registry = cx.registry()?;
    if path.starts_with("/openapi/v3") {
        return Ok(json::line(&openapi::document(&registry, path).ok_or_else(no_openapi)?));
    }
    if let Some(document) = discovery::document(&registry, path) {
        return Ok(json::line(&document));
    }
    let place = Place::parse(&registry, path).ok_or_else(no_such_path)?;
    let query = Query::parse(query);
    let mut answer = cx.client()?.read(|cluster| look(cluster, &place, &query))?;
    apiserver::show_managed_fields(&mut answer);
    Ok(json::line(&answer))
}

fn look(cluster: &Cluster, place: &Place, query: &Query) -> Result<Value, Status> {
    let (kind, name) = (place.kind, place.name.as_str());
    match (name.is_empty(), &place.sub) {
        (true, _) => {
            let selectors = Selectors { labels: &query.labels, fields: &query.fields };
            let objects = selectors.asked(cluster, kind, place.scope())?;
            Ok(json::list(kind.names(), &objects, cluster.resource_version()))
        }
        (false, Sub::Scale) => Ok(apiserver::get_scale(cluster, kind, &place.namespace, name)?.to_value()),
        (false, Sub::Token | Sub::Eviction | Sub::Approval) => Err(Status::new(
            Reason::MethodNotAllowed,
            "the server does not allow this method on the requested resource",
        )),
        (false, Sub::None | Sub::Status | Sub::Spec(_)) => {
            Ok(apiserver::get(cluster, kind, &place.namespace, name)?.to_value())
        }
    }
}

fn delete(cx: &mut Context, raw: &str) -> anyhow::Result<String> {
    let place = Place::parse(&cx.registry()?, raw)
        .filter(|p| !p.name.is_empty() && p.sub == Sub::None)
        .ok_or_else(no_such_path)?;
    Ok(json::line(&delete_one(cx, &place, &DeleteOptions::default())?))
}

/// Deletes one object. What a server answers: the object while it is still there, else that it is gone.
pub(in crate::cmd) fn delete_one(cx: &mut Context, place: &Place, options: &DeleteOptions) -> anyhow::Result<Value> {
    let (kind, at) = (place.kind, (place.namespace.as_str(), place.name.as_str()));
    let (old, left) = cx.client()?.write(|c| {
        let old = apiserver::delete(c, kind, at.0, at.1, options)?;
        Ok((old, c.get(&kind.names().key(at.0, at.1))?))
    })?;
    if let Some(left) = left.filter(|left| left.uid() == old.uid()) {
        let mut body = left.to_value();
        apiserver::show_managed_fields(&mut body);
        return Ok(body);
    }
    let mut details = serde_json::json!({"name": at.1, "kind": kind.names().plural, "uid": old.uid()});
    if !kind.names().group.is_empty() {
        details["group"] = kind.names().group.into();
    }
    Ok(serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details,
    }))
}

/// How many bytes of a body the server tells of, in hexadecimal, when it can make nothing of them.
const SUMMARY: usize = 30;

/// The one object of the file that `-f` names; `kind` is what the server takes there.
fn body(cx: &mut Context, parsed: &Parsed, kind: &str) -> anyhow::Result<Map<String, Value>> {
    let files: Vec<String> =
        parsed.flags.iter().filter_map(|f| f.strip_prefix("--filename=")).map(str::to_owned).collect();
    let [file] = files.as_slice() else {
        anyhow::bail!("--raw can only use a single local file or stdin");
    };
    let text = match file.as_str() {
        "-" => std::io::read_to_string(&mut cx.env.stdin)?,
        path => manifest::read_text(cx.env, path)?,
    };
    // It is sent as it is, and as JSON.
    if let Some(first) = text.trim_start().chars().next().filter(|c| *c != '{') {
        let sent: String = text.bytes().take(SUMMARY).map(|b| format!("{b:02x}")).collect();
        let more = if text.len() > SUMMARY { " ..." } else { "" };
        let why = format!(
            "couldn't get version/kind; json parse error: invalid character '{first}' looking for beginning of value \
             ({sent}{more})"
        );
        return Err(Status::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): {why}"
        ))
        .into());
    }
    match yaml::documents(&text).next() {
        Some(Ok(Value::Object(body))) => Ok(body),
        _ => Err(Status::bad_request("the body of the request is no object").into()),
    }
}

fn create(cx: &mut Context, parsed: &Parsed, raw: &str) -> anyhow::Result<String> {
    let place = Place::parse(&cx.registry()?, raw).ok_or_else(no_such_path)?;
    let object = Object::from_value(Value::Object(body(cx, parsed, place.kind.names().kind)?)).unwrap_or_default();
    let at = (place.namespace.as_str(), place.name.as_str());
    let mut made = match (place.sub, place.name.is_empty()) {
        (Sub::Token, _) => cx.client()?.read(|c| kinds::create_token(c, at, &object))?.to_value(),
        (Sub::None, true) => {
            let options = requests::managed_new(cx, place.kind, &WriteOptions::default());
            cx.client()?.write(|c| apiserver::create(c, place.kind, at.0, object.clone(), &options))?.to_value()
        }
        _ => return Err(no_such_path().into()),
    };
    apiserver::show_managed_fields(&mut made);
    Ok(json::line(&made))
}

/// PUT: an object, its status or its scale.
fn replace(cx: &mut Context, parsed: &Parsed, raw: &str) -> anyhow::Result<String> {
    let place = Place::parse(&cx.registry()?, raw).filter(|p| !p.name.is_empty()).ok_or_else(no_such_path)?;
    let object = Object::from_value(Value::Object(body(cx, parsed, place.kind.names().kind)?)).unwrap_or_default();
    let (kind, at) = (place.kind, (place.namespace.as_str(), place.name.as_str()));
    let options = requests::managed(cx, &WriteOptions::default());
    let mut stored = match place.sub {
        Sub::None => cx.client()?.write(|c| apiserver::update(c, kind, at.0, object.clone(), &options))?.to_value(),
        Sub::Status => {
            cx.client()?.write(|c| apiserver::update_status(c, kind, at.0, object.clone(), &options))?.to_value()
        }
        Sub::Spec(subresource) => {
            let options = WriteOptions { subresource, ..options };
            cx.client()?.write(|c| apiserver::update(c, kind, at.0, object.clone(), &options))?.to_value()
        }
        Sub::Scale => cx.client()?.write(|c| apiserver::update_scale(c, kind, at, &object, &options))?.to_value(),
        Sub::Token | Sub::Eviction | Sub::Approval => return Err(no_such_path().into()),
    };
    apiserver::show_managed_fields(&mut stored);
    Ok(json::line(&stored))
}
