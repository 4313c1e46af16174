//! What `describe` prints of a Service: itself, and the endpoints behind it.

use std::sync::Arc;

use serde_json::Value;

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::SERVICE_NAME_LABEL;
use crate::kinds::describe::{Text, View, annotations, format_labels, labels, or_none};
use crate::kinds::pod::Fields;

/// How many endpoints are named.
const SHOWN: usize = 3;

pub fn describe(service: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    let slices = slices_of(service, view)?;
    out.field(0, "Name", service.name());
    out.field(0, "Namespace", service.namespace());
    labels(out, service);
    annotations(out, "Annotations", service.map_at("/metadata/annotations"));
    out.field(0, "Selector", format_labels(service.map_at("/spec/selector")));
    out.field(0, "Type", service.str_at("/spec/type"));
    addresses(service, out);
    service.list_at("/spec/ports").iter().for_each(|port| ports(port, &slices, out));
    out.field(0, "Session Affinity", service.str_at("/spec/sessionAffinity"));
    given(service, "External Traffic Policy", "externalTrafficPolicy", out);
    given(service, "Internal Traffic Policy", "internalTrafficPolicy", out);
    if let Some(port) = service.i64_at("/spec/healthCheckNodePort").filter(|p| *p != 0) {
        out.field(0, "HealthCheck NodePort", port);
    }
    listed(service, "LoadBalancer Source Ranges", "loadBalancerSourceRanges", out);
    view.events(service, out)
}

fn given(service: &Object, title: &str, field: &str, out: &mut Text) {
    let value = service.str_at(&format!("/spec/{field}"));
    if !value.is_empty() {
        out.field(0, title, value);
    }
}

fn joined(service: &Object, field: &str) -> String {
    let texts: Vec<&str> = service.list_at(&format!("/spec/{field}")).iter().filter_map(Value::as_str).collect();
    texts.join(",")
}

fn listed(service: &Object, title: &str, field: &str, out: &mut Text) {
    let all = joined(service, field);
    if !all.is_empty() {
        out.field(0, title, all);
    }
}

fn addresses(service: &Object, out: &mut Text) {
    given(service, "IP Family Policy", "ipFamilyPolicy", out);
    out.field(0, "IP Families", or_none(&joined(service, "ipFamilies")));
    out.field(0, "IP", service.str_at("/spec/clusterIP"));
    out.field(0, "IPs", or_none(&joined(service, "clusterIPs")));
    listed(service, "External IPs", "externalIPs", out);
    given(service, "Desired LoadBalancer IP", "loadBalancerIP", out);
    given(service, "External Name", "externalName", out);
    let ingress: Vec<String> = service.list_at("/status/loadBalancer/ingress").iter().map(ingress).collect();
    if !ingress.is_empty() {
        out.field(0, "LoadBalancer Ingress", ingress.join(", "));
    }
}

fn ingress(of: &Value) -> String {
    match (of.text("ip"), of.text("ipMode")) {
        ("", _) => of.text("hostname").to_owned(),
        (ip, "") => ip.to_owned(),
        (ip, mode) => format!("{ip} ({mode})"),
    }
}

fn ports(port: &Value, slices: &[Arc<Object>], out: &mut Text) {
    let (name, protocol) = (port.text("name"), port.text("protocol"));
    let shown = if name.is_empty() { "<unset>" } else { name };
    out.field(0, "Port", format_args!("{shown}\t{}/{protocol}", port.int("port").unwrap_or(0)));
    let target = match port.field("targetPort") {
        Some(Value::String(name)) => name.clone(),
        Some(number) => number.to_string(),
        None => "0".to_owned(),
    };
    out.field(0, "TargetPort", format_args!("{target}/{protocol}"));
    if let Some(node_port) = port.int("nodePort").filter(|p| *p != 0) {
        out.field(0, "NodePort", format_args!("{shown}\t{node_port}/{protocol}"));
    }
    out.field(0, "Endpoints", endpoints(slices, name));
}

/// The ready endpoints of a service's port, which is named so.
///
/// # Errors
/// The store's.
pub fn endpoints_text(service: &Object, port: &str, view: &View) -> Result<String, Status> {
    Ok(endpoints(&slices_of(service, view)?, port))
}

fn slices_of(service: &Object, view: &View) -> Result<Vec<Arc<Object>>, Status> {
    let mut slices = view.cluster.list("endpointslices.discovery.k8s.io", Some(service.namespace()))?;
    slices.retain(|s| s.label(SERVICE_NAME_LABEL) == Some(service.name()));
    Ok(slices)
}

/// `10.0.0.1:80,10.0.0.2:80 + 3 more...`: the ready endpoints of a port.
fn endpoints(slices: &[Arc<Object>], port: &str) -> String {
    if slices.is_empty() {
        return "<none>".to_owned();
    }
    let mut all = Vec::new();
    // kubectl says that there are more as soon as it meets any endpoint after the last that it names.
    let mut more = false;
    for slice in slices {
        let numbers: Vec<Option<i64>> = match slice.list_at("/ports") {
            [] => vec![None],
            ports => ports.iter().filter(|p| p.text("name") == port).map(|p| p.int("port")).collect(),
        };
        for (number, endpoint) in numbers.iter().flat_map(|n| slice.list_at("/endpoints").iter().map(move |e| (n, e))) {
            more |= all.len() >= SHOWN;
            if endpoint.pointer("/conditions/ready").and_then(Value::as_bool) != Some(false) {
                let address = endpoint.texts("addresses").first().copied().unwrap_or_default();
                all.push(number.map_or(address.to_owned(), |port| host_port(address, port)));
            }
        }
    }
    let named = all.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(",");
    if more { format!("{named} + {} more...", all.len().saturating_sub(SHOWN)) } else { named }
}

fn host_port(address: &str, port: i64) -> String {
    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}
