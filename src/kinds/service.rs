//! Service: one name and address for the pods that a selector picks. Knows no proxy; DNS and listeners are the runtime's.

mod allocate;
mod describe;
mod endpoints;
mod ports;
mod quota;
mod slices;
mod spec;
mod update;
mod validate;

pub use describe::endpoints_text;

use std::sync::Arc;

use serde_json::{Value, json};

use super::describe::{Text, View};
use super::exposure::{self, Exposure};
use super::plan::Plan;
use super::written::{Written, Zero};
use super::{Kind, Names, Trigger, endpoint_slice, zeros};
use crate::apimachinery::field::Errors;
use crate::apimachinery::key::Key;
use crate::apimachinery::labels::Selector;
use crate::apimachinery::names::{self, NameRule};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column, wide};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;

use spec::Spec;

/// The kind.
pub struct Service;

/// What the controller that gives a service its endpoints calls itself.
const SOURCE: &str = "endpoint-slice-controller";

static NAMES: Names = Names { categories: &["all"], ..Names::core("Service", "services", "service", &["svc"]) };
static COLUMNS: [Column; 7] = [
    column("Name"),
    column("Type"),
    column("Cluster-IP"),
    column("External-IP"),
    column("Port(s)"),
    column("Age"),
    wide("Selector"),
];

/// What `--field-selector` knows of it besides its name.
const SELECTABLE: &[(&str, &str)] = &[("spec.clusterIP", "/spec/clusterIP"), ("spec.type", "/spec/type")];

/// Where a Service's bookkeeping has the resourceVersion at which it was made.
const MADE_AT: &str = "madeAt";

/// The resourceVersion at which a Service was made: containers that had started by then know nothing of it. One of an older
/// store is older than all.
pub fn service_made_at(service: &Object) -> u64 {
    service.internal.get(MADE_AT).and_then(Value::as_u64).unwrap_or(0)
}

