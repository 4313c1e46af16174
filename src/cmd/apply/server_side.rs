//! Server-side apply: the manifest is sent as it is. Knows no flag's syntax.

use std::sync::Arc;

use super::{Settings, migrate};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::{Reason, Status};
use crate::apiserver::{self, ApplyOptions, Part};
use crate::cmd::context::Context;
use crate::cmd::dry_run::DryRun;
use crate::cmd::infos::Info;
use crate::cmd::record;
use crate::cmd::requests;

const ADVICE: &str = "
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the `--force-conflicts` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts";

/// How a manifest is applied.
#[derive(Clone, Copy)]
pub struct How<'a> {
    pub manager: &'a str,
    pub force: bool,
    pub subresource: &'a str,
}

/// Applies one object for a manager, and takes over what client-side apply left.
pub(super) fn apply(cx: &mut Context, info: &Info, settings: &Settings, how: How) -> anyhow::Result<Arc<Object>> {
    if info.name.is_empty() {
        let prefix = info.object.str_at("/metadata/generateName");
        if !prefix.is_empty() {
            anyhow::bail!("from {prefix}: cannot use generate name with apply");
        }
        anyhow::bail!("name is required");
    }
    let mut manifest = Object::clone(&info.object);
    record::record(cx, &mut manifest);
    let (object, warnings) =
        send_for_warnings(cx, info, &manifest, settings.dry_run, how).map_err(|error| {
            match error.downcast_ref::<Status>() {
                Some(status) if status.reason == Reason::Conflict => anyhow::anyhow!("{}{ADVICE}", status.message),
                _ => error,
            }
        })?;
    warnings.iter().for_each(|warning| cx.server_warning(warning));
    let object = migrate::migrate(cx, info, settings.dry_run, how, object);
    if object.deletion_timestamp().is_some() {
        let text = format!("Warning: Detected changes to resource {} which is currently being deleted.\n", info.name);
        cx.complain(&text);
    }
    Ok(object)
}

/// Sends one manifest.
pub fn send(
    cx: &mut Context,
    info: &Info,
    manifest: &Object,
    dry_run: DryRun,
    how: How,
) -> anyhow::Result<Arc<Object>> {
    send_for_warnings(cx, info, manifest, dry_run, how).map(|(object, _)| object)
}

/// As [`send`], with what the server warns of.
fn send_for_warnings(
    cx: &mut Context,
    info: &Info,
    manifest: &Object,
    dry_run: DryRun,
    how: How,
) -> anyhow::Result<(Arc<Object>, Vec<String>)> {
    cx.warn_of_kind(info.kind);
    let part =
        Part::of(info.kind, how.subresource).ok_or_else(|| requests::no_subresource("patch", info.kind, &info.name))?;
    let options = ApplyOptions {
        manager: how.manager,
        force: how.force,
        dry_run: dry_run == DryRun::Server,
        subresource: part.name(),
    };
    let place = (info.namespace.as_str(), info.name.as_str());
    cx.client()?.write(|c| {
        let old = c.get(&info.kind.names().key(&info.namespace, &info.name))?;
        let object = apiserver::apply(c, info.kind, place, manifest, &options)?;
        let warnings = apiserver::warnings(c, info.kind, &object, old.as_deref())?;
        Ok((object, warnings))
    })
}
