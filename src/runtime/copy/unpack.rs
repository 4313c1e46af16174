//! An archive out of a container, written below a local path. A container is not trusted: names that lead elsewhere are
//! left out, and links are not made.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;
use tar::{Archive, EntryType};

use super::CopyError;

/// What is copied out, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct From {
    /// The path in the container, as it was asked for.
    pub source: String,
    /// What every name in the archive begins with.
    pub prefix: String,
    /// The local path that stands for the prefix.
    pub destination: PathBuf,
    /// The same as it was asked for, for messages.
    pub shown: PathBuf,
}

/// What was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    Outside(PathBuf),
    Link { path: PathBuf, target: String },
}

/// Writes an archive's files.
///
/// # Errors
/// When the archive is broken or is not of the source; when a file cannot be written.
pub fn unpack(archive: impl Read, from: &From) -> Result<Vec<Warning>, CopyError> {
    let mut archive = Archive::new(archive);
    let mut warnings = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path_bytes().into_owned();
        let inner = name.strip_prefix(from.prefix.as_bytes()).ok_or(CopyError::Corrupted)?;
        let inner = String::from_utf8_lossy(inner).into_owned();
        let shown = below(&from.shown, &inner);
        let (Some(path), Some(shown)) = (below(&from.destination, &inner), shown) else {
            warnings.push(Warning::Outside(from.shown.join(inner.trim_start_matches('/'))));
            continue;
        };
        let kind = entry.header().entry_type();
        match kind {
            EntryType::Directory => make_folder(&path)?,
            EntryType::Symlink => {
                let target = entry.link_name_bytes().unwrap_or_default();
                let target = String::from_utf8_lossy(&target).into_owned();
                warnings.push(Warning::Link { path: shown, target });
            }
            _ => {
                path.parent().map_or(Ok(()), make_folder)?;
                // kubectl makes an empty file of whatever is no file: a hard link, a device.
                write(&path, &shown, &mut entry)?;
            }
        }
    }
    Ok(warnings)
}

/// The path that a name leads to below the destination; `None` when it would climb out of it.
fn below(destination: &Path, name: &str) -> Option<PathBuf> {
    let mut path = destination.to_owned();
    let mut depth = 0usize;
    for part in Path::new(name.trim_start_matches('/')).components() {
        match part {
            Component::Normal(part) => {
                path.push(part);
                depth += 1;
            }
            Component::ParentDir => {
                depth = depth.checked_sub(1)?;
                path.pop();
            }
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o755).create(path)
}

fn write(path: &Path, shown: &Path, content: &mut impl Read) -> Result<(), CopyError> {
    let named = |e: io::Error| {
        let words = e.raw_os_error().map_or_else(|| e.to_string(), |n| Errno::from_raw(n).desc().to_lowercase());
        let shown = if shown.as_os_str().is_empty() { Path::new(".") } else { shown };
        CopyError::Io(io::Error::new(e.kind(), format!("open {}: {words}", shown.display())))
    };
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).open(path).map_err(named)?;
    io::copy(content, &mut file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tar::{Builder, Header};

    /// An archive of files with these names, whatever tar's own rules say of them.
    fn archive(names: &[&str]) -> Vec<u8> {
        let mut archive = Builder::new(Vec::new());
        for name in names {
            let mut header = Header::new_gnu();
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(2);
            header.set_mode(0o777);
            header.set_cksum();
            archive.append(&header, &b"x\n"[..]).unwrap();
        }
        archive.into_inner().unwrap()
    }

    fn from(root: &Path) -> From {
        From { source: "/data".into(), prefix: "data".into(), destination: root.join("out"), shown: "out".into() }
    }

    #[test]
    fn names_that_climb_are_left_out_and_others_are_written() {
        let dir = assert_fs::TempDir::new().unwrap();
        let names =
            ["data/a", "data/b/../c", "data/../../up", "data/../sideways", "data/deep/er/d", "data//etc/passwd"];
        let warnings = unpack(&archive(&names)[..], &from(dir.path())).unwrap();
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        for (path, there) in
            [("out/a", true), ("out/c", true), ("out/deep/er/d", true), ("up", false), ("sideways", false)]
        {
            assert_eq!(dir.path().join(path).exists(), there, "{path}");
        }
        assert!(dir.path().join("out/etc/passwd").exists());
    }

    #[test]
    fn an_archive_of_something_else_is_refused() {
        let dir = assert_fs::TempDir::new().unwrap();
        for name in ["/etc/passwd", "../data", "other"] {
            let refused = unpack(&archive(&[name])[..], &from(dir.path()));
            assert!(matches!(refused, Err(CopyError::Corrupted)), "{name}");
        }
        assert!(unpack(&b"no archive at all, whatever its length may be"[..], &from(dir.path())).is_err());
    }

    #[test]
    fn links_are_not_made() {
        let dir = assert_fs::TempDir::new().unwrap();
        let mut archive = Builder::new(Vec::new());
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        archive.append_link(&mut header, "data/link", "/etc").unwrap();
        let mut header = Header::new_gnu();
        header.set_size(2);
        header.set_mode(0o644);
        archive.append_data(&mut header, "data/link/file", &b"x\n"[..]).unwrap();
        let warnings = unpack(&archive.into_inner().unwrap()[..], &from(dir.path())).unwrap();
        assert!(matches!(&warnings[..], [Warning::Link { target, .. }] if target == "/etc"));
        assert!(dir.path().join("out/link").is_dir() && !dir.path().join("out/link").is_symlink());
        assert!(dir.path().join("out/link/file").exists());
    }
}
