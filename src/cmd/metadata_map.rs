//! What `label` and `annotate` share: changing a map in an object's metadata, and sending what changed. Knows neither verb.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::context::Context;
use super::dry_run::DryRun;
use super::infos::Info;
use super::requests;
use crate::apimachinery::object::{Object, escape};
use crate::apimachinery::patch::{PatchType, merge_patch};
use crate::apiserver::Part;

/// What is to become of the entries of a map.
#[derive(Debug, Default)]
pub struct Change {
    /// `labels` or `annotations`.
    pub field: &'static str,
    pub set: BTreeMap<String, String>,
    pub remove: Vec<String>,
    /// `--resource-version`: what the stored object has to have; empty for whatever it has.
    pub resource_version: String,
}

impl Change {
    /// The map as it is.
    pub fn entries<'o>(&self, object: &'o Object) -> Option<&'o Map<String, Value>> {
        object.map_at(&format!("/metadata/{}", self.field))
    }

    /// Each entry that has another value already, with that value.
    pub fn overwritten<'c>(&'c self, object: &'c Object) -> impl Iterator<Item = (&'c str, &'c str)> {
        self.set.iter().filter_map(|(key, value)| {
            let now = self.entries(object)?.get(key)?.as_str()?;
            (now != value).then_some((key.as_str(), now))
        })
    }

    /// The object with its map changed. A map is there afterwards, even an empty one, as Go's `SetLabels` leaves it.
    pub fn apply(&self, object: &Object) -> Object {
        let mut new = object.clone();
        let base = format!("/metadata/{}", self.field);
        new.set_default(&base, Map::new());
        for (key, value) in &self.set {
            new.set(&format!("{base}/{}", escape(key)), value.as_str().into());
        }
        for key in &self.remove {
            new.remove(&format!("{base}/{}", escape(key)));
        }
        if !self.resource_version.is_empty() {
            new.set("/metadata/resourceVersion", self.resource_version.as_str().into());
        }
        new
    }

    /// What the object is compared with: the resourceVersion that was asked for has to be in the patch.
    pub fn before(&self, object: &Object) -> Object {
        let mut old = object.clone();
        if !self.resource_version.is_empty() {
            old.set("/metadata/resourceVersion", "".into());
        }
        old
    }

    /// Sends what differs between the two, as a merge patch.
    pub fn send(
        &self,
        cx: &mut Context,
        info: &Info,
        (old, new): (&Object, &Object),
        dry_run: DryRun,
    ) -> anyhow::Result<Arc<Object>> {
        let (before, after) = (old.body().to_map(), new.body().to_map());
        let patch = Value::Object(merge_patch(&before, &after, &before));
        requests::patch(cx, info, (PatchType::Merge, &patch), Part::Main, &requests::options(dry_run, false))
    }

    /// Prints the entries: `--list`.
    pub fn list(&self, cx: &mut Context, info: &Info, object: &Object, is_single: bool) -> anyhow::Result<()> {
        let indent = if is_single { "" } else { " " };
        if !is_single {
            let names = info.kind.names();
            cx.print(&format!("Listing {} for {}.{}/{}:\n", self.field, names.kind, names.group, info.name))?;
        }
        for (key, value) in self.entries(object).into_iter().flatten() {
            cx.print(&format!("{indent}{key}={}\n", value.as_str().unwrap_or_default()))?;
        }
        Ok(())
    }
}

/// What both verbs check of their flags before they look for objects.
pub struct Flags<'a> {
    pub resources: &'a [String],
    pub filenames: &'a [String],
    pub all: bool,
    pub selector: &'a str,
    pub field_selector: &'a str,
    pub local: bool,
    pub dry_run: DryRun,
    /// The file that kubectl's text has for an example, without its end.
    pub example: &'a str,
}

impl Flags<'_> {
    /// # Errors
    /// Flags that do not go together, in kubectl's words and order.
    pub fn check(&self) -> anyhow::Result<()> {
        if self.all && !self.selector.is_empty() {
            anyhow::bail!("cannot set --all and --selector at the same time");
        }
        if self.all && !self.field_selector.is_empty() {
            anyhow::bail!("cannot set --all and --field-selector at the same time");
        }
        match (self.local, self.resources.is_empty(), self.filenames.is_empty()) {
            (true, ..) if self.dry_run == DryRun::Server => {
                anyhow::bail!("cannot specify --local and --dry-run=server - did you mean --dry-run=client?")
            }
            (true, false, _) => {
                anyhow::bail!(
                    "can only use local files by -f {0}.yaml or --filename={0}.json when --local=true is set",
                    self.example
                )
            }
            (true, _, true) => {
                anyhow::bail!("one or more files must be specified as -f {0}.yaml or --filename={0}.json", self.example)
            }
            (false, true, true) => {
                anyhow::bail!("one or more resources must be specified as <resource> <name> or <resource>/<name>")
            }
            _ => Ok(()),
        }
    }
}
