//! The eviction of a node's pods: again and again, where budgets allow none for now. Knows no node.

use std::sync::Arc;
use std::time::Duration;

use crate::apimachinery::object::Object;
use crate::apimachinery::status::{Reason, Status};
use crate::apiserver::{self, DeleteOptions};
use crate::cmd::context::Context;
use crate::cmd::dry_run::DryRun;
use crate::cmd::errors::aggregate;
use crate::cmd::{fetch, go};
use crate::kinds;

/// How long kubectl waits before it asks again.
const PAUSE: Duration = Duration::from_secs(5);

/// How long it asks at most on a clock that is not the system's, when no timeout says it.
const LONGEST: Duration = Duration::from_secs(60);

/// Evicts all of these, and waits until they are gone. A timeout of zero is none.
///
/// # Errors
/// What keeps pods from being evicted, of each pod.
pub fn all(cx: &mut Context, mut waiting: Vec<Arc<Object>>, grace: i64, timeout: Duration) -> anyhow::Result<()> {
    // Pauses are counted, not measured: a clock that stands still passes none.
    let mut past = Duration::ZERO;
    let is_bounded = !timeout.is_zero() || !cx.env.clock.is_real();
    let limit = if timeout.is_zero() { LONGEST } else { timeout };
    let (mut leaving, mut errors) = (Vec::new(), Vec::new());
    loop {
        let is_late = is_bounded && past >= limit;
        let mut refused = Vec::new();
        for pod in waiting {
            let (namespace, name) = (pod.namespace(), pod.name());
            cx.print(&format!("evicting pod {namespace}/{name}\n"))?;
            if is_late {
                errors.push(anyhow::anyhow!(
                    "error when evicting pods/{name:?} -n {namespace:?}: global timeout reached: {}",
                    go::duration_text(limit)
                ));
                continue;
            }
            match one(cx, &pod, grace) {
                Ok(()) => leaving.push(pod),
                Err(error) if fetch::is_not_found(&error) => {}
                Err(error) if is_refused_for_now(&error) => {
                    cx.complain(&format!(
                        "error when evicting pods/{name:?} -n {namespace:?} (will retry after 5s): {error}\n"
                    ));
                    refused.push(pod);
                }
                Err(error) => {
                    errors.push(anyhow::anyhow!("error when evicting pods/{name:?} -n {namespace:?}: {error}"));
                }
            }
        }
        waiting = refused;
        let left = is_bounded.then(|| limit.saturating_sub(past));
        let pause = if waiting.is_empty() { left } else { Some(left.map_or(PAUSE, |l| l.min(PAUSE))) };
        wait(cx, &mut leaving, pause, !waiting.is_empty())?;
        past += pause.unwrap_or_default();
        if waiting.is_empty() {
            break;
        }
    }
    errors.extend(leaving.iter().map(|pod| {
        let limit = go::duration_text(limit);
        anyhow::anyhow!(
            "error when waiting for pod {:?} in namespace {:?} to terminate: global timeout reached: {limit}",
            pod.name(),
            pod.namespace()
        )
    }));
    aggregate(errors)
}

fn one(cx: &mut Context, pod: &Object, grace: i64) -> anyhow::Result<()> {
    let Some(kind) = kinds::by_resource("pods") else { return Ok(()) };
    let options = DeleteOptions { grace_period: (grace >= 0).then_some(grace), ..DeleteOptions::default() };
    cx.client()?.write(|c| apiserver::evict(c, kind, pod.namespace(), pod.name(), &options))?;
    Ok(())
}

fn is_refused_for_now(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Status>().is_some_and(|s| s.reason == Reason::TooManyRequests)
}

/// Waits until pods are gone, or others have taken their places, and says so of each; those that stay are left in the
/// list. `whole` is whether all of the pause passes.
fn wait(cx: &mut Context, leaving: &mut Vec<Arc<Object>>, pause: Option<Duration>, whole: bool) -> anyhow::Result<()> {
    let Some(kind) = kinds::by_resource("pods") else { return Ok(()) };
    let is_gone = |c: &crate::cluster::Cluster, pod: &Object| -> Result<bool, Status> {
        let now = c.get(&kind.names().key(pod.namespace(), pod.name()))?;
        Ok(now.is_none_or(|now| now.uid() != pod.uid()))
    };
    let mut stay = Vec::new();
    let begun = cx.client()?.now()?;
    for pod in std::mem::take(leaving) {
        let past = (cx.client()?.now()? - begun).to_std().unwrap_or_default();
        let left = pause.map(|p| p.saturating_sub(past));
        let what = format!("the eviction of {}", pod.name());
        let gone = cx.client()?.wait(&what, left, |c| Ok(is_gone(c, &pod)?.then_some(())))?;
        match gone {
            Some(()) => super::print(cx, &pod, "evicted", DryRun::None)?,
            None => stay.push(pod),
        }
    }
    *leaving = stay;
    let past = (cx.client()?.now()? - begun).to_std().unwrap_or_default();
    if let Some(left) = pause.filter(|_| whole).map(|p| p.saturating_sub(past)) {
        cx.client()?.wait("a disruption that is allowed", Some(left), |_| Ok(None::<()>))?;
    }
    Ok(())
}
