//! Look-ups that give less than a list: by a label, which the snapshot has an index of, and by how names begin.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Cluster, Visitor};
use crate::apimachinery::key::Key;
use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::apimachinery::outline::Outline;
use crate::apimachinery::status::Status;

impl Cluster<'_> {
    /// The objects of one namespace whose names begin with a prefix, ordered by name. Looks at no others once the
    /// namespace's list has been read.
    pub fn list_prefixed(&self, resource: &str, namespace: &str, prefix: &str) -> Result<Vec<Arc<Object>>, Status> {
        self.load(resource, Some(namespace))?;
        let seen = self.seen.borrow();
        let same = |k: &Key| k.resource == resource && k.namespace == namespace && k.name.starts_with(prefix);
        let rows = seen.from(Key::new(resource.to_owned(), namespace, prefix), same);
        Ok(rows.map(|(_, o)| o.clone()).collect())
    }

    /// As [`Cluster::list`], one object after the other. What nobody read or changed yet is not kept: a long list then takes
    /// the memory of one object. What `outline` does not have may be left out.
    pub fn visit(
        &self,
        resource: &str,
        namespace: Option<&str>,
        outline: Option<&Outline>,
        each: &mut Visitor<'_>,
    ) -> Result<(), Status> {
        if self.dirty.is_empty() && !self.knows_all(resource, namespace) {
            return self.base.visit(resource, namespace, outline, each);
        }
        let _stopped = self.list(resource, namespace)?.into_iter().try_for_each(each);
        Ok(())
    }

    /// As [`Cluster::list`], of those alone that have a label: reads no others.
    pub fn labelled(
        &self,
        resource: &str,
        namespace: Option<&str>,
        (key, value): (&str, &str),
    ) -> Result<Vec<Arc<Object>>, Status> {
        let has_label = |o: &Arc<Object>| o.label(key) == Some(value);
        if self.knows_all(resource, namespace) {
            let mut all = self.list(resource, namespace)?;
            all.retain(has_label);
            return Ok(all);
        }
        let stored = self.base.labelled(resource, namespace, (key, value))?;
        let mut found: BTreeSet<Key> = stored.iter().map(|(k, _)| k.clone()).collect();
        {
            let mut seen = self.seen.borrow_mut();
            for (key, object) in stored {
                seen.read(&key, object);
            }
        }
        let is_asked = |k: &&Key| k.resource == resource && namespace.is_none_or(|n| k.namespace == n);
        found.extend(self.dirty.iter().filter(is_asked).cloned());
        Ok(found.into_iter().filter_map(|k| self.known(&k)).filter(has_label).collect())
    }

    /// The objects of one namespace whose labels a selector matches, ordered by name: reads no others where it can be helped.
    pub fn selected(&self, resource: &str, namespace: &str, selector: &Selector) -> Result<Vec<Arc<Object>>, Status> {
        let mut found = match selector.exact_label() {
            Some(label) => self.labelled(resource, Some(namespace), label)?,
            None => self.list(resource, Some(namespace))?,
        };
        found.retain(|object| selector.matches(object.labels()));
        Ok(found)
    }

    /// Whether every object of a resource was read already, in one namespace or in all.
    fn knows_all(&self, resource: &str, namespace: Option<&str>) -> bool {
        match namespace {
            Some(namespace) => self.is_listed(resource, namespace),
            None => self.listed.borrow().contains(&(resource.to_owned(), None)),
        }
    }
}
