//! kubectl's memory of what a server has: it keeps the list of kinds for hours, and so still asks for one whose definition
//! is gone. Knows definitions, no verb.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::context::Context;
use crate::cluster::ChangeType;
use crate::kinds::{DEFINITIONS, Registry, versions_of_definition};

/// How long kubectl trusts its list, in hours.
const KEPT: i64 = 6;

/// The kinds that the store knows, and those that it knew when they were last used.
///
/// What was used is told from the log: a kind of which no object was ever made is not remembered.
pub fn recalled(cx: &mut Context) -> anyhow::Result<Registry> {
    let mut registry = cx.registry()?;
    let history = cx.client()?.history()?;
    let oldest = cx.client()?.now()? - TimeDelta::hours(KEPT);
    let used: BTreeSet<&str> = history.iter().map(|change| change.key.resource.as_ref()).collect();
    for change in history.iter().filter(|c| c.key.resource == DEFINITIONS && c.kind == ChangeType::Deleted) {
        let is_fresh = change.object.deletion_timestamp().is_some_and(|at| at >= oldest);
        if is_fresh && used.contains(change.key.name.as_str()) && !registry.has_custom(&change.key.name) {
            registry.learn(versions_of_definition(&change.object));
        }
    }
    Ok(registry)
}
