//! What goes wrong with files: a damaged, newer, foreign, read-only or deleted store and a full disk each get an error
//! that says what to do, and nothing is overwritten.

#![expect(clippy::disallowed_methods, reason = "these tests damage files")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::panic::catch_unwind;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use kstate::apimachinery::key::Key;
use kstate::apimachinery::object::Object;
use kstate::apimachinery::seed::Seed;
use kstate::apimachinery::time::Time;
use kstate::cluster::{Cluster, Snapshot};
use kstate::storage::{self, Error, FILE, Options, Store};
use serde_json::{Value, json};

const PART: &str = "KSTATE_TEST_PART";
const HOME: &str = "KSTATE_TEST_HOME";

fn options(home: &Path) -> Options {
    Options { home: home.to_owned(), patience: Duration::from_millis(300), fsync: false }
}

fn open(home: &Path) -> Result<Store, Error> {
    Store::open(options(home), || Ok(Seed("s".to_owned())))
}

/// The error of opening a store that must not open.
fn refused(home: &Path) -> String {
    open(home).expect_err("the store is refused").to_string()
}

fn name(n: usize) -> Key {
    Key::new("pods", if n.is_multiple_of(3) { "a" } else { "b" }, &format!("pod-{n}"))
}

fn put(store: &mut Store, numbers: std::ops::Range<usize>, size: usize) -> Result<(), Error> {
    let state = store.begin_write()?;
    let mut cluster = Cluster::new(&state);
    for n in numbers {
        let key = name(n);
        let mut object = Object::new("v1", "Pod", &key.namespace, &key.name);
        object.set("/metadata/uid", format!("u{n}").into());
        object.set("/metadata/ownerReferences", json!([{"uid": "o", "kind": "K", "name": "n"}]));
        object.set("/spec/text", "x".repeat(size).into());
        cluster.put(&key, object).unwrap();
        cluster.set_wake(&key, Some(Time::UNIX_EPOCH));
    }
    let changes = cluster.into_changes();
    state.commit(&changes)
}

/// All there is in a store, or the first error on the way.
fn everything(home: &Path) -> Result<BTreeMap<Key, Value>, String> {
    let mut store = open(home).map_err(|e| e.to_string())?;
    let state = store.begin_read().map_err(|e| e.to_string())?;
    let pods = state.list("pods", None).map_err(|e| e.to_string())?;
    let owned = state.owned_by("o").map_err(|e| e.to_string())?;
    state.due(Time::MAX_UTC).map_err(|e| e.to_string())?;
    state.log_since(state.meta().resource_version.min(1)).map_err(|e| e.to_string())?.ok();
    for (key, _) in &owned {
        state.get(key).map_err(|e| e.to_string())?;
    }
    Ok(pods.into_iter().map(|(key, object)| (key, object.to_value())).collect())
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn contents(home: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(home).unwrap().map(|e| e.unwrap().path());
    entries.map(|p| (p.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&p).unwrap())).collect()
}

/// Runs this binary in a part of its own.
fn part(part: &str, home: &Path, command: &mut Command) -> Output {
    command.args(["--exact", "child", "--nocapture"]).env(PART, part).env(HOME, home).output().unwrap()
}

fn me() -> Command {
    Command::new(std::env::current_exe().unwrap())
}

/// The child's side; does nothing when the tests run.
#[test]
fn child() {
    let Ok(part) = std::env::var(PART) else { return };
    let home = std::env::var(HOME).unwrap();
    let home = Path::new(&home);
    match part.as_str() {
        "read and write" => {
            println!("\nread: {:?}", everything(home).map(|all| all.len()));
            let written = open(home).and_then(|mut store| put(&mut store, 0..1, 10));
            println!("write: {}", written.map_or_else(|e| e.to_string(), |()| "done".to_owned()));
        }
        "reset" => println!("\nreset: {:?}", storage::reset(home, Duration::ZERO).map_err(|e| e.to_string())),
        _ => fill(home),
    }
}

/// Writes until it fails, then looks whether all that was written before is there.
fn fill(home: &Path) {
    let mut store = open(home).unwrap();
    let (error, n) = put_until_error(&mut store, 64 * 1024);
    println!("\nwrite: {error}");
    drop(store);
    println!("read: {:?} of {n}", everything(home).map(|all| all.len()));
}

