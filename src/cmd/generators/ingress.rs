//! `create ingress`.

use serde_json::{Map, Value, json};

use super::{Making, OTHER_FLAGS};
use crate::cmd::context::Context;
use crate::cmd::support::Flag;
use crate::cmd::verbs::Run;

/// Arguments of `create ingress`.
#[derive(clap::Args)]
pub struct Ingress {
    #[command(flatten)]
    making: Making,
    #[arg(
        long,
        value_name = "stringArray",
        help = "Annotation to insert in the ingress object, in the format annotation=value"
    )]
    annotation: Vec<String>,
    #[arg(long, value_name = "string", default_value = "", help = "Ingress Class to be used")]
    class: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Default service for backend, in format of svcname:port"
    )]
    default_backend: String,
    #[arg(
        long,
        value_name = "stringArray",
        help = "Rule in format host/path=service:port[,tls=secretname]. Paths containing the leading character '*' \
        are considered pathType=Prefix. tls argument is optional."
    )]
    rule: Vec<String>,
}

impl Run for Ingress {
    const LONG: &'static str = "Create an ingress with the specified name.";
    const EXAMPLES: &'static str = r#"  # Create a single ingress called 'simple' that directs requests to foo.com/bar to svc
  # svc1:8080 with a TLS secret "my-cert"
  kubectl create ingress simple --rule="foo.com/bar=svc1:8080,tls=my-cert"
  
  # Create a catch all ingress of "/path" pointing to service svc:port and Ingress Class as "otheringress"
  kubectl create ingress catch-all --class=otheringress --rule="/path=svc:port"
  
  # Create an ingress with two annotations: ingress.annotation1 and ingress.annotations2
  kubectl create ingress annotated --class=default --rule="foo.com/bar=svc:port" \
  --annotation ingress.annotation1=foo \
  --annotation ingress.annotation2=bla
  
  # Create an ingress with the same host and multiple paths
  kubectl create ingress multipath --class=default \
  --rule="foo.com/=svc:port" \
  --rule="foo.com/admin/=svcadmin:portadmin"
  
  # Create an ingress with multiple hosts and the pathType as Prefix
  kubectl create ingress ingress1 --class=default \
  --rule="foo.com/path*=svc:8080" \
  --rule="bar.com/admin*=svc2:http"
  
  # Create an ingress with TLS enabled using the default ingress certificate and different path types
  kubectl create ingress ingtls --class=default \
  --rule="foo.com/=svc:https,tls" \
  --rule="foo.com/path/subpath*=othersvc:8080"
  
  # Create an ingress with TLS enabled using a specific secret and pathType as Prefix
  kubectl create ingress ingsecret --class=default \
  --rule="foo.com/*=svc:8080,tls=secret1"
  
  # Create an ingress with a default backend
  kubectl create ingress ingdefault --class=default \
  --default-backend=defaultsvc:http \
  --rule="foo.com/*=svc:8080,tls=secret1""#;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "ingress NAME --rule=host/path=service:port[,tls[=secret]] ";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let maker = self.making.start(cx)?;
        self.check()?;
        let mut metadata = maker.metadata();
        let annotations: Map<String, Value> =
            self.annotation.iter().filter_map(|a| a.split_once('=')).map(|(k, v)| (k.to_owned(), v.into())).collect();
        if !annotations.is_empty() {
            metadata["annotations"] = Value::Object(annotations);
        }
        let mut spec = Map::new();
        if !self.class.is_empty() {
            spec.insert("ingressClassName".to_owned(), self.class.as_str().into());
        }
        if !self.default_backend.is_empty() {
            spec.insert("defaultBackend".to_owned(), backend(&self.default_backend));
        }
        let rules: Vec<Rule> = self.rule.iter().filter_map(|r| Rule::parse(r)).collect();
        for (field, list) in [("rules", hosts(&rules)), ("tls", certificates(&rules))] {
            if !list.is_empty() {
                spec.insert(field.to_owned(), Value::Array(list));
            }
        }
        let object = json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec,
            "status": {"loadBalancer": {}},
        });
        maker.send(cx, object, "failed to create ingress: ")
    }
}

