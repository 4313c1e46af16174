//! The patches `kubectl apply` makes: what changed between the live object and the manifest, and what the manifest
//! dropped since it was last applied.

use serde_json::{Map, Value, json};

use super::elements::{DELETE_FROM_PRIMITIVE_LIST, DIRECTIVE, RETAIN_KEYS, SET_ELEMENT_ORDER, no_merge_key, position};
use crate::apimachinery::schema::{Definition, Field, Shape, Type};

type Object = Map<String, Value>;

/// Which differences a walk looks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// What the second has that the first has not, or has otherwise.
    Changes,
    /// What the first has that the second has not.
    Deletions,
}

/// A strategic merge patch that takes `current` to `modified`, deleting only what `original` (the last applied) had.
pub fn strategic_patch(original: &Object, modified: &Object, current: &Object, definition: Definition) -> Object {
    let changes = maps(current, modified, Some(definition), None, Look::Changes);
    let deletions = maps(original, modified, Some(definition), None, Look::Deletions);
    join(deletions, changes, Some(definition))
}

/// Why there is no strategic merge patch: an item of a list that merges has no key.
pub fn unkeyed(original: &Object, modified: &Object, current: &Object, definition: Definition) -> Option<String> {
    let in_both = |from| without_key(from, modified, Some(definition));
    in_both(current).or_else(|| in_both(original))
}

fn without_key(from: &Object, to: &Object, definition: Option<Definition>) -> Option<String> {
    let definition = definition?;
    to.iter().find_map(|(name, new)| {
        let field = definition.field(name)?;
        let inner = struct_of(field.type_of());
        match (from.get(name)?, new) {
            (Value::Object(old), Value::Object(new)) if !field.patch_replaces() => without_key(old, new, inner),
            (Value::Array(old), Value::Array(new)) if field.patch_merges() && !old.is_empty() => {
                let key = field.merge_key()?;
                let bare = old.iter().chain(new).find(|item| item.is_object() && item.get(key).is_none());
                let below = |(at, item): (usize, &Value)| {
                    without_key(counterpart(new, at, old, key)?.as_object()?, item.as_object()?, inner)
                };
                bare.map(|item| no_merge_key(item, key)).or_else(|| new.iter().enumerate().find_map(below))
            }
            _ => None,
        }
    })
}

/// The same as a JSON merge patch, for kinds without a schema.
pub fn merge_patch(original: &Object, modified: &Object, current: &Object) -> Object {
    let mut patch = plain_deletions(original, modified);
    let mut changes = Value::Object(plain_changes(current, modified));
    if let Some(object) = changes.as_object_mut() {
        for (name, value) in std::mem::take(object) {
            match (patch.get_mut(&name), value) {
                (Some(Value::Object(old)), Value::Object(new)) => deep_join(old, new),
                (_, value) => drop(patch.insert(name, value)),
            }
        }
    }
    patch
}

fn deep_join(old: &mut Object, new: Object) {
    for (name, value) in new {
        match (old.get_mut(&name), value) {
            (Some(Value::Object(old)), Value::Object(new)) => deep_join(old, new),
            (_, value) => drop(old.insert(name, value)),
        }
    }
}

fn plain_changes(from: &Object, to: &Object) -> Object {
    let mut patch = Map::new();
    for (name, new) in to {
        match (from.get(name), new) {
            (Some(old), new) if old == new => {}
            (Some(Value::Object(old)), Value::Object(new)) => {
                let inner = plain_changes(old, new);
                if !inner.is_empty() {
                    patch.insert(name.clone(), Value::Object(inner));
                }
            }
            _ => drop(patch.insert(name.clone(), new.clone())),
        }
    }
    patch
}

fn plain_deletions(from: &Object, to: &Object) -> Object {
    let mut patch = Map::new();
    for (name, old) in from {
        match (old, to.get(name)) {
            (_, None) => drop(patch.insert(name.clone(), Value::Null)),
            (Value::Object(old), Some(Value::Object(new))) => {
                let inner = plain_deletions(old, new);
                if !inner.is_empty() {
                    patch.insert(name.clone(), Value::Object(inner));
                }
            }
            _ => {}
        }
    }
    patch
}