fn put_until_error(store: &mut Store, size: usize) -> (String, usize) {
    for n in 0..1000 {
        if let Err(e) = put(store, n..n + 1, size) {
            return (e.to_string(), n);
        }
    }
    ("never".to_owned(), 1000)
}

#[test]
fn flipped_bits_are_noticed_or_do_no_harm() {
    let home = assert_fs::TempDir::new().unwrap();
    put(&mut open(home.path()).unwrap(), 0..40, 100).unwrap();
    let sound = everything(home.path()).unwrap();
    let file = fs::read(home.path().join(FILE)).unwrap();
    let mut noticed = 0;
    // A prime step: all kinds of pages, all places in them, all bits.
    for place in (0..file.len()).step_by(503) {
        let copy = assert_fs::TempDir::new().unwrap();
        let mut bent = file.clone();
        bent[place] ^= 1 << (place % 8);
        fs::write(copy.path().join(FILE), &bent).unwrap();
        let outcome = catch_unwind(|| everything(copy.path())).expect("no panic");
        match outcome {
            Ok(all) => assert_eq!(all, sound, "byte {place}"),
            Err(_) => noticed += 1,
        }
        let _ = catch_unwind(|| storage::check(options(copy.path()))).expect("no panic");
    }
    assert!(noticed > file.len() / 503 / 4, "only {noticed} noticed");
}

#[test]
fn a_truncated_file_is_damaged_and_left_as_it_is() {
    let home = assert_fs::TempDir::new().unwrap();
    put(&mut open(home.path()).unwrap(), 0..40, 100).unwrap();
    let file = fs::read(home.path().join(FILE)).unwrap();
    for length in [0, 1, 15, 16, 50, 99, 100, 512, 4095, 4096, 4097, 8192, file.len() / 2, file.len() - 1] {
        let copy = assert_fs::TempDir::new().unwrap();
        fs::write(copy.path().join(FILE), &file[..length]).unwrap();
        let error = everything(copy.path()).expect_err("a part of a store is none");
        assert!(error.contains(FILE) && (error.contains("kstate reset") || error.contains("KSTATE_HOME")), "{error}");
        assert_eq!(fs::read(copy.path().join(FILE)).unwrap(), file[..length], "{length}");
    }
}

#[test]
fn a_damaged_log_gives_an_earlier_state_or_an_error() {
    let home = assert_fs::TempDir::new().unwrap();
    let mut store = open(home.path()).unwrap();
    let states: Vec<_> = (0..4)
        .map(|n| {
            put(&mut store, n..n + 1, 3000).unwrap();
            everything(home.path()).unwrap()
        })
        .collect();
    let crashed = assert_fs::TempDir::new().unwrap();
    copy(home.path(), crashed.path());
    fs::remove_file(crashed.path().join("state.db-shm")).unwrap();
    let wal = fs::read(crashed.path().join("state.db-wal")).unwrap();
    assert!(wal.len() > 20_000);
    for n in 0..60 {
        let again = assert_fs::TempDir::new().unwrap();
        copy(crashed.path(), again.path());
        let place = n * wal.len() / 60;
        let mut bent = wal.clone();
        if n % 2 == 0 {
            bent.truncate(place)
        } else {
            bent[place] ^= 1 << (n % 8)
        }
        fs::write(again.path().join("state.db-wal"), &bent).unwrap();
        if let Ok(all) = everything(again.path()) {
            assert!(all.is_empty() || states.contains(&all), "byte {place}");
        }
    }
    assert_eq!(everything(crashed.path()).unwrap(), states[3], "the log itself is played back");
}

