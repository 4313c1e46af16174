//! Lists and objects as tables, for clients that print them: `Accept: application/json;as=Table;v=v1;g=meta.k8s.io`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::api::Done;
use crate::apimachinery::object::Object;
use crate::apimachinery::time::Time;
use crate::apiserver;
use crate::cmd::context::Context;
use crate::cmd::raw;
use crate::cmd::raw::place::{Place, Query, Sub};
use crate::cmd::resources::KindRef;
use crate::cmd::select::Selectors;

/// The table of what a path names; documents of discovery have none.
pub fn answer(cx: &mut Context, path: &str, query: &Query) -> anyhow::Result<Done> {
    let place = Place::parse(&cx.registry()?, path)
        .filter(|p| matches!(p.sub, Sub::None | Sub::Status | Sub::Spec(_)))
        .ok_or_else(raw::no_such_path)?;
    let (objects, version) = cx.client()?.read(|c| {
        let objects = match place.name.is_empty() {
            true => {
                let selectors = Selectors { labels: &query.labels, fields: &query.fields };
                selectors.asked(c, place.kind, place.scope())?
            }
            false => vec![apiserver::get(c, place.kind, &place.namespace, &place.name)?],
        };
        Ok((objects, c.resource_version()))
    })?;
    let now = cx.client()?.now()?;
    let whole = query.value("includeObject") == "Object";
    let version = match place.name.is_empty() {
        true => version.to_string(),
        false => objects.first().map(|o| o.resource_version().to_string()).unwrap_or_default(),
    };
    let mut body = of(place.kind, objects, now, whole);
    body["metadata"] = json!({ "resourceVersion": version });
    Ok(Done { status: 200, body, warnings: Vec::new() })
}

/// metav1.Table; with the objects whole, or only their metadata.
pub fn of(kind: KindRef, objects: Vec<Arc<Object>>, now: Time, whole: bool) -> Value {
    let table = apiserver::table(kind, objects, now);
    let columns = table.columns.iter().map(|column| {
        let format = if column.name == "Name" { "name" } else { "" };
        json!({
            "name": column.name, "type": "string", "format": format, "description": "",
            "priority": i32::from(column.wide),
        })
    });
    let rows = table.rows.iter().map(|row| {
        let object = match whole {
            true => row.object.to_value(),
            false => json!({
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                "metadata": row.object.at("/metadata"),
            }),
        };
        json!({"cells": row.cells, "object": object})
    });
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {},
        "columnDefinitions": columns.collect::<Vec<_>>(), "rows": rows.collect::<Vec<_>>(),
    })
}