fn struct_of(kind: Type) -> Option<Definition> {
    match kind.shape() {
        Shape::Definition(definition) => Some(definition),
        Shape::List(items) => struct_of(items),
        _ => None,
    }
}

fn maps(from: &Object, to: &Object, definition: Option<Definition>, field: Option<Field>, look: Look) -> Object {
    let mut patch = Map::new();
    for (name, new) in to {
        let inner = definition.and_then(|d| d.field(name));
        match from.get(name) {
            None if look == Look::Changes => drop(patch.insert(name.clone(), new.clone())),
            None => {}
            // Somewhere in a map may be one that is replaced, which is sent whether it differs or not: a budget is
            // `configured` by each `apply` (k8s.io/apimachinery/pkg/util/strategicpatch, handleMapDiff).
            Some(old) if old == new && !new.is_object() => {}
            Some(old) => value(&mut patch, name, (old, new), inner, look),
        }
    }
    if look == Look::Deletions {
        for name in from.keys().filter(|name| !to.contains_key(*name)) {
            patch.insert(name.clone(), Value::Null);
        }
    }
    let drops_keys = || from.iter().any(|(name, old)| !old.is_null() && !to.contains_key(name));
    if look == Look::Changes && field.is_some_and(Field::patch_retains_keys) && (!patch.is_empty() || drops_keys()) {
        patch.insert(RETAIN_KEYS.to_owned(), to.keys().cloned().collect());
    }
    patch
}

/// One value that differs.
fn value(patch: &mut Object, name: &str, (old, new): (&Value, &Value), field: Option<Field>, look: Look) {
    let merges = field.is_some_and(Field::patch_merges);
    match (old, new) {
        (Value::Object(old), Value::Object(new)) if !field.is_some_and(Field::patch_replaces) => {
            let inner = maps(old, new, field.and_then(|f| struct_of(f.type_of())), field, look);
            if !inner.is_empty() {
                patch.insert(name.to_owned(), Value::Object(inner));
            }
        }
        (Value::Array(old), Value::Array(new)) if merges => lists(patch, name, (old, new), field, look),
        _ if look == Look::Changes => drop(patch.insert(name.to_owned(), new.clone())),
        _ => {}
    }
}

/// A list that merges: its items that differ, and the order all are to have.
fn lists(patch: &mut Object, name: &str, (old, new): (&[Value], &[Value]), field: Option<Field>, look: Look) {
    let key = field.and_then(Field::merge_key);
    let definition = field.and_then(|f| struct_of(f.type_of()));
    let (items, deleted) = match key {
        Some(key) => (keyed((old, new), key, (definition, field), look), Vec::new()),
        None => (added(old, new, look), removed(old, new, look)),
    };
    let same = |a: &Value, b: &Value| key.map_or_else(|| a == b, |k| a.get(k) == b.get(k));
    let same_order = old.len() == new.len() && old.iter().zip(new).all(|(a, b)| same(a, b));
    let differs = !items.is_empty() || !deleted.is_empty() || (look == Look::Changes && !same_order);
    if differs {
        let order = |item: &Value| key.map_or_else(|| item.clone(), |k| json!({k: item.get(k)}));
        patch.insert(format!("{SET_ELEMENT_ORDER}{name}"), new.iter().map(order).collect());
    }
    if !items.is_empty() {
        patch.insert(name.to_owned(), Value::Array(items));
    }
    if !deleted.is_empty() {
        patch.insert(format!("{DELETE_FROM_PRIMITIVE_LIST}{name}"), Value::Array(deleted));
    }
}

fn added(old: &[Value], new: &[Value], look: Look) -> Vec<Value> {
    new.iter().filter(|i| look == Look::Changes && !old.contains(i)).cloned().collect()
}

fn removed(old: &[Value], new: &[Value], look: Look) -> Vec<Value> {
    old.iter().filter(|i| look == Look::Deletions && !new.contains(i)).cloned().collect()
}

