//! `api-versions`: the API versions of the kinds.

use std::collections::BTreeSet;

use super::api_resources::unstored_versions;
use super::context::Context;
use super::verbs::Run;

/// Arguments of `api-versions`.
#[derive(clap::Args)]
pub struct ApiVersions {
    args: Vec<String>,
}

const LONG: &str = r#"Print the supported API versions on the server, in the form of "group/version"."#;

const EXAMPLES: &str = "  # Print the supported API versions
  kubectl api-versions";

impl Run for ApiVersions {
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const USAGE: &'static str = "api-versions";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if !self.args.is_empty() {
            return Err(cx.usage_error(format!("unexpected arguments: [{}]", self.args.join(" "))));
        }
        let registry = cx.registry()?;
        let mut versions: BTreeSet<&str> = unstored_versions().collect();
        for kind in registry.versions() {
            versions.insert(kind.names().api_version);
            versions.extend(kind.other_versions().iter().map(|other| other.api_version));
        }
        Ok(cx.print(&versions.iter().map(|v| format!("{v}\n")).collect::<String>())?)
    }
}
