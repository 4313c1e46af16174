//! What restart, pause and resume share: each object is changed by its kind, and stored. Knows none of the three.

use super::Targets;
use crate::apimachinery::object::Object;
use crate::apiserver;
use crate::cmd::context::Context;
use crate::cmd::dry_run::DryRun;
use crate::cmd::errors::aggregate;
use crate::cmd::flags::PrintFlags;
use crate::cmd::infos::Info;
use crate::cmd::requests;
use crate::cmd::resources::KindRef;
use crate::cmd::set::typed::typed;
use crate::cmd::support::{Flag, Support};

/// `--field-manager` of the verbs that change.
pub const FIELD_MANAGER: Flag = Flag::new(
    "field-manager",
    "string",
    "kubectl-rollout",
    Support::Served,
    "Name of the manager used to track field ownership.",
);

/// A change of one kind of verb.
pub struct Change<F> {
    /// What the kind makes of an object.
    pub apply: F,
    /// What is said when it was done.
    pub done: &'static str,
    /// What is said of an object that was like that already; an error where that is one.
    pub already: fn(&Info) -> anyhow::Result<&'static str>,
}

/// Changes all that is named, and goes on after errors.
pub fn run<F>(cx: &mut Context, targets: &Targets, print: &PrintFlags, change: &Change<F>) -> anyhow::Result<()>
where
    F: Fn(KindRef, &Object) -> Result<Object, String>,
{
    targets.check()?;
    let found = targets.find(cx)?;
    if found.infos.is_empty() && found.errors.is_empty() {
        cx.complain(&format!("No resources found in {} namespace.\n", cx.namespace()));
        return Ok(());
    }
    let mut printer = print.printer(cx)?.one_each();
    let mut errors = found.errors;
    for info in found.infos {
        match one(cx, &info, change) {
            Ok((object, said)) => printer.print(&typed(&object), said, &mut cx.env.stdout)?,
            Err(error) => errors.push(error),
        }
    }
    aggregate(errors)
}

fn one<F>(cx: &mut Context, info: &Info, change: &Change<F>) -> anyhow::Result<(Object, &'static str)>
where
    F: Fn(KindRef, &Object) -> Result<Object, String>,
{
    let changed = (change.apply)(info.kind, &info.object)
        .map_err(|why| anyhow::anyhow!("error: {} {:?} {why}", info.kind.names().resource, info.name))?;
    if changed == *info.object {
        return Ok((changed, (change.already)(info)?));
    }
    // Others may have changed the object since: what they did stays.
    let apply = |object: &Object| (change.apply)(info.kind, object).unwrap_or_else(|_| object.clone());
    let options = requests::managed(cx, &requests::options(DryRun::None, false));
    let stored = cx.client()?.write(|c| {
        let old = apiserver::get(c, info.kind, &info.namespace, &info.name)?;
        apiserver::update(c, info.kind, &info.namespace, apply(&old), &options)
    });
    let stored = stored.map_err(|e| anyhow::anyhow!("failed to patch: {e}"))?;
    Ok((Object::clone(&stored), change.done))
}
