//! Who keeps which container: files in `running/` whose locks the keepers hold.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The folder in the home.
const FOLDER: &str = "running";

/// What a claim is on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Claimed {
    pub namespace: String,
    pub pod: String,
    pub uid: String,
    pub container: String,
    pub attempt: u32,
}

impl Claimed {
    fn file_name(&self) -> String {
        format!("{}+{}+{}", self.uid, self.container, self.attempt)
    }

    /// Whether somebody has claimed it, or a keeper was killed and its claim is not cleared away.
    pub fn exists(&self, home: &Path) -> bool {
        self.path(home).symlink_metadata().is_ok()
    }

    fn path(&self, home: &Path) -> PathBuf {
        home.join(FOLDER).join(self.file_name())
    }
}

/// A claim that is held: by whoever starts the keeper, then by the keeper as well.
#[derive(Debug)]
pub struct Claim {
    path: PathBuf,
    file: File,
}

impl Claim {
    /// Claims what nobody has claimed: before the commit, so that whoever dies after it leaves a trace.
    ///
    /// # Errors
    /// When the file is there already or cannot be made.
    pub fn take(home: &Path, what: &Claimed) -> io::Result<Claim> {
        if what.file_name().contains('/') {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        let path = what.path(home);
        let mut options = OpenOptions::new();
        options.create_new(true).read(true).write(true).mode(0o600);
        let file = options.open(&path).or_else(|e| {
            if e.kind() != io::ErrorKind::NotFound {
                return Err(e);
            }
            DirBuilder::new().recursive(true).mode(0o700).create(home.join(FOLDER))?;
            options.open(&path)
        })?;
        file.lock()?;
        (&file).write_all(&serde_json::to_vec(what)?)?;
        Ok(Claim { path, file })
    }

    /// The claim whose file this is, as it was handed to a keeper.
    pub(super) fn of(home: &Path, what: &Claimed, file: File) -> Claim {
        Claim { path: what.path(home), file }
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Whether it still counts: a store that is emptied takes the claims along.
    pub fn is_there(&self) -> bool {
        self.file.metadata().is_ok_and(|file| file.nlink() > 0)
    }

    /// Lets the lock go and leaves the file: whoever comes next finds it as this one was found.
    pub fn let_go(&self) {
        let _not_locked = self.file.unlock();
    }

    /// Gives it up: nothing is kept any more, and that is known.
    #[expect(clippy::disallowed_methods, reason = "the door to the keepers' files")]
    pub fn release(self) {
        let _gone_with_its_store = std::fs::remove_file(&self.path);
    }
}

/// Every claim: what it is on, and the claim itself where whoever held it died.
///
/// # Errors
/// When the folder or a file cannot be read.
#[expect(clippy::disallowed_methods, reason = "the door to the keepers' files")]
pub fn claims(home: &Path) -> io::Result<Vec<(Claimed, Option<Claim>)>> {
    let entries = match std::fs::read_dir(home.join(FOLDER)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        found => found?,
    };
    let mut all = Vec::new();
    for entry in entries {
        all.extend(read(&entry?.path())?);
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(all)
}

/// Waits, with `pause`, while an earlier run of the same container is still being kept.
pub fn wait_for_earlier(home: &Path, what: &Claimed, mut pause: impl FnMut()) {
    let is_earlier = |c: &Claimed| c.uid == what.uid && c.container == what.container && c.attempt < what.attempt;
    while claims(home).is_ok_and(|all| all.iter().any(|(c, dead)| dead.is_none() && is_earlier(c))) {
        pause();
    }
}

fn read(path: &Path) -> io::Result<Option<(Claimed, Option<Claim>)>> {
    let mut file = match OpenOptions::new().read(true).open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found?,
    };
    let is_dead = match file.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(e)) => return Err(e),
    };
    // Released between the opening and the locking.
    if file.metadata()?.nlink() == 0 {
        return Ok(None);
    }
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let claim = is_dead.then(|| Claim { path: path.to_owned(), file });
    match serde_json::from_str(&text) {
        Ok(what) => Ok(Some((what, claim))),
        Err(_) => {
            // Whoever made it was killed before it said what for, or has not said it yet.
            claim.into_iter().for_each(Claim::release);
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_whose_holder_is_gone_is_seen_as_that() {
        let home = assert_fs::TempDir::new().unwrap();
        let what =
            Claimed { namespace: "n".into(), pod: "p".into(), uid: "u".into(), container: "c".into(), attempt: 1 };
        assert!(claims(home.path()).unwrap().is_empty());
        let claim = Claim::take(home.path(), &what).unwrap();
        assert!(what.exists(home.path()));
        assert!(Claim::take(home.path(), &what).is_err());
        let all = claims(home.path()).unwrap();
        assert!(matches!(&all[..], [(found, None)] if *found == what));
        assert!(claim.is_there());
        drop(claim);
        let mut all = claims(home.path()).unwrap();
        let (found, dead) = all.remove(0);
        assert_eq!(found, what);
        let found = Claim::of(home.path(), &what, dead.as_ref().unwrap().file().try_clone().unwrap());
        dead.unwrap().release();
        assert!(!found.is_there());
        assert!(claims(home.path()).unwrap().is_empty());
    }
}
