//! Volumes: which folder of the home is behind a mount, made, filled and opened so that nothing planted in it leads out.
//!
//! Knows no mount point.

use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::{Mode, fchmod};
use sha2::{Digest, Sha256};

use super::failure::{Failure, Step};
use super::layer::named;
use super::remove;
use super::tree::{Tree, components};
use crate::clock::Clock;
use crate::control::sandbox::{File, Mount, Source};

/// Anybody in the pod may write to it, whatever its user: as the kubelet makes an emptyDir.
const OPEN_TO_ALL: u32 = 0o777;

/// What a folder of files that are written out has besides, for the kubelet makes it so.
const STICKY: u32 = 0o1000;

/// Makes a volume's folder where it is missing and writes out its files.
///
/// # Errors
/// When a name or path would lead elsewhere, or the folder cannot be made.
pub fn prepare(home: &Tree, uid: &str, source: &Source) -> Result<(), Failure> {
    let (folder, inner) = place(uid, source)?;
    let root = match home.subtree(&folder) {
        Err(Errno::ENOENT) => {
            make_root(home, &folder, if is_written_out(source) { OPEN_TO_ALL | STICKY } else { OPEN_TO_ALL })?
        }
        found => found.step(format!("open {folder}"))?,
    };
    root.make_dir(inner, 0o755).step(format!("make {inner} in {folder}"))?;
    match source {
        Source::Files { files, .. } => write_out(&root, files),
        _ => Ok(()),
    }
}

fn is_written_out(source: &Source) -> bool {
    matches!(source, Source::Files { .. })
}

fn make_root(home: &Tree, folder: &str, mode: u32) -> Result<Tree, Failure> {
    // What root of a sandbox leaves here may be setuid root's: no other user of the host gets at it.
    let parent = folder.split('/').next().unwrap_or_default();
    home.make_dir(parent, 0o700).step(format!("make {parent}"))?;
    let root = home.make_dir(folder, 0o755).step(format!("make {folder}"))?;
    let fd = root.lookup("", OFlag::O_RDONLY | OFlag::O_DIRECTORY, 0).step(format!("open {folder}"))?;
    fchmod(&fd, Mode::from_bits_truncate(mode)).step(format!("open {folder} to all"))?;
    Ok(root)
}

/// Opens what a mount shows: the volume, or its `subPath`, which is made as a folder where there is nothing.
///
/// # Errors
/// When there is no such volume or the path leads nowhere inside it.
pub fn open(home: &Tree, uid: &str, mount: &Mount) -> Result<OwnedFd, Failure> {
    let (folder, inner) = place(uid, &mount.source)?;
    downward(&mount.sub_path)?;
    let step = || format!("open the volume at {}", mount.path);
    let volume = home.subtree(&folder).and_then(|root| root.subtree(inner)).step(step())?;
    match volume.handle(&mount.sub_path) {
        Err(Errno::ENOENT) => volume.make_dir(&mount.sub_path, 0o755).and_then(|d| d.handle("")).step(step()),
        found => found.step(step()),
    }
}

/// A volume's folder, relative to the home, and the path in it.
fn place<'a>(uid: &str, source: &'a Source) -> Result<(String, &'a str), Failure> {
    let (folder, name, inner) = match source {
        Source::PersistentVolume(name) => ("volumes".to_string(), name, ""),
        Source::Node { node, path } => ("nodes".to_string(), node, path.as_str()),
        Source::EmptyDir(name) | Source::Files { name, .. } => (format!("pods/{uid}/volumes"), name, ""),
    };
    named("volume's name", name)?;
    downward(inner)?;
    Ok((format!("{folder}/{name}"), inner))
}

/// Where a volume's files are: its folder, relative to the home, and the paths that lead on inside it, each resolved
/// with the one before it as its root, since a container may have left links there.
///
/// # Errors
/// When a name or path would lead elsewhere.
pub fn location(uid: &str, mount: &Mount) -> Result<(String, Vec<String>), Failure> {
    let (folder, inner) = place(uid, &mount.source)?;
    downward(&mount.sub_path)?;
    Ok((folder, vec![inner.to_owned(), mount.sub_path.clone()]))
}

/// Refuses a path that climbs.
pub fn downward(path: &str) -> Result<(), Failure> {
    if components(path).any(|c| c == "..") || path.contains('\0') {
        return Err(Failure {
            step: "check a volume's path".into(),
            cause: format!("{path:?} leads out of its folder"),
        });
    }
    Ok(())
}

