//! `create rolebinding` and `create clusterrolebinding`: who gets a role.

use serde_json::{Value, json};

use super::{Making, OTHER_FLAGS, required};
use crate::cmd::context::Context;
use crate::cmd::support::Flag;
use crate::cmd::verbs::Run;

const GROUP: &str = "rbac.authorization.k8s.io";

/// Arguments of `create rolebinding`.
#[derive(clap::Args)]
pub struct RoleBinding {
    #[command(flatten)]
    making: Making,
    #[arg(long, value_name = "string", default_value = "", help = "ClusterRole this RoleBinding should reference")]
    clusterrole: String,
    #[arg(
        long,
        value_name = "stringArray",
        help = "Groups to bind to the role. The flag can be repeated to add multiple groups."
    )]
    group: Vec<String>,
    #[arg(long, value_name = "string", default_value = "", help = "Role this RoleBinding should reference")]
    role: String,
    #[arg(
        long,
        value_name = "stringArray",
        help = "Service accounts to bind to the role, in the format <namespace>:<name>. The flag can be repeated to \
        add multiple service accounts."
    )]
    serviceaccount: Vec<String>,
    #[arg(
        long,
        value_name = "stringArray",
        help = "Usernames to bind to the role. The flag can be repeated to add multiple users."
    )]
    user: Vec<String>,
}

impl Run for RoleBinding {
    const LONG: &'static str = "Create a role binding for a particular role or cluster role.";
    const EXAMPLES: &'static str = "  # Create a role binding for user1, user2, and group1 using the admin cluster role
  kubectl create rolebinding admin --clusterrole=admin --user=user1 --user=user2 --group=group1
  
  # Create a role binding for service account monitoring:sa-dev using the admin role
  kubectl create rolebinding admin-binding --role=admin --serviceaccount=monitoring:sa-dev";
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "rolebinding NAME --clusterrole=NAME|--role=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let maker = self.making.start(cx)?;
        maker.check_name()?;
        let (kind, role) = match (self.role.as_str(), self.clusterrole.as_str()) {
            (role, "") if !role.is_empty() => ("Role", role),
            ("", role) if !role.is_empty() => ("ClusterRole", role),
            _ => anyhow::bail!("exactly one of clusterrole or role must be specified"),
        };
        let subjects = subjects(&self.user, &self.group, &self.serviceaccount)?;
        let object = binding("RoleBinding", maker.metadata(), (kind, role), subjects);
        maker.send(cx, object, "failed to create rolebinding: ")
    }
}

/// Arguments of `create clusterrolebinding`.
#[derive(clap::Args)]
pub struct ClusterRoleBinding {
    #[command(flatten)]
    making: Making,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "ClusterRole this ClusterRoleBinding should reference"
    )]
    clusterrole: String,
    #[arg(
        long,
        value_name = "stringArray",
        help = "Groups to bind to the clusterrole. The flag can be repeated to add multiple groups."
    )]
    group: Vec<String>,
    #[arg(
        long,
        value_name = "stringArray",
        help = "Service accounts to bind to the clusterrole, in the format <namespace>:<name>. The flag can be \
        repeated to add multiple service accounts."
    )]
    serviceaccount: Vec<String>,
    #[arg(
        long,
        value_name = "stringArray",
        help = "Usernames to bind to the clusterrole. The flag can be repeated to add multiple users."
    )]
    user: Vec<String>,
}

impl Run for ClusterRoleBinding {
    const LONG: &'static str = "Create a cluster role binding for a particular cluster role.";
    const EXAMPLES: &'static str =
        "  # Create a cluster role binding for user1, user2, and group1 using the cluster-admin cluster role
  kubectl create clusterrolebinding cluster-admin --clusterrole=cluster-admin --user=user1 --user=user2 --group=group1";
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "clusterrolebinding NAME --clusterrole=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        required(cx, &["clusterrole"])?;
        let maker = self.making.start(cx)?;
        let subjects = subjects(&self.user, &self.group, &self.serviceaccount)?;
        let role = ("ClusterRole", self.clusterrole.as_str());
        let object = binding("ClusterRoleBinding", maker.cluster_metadata(), role, subjects);
        maker.send(cx, object, "failed to create clusterrolebinding: ")
    }
}

fn binding(kind: &str, metadata: Value, (role_kind, role): (&str, &str), subjects: Vec<Value>) -> Value {
    let mut object = json!({
        "apiVersion": format!("{GROUP}/v1"), "kind": kind, "metadata": metadata,
        "roleRef": {"apiGroup": GROUP, "kind": role_kind, "name": role},
    });
    if !subjects.is_empty() {
        object["subjects"] = Value::Array(subjects);
    }
    object
}

fn subjects(users: &[String], groups: &[String], accounts: &[String]) -> anyhow::Result<Vec<Value>> {
    let named = |kind: &'static str| move |name: &String| json!({"apiGroup": GROUP, "kind": kind, "name": name});
    let mut subjects: Vec<Value> = users.iter().map(named("User")).chain(groups.iter().map(named("Group"))).collect();
    for account in accounts {
        match account.split(':').collect::<Vec<_>>().as_slice() {
            [namespace, name] if !namespace.is_empty() && !name.is_empty() => {
                subjects.push(json!({"kind": "ServiceAccount", "name": name, "namespace": namespace}));
            }
            _ => anyhow::bail!("serviceaccount must be <namespace>:<name>"),
        }
    }
    Ok(subjects)
}
