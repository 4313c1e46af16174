//! Client-side apply: a three-way patch of what was applied before, what is applied now, and what is stored. Knows no flag's
//! syntax.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{Apply, Settings};
use crate::apimachinery::go_value;
use crate::apimachinery::object::Object;
use crate::apimachinery::patch::{self, PatchType};
use crate::apimachinery::schema::Definition;
use crate::apimachinery::status::{Reason, Status};
use crate::apiserver::{self, Part};
use crate::cmd::context::Context;
use crate::cmd::create::Validation;
use crate::cmd::dry_run::DryRun;
use crate::cmd::errors::with_source;
use crate::cmd::infos::Info;
use crate::cmd::{last_applied, record, requests};

/// How long a forced replacement waits for the old object to go, when no `--timeout` says it.
const FORCE_TIMEOUT: Duration = Duration::from_secs(300);

/// Applies one object, and says what was done: `created`, `configured` or `unchanged`.
pub(super) fn apply(
    flags: &Apply,
    cx: &mut Context,
    info: &Info,
    settings: &Settings,
) -> anyhow::Result<(Arc<Object>, &'static str)> {
    if info.name.is_empty() {
        let prefix = info.object.str_at("/metadata/generateName");
        if !prefix.is_empty() {
            anyhow::bail!("from {prefix}: cannot use generate name with apply");
        }
        let what = format!("retrieving current configuration of:\n{}\nfrom server for:", info.describe());
        return Err(with_source(&what, &info.source, anyhow::anyhow!("resource name may not be empty")));
    }
    let mut modified = Object::clone(&info.object);
    record::record(cx, &mut modified);
    last_applied::set(&mut modified);
    match info.stored(cx)? {
        None => create(cx, info, modified, settings).map(|o| (o, "created")),
        Some(stored) if settings.dry_run == DryRun::Client => Ok((stored, "configured")),
        Some(stored) => update(flags, cx, info, &modified, &stored, settings),
    }
}

fn create(cx: &mut Context, info: &Info, mut object: Object, settings: &Settings) -> anyhow::Result<Arc<Object>> {
    // As an update through a patch would leave it.
    object.body_mut().change(prune_nulls);
    if settings.dry_run == DryRun::Client {
        return Ok(Arc::new(object));
    }
    let options = requests::options(settings.dry_run, settings.validation == Validation::Strict);
    requests::create(cx, info, &object, &options).map_err(|e| with_source("creating", &info.source, e))
}

fn prune_nulls(map: &mut Map<String, Value>) {
    map.retain(|_, value| !value.is_null());
    map.values_mut().for_each(prune_value);
}

fn prune_value(value: &mut Value) {
    match value {
        Value::Object(map) => prune_nulls(map),
        Value::Array(items) => items.iter_mut().for_each(prune_value),
        _ => {}
    }
}

fn update(
    flags: &Apply,
    cx: &mut Context,
    info: &Info,
    modified: &Object,
    stored: &Arc<Object>,
    settings: &Settings,
) -> anyhow::Result<(Arc<Object>, &'static str)> {
    if stored.annotation(last_applied::ANNOTATION).is_none() {
        let program = cx.program.clone();
        cx.complain(&missing_annotation(&info.object_name(), &program));
    }
    let failed = |text: &str, error| {
        let what = format!("applying patch:\n{text}\nto:\n{}\nfor:", info.describe());
        with_source(&what, &info.source, with_source("patching", &info.source, error))
    };
    let (form, patch) = match three_way(info, modified, stored)? {
        Ok(made) => made,
        Err(unmade) => {
            cx.complain(&unmade.warnings());
            return Err(failed("", anyhow::anyhow!("{}", unmade.text)));
        }
    };
    let text = go_value::json(&Value::Object(patch.clone()));
    let object = if patch.is_empty() {
        stored.clone()
    } else {
        let options = requests::options(settings.dry_run, settings.validation == Validation::Strict);
        match requests::patch(cx, info, (form, &Value::Object(patch.clone())), Part::Main, &options) {
            Ok(object) => object,
            Err(error) if flags.deletion.force && is_refused(&error) => {
                delete_and_create(flags, cx, info, modified, stored)?
            }
            Err(error) => return Err(failed(&text, error)),
        }
    };
    if object.deletion_timestamp().is_some() {
        let text = format!("Warning: Detected changes to resource {} which is currently being deleted.\n", info.name);
        cx.complain(&text);
    }
    Ok((object, if patch.is_empty() { "unchanged" } else { "configured" }))
}