/// Items with one key are told apart by their order: the first of one list is the first of the other (ports of one
/// number and two protocols).
fn keyed(
    (old, new): (&[Value], &[Value]),
    key: &str,
    (definition, field): (Option<Definition>, Option<Field>),
    look: Look,
) -> Vec<Value> {
    let mut items = Vec::new();
    for (at, item) in new.iter().enumerate() {
        match (counterpart(new, at, old, key), item) {
            (Some(Value::Object(before)), Value::Object(after)) => {
                let mut inner = maps(before, after, definition, field, look);
                if !inner.is_empty() {
                    inner.insert(key.to_owned(), after.get(key).cloned().unwrap_or_default());
                    items.push(Value::Object(inner));
                }
            }
            (None, item) if look == Look::Changes => items.push(item.clone()),
            _ => {}
        }
    }
    if look == Look::Deletions {
        for (at, item) in old.iter().enumerate() {
            if item.get(key).is_some() && counterpart(old, at, new, key).is_none() {
                items.push(json!({key: item.get(key), DIRECTIVE: "delete"}));
            }
        }
    }
    items
}

/// The item of `there` that has the key of the one `at` a place here, and comes as late among its like.
fn counterpart<'a>(here: &[Value], at: usize, there: &'a [Value], key: &str) -> Option<&'a Value> {
    let value = here[at].get(key)?;
    let before = here[..at].iter().filter(|i| i.get(key) == Some(value)).count();
    there.iter().filter(|i| i.get(key) == Some(value)).nth(before)
}

/// Deletions and changes as one patch.
fn join(mut patch: Object, changes: Object, definition: Option<Definition>) -> Object {
    for (name, new) in changes {
        let field = definition.and_then(|d| d.field(&name));
        let key = field.and_then(Field::merge_key);
        match (patch.remove(&name), new) {
            (Some(Value::Object(old)), Value::Object(new)) => {
                let inner = join(old, new, field.and_then(|f| struct_of(f.type_of())));
                patch.insert(name, Value::Object(inner));
            }
            (Some(Value::Array(old)), Value::Array(new)) if !name.starts_with('$') => {
                let joined = join_items(old, new, key, field.and_then(|f| struct_of(f.type_of())));
                patch.insert(name, Value::Array(joined));
            }
            (_, new) => drop(patch.insert(name, new)),
        }
    }
    patch
}

