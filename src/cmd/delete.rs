//! `delete`: asks for objects to go, and waits until they are gone. Knows no kind.

use super::flags::{A_KUSTOMIZE, AllNamespacesFlag, DryRunFlag, FieldSelectorFlag, RecursiveFlag, SelectorFlag};
use std::time::Duration;

use clap::ArgAction;

use super::context::Context;
use super::dry_run::DryRun;
use super::go;
use super::manifest::{self, Filenames, Manifests};
use super::question;
use super::resources::{self, KindRef, Named, Request};
use super::select::Selectors;
use super::support::{Flag, Support};
use super::verbs::{Operands, Run};
use super::{errors, fetch};
use crate::apimachinery::key::Key;
use crate::apiserver::{self, DeleteOptions, Propagation};

/// Arguments of `delete`.
#[derive(clap::Args)]
pub struct Delete {
    args: Vec<String>,
    #[arg(long, help = "Delete all resources, in the namespace of the specified resource types.")]
    all: bool,
    #[command(flatten)]
    scope: AllNamespacesFlag,
    #[arg(long, value_name = "string", default_value = "background", num_args = 0..=1, require_equals = true, default_missing_value = "background",
        help = "Must be \"background\", \"orphan\", or \"foreground\". Selects the deletion cascading strategy for the \
        dependents (e.g. Pods created by a ReplicationController). Defaults to background.")]
    cascade: String,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    select_fields: FieldSelectorFlag,
    #[arg(short, long, value_name = "strings", help = "containing the resource to delete.")]
    filename: Vec<String>,
    #[arg(
        long,
        help = "If true, immediately remove resources from API and bypass graceful deletion. Note that immediate \
        deletion of some resources may result in inconsistency or data loss and requires confirmation."
    )]
    force: bool,
    #[arg(
        long,
        value_name = "int",
        default_value = "-1",
        allow_hyphen_values = true,
        help = "Period of time in seconds given to the resource to terminate gracefully. Ignored if negative. Set to 1 \
        for immediate shutdown. Can only be set to 0 when --force is true (force deletion)."
    )]
    grace_period: i64,
    #[arg(
        long,
        help = "Treat \"resource not found\" as a successful delete. Defaults to \"true\" when --all is specified."
    )]
    ignore_not_found: bool,
    #[arg(short, long, help = "If true, delete resource only when user confirms.")]
    interactive: bool,
    #[arg(long, help = "If true, resources are signaled for immediate shutdown (same as --grace-period=1).")]
    now: bool,
    #[arg(
        short,
        long,
        value_name = "string",
        default_value = "",
        help = "Output mode. Use \"-o name\" for shorter output (resource/name)."
    )]
    output: String,
    #[command(flatten)]
    files: RecursiveFlag,
    #[command(flatten)]
    select: SelectorFlag,
    #[arg(long, value_name = "duration", default_value = "0s", value_parser = go::duration,
        help = "The length of time to wait before giving up on a delete, zero means determine a timeout from the size \
        of the object")]
    timeout: Duration,
    #[arg(long, action = ArgAction::Set, default_value = "true", value_name = "bool", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        help = "If true, wait for resources to be gone before returning. This waits for finalizers.")]
    wait: bool,
}

const OTHER_FLAGS: &[Flag] = &[
    A_KUSTOMIZE,
    Flag::new(
        "raw",
        "string",
        "",
        Support::Served,
        "Raw URI to DELETE to the server.  Uses the transport specified by the kubeconfig file.",
    ),
];

