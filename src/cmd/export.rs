//! `export`: the store as manifests that a cluster takes. Knows which objects to ask for and their order, not what of them
//! is a manifest.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::ArgAction;
use serde_json::Value;

use super::context::Context;
use super::kustomize;
use super::resources::{self, KindRef, Named, Request};
use super::select::Selectors;
use super::verbs::{Operands, Run};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::Registry;
use crate::printers::{self, Format, OutputFlags, Printer};
use crate::{apiserver, client};

/// Arguments of `export`.
#[derive(clap::Args)]
pub struct Export {
    args: Vec<String>,
    #[arg(short = 'A', long, action = ArgAction::SetTrue, help = "If present, export the object(s) of all namespaces.")]
    all_namespaces: bool,
    #[arg(short, long, value_name = "string", default_value = "yaml", help = "Output format. One of: (json, yaml).")]
    output: String,
    #[arg(
        short = 'l',
        long,
        value_name = "string",
        default_value = "",
        help = "Selector (label query) to filter on, supports '=', '==', and '!='.(e.g. -l key1=value1,key2=value2)."
    )]
    selector: String,
}

/// What to look through.
struct Wanted {
    /// `None` for every kind of the store.
    kinds: Option<Vec<KindRef>>,
    /// `None` for all namespaces and for what has none.
    namespace: Option<String>,
    /// Only these; all where there are none.
    keys: Vec<Key>,
}

impl Run for Export {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = "Print objects as manifests for another cluster: without status, without what the server \
        filled in, and without what controllers make by themselves. An apply of the output makes the same objects there. \
        Without arguments it prints everything that was made in the store, with --namespace what was made in that namespace.\n\n \
        The data of volumes is not part of a manifest; 'snapshot save' keeps it.";
    const EXAMPLES: &'static str = "  # Move everything to a real cluster\n  kstate export | kubectl apply -f -\n  \n  \
        # Print the manifest of one StatefulSet\n  kstate export statefulset/web\n  \n  \
        # Print everything of one namespace\n  kstate export --namespace=lab";
    const USAGE: &'static str = "export [TYPE[/NAME] ...] [-o yaml|json]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let format = match self.output.as_str() {
            "yaml" | "json" => Format::parse(&flags(&self.output), printers::FORMATS, &|_| Ok(String::new()))?,
            other => anyhow::bail!(
                "unable to match a printer suitable for the output format \"{other}\", allowed formats are: json,yaml"
            ),
        };
        let wanted = self.wanted(cx)?;
        let selectors = Selectors { labels: &self.selector, fields: "" };
        let client = cx.client()?;
        let first = client::first_objects(client.now()?)?;
        let first = apiserver::WithBuiltIn::new(&first, client.now()?);
        let first = manifests(&Cluster::new(&first), &Wanted::everything(), &Selectors::default())?;
        let found = client.read(|cluster| manifests(cluster, &wanted, &selectors))?;
        let made = found.into_iter().filter(|(key, manifest)| first.get(key) != Some(manifest));
        let objects = kustomize::in_order(made.map(|(_, manifest)| manifest.into_value()).collect());
        print(cx, format, objects)
    }
}

impl Export {
    fn wanted(&self, cx: &mut Context) -> anyhow::Result<Wanted> {
        let namespace = (!self.all_namespaces).then(|| cx.namespace().to_owned());
        if self.args.is_empty() {
            let whole = self.all_namespaces || !cx.is_given("namespace");
            return Ok(Wanted { namespace: namespace.filter(|_| !whole), ..Wanted::everything() });
        }
        let named = resources::named(
            cx,
            &Request {
                args: &self.args,
                selector: &self.selector,
                type_alone_is_all: true,
                all_namespaces: self.all_namespaces,
                ..Request::default()
            },
        )?;
        Ok(match named {
            Named::All(kinds) => Wanted { kinds: Some(kinds), namespace, keys: Vec::new() },
            Named::Each(pairs) => {
                let keys = pairs.iter().map(|(kind, name)| kind.names().key(cx.namespace(), name)).collect();
                let mut kinds: Vec<KindRef> = pairs.into_iter().map(|(kind, _)| kind).collect();
                kinds.dedup_by_key(|kind| kind.names().resource);
                Wanted { kinds: Some(kinds), namespace, keys }
            }
            Named::Files => Wanted::everything(),
        })
    }
}

impl Wanted {
    fn everything() -> Wanted {
        Wanted { kinds: None, namespace: None, keys: Vec::new() }
    }

    /// The objects of one kind; those without a namespace only where no namespace was asked for, or by type.
    fn list(&self, cluster: &Cluster, kind: KindRef, selectors: &Selectors) -> Result<Vec<Arc<Object>>, Status> {
        let names = kind.names();
        if !self.keys.is_empty() {
            let keys = self.keys.iter().filter(|key| key.resource == names.resource);
            return keys.map(|key| apiserver::get(cluster, kind, &key.namespace, &key.name)).collect();
        }
        let is_of_no_namespace = !names.namespaced && self.kinds.is_none();
        match &self.namespace {
            Some(namespace) if is_of_no_namespace => Ok(if names.resource == "namespaces" {
                cluster.get(&names.key("", namespace))?.into_iter().collect()
            } else {
                Vec::new()
            }),
            namespace => selectors.list(cluster, kind, namespace.as_deref().filter(|_| names.namespaced)),
        }
    }
}

fn manifests(cluster: &Cluster, wanted: &Wanted, selectors: &Selectors) -> Result<BTreeMap<Key, Object>, Status> {
    let mut found = BTreeMap::new();
    let kinds = match &wanted.kinds {
        Some(kinds) => kinds.clone(),
        None => Registry::of(cluster)?.kinds().collect(),
    };
    for kind in kinds {
        for object in wanted.list(cluster, kind, selectors)? {
            if let Some(manifest) = apiserver::export(kind, &object, cluster)? {
                found.insert(kind.names().key(object.namespace(), object.name()), manifest);
            }
        }
    }
    Ok(found)
}

fn flags(output: &str) -> OutputFlags<'_> {
    OutputFlags { output, template: "", allow_missing_keys: true, no_headers: false }
}

/// YAML is one document each, JSON one list: `apply -f -` reads both.
fn print(cx: &mut Context, format: Format, objects: Vec<Value>) -> anyhow::Result<()> {
    let is_json = matches!(format, Format::Json);
    let mut printer = Printer::new(format, false);
    let objects: Vec<Arc<Object>> = objects.into_iter().filter_map(Object::from_value).map(Arc::new).collect();
    if is_json && objects.len() != 1 {
        return printer.print_list(&objects, &mut cx.env.stdout);
    }
    objects.iter().try_for_each(|object| printer.print(object, "", &mut cx.env.stdout))
}
