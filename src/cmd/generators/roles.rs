//! `create role` and `create clusterrole`: what may be done.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Making, OTHER_FLAGS};
use crate::apimachinery::quote::quote;
use crate::cmd::context::Context;
use crate::cmd::errors::Aggregate;
use crate::cmd::resources;
use crate::cmd::support::Flag;
use crate::cmd::verbs::Run;

const STANDARD_VERBS: [&str; 14] = [
    "*",
    "get",
    "delete",
    "list",
    "create",
    "update",
    "patch",
    "watch",
    "proxy",
    "deletecollection",
    "use",
    "bind",
    "escalate",
    "impersonate",
];
const URL_VERBS: [&str; 8] = ["*", "get", "post", "put", "delete", "patch", "head", "options"];

/// Arguments of `create role`.
#[derive(clap::Args)]
pub struct Role {
    #[command(flatten)]
    making: Making,
    #[arg(long, value_name = "strings", help = "Resource that the rule applies to")]
    resource: Vec<String>,
    #[arg(
        long,
        value_name = "stringArray",
        help = "Resource in the white list that the rule applies to, repeat this flag for multiple items"
    )]
    resource_name: Vec<String>,
    #[arg(long, value_name = "strings", help = "Verb that applies to the resources contained in the rule")]
    verb: Vec<String>,
}

impl Run for Role {
    const LONG: &'static str = "Create a role with single rule.";
    const EXAMPLES: &'static str = r#"  # Create a role named "pod-reader" that allows user to perform "get", "watch" and "list" on pods
  kubectl create role pod-reader --verb=get --verb=list --verb=watch --resource=pods
  
  # Create a role named "pod-reader" with ResourceName specified
  kubectl create role pod-reader --verb=get --resource=pods --resource-name=readablepod --resource-name=anotherpod
  
  # Create a role named "foo" with API Group specified
  kubectl create role foo --verb=get,list,watch --resource=rs.apps
  
  # Create a role named "foo" with SubResource specified
  kubectl create role foo --verb=get,list,watch --resource=pods,pods/status"#;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "role NAME --verb=verb --resource=resource.group/subresource [--resource-name=resourcename] [--dry-run=server|client|none]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let maker = self.making.start(cx)?;
        let wanted = Wanted::new(&self.verb, &self.resource, &self.resource_name, &[]);
        maker.check_name()?;
        wanted.needs_verb()?;
        wanted.warn(cx);
        if wanted.resources.is_empty() {
            anyhow::bail!("at least one resource must be specified");
        }
        let rules = wanted.rules(cx)?;
        let object = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": maker.metadata(), "rules": rules,
        });
        maker.send(cx, object, "")
    }
}

/// Arguments of `create clusterrole`.
#[derive(clap::Args)]
pub struct ClusterRole {
    #[command(flatten)]
    making: Making,
    #[arg(
        long,
        value_name = "mapStringString",
        default_value = "",
        help = "An aggregation label selector for combining ClusterRoles."
    )]
    aggregation_rule: String,
    #[arg(long, value_name = "strings", help = "A partial url that user should have access to.")]
    non_resource_url: Vec<String>,
    #[arg(long, value_name = "strings", help = "Resource that the rule applies to")]
    resource: Vec<String>,
    #[arg(
        long,
        value_name = "stringArray",
        help = "Resource in the white list that the rule applies to, repeat this flag for multiple items"
    )]
    resource_name: Vec<String>,
    #[arg(long, value_name = "strings", help = "Verb that applies to the resources contained in the rule")]
    verb: Vec<String>,
}

impl Run for ClusterRole {
    const LONG: &'static str = "Create a cluster role.";
    const EXAMPLES: &'static str = r#"  # Create a cluster role named "pod-reader" that allows user to perform "get", "watch" and "list" on pods
  kubectl create clusterrole pod-reader --verb=get,list,watch --resource=pods
  
  # Create a cluster role named "pod-reader" with ResourceName specified
  kubectl create clusterrole pod-reader --verb=get --resource=pods --resource-name=readablepod --resource-name=anotherpod
  
  # Create a cluster role named "foo" with API Group specified
  kubectl create clusterrole foo --verb=get,list,watch --resource=rs.apps
  
  # Create a cluster role named "foo" with SubResource specified
  kubectl create clusterrole foo --verb=get,list,watch --resource=pods,pods/status
  
