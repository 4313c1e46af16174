//! The cluster from inside a pod: names, pages of other pods, services, and what must not answer.

use crate::cluster::{Cluster, processes_of, soon};
use crate::needs_namespaces;

#[test]
fn pods_exchange_pages_by_name_address_and_service() {
    needs_namespaces!();
    let cluster = Cluster::of_two();
    let (ip, node) = (
        cluster.field("pod/nginx-0", "{.status.podIP}"),
        cluster.field("node/node-1", "{.status.addresses[0].address}"),
    );
    let web = cluster.field("service/web", "{.spec.clusterIP}");
    assert_eq!(cluster.inside("nginx-0", "curl -s http://nginx-1.nginx/"), "nginx-1\n");
    assert_eq!(
        cluster.inside("nginx-1", &format!("curl -s http://nginx-0.nginx.default.svc/ http://{ip}/")),
        "nginx-0\nnginx-0\n"
    );
    for address in ["web:8080".to_owned(), format!("{web}:8080"), "outside:8080".to_owned(), format!("{node}:30080")] {
        let script = format!("for i in 1 2 3 4; do curl -s http://{address}/; done");
        let said = cluster.inside("nginx-0", &script);
        let mut pages: Vec<&str> = said.lines().collect();
        assert!(pages.windows(2).all(|pair| pair[0] != pair[1]), "one after the other at {address}: {pages:?}");
        pages.sort_unstable();
        assert_eq!(pages, ["nginx-0", "nginx-0", "nginx-1", "nginx-1"], "{address}");
    }
    let said = cluster.inside("nginx-1", "for i in 1 2 3 4; do curl -s http://same/; done");
    let first = said.lines().next().unwrap();
    assert_eq!(said, format!("{first}\n").repeat(4), "a client comes to the same pod again");
}

#[test]
fn what_nobody_serves_is_refused() {
    needs_namespaces!();
    let cluster = Cluster::of_two();
    let status = |target: &str| {
        let bash = format!("timeout 5 bash -c 'exec 3<>/dev/tcp/{target}' 2>&1; echo $?");
        cluster.inside("nginx-0", &bash)
    };
    for target in ["nginx-1.nginx/81", "web/81", "nginx-0.nginx/81"] {
        let said = status(target);
        assert!(said.contains("Connection refused") && said.ends_with("\n1\n"), "{target}: {said}");
    }
    for target in ["172.16.200.1/80", "10.247.200.1/80", "192.0.2.99/80", "8.8.8.8/53"] {
        let said = status(target);
        assert!(said.contains("No route to host") && said.ends_with("\n1\n"), "{target}: {said}");
    }
    assert!(status("nope.nginx/80").contains("Name or service not known"));
    // A Service without ready endpoints refuses.
    cluster.apply(
        "
apiVersion: v1
kind: Service
metadata: {name: empty}
spec: {selector: {app: nobody}, ports: [{port: 80}]}
",
    );
    assert!(status("empty/80").contains("Connection refused"));
}

#[test]
fn an_unready_pod_is_reached_by_its_address_and_not_through_its_service() {
    needs_namespaces!();
    let cluster = Cluster::with(crate::cluster::WEB);
    cluster.apply(
        "
apiVersion: v1
kind: ConfigMap
metadata: {name: kstate, namespace: kube-system}
data: {rules: pod=default/late never-ready}
",
    );
    cluster.apply(
        "
apiVersion: v1
kind: Pod
metadata: {name: late, labels: {app: nginx}}
spec: {containers: [{name: nginx, image: nginx, ports: [{containerPort: 80, name: web}]}]}
",
    );
    let ip = cluster.field("pod/late", "{.status.podIP}");
    assert_eq!(cluster.field("pod/late", "{.status.containerStatuses[0].ready}"), "false");
    cluster.inside("late", "echo late > /usr/share/nginx/html/index.html");
    assert_eq!(cluster.inside("nginx-0", &format!("curl -s http://{ip}/")), "late\n");
    assert!(!cluster.inside("nginx-0", "for i in 1 2 3 4 5 6; do curl -s http://web:8080/; done").contains("late"));
    assert!(!cluster.inside("nginx-0", "getent ahostsv4 nginx").contains(&ip));
    assert!(cluster.inside("nginx-0", "getent ahostsv4 all").contains(&ip), "publishNotReadyAddresses");
}

