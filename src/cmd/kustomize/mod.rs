//! `kustomize`, and what `-k` reads: a folder's kustomization, built. Knows files and objects' fields, no store.

mod build;
mod files;
mod generate;
mod hash;
mod kustomization;
mod lists;
mod merge;
mod order;
mod patch;
mod references;
mod replacements;
mod resource;
mod shared;
mod target;
mod transform;
mod types;
mod vars;

use serde_json::Value;

use super::context::Context;
use super::support::{Flag, Support};
use super::verbs::Run;
use crate::Env;
use crate::printers::yaml;

/// Arguments of `kustomize`.
#[derive(clap::Args)]
pub struct Kustomize {
    args: Vec<String>,
    #[arg(
        long,
        value_name = "string",
        default_value = "LoadRestrictionsRootOnly",
        help = "if set to 'LoadRestrictionsNone', local kustomizations may load files from outside their root. This does, however, break the relocatability of the kustomization."
    )]
    load_restrictor: String,
    #[arg(
        short = 'o',
        long,
        value_name = "string",
        default_value = "",
        help = "If specified, write output to this path."
    )]
    output: String,
}

const NO_PLUGINS: Support = Support::NoEffect("kustomize's plugins and Helm are not run");

const OTHER_FLAGS: &[Flag] = &[
    Flag::new(
        "as-current-user",
        "bool",
        "false",
        NO_PLUGINS,
        "use the uid and gid of the command executor to run the function in the container",
    ),
    Flag::new("enable-alpha-plugins", "bool", "false", Support::NotBuilt, "enable kustomize plugins"),
    Flag::new("enable-helm", "bool", "false", Support::NotBuilt, "Enable use of the Helm chart inflator generator."),
    Flag::new("env", "strings", "", NO_PLUGINS, "a list of environment variables to be used by functions").short('e'),
    Flag::new(
        "helm-api-versions",
        "strings",
        "",
        NO_PLUGINS,
        "Kubernetes api versions used by Helm for Capabilities.APIVersions",
    ),
    Flag::new("helm-command", "string", "helm", NO_PLUGINS, "helm command (path to executable)"),
    Flag::new("helm-debug", "bool", "false", NO_PLUGINS, "Enable debug output from the Helm chart inflator generator."),
    Flag::new(
        "helm-kube-version",
        "string",
        "",
        NO_PLUGINS,
        "Kubernetes version used by Helm for Capabilities.KubeVersion",
    ),
    Flag::new("mount", "strings", "", NO_PLUGINS, "a list of storage options read from the filesystem"),
    Flag::new("network", "bool", "false", NO_PLUGINS, "enable network access for functions that declare it"),
    Flag::new("network-name", "string", "bridge", NO_PLUGINS, "the docker network to run the container in"),
];

impl Run for Kustomize {
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const LONG: &'static str = "Build a set of KRM resources using a 'kustomization.yaml' file. The DIR argument must be a path to a directory containing 'kustomization.yaml', or a git repository URL with a path suffix specifying same with respect to the repository root. If DIR is omitted, '.' is assumed.";
    const EXAMPLES: &'static str = "  # Build the current working directory
  kubectl kustomize
  
  # Build some shared configuration directory
  kubectl kustomize /home/config/production
  
  # Build from github
  kubectl kustomize https://github.com/kubernetes-sigs/kustomize.git/examples/helloWorld?ref=v1.0.6";
    const USAGE: &'static str = "kustomize DIR [flags]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let folder = match self.args.as_slice() {
            [] => ".",
            [one] => one,
            _ => anyhow::bail!("specify one path to kustomization.yaml"),
        };
        let restricted = match self.load_restrictor.as_str() {
            "LoadRestrictionsRootOnly" | "rootOnly" => true,
            "LoadRestrictionsNone" | "none" => false,
            other => anyhow::bail!(
                "illegal flag value --load-restrictor {other}; legal values: [LoadRestrictionsRootOnly LoadRestrictionsNone]"
            ),
        };
        let built = build::build(cx.env, folder, restricted);
        built.warnings.iter().for_each(|w| cx.complain(w));
        let text = documents(&built.objects?);
        if self.output.is_empty() {
            return Ok(cx.print(&text)?);
        }
        files::write(cx.env, &self.output, &text)
    }
}

/// The objects that `-k` means, as one stream of YAML; what kustomize warns of goes to stderr.
///
/// # Errors
/// kustomize's texts.
pub fn read(env: &mut Env, folder: &str) -> anyhow::Result<String> {
    let built = build::build(env, folder, true);
    for warning in &built.warnings {
        // Nobody is left to be told when stderr is gone.
        let _ = env.stderr.write_all(warning.as_bytes());
    }
    Ok(documents(&built.objects?))
}

/// Objects in kustomize's order, in which what others need comes first.
pub fn in_order(objects: Vec<Value>) -> Vec<Value> {
    let mut resources: Vec<resource::Resource> = objects.into_iter().map(resource::Resource::new).collect();
    order::sort(&mut resources, None);
    resources.into_iter().map(|r| r.body).collect()
}

fn documents(objects: &[Value]) -> String {
    let texts: Vec<String> = objects.iter().map(yaml::to_string).collect();
    texts.join("---\n")
}
