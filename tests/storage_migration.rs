//! A store that the kstate before this format made opens with all its data: migrated once, whoever races and whoever is
//! killed, with the old file kept.

#![expect(clippy::disallowed_methods, reason = "a test of files and processes")]

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use assert_fs::TempDir;

/// A store as the last kstate of each older format wrote it (at 2026-11-22T08:00:00Z with the seed v1): the walkthrough's set
/// of three pods, one of them labelled, a ConfigMap `kept`, and one that was deleted.
const FORMATS: [Old; 2] = [
    Old { format: 1, packed: include_bytes!("storage/format-1.db.gz") },
    Old { format: 2, packed: include_bytes!("storage/format-2.db.gz") },
];

const FILE: &str = "state.db";

#[derive(Clone, Copy)]
struct Old {
    format: i64,
    packed: &'static [u8],
}

impl Old {
    fn file(self) -> Vec<u8> {
        let mut file = Vec::new();
        flate2::read::GzDecoder::new(self.packed).read_to_end(&mut file).unwrap();
        file
    }

    fn home(self) -> TempDir {
        let home = TempDir::new().unwrap();
        fs::write(home.join(FILE), self.file()).unwrap();
        home
    }

    fn backup(self) -> String {
        format!("state.db.format-{}", self.format)
    }
}

fn kstate(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kstate"));
    command.args(args).env("KSTATE_HOME", home).env("KSTATE_NOW", "2026-11-22T09:00:00Z").env("KSTATE_FSYNC", "off");
    command
}

fn run(home: &Path, args: &[&str]) -> Output {
    kstate(home, args).output().unwrap()
}

