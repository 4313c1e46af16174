//! Which kinds a cluster knows: the built-in ones of [`KINDS`], and those that its CustomResourceDefinitions make known.
//!
//! Knows no kind. Built-in kinds are found without a look at the cluster, so that a request for one costs nothing where
//! definitions are many or large.

use super::{KINDS, KindRef, by_api_version, by_resource, custom_resource, custom_resource_definition, serves};
use crate::apimachinery::key::Key;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;

/// The kinds of one cluster, as it was when they were read.
#[derive(Default)]
pub struct Registry {
    /// The versions of each defined kind, the preferred one first; ordered by group, then by plural.
    custom: Vec<&'static [KindRef]>,
}

impl Registry {
    /// The kinds that every cluster knows.
    pub fn built_in() -> Registry {
        Registry::default()
    }

    /// All kinds of a cluster.
    pub fn of(cluster: &Cluster) -> Result<Registry, Status> {
        let definitions = cluster.list(custom_resource_definition::RESOURCE, None)?;
        let versions = definitions.iter().map(|d| *cluster.view(d, custom_resource::versions));
        let mut custom: Vec<&'static [KindRef]> = versions.filter(|versions| !versions.is_empty()).collect();
        custom.sort_by_key(|versions| (versions[0].names().group, versions[0].names().plural));
        Ok(Registry { custom })
    }

    /// Adds the kind of a definition that is about to be stored.
    pub fn learn(&mut self, versions: &'static [KindRef]) {
        if !versions.is_empty() {
            self.custom.retain(|known| known[0].names().resource != versions[0].names().resource);
            self.custom.push(versions);
        }
    }

    /// Whether a group resource is of a kind that a definition made known.
    pub fn has_custom(&self, resource: &str) -> bool {
        self.custom.iter().any(|known| known[0].names().resource == resource)
    }

    /// Each kind once, in its preferred version; the built-in ones first.
    pub fn kinds(&self) -> impl Iterator<Item = KindRef> {
        KINDS.iter().copied().chain(self.custom.iter().filter_map(|versions| versions.first().copied()))
    }

    /// Each kind in each version that is served as a kind of its own.
    pub fn versions(&self) -> impl Iterator<Item = KindRef> {
        KINDS.iter().copied().chain(self.custom.iter().flat_map(|versions| versions.iter().copied()))
    }

    /// The kind of an apiVersion and a kind, as manifests name it.
    pub fn by_api_version(&self, api_version: &str, kind: &str) -> Option<KindRef> {
        self.versions().find(|k| k.names().kind == kind && serves(*k, api_version))
    }
}

/// The kind of a group resource (`statefulsets.apps`), in its preferred version.
pub fn of_resource(cluster: &Cluster, resource: &str) -> Result<Option<KindRef>, Status> {
    if let Some(kind) = by_resource(resource) {
        return Ok(Some(kind));
    }
    // A definition bears the name of its kind's resource.
    if !resource.contains('.') {
        return Ok(None);
    }
    let definition = cluster.get(&Key::cluster(custom_resource_definition::RESOURCE, resource))?;
    Ok(definition.and_then(|d| cluster.view(&d, custom_resource::versions).first().copied()))
}

/// The kind of an apiVersion and a kind, as manifests and owner references name it.
pub fn of_api_version(cluster: &Cluster, api_version: &str, kind: &str) -> Result<Option<KindRef>, Status> {
    if let Some(kind) = by_api_version(api_version, kind) {
        return Ok(Some(kind));
    }
    // No definition can add to the core group.
    if !api_version.contains('/') {
        return Ok(None);
    }
    Ok(Registry::of(cluster)?.by_api_version(api_version, kind))
}
