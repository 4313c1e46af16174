//! Snapshots: what is saved comes back whole, a restore that was killed is ended by the next command, and nothing of a
//! hostile volume leads out of the home.

#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "a test of files and processes")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, lchown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_fs::TempDir;

/// Runs kstate on a home.
fn kstate(home: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kstate"));
    command.args(args).env("KSTATE_HOME", home).env("KSTATE_NOW", "2026-11-22T08:00:00Z");
    command.output().unwrap()
}

/// Runs kstate on a home as another user than root, whom permissions do not stop.
fn as_somebody(home: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kstate"));
    command.args(args).env("KSTATE_HOME", home).env("KSTATE_NOW", "2026-11-22T08:00:00Z");
    if nix::unistd::geteuid().is_root() {
        command.uid(SOMEBODY).gid(SOMEBODY);
    }
    command.output().unwrap()
}

const SOMEBODY: u32 = 65534;

/// Runs kstate, which has to succeed, and returns its stdout.
fn ok(home: &Path, args: &[&str]) -> String {
    let output = kstate(home, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

const CLAIM: &str = r#"{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}"#;

/// A home with a bound claim and one file in its volume; the volume's folder.
fn home_with_volume() -> (TempDir, PathBuf) {
    let home = TempDir::new().unwrap();
    fs::write(home.join("claim.json"), CLAIM).unwrap();
    ok(&home, &["create", "-f", home.join("claim.json").to_str().unwrap()]);
    fs::remove_file(home.join("claim.json")).unwrap();
    let volume = ok(&home, &["get", "pvc", "data", "-o", "jsonpath={.spec.volumeName}"]);
    let folder = home.join("volumes").join(volume);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("page"), "first").unwrap();
    (home, folder)
}

#[test]
fn what_was_saved_comes_back_whole() {
    let (home, volume) = home_with_volume();
    fs::create_dir(volume.join("closed")).unwrap();
    fs::write(volume.join("closed/secret"), "s").unwrap();
    fs::set_permissions(volume.join("closed/secret"), Permissions::from_mode(0o400)).unwrap();
    fs::set_permissions(volume.join("closed"), Permissions::from_mode(0o500)).unwrap();
    symlink("/etc/hostname", volume.join("out")).unwrap();
    nix::unistd::mkfifo(&volume.join("pipe"), nix::sys::stat::Mode::S_IRUSR).unwrap();
    assert_eq!(ok(&home, &["snapshot", "save", "one"]), "snapshot \"one\" saved\n");

    fs::write(volume.join("page"), "second").unwrap();
    fs::write(volume.join("more"), "x").unwrap();
    ok(&home, &["create", "configmap", "later"]);
    let difference = kstate(&home, &["snapshot", "diff", "one"]);
    let pv = volume.file_name().unwrap().to_str().unwrap();
    assert_eq!(
        String::from_utf8(difference.stdout).unwrap(),
        format!(
            "added    configmaps/later in default\nadded    volume file {pv}/more\nchanged  volume file {pv}/page\n"
        )
    );
    assert_eq!(difference.status.code(), Some(1));

    assert_eq!(ok(&home, &["snapshot", "restore", "one", "--yes"]), "snapshot \"one\" restored\n");
    assert!(ok(&home, &["snapshot", "diff", "one"]).is_empty());
    assert_eq!(fs::read_to_string(volume.join("page")).unwrap(), "first");
    assert!(!volume.join("more").exists());
    let mode = |path: &str| fs::symlink_metadata(volume.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("closed"), mode("closed/secret"), mode("pipe")), (0o500, 0o400, 0o400));
    assert!(fs::symlink_metadata(volume.join("pipe")).unwrap().file_type().is_fifo());
    assert_eq!(fs::read_link(volume.join("out")).unwrap(), Path::new("/etc/hostname"));
    assert_eq!(String::from_utf8(kstate(&home, &["get", "configmap", "later"]).stdout).unwrap(), "");
    let listed = ok(&home, &["snapshot", "list"]);
    assert!(listed.contains("one    2026-11-22T08:00:00Z   "), "{listed}");
}

