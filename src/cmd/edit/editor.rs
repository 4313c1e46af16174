//! Which editor to start, and how. Knows no object.

use std::io;
use std::path::Path;

use crate::Env;
use crate::cmd::program;

/// Opens a file in the user's editor and waits until it is closed.
///
/// # Errors
/// An editor that is not there, or that fails.
pub fn launch(env: &mut Env, file: &Path) -> anyhow::Result<()> {
    let name = file.display().to_string();
    let words = words(env, &name);
    // A shell's command line is told, the file is not.
    let what = words.iter().filter(|w| **w != name).map(String::as_str).collect::<Vec<_>>().join(" ");
    match program::run(env, &words) {
        Ok(status) if status.success() => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => anyhow::bail!("unable to launch the editor {what:?}"),
        Ok(_) | Err(_) => anyhow::bail!("there was a problem with the editor {what:?}"),
    }
}

/// The editor of KUBE_EDITOR or EDITOR, or vi; by a shell, when it is quoted.
fn words(env: &Env, file: &str) -> Vec<String> {
    let editor = env.var("KUBE_EDITOR").or_else(|| env.var("EDITOR")).unwrap_or("vi");
    if editor.contains(' ') && editor.contains(['"', '\'', '\\']) {
        let shell = env.var("SHELL").unwrap_or("/bin/bash");
        return vec![shell.to_owned(), "-c".to_owned(), format!("{editor} {file:?}")];
    }
    editor.split(' ').map(str::to_owned).chain([file.to_owned()]).collect()
}
