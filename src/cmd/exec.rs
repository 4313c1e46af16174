//! `exec`: runs a command in a container. Knows which pod and container are meant, not how a sandbox is made.

use std::time::Duration;

use super::context::Context;
use super::go;
use super::verbs::Run;

/// Arguments of `exec`.
#[derive(clap::Args)]
pub struct Exec {
    args: Vec<String>,
    #[arg(
        short,
        long,
        value_name = "string",
        default_value = "",
        help = "Container name. If omitted, use the kubectl.kubernetes.io/default-container annotation for selecting \
        the container to be attached or the first container in the pod will be chosen"
    )]
    container: String,
    #[arg(short, long, value_name = "strings", help = "to use to exec into the resource")]
    filename: Vec<String>,
    #[arg(long, value_name = "duration", default_value = "1m0s", value_parser = go::duration,
        help = "The length of time (like 5s, 2m, or 3h, higher than zero) to wait until at least one pod is running")]
    pod_running_timeout: Duration,
    #[arg(short, long, help = "Only print output from the remote session")]
    quiet: bool,
    #[arg(short = 'i', long, help = "Pass stdin to the container")]
    stdin: bool,
    #[arg(short, long, help = "Stdin is a TTY")]
    tty: bool,
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
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const USAGE: &'static str = "exec (POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        anyhow::bail!("exec is being built")
    }
}