const LONG: &str = r#"Delete resources by file names, stdin, resources and names, or by resources and label selector.

 JSON and YAML formats are accepted. Only one type of argument may be specified: file names, resources and names, or resources and label selector.

 Some resources, such as pods, support graceful deletion. These resources define a default period before they are forcibly terminated (the grace period) but you may override that value with the --grace-period flag, or pass --now to set a grace-period of 1. Because these resources often represent entities in the cluster, deletion may not be acknowledged immediately. If the node hosting a pod is down or cannot reach the API server, termination may take significantly longer than the grace period. To force delete a resource, you must specify the --force flag. Note: only a subset of resources support graceful deletion. In absence of the support, the --grace-period flag is ignored.

 IMPORTANT: Force deleting pods does not wait for confirmation that the pod's processes have been terminated, which can leave those processes running until the node detects the deletion and completes graceful deletion. If your processes use shared storage or talk to a remote API and depend on the name of the pod to identify themselves, force deleting those pods may result in multiple processes running on different machines using the same identification which may lead to data corruption or inconsistency. Only force delete pods when you are sure the pod is terminated, or if your application can tolerate multiple copies of the same pod running at once. Also, if you force delete pods, the scheduler may place new pods on those nodes before the node has released those resources and causing those pods to be evicted immediately.

 Note that the delete command does NOT do resource version checks, so if someone submits an update to a resource right when you submit a delete, their update will be lost along with the rest of the resource.

 After a CustomResourceDefinition is deleted, invalidation of discovery cache may take up to 6 hours. If you don't want to wait, you might want to run "kubectl api-resources" to refresh the discovery cache."#;

const EXAMPLES: &str = r#"  # Delete a pod using the type and name specified in pod.json
  kubectl delete -f ./pod.json
  
  # Delete resources from a directory containing kustomization.yaml - e.g. dir/kustomization.yaml
  kubectl delete -k dir
  
  # Delete resources from all files that end with '.json'
  kubectl delete -f '*.json'
  
  # Delete a pod based on the type and name in the JSON passed into stdin
  cat pod.json | kubectl delete -f -
  
  # Delete pods and services with same names "baz" and "foo"
  kubectl delete pod,service baz foo
  
  # Delete pods and services with label name=myLabel
  kubectl delete pods,services -l name=myLabel
  
  # Delete a pod with minimal delay
  kubectl delete pod foo --now
  
  # Force delete a pod on a dead node
  kubectl delete pod foo --force
  
  # Delete all pods
  kubectl delete pods --all
  
  # Delete all pods only if the user confirms the deletion
  kubectl delete pods --all --interactive"#;

impl Run for Delete {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "delete ([-f FILENAME] | [-k DIRECTORY] | TYPE [(NAME | -l label | --all)])";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let propagation = propagation(&self.cascade, cx)?;
        let grace = self.grace_period()?;
        let dry_run = self.dry_run.parse(cx)?;
        let files = Filenames { filenames: &self.filename, recursive: self.files.recursive, validate: false };
        let manifests = manifest::read(cx, &files)?;
        let named = resources::named(
            cx,
            &Request {
                args: &self.args,
                has_files: !self.filename.is_empty(),
                selector: &self.select.selector,
                field_selector: &self.select_fields.field_selector,
                all: self.all,
                type_alone_is_all: false,
                all_namespaces: self.scope.all_namespaces,
            },
        )?;
        if !matches!(self.output.as_str(), "" | "name") {
            anyhow::bail!("unexpected -o output mode: {}. We only support '-o name'", self.output);
        }
        self.warn_of_force(cx, grace)?;
        let (targets, mut failures) = self.targets(cx, named, manifests)?;
        self.warn_of_cluster_scope(cx, &targets);
        if self.interactive && !confirmed(cx, &targets)? {
            return Ok(());
        }
        let options = DeleteOptions {
            grace_period: grace,
            propagation,
            dry_run: dry_run == DryRun::Server,
            ..DeleteOptions::default()
        };
        let gone = self.delete(cx, &targets, dry_run, &options, &mut failures)?;
        if self.ignores_not_found(cx) {
            failures.retain(|e| !fetch::is_not_found(e));
        }
        errors::aggregate(failures)?;
        if targets.is_empty() {
            return Ok(cx.print("No resources found\n")?);
        }
        if self.wait && dry_run == DryRun::None {
            self.wait_until_gone(cx, gone)?;
        }
        Ok(())
    }
}

/// One object to delete.
struct Target {
    kind: KindRef,
    namespace: String,
    name: String,
    /// The file it was named in, for errors.
    source: String,
}

impl Target {
    fn new(kind: KindRef, namespace: &str, name: &str, source: &str) -> Target {
        Target { kind, namespace: namespace.to_owned(), name: name.to_owned(), source: source.to_owned() }
    }

