//! Fetching what a command line names. Knows no verb and no output.

use std::sync::Arc;

use super::context::Context;
use super::manifest::Manifests;
use super::resources::{KindRef, Named};
use super::select::Selectors;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::{Reason, Status};
use crate::apiserver;
use crate::cluster::Cluster;

/// The objects of one kind that one part of a command line named.
pub struct Part {
    pub kind: KindRef,
    pub objects: Vec<Arc<Object>>,
}

/// Everything that was fetched, in the order it was named.
#[derive(Default)]
pub struct Fetched {
    pub parts: Vec<Part>,
    /// A single object was named, and not a selection of objects.
    pub is_single: bool,
    pub errors: Vec<anyhow::Error>,
    /// The store's resourceVersion at that look.
    pub resource_version: u64,
}

/// One object to fetch.
struct Place {
    kind: KindRef,
    namespace: String,
    name: String,
}

/// Fetches in one look at the store; goes on after errors.
pub fn fetch(
    cx: &mut Context,
    named: Named,
    manifests: Manifests,
    selectors: &Selectors,
    all_namespaces: bool,
) -> anyhow::Result<Fetched> {
    let namespace = cx.namespace().to_owned();
    let mut fetched = Fetched::default();
    let places = match named {
        Named::All(kinds) => {
            kinds.iter().for_each(|kind| cx.warn_of_kind(*kind));
            let scope = (!all_namespaces).then_some(namespace.as_str());
            let lists: Vec<Result<_, Status>> = cx.client()?.read(|cluster| {
                fetched.resource_version = cluster.resource_version();
                Ok(kinds.iter().map(|k| selectors.list(cluster, *k, scope)).collect())
            })?;
            kinds.iter().zip(lists).for_each(|(kind, list)| fetched.add(*kind, list));
            return Ok(fetched);
        }
        Named::Each(pairs) => {
            pairs.into_iter().map(|(kind, name)| Place { kind, namespace: namespace.clone(), name }).collect()
        }
        Named::Files => {
            let enforced = cx.is_given("namespace");
            fetched.errors.extend(manifests.errors);
            let mut places = Vec::new();
            for item in manifests.items {
                match item.namespace(&namespace, enforced) {
                    Ok(namespace) => places.push(Place { kind: item.kind, namespace, name: item.name().to_owned() }),
                    Err(error) => fetched.errors.push(error),
                }
            }
            places
        }
    };
    places.iter().for_each(|place| cx.warn_of_kind(place.kind));
    fetched.is_single = places.len() == 1 && fetched.errors.is_empty();
    let found: Vec<Result<_, Status>> = cx.client()?.read(|cluster| {
        fetched.resource_version = cluster.resource_version();
        Ok(places.iter().map(|p| p.get(cluster)).collect())
    })?;
    places.iter().zip(found).for_each(|(place, object)| fetched.add(place.kind, object.map(|o| vec![o])));
    if !selectors.labels.is_empty() {
        // Of what manifests name, `-l` chooses by the labels that are stored.
        let selector = Selectors::of_files(selectors.labels)?;
        fetched.parts.retain(|part| part.objects.iter().all(|o| selector.matches(o.labels())));
    }
    Ok(fetched)
}

impl Place {
    /// As kubectl: of an object that is not there, it is said when its whole namespace is not.
    fn get(&self, cluster: &Cluster) -> Result<Arc<Object>, Status> {
        let found = apiserver::get(cluster, self.kind, &self.namespace, &self.name);
        let missing = found.as_ref().is_err_and(|status| status.reason == Reason::NotFound);
        if missing
            && self.kind.names().namespaced
            && !matches!(self.namespace.as_str(), "" | "default")
            && cluster.get(&Key::cluster("namespaces", &self.namespace))?.is_none()
        {
            return Err(Status::not_found("namespaces", &self.namespace));
        }
        found
    }
}

impl Fetched {
    fn add(&mut self, kind: KindRef, objects: Result<Vec<Arc<Object>>, Status>) {
        match objects {
            Ok(objects) => self.parts.push(Part { kind, objects }),
            Err(status) => self.errors.push(status.into()),
        }
    }
}

/// Whether an error says that an object is not there.
pub fn is_not_found(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Status>().is_some_and(|s| s.reason == Reason::NotFound)
}
