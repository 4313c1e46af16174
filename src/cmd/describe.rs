//! `describe`: objects in words, with what belongs to them. Knows no kind; each describes itself.

use super::flags::{AllNamespacesFlag, CHUNK_SIZE, KUSTOMIZE, RecursiveFlag, SelectorFlag};
use std::sync::Arc;

use clap::ArgAction;

use super::context::Context;
use super::errors;
use super::fetch::{self, Fetched};
use super::manifest::{self, Filenames};
use super::resources::{self, KindRef, Named, Request};
use super::select::Selectors;
use super::support::Flag;
use super::verbs::{Operands, Run};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::describe::{Text, View};
use crate::printers;

/// Arguments of `describe`.
#[derive(clap::Args)]
pub struct Describe {
    args: Vec<String>,
    #[command(flatten)]
    scope: AllNamespacesFlag,
    #[arg(
        short,
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files containing the resource to describe"
    )]
    filename: Vec<String>,
    #[command(flatten)]
    files: RecursiveFlag,
    #[command(flatten)]
    select: SelectorFlag,
    #[arg(long, action = ArgAction::Set, default_value = "true", value_name = "bool", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        help = "If true, display events related to the described object.")]
    show_events: bool,
}

const OTHER_FLAGS: &[Flag] = &[CHUNK_SIZE, KUSTOMIZE];

const LONG: &str = r#"Show details of a specific resource or group of resources.

 Print a detailed description of the selected resources, including related resources such as events or controllers. You may select a single object by name, all objects of that type, provide a name prefix, or label selector. For example:

        $ kubectl describe TYPE NAME_PREFIX
        
 will first check for an exact match on TYPE and NAME_PREFIX. If no such resource exists, it will output details for every resource that has a name prefixed with NAME_PREFIX.

Use "kubectl api-resources" for a complete list of supported resources."#;

const EXAMPLES: &str = r#"  # Describe a node
  kubectl describe nodes kubernetes-node-emt8.c.myproject.internal
  
  # Describe a pod
  kubectl describe pods/nginx
  
  # Describe a pod identified by type and name in "pod.json"
  kubectl describe -f pod.json
  
  # Describe all pods
  kubectl describe pods
  
  # Describe pods by label name=myLabel
  kubectl describe pods -l name=myLabel
  
  # Describe all pods managed by the 'frontend' replication controller
  # (rc-created pods get the name of the rc as a prefix in the pod name)
  kubectl describe pods frontend"#;

impl Run for Describe {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "describe (-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME)";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if self.args.is_empty() && self.filename.is_empty() {
            let program = &cx.program;
            anyhow::bail!(
                "You must specify the type of resource to describe. Use \"{program} api-resources\" for a complete list \
                 of supported resources.\n"
            );
        }
        let fetched = self.fetch(cx)?;
        if let ([type_of, prefix], [error]) = (self.args.as_slice(), fetched.errors.as_slice())
            && fetch::is_not_found(error)
        {
            let found = self.beginning_with(cx, type_of, prefix)?;
            return if found { Ok(()) } else { errors::list(fetched.errors) };
        }
        let texts = self.texts(cx, &fetched)?;
        cx.print(&texts.join("\n\n"))?;
        if texts.is_empty() && fetched.errors.is_empty() {
            let place =
                if self.scope.all_namespaces { String::new() } else { format!(" in {} namespace.", cx.namespace()) };
            cx.complain(&format!("No resources found{place}\n"));
        }
        errors::list(fetched.errors)
    }
}

impl Describe {
    fn fetch(&self, cx: &mut Context) -> anyhow::Result<Fetched> {
        let files = Filenames { filenames: &self.filename, recursive: self.files.recursive, validate: false };
        let manifests = manifest::read(cx, &files)?;
        let named = resources::named(
            cx,
            &Request {
                args: &self.args,
                has_files: !self.filename.is_empty(),
                selector: &self.select.selector,
                type_alone_is_all: true,
                all_namespaces: self.scope.all_namespaces,
                ..Request::default()
            },
        )?;
        fetch::fetch(cx, named, manifests, &self.selectors(), self.scope.all_namespaces)
    }

    fn selectors(&self) -> Selectors<'_> {
        Selectors { labels: &self.select.selector, fields: "" }
    }

    /// Describes every object of a type whose name begins so; whether there was any.
    fn beginning_with(&self, cx: &mut Context, type_of: &str, prefix: &str) -> anyhow::Result<bool> {
        // `TYPE/NAME` twice: the first one's type, and its name alone.
        let (type_of, name) = type_of.split_once('/').map_or((type_of, None), |(of, name)| (of, Some(name)));
        anyhow::ensure!(!type_of.contains(','), "you may only specify a single resource type");
        let kinds = Named::All(vec![resources::kind(cx, type_of)?]);
        let mut fetched = fetch::fetch(cx, kinds, manifest::Manifests::default(), &self.selectors(), false)?;
        let is_meant = |o: &Object| name.is_none_or(|n| o.name() == n) && o.name().starts_with(prefix);
        fetched.parts.iter_mut().for_each(|p| p.objects.retain(|o| is_meant(o)));
        let texts = self.texts(cx, &fetched)?;
        texts.iter().try_for_each(|text| cx.print(&format!("{text}\n")))?;
        Ok(!texts.is_empty())
    }

    /// The description of each object, all from one look.
    fn texts(&self, cx: &mut Context, fetched: &Fetched) -> anyhow::Result<Vec<String>> {
        let objects: Vec<(KindRef, &Arc<Object>)> =
            fetched.parts.iter().flat_map(|p| p.objects.iter().map(|o| (p.kind, o))).collect();
        let show_events = self.show_events;
        let describe = |cluster: &Cluster| -> Result<Vec<String>, Status> {
            let view = View { cluster, now: cluster.now(), show_events };
            objects.iter().map(|(kind, object)| text(*kind, object, &view)).collect()
        };
        cx.client()?.read(describe)
    }
}

fn text(kind: KindRef, object: &Object, view: &View) -> Result<String, Status> {
    let mut out = Text::default();
    kind.describe(object, view, &mut out)?;
    Ok(printers::escape(&out.finish()))
}
