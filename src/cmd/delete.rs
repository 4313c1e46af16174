//! `delete`: asks for objects to go, and waits until they are gone. Knows no kind.

use std::time::Duration;

use clap::ArgAction;

use super::context::Context;
use super::go;
use super::resources::{self, Request};
use super::support::{Flag, Support};
use super::verbs::Run;

/// Arguments of `delete`.
#[derive(clap::Args)]
pub struct Delete {
    args: Vec<String>,
    #[arg(long, help = "Delete all resources, in the namespace of the specified resource types.")]
    all: bool,
    #[arg(
        short = 'A',
        long,
        help = "If present, list the requested object(s) across all namespaces. Namespace in current context is ignored \
        even if specified with --namespace."
    )]
    all_namespaces: bool,
    #[arg(long, value_name = "string", default_value = "background", num_args = 0..=1, require_equals = true, default_missing_value = "background",
        help = "Must be \"background\", \"orphan\", or \"foreground\". Selects the deletion cascading strategy for the \
        dependents (e.g. Pods created by a ReplicationController). Defaults to background.")]
    cascade: String,
    #[arg(long, value_name = "string", default_value = "none", num_args = 0..=1, require_equals = true, default_missing_value = "unchanged",
        help = "Must be \"none\", \"server\", or \"client\". If client strategy, only print the object that would be \
        sent, without sending it. If server strategy, submit server-side request without persisting the \
        resource.")]
    dry_run: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Selector (field query) to filter on, supports '=', '==', and '!='.(e.g. --field-selector \
        key1=value1,key2=value2). The server only supports a limited number of field queries per type."
    )]
    field_selector: String,
    #[arg(short, long, value_name = "strings", help = "containing the resource to delete.")]
    filename: Vec<String>,
    #[arg(
        long,
        help = "If true, immediately remove resources from API and bypass graceful deletion. Note that immediate \
        deletion of some resources may result in inconsistency or data loss and requires confirmation."
    )]
    force: bool,
    #[arg(
        long,
        value_name = "int",
        default_value = "-1",
        allow_hyphen_values = true,
        help = "Period of time in seconds given to the resource to terminate gracefully. Ignored if negative. Set to 1 \
        for immediate shutdown. Can only be set to 0 when --force is true (force deletion)."
    )]
    grace_period: i64,
    #[arg(
        long,
        help = "Treat \"resource not found\" as a successful delete. Defaults to \"true\" when --all is specified."
    )]
    ignore_not_found: bool,
    #[arg(short, long, help = "If true, delete resource only when user confirms.")]
    interactive: bool,
    #[arg(long, help = "If true, resources are signaled for immediate shutdown (same as --grace-period=1).")]
    now: bool,
    #[arg(
        short,
        long,
        value_name = "string",
        default_value = "",
        help = "Output mode. Use \"-o name\" for shorter output (resource/name)."
    )]
    output: String,
    #[arg(
        short = 'R',
        long,
        help = "Process the directory used in -f, --filename recursively. Useful when you want to manage related \
        manifests organized within the same directory."
    )]
    recursive: bool,
    #[arg(
        short = 'l',
        long,
        value_name = "string",
        default_value = "",
        help = "Selector (label query) to filter on, supports '=', '==', and '!='.(e.g. -l key1=value1,key2=value2). \
        Matching objects must satisfy all of the specified label constraints."
    )]
    selector: String,
    #[arg(long, value_name = "duration", default_value = "0s", value_parser = go::duration,
        help = "The length of time to wait before giving up on a delete, zero means determine a timeout from the size \
        of the object")]
    timeout: Duration,
    #[arg(long, action = ArgAction::Set, default_value = "true", value_name = "bool", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        help = "If true, wait for resources to be gone before returning. This waits for finalizers.")]
    wait: bool,
}

const OTHER_FLAGS: &[Flag] = &[
    Flag::new(
        "kustomize",
        "string",
        "",
        Support::NotBuilt,
        "Process a kustomization directory. This flag can't be used together with -f or -R.",
    )
    .short('k'),
    Flag::new(
        "raw",
        "string",
        "",
        Support::NotBuilt,
        "Raw URI to DELETE to the server.  Uses the transport specified by the kubeconfig file.",
    ),
];

const LONG: &str = r#"Delete resources by file names, stdin, resources and names, or by resources and label selector.

 JSON and YAML formats are accepted. Only one type of argument may be specified: file names, resources and names, or resources and label selector.

 Some resources, such as pods, support graceful deletion. These resources define a default period before they are forcibly terminated (the grace period) but you may override that value with the --grace-period flag, or pass --now to set a grace-period of 1. Because these resources often represent entities in the cluster, deletion may not be acknowledged immediately. If the node hosting a pod is down or cannot reach the API server, termination may take significantly longer than the grace period. To force delete a resource, you must specify the --force flag. Note: only a subset of resources support graceful deletion. In absence of the support, the --grace-period flag is ignored.

 IMPORTANT: Force deleting pods does not wait for confirmation that the pod's processes have been terminated, which can leave those processes running until the node detects the deletion and completes graceful deletion. If your processes use shared storage or talk to a remote API and depend on the name of the pod to identify themselves, force deleting those pods may result in multiple processes running on different machines using the same identification which may lead to data corruption or inconsistency. Only force delete pods when you are sure the pod is terminated, or if your application can tolerate multiple copies of the same pod running at once. Also, if you force delete pods, the scheduler may place new pods on those nodes before the node has released those resources and causing those pods to be evicted immediately.

 Note that the delete command does NOT do resource version checks, so if someone submits an update to a resource right when you submit a delete, their update will be lost along with the rest of the resource.

 After a CustomResourceDefinition is deleted, invalidation of discovery cache may take up to 6 hours. If you don't want to wait, you might want to run "kubectl api-resources" to refresh the discovery cache."#;

const EXAMPLES: &str = r#"  # Delete a pod using the type and name specified in pod.json
  kubectl delete -f ./pod.json
  
  # Delete resources from a directory containing kustomization.yaml - e.g. dir/kustomization.yaml
  kubectl delete -k dir
  
  # Delete resources from all files that end with '.json'
  kubectl delete -f '*.json'
  
  # Delete a pod based on the type and name in the JSON passed into stdin
  cat pod.json | kubectl delete -f -
  
  # Delete pods and services with same names "baz" and "foo"
  kubectl delete pod,service baz foo
  
  # Delete pods and services with label name=myLabel
  kubectl delete pods,services -l name=myLabel
  
  # Delete a pod with minimal delay
  kubectl delete pod foo --now
  
  # Force delete a pod on a dead node
  kubectl delete pod foo --force
  
  # Delete all pods
  kubectl delete pods --all
  
  # Delete all pods only if the user confirms the deletion
  kubectl delete pods --all --interactive"#;

impl Run for Delete {
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "delete ([-f FILENAME] | [-k DIRECTORY] | TYPE [(NAME | -l label | --all)])";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let named = resources::named(&Request {
            program: &cx.program,
            args: &self.args,
            has_files: !self.filename.is_empty(),
            selector: &self.selector,
            field_selector: &self.field_selector,
            all: self.all,
            type_alone_is_all: false,
        })?;
        let _ = named;
        anyhow::bail!("delete is being built")
    }
}