    /// `statefulset.apps`: from the kind, as kubectl does here.
    fn kind_text(&self) -> String {
        self.kind.names().group_kind().to_lowercase()
    }
}

impl Delete {
    /// Seconds; `None` for each object's own.
    fn grace_period(&self) -> anyhow::Result<Option<i64>> {
        if self.now && self.grace_period != -1 {
            anyhow::bail!("--now and --grace-period cannot be specified together");
        }
        Ok(match self.grace_period {
            _ if self.now => Some(1),
            // Without --force a period of 0 is made 1, so that no data is lost by accident.
            0 if !self.force => Some(1),
            negative if negative < 0 => self.force.then_some(0),
            seconds => Some(seconds),
        })
    }

    fn warn_of_force(&self, cx: &mut Context, grace: Option<i64>) -> anyhow::Result<()> {
        match grace {
            Some(0) if self.force => cx.complain(
                "Warning: Immediate deletion does not wait for confirmation that the running resource has been \
                 terminated. The resource may continue to run on the cluster indefinitely.\n",
            ),
            Some(_) if self.force => {
                anyhow::bail!("--force and --grace-period greater than 0 cannot be specified together")
            }
            _ => {}
        }
        Ok(())
    }

    fn warn_of_cluster_scope(&self, cx: &mut Context, targets: &[Target]) {
        if cx.is_given("namespace") && !self.scope.all_namespaces && targets.iter().any(|t| !t.kind.names().namespaced)
        {
            cx.complain("Warning: deleting cluster-scoped resources, not scoped to the provided namespace\n");
        }
    }

    /// Selections ignore what is gone already, unless that was asked otherwise.
    fn ignores_not_found(&self, cx: &Context) -> bool {
        let selects = self.all || !self.select.selector.is_empty() || !self.select_fields.field_selector.is_empty();
        self.ignore_not_found || (selects && !cx.is_given("ignore-not-found"))
    }

    /// What to delete, and what is wrong with the rest of what was named.
    fn targets(
        &self,
        cx: &mut Context,
        named: Named,
        manifests: Manifests,
    ) -> anyhow::Result<(Vec<Target>, Vec<anyhow::Error>)> {
        let namespace = cx.namespace().to_owned();
        match named {
            Named::Each(pairs) => {
                Ok((pairs.iter().map(|(k, n)| Target::new(*k, &namespace, n, "")).collect(), Vec::new()))
            }
            Named::All(kinds) => self.selected(cx, &kinds, &namespace),
            Named::Files => {
                let (mut targets, mut failures) = (Vec::new(), manifests.errors);
                let selector = Selectors::of_files(&self.select.selector)?;
                for item in manifests.items {
                    // With files `-l` chooses among what they hold.
                    if !item.is_selected(&selector) {
                        continue;
                    }
                    match item.namespace(&namespace, cx.is_given("namespace")) {
                        Ok(namespace) => targets.push(Target::new(item.kind, &namespace, item.name(), &item.source)),
                        Err(error) => failures.push(error),
                    }
                }
                Ok((targets, failures))
            }
        }
    }

    fn selected(
        &self,
        cx: &mut Context,
        kinds: &[KindRef],
        namespace: &str,
    ) -> anyhow::Result<(Vec<Target>, Vec<anyhow::Error>)> {
        let selectors = Selectors { labels: &self.select.selector, fields: &self.select_fields.field_selector };
        let scope = (!self.scope.all_namespaces).then_some(namespace);
        let lists = cx
            .client()?
            .read(|cluster| Ok(kinds.iter().map(|k| selectors.list(cluster, *k, scope)).collect::<Vec<_>>()))?;
        let (mut targets, mut failures) = (Vec::new(), Vec::new());
        for (kind, list) in kinds.iter().zip(lists) {
            match list {
                Ok(objects) => targets.extend(objects.iter().map(|o| Target::new(*kind, o.namespace(), o.name(), ""))),
                Err(status) => failures.push(status.into()),
            }
        }
        Ok((targets, failures))
    }

