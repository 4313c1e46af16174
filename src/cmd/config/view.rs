//! `config view`: the kubeconfig, whole or as far as the current context needs it. Knows no store.

use crate::cmd::flags::{SHOW_MANAGED_FIELDS, TemplateFlags};
use clap::ArgAction;
use serde_json::{Map, Value};

use super::{certs, declared};
use crate::apimachinery::object::Object;
use crate::cmd::context::Context;
use crate::cmd::kubeconfig::Kubeconfig;
use crate::cmd::manifest;
use crate::cmd::support::Flag;
use crate::cmd::verbs::Run;
use crate::printers::{FORMATS, Format, Printer};

/// Arguments of `config view`.
#[derive(clap::Args)]
pub struct View {
    args: Vec<String>,
    #[command(flatten)]
    templates: TemplateFlags,
    #[arg(long, help = "Remove all information not used by current-context from the output")]
    minify: bool,
    #[arg(
        short = 'o',
        long,
        value_name = "string",
        default_value = "yaml",
        help = "Output format. One of: (json, yaml, name, go-template, go-template-file, template, templatefile, jsonpath, jsonpath-as-json, jsonpath-file)."
    )]
    output: String,
    #[arg(
        long,
        help = "Flatten the resulting kubeconfig file into self-contained output (useful for creating portable \
        kubeconfig files)"
    )]
    flatten: bool,
    #[arg(long, action = ArgAction::Set, default_value = "true", value_name = "bool", num_args = 0..=1, require_equals = true, default_missing_value = "true", help = "Merge the full hierarchy of kubeconfig files")]
    merge: bool,
    #[arg(long, help = "Display raw byte data and sensitive data")]
    raw: bool,
}

const OTHER_FLAGS: &[Flag] = &[SHOW_MANAGED_FIELDS];

/// The fields that are not shown without `--raw`, and what stands for each.
const SECRETS: &[(&str, &str)] = &[
    ("certificate-authority-data", "DATA+OMITTED"),
    ("client-certificate-data", "DATA+OMITTED"),
    ("client-key-data", "DATA+OMITTED"),
    ("token", "REDACTED"),
    ("password", "REDACTED"),
];

impl Run for View {
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const LONG: &'static str = "Display merged kubeconfig settings or a specified kubeconfig file.

 You can use --output jsonpath={...} to extract specific values using a jsonpath expression.";
    const EXAMPLES: &'static str = r#"  # Show merged kubeconfig settings
  kubectl config view
  
  # Show merged kubeconfig settings, raw certificate data, and exposed secrets
  kubectl config view --raw
  
  # Get the password for the e2e user
  kubectl config view -o jsonpath='{.users[?(@.name == "e2e")].user.password}'"#;
    const USAGE: &'static str = "view [flags]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if !self.args.is_empty() {
            return Err(cx.usage_error(format!("unexpected arguments: [{}]", self.args.join(" "))));
        }
        // The default of `-o` gives way to a template.
        let output = if cx.is_given("template") && !cx.is_given("output") { "" } else { self.output.as_str() };
        let flags = self.templates.of(output);
        let format = Format::parse(&flags, FORMATS, &|path| manifest::read_text(cx.env, path))?;
        if !self.merge && !cx.is_given("kubeconfig") {
            anyhow::bail!("if merge==false a precise file must be specified");
        }
        let mut config = Kubeconfig::load(cx.env)?;
        if !cx.global.context.is_empty() {
            config.current.clone_from(&cx.global.context);
        }
        if self.minify {
            minify(&mut config)?;
        }
        let folder = config.folder();
        if self.flatten {
            certs::flatten(cx, &mut config.clusters, &folder)?;
            certs::flatten(cx, &mut config.users, &folder)?;
        } else if !self.raw {
            [&mut config.clusters, &mut config.users].into_iter().for_each(redact);
        }
        let object = Object::from_value(config.to_value()).unwrap_or_default();
        match format {
            // Go writes a kubeconfig's fields in the order of their declaration.
            Format::Json => Ok(cx.print(&format!("{}\n", declared::json(&object.to_value())))?),
            Format::Name => Ok(cx.print("config/<unknown>\n")?),
            format => Printer::new(format, false).print(&object, "", &mut cx.env.stdout),
        }
    }
}

/// Leaves only what the current context needs.
fn minify(config: &mut Kubeconfig) -> anyhow::Result<()> {
    let name = config.current.clone();
    if name.is_empty() {
        anyhow::bail!("current-context must exist in order to minify");
    }
    if !config.contexts.contains_key(&name) {
        anyhow::bail!("cannot locate context {name}");
    }
    let (cluster, user) = (config.context_field(&name, "cluster"), config.context_field(&name, "user"));
    let (cluster, user) = (cluster.to_owned(), user.to_owned());
    for (what, entries, name) in [("user", &config.users, &user), ("cluster", &config.clusters, &cluster)] {
        if !name.is_empty() && !entries.contains_key(name) {
            anyhow::bail!("cannot locate {what} {name}");
        }
    }
    config.contexts.retain(|n, _| *n == name);
    config.clusters.retain(|n, _| *n == cluster);
    config.users.retain(|n, _| *n == user);
    Ok(())
}

fn redact(entries: &mut Map<String, Value>) {
    for entry in entries.values_mut().filter_map(Value::as_object_mut) {
        for (field, shown) in SECRETS {
            if let Some(value) = entry.get_mut(*field) {
                *value = (*shown).into();
            }
        }
    }
}
