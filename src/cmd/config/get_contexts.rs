//! `config get-contexts`: the contexts as a table. Knows the kubeconfig, no store.

use crate::apimachinery::tabwriter::TabWriter;
use crate::cmd::context::Context;
use crate::cmd::errors::aggregate;
use crate::cmd::kubeconfig::Kubeconfig;
use crate::cmd::verbs::Run;

/// Arguments of `config get-contexts`.
#[derive(clap::Args)]
pub struct GetContexts {
    args: Vec<String>,
    #[arg(
        long,
        help = "When using the default or custom-column output format, don't print headers (default print headers)."
    )]
    no_headers: bool,
    #[arg(short = 'o', long, value_name = "string", default_value = "", help = "Output format. One of: (name).")]
    output: String,
}

impl Run for GetContexts {
    const LONG: &'static str = "Display one or many contexts from the kubeconfig file.";
    const EXAMPLES: &'static str = "  # List all the contexts in your kubeconfig file
  kubectl config get-contexts
  
  # Describe one context in your kubeconfig file
  kubectl config get-contexts my-context";
    const USAGE: &'static str = "get-contexts [(-o|--output=)name)]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if !matches!(self.output.as_str(), "" | "name") {
            let output = self.output;
            anyhow::bail!(
                "--output {output} is not available in {} config get-contexts; resetting to default output format",
                cx.program
            );
        }
        let config = Kubeconfig::load(cx.env)?;
        let mut errors = Vec::new();
        let mut names: Vec<&String> = config.contexts.keys().collect();
        if !self.args.is_empty() {
            names = self.args.iter().filter(|a| config.contexts.contains_key(*a)).collect();
            names.sort();
            let missing = self.args.iter().filter(|a| !config.contexts.contains_key(*a));
            errors.extend(missing.map(|a| anyhow::anyhow!("context {a} not found")));
        }
        let text = if self.output == "name" {
            names.iter().map(|n| format!("{n}\n")).collect()
        } else {
            table(&config, &names, !self.no_headers)
        };
        cx.print(&text)?;
        aggregate(errors)
    }
}

fn table(config: &Kubeconfig, names: &[&String], with_headers: bool) -> String {
    let mut text = String::new();
    if with_headers {
        text += "CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE\n";
    }
    for name in names {
        let mark = if **name == config.current { "*" } else { "" };
        let field = |f| config.context_field(name, f);
        text += &format!("{mark}\t{name}\t{}\t{}\t{}\n", field("cluster"), field("user"), field("namespace"));
    }
    if text.is_empty() {
        return text;
    }
    let mut columns = TabWriter::new(6, 3);
    columns.write(&text);
    columns.flush()
}
