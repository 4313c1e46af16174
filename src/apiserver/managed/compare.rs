//! What differs between two objects, and what one has: as sets of paths. Knows types, not managers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::path::Step;
use super::set::Set;
use super::typed::Typed;
use crate::apimachinery::body::Body;

/// What a change did. No path is in more than one of the sets.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    pub added: Set,
    pub modified: Set,
    pub removed: Set,
}

impl Comparison {
    /// What was made of an object.
    pub fn of(typed: Typed, old: &Body, new: &Body) -> Comparison {
        let mut walker = Walker::default();
        let names: BTreeSet<&str> = old.iter().chain(new.iter()).map(|(name, _)| name).collect();
        for name in names {
            let step = Step::Field(name.to_owned()).key();
            walker.step(step, (old.get(name), new.get(name)), typed.property(name));
        }
        let mut found = walker.found;
        [&mut found.added, &mut found.modified, &mut found.removed].into_iter().for_each(|set| set.subtract(own()));
        found
    }

    /// Takes out everything at these steps from the root.
    pub fn drop_top(&mut self, is_dropped: impl Fn(&str) -> bool + Copy) {
        [&mut self.added, &mut self.modified, &mut self.removed].into_iter().for_each(|set| set.drop_top(is_dropped));
    }

    /// What is otherwise than before.
    pub fn changed(&self) -> Set {
        let mut changed = self.added.clone();
        changed.union(&self.modified);
        changed
    }
}

/// What nobody manages: what names the object, and what the server alone decides.
pub fn own() -> &'static Set {
    static OWN: LazyLock<Set> = LazyLock::new(make_own);
    &OWN
}

fn make_own() -> Set {
    const METADATA: [&str; 8] =
        ["name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields", "resourceVersion"];
    let mut set = Set::default();
    for top in ["apiVersion", "kind", "metadata"] {
        set.insert(&[format!("f:{top}")]);
    }
    METADATA.iter().for_each(|name| set.insert(&["f:metadata".to_owned(), format!("f:{name}")]));
    set
}

#[derive(Default)]
struct Walker {
    path: Vec<String>,
    found: Comparison,
}

/// A value before and after.
type Pair<'v> = (Option<&'v Value>, Option<&'v Value>);

impl Walker {
    fn step(&mut self, step: String, pair: Pair, typed: Typed) {
        self.path.push(step);
        self.compare(pair, typed);
        self.path.pop();
    }

    fn compare(&mut self, (old, new): Pair, typed: Typed) {
        // Null is what Go writes where nothing is.
        let (old, new) = (old.filter(|v| !v.is_null()), new.filter(|v| !v.is_null()));
        if old == new {
            return;
        }
        let is_same_kind = match (old, new) {
            (Some(old), Some(new)) => old.is_object() == new.is_object() && old.is_array() == new.is_array(),
            _ => true,
        };
        let is_leaf = |value: Option<&Value>| value.is_some_and(|v| typed.is_leaf(v));
        let whole = !is_same_kind || is_leaf(old) || is_leaf(new) || (is_empty(old) && is_empty(new));
        if !whole {
            self.descend((old, new), typed);
        }
        match (old, new) {
            (None, _) => self.found.added.insert(&self.path),
            (_, None) => self.found.removed.insert(&self.path),
            _ if whole => self.found.modified.insert(&self.path),
            _ => {}
        }
    }

    fn descend(&mut self, (old, new): Pair, typed: Typed) {
        let mut parts: BTreeMap<String, (Pair, Typed)> = BTreeMap::new();
        for (step, value, typed) in old.map(|v| typed.parts(v)).unwrap_or_default() {
            parts.insert(step.key(), ((Some(value), None), typed));
        }
        for (step, value, typed) in new.map(|v| typed.parts(v)).unwrap_or_default() {
            parts.entry(step.key()).or_insert(((None, None), typed)).0.1 = Some(value);
        }
        for (step, (pair, typed)) in parts {
            self.step(step, pair, typed);
        }
    }
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None => true,
        Some(Value::Object(map)) => map.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    }
}

/// Everything an object has that somebody may manage.
pub fn set_of(typed: Typed, object: &Map<String, Value>) -> Set {
    let (mut set, mut path) = (Set::default(), Vec::new());
    for (name, value) in object {
        path.push(format!("f:{name}"));
        fill(&mut set, &mut path, typed.property(name), value);
        path.pop();
    }
    set
}

fn fill(set: &mut Set, path: &mut Vec<String>, typed: Typed, value: &Value) {
    if typed.is_leaf(value) {
        set.insert(path);
        return;
    }
    for (step, part, inner) in typed.parts(value) {
        path.push(step.key());
        fill(set, path, inner, part);
        let is_own = match &step {
            Step::Field(name) => part.as_object().is_some_and(Map::is_empty) || !typed.declares(name),
            Step::Keys(_) | Step::Member(_) => true,
        };
        if is_own {
            set.insert(path);
        }
        path.pop();
    }
}

