//! Attaching to a debug container once it runs, or showing what it wrote when it has ended already.

use std::sync::Arc;

use super::Debug;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::cmd::attach::{Session, Simulated};
use crate::cmd::context::Context;
use crate::cmd::errors::Exit;
use crate::cmd::{logs, pods};

/// Waits for the container, and stays attached to it until its process ends.
///
/// # Errors
/// NotFound for a pod that goes meanwhile.
pub fn attach(cx: &mut Context, flags: &Debug, pod: &Arc<Object>, container: &str) -> anyhow::Result<()> {
    let pod = wait(cx, flags, pod, container)?;
    if !pods::is_running(&pod, container) {
        return logs::show_one(cx, &pod, container);
    }
    let session = Session {
        pod: pod.clone(),
        container: container.to_owned(),
        stdin: flags.stdin,
        tty: flags.tty,
        quiet: flags.quiet,
        replay: true,
    };
    let Err(error) = session.run(cx) else { return Ok(()) };
    if error.is::<Exit>() || error.is::<Simulated>() {
        return Err(error);
    }
    let name = pod.name();
    cx.complain(&format!("warning: couldn't attach to pod/{name}, falling back to streaming logs: {error:#}\n"));
    logs::show_one(cx, &pod, container)
}

/// Waits until the container runs or has run; says what it waits for.
fn wait(cx: &mut Context, flags: &Debug, pod: &Arc<Object>, container: &str) -> anyhow::Result<Arc<Object>> {
    let key = Key::new("pods", pod.namespace(), pod.name());
    let mut told = String::new();
    loop {
        let look = |cluster: &Cluster| {
            let Some(pod) = cluster.get(&key)? else { return Err(Status::not_found("pods", "")) };
            let status = pods::status(&pod, container);
            let is_up = status.is_some_and(|s| s.pointer("/state/waiting").is_none());
            let message = status.and_then(|s| s.pointer("/state/waiting/message")?.as_str()).unwrap_or_default();
            Ok((is_up || message != told).then(|| (is_up, message.to_owned(), pod.clone())))
        };
        match cx.client()?.wait(&format!("container {container}"), None, look)? {
            Some((true, _, pod)) => return Ok(pod),
            Some((false, message, _)) => {
                if !flags.quiet && !message.is_empty() {
                    cx.complain(&format!("Warning: container {container}: {message}\n"));
                }
                told = message;
            }
            None => anyhow::bail!("timed out waiting for the condition"),
        }
    }
}