fn missing_annotation(object: &str, program: &str) -> String {
    format!(
        "Warning: resource {object} is missing the {} annotation which is required by {program} apply. {program} apply \
         should only be used on resources created declaratively by either {program} create --save-config or {program} \
         apply. The missing annotation will be patched automatically.\n",
        last_applied::ANNOTATION
    )
}

/// Why there is no patch.
pub struct Unmade {
    why: String,
    pub text: String,
}

impl Unmade {
    /// What was tried in vain before.
    pub fn warnings(&self) -> String {
        let why = &self.why;
        ["openapi v3", "openapi"].map(|of| format!("warning: error calculating patch from {of} spec: {why}\n")).concat()
    }
}

/// A patch and its form.
type Made = (PatchType, Map<String, Value>);

/// The patch from the stored object to the manifest; empty when there is nothing to do.
pub fn three_way(info: &Info, modified: &Object, stored: &Object) -> anyhow::Result<Result<Made, Unmade>> {
    let original = last_applied::get(stored)?.unwrap_or_default();
    let names = info.kind.names();
    let (modified, current) = (modified.body().to_map(), stored.body().to_map());
    let Some(definition) = Definition::of_kind(names.api_version, names.kind) else {
        return Ok(Ok((PatchType::Merge, patch::merge_patch(&original, &modified, &current))));
    };
    if let Some(why) = patch::unkeyed(&original, &modified, &current, definition) {
        let last = stored.annotation(last_applied::ANNOTATION).unwrap_or_default();
        let [modified, current] = [modified, current].map(|map| go_value::json(&Value::Object(map)));
        let all = format!("original:\n{last}\nmodified:\n{modified}\n\ncurrent:\n{current}\n");
        return Ok(Err(Unmade { text: format!("creating patch with:\n{all}\nfor:: {why}"), why }));
    }
    Ok(Ok((PatchType::Strategic, patch::strategic_patch(&original, &modified, &current, definition))))
}

fn is_refused(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Status>().is_some_and(|s| matches!(s.reason, Reason::Conflict | Reason::Invalid))
}

/// `--force`: the object is deleted and made again; as it was, when it cannot be made as it should be.
fn delete_and_create(
    flags: &Apply,
    cx: &mut Context,
    info: &Info,
    modified: &Object,
    stored: &Object,
) -> anyhow::Result<Arc<Object>> {
    let options = flags.delete_options(cx, DryRun::None)?;
    cx.client()?.write(|c| apiserver::delete(c, info.kind, &info.namespace, &info.name, &options))?;
    let key = info.kind.names().key(&info.namespace, &info.name);
    let timeout = if flags.deletion.timeout.is_zero() { FORCE_TIMEOUT } else { flags.deletion.timeout };
    let gone = cx.client()?.wait("the deletion", Some(timeout), |c| {
        Ok(c.get(&key)?.is_none_or(|o| o.uid() != stored.uid()).then_some(()))
    })?;
    if gone.is_none() {
        anyhow::bail!("timed out waiting for the condition");
    }
    let options = requests::options(DryRun::None, false);
    requests::create(cx, info, modified, &options).map_err(|error| {
        let mut again = stored.clone();
        again.remove("/metadata/resourceVersion");
        match requests::create(cx, info, &again, &options) {
            Ok(_) => error,
            Err(also) => anyhow::anyhow!(
                "An error occurred force-replacing the existing object with the newly provided object:\n\n{error}.\n\n\
                 Additionally, an error occurred attempting to restore the original object:\n\n{also}"
            ),
        }
    })
}