#[test]
fn names_are_answered_from_the_store() {
    needs_namespaces!();
    let cluster = Cluster::of_two();
    let ips: Vec<String> = (0..2).map(|n| cluster.field(&format!("pod/nginx-{n}"), "{.status.podIP}")).collect();
    let domain = "default.svc.cluster.local";
    let said = |query: &str| cluster.inside("nginx-0", &format!("nslookup {query}"));
    let head = "Server:\t\t10.247.3.10\nAddress:\t10.247.3.10#53\n\n";
    assert_eq!(said("nginx-1.nginx"), format!("{head}Name:\tnginx-1.nginx.{domain}\nAddress: {}\n\n", ips[1]));
    let both = said("nginx");
    assert!(ips.iter().all(|ip| both.contains(ip)), "{both}");
    assert!(said("nginx-7.nginx").contains("NXDOMAIN"));
    assert!(said("-type=AAAA nginx-1.nginx").contains("No answer"));
    assert!(said("example.com").contains("REFUSED"));
    let srv = said("-type=SRV _web._tcp.nginx");
    assert!(srv.contains(&format!("service = 0 50 80 nginx-0.nginx.{domain}.")), "{srv}");
    assert!(said("outside").contains(&format!("outside.{domain}\tcanonical name = web.{domain}.")));
    assert!(said(&ips[0]).contains(&format!("name = nginx-0.nginx.{domain}.")));
    let api_server = said("kubernetes.default");
    assert!(api_server.contains(&format!("Name:\tkubernetes.{domain}\nAddress: 10.247.0.1\n")), "{api_server}");
    assert!(said("10.247.0.1").contains(&format!("name = kubernetes.{domain}.")));
    let dashed = ips[0].replace('.', "-");
    assert!(said(&format!("{dashed}.default.pod")).contains(&format!("Address: {}\n", ips[0])));
    assert_eq!(cluster.inside("nginx-0", "hostname -f"), format!("nginx-0.nginx.{domain}\n"));
    let resolved = cluster.inside("nginx-1", "getent hosts nginx-0.nginx");
    assert_eq!(resolved.split_whitespace().collect::<Vec<_>>(), [ips[0].as_str(), &format!("nginx-0.nginx.{domain}")]);
}

#[test]
fn a_recreated_pod_keeps_its_name_and_gets_a_new_address() {
    needs_namespaces!();
    let cluster = Cluster::of_two();
    let before = cluster.field("pod/nginx-0", "{.status.podIP}");
    cluster.out(&["delete", "pod", "nginx-0"]);
    let after = cluster.field("pod/nginx-0", "{.status.podIP}");
    assert_ne!(before, after);
    let said = cluster.inside("nginx-1", "nslookup nginx-0.nginx");
    assert!(said.contains(&format!("Address: {after}\n")) && !said.contains(&format!("Address: {before}\n")), "{said}");
}

#[test]
fn a_shell_that_stays_sees_what_changes() {
    needs_namespaces!();
    let cluster = Cluster::of_two();
    let script = "until curl -s -m 5 http://later/; do sleep 0.1; done > /usr/share/nginx/html/seen";
    let _shell = cluster.spawn_inside("nginx-0", script);
    std::thread::sleep(std::time::Duration::from_millis(300));
    cluster.apply(
        "
apiVersion: v1
kind: Service
metadata: {name: later}
spec: {selector: {statefulset.kubernetes.io/pod-name: nginx-1}, ports: [{port: 80}]}
",
    );
    soon("the new service is reached", || cluster.inside("nginx-0", "cat /usr/share/nginx/html/seen") == "nginx-1\n");
}

#[test]
fn a_program_that_listens_in_a_running_pod_is_reached() {
    needs_namespaces!();
    if !std::path::Path::new("/usr/bin/python3").exists() {
        return;
    }
    let cluster = Cluster::of_two();
    let server =
        "mkdir -p /srv/x && echo real > /srv/x/index.html && exec /usr/bin/python3 -m http.server -d /srv/x 9000";
    let running = cluster.spawn_inside("nginx-1", server);
    let ask = || cluster.inside("nginx-0", "curl -s http://nginx-1.nginx:9000/");
    soon("the program answers", || ask() == "real\n");
    drop(running);
    soon("the program is gone", || ask().is_empty());
    soon("nothing runs", || processes_of(cluster.home.path()) == 0);
}

