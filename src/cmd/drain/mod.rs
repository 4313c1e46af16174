//! `cordon`, `uncordon` and `drain`: nodes that take no more pods, and lose those they have.

mod evict;
mod filters;

use std::sync::Arc;
use std::time::Duration;

use super::context::Context;
use super::dry_run::DryRun;
use super::errors::{self, Aggregate, aggregate};
use super::flags::{CHUNK_SIZE, DryRunFlag, SelectorFlag};
use super::go;
use super::infos::{self, Info, Query};
use super::requests;
use super::resources;
use super::support::{Flag, Support};
use super::verbs::Run;
use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::apiserver::{self, DeleteOptions};
use crate::kinds;
use crate::printers::{Format, Printer};

/// Arguments of `cordon`.
#[derive(clap::Args)]
pub struct Cordon {
    args: Vec<String>,
    #[command(flatten)]
    select: SelectorFlag,
    #[command(flatten)]
    dry_run: DryRunFlag,
}

impl Run for Cordon {
    const LONG: &'static str = "Mark node as unschedulable.";
    const EXAMPLES: &'static str = r#"  # Mark node "foo" as unschedulable
  kubectl cordon foo"#;
    const USAGE: &'static str = "cordon NODE";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        check_named(cx, &self.args, &self.select.selector, "cordon NODE")?;
        let dry_run = self.dry_run.parse(cx)?;
        let nodes = nodes(cx, &self.args, &self.select.selector)?;
        set_unschedulable(cx, &nodes, true, dry_run)
    }
}

/// Arguments of `uncordon`.
#[derive(clap::Args)]
pub struct Uncordon {
    args: Vec<String>,
    #[command(flatten)]
    select: SelectorFlag,
    #[command(flatten)]
    dry_run: DryRunFlag,
}

impl Run for Uncordon {
    const LONG: &'static str = "Mark node as schedulable.";
    const EXAMPLES: &'static str = r#"  # Mark node "foo" as schedulable
  kubectl uncordon foo"#;
    const USAGE: &'static str = "uncordon NODE";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        check_named(cx, &self.args, &self.select.selector, "uncordon NODE")?;
        let dry_run = self.dry_run.parse(cx)?;
        let nodes = nodes(cx, &self.args, &self.select.selector)?;
        set_unschedulable(cx, &nodes, false, dry_run)
    }
}

/// Arguments of `drain`.
#[derive(clap::Args)]
pub struct Drain {
    args: Vec<String>,
    #[arg(
        long,
        help = "Continue even if there are pods using emptyDir (local data that will be deleted when the node is \
        drained)."
    )]
    delete_emptydir_data: bool,
    #[arg(
        long,
        help = "Force drain to use delete, even if eviction is supported. This will bypass checking \
        PodDisruptionBudgets, use with caution."
    )]
    disable_eviction: bool,
    #[arg(long, help = "Continue even if there are pods that do not declare a controller.")]
    force: bool,
    #[arg(
        long,
        value_name = "int",
        default_value = "-1",
        allow_hyphen_values = true,
        help = "Period of time in seconds given to each pod to terminate gracefully. If negative, the default value \
        specified in the pod will be used."
    )]
    grace_period: i64,
    #[arg(long, help = "Ignore DaemonSet-managed pods.")]
    ignore_daemonsets: bool,
    #[arg(long, value_name = "string", default_value = "", help = "Label selector to filter pods on the node")]
    pod_selector: String,
    #[command(flatten)]
    select: SelectorFlag,
    #[arg(long, value_name = "duration", default_value = "0s", value_parser = go::duration,
        help = "The length of time to wait before giving up, zero means infinite")]
    timeout: Duration,
    #[command(flatten)]
    dry_run: DryRunFlag,
}

const OTHER_FLAGS: &[Flag] = &[
    CHUNK_SIZE,
    Flag::new(
        "skip-wait-for-delete-timeout",
        "int",
        "0",
        Support::NoEffect("pods do not hang"),
        "If pod DeletionTimestamp older than N seconds, skip waiting for the pod.  Seconds must be greater \
        than 0 to skip.",
    ),
];

impl Run for Drain {
    const LONG: &'static str = "Drain node in preparation for maintenance.