/// Items of both patches; those with one key become one. Deletions come last, as upstream writes them.
fn join_items(old: Vec<Value>, new: Vec<Value>, key: Option<&str>, definition: Option<Definition>) -> Vec<Value> {
    let Some(key) = key else {
        return new.into_iter().chain(old).collect();
    };
    let mut joined = new;
    for item in old {
        match item.get(key).and_then(|value| position(&joined, key, value)) {
            Some(at) => {
                if let (Value::Object(old), Value::Object(new)) = (item, joined[at].take()) {
                    joined[at] = Value::Object(join(old, new, definition));
                }
            }
            None => joined.push(item),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apimachinery::patch::{PatchType, apply};
    use proptest::prelude::*;

    fn object(value: Value) -> Object {
        value.as_object().cloned().unwrap()
    }

    fn patch(original: Value, modified: Value, current: Value) -> Value {
        let definition = Definition::of_kind("apps/v1", "StatefulSet").unwrap();
        Value::Object(strategic_patch(&object(original), &object(modified), &object(current), definition))
    }

    #[test]
    fn what_the_server_added_stays_and_what_the_manifest_dropped_goes() {
        let original = json!({"spec": {"replicas": 2, "serviceName": "a"}});
        let modified = json!({"spec": {"serviceName": "a"}});
        let current = json!({"spec": {"replicas": 5, "serviceName": "a", "revisionHistoryLimit": 10}});
        assert_eq!(patch(original.clone(), modified, current.clone()), json!({"spec": {"replicas": null}}));
        assert_eq!(patch(original.clone(), original, current), json!({"spec": {"replicas": 2}}));
    }

    #[test]
    fn containers_are_told_apart_by_name() {
        let of = |items: Value| json!({"spec": {"template": {"spec": {"containers": items}}}});
        let original = of(json!([{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]));
        let modified = of(json!([{"name": "a", "image": "2"}]));
        let current =
            of(json!([{"name": "a", "image": "1", "imagePullPolicy": "Always"}, {"name": "b", "image": "1"}]));
        let want = json!({"spec": {"template": {"spec": {
            "$setElementOrder/containers": [{"name": "a"}],
            "containers": [{"name": "a", "image": "2"}, {"name": "b", "$patch": "delete"}],
        }}}});
        assert_eq!(patch(original, modified, current), want);
    }

    #[test]
    fn ports_of_one_number_are_told_apart_by_their_order() {
        let service = |ports: Value| object(json!({"spec": {"ports": ports}}));
        let ports = json!([{"name": "tcp", "port": 53}, {"name": "udp", "port": 53, "protocol": "UDP"}]);
        let live =
            json!([{"name": "tcp", "port": 53, "protocol": "TCP"}, {"name": "udp", "port": 53, "protocol": "UDP"}]);
        let definition = Definition::of_kind("v1", "Service").unwrap();
        let (original, current) = (service(ports.clone()), service(live));
        assert_eq!(strategic_patch(&original, &service(ports), &current, definition), Object::new());
        let fewer = service(json!([{"name": "tcp", "port": 53}]));
        let want =
            json!({"spec": {"$setElementOrder/ports": [{"port": 53}], "ports": [{"port": 53, "$patch": "delete"}]}});
        assert_eq!(Value::Object(strategic_patch(&original, &fewer, &current, definition)), want);
    }

    /// A strategy without its type is `configured` by each `apply`: the server has a key that the manifest has not.
    #[test]
    fn keys_that_only_the_server_has_are_not_retained() {
        let of = |strategy: Value, volume: Value| {
            object(json!({"spec": {"strategy": strategy, "template": {"spec": {"volumes": [volume]}}}}))
        };
        let mine = of(json!({"rollingUpdate": {"maxSurge": 1}}), json!({"name": "v"}));
        let live = of(
            json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}),
            json!({"name": "v", "emptyDir": {}}),
        );
        let definition = Definition::of_kind("apps/v1", "Deployment").unwrap();
        let want = json!({"spec": {
            "strategy": {"$retainKeys": ["rollingUpdate"]},
            "template": {"spec": {
                "$setElementOrder/volumes": [{"name": "v"}],
                "volumes": [{"$retainKeys": ["name"], "name": "v"}],
            }},
        }});
        assert_eq!(Value::Object(strategic_patch(&mine, &mine, &live, definition)), want);
    }

    #[test]
    fn a_map_that_is_replaced_is_sent_whether_it_differs_or_not() {
        let budget = object(json!({"spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "zk"}}}}));
        let definition = Definition::of_kind("policy/v1", "PodDisruptionBudget").unwrap();
        let want = json!({"spec": {"selector": {"matchLabels": {"app": "zk"}}}});
        assert_eq!(Value::Object(strategic_patch(&budget, &budget, &budget, definition)), want);
    }

    fn container() -> impl Strategy<Value = Value> {
        ("[ab]", proptest::option::of("[xyz]"), 0..3u8)
            .prop_map(|(image, dir, n)| json!({"image": image, "workingDir": dir, "args": vec!["v"; n.into()]}))
            .prop_map(|mut c| {
                c.as_object_mut().unwrap().retain(|_, v| !v.is_null());
                c
            })
    }

    fn document() -> impl Strategy<Value = Value> {
        (proptest::collection::btree_map("[pqrs]", container(), 0..4), 0..3u8).prop_map(|(items, replicas)| {
            let list: Vec<Value> = items
                .into_iter()
                .map(|(name, mut c)| {
                    c["name"] = name.into();
                    c
                })
                .collect();
            json!({"spec": {"replicas": replicas, "template": {"spec": {"containers": list}}}})
        })
    }

    proptest! {
        /// Applying what was applied before is applying a manifest to itself: the live object becomes the manifest.
        #[test]
        fn a_patch_brings_the_live_object_to_the_manifest(before in document(), after in document()) {
            let definition = Definition::of_kind("apps/v1", "StatefulSet").unwrap();
            let change = patch(before.clone(), after.clone(), before.clone());
            let got = apply(PatchType::Strategic, before, &change, Some(definition)).unwrap();
            prop_assert_eq!(got, after);
        }
    }
}
