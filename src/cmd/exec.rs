//! `exec`: runs a command in a container. Knows which pod and container are meant, not how a sandbox is made.

use super::flags::{ContainerFlag, PodRunningFlag, StreamFlags};
use std::sync::Arc;

use super::context::Context;
use super::errors::{self, Exit};
use super::manifest::{self, Filenames};
use super::verbs::{Operands, Run};
use super::{pods, resources};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::quote::quote;
use crate::control::kubelet;
use crate::control::sandbox::Sandbox;
use crate::runtime;

/// Arguments of `exec`.
#[derive(clap::Args)]
pub struct Exec {
    args: Vec<String>,
    #[command(flatten)]
    container: ContainerFlag,
    #[arg(short, long, value_name = "strings", help = "to use to exec into the resource")]
    filename: Vec<String>,
    #[command(flatten)]
    started: PodRunningFlag,
    #[command(flatten)]
    streams: StreamFlags,
}

const LONG: &str = "Execute a command in a container.";

const EXAMPLES: &str = r#"  # Get output from running the 'date' command from pod mypod, using the first container by default
  kubectl exec mypod -- date
  
  # Get output from running the 'date' command in ruby-container from pod mypod
  kubectl exec mypod -c ruby-container -- date
  
  # Switch to raw terminal mode; sends stdin to 'bash' in ruby-container from pod mypod
  # and sends stdout/stderr from 'bash' back to the client
  kubectl exec mypod -c ruby-container -i -t -- bash -il
  
  # List contents of /usr from the first container of pod mypod and sort by modification time
  # If the command you want to execute in the pod has any flags in common (e.g. -i),
  # you must use two dashes (--) to separate your command's flags/arguments
  # Also note, do not surround your command and its flags/arguments with quotes
  # unless that is how you would execute it normally (i.e., do ls -t /usr, not "ls -t /usr")
  kubectl exec mypod -i -t -- ls -t /usr
  
  # Get output from running 'date' command from the first pod of the deployment mydeployment, using the first container by default
  kubectl exec deploy/mydeployment -- date
  
  # Get output from running 'date' command from the first pod of the service myservice, using the first container by default
  kubectl exec svc/myservice -- date"#;

impl Run for Exec {
    const OPERANDS: Operands = Operands::Pod;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const USAGE: &'static str = "exec (POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let command = self.command(cx)?;
        let resource = match cx.dash {
            Some(0) => None,
            _ => self.args.first().filter(|a| !a.is_empty()),
        };
        if resource.is_none() && self.filename.is_empty() {
            anyhow::bail!("pod, type/name or --filename must be specified");
        }
        if command.is_empty() {
            anyhow::bail!("you must specify at least one command for the container");
        }
        let pod = self.pod(cx, resource)?;
        let phase = pod.str_at("/status/phase");
        if matches!(phase, "Succeeded" | "Failed") {
            anyhow::bail!("cannot exec into a container in a completed pod; current phase is {phase}");
        }
        let (container, notice) = pods::container(&pod, &self.container.container)?;
        if !self.streams.quiet {
            cx.complain(&notice);
        }
        let tty = self.terminal(cx);
        let sandbox = sandbox(cx, &pod, &container)?;
        let command = runtime::Command { argv: command.to_vec(), stdin: self.streams.stdin, tty };
        cx.env.stdout.flush()?;
        let home = cx.client()?.home().to_owned();
        // Nothing of the store is held while the process runs.
        cx.close();
        let ended = runtime::exec(&home, &sandbox, &command, cx.env);
        if pods::is_probed(&pod) {
            // What the command changed may be what a probe asks for; that it was not noted undoes nothing of it.
            let key = Key::new("pods", pod.namespace(), pod.name());
            if let Err(error) = cx.client().and_then(|client| client.ask_probes(&key)) {
                cx.complain(&format!("the pod's probes could not be asked: {error:#}\n"));
            }
        }
        match ended {
            Ok(runtime::Exit(0)) => Ok(()),
            // What a shell reports for a program that SIGPIPE ended, as it ends kubectl.
            Err(runtime::ExecError::Closed) => Err(Exit(141).into()),
            Err(error) => Err(error.into()),
            Ok(runtime::Exit(code)) => {
                cx.complain(&format!("command terminated with exit code {code}\n"));
                Err(Exit(u8::try_from(code & 0xff).unwrap_or(1)).into())
            }
        }
    }
}

impl Exec {
    /// The command: what stands behind `--`.
    fn command(&self, cx: &Context) -> anyhow::Result<&[String]> {
        match cx.dash {
            Some(at) => Ok(self.args.get(at..).unwrap_or_default()),
            None if self.args.len() > 1 || (!self.args.is_empty() && !self.filename.is_empty()) => {
                Err(cx
                    .usage_error("exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead"))
            }
            None => Ok(&[]),
        }
    }

    /// The pod that is named, or the best pod of what is named.
    fn pod(&self, cx: &mut Context, resource: Option<&String>) -> anyhow::Result<Arc<Object>> {
        let files = Filenames { filenames: &self.filename, recursive: false, validate: false };
        let manifests = manifest::read(cx, &files)?;
        let (kind, namespace, name) = match resource {
            None => {
                errors::aggregate(manifests.errors)?;
                let [item] = manifests.items.as_slice() else {
                    anyhow::bail!("cannot exec into multiple objects at a time");
                };
                let namespace = item.namespace(cx.namespace(), cx.is_given("namespace"))?;
                (item.kind, namespace, item.name().to_owned())
            }
            Some(_) if !self.filename.is_empty() => anyhow::bail!("name cannot be provided when a path is specified"),
            Some(resource) => {
                let (kind, name) = match resource.contains('/') {
                    true => resources::pair(resource)?,
                    false => ("pods", resource.clone()),
                };
                (resources::kind(cx, kind)?, cx.namespace().to_owned(), name)
            }
        };
        pods::of(cx, kind, &namespace, &name, self.started.pod_running_timeout)
    }

    /// Whether the command gets a terminal; says why not when one was asked for in vain.
    fn terminal(&self, cx: &mut Context) -> bool {
        if !self.streams.stdin || !self.streams.tty {
            return false;
        }
        if !cx.env.stdin_is_terminal && !self.streams.quiet {
            cx.complain("Unable to use a TTY - input is not a terminal or the right kind of file\n");
        }
        cx.env.stdin_is_terminal
    }
}

/// What the process will see, when its container runs.
fn sandbox(cx: &mut Context, pod: &Arc<Object>, container: &str) -> anyhow::Result<Sandbox> {
    let sandbox = cx.client()?.read(|cluster| kubelet::sandbox(pod, container, cluster))?;
    if !pods::is_running(pod, container) {
        anyhow::bail!("unable to upgrade connection: container not found ({})", quote(container));
    }
    Ok(sandbox)
}
