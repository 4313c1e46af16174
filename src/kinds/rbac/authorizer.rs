//! Whether the roles that are bound to a user allow a request: upstream's RBAC authorizer. Refuses nothing itself.

use std::sync::Arc;

use serde_json::Value;

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::pod::Fields;

const MASTERS: &str = "system:masters";
const ACCOUNT: &str = "system:serviceaccount:";

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub groups: Vec<String>,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub enum Request<'r> {
    /// `namespace` is empty for all namespaces and for what has none; `resource` is `pods` or `pods/log`.
    Resource {
        verb: &'r str,
        namespace: &'r str,
        group: &'r str,
        resource: &'r str,
        name: &'r str,
    },
    Path {
        verb: &'r str,
        path: &'r str,
    },
}

/// Whether a role that is bound to the user, in the cluster or in the request's namespace, allows the request.
///
/// # Errors
/// Those of the store.
pub fn allows(cluster: &Cluster, user: &User, request: &Request<'_>) -> Result<bool, Status> {
    decision(cluster, user, request).map(|reason| reason.is_some())
}

/// Why a request is allowed, in the server's words; `None` where it is not. Nothing is said of those who may do everything.
///
/// # Errors
/// Those of the store.
pub fn decision(cluster: &Cluster, user: &User, request: &Request<'_>) -> Result<Option<String>, Status> {
    if user.groups.iter().any(|group| group == MASTERS) {
        return Ok(Some(String::new()));
    }
    let namespace = match request {
        Request::Resource { namespace, .. } => namespace,
        Request::Path { .. } => "",
    };
    for (binding, role) in bound(cluster, user, namespace)? {
        if role.list_at("/rules").iter().any(|rule| rule_allows(rule, request)) {
            return Ok(Some(format!("RBAC: allowed by {}", told(&binding, user))));
        }
    }
    Ok(None)
}

/// A binding as reasons name it: `RoleBinding "read/default" of Role "reader" to User "jane"`.
fn told(binding: &Object, user: &User) -> String {
    let (kind, name, namespace) = (binding.kind(), binding.name(), binding.namespace());
    let place = if namespace.is_empty() { name.to_owned() } else { format!("{name}/{namespace}") };
    let role = (binding.str_at("/roleRef/kind"), binding.str_at("/roleRef/name"));
    let subject = binding.list_at("/subjects").iter().find(|s| is_subject(s, namespace, user));
    let whom = subject.map_or_else(String::new, |s| match s.text("kind") {
        "ServiceAccount" => {
            let own = if s.text("namespace").is_empty() { namespace } else { s.text("namespace") };
            format!("ServiceAccount {:?}", format!("{}/{own}", s.text("name")))
        }
        kind => format!("{kind} {:?}", s.text("name")),
    });
    format!("{kind} {place:?} of {} {:?} to {whom}", role.0, role.1)
}

/// The rules of all roles that are bound to the user, in the cluster or in a namespace.
///
/// # Errors
/// Those of the store.
pub fn rules(cluster: &Cluster, user: &User, namespace: &str) -> Result<Vec<Value>, Status> {
    Ok(bound(cluster, user, namespace)?.iter().flat_map(|(_, role)| role.list_at("/rules").to_vec()).collect())
}

/// A binding, with the role it binds.
type Bound = (Arc<Object>, Arc<Object>);

/// The bindings of a user.
fn bound(cluster: &Cluster, user: &User, namespace: &str) -> Result<Vec<Bound>, Status> {
    let mut bindings = cluster.list("clusterrolebindings.rbac.authorization.k8s.io", None)?;
    if !namespace.is_empty() {
        bindings.extend(cluster.list("rolebindings.rbac.authorization.k8s.io", Some(namespace))?);
    }
    let mut found = Vec::new();
    for binding in bindings {
        let is_bound = binding.list_at("/subjects").iter().any(|s| is_subject(s, binding.namespace(), user));
        if is_bound && let Some(role) = role_of(cluster, &binding)? {
            found.push((binding, role));
        }
    }
    Ok(found)
}

fn is_subject(subject: &Value, namespace: &str, user: &User) -> bool {
    let name = subject.text("name");
    match subject.text("kind") {
        "User" => name == user.name,
        "Group" => user.groups.iter().any(|group| group == name),
        "ServiceAccount" => {
            let own = subject.text("namespace");
            let account = format!("{ACCOUNT}{}:{name}", if own.is_empty() { namespace } else { own });
            account == user.name
        }
        _ => false,
    }
}

fn role_of(cluster: &Cluster, binding: &Object) -> Result<Option<Arc<Object>>, Status> {
    let name = binding.str_at("/roleRef/name");
    let key = match binding.str_at("/roleRef/kind") {
        "Role" => Key::new("roles.rbac.authorization.k8s.io", binding.namespace(), name),
        _ => Key::cluster("clusterroles.rbac.authorization.k8s.io", name),
    };
    cluster.get(&key)
}

