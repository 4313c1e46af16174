//! `auth whoami`: the user of the command's context. Knows the kubeconfig, no store.

use crate::cmd::flags::{SHOW_MANAGED_FIELDS, TemplateFlags};
use serde_json::json;

use crate::apimachinery::object::Object;
use crate::cmd::context::Context;
use crate::cmd::kubeconfig::{self, Kubeconfig};
use crate::cmd::manifest;
use crate::cmd::support::Flag;
use crate::cmd::verbs::Run;
use crate::printers::{FORMATS, Format, Printer};

/// Arguments of `auth whoami`.
#[derive(clap::Args)]
pub struct Whoami {
    args: Vec<String>,
    #[command(flatten)]
    templates: TemplateFlags,
    #[arg(
        short = 'o',
        long,
        value_name = "string",
        default_value = "",
        help = "Output format. One of: (json, yaml, name, go-template, go-template-file, template, templatefile, jsonpath, jsonpath-as-json, jsonpath-file)."
    )]
    output: String,
}

const OTHER_FLAGS: &[Flag] = &[SHOW_MANAGED_FIELDS];

/// How the user names of service accounts begin.
const ACCOUNT: &str = "system:serviceaccount:";
/// The groups of someone who may do everything.
const GROUPS: [&str; 2] = ["system:masters", "system:authenticated"];

impl Run for Whoami {
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const LONG: &'static str = "Experimental: Check who you are and your attributes (groups, extra).

        This command is helpful to get yourself aware of the current user attributes,
        especially when dynamic authentication, e.g., token webhook, auth proxy, or OIDC provider,
        is enabled in the Kubernetes cluster.";
    const EXAMPLES: &'static str = "  # Get your subject attributes
  kubectl auth whoami
  
  # Get your subject attributes in JSON format
  kubectl auth whoami -o json";
    const USAGE: &'static str = "whoami";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let flags = self.templates.of(&self.output);
        let format = Format::parse(&flags, FORMATS, &|path| manifest::read_text(cx.env, path))?;
        if !self.args.is_empty() {
            return Err(cx.usage_error(format!("unexpected arguments: [{}]", self.args.join(" "))));
        }
        let (user, groups) = who(cx)?;
        if format.is_table() {
            return Ok(
                cx.print(&format!("ATTRIBUTE   VALUE\nUsername    {user}\nGroups      [{}]\n", groups.join(" ")))?
            );
        }
        let review = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "SelfSubjectReview",
            "metadata": {"creationTimestamp": null},
            "status": {"userInfo": {"groups": groups, "username": user}},
        });
        Printer::new(format, false).print(&Object::from_value(review).unwrap_or_default(), "", &mut cx.env.stdout)
    }
}

/// Who asks, and in which groups: the user that is impersonated, where there is one.
pub fn who(cx: &Context) -> anyhow::Result<(String, Vec<String>)> {
    let asked = &cx.global;
    if asked.as_user.is_empty() {
        return Ok((user(cx)?, GROUPS.map(str::to_owned).to_vec()));
    }
    let mut groups = asked.as_group.clone();
    // The groups of a service account are those it would have with its own token, unless others are asked for.
    if let Some((namespace, _)) = asked.as_user.strip_prefix(ACCOUNT).and_then(|account| account.split_once(':'))
        && groups.is_empty()
    {
        groups = vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")];
    }
    groups.push(GROUPS[1].to_owned());
    Ok((asked.as_user.clone(), groups))
}

/// The context's user, or kstate's own name for one.
fn user(cx: &Context) -> anyhow::Result<String> {
    let config = Kubeconfig::load(cx.env)?;
    let context = if cx.global.context.is_empty() { &config.current } else { &cx.global.context };
    let user = config.context_field(context, "user");
    Ok(if user.is_empty() { kubeconfig::OWN } else { user }.to_owned())
}
