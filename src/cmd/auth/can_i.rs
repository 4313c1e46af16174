//! `auth can-i`: whether an action is allowed. Whoever can read the store may do everything; for a user who is impersonated
//! the roles that are bound to him are asked. What is asked is looked at, as kubectl warns of what a server does not have.

use super::whoami;
use crate::apimachinery::tabwriter::TabWriter;
use crate::cmd::context::Context;
use crate::cmd::errors::Exit;
use crate::cmd::resources;
use crate::cmd::verbs::{Operands, Run};
use crate::kinds::rbac::authorizer::{self, Request, User};
use crate::kinds::rbac::describe;

/// Arguments of `auth can-i`.
#[derive(clap::Args)]
pub struct CanI {
    args: Vec<String>,
    #[arg(short = 'A', long, help = "If true, check the specified action in all namespaces.")]
    all_namespaces: bool,
    #[arg(long, help = "If true, prints all allowed actions.")]
    list: bool,
    #[arg(long, help = "If true, prints allowed actions without headers")]
    no_headers: bool,
    #[arg(short = 'q', long, help = "If true, suppress output and just return the exit code.")]
    quiet: bool,
    #[arg(long, value_name = "string", default_value = "", help = "SubResource such as pod/log or deployment/scale")]
    subresource: String,
}

const RESOURCE_VERBS: &[&str] = &[
    "*",
    "approve",
    "attest",
    "bind",
    "create",
    "delete",
    "deletecollection",
    "escalate",
    "get",
    "impersonate",
    "list",
    "patch",
    "sign",
    "update",
    "use",
    "watch",
];

const URL_VERBS: &[&str] = &["get", "put", "post", "head", "options", "delete", "patch"];

/// What can be asked about and is no kind.
const NO_KINDS: &[&str] = &["users", "groups", "*"];

impl Run for CanI {
    const OPERANDS: Operands = Operands::None;
    const LONG: &'static str = r#"Check whether an action is allowed.

 VERB is a logical Kubernetes API verb like 'get', 'list', 'watch', 'delete', etc. TYPE is a Kubernetes resource. Shortcuts and groups will be resolved. NONRESOURCEURL is a partial URL that starts with "/". NAME is the name of a particular Kubernetes resource. This command pairs nicely with impersonation. See --as global flag."#;
    const EXAMPLES: &'static str = r#"  # Check to see if I can create pods in any namespace
  kubectl auth can-i create pods --all-namespaces
  
  # Check to see if I can list deployments in my current namespace
  kubectl auth can-i list deployments.apps
  
  # Check to see if service account "foo" of namespace "dev" can list pods in the namespace "prod"
  # You must be allowed to use impersonation for the global option "--as"
  kubectl auth can-i list pods --as=system:serviceaccount:dev:foo -n prod
  
  # Check to see if I can do everything in my current namespace ("*" means all)
  kubectl auth can-i '*' '*'
  
  # Check to see if I can get the job named "bar" in namespace "foo"
  kubectl auth can-i list jobs.batch/bar -n foo
  
  # Check to see if I can read pod logs
  kubectl auth can-i get pods --subresource=log
  
  # Check to see if I can access the URL /logs/
  kubectl auth can-i get /logs/
  
  # Check to see if I can approve certificates.k8s.io
  kubectl auth can-i approve certificates.k8s.io
  
