//! `set image`: the images of containers. Knows no kind.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Change, find};
use crate::cmd::context::Context;
use crate::cmd::dry_run::DryRun;
use crate::cmd::errors::aggregate;
use crate::cmd::flags::{DryRunFlag, KUSTOMIZE, PrintFlags, RecursiveFlag, SelectorFlag, field_manager};
use crate::cmd::infos::Query;
use crate::cmd::pairs;
use crate::cmd::record::RECORD;
use crate::cmd::support::Flag;
use crate::cmd::verbs::{Operands, Run};

/// Arguments of `set image`.
#[derive(clap::Args)]
pub struct Image {
    args: Vec<String>,
    #[arg(long, help = "Select all resources, in the namespace of the specified resource types")]
    all: bool,
    #[arg(
        short = 'f',
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files identifying the resource to get from a server."
    )]
    filename: Vec<String>,
    #[arg(long, help = "If true, set image will NOT contact api-server but run locally.")]
    local: bool,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    files: RecursiveFlag,
    #[command(flatten)]
    print: PrintFlags,
    #[command(flatten)]
    select: SelectorFlag,
}

const OTHER_FLAGS: &[Flag] = &[field_manager("kubectl-set"), KUSTOMIZE, RECORD];

const LONG: &str = r#"Update existing container image(s) of resources.

 Possible resources include (case insensitive):

        pod (po), replicationcontroller (rc), deployment (deploy), daemonset (ds), statefulset (sts), cronjob (cj), replicaset (rs)"#;

const EXAMPLES: &str = r#"  # Set a deployment's nginx container image to 'nginx:1.9.1', and its busybox container image to 'busybox'
  kubectl set image deployment/nginx busybox=busybox nginx=nginx:1.9.1
  
  # Update all deployments' and rc's nginx container's image to 'nginx:1.9.1'
  kubectl set image deployments,rc nginx=nginx:1.9.1 --all
  
  # Update image of all containers of daemonset abc to 'nginx:1.9.1'
  kubectl set image daemonset abc *=nginx:1.9.1
  
  # Print result (in yaml format) of updating nginx container image from local file, without hitting the server
  kubectl set image -f path/to/file.yaml nginx=nginx:1.9.1 --local -o yaml"#;

impl Run for Image {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str =
        "image (-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let dry_run = self.dry_run.parse(cx)?;
        let printer = self.print.printer(cx)?;
        let (args, images) = pairs::split(&self.args, "image")?;
        let images = parse(&images)?;
        let query = Query {
            args: &args,
            filenames: &self.filename,
            recursive: self.files.recursive,
            selector: &self.select.selector,
            all: self.all,
            ..Query::default()
        };
        let infos = find(cx, &query, self.local)?;
        aggregate(self.problems(&args, &images, dry_run))?;
        let mut change = Change {
            local: self.local,
            dry_run,
            done: "image updated",
            failed: "failed to patch image update to pod template: ",
            skips_unchanged: true,
            printer,
        };
        let mut errors = Vec::new();
        let failed = change.run(cx, &infos, &mut |_, _, spec| {
            for (name, image) in &images {
                if !set_image(spec, name, image) {
                    errors.push(anyhow::anyhow!("error: unable to find container named {name:?}"));
                }
            }
            Ok(())
        });
        errors.extend(failed);
        aggregate(errors)
    }
}

impl Image {
    fn problems(&self, args: &[String], images: &BTreeMap<String, String>, dry_run: DryRun) -> Vec<anyhow::Error> {
        let mut problems = Vec::new();
        if self.all && !self.select.selector.is_empty() {
            problems.push("cannot set --all and --selector at the same time");
        }
        if args.is_empty() && self.filename.is_empty() {
            problems.push("one or more resources must be specified as <resource> <name> or <resource>/<name>");
        }
        if images.is_empty() {
            problems.push("at least one image update is required");
        } else if images.len() > 1 && images.contains_key("*") {
            problems.push(
                "all containers are already specified by *, but saw more than one \
                 container_name=container_image pairs",
            );
        }
        if self.local && dry_run == DryRun::Server {
            problems.push("cannot specify --local and --dry-run=server - did you mean --dry-run=client?");
        }
        problems.into_iter().map(anyhow::Error::msg).collect()
    }
}

/// Reads `CONTAINER=IMAGE`.
fn parse(pairs: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    let (mut images, mut invalid) = (BTreeMap::new(), Vec::new());
    for pair in pairs {
        match pair.split_once('=') {
            Some((name, image)) if !name.is_empty() => drop(images.insert(name.to_owned(), image.to_owned())),
            _ => invalid.push(pair.as_str()),
        }
    }
    match invalid.as_slice() {
        [] => Ok(images),
        some => anyhow::bail!("invalid image format: {}", some.join(", ")),
    }
}

/// Sets the image of the containers of a name, or of all for `*`; says whether there was one.
fn set_image(spec: &mut Map<String, Value>, name: &str, image: &str) -> bool {
    let mut found = false;
    for list in ["initContainers", "containers"] {
        let items = spec.get_mut(list).and_then(Value::as_array_mut).map(|l| l.iter_mut()).into_iter().flatten();
        for container in items.filter_map(Value::as_object_mut) {
            if name == "*" || container.get("name").is_some_and(|n| n == name) {
                container.insert("image".to_owned(), image.into());
                found = true;
            }
        }
    }
    found
}
