use super::*;
use crate::kinds::empty_store::{EmptyStore, put};
use crate::kinds::plan::Action;

fn service(spec: Value) -> Object {
    let metadata = json!({"name": "nginx", "namespace": "default", "labels": {"tier": "web"}, "uid": "svc",
        "creationTimestamp": "2026-11-22T08:00:00Z"});
    let body = json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec});
    let mut o = Object::from_value(body).unwrap();
    Service.set_defaults(&mut o);
    o
}

/// What `create` makes of it, short of storing it.
fn created(spec: Value, cluster: &Cluster) -> Result<Object, Status> {
    let mut o = service(spec);
    Service.prepare_for_create(&mut o);
    Service.admit(&mut o, cluster)?;
    let errors = Service.validate(&o);
    if errors.is_empty() { Ok(o) } else { Err(Status::invalid("Service", "nginx", errors)) }
}

/// What `update` makes of it.
fn updated(spec: Value, old: &Object, cluster: &Cluster) -> Result<Object, Status> {
    let mut o = service(spec);
    Service.admit_update(&mut o, old, cluster)?;
    Service.prepare_for_update(&mut o, old);
    let errors = Service.validate_update(&o, old);
    if errors.is_empty() { Ok(o) } else { Err(Status::invalid("Service", "nginx", errors)) }
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Status>) -> String {
    let message = result.unwrap_err().message;
    message.strip_prefix("Service \"nginx\" is invalid: ").unwrap_or(&message).to_owned()
}

#[test]
fn cells_are_kubectls() {
    let port = json!([{"name": "a", "port": 80, "nodePort": 30080}, {"port": 53, "protocol": "UDP"}]);
    let cases = [
        (json!({"clusterIPs": ["None"], "ports": [{"port": 80}]}), ["ClusterIP", "None", "<none>", "80/TCP", "<none>"]),
        (
            json!({"clusterIPs": ["10.247.9.9"], "externalIPs": ["192.0.2.9"], "ports": port, "selector": {"app": "x", "a": "b"}}),
            ["ClusterIP", "10.247.9.9", "192.0.2.9", "80:30080/TCP,53/UDP", "a=b,app=x"],
        ),
        (
            json!({"type": "LoadBalancer", "clusterIPs": ["10.247.9.9"], "ports": port}),
            ["LoadBalancer", "10.247.9.9", "<pending>", "80:30080/TCP,53/UDP", "<none>"],
        ),
        (
            json!({"type": "ExternalName", "externalName": "db.example.com"}),
            ["ExternalName", "<none>", "db.example.com", "<none>", "<none>"],
        ),
    ];
    for (spec, want) in cases {
        let mut cells = Service.cells(&service(spec.clone()), Time::MAX_UTC);
        cells.remove(5);
        assert_eq!(cells[1..], want, "{spec}");
    }
}

#[test]
fn a_headless_service_is_stored_as_the_server_stores_it() {
    let cluster = Cluster::new(&EmptyStore);
    let o = created(
        json!({"clusterIP": "None", "ports": [{"port": 80, "name": "web"}], "selector": {"app": "nginx"}}),
        &cluster,
    );
    let want = json!({
        "clusterIP": "None", "clusterIPs": ["None"], "internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack", "ports": [{"name": "web", "port": 80, "protocol": "TCP", "targetPort": 80}],
        "selector": {"app": "nginx"}, "sessionAffinity": "None", "type": "ClusterIP",
    });
    let o = o.unwrap();
    assert_eq!((o.at("/spec"), o.at("/status")), (Some(&want), Some(&json!({"loadBalancer": {}}))));
    let o = created(json!({"clusterIP": "None"}), &cluster).unwrap();
    assert_eq!(o.at("/spec/ipFamilies"), Some(&json!(["IPv4", "IPv6"])));
    assert_eq!(o.str_at("/spec/ipFamilyPolicy"), "RequireDualStack");
}

