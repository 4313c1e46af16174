//! `auth reconcile`: roles and bindings that allow what a manifest says, and keep what else they allow. Knows the fields of
//! RBAC.

use std::sync::Arc;

use serde_json::Value;

use super::rules;
use crate::apimachinery::object::Object;
use crate::apimachinery::schema::Definition;
use crate::apiserver;
use crate::cmd::context::Context;
use crate::cmd::dry_run::DryRun;
use crate::cmd::flags::{DryRunFlag, KUSTOMIZE, PrintFlags, RecursiveFlag};
use crate::cmd::infos::{self, Info, Query};
use crate::cmd::requests;
use crate::cmd::support::Flag;
use crate::cmd::verbs::Run;

/// Arguments of `auth reconcile`.
#[derive(clap::Args)]
pub struct Reconcile {
    args: Vec<String>,
    #[arg(
        short = 'f',
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files identifying the resource to reconcile."
    )]
    filename: Vec<String>,
    #[arg(long, help = "If true, removes extra permissions added to roles")]
    remove_extra_permissions: bool,
    #[arg(long, help = "If true, removes extra subjects added to rolebindings")]
    remove_extra_subjects: bool,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    print: PrintFlags,
    #[command(flatten)]
    files: RecursiveFlag,
}

impl Run for Reconcile {
    const OTHER_FLAGS: &'static [Flag] = &[KUSTOMIZE];
    const LONG: &'static str = "Reconciles rules for RBAC role, role binding, cluster role, and cluster role binding objects.

 Missing objects are created, and the containing namespace is created for namespaced objects, if required.

 Existing roles are updated to include the permissions in the input objects, and remove extra permissions if --remove-extra-permissions is specified.

 Existing bindings are updated to include the subjects in the input objects, and remove extra subjects if --remove-extra-subjects is specified.

 This is preferred to 'apply' for RBAC resources so that semantically-aware merging of rules and subjects is done.";
    const EXAMPLES: &'static str = "  # Reconcile RBAC resources from a file
  kubectl auth reconcile -f my-rbac-rules.yaml";
    const USAGE: &'static str = "reconcile -f FILENAME";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if self.filename.is_empty() {
            anyhow::bail!("must specify one of -f and -k");
        }
        if !self.args.is_empty() {
            anyhow::bail!("no arguments are allowed");
        }
        let dry_run = self.dry_run.parse(cx)?;
        if dry_run == DryRun::Server {
            anyhow::bail!("--dry-run=server for command reconcile is not supported yet");
        }
        let mut printer = self.print.printer(cx)?;
        let query = Query { filenames: &self.filename, recursive: self.files.recursive, ..Query::default() };
        infos::find(cx, &query)?.visit(|info| {
            let Some(form) = Form::of(&info)? else { return Ok(()) };
            let outcome = self.reconcile(cx, &info, form, dry_run)?;
            printer.print(&outcome.object, &format!("reconciled{}", dry_run.suffix()), &mut cx.env.stdout)?;
            let told = self.told(form, &outcome);
            cx.complain(&told);
            Ok(())
        })
    }
}

const GROUP: &str = "rbac.authorization.k8s.io";
const AUTOUPDATE: &str = "rbac.authorization.kubernetes.io/autoupdate";

/// What an object holds that is brought together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Rules,
    Subjects,
}

impl Form {
    /// `None` for what is no object of RBAC: it is passed over.
    fn of(info: &Info) -> anyhow::Result<Option<Form>> {
        let names = info.kind.names();
        if names.group != GROUP {
            return Ok(None);
        }
        let definition = Definition::of_kind(names.api_version, names.kind);
        let has = |field: &str| definition.is_some_and(|d| d.field(field).is_some());
        Ok(match (has("rules"), has("roleRef")) {
            (true, _) => Some(Form::Rules),
            (_, true) => Some(Form::Subjects),
            _ => None,
        })
    }

    fn pointer(self) -> &'static str {
        match self {
            Form::Rules => "/rules",
            Form::Subjects => "/subjects",
        }
    }
}

/// What was done, and why.
struct Outcome {
    object: Arc<Object>,
    /// `create`, `update`, `recreate`; nothing for what was as it should be.
    operation: Option<&'static str>,
    is_protected: bool,
    missing: Vec<Value>,
    extra: Vec<Value>,
}

impl Reconcile {
    fn reconcile(&self, cx: &mut Context, info: &Info, form: Form, dry_run: DryRun) -> anyhow::Result<Outcome> {
        let wanted = info.object.list_at(form.pointer()).to_vec();
        let outcome = match info.stored(cx)? {
            None => Outcome {
                object: info.object.clone(),
                operation: Some("create"),
                is_protected: false,
                missing: wanted,
                extra: Vec::new(),
            },
            Some(stored) => self.compare(form, &info.object, &stored, wanted),
        };
        if dry_run != DryRun::None || outcome.is_protected {
            return Ok(outcome);
        }
        let options = requests::options(DryRun::None, false);
        let object = match outcome.operation {
            None => return Ok(outcome),
            Some("create") => {
                ensure_namespace(cx, &info.namespace)?;
                requests::create(cx, info, &outcome.object, &options)?
            }
            Some("recreate") => {
                cx.client()?.write(|c| {
                    apiserver::delete(c, info.kind, &info.namespace, &info.name, &apiserver::DeleteOptions::default())
                })?;
                requests::create(cx, info, &info.object, &options)?
            }
            Some(_) => requests::replace(cx, info, &outcome.object, &options)?,
        };
        Ok(Outcome { object, ..outcome })
    }

