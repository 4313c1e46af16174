//! What `debug` is asked: its flags, and kubectl's checks of them. Knows no object.

use std::collections::BTreeMap;

use clap::ArgAction;

use super::profile::Profile;
use crate::apimachinery::quote::quote;
use crate::cmd::context::Context;
use crate::cmd::run::is_image;

/// Arguments of `debug`.
#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "kubectl's flags")]
pub struct Debug {
    pub(super) args: Vec<String>,
    #[arg(
        long,
        help = "If specified, everything after -- will be passed to the new container as Args instead of Command."
    )]
    pub(super) arguments_only: bool,
    #[arg(
        long,
        help = "If true, wait for the container to start running, and then attach as if 'kubectl attach ...' were called.  Default false, unless '-i/--stdin' is set, in which case the default is true."
    )]
    pub(super) attach: bool,
    #[arg(
        short = 'c',
        long,
        value_name = "string",
        default_value = "",
        help = "Container name to use for debug container."
    )]
    pub(super) container: String,
    #[arg(long, value_name = "string", default_value = "", help = "Create a copy of the target Pod with this name.")]
    pub(super) copy_to: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Path to a JSON or YAML file containing a partial container spec to customize built-in debug profiles."
    )]
    pub(super) custom: String,
    #[arg(long, value_name = "strings", help = "Environment variables to set in the container.")]
    pub(super) env: Vec<String>,
    #[arg(short = 'f', long, value_name = "strings", help = "identifying the resource to debug")]
    pub(super) filename: Vec<String>,
    #[arg(long, value_name = "string", default_value = "", help = "Container image to use for debug container.")]
    pub(super) image: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "The image pull policy for the container. If left empty, this value will not be specified by the client and defaulted by the server."
    )]
    pub(super) image_pull_policy: String,
    #[arg(long, help = "If true, keep the original pod annotations.(This flag only works when used with '--copy-to')")]
    pub(super) keep_annotations: bool,
    #[arg(long, action = ArgAction::Set, default_value = "true", value_name = "bool", num_args = 0..=1, require_equals = true, default_missing_value = "true", help = "Run the init containers for the pod. Defaults to true.(This flag only works when used with '--copy-to')")]
    pub(super) keep_init_containers: bool,
    #[arg(long, help = "If true, keep the original pod labels.(This flag only works when used with '--copy-to')")]
    pub(super) keep_labels: bool,
    #[arg(
        long,
        help = "If true, keep the original pod liveness probes.(This flag only works when used with '--copy-to')"
    )]
    pub(super) keep_liveness: bool,
    #[arg(
        long,
        help = "If true, keep the original pod readiness probes.(This flag only works when used with '--copy-to')"
    )]
    pub(super) keep_readiness: bool,
    #[arg(long, help = "If true, keep the original startup probes.(This flag only works when used with '--copy-to')")]
    pub(super) keep_startup: bool,
    #[arg(
        long,
        value_name = "string",
        default_value = "legacy",
        help = "Options are \"legacy\", \"general\", \"baseline\", \"netadmin\", \"restricted\" or \"sysadmin\"."
    )]
    pub(super) profile: String,
    #[arg(short = 'q', long, help = "If true, suppress informational messages.")]
    pub(super) quiet: bool,
    #[arg(long, help = "When used with '--copy-to', delete the original Pod.")]
    pub(super) replace: bool,
    #[arg(long, help = "When used with '--copy-to', schedule the copy of target Pod on the same node.")]
    pub(super) same_node: bool,
    #[arg(
        long,
        value_name = "strings",
        help = "When used with '--copy-to', a list of name=image pairs for changing container images, similar to how 'kubectl set image' works."
    )]
    pub(super) set_image: Vec<String>,
    #[arg(long, action = ArgAction::Set, default_value = "true", value_name = "bool", num_args = 0..=1, require_equals = true, default_missing_value = "true", help = "When used with '--copy-to', enable process namespace sharing in the copy.")]
    pub(super) share_processes: bool,
    #[arg(short = 'i', long, help = "Keep stdin open on the container(s) in the pod, even if nothing is attached.")]
    pub(super) stdin: bool,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "When using an ephemeral container, target processes in this container name."
    )]
    pub(super) target: String,
    #[arg(short = 't', long, help = "Allocate a TTY for the debugging container.")]
    pub(super) tty: bool,
}

