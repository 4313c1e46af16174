//! What `describe` prints of an Ingress: its rules, and the endpoints behind each backend.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::describe::{Text, View, annotations, labels};
use crate::kinds::pod::Fields;
use crate::kinds::service;

pub fn describe(ingress: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    out.field(0, "Name", ingress.name());
    labels(out, ingress);
    out.field(0, "Namespace", ingress.namespace());
    out.field(0, "Address", addresses(ingress));
    let class = ingress.at("/spec/ingressClassName").and_then(Value::as_str);
    out.field(0, "Ingress Class", class.unwrap_or("<none>"));
    let default = match ingress.at("/spec/defaultBackend").filter(|b| !b.is_null()) {
        Some(of) => backend(of, ingress.namespace(), view)?,
        None => "<default>".to_owned(),
    };
    out.field(0, "Default backend", &default);
    tls(ingress.list_at("/spec/tls"), out);
    rules(ingress, &default, view, out)?;
    annotations(out, "Annotations", ingress.map_at("/metadata/annotations"));
    view.events(ingress, out)
}

/// What the load balancer answers at, each address once and in order.
fn addresses(ingress: &Object) -> String {
    let all: BTreeSet<&str> = ingress
        .list_at("/status/loadBalancer/ingress")
        .iter()
        .map(|i| if i.text("ip").is_empty() { i.text("hostname") } else { i.text("ip") })
        .filter(|address| !address.is_empty())
        .collect();
    all.into_iter().collect::<Vec<_>>().join(",")
}

fn tls(list: &[Value], out: &mut Text) {
    if !list.is_empty() {
        out.line(0, "TLS:");
    }
    for part in list {
        let hosts = part.texts("hosts").join(",");
        match part.text("secretName") {
            "" => out.line(1, format_args!("SNI routes {hosts}")),
            secret => out.line(1, format_args!("{secret} terminates {hosts}")),
        }
    }
}

fn rules(ingress: &Object, default: &str, view: &View, out: &mut Text) -> Result<(), Status> {
    out.line(0, "Rules:\n  Host\tPath\tBackends");
    out.line(1, "----\t----\t--------");
    let rules = ingress.list_at("/spec/rules").iter().filter_map(|rule| Some((rule, rule.field("http")?)));
    let mut none = true;
    for (rule, http) in rules {
        none = false;
        let host = if rule.text("host").is_empty() { "*" } else { rule.text("host") };
        out.line(1, format_args!("{host}\t"));
        for path in http.items("paths") {
            let to = backend(&path["backend"], ingress.namespace(), view)?;
            out.line(2, format_args!("\t{} \t{to}", path.text("path")));
        }
    }
    if none {
        out.line(1, format_args!("*\t*\t{default}"));
    }
    Ok(())
}

/// `web:80 (172.16.0.2:8080)`: a service with the endpoints of its port, or the resource that answers.
fn backend(of: &Value, namespace: &str, view: &View) -> Result<String, Status> {
    if let Some(to) = of.field("service") {
        let name = to.text("name");
        let (number, port_name) = (to.pointer("/port/number").and_then(Value::as_i64), to["port"].text("name"));
        let number = number.filter(|n| *n != 0);
        let port = number.map_or(port_name.to_owned(), |n| n.to_string());
        let Some(found) = view.cluster.get(&Key::new("services", namespace, name))? else {
            let why = Status::not_found("services", name).message;
            return Ok(format!("{name}:{port} (<error: {why}>)"));
        };
        let is_meant = |p: &&Value| match number {
            Some(number) => p.int("port") == Some(number),
            None => !port_name.is_empty() && p.text("name") == port_name,
        };
        let named = found.list_at("/spec/ports").iter().rfind(is_meant).map_or("", |p| p.text("name"));
        let endpoints = service::endpoints_text(&found, named, view)?;
        return Ok(format!("{name}:{port} ({endpoints})"));
    }
    Ok(of.field("resource").map_or(String::new(), |to| {
        let group = to.field("apiGroup").and_then(Value::as_str).unwrap_or("<none>");
        format!("APIGroup: {group}, Kind: {}, Name: {}", to.text("kind"), to.text("name"))
    }))
}