#[test]
fn a_newer_or_foreign_file_is_refused_and_untouched() {
    for (sql, want) in [
        ("PRAGMA user_version = 7", "has format 7, which is newer than format 3, the newest this kstate reads"),
        ("PRAGMA application_id = 5", "is not a kstate store"),
        ("PRAGMA user_version = 0", "there never was a format 0"),
    ] {
        let home = assert_fs::TempDir::new().unwrap();
        put(&mut open(home.path()).unwrap(), 0..1, 10).unwrap();
        let file = rusqlite::Connection::open(home.path().join(FILE)).unwrap();
        file.execute_batch(sql).unwrap();
        drop(file);
        let before = contents(home.path());
        let error = refused(home.path());
        assert!(error.contains(want) && error.contains("KSTATE_HOME") || error.contains("kstate reset"), "{error}");
        assert_eq!(contents(home.path()), before, "{sql}");
    }
    let home = assert_fs::TempDir::new().unwrap();
    fs::write(home.path().join(FILE), "my shopping list\n".repeat(100)).unwrap();
    assert!(refused(home.path()).contains("file is not a database"), "{}", refused(home.path()));
}

#[test]
fn a_missing_file_is_only_made_anew_when_no_log_waits_for_it() {
    let home = assert_fs::TempDir::new().unwrap();
    put(&mut open(home.path()).unwrap(), 0..1, 10).unwrap();
    fs::remove_file(home.path().join(FILE)).unwrap();
    fs::write(home.path().join("state.db-wal"), "x").unwrap();
    assert!(refused(home.path()).contains("the file is gone, but its log"), "{}", refused(home.path()));
    fs::remove_file(home.path().join("state.db-wal")).unwrap();
    assert!(everything(home.path()).unwrap().is_empty());
}

#[test]
fn a_file_that_is_removed_or_replaced_under_a_command_is_not_written() {
    let home = assert_fs::TempDir::new().unwrap();
    let mut store = open(home.path()).unwrap();
    put(&mut store, 0..1, 10).unwrap();
    storage::reset(home.path(), Duration::ZERO).unwrap();
    for _ in 0..2 {
        assert!(matches!(store.begin_write().err(), Some(Error::Gone { .. })));
        assert!(matches!(store.data_version(), Err(Error::Gone { .. })));
        assert!(everything(home.path()).unwrap().is_empty(), "a new store is made");
    }
    let mut new = open(home.path()).unwrap();
    put(&mut new, 0..5, 10).unwrap();
    drop(store);
    let crashed = assert_fs::TempDir::new().unwrap();
    copy(home.path(), crashed.path());
    assert_eq!(everything(crashed.path()).unwrap().len(), 5, "closing the old file leaves the new one's log alone");
}

#[test]
fn a_home_that_is_deleted_under_a_command_is_an_error_and_no_success() {
    let home = assert_fs::TempDir::new().unwrap();
    let home = home.path().join("home");
    let mut store = open(&home).unwrap();
    put(&mut store, 0..1, 10).unwrap();
    let state = store.begin_write().unwrap();
    let mut cluster = Cluster::new(&state);
    cluster.put(&name(1), Object::new("v1", "Pod", "b", "pod-1")).unwrap();
    let changes = cluster.into_changes();
    fs::remove_dir_all(&home).unwrap();
    let error = state.commit(&changes).unwrap_err().to_string();
    assert!(error.contains("was removed or replaced while it was in use"), "{error}");
    assert!(matches!(store.begin_write().err(), Some(Error::Gone { .. })));
    assert!(matches!(store.data_version(), Err(Error::Gone { .. })));
    drop(store);
    assert!(!home.exists(), "nothing of it comes back");
    assert!(everything(&home).unwrap().is_empty(), "the next command makes a new store");
}

#[test]
fn what_could_not_be_read_back_is_not_stored() {
    let home = assert_fs::TempDir::new().unwrap();
    let mut store = open(home.path()).unwrap();
    for (depth, want) in [(126, true), (127, false), (300, false)] {
        let state = store.begin_write().unwrap();
        let mut cluster = Cluster::new(&state);
        let mut object = Object::new("v1", "Pod", "a", "deep");
        object.set("/spec", (1..depth).fold(json!([]), |inside, _| json!([inside])));
        cluster.put(&Key::new("pods", "a", "deep"), object).unwrap();
        let changes = cluster.into_changes();
        assert_eq!(state.commit(&changes).is_ok(), want, "{depth}");
        assert_eq!(everything(home.path()).unwrap().len(), 1);
    }
}

