//! `attach`: the streams of a container's own process. Knows which container is meant, not how its streams are carried.

use super::flags::{ContainerFlag, PodRunningFlag, StreamFlags};
use std::sync::Arc;

use super::context::Context;
use super::errors::Exit;
use super::logs;
use super::verbs::{Operands, Run};
use super::{pods, resources};
use crate::apimachinery::object::Object;
use crate::control::kubelet;
use crate::control::observation::{self, Seen};
use crate::runtime::{self, keeper};

/// Arguments of `attach`.
#[derive(clap::Args)]
pub struct Attach {
    args: Vec<String>,
    #[command(flatten)]
    container: ContainerFlag,
    #[command(flatten)]
    started: PodRunningFlag,
    #[command(flatten)]
    streams: StreamFlags,
}

const LONG: &str = "Attach to a process that is already running inside an existing container.";

const EXAMPLES: &str = r"  # Get output from running pod mypod; use the 'kubectl.kubernetes.io/default-container' annotation
  # for selecting the container to be attached or the first container in the pod will be chosen
  kubectl attach mypod
  
  # Get output from ruby-container from pod mypod
  kubectl attach mypod -c ruby-container
  
  # Switch to raw terminal mode; sends stdin to 'bash' in ruby-container from pod mypod
  # and sends stdout/stderr from 'bash' back to the client
  kubectl attach mypod -c ruby-container -i -t
  
  # Get output from the first pod of a replica set named nginx
  kubectl attach rs/nginx";

impl Run for Attach {
    const OPERANDS: Operands = Operands::Pod;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const USAGE: &'static str = "attach (POD | TYPE/NAME) -c CONTAINER";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if self.started.pod_running_timeout.is_zero() {
            return Err(cx.usage_error("--pod-running-timeout must be higher than zero"));
        }
        let (kind, name) = match self.args.as_slice() {
            [] => anyhow::bail!("at least 1 argument is required for attach"),
            [name] if name.contains('/') => resources::pair(name)?,
            [name] => ("pods", name.clone()),
            [kind, name] => (kind.as_str(), name.clone()),
            many => anyhow::bail!(
                "expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw {}: [{}]",
                many.len(),
                many.join(" ")
            ),
        };
        let namespace = cx.namespace().to_owned();
        let kind = resources::kind(cx, kind)?;
        let pod = pods::of(cx, kind, &namespace, &name, self.started.pod_running_timeout)?;
        let phase = pod.str_at("/status/phase");
        if matches!(phase, "Succeeded" | "Failed") {
            anyhow::bail!("cannot attach a container in a completed pod; current phase is {phase}");
        }
        let (container, notice) = pods::container(&pod, &self.container.container)?;
        if !self.streams.quiet {
            cx.complain(&notice);
        }
        let session = Session {
            pod,
            container,
            stdin: self.streams.stdin,
            tty: self.streams.tty,
            quiet: self.streams.quiet,
            replay: false,
        };
        session.run(cx)
    }
}

/// There is nothing to attach to.
#[derive(Debug, thiserror::Error)]
#[error("container {container} is simulated, this machine cannot run it: {message}")]
pub struct Simulated {
    container: String,
    message: String,
}

/// One attachment to a container.
pub struct Session {
    pub pod: Arc<Object>,
    pub container: String,
    pub stdin: bool,
    pub tty: bool,
    pub quiet: bool,
    /// Show what was written before as well.
    pub replay: bool,
}

impl Session {
    /// Carries the streams until the process ends or the terminal goes away.
    ///
    /// # Errors
    /// kubectl's texts for a container that is not there or does not run.
    pub fn run(mut self, cx: &mut Context) -> anyhow::Result<()> {
        let name = self.container.clone();
        let spec = self.spec().ok_or_else(|| {
            anyhow::anyhow!("cannot attach to the container: container {name} not found in pod {}", self.pod.name())
        })?;
        let has_terminal = spec.get("tty").is_some_and(|t| *t == true);
        if !pods::is_running(&self.pod, &name) {
            anyhow::bail!("unable to upgrade connection: container {name} not found in pod {}", id(&self.pod));
        }
        if self.tty && !has_terminal && !self.quiet {
            cx.complain(&format!("error: Unable to use a TTY - container {name} did not allocate one\n"));
        }
        self.tty = has_terminal;
        let is_raw = self.tty && self.stdin && cx.env.stdin_is_terminal;
        if self.tty && self.stdin && !is_raw && !self.quiet {
            cx.complain("Unable to use a TTY - input is not a terminal or the right kind of file\n");
        }
        if !self.quiet {
            cx.complain("If you don't see a command prompt, try pressing enter.\n");
        }
        cx.env.stdout.flush()?;
        self.carry(cx, is_raw)?;
        let again = !self.quiet && is_raw && self.pod.str_at("/spec/restartPolicy") == "Always";
        if again {
            let (what, when) =
                match self.pod.list_at("/spec/ephemeralContainers").iter().any(|c| c["name"] == name.as_str()) {
                    true => (
                        "the ephemeral container will not be restarted but may be reattached",
                        "if it is still running",
                    ),
                    false => ("resume", "command when the pod is running"),
                };
            let command = format!("{} attach {} -c {name} -i -t", cx.program, self.pod.name());
            cx.print(&format!("Session ended, {what} using '{command}' {when}\n"))?;
        }
        Ok(())
    }

    fn spec(&self) -> Option<&serde_json::Value> {
        kubelet::specs(&self.pod).find(|c| c["name"] == self.container.as_str())
    }

    fn carry(&self, cx: &mut Context, is_raw: bool) -> anyhow::Result<()> {
        let home = cx.client()?.home().to_owned();
        let command = runtime::Command { argv: Vec::new(), stdin: self.stdin, tty: is_raw };
        // Nothing of the store is held while the process runs.
        cx.close();
        match keeper::attach(&home, self.pod.uid(), &self.container, &command, self.replay, cx.env) {
            Ok(Some(_the_pod_s_status_says)) => Ok(()),
            Ok(None) => self.watch_simulated(cx),
            // What a shell reports for a program that SIGPIPE ended, as it ends kubectl.
            Err(runtime::ExecError::Closed) => Err(Exit(141).into()),
            // The terminal was closed, or kstate was told to end: the container goes on without it.
            Err(runtime::ExecError::Interrupted(signal)) => Err(Exit(u8::try_from(128 + signal).unwrap_or(1)).into()),
            Err(error) => Err(error.into()),
        }
    }

    /// A simulated container has no process: its log is what it shows.
    fn watch_simulated(&self, cx: &mut Context) -> anyhow::Result<()> {
        let attempt = pods::status(&self.pod, &self.container).and_then(|s| s["restartCount"].as_u64()).unwrap_or(0);
        let key = crate::apimachinery::key::Key::new("pods", self.pod.namespace(), self.pod.name());
        let newest = cx.client()?.read(|cluster| cluster.get(&key))?.unwrap_or_else(|| self.pod.clone());
        let seen = u32::try_from(attempt).ok().and_then(|a| observation::of(&newest, &self.container, a));
        if let Some(Seen::CannotRun { message }) = seen.map(|s| s.seen) {
            let container = self.container.clone();
            return Err(Simulated { container, message }.into());
        }
        logs::follow_one(cx, &self.pod, &self.container, self.replay)
    }
}

/// The pod as the kubelet calls it.
fn id(pod: &Object) -> String {
    format!("{}_{}", pod.name(), pod.namespace())
}