#[test]
fn addresses_are_drawn_once_and_checked() {
    let mut cluster = Cluster::new(&EmptyStore);
    let spec = json!({"ports": [{"port": 80}]});
    let first = created(spec.clone(), &cluster).unwrap();
    assert_eq!(created(spec.clone(), &cluster).unwrap(), first, "the same store draws the same");
    let ip = first.str_at("/spec/clusterIP").to_owned();
    assert!(ip.starts_with("10.247."), "{ip}");
    let mut other = first.clone();
    other.set("/metadata/name", "other".into());
    put(&mut cluster, &other);
    assert_ne!(created(spec, &cluster).unwrap().str_at("/spec/clusterIP"), ip);
    let asked = |ip: &str| refusal(created(json!({"clusterIP": ip, "ports": [{"port": 80}]}), &cluster));
    let cases = [
        (ip.as_str(), "provided IP is already allocated"),
        ("10.247.0.1", "provided IP is already allocated"),
        ("10.247.255.255", "the provided network does not match the current range"),
        ("192.0.2.1", "the provided network does not match the current range"),
    ];
    for (ip, problem) in cases {
        let want = format!("spec.clusterIPs: Invalid value: [\"{ip}\"]: failed to allocate IP {ip}: {problem}");
        assert_eq!(asked(ip), want);
    }
    assert!(
        asked("10.247.0.300").starts_with("spec.clusterIPs[0]: Invalid value: \"10.247.0.300\": must be a valid IP")
    );
    assert_eq!(
        asked("fd00::1"),
        "spec.clusterIPs[0]: Invalid value: [\"fd00::1\"]: IPv6 is not configured on this cluster"
    );
}

