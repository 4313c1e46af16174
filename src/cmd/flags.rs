//! Flags that many verbs share. Knows no verb.

use std::time::Duration;

use clap::ArgAction;

use super::context::Context;
use super::dry_run::DryRun;
use super::go;
use super::manifest;
use super::support::{Flag, Support};
use crate::printers::{FORMATS, Format, OutputFlags, Printer};

/// How a verb prints what it did.
#[derive(clap::Args)]
pub struct PrintFlags {
    #[arg(
        short,
        long,
        value_name = "string",
        default_value = "",
        help = "Output format. One of: (json, yaml, name, go-template, go-template-file, template, templatefile, \
        jsonpath, jsonpath-as-json, jsonpath-file)."
    )]
    pub output: String,
    #[arg(long, help = "If true, keep the managedFields when printing objects in JSON or YAML format.")]
    pub show_managed_fields: bool,
    #[command(flatten)]
    templates: TemplateFlags,
}

impl PrintFlags {
    /// The printer they ask for.
    ///
    /// # Errors
    /// A format that is none, or a template that cannot be read.
    pub fn printer(&self, cx: &Context) -> anyhow::Result<Printer> {
        let format =
            Format::parse(&self.templates.of(&self.output), FORMATS, &|path| manifest::read_text(cx.env, path))?;
        Ok(Printer::new(format, self.show_managed_fields).typed(is_typed(cx)))
    }
}

/// Whether a verb holds its objects in Go's types: those that make them, and those that read them so.
fn is_typed(cx: &Context) -> bool {
    let verb = cx.path.as_str();
    let makes = ["create ", "set ", "rollout "].iter().any(|group| verb.starts_with(group));
    makes || matches!(verb, "run" | "autoscale" | "taint" | "events") || (verb == "expose" && cx.is_given("dry-run"))
}

/// How templates are read.
#[derive(clap::Args)]
pub struct TemplateFlags {
    #[arg(long, action = ArgAction::Set, default_value = "true", value_name = "bool", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        help = "If true, ignore any errors in templates when a field or map key is missing in the template. Only \
        applies to golang and jsonpath output formats.")]
    allow_missing_template_keys: bool,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Template string or path to template file to use when -o=go-template, -o=go-template-file. The template \
        format is golang templates [http://golang.org/pkg/text/template/#pkg-overview]."
    )]
    template: String,
}

impl TemplateFlags {
    /// Whether there is a template: without a format that asks for go-template.
    pub fn is_given(&self) -> bool {
        !self.template.is_empty()
    }

    /// With a format, what prints objects.
    pub fn of<'f>(&'f self, output: &'f str) -> OutputFlags<'f> {
        OutputFlags {
            output,
            template: &self.template,
            allow_missing_keys: self.allow_missing_template_keys,
            no_headers: false,
        }
    }
}

/// `--validate`.
#[derive(clap::Args)]
pub struct ValidateFlag {
    #[arg(long, value_name = "string", default_value = "strict", num_args = 0..=1, require_equals = true, default_missing_value = "strict",
        help = "Must be one of: strict (or true), warn, ignore (or false). \"true\" or \"strict\" will use a schema to \
        validate the input and fail the request if invalid. It will perform server side validation if \
        ServerSideFieldValidation is enabled on the api-server, but will fall back to less reliable client-side \
        validation if not. \"warn\" will warn about unknown or duplicate fields without blocking the request if \
        server-side field validation is enabled on the API server, and behave as \"ignore\" otherwise. \
        \"false\" or \"ignore\" will not perform any schema validation, silently dropping any unknown or \
        duplicate fields.")]
    pub validate: String,
}

/// `--save-config`.
#[derive(clap::Args)]
pub struct SaveConfigFlag {
    #[arg(
        long,
        help = "If true, the configuration of current object will be saved in its annotation. Otherwise, the annotation will be unchanged. This flag is useful when you want to perform kubectl apply on this object in the future."
    )]
    pub save_config: bool,
}

/// `-A`, in the words of `get`.
#[derive(clap::Args)]
pub struct AllNamespacesFlag {
    #[arg(
        short = 'A',
        long,
        help = "If present, list the requested object(s) across all namespaces. Namespace in current context is ignored \
        even if specified with --namespace."
    )]
    pub all_namespaces: bool,
}

/// How `apply` and `replace` delete.
#[derive(clap::Args)]
pub struct DeletionFlags {
    #[arg(
        long,
        value_name = "string",
        default_value = "background",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "background",
        help = "Must be \"background\", \"orphan\", or \"foreground\". Selects the deletion cascading strategy for the \
        dependents (e.g. Pods created by a ReplicationController). Defaults to background."
    )]
    pub cascade: String,
    #[arg(
        long,
        help = "If true, immediately remove resources from API and bypass graceful deletion. Note that immediate deletion \
        of some resources may result in inconsistency or data loss and requires confirmation."
    )]
    pub force: bool,
    #[arg(
        long,
        value_name = "int",
        default_value = "-1",
        help = "Period of time in seconds given to the resource to terminate gracefully. Ignored if negative. Set to 1 \
        for immediate shutdown. Can only be set to 0 when --force is true (force deletion)."
    )]
    pub grace_period: i64,
    #[arg(long, value_name = "duration", default_value = "0s", value_parser = go::duration, help = "The length of time to wait before giving up on a delete, zero means determine a timeout from the size of \
        the object")]
    pub timeout: Duration,
    #[arg(long, help = "If true, wait for resources to be gone before returning. This waits for finalizers.")]
    pub wait: bool,
}