impl Ingress {
    fn check(&self) -> anyhow::Result<()> {
        if self.default_backend.is_empty() && self.rule.is_empty() {
            anyhow::bail!(
                "not enough information provided: every ingress has to either specify a default-backend (which catches all \
                 traffic) or a list of rules (which catch specific paths)"
            );
        }
        if let Some(rule) = self.rule.iter().find(|r| Rule::parse(r).is_none()) {
            anyhow::bail!("rule {rule} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]");
        }
        if let Some(annotation) = self.annotation.iter().find(|a| !a.contains('=')) {
            anyhow::bail!("annotation {annotation} is invalid and should be in format key=[value]");
        }
        if !self.default_backend.is_empty() && self.default_backend.split(':').count() != 2 {
            anyhow::bail!("default-backend should be in format servicename:serviceport");
        }
        Ok(())
    }
}

/// `host/path=service:port,tls=secret`.
struct Rule<'a> {
    host: &'a str,
    path: &'a str,
    service: &'a str,
    /// The secret, empty for none, where TLS is asked for.
    tls: Option<&'a str>,
}

impl Rule<'_> {
    fn parse(text: &str) -> Option<Rule<'_>> {
        let (route, tls) = text.split_once(',').map_or((text, None), |(r, t)| (r, Some(t)));
        let (host, rest) = route.split_once('/')?;
        let (path, service) = rest.split_once('=')?;
        let (name, port) = service.split_once(':')?;
        let word = |t: &str| !t.is_empty() && t.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
        let host_fits = host.chars().all(|c| c.is_alphanumeric() || "_*-.".contains(c));
        let fits = host_fits && word(name) && word(port);
        let tls = match tls {
            None => None,
            // What is glued to `tls` is let through, and means nothing.
            Some(t) => Some(t.strip_prefix("tls")?.split_once('=').map_or("", |(_, secret)| secret)),
        };
        fits.then_some(Rule { host, path, service, tls })
    }

    fn path(&self) -> Value {
        let whole = format!("/{}", self.path);
        let (path, kind) = whole.strip_suffix('*').map_or((whole.as_str(), "Exact"), |p| (p, "Prefix"));
        json!({"backend": backend(self.service), "path": path, "pathType": kind})
    }
}

fn backend(service: &str) -> Value {
    let (name, port) = service.split_once(':').unwrap_or((service, ""));
    let port = port.parse::<i32>().map_or_else(|_| json!({"name": port}), |number| json!({"number": number}));
    json!({"service": {"name": name, "port": port}})
}

/// The rules by host, in order.
fn hosts(rules: &[Rule]) -> Vec<Value> {
    let mut hosts: Vec<(&str, Vec<Value>)> = Vec::new();
    for rule in rules {
        match hosts.iter_mut().find(|(host, _)| *host == rule.host) {
            Some((_, paths)) => paths.push(rule.path()),
            None => hosts.push((rule.host, vec![rule.path()])),
        }
    }
    let one = |(host, paths): (&str, Vec<Value>)| {
        let mut value = json!({"http": {"paths": paths}});
        if !host.is_empty() {
            value["host"] = host.into();
        }
        value
    };
    hosts.into_iter().map(one).collect()
}

/// The hosts by secret, each host once.
fn certificates(rules: &[Rule]) -> Vec<Value> {
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for (host, secret) in rules.iter().filter_map(|r| Some((r.host, r.tls?))) {
        if seen.contains(&host) {
            continue;
        }
        match all.iter_mut().find(|(s, _)| *s == secret) {
            Some((_, hosts)) => hosts.push(host),
            None if host.is_empty() && secret.is_empty() => {}
            None => all.push((secret, Some(host).filter(|h| !h.is_empty()).into_iter().collect())),
        }
        seen.push(host);
    }
    let one = |(secret, hosts): (&str, Vec<&str>)| {
        let mut value = Map::new();
        if !hosts.is_empty() {
            value.insert("hosts".to_owned(), hosts.into());
        }
        if !secret.is_empty() {
            value.insert("secretName".to_owned(), secret.into());
        }
        Value::Object(value)
    };
    all.into_iter().map(one).collect()
}