    /// What a stored object lacks and has too much, and what it is to be.
    fn compare(&self, form: Form, manifest: &Object, stored: &Arc<Object>, wanted: Vec<Value>) -> Outcome {
        let is_protected = stored.annotation(AUTOUPDATE) == Some("false");
        let has = stored.list_at(form.pointer()).to_vec();
        let same_role = ["apiGroup", "kind", "name"].iter().all(|field| {
            let pointer = format!("/roleRef/{field}");
            form == Form::Rules || manifest.at(&pointer).is_none() || manifest.at(&pointer) == stored.at(&pointer)
        });
        if !same_role {
            // What a role is bound to cannot change.
            let object = Arc::new(manifest.clone());
            return Outcome { object, operation: Some("recreate"), is_protected, missing: wanted, extra: has };
        }
        let lacking = |of: &[Value], within: &[Value]| match form {
            Form::Rules => rules::uncovered(within, of),
            Form::Subjects => of.iter().filter(|s| !within.iter().any(|w| same_subject(s, w))).cloned().collect(),
        };
        let (missing, extra) = (lacking(&wanted, &has), lacking(&has, &wanted));
        let removes = match form {
            Form::Rules => self.remove_extra_permissions,
            Form::Subjects => self.remove_extra_subjects,
        } && !extra.is_empty();
        let mut new = Object::clone(stored);
        if removes {
            new.set(form.pointer(), Value::Array(wanted));
        } else if !missing.is_empty() {
            new.set(form.pointer(), Value::Array(has.into_iter().chain(missing.iter().cloned()).collect()));
        }
        for map in ["labels", "annotations"] {
            let pointer = format!("/metadata/{map}");
            let own = stored.at(&pointer).and_then(Value::as_object).cloned().unwrap_or_default();
            let mut all = manifest.at(&pointer).and_then(Value::as_object).cloned().unwrap_or_default();
            all.extend(own);
            if !all.is_empty() {
                new.set(&pointer, Value::Object(all));
            }
        }
        let operation = (new != **stored).then_some("update");
        Outcome { object: Arc::new(new), operation, is_protected, missing, extra }
    }

    /// The lines that tell what was done.
    fn told(&self, form: Form, outcome: &Outcome) -> String {
        let Some(operation) = outcome.operation else { return String::new() };
        let caveat = match outcome.is_protected {
            true => format!(", but object opted out ({AUTOUPDATE}: false)"),
            false => String::new(),
        };
        let mut text = format!("\treconciliation required {operation}{caveat}\n");
        let (word, removes) = match form {
            Form::Rules => ("rules", self.remove_extra_permissions),
            Form::Subjects => ("subjects", self.remove_extra_subjects),
        };
        let shown = |value: &Value| match form {
            Form::Rules => rules::go_format(value),
            Form::Subjects => subject_format(value),
        };
        let mut list = |head: String, values: &[Value]| {
            if !values.is_empty() {
                text += &format!("\t{head}:\n");
                values.iter().for_each(|v| text += &format!("\t\t{}\n", shown(v)));
            }
        };
        list(format!("missing {word} added"), &outcome.missing);
        if removes {
            list(format!("extra {word} removed"), &outcome.extra);
        }
        text
    }
}

/// Makes the namespace of an object that is to be created, when it is not there.
fn ensure_namespace(cx: &mut Context, namespace: &str) -> anyhow::Result<()> {
    if namespace.is_empty() {
        return Ok(());
    }
    let info = infos::of_object(cx, Object::new("v1", "Namespace", "", namespace))?;
    if info.stored(cx)?.is_none() {
        requests::create(cx, &info, &info.object, &requests::options(DryRun::None, false))?;
    }
    Ok(())
}

/// Whether two subjects are one: a group that is left out is the kind's own.
fn same_subject(a: &Value, b: &Value) -> bool {
    let text = |v: &Value, field: &str| v.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let group = |v: &Value| match (text(v, "apiGroup"), text(v, "kind").as_str()) {
        (own, _) if !own.is_empty() => own,
        (_, "User" | "Group") => GROUP.to_owned(),
        (own, _) => own,
    };
    group(a) == group(b) && ["kind", "name", "namespace"].iter().all(|f| text(a, f) == text(b, f))
}

fn subject_format(value: &Value) -> String {
    let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default();
    format!(
        "{{Kind:{} APIGroup:{} Name:{} Namespace:{}}}",
        text("kind"),
        text("apiGroup"),
        text("name"),
        text("namespace")
    )
}