#[test]
fn a_store_held_too_long_is_said_to_be_in_use() {
    let home = assert_fs::TempDir::new().unwrap();
    let (mut one, mut two) = (open(home.path()).unwrap(), open(home.path()).unwrap());
    let held = one.begin_write().unwrap();
    let error = two.begin_write().err().unwrap().to_string();
    assert!(error.contains("another kstate held it for 300ms"), "{error}");
    two.begin_read().expect("reading waits for nobody");
    drop(held);
    two.begin_write().expect("the lock is free again");
}

#[test]
fn a_home_that_cannot_be_made_is_said_so() {
    let home = assert_fs::TempDir::new().unwrap();
    fs::write(home.path().join("file"), "").unwrap();
    for name in ["file", "file/below", "file/below/deep"] {
        let error = refused(&home.path().join(name));
        assert!(error.starts_with("cannot make the store's folder ") && error.contains("KSTATE_HOME"), "{error}");
    }
}

#[test]
fn the_home_is_its_users_alone() {
    let home = assert_fs::TempDir::new().unwrap();
    let folder = home.path().join("a/b");
    open(&folder).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join(FILE))), (0o700, 0o600));
    let mut store = open(&folder).unwrap();
    put(&mut store, 0..1, 10).unwrap();
    assert_eq!(mode(&folder.join("state.db-wal")), 0o600);
}

/// Another user than root, whom permissions do not stop.
fn as_somebody(command: &mut Command) -> &mut Command {
    if nix::unistd::geteuid().is_root() { command.uid(65534).gid(65534) } else { command }
}

#[test]
fn a_read_only_folder_is_read_and_not_written() {
    let home = assert_fs::TempDir::new().unwrap();
    put(&mut open(home.path()).unwrap(), 0..3, 10).unwrap();
    fs::set_permissions(home.path(), PermissionsExt::from_mode(0o555)).unwrap();
    fs::set_permissions(home.path().join(FILE), PermissionsExt::from_mode(0o444)).unwrap();
    let before = contents(home.path());
    let output = part("read and write", home.path(), as_somebody(&mut me()));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("read: Ok(3)"), "{text}");
    assert!(text.contains("cannot be written: it or its folder is read-only"), "{text}");
    assert_eq!(contents(home.path()), before);
    fs::set_permissions(home.path().join(FILE), PermissionsExt::from_mode(0o000)).unwrap();
    let output = part("read and write", home.path(), as_somebody(&mut me()));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.matches("is denied; run as the user who owns it").count() == 2, "{text}");
    fs::set_permissions(home.path(), PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn a_read_only_file_system_is_read_and_not_written() {
    let home = assert_fs::TempDir::new().unwrap();
    let home = home.path().join("a?b#%41");
    put(&mut open(&home).unwrap(), 0..3, 10).unwrap();
    let Some(text) = mounted("read and write", &home, "mount --bind \"$H\" \"$H\" && mount -o remount,bind,ro \"$H\"")
    else {
        return;
    };
    assert!(text.contains("read: Ok(3)"), "{text}");
    assert!(text.contains("cannot be written: it or its folder is read-only"), "{text}");
    // After a crash the log holds what the file does not: it can be read only where SQLite can make its other files.
    let mut store = open(&home).unwrap();
    put(&mut store, 3..5, 10).unwrap();
    let crashed = assert_fs::TempDir::new().unwrap();
    copy(&home, crashed.path());
    fs::remove_file(crashed.path().join("state.db-shm")).unwrap();
    let script = "mount --bind \"$H\" \"$H\" && mount -o remount,bind,ro \"$H\"";
    let text = mounted("read and write", crashed.path(), script).unwrap();
    assert!(text.matches("make the folder writable and try again (nothing is lost)").count() == 2, "{text}");
    assert_eq!(everything(crashed.path()).unwrap().len(), 5);
}

/// Runs a part in a mount namespace of its own after a script that mounts something on `$H`, the home. `None`, and a line
/// that says so, where this machine has no such namespaces.
fn mounted(name: &str, home: &Path, script: &str) -> Option<String> {
    let script = format!("H=\"${HOME}\"; {script} && exec \"$0\" \"$@\"");
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", &script]).arg(std::env::current_exe().unwrap());
    let output = part(name, home, &mut command);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if text.contains("running 1 test") {
        return Some(text);
    }
    eprintln!("not tested: no mount namespaces: {}", String::from_utf8_lossy(&output.stderr));
    None
}

#[test]
fn a_full_disk_is_said_so_and_keeps_what_was_written() {
    let home = assert_fs::TempDir::new().unwrap();
    if let Some(text) = mounted("fill", home.path(), "mount -t tmpfs -o size=2m,mode=777 none \"$H\"") {
        kept_all(&text, "is full, or its quota used up: nothing was changed");
    }
}

#[test]
fn a_file_that_may_not_grow_is_an_error_and_keeps_what_was_written() {
    let home = assert_fs::TempDir::new().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 1024; exec \"$0\" \"$@\""]).arg(std::env::current_exe().unwrap());
    let output = part("fill", home.path(), &mut command);
    kept_all(&String::from_utf8_lossy(&output.stdout), "check the disk");
}

