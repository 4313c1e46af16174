//! `--overrides`: a patch of what a generator made. Knows no generator.

use serde_json::Value;

use crate::apimachinery::patch::{self, PatchType};
use crate::apimachinery::schema::Definition;

/// The object, patched.
///
/// # Errors
/// A type of override that is none, and a patch that does not parse or fit.
pub fn apply(object: Value, overrides: &str, override_type: &str) -> anyhow::Result<Value> {
    if overrides.is_empty() {
        return Ok(object);
    }
    let form = match override_type {
        "json" => PatchType::Json,
        "merge" => PatchType::Merge,
        "strategic" => PatchType::Strategic,
        other => anyhow::bail!("invalid override type: {other}"),
    };
    let patch: Value = serde_json::from_str(overrides).map_err(|_| anyhow::anyhow!("Invalid JSON Patch"))?;
    let text = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
    let definition = Definition::of_kind(&text("apiVersion"), &text("kind"));
    Ok(patch::apply_locally(form, object, &patch, definition)?)
}
