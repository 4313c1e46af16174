//! The name of one object in a store: its resource, its namespace and its name.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

/// Where an object lives. Ordered by resource, then namespace, then name, which is the order lists are printed in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The group resource as the API writes it in messages: `pods`, `statefulsets.apps`.
    pub resource: Cow<'static, str>,
    /// Empty for cluster-scoped objects.
    pub namespace: String,
    /// The object's name; never empty for a stored object.
    pub name: String,
}

impl Key {
    /// The key of a namespaced object.
    pub fn new(resource: impl Into<Cow<'static, str>>, namespace: &str, name: &str) -> Key {
        Key { resource: resource.into(), namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// The key of a cluster-scoped object.
    pub fn cluster(resource: impl Into<Cow<'static, str>>, name: &str) -> Key {
        Key::new(resource, "", name)
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Key) -> Ordering {
        let (a, b): (&str, &str) = (&self.resource, &other.resource);
        // Most resources are one static text each: no need to read it to find it is the same.
        let resources = if std::ptr::eq(a, b) { Ordering::Equal } else { a.cmp(b) };
        resources.then_with(|| self.namespace.cmp(&other.namespace)).then_with(|| self.name.cmp(&other.name))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{}/{}", self.resource, self.name)
        } else {
            write!(f, "{}/{}/{}", self.resource, self.namespace, self.name)
        }
    }
}