/// What a filling child printed: an error with these words, and all objects that were written before it.
fn kept_all(text: &str, words: &str) {
    let line = |start: &str| text.lines().find_map(|l| l.strip_prefix(start)).unwrap_or_else(|| panic!("{text}"));
    assert!(line("write: ").contains(words), "{text}");
    let (read, written) = line("read: ").split_once(" of ").unwrap();
    assert_eq!(read, format!("Ok({written})"), "{text}");
    assert!(written.parse::<usize>().unwrap() > 1, "{text}");
}

#[test]
fn a_reset_opens_the_folders_that_pods_closed() {
    let home = assert_fs::TempDir::new().unwrap();
    fs::set_permissions(home.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let text = |output: Output| String::from_utf8_lossy(&output.stdout).into_owned();
    part("read and write", home.path(), as_somebody(&mut me()));
    let script = "cd \"$KSTATE_TEST_HOME\" && mkdir -p pods/u/work/work/deep volumes/v/closed && touch volumes/v/closed/x \
        && chmod 0 pods/u/work/work/deep pods/u/work/work && chmod 500 volumes/v/closed && exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(std::env::current_exe().unwrap());
    let said = text(part("reset", home.path(), as_somebody(&mut command)));
    assert!(
        said.contains(
            r#"reset: Ok(Reset { removed: ["pods", "state.db", "state.db-shm", "state.db-wal", "volumes"], left: [] })"#
        ),
        "{said}"
    );
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_reset_removes_what_is_kstates_and_follows_no_link() {
    let outside = assert_fs::TempDir::new().unwrap();
    fs::write(outside.path().join("precious"), "x").unwrap();
    let home = assert_fs::TempDir::new().unwrap();
    put(&mut open(home.path()).unwrap(), 0..1, 10).unwrap();
    for folder in ["volumes/pv", "pods/uid/work/work", "nodes"] {
        fs::create_dir_all(home.path().join(folder)).unwrap();
    }
    symlink(outside.path(), home.path().join("volumes/pv/link")).unwrap();
    symlink(outside.path(), home.path().join("pods/uid/work/work/link")).unwrap();
    fs::set_permissions(home.path().join("pods/uid/work/work"), PermissionsExt::from_mode(0o0)).unwrap();
    fs::remove_dir(home.path().join("nodes")).unwrap();
    symlink(outside.path(), home.path().join("nodes")).unwrap();
    fs::write(home.path().join("notes.txt"), "x").unwrap();
    let done = storage::reset(home.path(), Duration::ZERO).unwrap();
    assert_eq!(done.removed, ["nodes", "pods", FILE, "state.db-shm", "state.db-wal", "volumes"]);
    assert_eq!(done.left, ["notes.txt"]);
    assert_eq!(contents(home.path()).into_keys().collect::<Vec<_>>(), ["notes.txt"]);
    assert_eq!(fs::read(outside.path().join("precious")).unwrap(), b"x");
    let error = storage::reset(home.path(), Duration::ZERO).unwrap_err().to_string();
    assert!(error.contains("is not a kstate store"), "{error}");
    assert_eq!(storage::reset(&home.path().join("nowhere"), Duration::ZERO).unwrap(), storage::Reset::default());
}
