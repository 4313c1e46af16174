//! `cluster-info dump`: the objects of namespaces as lists, to stdout or to files. Knows the names of kinds only.

use crate::cmd::flags::TemplateFlags;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::apimachinery::object::Object;
use crate::apiserver;
use crate::cmd::context::Context;
use crate::cmd::support::{Flag, Support};
use crate::cmd::verbs::Run;
use crate::cmd::{manifest, program, resources};
use crate::printers::{FORMATS, Format, Printer};

/// Arguments of `cluster-info dump`.
#[derive(clap::Args)]
pub struct Dump {
    args: Vec<String>,
    #[arg(short = 'A', long, help = "If true, dump all namespaces.  If true, --namespaces is ignored.")]
    all_namespaces: bool,
    #[arg(long, value_name = "strings", help = "A comma separated list of namespaces to dump.")]
    namespaces: Vec<String>,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Where to output the files.  If empty or '-' uses stdout, otherwise creates a directory hierarchy in that directory"
    )]
    output_directory: String,
    #[command(flatten)]
    templates: TemplateFlags,
    #[arg(
        short,
        long,
        value_name = "string",
        default_value = "json",
        help = "Output format. One of: (json, yaml, name, go-template, go-template-file, template, templatefile, jsonpath, jsonpath-as-json, jsonpath-file)."
    )]
    output: String,
    #[arg(long, help = "If true, keep the managedFields when printing objects in JSON or YAML format.")]
    show_managed_fields: bool,
}

const OTHER_FLAGS: &[Flag] = &[Flag::new(
    "pod-running-timeout",
    "duration",
    "20s",
    Support::NoEffect("logs are there or are not"),
    "The length of time (like 5s, 2m, or 3h, higher than zero) to wait until at least one pod is running",
)];

impl Run for Dump {
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const LONG: &'static str = "Dump cluster information out suitable for debugging and diagnosing cluster problems.  By default, dumps everything to stdout. You can optionally specify a directory with --output-directory.  If you specify a directory, Kubernetes will build a set of files in that directory.  By default, only dumps things in the current namespace and 'kube-system' namespace, but you can switch to a different namespace with the --namespaces flag, or specify --all-namespaces to dump all namespaces.

 The command also dumps the logs of all of the pods in the cluster; these logs are dumped into different directories based on namespace and pod name.";
    const EXAMPLES: &'static str = "  # Dump current cluster state to stdout
  kubectl cluster-info dump
  
  # Dump current cluster state to /path/to/cluster-state
  kubectl cluster-info dump --output-directory=/path/to/cluster-state
  
  # Dump all namespaces to stdout
  kubectl cluster-info dump --all-namespaces
  
  # Dump a set of namespaces to /path/to/cluster-state
  kubectl cluster-info dump --namespaces default,kube-system --output-directory=/path/to/cluster-state";
    const USAGE: &'static str = "dump [flags]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        // Arguments mean nothing to it.
        let flags = self.templates.of(&self.output);
        let format = Format::parse(&flags, FORMATS, &|path| manifest::read_text(cx.env, path))?;
        let mut printer = Printer::new(format, self.show_managed_fields);
        self.list(cx, &mut printer, ("nodes", None), "nodes")?;
        for namespace in self.namespaces(cx)? {
            for (resource, file) in LISTS {
                self.list(cx, &mut printer, (resource, Some(&namespace)), &format!("{namespace}/{file}"))?;
            }
            let pods = resources::kind(cx, "pods")?;
            for pod in cx.client()?.read(|c| apiserver::list(c, pods, Some(&namespace)))? {
                self.write(cx, &format!("{namespace}/{}/logs.txt", pod.name()), logs(&pod).as_bytes())?;
            }
        }
        if let Some(folder) = self.folder() {
            cx.print(&format!("Cluster info dumped to {folder}\n"))?;
        }
        Ok(())
    }
}

/// What is dumped of a namespace, and the file it goes to.
const LISTS: [(&str, &str); 7] = [
    ("events", "events"),
    ("replicationcontrollers", "replication-controllers"),
    ("services", "services"),
    ("daemonsets", "daemonsets"),
    ("deployments", "deployments"),
    ("replicasets", "replicasets"),
    ("pods", "pods"),
];

impl Dump {
    /// Where the files go; `None` for stdout.
    fn folder(&self) -> Option<&str> {
        Some(self.output_directory.as_str()).filter(|d| !d.is_empty() && *d != "-")
    }

    fn namespaces(&self, cx: &mut Context) -> anyhow::Result<Vec<String>> {
        if self.all_namespaces {
            let kind = resources::kind(cx, "namespaces")?;
            let all = cx.client()?.read(|c| apiserver::list(c, kind, None))?;
            return Ok(all.iter().map(|n| n.name().to_owned()).collect());
        }
        if self.namespaces.is_empty() {
            return Ok(vec!["kube-system".to_owned(), cx.namespace().to_owned()]);
        }
        Ok(self.namespaces.clone())
    }

    /// Dumps the objects of a kind as a list of that kind.
    fn list(
        &self,
        cx: &mut Context,
        printer: &mut Printer,
        (resource, namespace): (&str, Option<&str>),
        file: &str,
    ) -> anyhow::Result<()> {
        let kind = resources::kind(cx, resource)?;
        let (objects, version) =
            cx.client()?.read(|c| Ok((apiserver::list(c, kind, namespace)?, c.resource_version())))?;
        let items: Vec<Value> = objects.iter().map(without_type).collect();
        let names = kind.names();
        let list = Object::from_value(json!({
            "apiVersion": names.api_version, "items": items, "kind": format!("{}List", names.kind),
            "metadata": {"resourceVersion": version.to_string()},
        }));
        let extension = match self.output.as_str() {
            "json" => ".json",
            "yaml" => ".yaml",
            _ => ".txt",
        };
        let mut text = Vec::new();
        printer.print(&list.unwrap_or_default(), "", &mut text)?;
        self.write(cx, &format!("{file}{extension}"), &text)
    }

    fn write(&self, cx: &mut Context, file: &str, text: &[u8]) -> anyhow::Result<()> {
        match self.folder() {
            None => Ok(cx.env.stdout.write_all(text)?),
            Some(folder) => {
                let path = cx.env.cwd.join(folder).join(file);
                Ok(program::write_below(&path, text)?)
            }
        }
    }
}

/// An item of a typed list has no type of its own.
fn without_type(object: &Arc<Object>) -> Value {
    let mut body = object.body().to_map();
    body.remove("kind");
    body.remove("apiVersion");
    Value::Object(body)
}

/// The logs of a pod's containers.
fn logs(pod: &Object) -> String {
    let containers = pod.list_at("/spec/initContainers").iter().chain(pod.list_at("/spec/containers"));
    let names = containers.filter_map(|c| c.get("name").and_then(Value::as_str));
    let place = format!("{}/{}", pod.namespace(), pod.name());
    names
        .map(|name| {
            format!(
                "==== START logs for container {name} of pod {place} ====\n==== END logs for container {name} of pod {place} \
                 ====\n"
            )
        })
        .collect()
}
