//! `set subject`: whom a binding binds. Knows of a kind whether it has subjects.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::apimachinery::object::Object;
use crate::apimachinery::schema::Definition;
use crate::cmd::context::Context;
use crate::cmd::dry_run::DryRun;
use crate::cmd::errors::aggregate;
use crate::cmd::flags::{DryRunFlag, KUSTOMIZE, PrintFlags, RecursiveFlag, SelectorFlag, field_manager};
use crate::cmd::infos::{Info, Query};
use crate::cmd::support::Flag;
use crate::cmd::verbs::{Operands, Run};

/// Arguments of `set subject`.
#[derive(clap::Args)]
pub struct Subject {
    args: Vec<String>,
    #[arg(long, help = "Select all resources, in the namespace of the specified resource types")]
    all: bool,
    #[arg(
        short = 'f',
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files the resource to update the subjects"
    )]
    filename: Vec<String>,
    #[arg(long, value_name = "stringArray", help = "Groups to bind to the role")]
    group: Vec<String>,
    #[arg(long, help = "If true, set subject will NOT contact api-server but run locally.")]
    local: bool,
    #[arg(long, value_name = "stringArray", help = "Service accounts to bind to the role")]
    serviceaccount: Vec<String>,
    #[arg(long, value_name = "stringArray", help = "Usernames to bind to the role")]
    user: Vec<String>,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    print: PrintFlags,
    #[command(flatten)]
    files: RecursiveFlag,
    #[command(flatten)]
    select: SelectorFlag,
}

impl Run for Subject {
    const OPERANDS: Operands = Operands::Resources;
    const OTHER_FLAGS: &'static [Flag] = &[field_manager("kubectl-set"), KUSTOMIZE];
    const LONG: &'static str = "Update the user, group, or service account in a role binding or cluster role binding.";
    const EXAMPLES: &'static str = "  # Update a cluster role binding for serviceaccount1
  kubectl set subject clusterrolebinding admin --serviceaccount=namespace:serviceaccount1
  
  # Update a role binding for user1, user2, and group1
  kubectl set subject rolebinding admin --user=user1 --user=user2 --group=group1
  
  # Print the result (in YAML format) of updating rolebinding subjects from a local, without hitting the server
  kubectl create rolebinding admin --role=admin --user=admin -o yaml --dry-run=client | kubectl set subject --local -f - --user=foo -o yaml";
    const USAGE: &'static str = "subject (-f FILENAME | TYPE NAME) [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let dry_run = self.dry_run.parse(cx)?;
        let mut printer = self.print.printer(cx)?;
        let query = Query {
            args: &self.args,
            filenames: &self.filename,
            recursive: self.files.recursive,
            selector: &self.select.selector,
            all: self.all,
            ..Query::default()
        };
        let infos = super::find(cx, &query, self.local)?;
        self.check(dry_run, &infos)?;
        let subjects = self.subjects(cx.namespace());
        let done = format!("subjects updated{}", dry_run.suffix());
        let mut errors = Vec::new();
        for info in &infos {
            let result = bound(info, &subjects).and_then(|new| match new {
                None => Ok(()),
                Some(new) if self.local || dry_run == DryRun::Client => printer.print(&new, &done, &mut cx.env.stdout),
                Some(new) => {
                    let stored = super::patch(cx, info, &new, dry_run)
                        .map_err(|e| anyhow::anyhow!("failed to patch subjects to rolebinding: {e:#}"))?;
                    printer.print(&stored, &done, &mut cx.env.stdout)
                }
            });
            errors.extend(result.err());
        }
        aggregate(errors)
    }
}

const GROUP: &str = "rbac.authorization.k8s.io";

impl Subject {
    fn check(&self, dry_run: DryRun, infos: &[Info]) -> anyhow::Result<()> {
        if self.local && dry_run == DryRun::Server {
            anyhow::bail!("cannot specify --local and --dry-run=server - did you mean --dry-run=client?");
        }
        if self.all && !self.select.selector.is_empty() {
            anyhow::bail!("cannot set --all and --selector at the same time");
        }
        if self.user.is_empty() && self.group.is_empty() && self.serviceaccount.is_empty() {
            anyhow::bail!("you must specify at least one value of user, group or serviceaccount");
        }
        for account in &self.serviceaccount {
            match account.split(':').collect::<Vec<_>>().as_slice() {
                [_, ""] => anyhow::bail!("serviceaccount must be <namespace>:<name>"),
                // A binding of the whole cluster has no namespace to take instead.
                ["", _] if infos.iter().any(|i| is_binding(i) && !i.kind.names().namespaced) => {
                    anyhow::bail!("serviceaccount must be <namespace>:<name>, namespace must be specified")
                }
                [_, _] => {}
                _ => anyhow::bail!("serviceaccount must be <namespace>:<name>"),
            }
        }
        Ok(())
    }

    /// The subjects that the flags name: users, groups and accounts, each by name and once.
    fn subjects(&self, namespace: &str) -> Vec<Value> {
        let sorted = |names: &[String]| names.iter().cloned().collect::<BTreeSet<String>>();
        let named = |kind: &'static str| move |name: String| json!({"apiGroup": GROUP, "kind": kind, "name": name});
        let account = |text: String| {
            let (own, name) = text.split_once(':').unwrap_or_default();
            json!({"kind": "ServiceAccount", "name": name, "namespace": if own.is_empty() { namespace } else { own }})
        };
        let users = sorted(&self.user).into_iter().map(named("User"));
        let groups = sorted(&self.group).into_iter().map(named("Group"));
        users.chain(groups).chain(sorted(&self.serviceaccount).into_iter().map(account)).collect()
    }
}

/// Whether an object binds a role: only such kinds have subjects of this group.
fn is_binding(info: &Info) -> bool {
    let names = info.kind.names();
    names.group == GROUP
        && Definition::of_kind(names.api_version, names.kind).is_some_and(|d| d.field("subjects").is_some())
}

/// The binding with the subjects that it does not have; `None` where it has them all.
fn bound(info: &Info, subjects: &[Value]) -> anyhow::Result<Option<Object>> {
    if !is_binding(info) {
        let name = info.object_name();
        anyhow::bail!("error: {name} setting subjects is only supported for RoleBinding/ClusterRoleBinding\n");
    }
    let mut all = info.object.list_at("/subjects").to_vec();
    let before = all.len();
    all.extend(subjects.iter().filter(|s| !info.object.list_at("/subjects").contains(s)).cloned());
    if all.len() == before {
        return Ok(None);
    }
    let mut new = Object::clone(&info.object);
    new.set("/subjects", Value::Array(all));
    Ok(Some(new))
}
