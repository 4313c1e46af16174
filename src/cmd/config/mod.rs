//! `config`: contexts, with their namespaces and stores. Knows the home's kubeconfig, no store.

use serde_json::{Map, Value};

use super::context::Context;
use super::kubeconfig::Kubeconfig;
use super::parent;
use super::verbs::Run;

mod certs;
pub mod clusters;
pub mod contexts;
mod declared;
pub mod get_contexts;
mod plugins;
pub mod property;
pub mod set_context;
pub mod set_credentials;
pub mod users;
pub mod view;

/// Arguments of `config`.
#[derive(clap::Args)]
pub struct Config {
    args: Vec<String>,
}

const LONG: &str = r#"Modify kubeconfig files using subcommands like "kubectl config set current-context my-context".

 There is one kubeconfig, the file 'config' in the folder that KSTATE_HOME names; without it there is one context. A context names a namespace, and by its cluster a store: the cluster 'kstate' is the store of that folder, any other one is a store of its own in a folder below it; a context without a cluster has a store of its own name. '~/.kube/config' and KUBECONFIG are neither read nor written."#;

impl Run for Config {
    const LONG: &'static str = LONG;
    const USAGE: &'static str = "config SUBCOMMAND";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        parent::run(cx, &self.args, parent::HelpOn::Stderr)
    }
}

/// Sets text fields of an entry, each if its flag was given; an empty value takes the field away.
fn set_fields(cx: &Context, entry: &mut Value, fields: &[(&str, &str)]) {
    let Some(map) = entry.as_object_mut() else { return };
    for (field, value) in fields.iter().filter(|(f, _)| cx.is_given(f)) {
        if value.is_empty() {
            map.remove(*field);
        } else {
            map.insert((*field).to_owned(), (*value).into());
        }
    }
}

/// The entry of a name, a new one if there is none.
fn entry<'m>(entries: &'m mut Map<String, Value>, name: &str) -> &'m mut Value {
    entries.entry(name.to_owned()).or_insert_with(|| Value::Object(Map::new()))
}

/// Prints the names of entries below a headline.
fn print_names(cx: &mut Context, entries: fn(&Kubeconfig) -> &Map<String, Value>) -> anyhow::Result<()> {
    let config = Kubeconfig::load(cx.env)?;
    let names: String = entries(&config).keys().map(|n| format!("{n}\n")).collect();
    Ok(cx.print(&format!("NAME\n{names}"))?)
}

/// Removes a cluster or a user.
fn delete(
    cx: &mut Context,
    what: &str,
    name: &str,
    entries: fn(&mut Kubeconfig) -> &mut Map<String, Value>,
) -> anyhow::Result<()> {
    let mut config = Kubeconfig::load(cx.env)?;
    let path = config.path.display().to_string();
    if entries(&mut config).remove(name).is_none() {
        anyhow::bail!("cannot delete {what} {name}, not in {path}");
    }
    config.save()?;
    Ok(cx.print(&format!("deleted {what} {name} from {path}\n"))?)
}
