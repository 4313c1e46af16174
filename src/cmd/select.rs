//! Which objects of a kind a label selector and a field selector let through. Knows no kind's fields.

use std::sync::Arc;

use serde_json::Value;

use super::resources::KindRef;
use crate::apimachinery::field_selector::{self, FieldSelector};
use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
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
        let parsed = self.parse().map_err(|s| self.blame(kind, s))?;
        let (labels, fields) = parsed;
        let known = kind.selectable_fields();
        let names: Vec<&str> = known.iter().chain(FIELDS).map(|(name, _)| *name).collect();
        fields.check(&names, field_selector::not_supported).map_err(|e| self.blame(kind, e.into()))?;
        let mut objects = apiserver::list(cluster, kind, namespace)?;
        objects.retain(|o| labels.matches(o.labels()) && fields.matches(|f| field(o, known, f)));
        Ok(objects)
    }

    fn parse(&self) -> Result<(Selector, FieldSelector), Status> {
        Ok((Selector::parse(self.labels)?, FieldSelector::parse(self.fields)?))
    }

    fn blame(&self, kind: KindRef, mut status: Status) -> Status {
        if matches!(status.reason, Reason::BadRequest | Reason::NotFound) {
            let names = kind.names();
            status.message = format!(
                "Unable to find \"{}/{}, Resource={}\" that match label selector {:?}, field selector {:?}: {}",
                names.group, names.version, names.plural, self.labels, self.fields, status.message
            );
        }
        status
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
