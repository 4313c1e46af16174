//! What a kind is called: in manifests, on command lines and in messages.

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;

/// What the API calls a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names {
    /// Empty for the core group.
    pub group: &'static str,
    pub version: &'static str,
    pub kind: &'static str,
    /// `statefulsets`.
    pub plural: &'static str,
    pub singular: &'static str,
    pub short: &'static [&'static str],
    /// `all`.
    pub categories: &'static [&'static str],
    pub namespaced: bool,
    /// The group resource, `statefulsets.apps`: what [`Key::resource`] holds and messages print.
    pub resource: &'static str,
    /// `apps/v1`.
    pub api_version: &'static str,
}

impl Names {
    /// A kind of the core group.
    pub(super) const fn core(
        kind: &'static str,
        plural: &'static str,
        singular: &'static str,
        short: &'static [&'static str],
    ) -> Names {
        Names {
            group: "",
            version: "v1",
            kind,
            plural,
            singular,
            short,
            categories: &[],
            namespaced: true,
            resource: plural,
            api_version: "v1",
        }
    }

    /// `StatefulSet.apps`, as the server names a kind in messages.
    pub fn group_kind(&self) -> String {
        if self.group.is_empty() { self.kind.to_owned() } else { format!("{}.{}", self.kind, self.group) }
    }

    /// `statefulset.apps`, as kubectl names an object it did something to.
    pub fn singular_resource(&self) -> String {
        if self.group.is_empty() { self.singular.to_owned() } else { format!("{}.{}", self.singular, self.group) }
    }

    /// The key of an object of this kind; the namespace is dropped for cluster-scoped kinds.
    pub fn key(&self, namespace: &str, name: &str) -> Key {
        Key::new(self.resource, if self.namespaced { namespace } else { "" }, name)
    }
}

/// A version of a kind that is served besides the one that is stored.
pub struct OtherVersion {
    /// `autoscaling/v1`.
    pub api_version: &'static str,
    /// Turns an object of this version into one of the stored version.
    pub convert: fn(&mut Object),
}
