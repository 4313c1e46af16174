//! From client-side to server-side apply: the fields of the manager that wrote the annotation become those of the manager
//! that applies, so that what is in the manifest no more goes. Knows no flag's syntax.

use std::sync::Arc;

use serde_json::{Value, json};

use super::server_side::{How, send};
use crate::apimachinery::object::Object;
use crate::apimachinery::patch::PatchType;
use crate::apiserver::{ManagedFields, Part};
use crate::cmd::context::Context;
use crate::cmd::dry_run::DryRun;
use crate::cmd::infos::Info;
use crate::cmd::{last_applied, requests};

/// The manager that apply has by itself: only for this one the server keeps the annotation.
const SERVER_SIDE: &str = "kubectl";
/// Who keeps the annotation meanwhile.
const ANNOTATOR: &str = "kubectl-last-applied";

/// Migrates an object that was just applied; what fails is told and tried again the next time.
pub(super) fn migrate(cx: &mut Context, info: &Info, dry_run: DryRun, how: How, object: Arc<Object>) -> Arc<Object> {
    let object = match keep_annotation(cx, info, dry_run, how, &object) {
        Ok(kept) => kept.unwrap_or(object),
        Err(error) => {
            warn(
                cx,
                "failed to migrate kubectl.kubernetes.io/last-applied-configuration for Server-Side Apply",
                &error,
            );
            return object;
        }
    };
    let migrated = match take_over(cx, info, dry_run, how, &object) {
        Ok(None) => return object,
        Ok(Some(migrated)) => migrated,
        Err(error) => {
            warn(cx, "server rejected managed fields migration to Server-Side Apply", &error);
            return object;
        }
    };
    match send(cx, info, &info.object, dry_run, how) {
        Ok(applied) => applied,
        Err(error) => {
            warn(cx, "failed to re-apply configuration after performing Server-Side Apply migration", &error);
            migrated
        }
    }
}

fn warn(cx: &mut Context, what: &str, error: &anyhow::Error) {
    let text = format!("Warning: {what}. This is non-fatal and will be retried next time you apply. Error: {error}\n");
    cx.complain(&text);
}

/// Applies the annotation for a manager of its own, unless some manager applies it already.
fn keep_annotation(
    cx: &mut Context,
    info: &Info,
    dry_run: DryRun,
    how: How,
    object: &Object,
) -> anyhow::Result<Option<Arc<Object>>> {
    let Some(text) = object.annotation(last_applied::ANNOTATION).filter(|_| how.manager == SERVER_SIDE) else {
        return Ok(None);
    };
    if ManagedFields::of(info.kind, object).owners_of_annotation(last_applied::ANNOTATION, true).next().is_some() {
        return Ok(None);
    }
    let mut only = Object::new(info.object.api_version(), info.object.kind(), object.namespace(), object.name());
    only.set_annotation(last_applied::ANNOTATION, text);
    let how = How { manager: ANNOTATOR, force: false, subresource: "" };
    send(cx, info, &only, dry_run, how).map(Some)
}

/// Gives the manager what those have who wrote the annotation by updates; `None` where nobody did.
fn take_over(
    cx: &mut Context,
    info: &Info,
    dry_run: DryRun,
    how: How,
    object: &Object,
) -> anyhow::Result<Option<Arc<Object>>> {
    let mut fields = ManagedFields::of(info.kind, object);
    let names: Vec<String> = fields.owners_of_annotation(last_applied::ANNOTATION, false).map(str::to_owned).collect();
    let mut is_changed = false;
    for name in &names {
        is_changed |= fields.take_over(name, how.manager);
    }
    if !is_changed {
        return Ok(None);
    }
    let patch: Value = json!([
        {"op": "replace", "path": "/metadata/managedFields", "value": fields.to_value()},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": object.str_at("/metadata/resourceVersion")},
    ]);
    let options = requests::options(dry_run, false);
    requests::patch(cx, info, (PatchType::Json, &patch), Part::Main, &options).map(Some)
}
