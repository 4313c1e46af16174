//! The objects that a cluster has without anybody storing them: the built-in cluster roles and bindings, the control plane's
//! components, and the leases that kubelets renew every few seconds.
//!
//! They are laid under a snapshot when someone looks for them, so that a new store's first command need not write a
//! hundred objects. One that is changed is stored as any object is; one that is deleted is remembered as gone.
//! Knows no request.

use std::sync::Arc;

use serde_json::Value;

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::outline::Outline;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::{Cluster, Indexer, Meta, Snapshot, Visitor};
use crate::kinds::rbac::built_in;
use crate::kinds::{component_status, lease};

/// Where those that are gone are remembered, in kstate's own part of the namespace kube-system.
const GONE: &str = "goneBuiltIns";

/// A snapshot with the built-in objects that it does not hold itself.
pub struct WithBuiltIn<'s> {
    stored: &'s dyn Snapshot,
    /// When a store that is still empty begins, and the time that leases were last renewed before.
    now: Time,
}

impl<'s> WithBuiltIn<'s> {
    pub fn new(stored: &'s dyn Snapshot, now: Time) -> WithBuiltIn<'s> {
        WithBuiltIn { stored, now }
    }

    /// The built-in objects of a resource that nobody has deleted, each with its key.
    fn of(&self, resource: &str) -> Result<Vec<(Key, Object)>, Status> {
        let system = self.stored.get(&kube_system())?;
        let created = system.as_ref().and_then(|ns| ns.creation_timestamp()).unwrap_or(self.now);
        let gone = system.as_ref().and_then(|ns| ns.internal.get(GONE)).and_then(Value::as_array);
        let seed = self.stored.meta().seed;
        let found = built_in::objects(resource)
            .into_iter()
            .map(|(name, object)| (Key::cluster(resource.to_owned(), &name), object));
        let found = found.filter(|(key, _)| !gone.is_some_and(|gone| gone.iter().any(|g| *g == mark(key))));
        let complete = found.map(|(key, mut object)| {
            object.set("/metadata/uid", seed.uuid(&mark(&key), 0).into());
            object.set("/metadata/resourceVersion", "1".into());
            object.set("/metadata/creationTimestamp", time::to_rfc3339(created).into());
            (key, object)
        });
        Ok(complete.collect())
    }
}

impl WithBuiltIn<'_> {
    /// What a list has besides the stored objects, each with its key.
    fn added(&self, resource: &str, namespace: Option<&str>) -> Result<Vec<(Key, Object)>, Status> {
        match resource {
            component_status::RESOURCE => Ok(components()),
            lease::RESOURCE if namespace.is_none_or(|n| n.is_empty() || n == lease::NODE_NAMESPACE) => self.leases(),
            _ if built_in::RESOURCES.contains(&resource) && namespace.is_none_or(str::is_empty) => self.of(resource),
            _ => Ok(Vec::new()),
        }
    }

    /// A node's lease, where nobody stored another.
    fn lease(&self, key: &Key) -> Result<Option<Arc<Object>>, Status> {
        if key.namespace != lease::NODE_NAMESPACE {
            return Ok(None);
        }
        let node = self.stored.get(&Key::cluster("nodes", &key.name))?;
        Ok(node.map(|node| Arc::new(self.lease_of(&node))))
    }

    fn lease_of(&self, node: &Object) -> Object {
        let mut lease = lease::of_node(node, self.now);
        lease.set("/metadata/uid", self.stored.meta().seed.uuid(&format!("lease/{}", node.uid()), 0).into());
        lease.set("/metadata/resourceVersion", self.stored.meta().resource_version.to_string().into());
        lease
    }

    fn leases(&self) -> Result<Vec<(Key, Object)>, Status> {
        let nodes = self.stored.list("nodes", None)?;
        let key = |node: &Object| Key::new(lease::RESOURCE, lease::NODE_NAMESPACE, node.name());
        Ok(nodes.iter().map(|(_, node)| (key(node), self.lease_of(node))).collect())
    }
}

/// The control plane's components, each with its key.
fn components() -> Vec<(Key, Object)> {
    let keyed = |object: Object| (Key::cluster(component_status::RESOURCE, object.name()), object);
    component_status::objects().into_iter().map(keyed).collect()
}

