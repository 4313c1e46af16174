//! `set env --list`: variables with where their values come from, and with `--resolve` the values. Knows no flag's syntax.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::env_spec::{name, value};
use crate::apimachinery::object::Object;
use crate::apiserver;
use crate::cmd::context::Context;
use crate::cmd::infos::Info;
use crate::cmd::resources;

/// Prints the variables of a container.
///
/// # Errors
/// Values that were to be looked up and could not be.
pub fn print(cx: &mut Context, info: &Info, container: &str, env: &[Value], resolve: bool) -> anyhow::Result<()> {
    cx.print(&format!("# {} {}, container {container}\n", info.kind.names().kind, info.name))?;
    let mut failed: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for variable in env {
        let Some(from) = variable.get("valueFrom") else {
            cx.print(&format!("{}={}\n", name(variable), value(variable)))?;
            continue;
        };
        match if resolve { Some(resolved(cx, info, from)) } else { None } {
            Some(Ok(found)) => cx.print(&format!("{}={found}\n", name(variable)))?,
            other => {
                cx.print(&format!("# {} from {}\n", name(variable), reference(from)))?;
                if let Some(Err(error)) = other {
                    failed.entry(format!("{error:#}")).or_default().push(name(variable));
                }
            }
        }
    }
    for (error, variables) in &failed {
        cx.complain(&format!("error retrieving reference for {}: {error}\n", variables.join(", ")));
    }
    match failed.is_empty() {
        true => Ok(()),
        false => anyhow::bail!("failed to retrieve valueFrom references"),
    }
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// `configmap settings, key color`.
fn reference(from: &Value) -> String {
    let of = |field: &str| from.get(field).is_some();
    match () {
        () if of("configMapKeyRef") => {
            format!("configmap {}, key {}", text(from, "/configMapKeyRef/name"), text(from, "/configMapKeyRef/key"))
        }
        () if of("resourceFieldRef") => {
            let container = text(from, "/resourceFieldRef/containerName");
            let prefix = if container.is_empty() { String::new() } else { format!("{container}/") };
            format!("resource field {prefix}{}", text(from, "/resourceFieldRef/resource"))
        }
        () if of("fieldRef") => format!("field path {}", text(from, "/fieldRef/fieldPath")),
        () if of("secretKeyRef") => {
            format!("secret {}, key {}", text(from, "/secretKeyRef/name"), text(from, "/secretKeyRef/key"))
        }
        () => "invalid valueFrom".to_owned(),
    }
}

fn resolved(cx: &mut Context, info: &Info, from: &Value) -> anyhow::Result<String> {
    let look_up = |cx: &mut Context, resource: &str, name: &str| {
        let kind = resources::kind(cx, resource)?;
        cx.client()?.read(|c| apiserver::get(c, kind, &info.namespace, name))
    };
    if let Some(secret) = from.get("secretKeyRef") {
        let (name, key) = (text(secret, "/name"), text(secret, "/key"));
        let object = look_up(cx, "secrets", name)?;
        return match object.map_at("/data").and_then(|d| d.get(key)).and_then(Value::as_str) {
            Some(data) => Ok(String::from_utf8_lossy(&STANDARD.decode(data)?).into_owned()),
            None => anyhow::bail!("key {key} not found in secret {name}"),
        };
    }
    if let Some(map) = from.get("configMapKeyRef") {
        let (name, key) = (text(map, "/name"), text(map, "/key"));
        let object = look_up(cx, "configmaps", name)?;
        return match object.map_at("/data").and_then(|d| d.get(key)).and_then(Value::as_str) {
            Some(data) => Ok(data.to_owned()),
            None => anyhow::bail!("key {key} not found in config map {name}"),
        };
    }
    match from.pointer("/fieldRef/fieldPath").and_then(Value::as_str) {
        Some(path) => field(&info.object, path),
        None => anyhow::bail!("invalid valueFrom"),
    }
}

/// The fields of an object's metadata that a variable may be set from.
fn field(object: &Object, path: &str) -> anyhow::Result<String> {
    let keyed = |map: &str| path.strip_prefix(map)?.strip_prefix("['")?.strip_suffix("']");
    Ok(match path {
        "metadata.name" => object.name().to_owned(),
        "metadata.namespace" => object.namespace().to_owned(),
        "metadata.uid" => object.uid().to_owned(),
        _ => match (keyed("metadata.labels"), keyed("metadata.annotations")) {
            (Some(key), _) => object.label(key).unwrap_or_default().to_owned(),
            (_, Some(key)) => object.annotation(key).unwrap_or_default().to_owned(),
            _ => anyhow::bail!("unsupported fieldPath: {path}"),
        },
    })
}
