//! Labels and annotations of one value in several places of an object. kustomize sets them as one node of its YAML, so
//! that who changes it in one place (an overlay's label, a patch) changes it in all. Knows places, not what they mean.

use serde_json::Value;

use super::resource::Resource;
use super::transform::at_path;

/// A key, and the maps that have one value of it together.
#[derive(Clone, Debug)]
pub struct Shared {
    key: String,
    places: Vec<String>,
}

/// Sets a key in maps, each a path and whether it is made, and wherever its value is one with that of another of them.
pub fn set(resource: &mut Resource, key: &str, value: &str, places: &[(String, bool)]) {
    let mut free: Vec<String> = places.iter().map(|(place, _)| place.clone()).collect();
    for group in resource.shared.iter().filter(|g| g.key == key) {
        if group.places.iter().any(|place| free.contains(place)) {
            group.put(&mut resource.body, value.into());
            free.retain(|place| !group.places.contains(place));
        }
    }
    for (place, create) in places {
        at_path(&mut resource.body, place, *create, &mut |map| {
            if let Value::Object(map) = map {
                map.insert(key.to_owned(), value.into());
            }
        });
    }
    resource.shared.push(Shared { key: key.to_owned(), places: free });
}

/// After a merge: what it changed in one place is so in the others.
pub fn follow(resource: &mut Resource, before: &Value) {
    for group in &resource.shared {
        let now = group.values(&resource.body).zip(group.values(before));
        let changed = now.filter(|(now, old)| now.is_some() && now != old).find_map(|(now, _)| now.cloned());
        if let Some(value) = changed {
            group.put(&mut resource.body, value);
        }
    }
}

impl Shared {
    fn put(&self, body: &mut Value, value: Value) {
        for place in &self.places {
            at_path(body, place, false, &mut |map| {
                if let Some(there) = map.get_mut(&self.key) {
                    there.clone_from(&value);
                }
            });
        }
    }

    /// The value in each place; none for those in lists.
    fn values<'b>(&self, body: &'b Value) -> impl Iterator<Item = Option<&'b Value>> {
        self.places.iter().map(move |place| body.pointer(&format!("/{place}"))?.get(&self.key))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_one_in_all_its_places() {
        let mut resource = Resource::new(json!({"metadata": {}, "spec": {"selector": {"app": "web"}}}));
        let places = [("metadata/labels".to_owned(), true), ("spec/selector".to_owned(), false)];
        set(&mut resource, "env", "base", &places);
        set(&mut resource, "env", "prod", &places[..1]);
        assert_eq!(resource.body["spec"]["selector"], json!({"app": "web", "env": "prod"}));
        let before = resource.body.clone();
        resource.body["metadata"]["labels"]["env"] = "patched".into();
        follow(&mut resource, &before);
        assert_eq!(resource.body["spec"]["selector"]["env"], "patched");
    }
}
