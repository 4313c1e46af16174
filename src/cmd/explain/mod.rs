//! `explain`: the fields of a kind, with their types. Knows the schema table, no store.

mod plaintext;
mod structural;
mod support;
mod wrap;

pub use support::markdown as support_markdown;

use super::context::Context;
use super::errors::Aggregate;
use super::resources::{self, KindRef};
use super::verbs::{Operands, Run};
use crate::apimachinery::quote::quote;
use crate::apimachinery::schema::Definition;
use crate::kinds::Registry;

/// Arguments of `explain`.
#[derive(clap::Args)]
pub struct Explain {
    args: Vec<String>,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Use given api-version (group/version) of the resource."
    )]
    api_version: String,
    #[arg(
        short = 'o',
        long,
        value_name = "string",
        default_value = "plaintext",
        help = "Format in which to render the schema. Valid values are: (plaintext, plaintext-openapiv2)."
    )]
    output: String,
    #[arg(
        long,
        help = "When true, print the name of all the fields recursively. Otherwise, print the available fields with their description."
    )]
    recursive: bool,
    // Not kubectl's: its help stays as it is.
    #[arg(long, hide = true, help = "List what kstate stores and does not act on.")]
    support: bool,
}

impl Run for Explain {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = r#"Describe fields and structure of various resources.

 This command describes the fields associated with each supported API resource. Fields are identified via a simple JSONPath identifier:

        <type>.<fieldName>[.<fieldName>]
        
 Information about each field is retrieved from the server in OpenAPI format.

Use "kubectl api-resources" for a complete list of supported resources."#;
    const EXAMPLES: &'static str = "  # Get the documentation of the resource and its fields
  kubectl explain pods
  
  # Get all the fields in the resource
  kubectl explain pods --recursive
  
  # Get the explanation for deployment in supported api versions
  kubectl explain deployments --api-version=apps/v1
  
  # Get the documentation of a specific field of a resource
  kubectl explain pods.spec.containers
  
  # Get the documentation of resources in different format
  kubectl explain deployment --output=plaintext-openapiv2";
    const USAGE: &'static str = "explain TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] [-o|--output=plaintext|plaintext-openapiv2]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let request = match self.args.as_slice() {
            [] | [_] if self.support => return self.print_support(cx),
            [one] => one,
            [] => anyhow::bail!(
                "You must specify the type of resource to explain. Use \"{} api-resources\" for a complete list of \
                 supported resources.\n",
                cx.program
            ),
            _ => anyhow::bail!("We accept only this format: explain RESOURCE\n"),
        };
        match self.output.as_str() {
            "plaintext" => {}
            "plaintext-openapiv2" => anyhow::bail!("-o plaintext-openapiv2 of explain is not built into kstate yet"),
            other => anyhow::bail!("unrecognized format: {other}"),
        }
        let (kind, path) = match split(&Registry::built_in(), request) {
            Ok(found) => found,
            Err(_) => split(&cx.registry()?, request)?,
        };
        let kind = of_version(cx, kind, &self.api_version)?;
        let names = kind.names();
        if let Some(schema) = kind.structural() {
            let text = structural::explain(names, schema, &path, self.recursive)?;
            return Ok(cx.print(&text)?);
        }
        let definition = Definition::of_kind(names.api_version, names.kind).ok_or_else(|| {
            anyhow::anyhow!("GVK {}, Kind={} not found in OpenAPI schema", names.api_version, names.kind)
        })?;
        let text = plaintext::explain(names, definition, &path, self.recursive)?;
        Ok(cx.print(&text)?)
    }
}

impl Explain {
    /// What is stored and not acted on, of one kind or of all.
    fn print_support(&self, cx: &mut Context) -> anyhow::Result<()> {
        let kind = match self.args.first() {
            Some(request) => Some(split(&cx.registry()?, request)?.0),
            None => None,
        };
        match (support::table(kind), kind) {
            (Some(table), _) => cx.print(&table)?,
            (None, Some(kind)) => cx.print(&format!("{}: as on a cluster.\n", kind.names().kind))?,
            (None, None) => {}
        }
        Ok(())
    }
}

/// The kind and the field path of `statefulset.spec.template`, or of `statefulsets.apps.spec`.
fn split<'r>(registry: &Registry, request: &'r str) -> anyhow::Result<(KindRef, Vec<&'r str>)> {
    let (word, rest) = request.split_once('.').unwrap_or((request, ""));
    let exact = registry.kinds().filter(|k| !k.names().group.is_empty()).find(|k| {
        let names = k.names();
        let after = rest.strip_prefix(names.group);
        [names.plural, names.singular].contains(&word) && after.is_some_and(|a| a.is_empty() || a.starts_with('.'))
    });
    let (kind, path) = match exact {
        Some(kind) => (kind, rest[kind.names().group.len()..].trim_start_matches('.')),
        // As of kubectl's RESTMapper: without `error: ` before it.
        None => (resources::kind_in(registry, word).map_err(|e| Aggregate(vec![e]))?, rest),
    };
    Ok((kind, path.split('.').filter(|p| !p.is_empty()).collect()))
}

/// The kind as `--api-version` asks for it.
fn of_version(cx: &mut Context, kind: KindRef, version: &str) -> anyhow::Result<KindRef> {
    let names = kind.names();
    if version.is_empty() || version == names.api_version {
        return Ok(kind);
    }
    let registry = cx.registry()?;
    let is_served = registry.versions().any(|k| k.names().api_version == version);
    let other = registry.versions().find(|k| k.names().api_version == version && k.names().plural == names.plural);
    other.ok_or_else(|| {
        let of_core = if version.contains('/') { "" } else { "/" };
        let wanted = format!("{of_core}{version}, Resource={}", names.plural);
        if is_served {
            anyhow::anyhow!("GVR ({wanted}) not found in OpenAPI schema")
        } else {
            anyhow::anyhow!("couldn't find resource for {}", quote(&wanted))
        }
    })
}
