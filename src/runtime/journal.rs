//! What a command is about to remove, written down before its commit, so that the next one finishes what a killed one left.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The folder in the home.
const FOLDER: &str = "removing";

/// One command's list; locked while the command lives.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    _file: File,
    /// Folders of the home (`pods`, `volumes`) and names in them.
    pub entries: Vec<(String, String)>,
}

impl Journal {
    /// Writes down what will be removed.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn begin<'e>(home: &Path, entries: impl Iterator<Item = (&'e str, String)>) -> io::Result<Journal> {
        let entries: Vec<(String, String)> = entries.map(|(folder, name)| (folder.to_owned(), name)).collect();
        let folder = home.join(FOLDER);
        let first = entries.first().map_or("", |(_, name)| name);
        let path = folder.join(format!("{}+{first}", std::process::id()));
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&path)?;
        file.lock()?;
        file.write_all(&serde_json::to_vec(&entries)?)?;
        Ok(Journal { path, _file: file, entries })
    }

    /// Everything on it is removed.
    #[expect(clippy::disallowed_methods, reason = "the door to files")]
    pub fn finish(self) {
        let _gone_with_its_store = std::fs::remove_file(&self.path);
    }

    /// The lists of commands that were killed; each is held by the caller now.
    #[expect(clippy::disallowed_methods, reason = "the door to files")]
    pub fn left(home: &Path) -> Vec<Journal> {
        let entries = std::fs::read_dir(home.join(FOLDER)).into_iter().flatten().flatten();
        entries.filter_map(|entry| read(&entry.path())).collect()
    }
}

fn read(path: &Path) -> Option<Journal> {
    let mut file = OpenOptions::new().read(true).open(path).ok()?;
    file.try_lock().ok()?;
    if file.metadata().ok()?.nlink() == 0 {
        return None;
    }
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    // One that was cut short is of a command that was killed before its commit.
    let entries = serde_json::from_str(&text).unwrap_or_default();
    Some(Journal { path: path.to_owned(), _file: file, entries })
}
