//! What a Service must look like. Knows no cluster.
//!
//! Order and words are those of ValidateService in pkg/apis/core/validation.

use serde_json::{Value, json};

use super::spec::{Port, Spec};
use crate::apimachinery::field::{Error, ErrorType, Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::kinds::{endpoints, ip};

const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
const TOPOLOGY_MODE: &str = "service.kubernetes.io/topology-mode";
const TOPOLOGY_HINTS: &str = "service.kubernetes.io/topology-aware-hints";
const MAX_AFFINITY_SECONDS: i64 = 86_400;

/// Validates a Service but for its metadata.
pub fn service(object: &Object) -> Errors {
    let mut errors = Errors::default();
    let spec = Spec::of(object);
    let path = Path::new("spec");
    let (mode, hints) = (object.annotation(TOPOLOGY_MODE), object.annotation(TOPOLOGY_HINTS));
    if let (Some(mode), Some(_)) = (mode, hints.filter(|hints| mode != Some(hints))) {
        let detail = format!("must match annotations[{TOPOLOGY_HINTS}] when both are specified");
        errors.invalid(&Path::new("metadata.annotations").key(TOPOLOGY_MODE), mode, &detail);
    }
    if spec.ports.is_empty() && !spec.is_headless() && spec.kind != "ExternalName" {
        errors.required(&path.child("ports"), "");
    }
    validate_type_fields(&spec, &path, &mut errors);
    validate_ports(&spec, &path.child("ports"), &mut errors);
    if let Some(selector) = &spec.selector {
        errors.append(names::validate_labels(Some(selector), &path.child("selector")));
    }
    validate_affinity(&spec, &path, &mut errors);
    cluster_ips(&spec, &mut errors);
    for (i, address) in spec.external_ips.iter().enumerate() {
        let path = path.child("externalIPs").index(i);
        if ip::validate(address, &path, &mut errors) {
            ip::validate_non_special(address, &path, &mut errors);
        }
    }
    one_of(&spec.kind, &path.child("type"), &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"], &mut errors);
    validate_numbers(&spec, &path.child("ports"), &mut errors);
    validate_load_balancer(object, &spec, &path, &mut errors);
    validate_traffic(&spec, &path, &mut errors);
    errors
}

/// The port of the kubelet on every node.
const KUBELET: i64 = 10250;

fn validate_type_fields(spec: &Spec, path: &Path, errors: &mut Errors) {
    let of_kubelet = |p: &&(usize, &Port)| spec.kind == "LoadBalancer" && p.1.port == KUBELET;
    for (i, port) in spec.ports.iter().enumerate().collect::<Vec<_>>().iter().filter(of_kubelet) {
        let why = format!("may not expose port {KUBELET} externally since it is used by kubelet");
        errors.invalid(&path.child("ports").index(*i), port.port, &why);
    }
    if spec.is_headless() && spec.may_have_node_ports() {
        let detail = format!("may not be set to 'None' for {} services", spec.kind);
        errors.invalid(&path.child("clusterIPs").index(0), "None", &detail);
    }
    if spec.kind != "ExternalName" {
        return;
    }
    let fields = [
        ("clusterIPs", !spec.cluster_ips.is_empty()),
        ("ipFamilies", !spec.ip_families.is_empty()),
        ("ipFamilyPolicy", spec.ip_family_policy.is_some()),
    ];
    for (field, _) in fields.into_iter().filter(|(_, is_set)| *is_set) {
        errors.forbidden(&path.child(field), "may not be set for ExternalName services");
    }
    // A trailing dot says that the name is complete.
    let name = spec.external_name.strip_suffix('.').unwrap_or(&spec.external_name);
    if name.is_empty() {
        return errors.required(&path.child("externalName"), "");
    }
    for problem in names::is_dns1123_subdomain(name) {
        errors.invalid(&path.child("externalName"), name, &problem);
    }
}

fn validate_ports(spec: &Spec, path: &Path, errors: &mut Errors) {
    let mut seen: Vec<&str> = Vec::new();
    for (i, port) in spec.ports.iter().enumerate() {
        let path = path.index(i);
        if port.name.is_empty() && spec.ports.len() > 1 {
            errors.required(&path.child("name"), "");
        } else if !port.name.is_empty() {
            for problem in names::is_dns1123_label(&port.name) {
                errors.invalid(&path.child("name"), port.name.as_str(), &problem);
            }
            if seen.contains(&port.name.as_str()) {
                errors.duplicate(&path.child("name"), port.name.as_str());
            }
            seen.push(&port.name);
        }
        validate_port(port, &path, errors);
    }
}

fn validate_port(port: &Port, path: &Path, errors: &mut Errors) {
    for problem in names::is_port_number(port.port) {
        errors.invalid(&path.child("port"), port.port, &problem);
    }
    endpoints::validate_protocol(&port.protocol, &path.child("protocol"), errors);
    let target = path.child("targetPort");
    match &port.target_port {
        Value::String(name) => {
            for problem in names::is_port_name(name) {
                errors.invalid(&target, name.as_str(), &problem);
            }
        }
        other => {
            let number = other.as_i64().unwrap_or(0);
            for problem in names::is_port_number(number) {
                errors.invalid(&target, number, &problem);
            }
        }
    }
    if let Some(protocol) = &port.app_protocol {
        for problem in names::is_qualified_name(protocol) {
            errors.invalid(&path.child("appProtocol"), protocol.as_str(), &problem);
        }
    }
}

fn validate_affinity(spec: &Spec, path: &Path, errors: &mut Errors) {
    one_of(&spec.session_affinity, &path.child("sessionAffinity"), &["ClientIP", "None"], errors);
    let path = path.child("sessionAffinityConfig");
    let Some(config) = &spec.session_affinity_config else {
        if spec.session_affinity == "ClientIP" {
            errors.required(&path, "when session affinity type is ClientIP");
        }
        return;
    };
    match spec.session_affinity.as_str() {
        "None" => errors.forbidden(&path, "must not be set when session affinity is None"),
        "ClientIP" => {
            let seconds = config.pointer("/clientIP/timeoutSeconds").and_then(Value::as_i64).unwrap_or(0);
            if !(1..=MAX_AFFINITY_SECONDS).contains(&seconds) {
                let detail = format!("must be greater than 0 and less than {MAX_AFFINITY_SECONDS}");
                errors.invalid(&path.child("clientIP").child("timeoutSeconds"), seconds, &detail);
            }
        }
        _ => {}
    }
}

/// `clusterIP`, `clusterIPs`, `ipFamilies` and `ipFamilyPolicy` together; also used before addresses are drawn.
pub fn cluster_ips(spec: &Spec, errors: &mut Errors) {
    if spec.kind == "ExternalName" {
        return;
    }
    let path = Path::new("spec.clusterIPs");
    let all = || json!(spec.cluster_ips);
    match (spec.cluster_ip.as_str(), spec.cluster_ips.first()) {
        ("", Some(_)) => errors.invalid(&path, all(), "must be empty when `clusterIP` is not specified"),
        ("", None) => {}
        (_, None) => errors.required(&path, ""),
        (ip, Some(first)) if ip != first => errors.invalid(&path, all(), "first value must match `clusterIP`"),
        _ => {}
    }
    validate_families(spec, errors);
    let mut is_good = true;
    for (i, address) in spec.cluster_ips.iter().enumerate() {
        if i == 0 && address == "None" {
            if spec.cluster_ips.len() > 1 {
                is_good = false;
                errors.invalid(&path, all(), "'None' must be the first and only value");
            }
            continue;
        }
        is_good &= ip::validate(address, &path.index(i), errors);
    }
    if spec.cluster_ips.len() > 2 {
        errors.invalid(&path, all(), "may only hold up to 2 values");
    }
    if is_good {
        validate_stacks(spec, &path, errors);
    }
}

fn validate_families(spec: &Spec, errors: &mut Errors) {
    let path = Path::new("spec.ipFamilies");
    for (i, family) in spec.ip_families.iter().enumerate() {
        let supported = ["IPv4", "IPv6"];
        if !supported.contains(&family.as_str()) {
            errors.not_supported(&path.index(i), family.as_str(), &supported);
        }
        if spec.ip_families[..i].contains(family) {
            errors.duplicate(&path.index(i), family.as_str());
        }
    }
    if let Some(policy) = &spec.ip_family_policy {
        let supported = ["PreferDualStack", "RequireDualStack", "SingleStack"];
        if !supported.contains(&policy.as_str()) {
            errors.not_supported(&Path::new("spec.ipFamilyPolicy"), policy.as_str(), &supported);
        }
    }
}

fn validate_stacks(spec: &Spec, path: &Path, errors: &mut Errors) {
    let is_v6 = |address: &String| address.contains(':');
    if spec.cluster_ips.len() > 1 && (spec.cluster_ips.iter().all(is_v6) || !spec.cluster_ips.iter().any(is_v6)) {
        errors.invalid(path, json!(spec.cluster_ips), "may specify no more than one IP for each IP family");
    }
    if spec.is_headless() {
        return;
    }
    for (i, (address, family)) in spec.cluster_ips.iter().zip(&spec.ip_families).enumerate() {
        if (family == "IPv4" && is_v6(address)) || (family == "IPv6" && !is_v6(address)) {
            let detail = format!("expected an {family} value as indicated by `ipFamilies[{i}]`");
            errors.invalid(&path.index(i), address.as_str(), &detail);
        }
    }
}

/// Node ports where they may not be, and numbers that are there twice.
fn validate_numbers(spec: &Spec, path: &Path, errors: &mut Errors) {
    let ports = || spec.ports.iter().enumerate();
    if spec.kind == "ClusterIP" {
        for (i, _) in ports().filter(|(_, p)| p.node_port != 0) {
            errors.forbidden(&path.index(i).child("nodePort"), "may not be used when `type` is 'ClusterIP'");
        }
    }
    for (i, port) in ports().filter(|(_, p)| p.node_port != 0) {
        let same = |p: &Port| (&p.protocol, p.node_port) == (&port.protocol, port.node_port);
        if spec.ports[..i].iter().any(same) {
            errors.duplicate(&path.index(i).child("nodePort"), port.node_port);
        }
    }
    for (i, port) in ports() {
        if spec.ports[..i].iter().any(|p| (&p.protocol, p.port) == (&port.protocol, port.port)) {
            let body = format!("Duplicate value: {}", internal_form(port));
            errors.0.push(Error { kind: ErrorType::Duplicate, field: path.index(i).to_string(), body });
        }
    }
}

/// The two fields that make the key, as Go's encoding/json writes the server's own type: no JSON names, its own order.
fn internal_form(port: &Port) -> String {
    let protocol = Value::from(port.protocol.as_str());
    let number = port.port;
    format!(r#"{{"Name":"","Protocol":{protocol},"AppProtocol":null,"Port":{number},"TargetPort":0,"NodePort":0}}"#)
}

fn validate_load_balancer(object: &Object, spec: &Spec, path: &Path, errors: &mut Errors) {
    let only = "may only be used when `type` is 'LoadBalancer'";
    let is_balancer = spec.kind == "LoadBalancer";
    validate_source_ranges(object, spec, path, errors);
    if spec.allocate_load_balancer_node_ports.is_some() && !is_balancer {
        errors.forbidden(&path.child("allocateLoadBalancerNodePorts"), only);
    }
    balancer_class(spec, errors);
}

/// `loadBalancerClass`, which an update looks at twice.
pub fn balancer_class(spec: &Spec, errors: &mut Errors) {
    let Some(class) = &spec.load_balancer_class else { return };
    let path = Path::new("spec.loadBalancerClass");
    if spec.kind != "LoadBalancer" {
        return errors.forbidden(&path, "may only be used when `type` is 'LoadBalancer'");
    }
    for problem in names::is_qualified_name(class) {
        errors.invalid(&path, class.as_str(), &problem);
    }
}

/// The ranges of the field or, where it is empty, of the annotation that was there before it.
fn validate_source_ranges(object: &Object, spec: &Spec, path: &Path, errors: &mut Errors) {
    let only = "may only be used when `type` is 'LoadBalancer'";
    let is_balancer = spec.kind == "LoadBalancer";
    if !spec.load_balancer_source_ranges.is_empty() {
        let path = path.child("LoadBalancerSourceRanges");
        if !is_balancer {
            errors.forbidden(&path, only);
        }
        for (i, range) in spec.load_balancer_source_ranges.iter().enumerate() {
            ip::validate_cidr(range.trim(), &path.index(i), errors);
        }
    } else if let Some(ranges) = object.annotation(SOURCE_RANGES).map(str::trim) {
        let path = Path::new("metadata.annotations").key(SOURCE_RANGES);
        if !is_balancer {
            errors.forbidden(&path, only);
        }
        for range in ranges.split(',').filter(|_| !ranges.is_empty()) {
            ip::validate_cidr(range.trim(), &path, errors);
        }
    }
}

fn validate_traffic(spec: &Spec, path: &Path, errors: &mut Errors) {
    let external = path.child("externalTrafficPolicy");
    if spec.is_externally_accessible() {
        one_of(&spec.external_traffic_policy, &external, &["Cluster", "Local"], errors);
    } else if !spec.external_traffic_policy.is_empty() {
        let detail = "may only be set for externally-accessible services";
        errors.invalid(&external, spec.external_traffic_policy.as_str(), detail);
    }
    let health = path.child("healthCheckNodePort");
    let port = spec.health_check_node_port;
    if spec.needs_health_check() {
        for problem in names::is_port_number(port) {
            errors.invalid(&health, port, &problem);
        }
    } else if port != 0 {
        let detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
        errors.invalid(&health, port, detail);
    }
    let optional: [(_, _, &[&str]); 2] = [
        (&spec.internal_traffic_policy, "internalTrafficPolicy", &["Cluster", "Local"]),
        (&spec.traffic_distribution, "trafficDistribution", &["PreferClose", "PreferSameNode", "PreferSameZone"]),
    ];
    for (value, field, supported) in optional {
        if let Some(value) = value.as_deref().filter(|v| !supported.contains(v)) {
            errors.not_supported(&path.child(field), value, supported);
        }
    }
}

fn one_of(value: &str, path: &Path, supported: &[&str], errors: &mut Errors) {
    if value.is_empty() {
        errors.required(path, "");
    } else if !supported.contains(&value) {
        errors.not_supported(path, value, supported);
    }
}

/// What the server warns of: pkg/api/service/warnings.go.
pub fn warnings(object: &Object) -> Vec<String> {
    let spec = Spec::of(object);
    let headless = spec.kind == "ClusterIP" && spec.cluster_ip == "None";
    let is_name = spec.kind == "ExternalName";
    let has_external = !spec.external_ips.is_empty();
    let prefers_close = spec.traffic_distribution.as_deref() == Some("PreferClose");
    let (mut warnings, path) = (Vec::new(), Path::new("spec"));
    let say = |warnings: &mut Vec<String>, is_so: bool, text: &str| {
        if is_so {
            warnings.push(text.to_owned());
        }
    };
    let hints = format!("annotation {TOPOLOGY_HINTS} is deprecated, please use {TOPOLOGY_MODE} instead");
    say(&mut warnings, object.annotation(TOPOLOGY_HINTS).is_some(), &hints);
    if !matches!(spec.cluster_ip.as_str(), "" | "None") {
        warnings.extend(address_warnings(&spec.cluster_ips, &path.child("clusterIPs")));
    }
    for (is_so, field) in [
        (!spec.load_balancer_ip.is_empty(), "loadBalancerIP"),
        (has_external, "externalIPs"),
        (spec.session_affinity != "None", "SessionAffinity"),
    ] {
        say(&mut warnings, headless && is_so, &format!("spec.{field} is ignored for headless services"));
    }
    warnings.extend(address_warnings(&spec.external_ips, &path.child("externalIPs")));
    let deprecated = "spec.externalIPs is deprecated and may no longer be implemented in some clusters";
    say(&mut warnings, has_external && !headless && !is_name, deprecated);
    warnings.extend(ip::warning(&spec.load_balancer_ip, &path.child("loadBalancerIP")));
    for (i, range) in spec.load_balancer_source_ranges.iter().enumerate() {
        warnings.extend(ip::cidr_warning(range, &path.child("loadBalancerSourceRanges").index(i)));
    }
    let ignored = "spec.externalIPs is ignored when spec.type is \"ExternalName\"";
    say(&mut warnings, is_name && has_external, ignored);
    let ignored = "spec.externalName is ignored when spec.type is not \"ExternalName\"";
    say(&mut warnings, !is_name && !spec.external_name.is_empty(), ignored);
    let deprecated = "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"";
    say(&mut warnings, prefers_close, deprecated);
    warnings
}

fn address_warnings(addresses: &[String], path: &Path) -> Vec<String> {
    addresses.iter().enumerate().filter_map(|(i, address)| ip::warning(address, &path.index(i))).collect()
}