fn ok(home: &Path, args: &[&str]) -> String {
    let output = run(home, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(home: &Path, args: &[&str]) -> String {
    let output = run(home, args);
    assert_eq!(output.status.code(), Some(1), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn format(file: &Path) -> i64 {
    let file = rusqlite::Connection::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    file.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

/// That a home holds what the old store held, in this format.
fn assert_is_migrated(home: &Path, old: Old) {
    let names = ok(home, &["get", "statefulsets,pods,pvc,configmaps,services", "-o", "name"]);
    let want = "statefulset.apps/nginx\npod/nginx-0\npod/nginx-1\npod/nginx-2\npersistentvolumeclaim/data-nginx-0\n\
                persistentvolumeclaim/data-nginx-1\npersistentvolumeclaim/data-nginx-2\nconfigmap/kept\nservice/nginx\n";
    assert_eq!(names, want);
    assert_eq!(ok(home, &["get", "pods", "-l", "mark=one", "-o", "name"]), "pod/nginx-0\n", "by the new index");
    assert_eq!(
        ok(home, &["get", "configmap", "kept", "-o", "jsonpath={.data.a} {.metadata.creationTimestamp}"]),
        "b 2026-11-22T08:00:00Z"
    );
    assert_eq!(format(&home.join(FILE)), kstate::storage::FORMAT);
    assert_eq!(fs::read(home.join(old.backup())).unwrap(), old.file(), "the old file is kept as it was");
    assert!(!String::from_utf8(run(home, &["doctor"]).stdout).unwrap().contains("DAMAGED"));
    let mut names: Vec<_> =
        fs::read_dir(home).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, [FILE, "state.db-shm", "state.db-wal", &old.backup(), "state.lock"], "nothing else is left");
}

#[test]
fn an_old_store_opens_with_its_data_and_goes_on() {
    for old in FORMATS {
        let home = old.home();
        assert_is_migrated(&home, old);
        // The controllers find what is owned by the new index: a pod comes back under its name, with its claim.
        ok(&home, &["delete", "pod", "nginx-1"]);
        assert!(ok(&home, &["get", "pods"]).contains("nginx-1   1/1     Running"));
        ok(&home, &["delete", "statefulset", "nginx"]);
        assert_eq!(ok(&home, &["get", "pods", "-o", "name"]), "");
        assert_eq!(ok(&home, &["get", "pvc", "-o", "name"]).lines().count(), 3);
    }
}

#[test]
fn what_waits_in_the_old_log_is_not_lost() {
    for old in FORMATS {
        let home = old.home();
        let writer = rusqlite::Connection::open(home.join(FILE)).unwrap();
        // As a commit that no checkpoint followed: the process was killed.
        writer.execute_batch("CREATE TABLE later(x); DROP TABLE later").unwrap();
        let crashed = TempDir::new().unwrap();
        for name in [FILE, "state.db-wal"] {
            fs::copy(home.join(name), crashed.join(name)).unwrap();
        }
        assert!(fs::metadata(crashed.join("state.db-wal")).unwrap().len() > 0);
        assert!(ok(&crashed, &["get", "pods", "-o", "name"]).contains("pod/nginx-2"));
        assert_eq!(format(&crashed.join(FILE)), kstate::storage::FORMAT);
        let kept = rusqlite::Connection::open(crashed.join(old.backup())).unwrap();
        let version: i64 = kept.pragma_query_value(None, "schema_version", |row| row.get(0)).unwrap();
        let before: i64 = rusqlite::Connection::open(old.home().join(FILE))
            .map_or(0, |file| file.pragma_query_value(None, "schema_version", |row| row.get(0)).unwrap_or(0));
        assert!(version > before, "the copy has what was in the log");
    }
}

#[test]
fn a_killed_migration_is_begun_anew() {
    // What a kill leaves, by how far it came: half a draft; all of one and the second name; only a copy's beginning.
    type Leave = fn(&Path, Old);
    let ways: [(&str, Leave); 4] = [
        ("half a draft", |home, old| {
            fs::write(home.join("state.db.new"), &old.file()[..9000]).unwrap();
            fs::write(home.join("state.db.new-wal"), "x".repeat(5000)).unwrap();
        }),
        ("the second name", |home, old| {
            fs::write(home.join("state.db.new"), old.file()).unwrap();
            fs::hard_link(home.join(FILE), home.join(old.backup())).unwrap();
        }),
        ("an empty log", |home, old| {
            fs::write(home.join("state.db-wal"), "").unwrap();
            fs::hard_link(home.join(FILE), home.join(old.backup())).unwrap();
        }),
        ("nothing", |_, _| {}),
    ];
    for ((way, leave), old) in ways.into_iter().flat_map(|way| FORMATS.map(|old| (way, old))) {
        let home = old.home();
        leave(&home, old);
        assert!(ok(&home, &["get", "pods", "-o", "name"]).contains("nginx-2"), "{way}");
        assert_is_migrated(&home, old);
    }
}

#[test]
fn a_migration_may_be_killed_at_any_moment() {
    for old in FORMATS {
        for round in 0..12 {
            let home = old.home();
            let mut child =
                kstate(&home, &["get", "pods"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            thread::sleep(Duration::from_millis(round * 9));
            child.kill().unwrap();
            child.wait().unwrap();
            ok(&home, &["get", "pods"]);
            assert_is_migrated(&home, old);
        }
    }
}

#[test]
fn processes_that_race_migrate_once_and_lose_nothing() {
    for old in FORMATS {
        let home = old.home();
        let children: Vec<_> = (0..12)
            .map(|n| {
                let name = format!("c{n}");
                let mut command = kstate(&home, &["create", "configmap", &name]);
                command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        assert_eq!(ok(&home, &["get", "configmaps", "-o", "name"]).lines().count(), 13);
        assert_eq!(
            fs::read(home.join(old.backup())).unwrap(),
            old.file(),
            "the one copy is the old store, not one that was migrated"
        );
        assert!(!home.join(format!("{}.2", old.backup())).exists());
    }
}

#[test]
fn a_second_old_store_does_not_replace_the_first_ones_copy() {
    for old in FORMATS {
        let home = old.home();
        ok(&home, &["get", "pods"]);
        let first = fs::read(home.join(old.backup())).unwrap();
        fs::write(home.join(FILE), old.file()).unwrap();
        ok(&home, &["get", "pods"]);
        assert_eq!(fs::read(home.join(old.backup())).unwrap(), first);
        assert_eq!(fs::read(home.join(format!("{}.2", old.backup()))).unwrap(), old.file());
        ok(&home, &["reset", "--yes"]);
        assert_eq!(fs::read_dir(&home).unwrap().count(), 0, "a reset removes the copies, too");
    }
}

#[test]
fn a_damaged_old_store_is_refused_and_left_as_it_is() {
    for old in FORMATS {
        let sound = old.file();
        let text = b"mark\":\"one";
        let place = sound.windows(text.len()).position(|w| w == text).unwrap();
        for (what, bent) in [("a body", (place, sound.len())), ("the end", (0, sound.len() - 4096))] {
            let home = TempDir::new().unwrap();
            let mut file = sound[..bent.1].to_vec();
            if bent.0 > 0 {
                file[bent.0] ^= 1;
            }
            fs::write(home.join(FILE), &file).unwrap();
            let error = refused(&home, &["get", "pods"]);
            assert!(error.contains("is damaged: ") && error.contains("put back a copy"), "{what}: {error}");
            assert_eq!(fs::read(home.join(FILE)).unwrap(), file, "{what}");
            assert!(!home.join(old.backup()).exists() && !home.join("state.db.new").exists(), "{what}");
        }
    }
}

#[test]
fn an_old_store_that_cannot_be_written_says_what_to_do() {
    let old = FORMATS[0];
    let home = old.home();
    let script = "mount --bind \"$KSTATE_HOME\" \"$KSTATE_HOME\" && mount -o remount,bind,ro \"$KSTATE_HOME\" && \
                  echo mounted && exec \"$0\" \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_kstate"), "get", "pods"]);
    let output = command.env("KSTATE_HOME", home.path()).output().unwrap();
    if !output.stdout.starts_with(b"mounted") {
        eprintln!("not tested: no mount namespaces: {}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let error = String::from_utf8(output.stderr).unwrap();
    let why = format!(
        "has format 1, of an older kstate, and has to be brought to format {}, but it",
        kstate::storage::FORMAT
    );
    assert!(error.contains(&why), "{error}");
    assert_eq!(fs::read(home.join(FILE)).unwrap(), old.file());
}