/// One part of a manifest to be put into an object: the way to it, the value, and whether it takes the place of all that
/// is there. An empty map or list that is merged takes none.
pub struct Leaf {
    pub path: Vec<Step>,
    pub value: Value,
    pub replaces: bool,
}

/// The parts of a manifest; what names the object itself is left out.
pub fn leaves(typed: Typed, object: &Map<String, Value>, is_kept: impl Fn(&str) -> bool) -> Vec<Leaf> {
    let mut found = Vec::new();
    for (name, value) in object.iter().filter(|(name, _)| is_kept(name)) {
        collect(&mut found, vec![Step::Field(name.clone())], typed.property(name), value);
    }
    let own = own();
    let keys = |leaf: &Leaf| leaf.path.iter().map(Step::key).collect::<Vec<_>>();
    found.retain(|leaf| !own.has(&keys(leaf)));
    found
}

fn collect(found: &mut Vec<Leaf>, path: Vec<Step>, typed: Typed, value: &Value) {
    let parts = if typed.is_leaf(value) { Vec::new() } else { typed.parts(value) };
    if parts.is_empty() {
        found.push(Leaf { path, value: value.clone(), replaces: typed.is_leaf(value) });
        return;
    }
    for (step, part, typed) in parts {
        collect(found, [path.clone(), vec![step]].concat(), typed, part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apimachinery::schema::Definition;
    use crate::apimachinery::structural::Structural;
    use crate::apiserver::managed::set::text;
    use serde_json::json;

    fn map(value: &Value) -> &Map<String, Value> {
        value.as_object().unwrap()
    }

    fn texts(set: &Set) -> Vec<String> {
        set.members().iter().map(|path| text(path)).collect()
    }

    fn manifest() -> Value {
        json!({"kind": "StatefulSet", "metadata": {"name": "web", "labels": {"a": "b"}}, "spec": {
            "replicas": 2, "selector": {"matchLabels": {"a": "b"}},
            "template": {"spec": {"containers": [{"name": "c", "ports": [{"containerPort": 80}], "args": ["x"]}]}}}})
    }

    #[test]
    fn members_are_told_apart_by_type() {
        let typed = Typed::Root(Definition::of_kind("apps/v1", "StatefulSet").unwrap());
        let mut set = set_of(typed, map(&manifest()));
        set.subtract(own());
        let port = json!({".": {}, "f:containerPort": {}});
        let container = json!({".": {}, "f:name": {}, "f:args": {},
            "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": port}});
        let want = json!({"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {"f:replicas": {}, "f:selector": {},
            "f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"c\"}": container}}}}});
        assert_eq!(set.to_value(), want);
    }

    #[test]
    fn a_structural_schema_tells_which_lists_are_merged() {
        let schema = Structural::parse(&json!({"properties": {"spec": {"properties": {
            "ports": {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"], "items": {"properties": {}}},
            "tags": {"x-kubernetes-list-type": "set", "items": {"type": "string"}},
            "args": {"items": {"type": "string"}},
            "whole": {"x-kubernetes-map-type": "atomic"},
        }}}}));
        let object = json!({"metadata": {"labels": {"a": "b"}}, "spec": {
            "ports": [{"n": "x", "p": 1}], "tags": ["t"], "args": ["a"], "whole": {"k": "v"}, "free": {"k": "v"}}});
        let leaves = leaves(Typed::Custom(&schema), map(&object), |_| true);
        let found: Vec<String> =
            leaves.iter().map(|leaf| text(&leaf.path.iter().map(Step::key).collect::<Vec<_>>())).collect();
        let want = [
            ".metadata.labels.a",
            ".spec.args",
            ".spec.free.k",
            ".spec.ports[n=\"x\"].n",
            ".spec.ports[n=\"x\"].p",
            ".spec.tags[=\"t\"]",
            ".spec.whole",
        ];
        assert_eq!(found, want);
    }

    #[test]
    fn changes_are_told_apart() {
        let typed = Typed::Root(Definition::of_kind("apps/v1", "StatefulSet").unwrap());
        let mut new = manifest();
        new["spec"]["replicas"] = json!(3);
        new["metadata"]["labels"] = json!({});
        new["metadata"]["annotations"] = json!({"x": "y"});
        new["spec"]["template"]["spec"]["containers"][0]["ports"] = json!([{"containerPort": 81, "protocol": "TCP"}]);
        let found = Comparison::of(typed, &map(&manifest()).clone().into(), &map(&new).clone().into());
        let ports = ".spec.template.spec.containers[name=\"c\"].ports";
        let port = |n: u8, rest: &str| format!("{ports}[containerPort={n},protocol=\"TCP\"]{rest}");
        assert_eq!(texts(&found.modified), [".spec.replicas"]);
        assert_eq!(
            texts(&found.added),
            [
                ".metadata.annotations".to_owned(),
                ".metadata.annotations.x".to_owned(),
                port(81, ""),
                port(81, ".containerPort"),
                port(81, ".protocol")
            ]
        );
        assert_eq!(texts(&found.removed), [".metadata.labels.a".to_owned(), port(80, ""), port(80, ".containerPort")]);
    }
}