impl Snapshot for WithBuiltIn<'_> {
    fn meta(&self) -> Meta {
        self.stored.meta()
    }

    fn get(&self, key: &Key) -> Result<Option<Arc<Object>>, Status> {
        match self.stored.get(key)? {
            None if built_in::RESOURCES.contains(&key.resource.as_ref()) => {
                let found = self.of(&key.resource)?.into_iter().find(|(k, _)| k == key);
                Ok(found.map(|(_, object)| Arc::new(object)))
            }
            None if key.resource == lease::RESOURCE => self.lease(key),
            None if key.resource == component_status::RESOURCE => {
                Ok(components().into_iter().find(|(k, _)| k == key).map(|(_, object)| Arc::new(object)))
            }
            stored => Ok(stored),
        }
    }

    fn list(&self, resource: &str, namespace: Option<&str>) -> Result<Vec<(Key, Arc<Object>)>, Status> {
        let mut rows = self.stored.list(resource, namespace)?;
        for (key, object) in self.added(resource, namespace)? {
            if let Err(at) = rows.binary_search_by(|(stored, _)| stored.cmp(&key)) {
                rows.insert(at, (key, Arc::new(object)));
            }
        }
        Ok(rows)
    }

    fn visit(
        &self,
        resource: &str,
        namespace: Option<&str>,
        outline: Option<&Outline>,
        each: &mut Visitor<'_>,
    ) -> Result<(), Status> {
        if self.added(resource, namespace)?.is_empty() {
            return self.stored.visit(resource, namespace, outline, each);
        }
        let _stopped = self.list(resource, namespace)?.into_iter().try_for_each(|(_, object)| each(object));
        Ok(())
    }

    fn owned_by(&self, uid: &str) -> Result<Vec<(Key, Arc<Object>)>, Status> {
        self.stored.owned_by(uid)
    }

    fn labelled(
        &self,
        resource: &str,
        namespace: Option<&str>,
        (key, value): (&str, &str),
    ) -> Result<Vec<(Key, Arc<Object>)>, Status> {
        // A kubelet's lease has no labels.
        if !built_in::RESOURCES.contains(&resource) {
            return self.stored.labelled(resource, namespace, (key, value));
        }
        let mut rows = self.list(resource, namespace)?;
        rows.retain(|(_, object)| object.label(key) == Some(value));
        Ok(rows)
    }

    /// No built-in object is found by an indexer.
    fn indexed(&self, indexer: &'static Indexer, value: &str) -> Result<Vec<(Key, Arc<Object>)>, Status> {
        self.stored.indexed(indexer, value)
    }

    fn due(&self, by: Time) -> Result<Vec<(Time, Key)>, Status> {
        self.stored.due(by)
    }

    fn next_due(&self) -> Result<Option<Time>, Status> {
        self.stored.next_due()
    }
}

/// Remembers that a built-in object was deleted; does nothing for any other.
///
/// # Errors
/// The store's.
pub fn forget(cluster: &mut Cluster, key: &Key) -> Result<(), Status> {
    if !built_in::RESOURCES.contains(&key.resource.as_ref())
        || !built_in::objects(&key.resource).contains_key(&*key.name)
    {
        return Ok(());
    }
    let Some(system) = cluster.get(&kube_system())? else { return Ok(()) };
    let mut system = Object::clone(&system);
    let gone = system.internal.list_mut(GONE);
    if gone.iter().all(|g| *g != mark(key)) {
        gone.push(mark(key).into());
        cluster.put(&kube_system(), system)?;
    }
    Ok(())
}

fn kube_system() -> Key {
    Key::cluster("namespaces", "kube-system")
}

fn mark(key: &Key) -> String {
    format!("{}/{}", key.resource, key.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apiserver::bootstrap;
    use crate::kinds::empty_store::EmptyStore;

    const ROLES: &str = built_in::RESOURCES[0];

    #[test]
    fn they_are_there_are_changed_and_stay_away() {
        let view = WithBuiltIn::new(&EmptyStore, Time::UNIX_EPOCH);
        let mut cluster = Cluster::new(&view);
        bootstrap(&mut cluster).unwrap();
        let all = cluster.list(ROLES, None).unwrap().len();
        assert!(all > 60 && cluster.list("configmaps", None).unwrap().is_empty());
        let key = Key::cluster(ROLES, "view");
        let role = cluster.get(&key).unwrap().unwrap();
        assert_eq!(role.uid(), view.get(&key).unwrap().unwrap().uid());
        let mut mine = Object::clone(&role);
        mine.set_label("mine", "yes");
        cluster.put(&key, mine).unwrap();
        assert_eq!(cluster.list(ROLES, None).unwrap().len(), all);
        cluster.remove(&key).unwrap();
        forget(&mut cluster, &key).unwrap();
        let system = cluster.get(&kube_system()).unwrap().unwrap();
        assert_eq!(system.internal.get(GONE), Some(&serde_json::json!([mark(&key)])));
        assert_eq!(cluster.list(ROLES, None).unwrap().len(), all - 1);
    }
}
