//! Which objects of a kind a label selector and a field selector let through. Knows no kind's fields.

use std::sync::Arc;

use serde_json::Value;

use super::resources::KindRef;
use crate::apimachinery::field_selector::{self, FieldSelector};
use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::apimachinery::quote::quote;
use crate::apimachinery::status::{Reason, Status};
use crate::apiserver;
use crate::cluster::Cluster;

/// What `-l` and `--field-selector` hold, as typed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Selectors<'a> {
    pub labels: &'a str,
    pub fields: &'a str,
}

impl Selectors<'_> {
    /// The objects of a kind that are let through, of one namespace or of all.
    ///
    /// # Errors
    /// BadRequest, in the words of kubectl's selector visitor, for a selector that does not parse or names an unknown field.
    pub fn list(&self, cluster: &Cluster, kind: KindRef, namespace: Option<&str>) -> Result<Vec<Arc<Object>>, Status> {
        let filter = self.filter(kind)?;
        let objects = apiserver::list_for(cluster, kind, namespace, &filter.labels);
        let mut objects = objects.map_err(|s| self.blame(kind, s))?;
        objects.retain(|o| filter.lets_through(o));
        Ok(objects)
    }

    /// As [`Selectors::list`], with the server's words only.
    ///
    /// # Errors
    /// The server's BadRequest.
    pub fn asked(&self, cluster: &Cluster, kind: KindRef, namespace: Option<&str>) -> Result<Vec<Arc<Object>>, Status> {
        self.list(cluster, kind, namespace).map_err(|mut status| {
            let prefix = self.blame(kind, Status::new(status.reason, "")).message;
            if let Some(own) = status.message.strip_prefix(&prefix) {
                status.message = own.to_owned();
            }
            status
        })
    }

    /// The selectors, read for a kind.
    ///
    /// # Errors
    /// As for [`Selectors::list`].
    pub fn filter(&self, kind: KindRef) -> Result<Filter, Status> {
        let (labels, fields) = self.parse().map_err(|s| self.blame(kind, s))?;
        let known = kind.selectable_fields();
        let names: Vec<&str> = known.iter().chain(FIELDS).map(|(name, _)| *name).collect();
        fields.check(&names, field_selector::not_supported).map_err(|e| self.blame(kind, e.into()))?;
        Ok(Filter { labels, fields, known })
    }

    /// The selector of labels that chooses among what files name: kubectl reads it by itself.
    ///
    /// # Errors
    /// kubectl's text for one that does not parse.
    pub fn of_files(labels: &str) -> anyhow::Result<Selector> {
        Selector::parse(labels)
            .map_err(|e| anyhow::anyhow!("the provided selector {} is not valid: {e}", quote(labels)))
    }

    fn parse(&self) -> Result<(Selector, FieldSelector), Status> {
        Ok((Selector::parse(self.labels)?, FieldSelector::parse(self.fields)?))
    }

    fn blame(&self, kind: KindRef, mut status: Status) -> Status {
        if matches!(status.reason, Reason::BadRequest | Reason::NotFound) {
            let names = kind.names();
            let resource = format!("\"{}/{}, Resource={}\"", names.group, names.version, names.plural);
            let (labels, fields) = (quote(self.labels), quote(self.fields));
            let failed = match self.labels.is_empty() && self.fields.is_empty() {
                true => format!("Unable to list {resource}"),
                false => {
                    format!("Unable to find {resource} that match label selector {labels}, field selector {fields}")
                }
            };
            status.message = format!("{failed}: {}", status.message);
        }
        status
    }
}

/// Selectors that were read for one kind.
pub struct Filter {
    labels: Selector,
    fields: FieldSelector,
    known: &'static [(&'static str, &'static str)],
}

impl Filter {
    pub fn lets_through(&self, object: &Object) -> bool {
        self.labels.matches(object.labels()) && self.fields.matches(|f| field(object, self.known, f))
    }
}

/// The fields that every kind can be selected by.
const FIELDS: &[(&str, &str)] = &[("metadata.name", "/metadata/name"), ("metadata.namespace", "/metadata/namespace")];

fn field(object: &Object, known: &[(&str, &str)], field: &str) -> Option<String> {
    let (_, pointer) = known.iter().chain(FIELDS).find(|(name, _)| *name == field)?;
    match object.at(pointer)? {
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
