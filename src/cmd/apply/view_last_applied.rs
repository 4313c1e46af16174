//! `apply view-last-applied`: what was applied last, of the annotation. Knows no kind.

use serde_json::Value;

use crate::apimachinery::go_value;
use crate::cmd::context::Context;
use crate::cmd::flags::{KUSTOMIZE, RecursiveFlag, SelectorFlag};
use crate::cmd::infos::{self, From, Query};
use crate::cmd::last_applied;
use crate::cmd::support::Flag;
use crate::cmd::verbs::{Operands, Run};
use crate::printers::yaml;

/// Arguments of `apply view-last-applied`.
#[derive(clap::Args)]
pub struct ViewLastApplied {
    args: Vec<String>,
    #[arg(long, help = "Select all resources in the namespace of the specified resource types")]
    all: bool,
    #[arg(
        short = 'f',
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files that contains the last-applied-configuration annotations"
    )]
    filename: Vec<String>,
    #[arg(
        short = 'o',
        long,
        value_name = "string",
        default_value = "yaml",
        help = "Output format. Must be one of (yaml, json)"
    )]
    output: String,
    #[command(flatten)]
    files: RecursiveFlag,
    #[command(flatten)]
    select: SelectorFlag,
}

const OTHER_FLAGS: &[Flag] = &[KUSTOMIZE];

const LONG: &str = r#"View the latest last-applied-configuration annotations by type/name or file.

 The default output will be printed to stdout in YAML format. You can use the -o option to change the output format."#;

const EXAMPLES: &str = r#"  # View the last-applied-configuration annotations by type/name in YAML
  kubectl apply view-last-applied deployment/nginx
  
  # View the last-applied-configuration annotations by file in JSON
  kubectl apply view-last-applied -f deploy.yaml -o json"#;

impl Run for ViewLastApplied {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "view-last-applied (TYPE [NAME | -l label] | TYPE/NAME | -f FILENAME)";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let query = Query {
            args: &self.args,
            filenames: &self.filename,
            recursive: self.files.recursive,
            selector: &self.select.selector,
            all: self.all,
            from: From::Store,
            ..Query::default()
        };
        let mut found = Vec::new();
        infos::find(cx, &query)?.visit(|info| {
            match last_applied::get(&info.object)? {
                Some(applied) => found.push(Value::Object(applied)),
                None if info.source.is_empty() => {}
                None => anyhow::bail!(
                    "error when no last-applied-configuration annotation found on resource: {}\n {:?}: <nil>",
                    info.name,
                    info.source
                ),
            }
            Ok(())
        })?;
        for applied in found {
            let text = match self.output.as_str() {
                "yaml" => yaml::to_string(&applied),
                "json" => format!("{}\n", go_value::json_indent(&applied).replace("    ", "  ")),
                other => {
                    return Err(cx.usage_error(format!(
                        "Unexpected -o output mode: {other}, the flag 'output' must be one of yaml|json"
                    )));
                }
            };
            cx.print(&text)?;
        }
        Ok(())
    }
}