#[test]
fn much_goes_through_both_ways() {
    needs_namespaces!();
    let cluster = Cluster::of_two();
    cluster.inside("nginx-1", "head -c 20000000 /dev/urandom > /usr/share/nginx/html/big");
    let sums = cluster.inside(
        "nginx-0",
        "for i in 1 2 3; do curl -s http://nginx-1.nginx/big | md5sum & done; wait; curl -s http://nginx-1.nginx/big | wc -c",
    );
    let own = cluster.inside("nginx-1", "md5sum < /usr/share/nginx/html/big");
    assert_eq!(sums, format!("{}20000000\n", own.repeat(3)));
    // What is sent and not wanted is read all the same.
    let sent =
        "head -c 3000000 /dev/zero | curl -s -o /dev/null -w '%{http_code}' --data-binary @- http://nginx-1.nginx/";
    assert!(["405", "413"].contains(&cluster.inside("nginx-0", sent).as_str()));
}

#[test]
fn a_server_logs_who_asked() {
    needs_namespaces!();
    let cluster = Cluster::of_two();
    let ip = cluster.field("pod/nginx-0", "{.status.podIP}");
    cluster.inside("nginx-0", "curl -s http://nginx-1.nginx/ http://nginx-1.nginx/nope");
    let uid = cluster.field("pod/nginx-1", "{.metadata.uid}");
    let log = kstate::runtime::log::Reader::open(cluster.home.path(), &uid, "nginx", 0).unwrap().rest().unwrap();
    let lines: Vec<String> = log.iter().map(|entry| String::from_utf8_lossy(&entry.text).into_owned()).collect();
    assert!(lines.iter().any(|l| l.starts_with(&ip) && l.contains("\"GET / HTTP/1.1\" 200 8 ")), "{lines:?}");
    assert!(lines.iter().any(|l| l.starts_with(&ip) && l.contains("\"GET /nope HTTP/1.1\" 404 ")), "{lines:?}");
}

#[test]
fn a_volume_of_another_pod_lets_nothing_out() {
    needs_namespaces!();
    let cluster = Cluster::of_two();
    let script =
        "cd /usr/share/nginx/html; ln -s /etc/passwd passwd; ln -s ../../../../../../../../etc/passwd up; ln -s / all";
    cluster.inside("nginx-1", script);
    for path in ["passwd", "up", "all/etc/passwd", "all/proc/self/environ"] {
        let script = format!("curl -s -o /dev/null -w '%{{http_code}}' http://nginx-1.nginx/{path}");
        assert_eq!(cluster.inside("nginx-0", &script), "404", "{path}");
    }
}

#[test]
fn of_two_servers_on_one_port_the_first_has_it() {
    needs_namespaces!();
    let two = "---\n{apiVersion: v1, kind: Pod, metadata: {name: two}, spec: {containers: [{name: a, image: nginx}, {name: b, image: httpd}]}}";
    let cluster = Cluster::with(two);
    for container in ["a", "b"] {
        let page = cluster.out(&["exec", "two", "-c", container, "--", "curl", "-s", "localhost"]);
        assert!(page.contains("Welcome to nginx!"), "{container}: {page}");
    }
}

#[test]
fn a_hook_s_request_comes_to_the_pod_s_own_server() {
    needs_namespaces!();
    let cluster = Cluster::with(
        "---\n{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: nginx, image: nginx, \
         ports: [{name: http, containerPort: 80}], lifecycle: {postStart: {httpGet: {path: /started, port: http}}}}]}}",
    );
    let log = cluster.out(&["logs", "web"]);
    assert!(log.contains("\"GET /started HTTP/1.1\" 404"), "{log}");
}

/// As the page on connecting applications with Services shows it: `printenv` before and after the Service, and once more when
/// the pod is a new one.
#[test]
fn a_container_knows_of_the_services_that_were_there_when_it_started() {
    needs_namespaces!();
    let cluster = Cluster::with(
        "---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {a: b}}, \
         template: {metadata: {labels: {a: b}}, spec: {containers: [{name: nginx, image: nginx}]}}}}",
    );
    cluster.out(&["expose", "deployment", "web", "--port=80", "--name=later"]);
    let known = || cluster.out(&["exec", "deploy/web", "--", "printenv"]).contains("LATER_SERVICE_HOST=");
    assert!(!known());
    cluster.out(&["rollout", "restart", "deployment", "web"]);
    cluster.out(&["rollout", "status", "deployment", "web"]);
    soon("the old pod is gone", || cluster.out(&["get", "pods", "-o", "name"]).lines().count() == 1);
    assert!(known());
}
