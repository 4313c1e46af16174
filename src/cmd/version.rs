//! `version`: the client and server versions. Knows no store: there is no server to ask.

use serde_json::{Map, Value};

use super::context::Context;
use super::verbs::Run;
use crate::printers::yaml;

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
            "json" => json(self.client),
            "yaml" => yaml::to_string(&value(self.client)),
            _ => anyhow::bail!("--output must be 'yaml' or 'json'"),
        };
        cx.print(&text)?;
        if !self.client {
            cx.env.stdout.flush()?;
            // kubectl's clients and servers are meant to be at most one minor version apart; these two are what they are.
            let minor =
                |version: &str| version.trim_start_matches('v').rsplit_once('.').map_or("", |(m, _)| m).to_owned();
            let (client, server) = (minor(CLIENT), minor(SERVER));
            cx.complain(&format!(
                "WARNING: version difference between client ({client}) and server ({server}) exceeds the supported minor \
                 version skew of +/-1\n"
            ));
        }
        Ok(())
    }
}

/// The kubectl whose dialect is spoken.
pub const CLIENT: &str = "v1.32.4";

/// The kustomize in that kubectl.
const KUSTOMIZE: &str = "v5.5.0";

/// The Kubernetes whose API is spoken.
const SERVER: &str = "v1.36.2";

fn plain(client_only: bool) -> String {
    let client = format!("Client Version: {CLIENT}\nKustomize Version: {KUSTOMIZE}\n");
    if client_only { client } else { format!("{client}Server Version: {SERVER}\n") }
}

/// What a client says that asks for a server of its own version.
pub fn mismatch() -> anyhow::Error {
    let go_syntax = |version: &str| {
        let field = |(name, value): &(&str, String)| {
            let (first, rest) = name.split_at(1);
            format!("{}{rest}:{value:?}", first.to_uppercase())
        };
        format!("version.Info{{{}}}", info(version).iter().map(field).collect::<Vec<_>>().join(", "))
    };
    let (server, client) = (go_syntax(SERVER), go_syntax(CLIENT));
    anyhow::anyhow!("server version (&{server}) differs from client version ({client})")
}

/// The server's version, as a server answers to `/version`.
pub fn server_json() -> String {
    let lines: Vec<String> =
        info(SERVER).iter().map(|(k, v)| format!("  \"{k}\": {}", Value::from(v.as_str()))).collect();
    format!("{{\n{}\n}}", lines.join(",\n"))
}

/// The versions by kubectl's field names, in its order.
fn versions(client_only: bool) -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let mut all = vec![("clientVersion", info(CLIENT))];
    if !client_only {
        all.push(("serverVersion", info(SERVER)));
    }
    all
}

/// One version as the API describes it; what no build of kstate has (a commit, a compiler of Go) is left empty.
fn info(version: &str) -> Vec<(&'static str, String)> {
    let mut numbers = version.trim_start_matches('v').split('.');
    let mut number = || numbers.next().unwrap_or_default().to_owned();
    vec![
        ("major", number()),
        ("minor", number()),
        ("gitVersion", version.to_owned()),
        ("gitCommit", String::new()),
        ("gitTreeState", "clean".to_owned()),
        ("buildDate", "1970-01-01T00:00:00Z".to_owned()),
        ("goVersion", String::new()),
        ("compiler", "rustc".to_owned()),
        ("platform", format!("{}/{}", std::env::consts::OS, platform())),
    ]
}

/// As Go writes it: the fields in the order of their declaration.
fn json(client_only: bool) -> String {
    let object = |fields: &[(&str, String)]| {
        let lines: Vec<String> =
            fields.iter().map(|(k, v)| format!("    \"{k}\": {}", Value::from(v.as_str()))).collect();
        format!("{{\n{}\n  }}", lines.join(",\n"))
    };
    let mut parts: Vec<String> =
        versions(client_only).iter().map(|(name, fields)| format!("  \"{name}\": {}", object(fields))).collect();
    parts.insert(1, format!("  \"kustomizeVersion\": \"{KUSTOMIZE}\""));
    format!("{{\n{}\n}}\n", parts.join(",\n"))
}

fn value(client_only: bool) -> Value {
    let object = |fields: Vec<(&str, String)>| -> Value {
        fields.into_iter().map(|(k, v)| (k.to_owned(), Value::from(v))).collect::<Map<_, _>>().into()
    };
    let mut all: Map<String, Value> =
        versions(client_only).into_iter().map(|(name, fields)| (name.to_owned(), object(fields))).collect();
    all.insert("kustomizeVersion".to_owned(), KUSTOMIZE.into());
    all.into()
}

/// The machine, as Go calls it.
fn platform() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
