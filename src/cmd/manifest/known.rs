//! Which kinds the documents of a command can be of. The store is asked for its own only when a document is of no other.

use serde_json::{Map, Value};

use super::{Item, object};
use crate::apimachinery::object::Object;
use crate::cmd::context::Context;
use crate::cmd::discovery_cache;
use crate::kinds::{KindRef, Registry, versions_to_be};

/// What is known while documents are read.
pub struct Known<'c, 'e> {
    pub cx: &'c mut Context<'e>,
    registry: Registry,
    /// Whether the store was asked already.
    is_read: bool,
    /// Whether definitions among the documents count.
    learns: bool,
    learnt: Vec<&'static [KindRef]>,
}

impl<'c, 'e> Known<'c, 'e> {
    pub fn of(cx: &'c mut Context<'e>) -> Known<'c, 'e> {
        Known { cx, registry: Registry::built_in(), is_read: false, learns: false, learnt: Vec::new() }
    }

    /// Lets definitions among the documents count.
    pub fn learning(self) -> Known<'c, 'e> {
        Known { learns: true, ..self }
    }

    /// The kind of a document, `None` for a list; or, inside, kubectl's words for a kind that is not served.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn map(&mut self, document: &Map<String, Value>) -> anyhow::Result<Result<Option<KindRef>, String>> {
        let found = object::map_kind(&self.registry, document);
        if found.is_ok() || self.is_read {
            return Ok(found);
        }
        self.registry = self.cx.registry()?;
        self.is_read = true;
        self.learnt.iter().for_each(|versions| self.registry.learn(versions));
        let found = object::map_kind(&self.registry, document);
        if found.is_ok() {
            return Ok(found);
        }
        self.registry = discovery_cache::recalled(self.cx)?;
        self.learnt.iter().for_each(|versions| self.registry.learn(versions));
        Ok(object::map_kind(&self.registry, document))
    }

    /// Takes notice of an object that is a definition.
    pub fn learn(&mut self, item: &Item) {
        if !self.learns {
            return;
        }
        let versions =
            versions_to_be(item.kind, &Object::from_value(Value::Object(item.body.clone())).unwrap_or_default());
        if !versions.is_empty() {
            self.learnt.push(versions);
            self.registry.learn(versions);
        }
    }
}
