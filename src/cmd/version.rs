//! `version`: the client and server versions. Knows no store: there is no server to ask.

use serde_json::{Map, Value, json};

use super::context::Context;
use super::verbs::Run;

/// Arguments of `version`.
#[derive(clap::Args)]
pub struct Version {
    args: Vec<String>,
    #[arg(long, help = "If true, shows client version only (no server required).")]
    client: bool,
    #[arg(short, long, value_name = "string", default_value = "", help = "One of 'yaml' or 'json'.")]
    output: String,
}

const LONG: &str = "Print the client and server version information for the current context.";

const EXAMPLES: &str = "  # Print the client and server versions for the current context
  kubectl version";

impl Run for Version {
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const USAGE: &'static str = "version [flags]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if !self.args.is_empty() {
            anyhow::bail!("extra arguments: [{}]", self.args.join(" "));
        }
        let text = match self.output.as_str() {
            "" => plain(self.client),
            "json" => format!("{:#}\n", value(self.client)).replace("  ", "  "),
            "yaml" => serde_yaml::to_string(&value(self.client))?,
            _ => anyhow::bail!("--output must be 'yaml' or 'json'"),
        };
        Ok(cx.print(&text)?)
    }
}

/// The kubectl whose dialect is spoken.
const CLIENT: &str = "v1.32.4";

/// The Kubernetes whose API is spoken.
pub const SERVER: &str = "v1.36.2";

fn plain(client_only: bool) -> String {
    let client = format!("Client Version: {CLIENT}\nKustomize Version: v5.5.0\n");
    if client_only { client } else { format!("{client}Server Version: {SERVER}\n") }
}

fn value(client_only: bool) -> Value {
    let mut all = Map::new();
    all.insert("clientVersion".to_owned(), info(CLIENT));
    all.insert("kustomizeVersion".to_owned(), "v5.5.0".into());
    if !client_only {
        all.insert("serverVersion".to_owned(), info(SERVER));
    }
    Value::Object(all)
}

/// One version as the API describes it; what no build of kstate has (a commit, a compiler of Go) is named after it.
fn info(version: &str) -> Value {
    let mut numbers = version.trim_start_matches('v').split('.');
    json!({
        "buildDate": "1970-01-01T00:00:00Z",
        "compiler": "rustc",
        "gitCommit": "",
        "gitTreeState": "clean",
        "gitVersion": version,
        "goVersion": "",
        "major": numbers.next().unwrap_or_default(),
        "minor": numbers.next().unwrap_or_default(),
        "platform": format!("{}/{}", std::env::consts::OS, platform()),
    })
}

/// The machine, as Go calls it.
fn platform() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