/// What a new object is made of besides its generator.
#[derive(clap::Args)]
pub struct OverrideFlags {
    #[arg(
        long,
        value_name = "string",
        default_value = "merge",
        help = "The method used to override the generated object: json, merge, or strategic."
    )]
    pub override_type: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "An inline JSON override for the generated object. If this is non-empty, it is used to override the \
        generated object. Requires that the object supply a valid apiVersion field."
    )]
    pub overrides: String,
}

/// `--pod-running-timeout`.
#[derive(clap::Args)]
pub struct PodRunningFlag {
    #[arg(long, value_name = "duration", default_value = "1m0s", value_parser = go::duration,
        help = "The length of time (like 5s, 2m, or 3h, higher than zero) to wait until at least one pod is running")]
    pub pod_running_timeout: Duration,
}

/// `-c`, where a pod's first container is the default.
#[derive(clap::Args)]
pub struct ContainerFlag {
    #[arg(
        short,
        long,
        value_name = "string",
        default_value = "",
        help = "Container name. If omitted, use the kubectl.kubernetes.io/default-container annotation for selecting \
        the container to be attached or the first container in the pod will be chosen"
    )]
    pub container: String,
}

/// What passes between the caller and a process in a container.
#[derive(clap::Args)]
pub struct StreamFlags {
    #[arg(short, long, help = "Only print output from the remote session")]
    pub quiet: bool,
    #[arg(short = 'i', long, help = "Pass stdin to the container")]
    pub stdin: bool,
    #[arg(short, long, help = "Stdin is a TTY")]
    pub tty: bool,
}

/// `--dry-run`.
#[derive(clap::Args)]
pub struct DryRunFlag {
    #[arg(long, value_name = "string", default_value = "none", num_args = 0..=1, require_equals = true, default_missing_value = "unchanged",
        help = "Must be \"none\", \"server\", or \"client\". If client strategy, only print the object that would be \
        sent, without sending it. If server strategy, submit server-side request without persisting the \
        resource.")]
    dry_run: String,
}

impl DryRunFlag {
    /// Reads it; see [`DryRun::parse`].
    pub fn parse(&self, cx: &mut Context) -> anyhow::Result<DryRun> {
        DryRun::parse(&self.dry_run, cx)
    }
}

/// `-R`.
#[derive(clap::Args)]
pub struct RecursiveFlag {
    #[arg(
        short = 'R',
        long,
        help = "Process the directory used in -f, --filename recursively. Useful when you want to manage related \
        manifests organized within the same directory."
    )]
    pub recursive: bool,
}

/// `-l`.
#[derive(clap::Args)]
pub struct SelectorFlag {
    #[arg(
        short = 'l',
        long,
        value_name = "string",
        default_value = "",
        help = "Selector (label query) to filter on, supports '=', '==', and '!='.(e.g. -l key1=value1,key2=value2). \
        Matching objects must satisfy all of the specified label constraints."
    )]
    pub selector: String,
}

/// `--field-selector`.
#[derive(clap::Args)]
pub struct FieldSelectorFlag {
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Selector (field query) to filter on, supports '=', '==', and '!='.(e.g. --field-selector \
        key1=value1,key2=value2). The server only supports a limited number of field queries per type."
    )]
    pub field_selector: String,
}

/// `--chunk-size`.
pub const CHUNK_SIZE: Flag = Flag::new(
    "chunk-size",
    "int",
    "500",
    Support::NoEffect("a list is read at once"),
    "Return large lists in chunks rather than all at once. Pass 0 to disable. This flag is beta and may \
        change in the future.",
);

/// `--show-managed-fields`, where what is printed has none.
pub const SHOW_MANAGED_FIELDS: Flag = Flag::new(
    "show-managed-fields",
    "bool",
    "false",
    Support::Served,
    "If true, keep the managedFields when printing objects in JSON or YAML format.",
);

/// `-k`.
pub const KUSTOMIZE: Flag = Flag::new(
    "kustomize",
    "string",
    "",
    Support::Served,
    "Process the kustomization directory. This flag can't be used together with -f or -R.",
)
.short('k');

/// `-k`, in the words of `apply` and `replace`.
pub const A_KUSTOMIZE: Flag = Flag::new(
    "kustomize",
    "string",
    "",
    Support::Served,
    "Process a kustomization directory. This flag can't be used together with -f or -R.",
)
.short('k');

/// `--field-manager` of a verb that writes without server-side apply.
pub const fn field_manager(default: &'static str) -> Flag {
    Flag::new("field-manager", "string", default, Support::Served, "Name of the manager used to track field ownership.")
}

/// # Errors
/// cobra's text for flags that must be given, and are not.
pub fn required(cx: &Context, flags: &[&str]) -> anyhow::Result<()> {
    let missing: Vec<String> = flags.iter().filter(|f| !cx.is_given(f)).map(|f| format!("{f:?}")).collect();
    if !missing.is_empty() {
        anyhow::bail!("required flag(s) {} not set", missing.join(", "));
    }
    Ok(())
}