impl Kind for Service {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let spec = Spec::of(object);
        let cluster_ip = spec.cluster_ips.first().map_or("<none>", String::as_str);
        vec![
            object.name().to_owned(),
            spec.kind.clone(),
            cluster_ip.to_owned(),
            external_ip(object, &spec),
            ports_cell(&spec),
            time::age(object.creation_timestamp(), now),
            selector_cell(object),
        ]
    }

    fn exposure(&self, service: &Object) -> Option<Exposure> {
        let selector = service.map_at("/spec/selector").filter(|l| !l.is_empty()).cloned();
        let ports = service.list_at("/spec/ports").iter();
        Some(Exposure {
            selector: selector.ok_or_else(|| "the service has no pod selector set".to_owned()),
            ports: ports.map(|p| (p["port"].as_i64().unwrap_or(0), exposure::protocol(p))).collect(),
        })
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn name_rule(&self) -> NameRule {
        // Since 1.36 a Service's name may begin with a digit (RelaxedServiceNameValidation).
        names::name_is_dns_label
    }

    fn set_defaults(&self, object: &mut Object) {
        set_defaults(object);
    }

    fn prepare_for_create(&self, object: &mut Object) {
        object.set("/status", json!({"loadBalancer": {}}));
    }

    fn admit(&self, object: &mut Object, cluster: &Cluster) -> Result<(), Status> {
        object.internal.insert(MADE_AT, cluster.next_resource_version().into());
        allocate::create(object, cluster)
    }

    fn admit_update(&self, new: &mut Object, old: &Object, cluster: &Cluster) -> Result<(), Status> {
        update::patch_allocated(new, old);
        allocate::update(new, old, cluster)
    }

    fn prepare_for_update(&self, new: &mut Object, old: &Object) {
        new.set("/status", old.at("/status").cloned().unwrap_or_else(|| json!({"loadBalancer": {}})));
        update::drop_type_dependent(new, old);
    }

    fn evaluator(&self) -> &'static dyn super::quota::Evaluator {
        &quota::ServiceQuota
    }

    fn written(&self) -> Written {
        const ZEROS: &[(&str, Zero)] =
            &[("/spec/ports/*/targetPort", Zero::Number), ("/status/loadBalancer", Zero::Struct)];
        Written { pod_spec: None, zeros: ZEROS }
    }

    fn validate(&self, object: &Object) -> Errors {
        validate::service(object)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = update::validate(new, old);
        errors.append(validate::service(new));
        errors
    }

    fn warnings(&self, new: &Object, _old: Option<&Object>) -> Vec<String> {
        validate::warnings(new)
    }

    /// The endpoints and the endpointslice controller.
    fn reconcile(&self, object: &Arc<Object>, cluster: &Cluster, _now: Time) -> Result<Plan, Status> {
        let mut plan = Plan::nothing();
        let Some(selector) = object.map_at("/spec/selector").filter(|s| !s.is_empty()) else { return Ok(plan) };
        let namespace = cluster.get(&Key::cluster("namespaces", object.namespace()))?;
        // Nothing can be made in a namespace that is going away.
        let going = |o: &Object| o.deletion_timestamp().is_some();
        if going(object) || namespace.is_some_and(|n| going(&n)) || object.str_at("/spec/type") == "ExternalName" {
            return Ok(plan);
        }
        let pods = cluster.selected("pods", object.namespace(), &Selector::from_map(selector))?;
        plan.because(cluster, || {
            let unready: Vec<_> = pods.iter().filter(|p| !super::workload::is_ready(p)).collect();
            let (all, ready) = (pods.len(), pods.len() - unready.len());
            let text = format!("its selector selects {all} pods in its namespace, of which {ready} are ready");
            let reason = super::why::Reason::new(SOURCE, NAMES.key(object.namespace(), object.name()), text);
            unready.into_iter().fold(reason, |r, p| r.waiting_for(Key::new("pods", p.namespace(), p.name())))
        });
        endpoints::reconcile(object, &pods, cluster, &mut plan)?;
        slices::reconcile(object, &pods, cluster, &mut plan)?;
        Ok(plan)
    }

    fn settles_last(&self) -> bool {
        true
    }

    fn triggers(&self) -> &'static [Trigger] {
        &[
            Trigger { resource: "pods", keys: services_of_pod },
            Trigger { resource: "endpoints", keys: |o, _| Ok(vec![NAMES.key(o.namespace(), o.name())]) },
            Trigger { resource: endpoint_slice::RESOURCE, keys: service_of_slice },
        ]
    }

    fn selectable_fields(&self) -> &'static [(&'static str, &'static str)] {
        SELECTABLE
    }

    fn pod_selector(&self, object: &Object) -> Option<Result<Selector, String>> {
        let selector = object.map_at("/spec/selector").filter(|s| !s.is_empty());
        Some(
            selector
                .map(Selector::from_map)
                .ok_or_else(|| format!("invalid service '{}': Service is defined without a selector", object.name())),
        )
    }

    /// Addresses are allotted anew; a headless Service stays one.
    fn export(&self, object: &mut Object, _cluster: &Cluster) -> Result<bool, Status> {
        if object.str_at("/spec/clusterIP") != "None" {
            object.remove("/spec/clusterIP");
            object.remove("/spec/clusterIPs");
        }
        object.remove("/spec/healthCheckNodePort");
        Ok(true)
    }
}

fn services_of_pod(pod: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    let services = cluster.list("services", Some(pod.namespace()))?;
    let selects = |s: &Arc<Object>| match s.map_at("/spec/selector") {
        Some(selector) => !selector.is_empty() && Selector::from_map(selector).matches(pod.labels()),
        None => false,
    };
    Ok(services.iter().filter(|s| selects(s)).map(|s| NAMES.key(s.namespace(), s.name())).collect())
}

fn service_of_slice(slice: &Object, _cluster: &Cluster) -> Result<Vec<Key>, Status> {
    let name = slice.label(endpoint_slice::SERVICE_NAME_LABEL);
    Ok(name.map(|n| NAMES.key(slice.namespace(), n)).into_iter().collect())
}

