//! `snapshot diff`: which objects and which files of volumes are different.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::super::context::Context;
use super::super::errors::Exit;
use super::super::verbs::Run;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::client::{self, Client};
use crate::storage::saved;

/// Arguments of `snapshot diff`.
#[derive(clap::Args)]
pub struct Diff {
    args: Vec<String>,
}

/// What is in one store, each thing with what tells its versions apart.
type Contents = BTreeMap<String, String>;

impl Run for Diff {
    const LONG: &'static str = "Print what is different between a snapshot and the store, or between two snapshots: objects, and \
        files of volumes; events are left out.\n\n \
        Exit status: 0 No differences were found. 1 Differences were found, or an error occurred.";
    const EXAMPLES: &'static str = "  # Say what was done since a snapshot\n  kstate snapshot diff before-upgrade\n  \n  \
        # Compare two snapshots\n  kstate snapshot diff monday tuesday";
    const USAGE: &'static str = "diff NAME [NAME]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let (before, after) = match self.args.as_slice() {
            [one] => (one.as_str(), None),
            [one, other] => (one.as_str(), Some(other.as_str())),
            _ => return Err(cx.usage_error("the name of one snapshot or of two is required")),
        };
        let before = of_snapshot(cx, before)?;
        let after = match after {
            Some(name) => of_snapshot(cx, name)?,
            None => {
                let home = cx.client()?.home().to_owned();
                contents(cx.client()?, home)?
            }
        };
        let lines = differences(&before, &after);
        cx.print(&lines)?;
        if lines.is_empty() { Ok(()) } else { Err(Exit(1).into()) }
    }
}

fn of_snapshot(cx: &Context, name: &str) -> anyhow::Result<Contents> {
    let options = saved::options_of(&client::options(cx.env)?, name)?;
    let home = options.home.clone();
    contents(&mut Client::of_snapshot(cx.env, options)?, home)
}

fn contents(client: &mut Client, home: PathBuf) -> anyhow::Result<Contents> {
    let objects = client.everything()?;
    let named =
        objects.iter().filter(|(key, _)| key.resource != "events").map(|(key, object)| (name(key), version(object)));
    let mut found: Contents = named.collect();
    let files = saved::volume_files(&home)?;
    found.extend(files.into_iter().map(|(path, digest)| (format!("volume file {path}"), digest)));
    Ok(found)
}

/// `statefulsets.apps/web in default`.
fn name(key: &Key) -> String {
    let place = if key.namespace.is_empty() { String::new() } else { format!(" in {}", key.namespace) };
    format!("{}/{}{place}", key.resource, key.name)
}

/// An object without what changes with each write.
fn version(object: &Arc<Object>) -> String {
    let mut object = Object::clone(object);
    object.remove("/metadata/resourceVersion");
    object.remove("/metadata/managedFields");
    object.into_value().to_string()
}

fn differences(before: &Contents, after: &Contents) -> String {
    let all: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let line = |name: &&String| match (before.get(*name), after.get(*name)) {
        (None, Some(_)) => Some(format!("added    {name}\n")),
        (Some(_), None) => Some(format!("removed  {name}\n")),
        (one, other) => (one != other).then(|| format!("changed  {name}\n")),
    };
    all.iter().filter_map(line).collect()
}