fn rule_allows(rule: &Value, request: &Request<'_>) -> bool {
    let has = |field: &str, wanted: &str| rule.texts(field).iter().any(|have| *have == "*" || *have == wanted);
    match request {
        Request::Resource { verb, group, resource, name, .. } => {
            let names = rule.texts("resourceNames");
            has("verbs", verb)
                && has("apiGroups", group)
                && rule.texts("resources").iter().any(|have| is_resource(have, resource))
                && (names.is_empty() || names.contains(name))
        }
        Request::Path { verb, path } => {
            let is_path = |have: &&str| {
                *have == "*" || have == path || have.strip_suffix('*').is_some_and(|start| path.starts_with(start))
            };
            has("verbs", verb) && rule.texts("nonResourceURLs").iter().any(is_path)
        }
    }
}

/// `*`, `pods`, `pods/log`, and `*/scale` for a subresource of any resource.
fn is_resource(have: &str, wanted: &str) -> bool {
    let of_any = || Some(have.strip_prefix("*/")? == wanted.split_once('/')?.1);
    have == "*" || have == wanted || of_any() == Some(true)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::empty_store::{EmptyStore, put};

    fn object(kind: &str, namespace: &str, name: &str, fields: &[(&str, Value)]) -> Object {
        let mut object = Object::new("rbac.authorization.k8s.io/v1", kind, namespace, name);
        object.set("/metadata/uid", format!("{kind}/{name}").into());
        fields.iter().for_each(|(pointer, value)| object.set(pointer, value.clone()));
        object
    }

    fn rules() -> Value {
        json!([
            {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "*/scale"]},
            {"verbs": ["update"], "apiGroups": ["apps"], "resources": ["*"], "resourceNames": ["web"]},
            {"verbs": ["get"], "nonResourceURLs": ["/healthz", "/api/*"]},
        ])
    }

    fn asks(cluster: &Cluster, user: &str, groups: &[&str], request: &Request<'_>) -> bool {
        let user = User { name: user.to_owned(), groups: groups.iter().map(|g| (*g).to_owned()).collect() };
        allows(cluster, &user, request).unwrap()
    }

    fn resource<'r>(
        verb: &'r str,
        namespace: &'r str,
        group: &'r str,
        resource: &'r str,
        name: &'r str,
    ) -> Request<'r> {
        Request::Resource { verb, namespace, group, resource, name }
    }

    #[test]
    fn a_role_counts_in_its_namespace_for_whom_it_is_bound_to() {
        let mut cluster = Cluster::new(&EmptyStore);
        put(&mut cluster, &object("Role", "dev", "reader", &[("/rules", rules())]));
        let subjects = json!([{"kind": "User", "name": "jane"}, {"kind": "ServiceAccount", "name": "robot"}]);
        let role = json!({"kind": "Role", "name": "reader"});
        put(&mut cluster, &object("RoleBinding", "dev", "b", &[("/subjects", subjects), ("/roleRef", role)]));
        let list = resource("list", "dev", "", "pods", "");
        assert!(asks(&cluster, "jane", &[], &list));
        assert!(asks(&cluster, "system:serviceaccount:dev:robot", &[], &list));
        assert!(!asks(&cluster, "system:serviceaccount:prod:robot", &[], &list));
        assert!(!asks(&cluster, "jane", &[], &resource("list", "prod", "", "pods", "")));
        assert!(!asks(&cluster, "jane", &[], &resource("list", "", "", "pods", "")));
        assert!(!asks(&cluster, "jane", &[], &resource("delete", "dev", "", "pods", "")));
        assert!(asks(&cluster, "jane", &[], &resource("get", "dev", "", "anything/scale", "")));
        assert!(!asks(&cluster, "jane", &[], &resource("get", "dev", "", "pods/log", "")));
        assert!(asks(&cluster, "jane", &[], &resource("update", "dev", "apps", "statefulsets", "web")));
        assert!(!asks(&cluster, "jane", &[], &resource("update", "dev", "apps", "statefulsets", "")));
        assert!(!asks(&cluster, "joe", &[], &list));
        assert!(asks(&cluster, "joe", &["system:masters"], &list));
    }

    #[test]
    fn a_cluster_role_binding_counts_everywhere_and_for_paths() {
        let mut cluster = Cluster::new(&EmptyStore);
        put(&mut cluster, &object("ClusterRole", "", "reader", &[("/rules", rules())]));
        let subjects = json!([{"kind": "Group", "name": "team"}]);
        let role = json!({"kind": "ClusterRole", "name": "reader"});
        put(&mut cluster, &object("ClusterRoleBinding", "", "b", &[("/subjects", subjects), ("/roleRef", role)]));
        assert!(asks(&cluster, "x", &["team"], &resource("list", "", "", "pods", "")));
        assert!(asks(&cluster, "x", &["team"], &Request::Path { verb: "get", path: "/api/v1" }));
        assert!(!asks(&cluster, "x", &["team"], &Request::Path { verb: "get", path: "/metrics" }));
    }
}
