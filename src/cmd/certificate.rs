//! `certificate`: approves and denies requests for certificates. Nobody signs them.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::context::Context;
use super::flags::{KUSTOMIZE, PrintFlags, RecursiveFlag};
use super::infos::{self, From, Info, Query};
use super::support::Flag;
use super::verbs::Run;
use super::{parent, requests};
use crate::apimachinery::object::Object;
use crate::apimachinery::time;
use crate::apiserver::{self, Part};

/// Arguments of `certificate`.
#[derive(clap::Args)]
pub struct Certificate {
    args: Vec<String>,
}

impl Run for Certificate {
    const LONG: &'static str = "Modify certificate resources.";
    const EXAMPLES: &'static str = "";
    const USAGE: &'static str = "certificate SUBCOMMAND";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        // What is named makes no difference.
        drop(self.args);
        parent::print_help(cx)
    }
}

/// Arguments of `certificate approve`.
#[derive(clap::Args)]
pub struct Approve {
    args: Vec<String>,
    #[arg(
        short = 'f',
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files identifying the resource to update"
    )]
    filename: Vec<String>,
    #[arg(long, help = "Update the CSR even if it is already approved.")]
    force: bool,
    #[command(flatten)]
    print: PrintFlags,
    #[command(flatten)]
    files: RecursiveFlag,
}

impl Run for Approve {
    const OTHER_FLAGS: &'static [Flag] = &[KUSTOMIZE];
    const LONG: &'static str = "Approve a certificate signing request.

 kubectl certificate approve allows a cluster admin to approve a certificate signing request (CSR). This action tells a certificate signing controller to issue a certificate to the requester with the attributes requested in the CSR.

 SECURITY NOTICE: Depending on the requested attributes, the issued certificate can potentially grant a requester access to cluster resources or to authenticate as a requested identity. Before approving a CSR, ensure you understand what the signed certificate can do.";
    const EXAMPLES: &'static str = "  # Approve CSR 'csr-sqgzp'
  kubectl certificate approve csr-sqgzp";
    const USAGE: &'static str = "approve (-f FILENAME | NAME)";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let query = Asked { names: &self.args, filenames: &self.filename, recursive: self.files.recursive };
        decide(cx, &query, &self.print, self.force, &APPROVE)
    }
}

/// Arguments of `certificate deny`.
#[derive(clap::Args)]
pub struct Deny {
    args: Vec<String>,
    #[arg(
        short = 'f',
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files identifying the resource to update"
    )]
    filename: Vec<String>,
    #[arg(long, help = "Update the CSR even if it is already denied.")]
    force: bool,
    #[command(flatten)]
    print: PrintFlags,
    #[command(flatten)]
    files: RecursiveFlag,
}

impl Run for Deny {
    const OTHER_FLAGS: &'static [Flag] = &[KUSTOMIZE];
    const LONG: &'static str = "Deny a certificate signing request.

 kubectl certificate deny allows a cluster admin to deny a certificate signing request (CSR). This action tells a certificate signing controller to not to issue a certificate to the requester.";
    const EXAMPLES: &'static str = "  # Deny CSR 'csr-sqgzp'
  kubectl certificate deny csr-sqgzp";
    const USAGE: &'static str = "deny (-f FILENAME | NAME)";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let query = Asked { names: &self.args, filenames: &self.filename, recursive: self.files.recursive };
        decide(cx, &query, &self.print, self.force, &DENY)
    }
}

/// What is decided of a request, and what it must not have been.
struct Decision {
    condition: &'static str,
    opposite: &'static str,
    reason: &'static str,
    message: &'static str,
    /// What is said of it: `approved`.
    done: &'static str,
}

const APPROVE: Decision = Decision {
    condition: "Approved",
    opposite: "Denied",
    reason: "KubectlApprove",
    message: "This CSR was approved by kubectl certificate approve.",
    done: "approved",
};

const DENY: Decision = Decision {
    condition: "Denied",
    opposite: "Approved",
    reason: "KubectlDeny",
    message: "This CSR was denied by kubectl certificate deny.",
    done: "denied",
};

/// The requests that a command line names.
struct Asked<'a> {
    names: &'a [String],
    filenames: &'a [String],
    recursive: bool,
}

const RESOURCE: &str = "certificatesigningrequests";

fn decide(cx: &mut Context, asked: &Asked, print: &PrintFlags, force: bool, decision: &Decision) -> anyhow::Result<()> {
    let mut printer = print.printer(cx)?;
    if asked.names.is_empty() && asked.filenames.is_empty() {
        anyhow::bail!("one or more CSRs must be specified as <name> or -f <filename>");
    }
    // A name may have its type before it.
    let named: Vec<String> =
        asked.names.iter().map(|n| if n.contains('/') { n.clone() } else { format!("{RESOURCE}/{n}") }).collect();
    let query = Query {
        args: &named,
        filenames: asked.filenames,
        recursive: asked.recursive,
        from: From::Store,
        ..Query::default()
    };
    infos::find(cx, &query)?.visit(|info| {
        let names = info.kind.names();
        if names.plural != RESOURCE {
            anyhow::bail!(
                "can only handle CertificateSigningRequest.certificates.k8s.io objects, got {}",
                names.group_kind()
            );
        }
        condition(cx, &info, force, decision)?;
        printer.print(&info.object, decision.done, &mut cx.env.stdout)
    })
}

/// Adds the condition, where the request does not have it.
fn condition(cx: &mut Context, info: &Info, force: bool, decision: &Decision) -> anyhow::Result<()> {
    let stored: Arc<Object> = cx.client()?.read(|c| apiserver::get(c, info.kind, "", &info.name))?;
    let mut conditions = stored.list_at("/status/conditions").to_vec();
    let has = |kind: &str| conditions.iter().any(|c| c.get("type").and_then(Value::as_str) == Some(kind));
    if has(decision.opposite) {
        anyhow::bail!("certificate signing request {:?} is already {}", info.name, decision.opposite);
    }
    if has(decision.condition) && !force {
        return Ok(());
    }
    if !has(decision.condition) {
        let now = time::to_rfc3339(cx.client()?.now()?);
        conditions.push(json!({
            "lastTransitionTime": now, "lastUpdateTime": now, "message": decision.message, "reason": decision.reason,
            "status": "True", "type": decision.condition,
        }));
    }
    let patch = Value::Object(Map::from_iter([("status".to_owned(), json!({"conditions": conditions}))]));
    let options = requests::options(super::dry_run::DryRun::None, false);
    let form = crate::apimachinery::patch::PatchType::Merge;
    requests::patch(cx, info, (form, &patch), Part::Status, &options)?;
    Ok(())
}
