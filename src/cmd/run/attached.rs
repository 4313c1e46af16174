//! `run` with its own streams attached to the pod's: until the process ends, and then with its exit status.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apiserver::{self, DeleteOptions};
use crate::cluster::Cluster;
use crate::cmd::attach::{Session, Simulated};
use crate::cmd::context::Context;
use crate::cmd::errors::Exit;
use crate::cmd::{logs, pods};
use crate::kinds;

/// What is attached to, and what is done afterwards.
pub struct Attached {
    pub pod: Arc<Object>,
    pub stdin: bool,
    pub tty: bool,
    pub quiet: bool,
    pub leave_stdin_open: bool,
    pub timeout: Duration,
}

impl Attached {
    /// Waits until the pod runs, stays attached until its process ends, and ends as it did.
    ///
    /// # Errors
    /// kubectl's texts for a pod that does not come up or end in time; the process's exit status.
    pub fn run(&self, cx: &mut Context) -> anyhow::Result<()> {
        let is_up = |pod: &Object| {
            let conditions = pod.list_at("/status/conditions");
            let is_ready = conditions.iter().any(|c| c["type"] == "Ready" && c["status"] == "True");
            is_completed(pod) || (pod.str_at("/status/phase") == "Running" && is_ready)
        };
        let pod = self.wait(cx, is_up)?;
        if is_completed(&pod) {
            let (container, notice) = pods::container(&pod, "")?;
            cx.complain(&notice);
            logs::show_one(cx, &pod, &container)?;
        } else {
            self.attach(cx, pod)?;
        }
        let restart = self.pod.str_at("/spec/restartPolicy").to_owned();
        if self.leave_stdin_open || !matches!(restart.as_str(), "Never" | "OnFailure") {
            return Ok(());
        }
        let is_done = |pod: &Object| match restart.as_str() {
            "OnFailure" => pod.str_at("/status/phase") == "Succeeded",
            _ => is_completed(pod),
        };
        let pod = self.wait(cx, is_done)?;
        status(&pod)
    }

    fn attach(&self, cx: &mut Context, pod: Arc<Object>) -> anyhow::Result<()> {
        let (container, notice) = pods::container(&pod, "")?;
        if !self.quiet {
            cx.complain(&notice);
        }
        let name = pod.name().to_owned();
        let session = Session {
            pod: pod.clone(),
            container: container.clone(),
            stdin: self.stdin,
            tty: self.tty,
            quiet: self.quiet,
            replay: true,
        };
        let Err(error) = session.run(cx) else { return Ok(()) };
        if error.is::<Exit>() || error.is::<Simulated>() {
            return Err(error);
        }
        cx.complain(&format!("warning: couldn't attach to pod/{name}, falling back to streaming logs: {error:#}\n"));
        logs::show_one(cx, &pod, &container)
    }

    fn key(&self) -> Key {
        Key::new("pods", self.pod.namespace(), self.pod.name())
    }

    fn wait(&self, cx: &mut Context, is_so: impl Fn(&Object) -> bool) -> anyhow::Result<Arc<Object>> {
        let key = self.key();
        let look = |cluster: &Cluster| {
            let pod = cluster.get(&key)?.filter(|pod| pod.uid() == self.pod.uid());
            Ok(match pod {
                Some(pod) if is_so(&pod) => Some(Some(pod)),
                Some(_) => None,
                None => Some(None),
            })
        };
        match cx.client()?.wait(&format!("pods/{}", self.pod.name()), Some(self.timeout), look)? {
            Some(Some(pod)) => Ok(pod),
            Some(None) => Err(crate::apimachinery::status::Status::not_found("pods", self.pod.name()).into()),
            None => anyhow::bail!("timed out waiting for the condition"),
        }
    }

    /// Deletes what was created, and says so.
    pub fn remove(cx: &mut Context, made: &[Arc<Object>], how: &DeleteOptions, quiet: bool) -> anyhow::Result<()> {
        for object in made {
            let Some(kind) = kinds::by_api_version(object.api_version(), object.kind()) else { continue };
            let options = DeleteOptions { uid: Some(object.uid().to_owned()), ..how.clone() };
            let delete = |cluster: &mut Cluster| {
                match apiserver::delete(cluster, kind, object.namespace(), object.name(), &options) {
                    // It is gone already, or another one by now.
                    Err(status) if matches!(status.reason.code(), 404 | 409) => Ok(()),
                    other => other.map(drop),
                }
            };
            cx.client()?.write(delete)?;
            if !quiet {
                cx.print(&format!("{} \"{}\" deleted\n", kind.names().singular, object.name()))?;
            }
        }
        Ok(())
    }
}

/// A pod that failed: what is said of it, and its container's exit status.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct Failed {
    pub text: String,
    pub code: u8,
}

/// What a pod that has ended comes to.
fn status(pod: &Object) -> anyhow::Result<()> {
    if pod.str_at("/status/phase") == "Succeeded" {
        return Ok(());
    }
    let name = format!("{}/{}", pod.namespace(), pod.name());
    let ended = pod.list_at("/status/containerStatuses").first().and_then(|s| s.pointer("/state/terminated"));
    let part = |field: &str| ended.and_then(|e| e.get(field));
    let code = part("exitCode").and_then(Value::as_i64).filter(|code| *code != 0);
    let Some(code) = code else { anyhow::bail!("pod {name} failed with unknown exit code") };
    let word = |field: &str| part(field).and_then(Value::as_str).unwrap_or_default();
    let text = format!("pod {name} terminated ({})\n{}", word("reason"), word("message"));
    Err(Failed { text, code: u8::try_from(code & 0xff).unwrap_or(1) }.into())
}

fn is_completed(pod: &Object) -> bool {
    matches!(pod.str_at("/status/phase"), "Succeeded" | "Failed")
}
