//! `debug`: refused, for no container can be added to a pod that is simulated. Knows only its flags.

use super::context::Context;
use super::support::{ALWAYS_REFUSED, Flag};
use super::verbs::Run;

const WHY: &str =
    "no container can be added to a pod that is there; `kubectl exec` runs a command in a container of it";

const FLAGS: &[Flag] = &[
    Flag::new(
        "arguments-only",
        "bool",
        "false",
        ALWAYS_REFUSED,
        "If specified, everything after -- will be passed to the new container as Args instead of Command.",
    ),
    Flag::new(
        "attach",
        "bool",
        "false",
        ALWAYS_REFUSED,
        "If true, wait for the container to start running, and then attach as if 'kubectl attach ...' were called.  Default false, unless '-i/--stdin' is set, in which case the default is true.",
    ),
    Flag::new("container", "string", "", ALWAYS_REFUSED, "Container name to use for debug container.").short('c'),
    Flag::new("copy-to", "string", "", ALWAYS_REFUSED, "Create a copy of the target Pod with this name."),
    Flag::new(
        "custom",
        "string",
        "",
        ALWAYS_REFUSED,
        "Path to a JSON or YAML file containing a partial container spec to customize built-in debug profiles.",
    ),
    Flag::new("env", "strings", "", ALWAYS_REFUSED, "Environment variables to set in the container."),
    Flag::new("filename", "strings", "", ALWAYS_REFUSED, "identifying the resource to debug").short('f'),
    Flag::new("image", "string", "", ALWAYS_REFUSED, "Container image to use for debug container."),
    Flag::new(
        "image-pull-policy",
        "string",
        "",
        ALWAYS_REFUSED,
        "The image pull policy for the container. If left empty, this value will not be specified by the client and defaulted by the server.",
    ),
    Flag::new(
        "keep-annotations",
        "bool",
        "false",
        ALWAYS_REFUSED,
        "If true, keep the original pod annotations.(This flag only works when used with '--copy-to')",
    ),
    Flag::new(
        "keep-init-containers",
        "bool",
        "true",
        ALWAYS_REFUSED,
        "Run the init containers for the pod. Defaults to true.(This flag only works when used with '--copy-to')",
    ),
    Flag::new(
        "keep-labels",
        "bool",
        "false",
        ALWAYS_REFUSED,
        "If true, keep the original pod labels.(This flag only works when used with '--copy-to')",
    ),
    Flag::new(
        "keep-liveness",
        "bool",
        "false",
        ALWAYS_REFUSED,
        "If true, keep the original pod liveness probes.(This flag only works when used with '--copy-to')",
    ),
    Flag::new(
        "keep-readiness",
        "bool",
        "false",
        ALWAYS_REFUSED,
        "If true, keep the original pod readiness probes.(This flag only works when used with '--copy-to')",
    ),
    Flag::new(
        "keep-startup",
        "bool",
        "false",
        ALWAYS_REFUSED,
        "If true, keep the original startup probes.(This flag only works when used with '--copy-to')",
    ),
    Flag::new(
        "profile",
        "string",
        "legacy",
        ALWAYS_REFUSED,
        "Options are \"legacy\", \"general\", \"baseline\", \"netadmin\", \"restricted\" or \"sysadmin\".",
    ),
    Flag::new("quiet", "bool", "false", ALWAYS_REFUSED, "If true, suppress informational messages.").short('q'),
    Flag::new("replace", "bool", "false", ALWAYS_REFUSED, "When used with '--copy-to', delete the original Pod."),
    Flag::new(
        "same-node",
        "bool",
        "false",
        ALWAYS_REFUSED,
        "When used with '--copy-to', schedule the copy of target Pod on the same node.",
    ),
    Flag::new(
        "set-image",
        "strings",
        "",
        ALWAYS_REFUSED,
        "When used with '--copy-to', a list of name=image pairs for changing container images, similar to how 'kubectl set image' works.",
    ),
    Flag::new(
        "share-processes",
        "bool",
        "true",
        ALWAYS_REFUSED,
        "When used with '--copy-to', enable process namespace sharing in the copy.",
    ),
    Flag::new(
        "stdin",
        "bool",
        "false",
        ALWAYS_REFUSED,
        "Keep stdin open on the container(s) in the pod, even if nothing is attached.",
    )
    .short('i'),
    Flag::new(
        "target",
        "string",
        "",
        ALWAYS_REFUSED,
        "When using an ephemeral container, target processes in this container name.",
    ),
    Flag::new("tty", "bool", "false", ALWAYS_REFUSED, "Allocate a TTY for the debugging container.").short('t'),
];

/// Arguments of `debug`.
#[derive(clap::Args)]
pub struct Debug {
    args: Vec<String>,
}

impl Run for Debug {
    const LONG: &'static str = "Debug cluster resources using interactive debugging containers.

 'debug' provides automation for common debugging tasks for cluster objects identified by resource and name. Pods will be used by default if no resource is specified.

 The action taken by 'debug' varies depending on what resource is specified. Supported actions include:

  *  Workload: Create a copy of an existing pod with certain attributes changed, for example changing the image tag to a new version.
  *  Workload: Add an ephemeral container to an already running pod, for example to add debugging utilities without restarting the pod.
  *  Node: Create a new pod that runs in the node's host namespaces and can access the node's filesystem.";
    const EXAMPLES: &'static str =
        "  # Create an interactive debugging session in pod mypod and immediately attach to it.
  kubectl debug mypod -it --image=busybox
  
  # Create an interactive debugging session for the pod in the file pod.yaml and immediately attach to it.
  # (requires the EphemeralContainers feature to be enabled in the cluster)
  kubectl debug -f pod.yaml -it --image=busybox
  
  # Create a debug container named debugger using a custom automated debugging image.
  kubectl debug --image=myproj/debug-tools -c debugger mypod
  
  # Create a copy of mypod adding a debug container and attach to it
  kubectl debug mypod -it --image=busybox --copy-to=my-debugger
  
  # Create a copy of mypod changing the command of mycontainer
  kubectl debug mypod -it --copy-to=my-debugger --container=mycontainer -- sh
  
  # Create a copy of mypod changing all container images to busybox
  kubectl debug mypod --copy-to=my-debugger --set-image=*=busybox
  
  # Create a copy of mypod adding a debug container and changing container images
  kubectl debug mypod -it --copy-to=my-debugger --image=debian --set-image=app=app:debug,sidecar=sidecar:debug
  
  # Create an interactive debugging session on a node and immediately attach to it.
  # The container will run in the host namespaces and the host's filesystem will be mounted at /host
  kubectl debug node/mynode -it --image=busybox";
    const USAGE: &'static str = "debug (POD | TYPE[[.VERSION].GROUP]/NAME) [ -- COMMAND [args...] ]";
    const OTHER_FLAGS: &'static [Flag] = FLAGS;

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        // What is named makes no difference.
        drop(self.args);
        anyhow::bail!("{:?} is not built into kstate: {}", cx.path, super::help::named(WHY, &cx.program))
    }
}