#[test]
fn node_ports_are_drawn_shared_and_checked() {
    let mut cluster = Cluster::new(&EmptyStore);
    let ports =
        json!([{"name": "a", "port": 53}, {"name": "b", "port": 53, "protocol": "UDP"}, {"name": "c", "port": 80}]);
    let mut o = created(json!({"type": "NodePort", "ports": ports}), &cluster).unwrap();
    let drawn: Vec<i64> = (0..3).map(|i| o.i64_at(&format!("/spec/ports/{i}/nodePort")).unwrap()).collect();
    assert!(drawn.iter().all(|p| (30000..=32767).contains(p)));
    assert_eq!(drawn[0], drawn[1], "TCP and UDP of one port share");
    assert_ne!(drawn[0], drawn[2]);
    assert_eq!(o.str_at("/spec/externalTrafficPolicy"), "Cluster");
    o.set("/metadata/name", "other".into());
    put(&mut cluster, &o);
    let asked =
        |port: i64| refusal(created(json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": port}]}), &cluster));
    assert_eq!(
        asked(drawn[0]),
        format!("spec.ports[0].nodePort: Invalid value: {}: provided port is already allocated", drawn[0])
    );
    assert_eq!(
        asked(80),
        "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767"
    );
}

#[test]
fn a_local_load_balancer_gets_a_health_check_port() {
    let cluster = Cluster::new(&EmptyStore);
    let spec = json!({"type": "LoadBalancer", "externalTrafficPolicy": "Local", "ports": [{"port": 80}]});
    let o = created(spec, &cluster).unwrap();
    let (health, node) = (o.i64_at("/spec/healthCheckNodePort").unwrap(), o.i64_at("/spec/ports/0/nodePort").unwrap());
    assert!((30000..=32767).contains(&health) && health != node);
    assert_eq!(o.bool_at("/spec/allocateLoadBalancerNodePorts"), Some(true));
    let spec = json!({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": false, "ports": [{"port": 80}]});
    assert_eq!(created(spec, &cluster).unwrap().at("/spec/ports/0/nodePort"), None);
}

#[test]
fn validation_is_in_the_servers_words_and_order() {
    let cluster = Cluster::new(&EmptyStore);
    let cases = [
        (json!({}), "spec.ports: Required value".to_owned()),
        (
            json!({"ports": [{"port": 99999}]}),
            "[spec.ports[0].port: Invalid value: 99999: must be between 1 and 65535, inclusive, spec.ports[0].targetPort: Invalid value: 99999: must be between 1 and 65535, inclusive]".to_owned(),
        ),
        (
            json!({"ports": [{"port": 80}, {"port": 80, "name": "b"}]}),
            "[spec.ports[0].name: Required value, spec.ports[1]: Duplicate value: {\"Name\":\"\",\"Protocol\":\"TCP\",\"AppProtocol\":null,\"Port\":80,\"TargetPort\":0,\"NodePort\":0}]".to_owned(),
        ),
        (
            json!({"ports": [{"port": 80, "nodePort": 30080}]}),
            "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'".to_owned(),
        ),
        (
            json!({"type": "NodePort", "clusterIP": "None", "ports": [{"port": 80, "nodePort": 30080}]}),
            "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services".to_owned(),
        ),
        (
            json!({"ports": [{"port": 80, "protocol": "HTTP"}], "sessionAffinity": "Sticky", "type": "Internal"}),
            "[spec.ports[0].protocol: Unsupported value: \"HTTP\": supported values: \"SCTP\", \"TCP\", \"UDP\", spec.sessionAffinity: Unsupported value: \"Sticky\": supported values: \"ClientIP\", \"None\", spec.type: Unsupported value: \"Internal\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\"]".to_owned(),
        ),
        (
            json!({"type": "ExternalName", "externalName": "", "clusterIP": "10.247.0.5"}),
            "[spec.clusterIPs: Forbidden: may not be set for ExternalName services, spec.externalName: Required value]".to_owned(),
        ),
        (
            json!({"ports": [{"port": 80}], "externalIPs": ["127.0.0.1"], "loadBalancerSourceRanges": ["10.0.0.0/8"]}),
            "[spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128), spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer']".to_owned(),
        ),
    ];
    for (spec, want) in cases {
        assert_eq!(refusal(created(spec.clone(), &cluster)), want, "{spec}");
    }
}

#[test]
fn updates_keep_what_was_allocated() {
    let mut cluster = Cluster::new(&EmptyStore);
    let spec = json!({"type": "NodePort", "ports": [{"name": "a", "port": 80}]});
    let made = created(spec.clone(), &cluster).unwrap();
    let old = put(&mut cluster, &made);
    let same = updated(spec, &old, &cluster).unwrap();
    assert_eq!(same.at("/spec"), old.at("/spec"));
    let to_cluster = old.at("/spec").cloned().map(|mut s| {
        s["type"] = "ClusterIP".into();
        s
    });
    let changed = updated(to_cluster.unwrap(), &old, &cluster).unwrap();
    assert_eq!((changed.at("/spec/ports/0/nodePort"), changed.at("/spec/externalTrafficPolicy")), (None, None));
    let named = updated(json!({"type": "ExternalName", "externalName": "x.y"}), &old, &cluster).unwrap();
    assert_eq!((named.at("/spec/clusterIP"), named.at("/spec/ipFamilies")), (None, None));
}

#[test]
fn the_cluster_ip_stays() {
    let mut cluster = Cluster::new(&EmptyStore);
    let made = created(json!({"clusterIP": "10.247.4.4", "ports": [{"port": 80}]}), &cluster).unwrap();
    let old = put(&mut cluster, &made);
    for ip in ["10.247.4.5", "None"] {
        let answer = refusal(updated(json!({"clusterIP": ip, "ports": [{"port": 80}]}), &old, &cluster));
        assert_eq!(answer, format!("spec.clusterIPs[0]: Invalid value: [\"{ip}\"]: may not change once set"));
    }
}

#[test]
fn warnings_are_the_servers() {
    let warned = |spec: Value| Service.warnings(&service(spec), None).join("; ");
    assert_eq!(
        warned(json!({"externalIPs": ["192.0.2.9"]})),
        "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
    );
    assert_eq!(
        warned(json!({"clusterIP": "None", "sessionAffinity": "ClientIP"})),
        "spec.SessionAffinity is ignored for headless services"
    );
    assert_eq!(warned(json!({"ports": [{"port": 80}]})), "");
}

fn pod(name: &str, ip: &str, ready: bool) -> Object {
    Object::from_value(json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": "nginx"}, "uid": format!("uid-{name}")},
        "spec": {"nodeName": "node-1", "hostname": name, "subdomain": "nginx",
            "containers": [{"name": "c", "ports": [{"name": "web", "containerPort": 8080, "protocol": "TCP"}]}]},
        "status": {"podIP": ip, "phase": "Running", "conditions": [
            {"type": "Ready", "status": if ready { "True" } else { "False" }, "lastTransitionTime": "2026-11-22T08:00:13Z"}]},
    }))
    .unwrap()
}

/// Runs the controller once and stores what it made; returns the actions.
fn reconciled(cluster: &mut Cluster, service: &Arc<Object>) -> Vec<Action> {
    let plan = Service.reconcile(service, cluster, cluster.now()).unwrap();
    for action in &plan.actions {
        match action {
            Action::Create(o) | Action::Update(o) => drop(put(cluster, o)),
            Action::Delete { key, .. } => drop(cluster.remove(key).unwrap()),
            other => panic!("{other:?}"),
        }
    }
    plan.actions
}

#[test]
fn endpoints_and_slices_follow_the_pods() {
    let mut cluster = Cluster::new(&EmptyStore);
    let spec = json!({"clusterIP": "None", "clusterIPs": ["None"], "selector": {"app": "nginx"},
        "ports": [{"name": "web", "port": 80, "targetPort": "web"}]});
    let service = put(&mut cluster, &service(spec));
    assert_eq!(reconciled(&mut cluster, &service).len(), 2);
    put(&mut cluster, &pod("web-1", "172.16.0.21", true));
    put(&mut cluster, &pod("web-0", "172.16.0.20", true));
    put(&mut cluster, &pod("web-2", "172.16.0.22", false));
    assert_eq!(reconciled(&mut cluster, &service).len(), 2);
    assert_eq!(reconciled(&mut cluster, &service), [], "nothing is left to do");

    let endpoints = cluster.get(&Key::new("endpoints", "default", "nginx")).unwrap().unwrap();
    let address = |n: u8| {
        json!({"hostname": format!("web-{n}"), "ip": format!("172.16.0.2{n}"), "nodeName": "node-1",
            "targetRef": {"kind": "Pod", "name": format!("web-{n}"), "namespace": "default", "uid": format!("uid-web-{n}")}})
    };
    assert_eq!(
        endpoints.at("/subsets"),
        Some(&json!([{"addresses": [address(0), address(1)], "notReadyAddresses": [address(2)],
            "ports": [{"name": "web", "port": 8080, "protocol": "TCP"}]}]))
    );
    assert_eq!(
        endpoints.at("/metadata/labels"),
        Some(
            &json!({"tier": "web", "endpoints.kubernetes.io/managed-by": "endpoint-controller", "service.kubernetes.io/headless": ""})
        )
    );
    assert_eq!(endpoints.annotation("endpoints.kubernetes.io/last-change-trigger-time"), Some("2026-11-22T08:00:13Z"));

    let slices = cluster.list(endpoint_slice::RESOURCE, None).unwrap();
    assert_eq!(slices.len(), 1);
    assert_eq!(slices[0].label("kubernetes.io/service-name"), Some("nginx"));
    assert_eq!(slices[0].list_at("/endpoints").len(), 3);
    assert_eq!(
        slices[0].at("/endpoints/2/conditions"),
        Some(&json!({"ready": false, "serving": false, "terminating": false}))
    );
}

#[test]
fn a_pod_that_is_not_ready_is_published_when_asked_for() {
    let mut cluster = Cluster::new(&EmptyStore);
    put(&mut cluster, &pod("web-0", "172.16.0.20", false));
    let spec = json!({"clusterIPs": ["None"], "selector": {"app": "nginx"}, "publishNotReadyAddresses": true});
    let service = put(&mut cluster, &service(spec));
    reconciled(&mut cluster, &service);
    let endpoints = cluster.get(&Key::new("endpoints", "default", "nginx")).unwrap().unwrap();
    assert_eq!((endpoints.list_at("/subsets/0/addresses").len(), endpoints.at("/subsets/0/ports")), (1, None));
    let slices = cluster.list(endpoint_slice::RESOURCE, None).unwrap();
    assert_eq!(slices[0].bool_at("/endpoints/0/conditions/ready"), Some(true));
}

#[test]
fn a_hundred_pods_fill_a_slice() {
    let mut cluster = Cluster::new(&EmptyStore);
    for i in 0..150 {
        put(&mut cluster, &pod(&format!("p-{i:03}"), &format!("172.16.1.{i}"), true));
    }
    let service = put(&mut cluster, &service(json!({"selector": {"app": "nginx"}, "ports": [{"port": 80}]})));
    reconciled(&mut cluster, &service);
    let slices = cluster.list(endpoint_slice::RESOURCE, None).unwrap();
    assert_eq!(slices.iter().map(|s| s.list_at("/endpoints").len()).collect::<Vec<_>>(), [100, 50]);
    assert_eq!(reconciled(&mut cluster, &service), []);
}

#[test]
fn without_a_selector_the_controllers_keep_out() {
    let mut cluster = Cluster::new(&EmptyStore);
    let service = put(&mut cluster, &service(json!({"ports": [{"port": 80}]})));
    assert_eq!(reconciled(&mut cluster, &service), []);
}