/// EXTERNAL-IP: what a load balancer has, and the addresses the user gave.
fn external_ip(service: &Object, spec: &Spec) -> String {
    let given = spec.external_ips.join(",");
    match spec.kind.as_str() {
        "ClusterIP" | "NodePort" if given.is_empty() => "<none>".to_owned(),
        "ClusterIP" | "NodePort" => given,
        "LoadBalancer" => {
            let mut all = ingress(service);
            all.extend(spec.external_ips.clone());
            if all.is_empty() { "<pending>".to_owned() } else { all.join(",") }
        }
        "ExternalName" => spec.external_name.clone(),
        _ => "<unknown>".to_owned(),
    }
}

/// The addresses or names of the load balancer, sorted.
fn ingress(service: &Object) -> Vec<String> {
    let points = service.list_at("/status/loadBalancer/ingress").iter();
    let text =
        |v: &Value, field: &str| v.get(field).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
    let mut all: Vec<String> = points.filter_map(|p| text(p, "ip").or_else(|| text(p, "hostname"))).collect();
    all.sort();
    all.dedup();
    all
}

/// `80:30080/TCP,443/TCP`.
fn ports_cell(spec: &Spec) -> String {
    let port = |p: &spec::Port| match p.node_port {
        0 => format!("{}/{}", p.port, p.protocol),
        node_port => format!("{}:{node_port}/{}", p.port, p.protocol),
    };
    match spec.ports.iter().map(port).collect::<Vec<_>>().join(",") {
        ports if ports.is_empty() => "<none>".to_owned(),
        ports => ports,
    }
}

fn selector_cell(service: &Object) -> String {
    match service.map_at("/spec/selector").map(|s| Selector::from_map(s).to_string()) {
        Some(selector) if !selector.is_empty() => selector,
        _ => "<none>".to_owned(),
    }
}

/// Fields of the spec that are not kept when they are zero.
const OMITTED: [&str; 16] = [
    "/spec/clusterIP",
    "/spec/clusterIPs",
    "/spec/externalIPs",
    "/spec/externalName",
    "/spec/externalTrafficPolicy",
    "/spec/healthCheckNodePort",
    "/spec/ipFamilies",
    "/spec/loadBalancerIP",
    "/spec/loadBalancerSourceRanges",
    "/spec/ports",
    "/spec/ports/*/name",
    "/spec/ports/*/nodePort",
    "/spec/publishNotReadyAddresses",
    "/spec/selector",
    "/spec/sessionAffinity",
    "/spec/type",
];

fn set_defaults(object: &mut Object) {
    zeros::omit(object, &OMITTED);
    set_if_empty(object, "/spec/sessionAffinity", "None");
    match object.str_at("/spec/sessionAffinity") {
        "None" => drop(object.remove("/spec/sessionAffinityConfig")),
        "ClientIP" => object.set_default("/spec/sessionAffinityConfig/clientIP/timeoutSeconds", 10800),
        _ => {}
    }
    set_if_empty(object, "/spec/type", "ClusterIP");
    default_ports(object);
    let spec = Spec::of(object);
    if spec.is_externally_accessible() {
        set_if_empty(object, "/spec/externalTrafficPolicy", "Cluster");
    }
    if ["ClusterIP", "NodePort", "LoadBalancer"].contains(&spec.kind.as_str()) {
        object.set_default("/spec/internalTrafficPolicy", "Cluster");
    }
    if spec.kind == "LoadBalancer" {
        object.set_default("/spec/allocateLoadBalancerNodePorts", true);
    }
}

fn set_if_empty(object: &mut Object, pointer: &str, value: &str) {
    if object.str_at(pointer).is_empty() {
        object.set(pointer, value.into());
    }
}

fn default_ports(object: &mut Object) {
    let ports = object.body_mut().get_mut("spec").and_then(|s| s.get_mut("ports")).and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten().filter_map(Value::as_object_mut) {
        if port.get("protocol").is_none_or(|p| p == "") {
            port.insert("protocol".to_owned(), "TCP".into());
        }
        if port.get("targetPort").is_none_or(|t| t == "" || t == 0) {
            let target = port.get("port").cloned().unwrap_or_else(|| 0.into());
            port.insert("targetPort".to_owned(), target);
        }
    }
}

#[cfg(test)]
mod tests;
