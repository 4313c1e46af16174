//! Where the store is.

use std::path::PathBuf;

use anyhow::Context;

use crate::Env;

/// `KSTATE_HOME`, or the platform's folder for state: `~/.local/state/kstate` where there is one.
pub fn home(env: &Env) -> anyhow::Result<PathBuf> {
    if let Some(home) = env.var("KSTATE_HOME") {
        return Ok(env.path(home));
    }
    let folders =
        directories::ProjectDirs::from("", "", "kstate").context("no home folder is known: set KSTATE_HOME")?;
    Ok(folders.state_dir().unwrap_or(folders.data_dir()).to_owned())
}