impl Debug {
    /// What stands before `--`: the objects; and behind it: the command.
    pub(super) fn split(&self, cx: &Context) -> (&[String], &[String]) {
        self.args.split_at(cx.dash.unwrap_or(self.args.len()).min(self.args.len()))
    }

    /// Whether to attach once the container runs.
    pub(super) fn attaches(&self, cx: &Context) -> bool {
        self.attach || (self.stdin && !cx.is_given("attach"))
    }

    /// The profile by its name.
    pub(super) fn profile(&self) -> anyhow::Result<Profile> {
        Profile::parse(&self.profile).ok_or_else(|| anyhow::anyhow!("unknown profile: {}", self.profile))
    }

    /// `--env` and `--set-image`: pairs by name.
    pub(super) fn pairs(cx: &Context, flag: &str, given: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
        let pair = |text: &String| match text.split_once('=') {
            Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
            None => Err(anyhow::anyhow!(
                "invalid argument {} for \"--{flag}\" flag: {text} must be formatted as key=value\n\
                 See '{} debug --help' for usage.",
                quote(&given.join(",")),
                cx.program
            )),
        };
        given.iter().map(pair).collect()
    }

    /// kubectl's checks, in its order; says what is said between them.
    pub(super) fn check(&self, cx: &mut Context, images: &BTreeMap<String, String>) -> anyhow::Result<()> {
        let (names, command) = self.split(cx);
        let (names, command) = (names.len(), command.len());
        if self.attach && cx.is_given("attach") && self.image.is_empty() && self.container.is_empty() {
            anyhow::bail!("you must specify --container or create a new container using --image in order to attach.");
        }
        self.check_copy(images, command)?;
        if !self.image.is_empty() && !is_image(&self.image) {
            anyhow::bail!("invalid image name {}: invalid reference format", quote(&self.image));
        }
        if names == 0 && self.filename.is_empty() {
            anyhow::bail!("NAME or filename is required for debug");
        }
        if !matches!(self.image_pull_policy.as_str(), "" | "Always" | "IfNotPresent" | "Never") {
            anyhow::bail!("invalid image pull policy: {}", self.image_pull_policy);
        }
        if let Some((name, image)) = images.iter().find(|(_, image)| !is_image(image)) {
            let (image, name) = (quote(image), quote(name));
            anyhow::bail!("invalid image name {image} for container {name}: invalid reference format");
        }
        if !self.target.is_empty() {
            if !self.copy_to.is_empty() {
                anyhow::bail!("--target is incompatible with --copy-to. Use --share-processes instead.");
            }
            if !self.quiet {
                let target = quote(&self.target);
                cx.print(&format!(
                    "Targeting container {target}. If you don't see processes from this container it may be because \
                     the container runtime doesn't support this feature.\n"
                ))?;
            }
        }
        if self.tty && !self.stdin {
            anyhow::bail!("-i/--stdin is required for containers with -t/--tty=true");
        }
        Ok(())
    }

    /// What goes with `--copy-to`, and what does not go without.
    fn check_copy(&self, images: &BTreeMap<String, String>, command: usize) -> anyhow::Result<()> {
        let has_image = !self.image.is_empty();
        let why = if !self.copy_to.is_empty() {
            match () {
                () if !has_image && images.is_empty() && command == 0 => {
                    "you must specify --image, --set-image or command arguments."
                }
                () if command > 0 && self.container.is_empty() && !has_image => {
                    "you must specify an existing container or a new image when specifying args."
                }
                () => return Ok(()),
            }
        } else {
            match () {
                () if self.replace => "--replace may only be used with --copy-to.",
                () if self.same_node => "--same-node may only be used with --copy-to.",
                () if !images.is_empty() => "--set-image may only be used with --copy-to.",
                () if !has_image => "you must specify --image when not using --copy-to.",
                () => return Ok(()),
            }
        };
        anyhow::bail!("{why}")
    }
}