 The given node will be marked unschedulable to prevent new pods from arriving. 'drain' evicts the pods if the API server supports https://kubernetes.io/docs/concepts/workloads/pods/disruptions/ eviction https://kubernetes.io/docs/concepts/workloads/pods/disruptions/ . Otherwise, it will use normal DELETE to delete the pods. The 'drain' evicts or deletes all pods except mirror pods (which cannot be deleted through the API server).  If there are daemon set-managed pods, drain will not proceed without --ignore-daemonsets, and regardless it will not delete any daemon set-managed pods, because those pods would be immediately replaced by the daemon set controller, which ignores unschedulable markings.  If there are any pods that are neither mirror pods nor managed by a replication controller, replica set, daemon set, stateful set, or job, then drain will not delete any pods unless you use --force.  --force will also allow deletion to proceed if the managing resource of one or more pods is missing.

 'drain' waits for graceful termination. You should not operate on the machine until the command completes.

 When you are ready to put the node back into service, use kubectl uncordon, which will make the node schedulable again.

https://kubernetes.io/images/docs/kubectl_drain.svg Workflowhttps://kubernetes.io/images/docs/kubectl_drain.svg";
    const EXAMPLES: &'static str = r#"  # Drain node "foo", even if there are pods not managed by a replication controller, replica set, job, daemon set, or stateful set on it
  kubectl drain foo --force
  
  # As above, but abort if there are pods not managed by a replication controller, replica set, job, daemon set, or stateful set, and use a grace period of 15 minutes
  kubectl drain foo --grace-period=900"#;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "drain NODE";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        check_named(cx, &self.args, &self.select.selector, "drain NODE")?;
        let dry_run = self.dry_run.parse(cx)?;
        if Selector::parse(&self.pod_selector).is_err() {
            anyhow::bail!("--pod-selector=<pod_selector> must be a valid label selector");
        }
        let nodes = nodes(cx, &self.args, &self.select.selector)?;
        set_unschedulable(cx, &nodes, true, dry_run)?;
        let (mut errors, mut pending) = (Vec::new(), String::new());
        for node in &nodes {
            match self.empty(cx, &node.name, dry_run) {
                Ok(()) => print(cx, &node.object, "drained", dry_run)?,
                Err(error) => {
                    let name = &node.name;
                    cx.complain(&format!(
                        "error: unable to drain node {name:?} due to error: {error}, continuing command...\n"
                    ));
                    pending += &format!(" {name}\n");
                    // Of several pods that must not go each is told in a line of its own.
                    match error.downcast::<Aggregate>() {
                        Ok(Aggregate(all)) => errors.extend(all),
                        Err(error) => errors.push(error),
                    }
                }
            }
        }
        if !pending.is_empty() {
            cx.complain(&format!("There are pending nodes to be drained:\n{pending}"));
        }
        errors::list(errors)
    }
}

impl Drain {
    /// Takes the pods off a node.
    fn empty(&self, cx: &mut Context, node: &str, dry_run: DryRun) -> anyhow::Result<()> {
        let (pods, warnings) = filters::pods(cx, node, &self.filter()?)?;
        if !warnings.is_empty() {
            cx.complain(&format!("Warning: {warnings}\n"));
        }
        if dry_run != DryRun::None {
            for pod in pods.iter().filter(|_| !self.disable_eviction) {
                let suffix = dry_run.suffix();
                cx.print(&format!("evicting pod {}/{}{suffix}\n", pod.namespace(), pod.name()))?;
            }
            return Ok(());
        }
        if !self.disable_eviction {
            return evict::all(cx, pods, self.grace_period, self.timeout);
        }
        pods.iter().try_for_each(|pod| self.delete(cx, pod))?;
        self.wait(cx, &pods)
    }

    fn filter(&self) -> anyhow::Result<filters::Filter> {
        Ok(filters::Filter {
            selector: Selector::parse(&self.pod_selector).map_err(crate::apimachinery::status::Status::from)?,
            force: self.force,
            ignore_daemon_sets: self.ignore_daemonsets,
            delete_local_data: self.delete_emptydir_data,
        })
    }

