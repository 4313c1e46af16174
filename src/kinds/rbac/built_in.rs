//! The ClusterRoles and ClusterRoleBindings that every cluster has from its first moment. Knows no store: see
//! `apiserver::built_in` for how they come to be there.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::apimachinery::object::Object;

const TABLE: &str = include_str!("built_in.txt");
const API_VERSION: &str = "rbac.authorization.k8s.io/v1";
const GROUP: &str = "rbac.authorization.k8s.io";
const AGGREGATE: &str = "rbac.authorization.k8s.io/aggregate-to-";
const CONTROLLER: &str = "system:controller:";
const READ: [&str; 3] = ["get", "list", "watch"];
const WRITE: [&str; 5] = ["create", "delete", "deletecollection", "patch", "update"];

/// The resources that have objects here.
pub const RESOURCES: [&str; 2] =
    ["clusterroles.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io"];

/// A role of the table.
#[derive(Default)]
struct Role<'t> {
    adds_to: Option<&'t str>,
    aggregates: Option<&'t str>,
    rules: Vec<Value>,
}

/// The objects of one of [`RESOURCES`] by name, without what a store gives them: uid, version and time.
pub fn objects(resource: &str) -> BTreeMap<String, Object> {
    let roles = roles();
    if resource == RESOURCES[0] {
        return roles.iter().map(|(name, role)| ((*name).to_owned(), role_object(name, role, &roles))).collect();
    }
    if resource != RESOURCES[1] {
        return BTreeMap::new();
    }
    let given = TABLE.lines().filter_map(|line| line.strip_prefix("@ "));
    let bound = given.map(|line| {
        let mut words = line.split(' ');
        let (role, kind) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        (role, words.map(|name| subject(kind, name)).collect::<Vec<_>>())
    });
    let controllers = roles.keys().filter_map(|role| Some((*role, role.strip_prefix(CONTROLLER)?)));
    let all = bound.chain(controllers.map(|(role, name)| (role, vec![subject("ServiceAccount", name)])));
    all.map(|(role, subjects)| (role.to_owned(), binding_object(role, subjects))).collect()
}

fn roles() -> BTreeMap<&'static str, Role<'static>> {
    let mut roles = BTreeMap::new();
    let mut name = "";
    for line in TABLE.lines().filter(|l| !l.starts_with(['#', '@'])) {
        if let Some(text) = line.strip_prefix("  ") {
            roles.entry(name).or_insert_with(Role::default).rules.push(rule(text));
            continue;
        }
        let words: Vec<&str> = line.split(' ').collect();
        let after = |sign: &str| words.iter().position(|w| *w == sign).and_then(|at| words.get(at + 1).copied());
        name = words[0];
        roles.insert(name, Role { adds_to: after(">"), aggregates: after("<"), rules: Vec::new() });
    }
    roles
}

fn rule(text: &str) -> Value {
    let text = if text == "E" { "create,patch,update core,events.k8s.io events" } else { text };
    let mut parts = text.split(' ').map(|part| part.split(','));
    let mut verbs: Vec<&str> = Vec::new();
    for verb in parts.next().into_iter().flatten() {
        match verb {
            "R" => verbs.extend(READ),
            "W" => verbs.extend(WRITE),
            verb => verbs.push(verb),
        }
    }
    verbs.sort_unstable();
    let groups: Vec<&str> = parts.next().into_iter().flatten().map(|g| if g == "core" { "" } else { g }).collect();
    let what: Vec<&str> = parts.next().into_iter().flatten().collect();
    if groups == ["url"] {
        return json!({"nonResourceURLs": what, "verbs": verbs});
    }
    let mut rule = json!({"apiGroups": groups, "resources": what, "verbs": verbs});
    if let Some(names) = parts.next() {
        rule["resourceNames"] = names.collect::<Vec<_>>().into();
    }
    rule
}

fn role_object(name: &str, role: &Role, roles: &BTreeMap<&str, Role>) -> Object {
    let mut object = object("ClusterRole", name);
    if let Some(to) = role.adds_to {
        object.set_label(&format!("{AGGREGATE}{to}"), "true");
    }
    if let Some(from) = role.aggregates {
        let label = format!("{AGGREGATE}{from}");
        object.set("/aggregationRule", json!({"clusterRoleSelectors": [{"matchLabels": {label: "true"}}]}));
    }
    object.set("/rules", rules(role, roles).into());
    object
}

/// A role's rules, or those of the roles that add to it: by name, each once.
fn rules(role: &Role, roles: &BTreeMap<&str, Role>) -> Vec<Value> {
    let Some(from) = role.aggregates else { return role.rules.clone() };
    let mut all: Vec<Value> = Vec::new();
    for part in roles.values().filter(|r| r.adds_to == Some(from)) {
        for rule in rules(part, roles) {
            if !all.contains(&rule) {
                all.push(rule);
            }
        }
    }
    all
}

fn binding_object(role: &str, subjects: Vec<Value>) -> Object {
    let mut object = object("ClusterRoleBinding", role);
    object.set("/roleRef", json!({"apiGroup": GROUP, "kind": "ClusterRole", "name": role}));
    if !subjects.is_empty() {
        object.set("/subjects", subjects.into());
    }
    object
}

fn subject(kind: &str, name: &str) -> Value {
    match kind {
        "ServiceAccount" => json!({"kind": kind, "name": name, "namespace": "kube-system"}),
        _ => json!({"apiGroup": GROUP, "kind": kind, "name": name}),
    }
}

fn object(kind: &str, name: &str) -> Object {
    let mut object = Object::new(API_VERSION, kind, "", name);
    object.set_annotation("rbac.authorization.kubernetes.io/autoupdate", "true");
    object.set_label("kubernetes.io/bootstrapping", "rbac-defaults");
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;

    #[test]
    fn every_one_is_valid_and_bound_to_a_role_that_there_is() {
        let roles = objects(RESOURCES[0]);
        assert!(roles.len() > 60, "{}", roles.len());
        for resource in RESOURCES {
            let kind = kinds::by_resource(resource).unwrap();
            for object in objects(resource).values() {
                assert!(kind.validate(object).is_empty(), "{}", object.name());
            }
        }
        for binding in objects(RESOURCES[1]).values() {
            assert!(roles.contains_key(binding.str_at("/roleRef/name")), "{}", binding.name());
        }
    }

    #[test]
    fn who_may_edit_may_view_and_who_is_admin_may_both() {
        let roles = objects(RESOURCES[0]);
        let rules = |name: &str| roles[name].list_at("/rules").to_vec();
        let (admin, edit, view) = (rules("admin"), rules("edit"), rules("view"));
        assert_eq!(view, rules("system:aggregate-to-view"));
        assert!(view.iter().all(|r| edit.contains(r)) && edit.iter().all(|r| admin.contains(r)));
        assert!(admin.len() > edit.len() && edit.len() > view.len());
        assert_eq!(roles["edit"].label("rbac.authorization.k8s.io/aggregate-to-admin"), Some("true"));
    }
}