/// Lays files out as the kubelet does: in a folder of their own, reached by the link `..data`, and a link for each
/// first name, so that all change at once. The folder has the time in its name, as the kubelet's has, and in the place of the
/// kubelet's random number the content's: what is there already is not rewritten.
fn write_out(root: &Tree, files: &[File]) -> Result<(), Failure> {
    files.iter().try_for_each(|f| downward(&f.path))?;
    let fingerprint = fingerprint(files);
    let present = root.link("..data").unwrap_or_default();
    if present.ends_with(&format!(".{fingerprint}")) && root.handle(&present).is_ok() {
        return Ok(());
    }
    let folder = format!("..{}.{fingerprint}", Clock::System.now().format("%Y_%m_%d_%H_%M_%S"));
    let data = root.make_dir(&folder, 0o755).step("make a volume's data folder")?;
    for file in files {
        data.write(&file.path, file.mode, &file.content).step(format!("write {}", file.path))?;
    }
    root.symlink(&folder, "..data").step("link a volume's data")?;
    for name in files.iter().filter_map(|f| components(&f.path).next()) {
        root.symlink(&format!("..data/{name}"), name).step(format!("link {name}"))?;
    }
    forget_others(root, &folder, files).step("remove what a volume had before")
}

/// Removes the folders of older contents, and the links to what is no more. What is mounted by itself keeps its file.
fn forget_others(root: &Tree, folder: &str, files: &[File]) -> nix::Result<()> {
    for (name, _) in remove::names(root)? {
        let Ok(name) = name.to_str() else { continue };
        let is_ours =
            name == "..data" || name == folder || files.iter().any(|f| components(&f.path).next() == Some(name));
        if !is_ours {
            remove::remove(root, name)?;
        }
    }
    Ok(())
}

fn fingerprint(files: &[File]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(format!("{}\0{}\0{}\0", file.path, file.mode, file.content.len()));
        hash.update(&file.content);
    }
    let first = hash.finalize().iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    first.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(content: &str) -> Source {
        let file = |path: &str, mode| File { path: path.into(), mode, content: content.into() };
        Source::Files { name: "conf".into(), files: vec![file("a", 0o400), file("deep/b", 0o644)] }
    }

    #[test]
    fn files_are_laid_out_as_the_kubelet_does_and_change_at_once() {
        let dir = assert_fs::TempDir::new().unwrap();
        let home = Tree::open(dir.path()).unwrap();
        for content in ["one", "two", "one"] {
            prepare(&home, "u", &files(content)).unwrap();
            let volume = home.subtree("pods/u/volumes/conf").unwrap();
            for path in ["a", "deep/b", "..data/a"] {
                let fd = volume.lookup(path, OFlag::O_RDONLY, 0).unwrap();
                assert_eq!(std::io::read_to_string(std::fs::File::from(fd)).unwrap(), content, "{path}");
            }
            let data = volume.link("..data").unwrap();
            let names: Vec<_> = remove::names(&volume).unwrap().into_iter().map(|(name, _)| name).collect();
            assert_eq!(names.len(), 4, "two links, ..data and where it leads: {names:?}");
            prepare(&home, "u", &files(content)).unwrap();
            assert_eq!(volume.link("..data").unwrap(), data, "nothing new is written");
        }
    }

    #[test]
    fn what_a_volume_has_no_more_goes() {
        let dir = assert_fs::TempDir::new().unwrap();
        let home = Tree::open(dir.path()).unwrap();
        prepare(&home, "u", &files("one")).unwrap();
        let one = File { path: "a".into(), mode: 0o644, content: b"two".to_vec() };
        prepare(&home, "u", &Source::Files { name: "conf".into(), files: vec![one] }).unwrap();
        let volume = home.subtree("pods/u/volumes/conf").unwrap();
        assert!(volume.is_free("deep") && !volume.is_free("a"));
    }

    #[test]
    fn paths_that_climb_are_refused() {
        let dir = assert_fs::TempDir::new().unwrap();
        let home = Tree::open(dir.path()).unwrap();
        let node = |node: &str, path: &str| Source::Node { node: node.into(), path: path.into() };
        for source in [
            Source::PersistentVolume("..".into()),
            Source::EmptyDir("a/b".into()),
            node("n", "/../../x"),
            node("../n", "/x"),
        ] {
            assert!(prepare(&home, "u", &source).is_err(), "{source:?}");
        }
        let mount = Mount {
            path: "/data".into(),
            read_only: false,
            sub_path: "../x".into(),
            source: Source::EmptyDir("e".into()),
        };
        prepare(&home, "u", &mount.source).unwrap();
        assert!(open(&home, "u", &mount).is_err());
    }

    #[test]
    fn a_planted_link_stays_inside() {
        let dir = assert_fs::TempDir::new().unwrap();
        let home = Tree::open(dir.path()).unwrap();
        let source = Source::PersistentVolume("pv".into());
        prepare(&home, "u", &source).unwrap();
        home.subtree("volumes/pv").unwrap().symlink("/etc", "link").unwrap();
        let mount = Mount { path: "/data".into(), read_only: false, sub_path: "link".into(), source };
        assert!(open(&home, "u", &mount).is_err(), "/etc of the volume does not exist");
        home.make_dir("volumes/pv/etc", 0o755).unwrap();
        assert!(open(&home, "u", &mount).is_ok());
    }
}