    fn delete(&self, cx: &mut Context, pod: &Object) -> anyhow::Result<()> {
        let Some(kind) = kinds::by_resource("pods") else { return Ok(()) };
        let grace = (self.grace_period >= 0).then_some(self.grace_period);
        let options = DeleteOptions { grace_period: grace, ..DeleteOptions::default() };
        cx.client()?.write(|c| apiserver::delete(c, kind, pod.namespace(), pod.name(), &options))?;
        Ok(())
    }

    /// Waits until each pod is gone, or another has taken its place.
    fn wait(&self, cx: &mut Context, pods: &[Arc<Object>]) -> anyhow::Result<()> {
        let Some(kind) = kinds::by_resource("pods") else { return Ok(()) };
        let timeout = (!self.timeout.is_zero()).then_some(self.timeout);
        for pod in pods {
            let key = kind.names().key(pod.namespace(), pod.name());
            let what = format!("the eviction of {}", pod.name());
            let gone = cx
                .client()?
                .wait(&what, timeout, |c| Ok(c.get(&key)?.is_none_or(|now| now.uid() != pod.uid()).then_some(())))?;
            if gone.is_none() {
                let seconds = self.timeout.as_secs();
                anyhow::bail!(
                    "error when waiting for pod {:?} in namespace {:?} to terminate: global timeout reached: {seconds}s",
                    pod.name(),
                    pod.namespace()
                );
            }
            print(cx, pod, "deleted", DryRun::None)?;
        }
        Ok(())
    }
}

/// That nodes are named or selected, and not both.
fn check_named(cx: &Context, args: &[String], selector: &str, usage: &str) -> anyhow::Result<()> {
    if args.is_empty() && !cx.is_given("selector") {
        return Err(cx.usage_error(format!("USAGE: {usage} [flags]")));
    }
    if !args.is_empty() && !selector.is_empty() {
        return Err(cx.usage_error("error: cannot specify both a node name and a --selector option"));
    }
    Ok(())
}

/// The nodes that are named or selected.
fn nodes(cx: &mut Context, args: &[String], selector: &str) -> anyhow::Result<Vec<Info>> {
    if args.is_empty() && selector.is_empty() {
        anyhow::bail!(resources::MISSING);
    }
    // A name may be written with its type.
    let plain = |a: &String| a.strip_prefix("node/").or(a.strip_prefix("nodes/")).unwrap_or(a).to_owned();
    let words: Vec<String> = std::iter::once("nodes".to_owned()).chain(args.iter().map(plain)).collect();
    let slashed = args.iter().map(plain).find(|a| a.contains('/'));
    if let Some(problem) = slashed.and_then(|a| resources::pair(&a).err()) {
        return Err(problem);
    }
    let found = infos::find(cx, &Query { args: &words, selector, ..Query::default() })?;
    aggregate(found.errors)?;
    Ok(found.infos)
}

fn set_unschedulable(cx: &mut Context, nodes: &[Info], wanted: bool, dry_run: DryRun) -> anyhow::Result<()> {
    let word = if wanted { "cordon" } else { "uncordon" };
    for node in nodes {
        if node.object.bool_at("/spec/unschedulable").unwrap_or(false) == wanted {
            print(cx, &node.object, &format!("already {word}ed"), dry_run)?;
            continue;
        }
        if dry_run != DryRun::Client {
            let change = |object: &Object| {
                let mut object = object.clone();
                object.set("/spec/unschedulable", wanted.into());
                object
            };
            let options = requests::managed(cx, &requests::options(dry_run, false));
            let stored = cx.client()?.write(|c| {
                let old = apiserver::get(c, node.kind, "", &node.name)?;
                apiserver::update(c, node.kind, "", change(&old), &options)
            });
            if let Err(error) = stored {
                cx.complain(&format!("error: unable to {word} node {:?}: {error}\n", node.name));
                continue;
            }
        }
        print(cx, &node.object, &format!("{word}ed"), dry_run)?;
    }
    Ok(())
}

fn print(cx: &mut Context, object: &Object, what: &str, dry_run: DryRun) -> anyhow::Result<()> {
    let text = format!("{what}{}", dry_run.suffix());
    Printer::new(Format::Default, false).print(object, &text, &mut cx.env.stdout)
}
