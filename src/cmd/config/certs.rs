//! Certificates and keys that an entry of a kubeconfig names, or holds. Knows neither clusters nor users.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::apimachinery::base64;
use crate::cmd::context::Context;
use crate::cmd::manifest;

/// The fields of clusters and users that name a file, and beside which what is in it may stand instead.
pub const FIELDS: [&str; 3] = ["certificate-authority", "client-certificate", "client-key"];

/// Refuses a file that is not there, as Go's `os.Stat` says it.
pub fn check(cx: &Context, flag: &str, path: &str) -> anyhow::Result<()> {
    if path.is_empty() {
        return Ok(());
    }
    match manifest::read_text(cx.env, path) {
        Ok(_) => Ok(()),
        Err(error) => {
            let why = manifest::open_error(path, &error).replacen("open", "stat", 1);
            anyhow::bail!("could not stat {flag} file {path}: {why}")
        }
    }
}

/// Sets a file, or what is in it, where the flag was given. `folder` is the kubeconfig's.
pub fn set(cx: &Context, entry: &mut Value, field: &str, path: &str, embed: bool, folder: &Path) -> anyhow::Result<()> {
    let Some(map) = entry.as_object_mut().filter(|_| cx.is_given(field)) else { return Ok(()) };
    if embed {
        return put_data(cx, map, field, path);
    }
    let absolute = cx.env.path(path);
    let absolute: PathBuf = absolute.components().collect();
    // Beside the kubeconfig or below it a path is relative to it.
    let shown = absolute.strip_prefix(folder).unwrap_or(&absolute);
    map.insert(field.to_owned(), shown.to_string_lossy().into());
    map.remove(&format!("{field}-data"));
    Ok(())
}

fn put_data(cx: &Context, map: &mut Map<String, Value>, field: &str, path: &str) -> anyhow::Result<()> {
    let text =
        manifest::read_text(cx.env, path).map_err(|error| anyhow::anyhow!(manifest::open_error(path, &error)))?;
    map.insert(format!("{field}-data"), base64::encode(text.as_bytes()).into());
    map.remove(field);
    Ok(())
}

/// Puts what is in the files into every entry.
///
/// # Errors
/// For a file that cannot be read.
pub fn flatten(cx: &Context, entries: &mut Map<String, Value>, folder: &Path) -> anyhow::Result<()> {
    for map in entries.values_mut().filter_map(Value::as_object_mut) {
        for field in FIELDS {
            let Some(path) = map.get(field).and_then(Value::as_str).map(|p| folder.join(p)) else { continue };
            put_data(cx, map, field, &path.to_string_lossy())?;
        }
    }
    Ok(())
}