#[test]
fn folders_that_their_owner_closed_are_saved_and_restored() {
    let home = TempDir::new().unwrap();
    let owned = |path: &Path| {
        if nix::unistd::geteuid().is_root() {
            lchown(path, Some(SOMEBODY), Some(SOMEBODY)).unwrap();
        }
    };
    owned(home.path());
    assert!(as_somebody(&home, &["get", "pods"]).status.success());
    // As the kernel leaves an overlay's folder while it is mounted.
    let work = home.join("pods/uid/containers/c/work/work");
    fs::create_dir_all(&work).unwrap();
    fs::write(work.join("inside"), "x").unwrap();
    work.ancestors().take(6).chain([work.join("inside").as_path()]).for_each(owned);
    fs::set_permissions(work.join("inside"), Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(&work, Permissions::from_mode(0o000)).unwrap();
    for args in [["snapshot", "save", "one"].as_slice(), &["snapshot", "restore", "one", "--yes"]] {
        let output = as_somebody(&home, args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(fs::metadata(&work).unwrap().permissions().mode() & 0o777, 0);
    }
}

#[test]
fn a_restore_that_was_killed_is_ended_by_the_next_command() {
    // How far it had come: which of these were in their places already.
    for moved in 0..=4 {
        let (home, volume) = home_with_volume();
        ok(&home, &["snapshot", "save", "one"]);
        fs::write(volume.join("page"), "second").unwrap();
        ok(&home, &["create", "configmap", "later"]);
        let restoring = home.join("restoring");
        let copied = Command::new("cp").arg("-a").arg(home.join("snapshots/one")).arg(&restoring).status().unwrap();
        assert!(copied.success());
        for name in ["volumes", "pods", "nodes", "state.db"].iter().take(moved) {
            if home.join(name).is_dir() {
                fs::remove_dir_all(home.join(name)).unwrap();
            }
            fs::rename(restoring.join(name), home.join(name)).unwrap();
        }
        assert_eq!(ok(&home, &["get", "configmaps", "-o", "name"]), "", "after {moved}");
        assert!(!restoring.exists());
        assert_eq!(fs::read_to_string(volume.join("page")).unwrap(), "first", "after {moved}");
        assert!(ok(&home, &["snapshot", "diff", "one"]).is_empty());
        assert!(!String::from_utf8(kstate(&home, &["doctor"]).stdout).unwrap().contains("DAMAGED"));
    }
}

#[test]
fn names_are_one_folders_and_each_is_used_once() {
    let (home, _) = home_with_volume();
    ok(&home, &["snapshot", "save", "one"]);
    let refused = |args: &[&str]| {
        let output = kstate(&home, args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(
        refused(&["snapshot", "save", "one"]),
        "error: a snapshot \"one\" exists; choose another name, or remove it with `kstate snapshot delete one`\n"
    );
    for name in ["../x", ".new", "", "a/b", "."] {
        assert!(refused(&["snapshot", "save", name]).contains("is no name for a snapshot"), "{name}");
    }
    for verb in ["restore", "delete", "diff"] {
        assert!(refused(&["snapshot", verb, "two"]).starts_with("error: there is no snapshot \"two\""), "{verb}");
    }
    ok(&home, &["snapshot", "delete", "one"]);
    assert_eq!(ok(&home, &["snapshot", "list"]), "");
    ok(&home, &["snapshot", "save", "one"]);
    ok(&home, &["reset", "--yes"]);
    assert!(ok(&home, &["snapshot", "list"]).contains("one"), "a reset leaves snapshots");
    ok(&home, &["snapshot", "restore", "one", "--yes"]);
    assert!(ok(&home, &["get", "pvc"]).contains("data"));
}
