//! DOOR to a kustomization's files. Knows paths, not what is in the files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};

use crate::Env;

/// The names that a kustomization may have.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// A folder with a kustomization. Its files may not be outside of it where that is asked for.
#[derive(Clone, Debug)]
pub struct Root {
    pub folder: PathBuf,
    pub restricted: bool,
}

#[expect(clippy::disallowed_methods, reason = "the door to kustomizations")]
impl Root {
    /// The folder that a command line names.
    pub fn open(env: &Env, named: &str, restricted: bool) -> anyhow::Result<Root> {
        if named.contains("://") || named.starts_with("github.com/") || named.starts_with("git@") {
            bail!("{named:?} is a remote kustomization: kstate reads kustomizations from folders only");
        }
        Root::at(&env.path(named), named, restricted)
    }

    /// A folder that a kustomization names: a base.
    pub fn below(&self, named: &str) -> anyhow::Result<Root> {
        let path = self.folder.join(named);
        Root::at(&path, &absolute(&path), self.restricted)
    }

    fn at(path: &Path, named: &str, restricted: bool) -> anyhow::Result<Root> {
        let Ok(folder) = fs::canonicalize(path) else {
            let path = absolute(path);
            bail!(
                "must build at directory: not a valid directory: evalsymlink failure on '{named}' : lstat {path}: no such \
                 file or directory"
            );
        };
        if !folder.is_dir() {
            bail!("must build at directory: '{named}': file is not directory");
        }
        Ok(Root { folder, restricted })
    }

    /// Whether a name leads to a folder.
    pub fn is_folder(&self, named: &str) -> bool {
        self.folder.join(named).is_dir()
    }

    /// The kustomization's text.
    pub fn kustomization(&self) -> anyhow::Result<String> {
        let found: Vec<PathBuf> = NAMES.iter().map(|n| self.folder.join(n)).filter(|p| p.is_file()).collect();
        match found.as_slice() {
            [one] => Ok(fs::read_to_string(one)?),
            [] => bail!(
                "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{}'",
                self.folder.display()
            ),
            _ => bail!("Found multiple kustomization files under: {}\n", self.folder.display()),
        }
    }

    /// A file of the kustomization.
    pub fn read(&self, named: &str) -> anyhow::Result<Vec<u8>> {
        let path = self.folder.join(named);
        let Ok(real) = fs::canonicalize(&path) else {
            let path = absolute(&path);
            bail!("evalsymlink failure on '{path}' : lstat {path}: no such file or directory");
        };
        if self.restricted && !real.starts_with(&self.folder) {
            bail!("security; file '{}' is not in or below '{}'", real.display(), self.folder.display());
        }
        fs::read(&real).map_err(|e| anyhow!("{}: {e}", real.display()))
    }

    /// A file of the kustomization, as text.
    pub fn read_text(&self, named: &str) -> anyhow::Result<String> {
        Ok(String::from_utf8_lossy(&self.read(named)?).into_owned())
    }

    /// A file's place without its links, for messages.
    pub fn path(&self, named: &str) -> String {
        absolute(&self.folder.join(named))
    }
}

/// A path without `.` and `..`.
fn absolute(path: &Path) -> String {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => drop(clean.pop()),
            _ => clean.push(part),
        }
    }
    clean.display().to_string()
}

/// Writes what was built: `-o`.
#[expect(clippy::disallowed_methods, reason = "the door to kustomizations")]
pub fn write(env: &Env, path: &str, text: &str) -> anyhow::Result<()> {
    fs::write(env.path(path), text).map_err(|e| anyhow!("open {path}: {e}"))
}
