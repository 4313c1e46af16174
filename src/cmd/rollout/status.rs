//! `rollout status`: how far a rollout is, until it is done. Knows no kind.

use std::time::Duration;

use clap::ArgAction;

use super::Targets;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::time::Time;
use crate::cluster::{ChangeType, Cluster};
use crate::cmd::context::Context;
use crate::cmd::flags::KUSTOMIZE;
use crate::cmd::go;
use crate::cmd::infos::Info;
use crate::cmd::resources::KindRef;
use crate::cmd::support::Flag;
use crate::cmd::verbs::{Operands, Run};

/// Arguments of `rollout status`.
#[derive(clap::Args)]
pub struct Status {
    #[command(flatten)]
    targets: Targets,
    #[arg(
        long,
        value_name = "int",
        default_value = "0",
        allow_hyphen_values = true,
        help = "Pin to a specific revision for showing its status. Defaults to 0 (last revision)."
    )]
    revision: i64,
    #[arg(long, value_name = "duration", default_value = "0s", value_parser = go::duration,
        help = "The length of time to wait before ending watch, zero means never. Any other values should contain a \
        corresponding time unit (e.g. 1s, 2m, 3h).")]
    timeout: Duration,
    #[arg(short, long, action = ArgAction::Set, default_value = "true", value_name = "bool", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        help = "Watch the status of the rollout until it's done.")]
    watch: bool,
}

const OTHER_FLAGS: &[Flag] = &[KUSTOMIZE];

const LONG: &str = "Show the status of the rollout.

 By default 'rollout status' will watch the status of the latest rollout until it's done. If you don't want to wait for the rollout to finish then you can use --watch=false. Note that if a new rollout starts in-between, then 'rollout status' will continue watching the latest revision. If you want to pin to a specific revision and abort if it is rolled over by another revision, use --revision=N where N is the revision you need to watch for.";

const EXAMPLES: &str = "  # Watch the rollout status of a deployment
  kubectl rollout status deployment/nginx";

impl Run for Status {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "status (TYPE NAME | TYPE/NAME) [flags]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        self.targets.check()?;
        if self.revision < 0 {
            anyhow::bail!("revision must be a positive integer: {}", self.revision);
        }
        let infos = self.targets.find(cx)?;
        if infos.infos.is_empty() && infos.errors.is_empty() {
            cx.complain(&format!("No resources found in {} namespace.\n", cx.namespace()));
        }
        infos.visit(|info| self.follow(cx, &info))
    }
}

impl Status {
    /// Prints the status after each change of an object, until the rollout is done.
    fn follow(&self, cx: &mut Context, info: &Info) -> anyhow::Result<()> {
        let key = info.kind.names().key(&info.namespace, &info.name);
        let look = |cluster: &Cluster| Ok((cluster.get(&key)?, cluster.resource_version()));
        let (object, mut seen) = cx.client()?.read(look)?;
        let Some(object) = object else { anyhow::bail!("object has been deleted") };
        if self.print(cx, info.kind, &object)? || !self.watch {
            return Ok(());
        }
        let begun = cx.client()?.now()?;
        loop {
            self.wait(cx, &key, seen, begun)?;
            for change in cx.client()?.changes_since(seen)? {
                seen = change.resource_version;
                if change.key != key {
                    continue;
                }
                if change.kind == ChangeType::Deleted {
                    anyhow::bail!("object has been deleted");
                }
                if self.print(cx, info.kind, &change.object)? {
                    return Ok(());
                }
            }
        }
    }

    /// Waits for a change of the object after a resourceVersion.
    fn wait(&self, cx: &mut Context, key: &Key, seen: u64, begun: Time) -> anyhow::Result<()> {
        let spent = (cx.client()?.now()? - begun).to_std().unwrap_or_default();
        let timeout = (!self.timeout.is_zero()).then(|| self.timeout.saturating_sub(spent));
        let changed = |cluster: &Cluster| {
            let newer = cluster.get(key)?.is_none_or(|o| o.resource_version() > seen);
            Ok(newer.then_some(()))
        };
        let what = format!("the rollout of {}", key.name);
        match cx.client()?.wait(&what, timeout, changed)? {
            Some(()) => Ok(()),
            None => anyhow::bail!("timed out waiting for the condition"),
        }
    }

    /// Prints the status; whether the rollout is done.
    fn print(&self, cx: &mut Context, kind: KindRef, object: &Object) -> anyhow::Result<bool> {
        let Some(status) = kind.rollout_status(object, self.revision) else {
            anyhow::bail!("no status viewer has been implemented for {}", kind.names().group_kind());
        };
        let status = status.map_err(anyhow::Error::msg)?;
        cx.print(&status.text)?;
        Ok(status.done)
    }
}
