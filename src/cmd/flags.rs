//! Flags that many verbs share. Knows no verb.

use clap::ArgAction;

use super::context::Context;
use super::dry_run::DryRun;
use super::manifest;
use super::support::{Flag, Support};
use crate::printers::{FORMATS, Format, OutputFlags, Printer};

/// How a verb prints what it did.
#[derive(clap::Args)]
pub struct PrintFlags {
    #[arg(long, action = ArgAction::Set, default_value = "true", value_name = "bool", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        help = "If true, ignore any errors in templates when a field or map key is missing in the template. Only \
        applies to golang and jsonpath output formats.")]
    allow_missing_template_keys: bool,
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
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Template string or path to template file to use when -o=go-template, -o=go-template-file. The template \
        format is golang templates [http://golang.org/pkg/text/template/#pkg-overview]."
    )]
    template: String,
}

impl PrintFlags {
    /// The printer they ask for.
    ///
    /// # Errors
    /// A format that is none, or a template that cannot be read.
    pub fn printer(&self, cx: &Context) -> anyhow::Result<Printer> {
        let flags = OutputFlags {
            output: &self.output,
            template: &self.template,
            allow_missing_keys: self.allow_missing_template_keys,
            no_headers: false,
        };
        let format = Format::parse(&flags, FORMATS, &|path| manifest::read_text(cx.env, path))?;
        Ok(Printer::new(format, self.show_managed_fields))
    }
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
    Flag::new(
        "field-manager",
        "string",
        default,
        Support::NoEffect("only server-side apply tracks field ownership"),
        "Name of the manager used to track field ownership.",
    )
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