  # List all allowed actions in namespace "foo"
  kubectl auth can-i --list --namespace=foo"#;
    const USAGE: &'static str = "can-i VERB [TYPE | TYPE/NAME | NONRESOURCEURL]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if self.list && !self.args.is_empty() {
            anyhow::bail!("list option must be specified with no arguments");
        }
        if self.list {
            return self.print_list(cx);
        }
        let [verb, what] = self.args.as_slice() else {
            anyhow::bail!(
                "you must specify two arguments: verb resource or verb resource/resourceName.\nSee '{} {} -h' for help \
                 and examples.",
                cx.program,
                cx.path
            );
        };
        if self.no_headers {
            anyhow::bail!("--no-headers cannot be set without --list specified");
        }
        let known = if what.starts_with('/') {
            if !self.subresource.is_empty() {
                anyhow::bail!("--subresource can not be used with NonResourceURL");
            }
            URL_VERBS.contains(&verb.as_str()) || verb == "*"
        } else {
            self.warn_of_resource(cx, what.split('/').next().unwrap_or_default());
            RESOURCE_VERBS.contains(&verb.as_str())
        };
        if !known {
            cx.complain(&format!("Warning: verb '{verb}' is not a known verb\n\n"));
        }
        let is_allowed = self.is_allowed(cx, verb, what)?;
        if !self.quiet {
            cx.print(if is_allowed { "yes\n" } else { "no\n" })?;
        }
        if is_allowed { Ok(()) } else { Err(Exit(1).into()) }
    }
}

impl CanI {
    /// What the roles say of a user who is impersonated; everybody else may do everything.
    fn is_allowed(&self, cx: &mut Context, verb: &str, what: &str) -> anyhow::Result<bool> {
        if cx.global.as_user.is_empty() {
            return Ok(true);
        }
        let (name, groups) = whoami::who(cx)?;
        let user = User { name, groups };
        if what.starts_with('/') {
            let request = Request::Path { verb, path: what };
            return cx.client()?.read(|cluster| authorizer::allows(cluster, &user, &request));
        }
        let (resource, object) = what.split_once('/').unwrap_or((what, ""));
        let (group, mut plural, is_namespaced) = match resources::kind(cx, resource) {
            Ok(kind) => (kind.names().group.to_owned(), kind.names().plural.to_owned(), kind.names().namespaced),
            Err(_) => {
                let (word, group) = resource.split_once('.').unwrap_or((resource, ""));
                (group.to_owned(), word.to_owned(), true)
            }
        };
        if !self.subresource.is_empty() {
            plural = format!("{plural}/{}", self.subresource);
        }
        let namespace = if self.all_namespaces || !is_namespaced { String::new() } else { cx.namespace().to_owned() };
        let request = Request::Resource { verb, namespace: &namespace, group: &group, resource: &plural, name: object };
        cx.client()?.read(|cluster| authorizer::allows(cluster, &user, &request))
    }

    fn warn_of_resource(&self, cx: &mut Context, resource: &str) {
        if NO_KINDS.contains(&resource) {
            return;
        }
        match resources::kind(cx, resource) {
            Ok(kind) if kind.names().namespaced || self.all_namespaces => {}
            Ok(kind) => {
                let names = kind.names();
                let group = if names.group.is_empty() { String::new() } else { format!(" in group '{}'", names.group) };
                cx.complain(&format!("Warning: resource '{}' is not namespace scoped{group}\n\n", names.plural));
            }
            Err(_) => {
                let (word, group) = resource.split_once('.').unwrap_or((resource, ""));
                let group = if group.is_empty() { String::new() } else { format!(" in group '{group}'") };
                cx.complain(&format!("Warning: the server doesn't have a resource type '{word}'{group}\n\n"));
            }
        }
    }

    fn print_list(&self, cx: &mut Context) -> anyhow::Result<()> {
        if self.quiet || self.all_namespaces || !self.subresource.is_empty() {
            anyhow::bail!("list option can't be specified with neither quiet, all-namespaces nor subresource options");
        }
        let mut table = TabWriter::new(6, 3);
        if !self.no_headers {
            table.write("Resources\tNon-Resource URLs\tResource Names\tVerbs");
        }
        let (name, groups) = whoami::who(cx)?;
        let namespace = cx.namespace().to_owned();
        let user = User { name, groups };
        let own = cx.client()?.read(|cluster| authorizer::rules(cluster, &user, &namespace))?;
        describe::rows(&own).iter().for_each(|row| table.write(row));
        Ok(cx.print(&table.flush())?)
    }
}