    /// Deletes what can be deleted, and returns what to wait for: where each object was, and its uid.
    fn delete(
        &self,
        cx: &mut Context,
        targets: &[Target],
        dry_run: DryRun,
        options: &DeleteOptions,
        failures: &mut Vec<anyhow::Error>,
    ) -> anyhow::Result<Vec<(Key, String)>> {
        let mut gone = Vec::new();
        for target in targets {
            if dry_run == DryRun::Client {
                cx.print(&self.said(target, dry_run, options))?;
                continue;
            }
            let (kind, namespace, name) = (target.kind, &target.namespace, &target.name);
            cx.warn_of_kind(kind);
            match cx.client()?.write(|cluster| apiserver::delete(cluster, kind, namespace, name, options)) {
                Ok(object) => {
                    gone.push((kind.names().key(namespace, name), object.uid().to_owned()));
                    cx.print(&self.said(target, dry_run, options))?;
                }
                Err(error) => failures.push(errors::with_source("deleting", &target.source, error)),
            }
        }
        Ok(gone)
    }

    /// `pod "web-0" deleted`.
    fn said(&self, target: &Target, dry_run: DryRun, options: &DeleteOptions) -> String {
        let (kind, name) = (target.kind_text(), &target.name);
        if self.output == "name" {
            return format!("{kind}/{name}\n");
        }
        let forced = if options.grace_period == Some(0) { "force " } else { "" };
        format!("{kind} \"{name}\" {forced}deleted{}\n", dry_run.suffix())
    }

    /// Waits until each object is gone, or another has taken its place.
    fn wait_until_gone(&self, cx: &mut Context, gone: Vec<(Key, String)>) -> anyhow::Result<()> {
        let timeout = Some(self.timeout).filter(|t| !t.is_zero());
        let what = match gone.as_slice() {
            [] => return Ok(()),
            [(key, _)] => format!("waiting until {}/{} is gone", key.resource, key.name),
            several => format!("waiting until {} objects are gone", several.len()),
        };
        let mut left = gone;
        let waited = cx.client()?.wait(&what, timeout, |cluster| {
            let mut still = Vec::new();
            for (key, uid) in &left {
                if cluster.get(key)?.is_some_and(|o| o.uid() == *uid) {
                    still.push((key.clone(), uid.clone()));
                }
            }
            left = still;
            Ok(left.is_empty().then_some(()))
        })?;
        match (waited, left.first()) {
            (None, Some((key, _))) => {
                anyhow::bail!("timed out waiting for the condition on {}/{}", key.resource, key.name)
            }
            _ => Ok(()),
        }
    }
}

/// What becomes of dependents: `--cascade`.
pub fn propagation(text: &str, cx: &mut Context) -> anyhow::Result<Propagation> {
    match text {
        "background" => Ok(Propagation::Background),
        "foreground" => Ok(Propagation::Foreground),
        "orphan" => Ok(Propagation::Orphan),
        _ => match go::boolean(text) {
            Ok(yes) => {
                let (word, propagation) =
                    if yes { ("background", Propagation::Background) } else { ("orphan", Propagation::Orphan) };
                cx.complain(&format!(
                    "warning: --cascade={text} is deprecated (boolean value) and can be replaced with --cascade={word}.\n"
                ));
                Ok(propagation)
            }
            Err(_) => {
                anyhow::bail!("invalid cascade value ({text}). Must be \"background\", \"foreground\", or \"orphan\"")
            }
        },
    }
}

/// Shows what would go and asks; says so when nothing would, or when the answer is no.
fn confirmed(cx: &mut Context, targets: &[Target]) -> anyhow::Result<bool> {
    if targets.is_empty() {
        cx.print("No resources found\n")?;
        return Ok(false);
    }
    let list: String = targets.iter().map(|t| format!("{}/{}\n", t.kind_text(), t.name)).collect();
    let what = format!("You are about to delete the following {} resource(s):\n{list}", targets.len());
    let yes = question::confirmed(cx, &what)?;
    if !yes {
        cx.print("deletion is cancelled\n")?;
    }
    Ok(yes)
}
