//! `top`: an honest error, for pods here use no resources that could be measured. Knows no store.

use super::context::Context;
use super::parent;
use super::support::{Flag, Support};
use super::verbs::Run;

/// Arguments of `top`.
#[derive(clap::Args)]
pub struct Top {
    args: Vec<String>,
}

impl Run for Top {
    const LONG: &'static str = "Display resource (CPU/memory) usage.

 The top command allows you to see the resource consumption for nodes or pods.

 This command requires Metrics Server to be correctly configured and working on the server.";
    const USAGE: &'static str = "top [flags]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        parent::run(cx, &self.args, parent::HelpOn::Stderr)
    }
}

const NO_METRICS: Support = Support::NoEffect("nothing is measured: it is always an error");

/// What kubectl checks before it asks: one name, or a selector.
fn check(cx: &Context, args: &[String]) -> anyhow::Result<()> {
    if args.len() > 1 {
        let what = if cx.path.ends_with("pod") { "pod [NAME | -l label]" } else { "node [NAME | -l label]" };
        return Err(cx.usage_error(what));
    }
    if !args.is_empty() && cx.is_given("selector") {
        anyhow::bail!("only one of NAME or --selector can be provided");
    }
    Ok(())
}

fn unavailable() -> anyhow::Error {
    anyhow::anyhow!("Metrics API not available")
}

const POD_FLAGS: &[Flag] = &[
Flag::new("all-namespaces","bool","false",NO_METRICS,"If present, list the requested object(s) across all namespaces. Namespace in current context is ignored even if specified with --namespace.").short('A'),
Flag::new("containers","bool","false",NO_METRICS,"If present, print usage of containers within a pod."),
Flag::new("field-selector","string","",NO_METRICS,"Selector (field query) to filter on, supports '=', '==', and '!='.(e.g. --field-selector key1=value1,key2=value2). The server only supports a limited number of field queries per type."),
Flag::new("no-headers","bool","false",NO_METRICS,"If present, print output without headers."),
Flag::new("selector","string","",NO_METRICS,"Selector (label query) to filter on, supports '=', '==', and '!='.(e.g. -l key1=value1,key2=value2). Matching objects must satisfy all of the specified label constraints.").short('l'),
Flag::new("sort-by","string","",NO_METRICS,"If non-empty, sort pods list using specified field. The field can be either 'cpu' or 'memory'."),
Flag::new("sum","bool","false",NO_METRICS,"Print the sum of the resource usage"),
Flag::new("use-protocol-buffers","bool","true",NO_METRICS,"Enables using protocol-buffers to access Metrics API."),
];

const NODE_FLAGS: &[Flag] = &[
Flag::new("no-headers","bool","false",NO_METRICS,"If present, print output without headers"),
Flag::new("selector","string","",NO_METRICS,"Selector (label query) to filter on, supports '=', '==', and '!='.(e.g. -l key1=value1,key2=value2). Matching objects must satisfy all of the specified label constraints.").short('l'),
Flag::new("show-capacity","bool","false",NO_METRICS,"Print node resources based on Capacity instead of Allocatable(default) of the nodes."),
Flag::new("sort-by","string","",NO_METRICS,"If non-empty, sort nodes list using specified field. The field can be either 'cpu' or 'memory'."),
Flag::new("use-protocol-buffers","bool","true",NO_METRICS,"Enables using protocol-buffers to access Metrics API."),
];

/// Arguments of `top pod`.
#[derive(clap::Args)]
pub struct TopPod {
    args: Vec<String>,
}

impl Run for TopPod {
    const OTHER_FLAGS: &'static [Flag] = POD_FLAGS;
    const LONG: &'static str = "Display resource (CPU/memory) usage of pods.

 The 'top pod' command allows you to see the resource consumption of pods.

 Due to the metrics pipeline delay, they may be unavailable for a few minutes since pod creation.";
    const EXAMPLES: &'static str = "  # Show metrics for all pods in the default namespace
  kubectl top pod
  
  # Show metrics for all pods in the given namespace
  kubectl top pod --namespace=NAMESPACE
  
  # Show metrics for a given pod and its containers
  kubectl top pod POD_NAME --containers
  
  # Show metrics for the pods defined by label name=myLabel
  kubectl top pod -l name=myLabel";
    const USAGE: &'static str = "pod [NAME | -l label]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        check(cx, &self.args)?;
        Err(unavailable())
    }
}

/// Arguments of `top node`.
#[derive(clap::Args)]
pub struct TopNode {
    args: Vec<String>,
}

impl Run for TopNode {
    const OTHER_FLAGS: &'static [Flag] = NODE_FLAGS;
    const LONG: &'static str = "Display resource (CPU/memory) usage of nodes.

 The top-node command allows you to see the resource consumption of nodes.";
    const EXAMPLES: &'static str = "  # Show metrics for all nodes
  kubectl top node
  
  # Show metrics for a given node
  kubectl top node NODE_NAME";
    const USAGE: &'static str = "node [NAME | -l label]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        check(cx, &self.args)?;
        Err(unavailable())
    }
}
