//! `diff`: what `apply` would change, shown by the user's diff program. Knows no kind but Secrets, which it hides.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::apply::server_side::{self, How};
use super::apply::{prune, three_way};
use super::context::Context;
use super::dry_run::DryRun;
use super::errors::{self, Exit, aggregate};
use super::flags::{KUSTOMIZE, RecursiveFlag, SelectorFlag};
use super::infos::{self, Info, Query};
use super::resources::KindRef;
use super::support::{Flag, Support};
use super::verbs::Run;
use super::{last_applied, program, requests};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::{Reason, Status};
use crate::apiserver::Part;
use crate::printers::yaml;

mod mask;

/// Arguments of `diff`.
#[derive(clap::Args)]
pub struct Diff {
    args: Vec<String>,
    #[arg(
        short = 'f',
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files contains the configuration to diff"
    )]
    filename: Vec<String>,
    #[arg(
        long,
        help = "Include resources that would be deleted by pruning. Can be used with -l and default shows all resources \
        would be pruned"
    )]
    prune: bool,
    #[arg(
        long,
        value_name = "strings",
        help = "Overwrite the default allowlist with <group/version/kind> for --prune"
    )]
    prune_allowlist: Vec<String>,
    #[command(flatten)]
    files: RecursiveFlag,
    #[command(flatten)]
    select: SelectorFlag,
    #[arg(long, help = "If true, include managed fields in the diff.")]
    show_managed_fields: bool,
    #[arg(long, help = "If true, server-side apply will force the changes against conflicts.")]
    force_conflicts: bool,
    #[arg(long, help = "If true, apply runs in the server instead of the client.")]
    server_side: bool,
    #[arg(
        long,
        value_name = "string",
        default_value = "kubectl-client-side-apply",
        help = "Name of the manager used to track field ownership."
    )]
    field_manager: String,
}

const OTHER_FLAGS: &[Flag] = &[
    Flag::new(
        "concurrency",
        "int",
        "1",
        Support::NoEffect("the store is local"),
        "Number of objects to process in parallel when diffing against the live version. Larger number = faster, but more memory, I/O and CPU over that shorter period of time.",
    ),
    KUSTOMIZE,
];

const LONG: &str = r#"Diff configurations specified by file name or stdin between the current online configuration, and the configuration as it would be if applied.

 The output is always YAML.

 KUBECTL_EXTERNAL_DIFF environment variable can be used to select your own diff command. Users can use external commands with params too, example: KUBECTL_EXTERNAL_DIFF="colordiff -N -u"

 By default, the "diff" command available in your path will be run with the "-u" (unified diff) and "-N" (treat absent files as empty) options.

 Exit status: 0 No differences were found. 1 Differences were found. >1 Kubectl or diff failed with an error.

 Note: KUBECTL_EXTERNAL_DIFF, if used, is expected to follow that convention."#;

const EXAMPLES: &str = r#"  # Diff resources included in pod.json
  kubectl diff -f pod.json
  
  # Diff file read from stdin
  cat service.yaml | kubectl diff -f -"#;

impl Run for Diff {
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "diff -f FILENAME";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let ended = self.diff(cx);
        // 1 says that there are differences, so an error needs another code.
        let error = match ended {
            Ok(0) => return Ok(()),
            Ok(code) => return Err(Exit(code).into()),
            Err(error) => error,
        };
        let (text, code) = errors::report(&error);
        cx.complain(&text);
        Err(Exit(code.max(2)).into())
    }
}

/// An object as it is and as it would be, as far as it is there.
type Versions = (Option<Arc<Object>>, Option<Arc<Object>>);

/// The two folders that are compared.
struct Folders {
    live: std::path::PathBuf,
    merged: std::path::PathBuf,
}

impl Drop for Folders {
    fn drop(&mut self) {
        program::remove(&self.live);
        program::remove(&self.merged);
    }
}

impl Diff {
    /// The exit code of the diff program.
    fn diff(&self, cx: &mut Context) -> anyhow::Result<u8> {
        if !self.args.is_empty() {
            return Err(cx.usage_error(format!("Unexpected args: [{}]", self.args.join(" "))));
        }
        if self.filename.is_empty() {
            anyhow::bail!("must specify one of -f and -k");
        }
        if self.force_conflicts && !self.server_side {
            anyhow::bail!("--force-conflicts only works with --server-side");
        }
        let query = Query {
            filenames: &self.filename,
            recursive: self.files.recursive,
            selector: &self.select.selector,
            ..Query::default()
        };
        let found = infos::find(cx, &query)?;
        aggregate(found.errors)?;
        let folders = Folders {
            live: program::temporary_folder(cx.env, "LIVE-")?,
            merged: program::temporary_folder(cx.env, "MERGED-")?,
        };
        let mut kept = BTreeSet::new();
        for info in &found.infos {
            let (live, merged) = if self.server_side { self.versions_served(cx, info)? } else { versions(cx, info)? };
            kept.extend(merged.iter().map(|o| o.uid().to_owned()));
            self.write(&folders, info.kind, (live, merged))?;
        }
        if self.prune {
            self.write_pruned(cx, &folders, &found.infos, &kept)?;
        }
        run(cx, &folders)
    }

    fn write_pruned(
        &self,
        cx: &mut Context,
        folders: &Folders,
        infos: &[Info],
        kept: &BTreeSet<String>,
    ) -> anyhow::Result<()> {
        let namespaces: BTreeSet<&str> =
            infos.iter().filter(|i| i.kind.names().namespaced).map(|i| i.namespace.as_str()).collect();
        let keep: BTreeSet<&str> = kept.iter().map(String::as_str).collect();
        let gone = prune::candidates(cx, &self.prune_allowlist, &namespaces, &self.select.selector, &keep)?;
        gone.into_iter().try_for_each(|(kind, object)| self.write(folders, kind, (Some(object), None)))
    }