  # Create a cluster role name "foo" with NonResourceURL specified
  kubectl create clusterrole "foo" --verb=get --non-resource-url=/logs/*
  
  # Create a cluster role name "monitoring" with AggregationRule specified
  kubectl create clusterrole monitoring --aggregation-rule="rbac.example.com/aggregate-to-monitoring=true""#;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "clusterrole NAME --verb=verb --resource=resource.group [--resource-name=resourcename] [--dry-run=server|client|none]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let maker = self.making.start(cx)?;
        let wanted = Wanted::new(&self.verb, &self.resource, &self.resource_name, &self.non_resource_url);
        maker.check_name()?;
        let mut object = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": maker.cluster_metadata(),
            "rules": null,
        });
        if self.aggregation_rule.is_empty() {
            wanted.needs_verb()?;
            if wanted.resources.is_empty() && wanted.urls.is_empty() {
                anyhow::bail!("one of resource or nonResourceURL must be specified");
            }
            if !wanted.resources.is_empty() {
                wanted.warn(cx);
            }
            wanted.check_urls()?;
            object["rules"] = Value::Array(wanted.rules(cx)?);
        } else {
            if !wanted.is_empty() {
                anyhow::bail!(
                    "aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames"
                );
            }
            let labels = aggregation(&self.aggregation_rule)?;
            object["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": labels}]});
        }
        maker.send(cx, object, "")
    }
}

/// What the flags ask for, each part once.
struct Wanted {
    verbs: Vec<String>,
    resources: Vec<String>,
    names: Vec<String>,
    urls: Vec<String>,
}

impl Wanted {
    fn new(verbs: &[String], resources: &[String], names: &[String], urls: &[String]) -> Wanted {
        let star = || vec!["*".to_owned()];
        let verbs = if verbs.iter().any(|v| v == "*") { star() } else { once(verbs) };
        // A star alone stands for all that was named, as far as it came.
        let resources = if resources.iter().any(|r| r == "*") { star() } else { resources.to_vec() };
        Wanted { verbs, resources, names: once(names), urls: once(urls) }
    }

    fn is_empty(&self) -> bool {
        self.verbs.is_empty() && self.resources.is_empty() && self.names.is_empty() && self.urls.is_empty()
    }

    fn needs_verb(&self) -> anyhow::Result<()> {
        if self.verbs.is_empty() {
            anyhow::bail!("at least one verb must be specified");
        }
        Ok(())
    }

    fn warn(&self, cx: &mut Context) {
        for verb in self.verbs.iter().filter(|v| !STANDARD_VERBS.contains(&v.as_str())) {
            cx.complain(&format!("Warning: '{verb}' is not a standard resource verb\n"));
        }
    }

    fn check_urls(&self) -> anyhow::Result<()> {
        if self.urls.is_empty() {
            return Ok(());
        }
        if let Some(verb) = self.verbs.iter().find(|v| !URL_VERBS.contains(&v.as_str())) {
            anyhow::bail!("invalid verb: '{verb}' for nonResourceURL");
        }
        for url in self.urls.iter().filter(|u| *u != "*") {
            if !url.starts_with('/') {
                anyhow::bail!("nonResourceURL should start with /");
            }
            if url.strip_suffix('*').unwrap_or(url).contains('*') {
                anyhow::bail!("nonResourceURL only supports wildcard matches when '*' is at the end");
            }
        }
        Ok(())
    }

    /// One rule for each API group, and one for what is no resource.
    fn rules(&self, cx: &mut Context) -> anyhow::Result<Vec<Value>> {
        let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for text in &self.resources {
            let (group, resource) = self.resource(cx, text)?;
            let known = groups.entry(group).or_default();
            if !known.contains(&resource) {
                known.push(resource);
            }
        }
        let mut rules = Vec::new();
        for (group, resources) in groups {
            let mut rule = json!({"apiGroups": [group], "resources": resources, "verbs": self.verbs});
            if !self.names.is_empty() {
                rule["resourceNames"] = self.names.clone().into();
            }
            rules.push(rule);
        }
        if !self.urls.is_empty() {
            rules.push(json!({"nonResourceURLs": self.urls, "verbs": self.verbs}));
        }
        Ok(rules)
    }

    /// `pods/log` or `sts.apps`, as group and resource; what is not served has to be told apart by the server.
    fn resource(&self, cx: &mut Context, text: &str) -> anyhow::Result<(String, String)> {
        let (resource, sub) = text.split_once('/').map_or((text, ""), |(r, s)| (r, s));
        let (word, group) = resource.split_once('.').unwrap_or((resource, ""));
        if word.is_empty() {
            anyhow::bail!("resource must be specified if apiGroup/subresource specified");
        }
        let (mut group, mut plural) = (group.to_owned(), word.to_owned());
        if word != "*" {
            match resources::kind(cx, resource) {
                Ok(kind) => {
                    group = kind.names().group.to_owned();
                    plural = kind.names().plural.to_owned();
                }
                Err(_) if self.check_special(&group, &plural)? => {}
                Err(_) => return Err(not_served(word, &group)),
            }
            self.check_special(&group, &plural)?;
        }
        Ok((group, if sub.is_empty() { plural } else { format!("{plural}/{sub}") }))
    }

    /// Verbs that only some resources know: whether there is one that this resource knows.
    fn check_special(&self, group: &str, resource: &str) -> anyhow::Result<bool> {
        const RBAC: &str = "rbac.authorization.k8s.io";
        let mut knows = false;
        for verb in &self.verbs {
            let whom: &[(&str, &str)] = match verb.as_str() {
                "use" => &[("policy", "podsecuritypolicies"), ("extensions", "podsecuritypolicies")],
                "bind" | "escalate" => &[(RBAC, "roles"), (RBAC, "clusterroles")],
                "impersonate" => {
                    &[("", "users"), ("", "serviceaccounts"), ("", "groups"), ("authentication.k8s.io", "userextras")]
                }
                _ => continue,
            };
            if !whom.contains(&(group, resource)) {
                anyhow::bail!("can not perform '{verb}' on '{resource}' in group '{group}'");
            }
            knows = true;
        }
        Ok(knows)
    }
}

/// What kubectl prints of a resource that its RESTMapper does not find, without a word before it.
fn not_served(resource: &str, group: &str) -> anyhow::Error {
    let place = if group.is_empty() { String::new() } else { format!(" in group {}", quote(group)) };
    Aggregate(vec![anyhow::anyhow!("the server doesn't have a resource type {}{place}", quote(resource))]).into()
}

fn once(all: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for one in all {
        if !kept.contains(one) {
            kept.push(one.clone());
        }
    }
    kept
}

/// `a=b,c=d`.
fn aggregation(text: &str) -> anyhow::Result<Map<String, Value>> {
    let mut labels = Map::new();
    for pair in text.split(',') {
        let Some((key, value)) = pair.split_once('=') else {
            anyhow::bail!("malformed pair, expect string=string");
        };
        labels.insert(key.trim().to_owned(), value.trim().into());
    }
    Ok(labels)
}
