use super::*;

fn service(spec: Value) -> Object {
    let mut o =
        Object::from_value(json!({"metadata": {"name": "nginx", "namespace": "default"}, "spec": spec})).unwrap();
    Service.set_defaults(&mut o);
    o
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