    /// The object as it is, and as a server would make it of the manifest.
    fn versions_served(&self, cx: &mut Context, info: &Info) -> anyhow::Result<Versions> {
        let live = info.stored(cx)?;
        let manager = if cx.is_given("field-manager") { self.field_manager.as_str() } else { "kubectl" };
        let how = How { manager, force: self.force_conflicts, subresource: "" };
        let merged = server_side::send(cx, info, &info.object, DryRun::Server, how);
        if merged.as_ref().is_err_and(is_conflict) {
            // kubectl takes any conflict for a change by somebody else, and tries again until it gives that up.
            let names = info.kind.names();
            let name = format!("{}/{}, Kind={}: {}", names.group, names.version, names.kind, info.name);
            cx.warn("diff.go:723", &format!("Object ({name}) keeps changing, diffing without lock"));
        }
        Ok((live, Some(merged?)))
    }

    /// Writes both versions of one object to where they are compared.
    fn write(&self, folders: &Folders, kind: KindRef, (live, merged): Versions) -> anyhow::Result<()> {
        let Some(any) = live.as_ref().or(merged.as_ref()) else { return Ok(()) };
        let name = file_name(kind, any);
        let shown = |object: Option<Arc<Object>>| {
            let mut object = Object::clone(&*object?);
            if !self.show_managed_fields {
                object.remove("/metadata/managedFields");
            }
            Some(object)
        };
        let (mut live, mut merged) = (shown(live), shown(merged));
        if kind.names().resource == "secrets" {
            mask::mask(live.as_mut(), merged.as_mut());
        }
        for (folder, object) in [(&folders.live, live), (&folders.merged, merged)] {
            if let Some(object) = object {
                write_file(&folder.join(&name), &object)?;
            }
        }
        Ok(())
    }
}

fn is_conflict(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Status>().is_some_and(|s| s.reason == Reason::Conflict)
}

fn write_file(path: &Path, object: &Object) -> anyhow::Result<()> {
    Ok(program::write_new(path, &yaml::to_string(&object.to_value()))?)
}

/// `apps.v1.StatefulSet.default.web`.
fn file_name(kind: KindRef, object: &Object) -> String {
    let names = kind.names();
    let group = if names.group.is_empty() { String::new() } else { format!("{}.", names.group) };
    format!("{group}{}.{}.{}.{}", names.version, names.kind, object.namespace(), object.name())
}

/// The object as it is, and as it would be if the manifest were applied.
fn versions(cx: &mut Context, info: &Info) -> anyhow::Result<Versions> {
    let options = requests::options(DryRun::Server, false);
    let Some(live) = info.stored(cx)? else {
        return Ok((None, Some(requests::create(cx, info, &info.object, &options)?)));
    };
    let mut modified = Object::clone(&info.object);
    // What was applied is compared with, and stays in the object.
    modified.set_default("/metadata/annotations", Map::new());
    modified.remove(&format!("/metadata/annotations/{}", last_applied::ANNOTATION.replace('/', "~1")));
    let failed = |error| errors::with_source("patching", &info.source, error);
    let (form, patch) = match three_way(info, &modified, &live)? {
        Ok(made) => made,
        Err(unmade) => {
            cx.complain(&unmade.warnings());
            return Err(failed(anyhow::anyhow!("{}", unmade.text)));
        }
    };
    if patch.is_empty() {
        return Ok((Some(live.clone()), Some(live)));
    }
    let merged = requests::patch(cx, info, (form, &Value::Object(patch)), Part::Main, &options).map_err(failed)?;
    Ok((Some(live), Some(merged)))
}

/// Runs the diff program on both folders.
fn run(cx: &mut Context, folders: &Folders) -> anyhow::Result<u8> {
    let mut words = words(cx.env.var("KUBECTL_EXTERNAL_DIFF"));
    words.extend([&folders.live, &folders.merged].map(|f| f.display().to_string()));
    let failed = |why: String| anyhow::anyhow!("failed to run {:?}: {why}", words[0]);
    let output = program::output(cx.env, &words).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => failed("executable file not found in $PATH".to_owned()),
        _ => failed(e.to_string()),
    })?;
    cx.env.stdout.write_all(&output.stdout)?;
    cx.complain(&String::from_utf8_lossy(&output.stderr));
    match output.status.code() {
        Some(0) => Ok(0),
        Some(1) => Ok(1),
        Some(code) => Err(failed(format!("exit status {code}"))),
        None => Err(failed("it was killed by a signal".to_owned())),
    }
}

/// The program and its flags; of the user's own only words that are plainly flags are taken, as kubectl does.
fn words(external: Option<&str>) -> Vec<String> {
    let Some(external) = external else { return ["diff", "-u", "-N"].map(str::to_owned).to_vec() };
    let mut parts = external.split(' ');
    let program = parts.next().unwrap_or_default().to_owned();
    let is_flag = |w: &&str| !w.is_empty() && w.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '=');
    [program].into_iter().chain(parts.filter(is_flag).map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diff_programs_keep_plain_flags() {
        assert_eq!(words(None), ["diff", "-u", "-N"]);
        assert_eq!(words(Some("colordiff -N -u")), ["colordiff", "-N", "-u"]);
        assert_eq!(words(Some("x ;rm /a --w=1")), ["x", "--w=1"]);
    }
}
