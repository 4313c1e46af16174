//! What a disk, a kernel or a power line can do to a store: every call to a file fails, the log is cut at every offset,
//! the power fails after every write with what was not synced lost in any part, every page is damaged. What was
//! acknowledged is there afterwards, in whole states, or an error says what to do; nothing is half read.

#![expect(clippy::disallowed_methods, reason = "these tests damage files")]

#[path = "storage/history.rs"]
mod history;
#[path = "storage/layer.rs"]
#[expect(dead_code, reason = "this test counts no pages")]
mod layer;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use assert_fs::TempDir;
use kstate::cluster::Snapshot;
use kstate::storage::{self, Error, FILE};

use history::{State, assert_sound, commit, commit_of, copy, everything, model, open, options};
use layer::{Did, Fault};

const WAL: &str = "state.db-wal";

/// Commits on a home, reopening the store in the middle and going on after errors: which commits were acknowledged, and
/// which were not.
fn play(home: &Path, commits: usize) -> (Vec<usize>, Vec<usize>) {
    let (mut acknowledged, mut failed) = (Vec::new(), Vec::new());
    let mut store = None;
    for n in 1..=commits {
        if n == commits / 2 {
            store = None;
        }
        let done = match &mut store {
            Some(store) => commit(store, n),
            None => open(home).and_then(|mut opened| {
                let done = commit(&mut opened, n);
                store = Some(opened);
                done
            }),
        };
        match done {
            Ok(()) => acknowledged.push(n),
            Err(error) => {
                assert_says_what_to_do(&error);
                failed.push(n);
            }
        }
    }
    (acknowledged, failed)
}

/// Whether a state is the one after all acknowledged commits, in whole ones. Of one that was not acknowledged nobody knows:
/// what failed may have been the last word of a commit that is on the disk.
fn is_after(found: &State, (acknowledged, failed): &(Vec<usize>, Vec<usize>), known: &mut Known) -> bool {
    (0..1 << failed.len()).any(|choice| {
        let unknown = failed.iter().enumerate().filter(|(bit, _)| choice >> bit & 1 == 1).map(|(_, n)| *n);
        let mut commits: Vec<usize> = acknowledged.iter().copied().chain(unknown).collect();
        commits.sort_unstable();
        commits.last().copied().unwrap_or(0) == commit_of(found) && known.after(commits) == found
    })
}

/// The states after given commits, each worked out once.
#[derive(Default)]
struct Known(BTreeMap<Vec<usize>, State>);

impl Known {
    fn after(&mut self, commits: Vec<usize>) -> &State {
        self.0.entry(commits).or_insert_with_key(|commits| {
            let home = TempDir::new().unwrap();
            let mut store = open(&home).unwrap();
            commits.iter().for_each(|n| commit(&mut store, *n).unwrap());
            drop(store);
            everything(&home).unwrap()
        })
    }
}

fn assert_says_what_to_do(error: &Error) {
    let text = error.to_string();
    let ways = ["KSTATE_HOME", "try again", "kstate reset", "--request-timeout", "make the folder writable"];
    assert!(text.contains("the store") || text.contains("the folder"), "{text}");
    assert!(ways.iter().any(|way| text.contains(way)), "{text}");
}

const COMMITS: usize = 6;

#[test]
fn no_call_that_fails_loses_an_acknowledged_commit() {
    let base = TempDir::new().unwrap();
    open(&base).unwrap();
    let home = TempDir::new().unwrap();
    copy(&base, &home, &[FILE]);
    layer::heal();
    assert_eq!(play(&home, COMMITS), ((1..=COMMITS).collect(), vec![]));
    let calls = layer::heal();
    assert!(calls > 100, "the layer is below the store: {calls}");
    let (mut errors, mut kept, mut known) = (0, 0, Known::default());
    for fault in [Fault::Io, Fault::Full, Fault::Short] {
        for lasts in [false, true] {
            for from in 0..calls {
                let home = TempDir::new().unwrap();
                copy(&base, &home, &[FILE]);
                layer::fail(from, fault, lasts);
                let said = play(&home, COMMITS);
                layer::heal();
                let found = everything(&home).unwrap();
                let what =
                    || format!("{fault:?} from call {from}, lasts: {lasts}: {said:?}, then {}", commit_of(&found));
                assert!(is_after(&found, &said, &mut known), "{}", what());
                // A look at every row takes longer than all the rest.
                if from % 5 == 0 {
                    assert_sound(&home);
                }
                errors += usize::from(!said.1.is_empty());
                kept += usize::from(!said.0.is_empty());
            }
        }
    }
    assert!(errors > calls && kept > calls, "faults were felt ({errors}) and commits made ({kept})");
}

/// A store of format 1 with three pods; storage_migration.rs tells the rest.
fn old() -> Vec<u8> {
    let mut file = Vec::new();
    let packed: &[u8] = include_bytes!("storage/format-1.db.gz");
    flate2::read::GzDecoder::new(packed).read_to_end(&mut file).unwrap();
    file
}

/// The newest change, and how many pods there are.
fn summary(home: &Path) -> Result<(u64, usize), Error> {
    let mut store = open(home)?;
    let state = store.begin_read()?;
    let pods = state.list("pods", None).map_err(|_| state.take_fault().expect("a failure of the store's"))?;
    Ok((state.meta().resource_version, pods.len()))
}

#[test]
fn no_call_that_fails_spoils_a_new_store_or_one_that_is_migrated() {
    for old in [None, Some(old())] {
        let fresh = || {
            let home = TempDir::new().unwrap();
            old.iter().for_each(|old| fs::write(home.join(FILE), old).unwrap());
            home
        };
        let home = fresh();
        layer::heal();
        let want = summary(&home).unwrap();
        let calls = layer::heal();
        assert_eq!(want.1, if old.is_some() { 3 } else { 0 });
        let (mut errors, mut cases) = (0, 0);
        for (fault, lasts) in [(Fault::Io, false), (Fault::Io, true), (Fault::Full, true), (Fault::Short, false)] {
            for from in (0..calls).step_by(if old.is_some() { 11 } else { 1 }) {
                let home = fresh();
                layer::fail(from, fault, lasts);
                let first = summary(&home);
                layer::heal();
                errors += usize::from(first.is_err());
                cases += 1;
                if let Err(error) = first {
                    assert_says_what_to_do(&error);
                }
                let what = || format!("{fault:?} from call {from} of {calls}, lasts: {lasts}, old: {}", old.is_some());
                assert_eq!(summary(&home).unwrap_or_else(|e| panic!("{}: {e}", what())), want, "{}", what());
                assert_sound(&home);
            }
        }
        assert!(errors * 2 > cases, "{errors} errors of {cases}: the faults are felt");
    }
}

#[test]
fn a_full_disk_and_missing_locks_are_told_by_name() {
    let home = TempDir::new().unwrap();
    let mut store = open(&home).unwrap();
    commit(&mut store, 1).unwrap();
    layer::fail(0, Fault::Full, true);
    let error = commit(&mut store, 2).unwrap_err();
    layer::heal();
    assert!(matches!(error, Error::Full { .. }), "{error}");
    commit(&mut store, 2).expect("there is room again");
    drop(store);
    layer::fail_locks();
    let error = open(&home).and_then(|mut store| commit(&mut store, 3)).unwrap_err();
    layer::heal();
    assert!(error.to_string().contains("has no file locks, as some network file systems; set KSTATE_HOME"), "{error}");
    assert_eq!(commit_of(&everything(&home).unwrap()), 2);
}

/// The resourceVersion of a state: its newest object's, because each commit ends with the counter.
fn version(state: &State) -> u64 {
    let counter = state.iter().find(|(key, _)| key.resource == "configmaps");
    counter.map_or(0, |(_, object)| object["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap())
}

/// A store as a killed process leaves it, all commits in its log, and the states that they led to.
fn crashed(commits: usize) -> (TempDir, Vec<State>) {
    let states = model(commits);
    let home = TempDir::new().unwrap();
    let mut store = open(&home).unwrap();
    (1..=commits).for_each(|n| commit(&mut store, n).unwrap());
    let crashed = TempDir::new().unwrap();
    copy(&home, &crashed, &[FILE, WAL]);
    (crashed, states)
}

#[test]
fn a_log_cut_anywhere_opens_to_a_committed_state() {
    let (crashed, states) = crashed(4);
    let (file, wal) = (fs::read(crashed.join(FILE)).unwrap(), fs::read(crashed.join(WAL)).unwrap());
    // Every offset takes a minute: by default every one around a frame's ends, where anything can change, and a stride.
    let stride = if std::env::var_os("KSTATE_EVERY_OFFSET").is_some() { 1 } else { 29 };
    let is_near_an_end = |cut: usize| cut < 64 || (cut - 32) % 4120 < 26 || (cut - 32) % 4120 > 4117;
    let versions: Vec<u64> = states.iter().map(version).collect();
    let (mut last, mut cuts) = (0, 0);
    let home = TempDir::new().unwrap();
    for cut in (0..=wal.len()).filter(|cut| cut % stride == 0 || is_near_an_end(*cut) || *cut == wal.len()) {
        fs::write(home.join(FILE), &file).unwrap();
        fs::write(home.join(WAL), &wal[..cut]).unwrap();
        let opened = open(&home).and_then(|mut store| Ok(store.begin_read()?.meta().resource_version));
        let found = opened.unwrap_or_else(|e| panic!("cut at {cut}: {e}"));
        let n = versions.iter().position(|v| *v == found).unwrap_or_else(|| panic!("cut at {cut}: version {found}"));
        assert!(n >= last, "cut at {cut}: more of the log is never less of the store");
        // Closing has played the log back; everything is compared where something may be new.
        if n > last || cuts % 50 == 0 {
            assert_eq!(everything(&home).unwrap(), states[n], "cut at {cut}");
        }
        (last, cuts) = (n, cuts + 1);
    }
    assert_eq!(last, 4, "the whole log is the last state");
    assert!(cuts > 2000, "{cuts}");
    assert_sound(&home);
}

#[test]
fn a_log_damaged_anywhere_opens_to_a_committed_state() {
    let (crashed, states) = crashed(3);
    let (file, wal) = (fs::read(crashed.join(FILE)).unwrap(), fs::read(crashed.join(WAL)).unwrap());
    let home = TempDir::new().unwrap();
    for place in (0..wal.len()).filter(|place| place % 97 == 0 || (place.saturating_sub(32)) % 4120 < 24) {
        let mut bent = wal.clone();
        bent[place] ^= 1 << (place % 8);
        fs::write(home.join(FILE), &file).unwrap();
        fs::write(home.join(WAL), &bent).unwrap();
        match everything(&home) {
            Ok(found) => assert_eq!(found, states[commit_of(&found)], "byte {place}"),
            Err(e) => assert!(e.contains("KSTATE_HOME") || e.contains("kstate reset"), "byte {place}: {e}"),
        }
        for name in [FILE, WAL] {
            let _ = fs::remove_file(home.join(name));
        }
    }
}

#[test]
fn every_damaged_page_is_told_of_and_none_is_half_read() {
    let states = model(8);
    let home = TempDir::new().unwrap();
    let mut store = open(&home).unwrap();
    (1..=8).for_each(|n| commit(&mut store, n).unwrap());
    drop(store);
    let file = fs::read(home.join(FILE)).unwrap();
    let pages = file.len() / 4096;
    assert!(pages > 10 && fs::read(home.join(WAL)).unwrap().is_empty());
    let mut bent_copies: Vec<(String, Vec<u8>)> = Vec::new();
    for page in 0..pages {
        let from = page * 4096;
        // Places all over the page, its header and its checksum among them, another bit in each.
        for place in (0..4096).step_by(211).chain([0, 5, 4088, 4095]) {
            let mut bent = file.clone();
            bent[from + place] ^= 1 << (place % 8);
            bent_copies.push((format!("page {page}, byte {place}"), bent));
        }
        let mut zeroed = file.clone();
        zeroed[from..from + 4096].fill(0);
        bent_copies.push((format!("page {page} zeroed"), zeroed));
        let mut swapped = file.clone();
        swapped.copy_within((page + 1) % pages * 4096..((page + 1) % pages + 1) * 4096, from);
        bent_copies.push((format!("page {page} is another"), swapped));
        for length in [from, from + 512, from + 4095] {
            bent_copies.push((format!("cut at {length}"), file[..length].to_vec()));
        }
    }
    let mut told = 0;
    let copy = TempDir::new().unwrap();
    for (what, bent) in &bent_copies {
        fs::write(copy.join(FILE), bent).unwrap();
        // No page but the free ones is read by none of the ways in, and those hold nothing.
        match everything(&copy) {
            Ok(found) => assert_eq!(found, states[8], "{what}"),
            Err(e) => {
                assert!(e.contains("kstate reset") || e.contains("KSTATE_HOME"), "{what}: {e}");
                told += 1;
            }
        }
        assert_eq!(fs::read(copy.join(FILE)).unwrap(), *bent, "{what}: a damaged store is left as it is");
        let _ = fs::remove_file(copy.join(WAL));
        let _ = fs::remove_file(copy.join("state.db-shm"));
    }
    assert!(told * 10 > bent_copies.len() * 9, "{told} of {} were told of", bent_copies.len());
}

/// A number from a number, for choices that look random and are the same each time.
fn scramble(n: u64) -> u64 {
    let n = (n ^ (n >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    (n ^ (n >> 29)).wrapping_mul(0xc4ce_b9fe_1a85_ec53) ^ (n >> 32)
}

/// The files after a power failure: what was synced, and of the rest sector by sector what chance had brought to the disk.
fn after_power_failure(base: &BTreeMap<String, Vec<u8>>, done: &[Did], seed: u64) -> BTreeMap<String, Vec<u8>> {
    let mut files = base.clone();
    let last_sync = |file: &str, at: usize| done[at..].iter().any(|d| matches!(d, Did::Sync { file: f } if f == file));
    for (at, did) in done.iter().enumerate() {
        let chance = |part: usize| scramble(seed ^ scramble((at * 1009 + part) as u64)).is_multiple_of(2);
        match did {
            Did::Write { file, at: from, bytes } => {
                let is_synced = last_sync(file, at);
                let content = files.entry(file.clone()).or_default();
                for (n, sector) in bytes.chunks(512).enumerate() {
                    let from = from + n * 512;
                    if content.len() < from + sector.len() {
                        content.resize(from + sector.len(), 0);
                    }
                    if is_synced || chance(n) {
                        content[from..from + sector.len()].copy_from_slice(sector);
                    }
                }
            }
            Did::Truncate { file, to } if last_sync(file, at) || chance(0) => {
                files.entry(file.clone()).or_default().resize(*to, 0);
            }
            // A folder is not synced when a log goes: it may come back.
            Did::Delete { file } if chance(0) => drop(files.remove(file)),
            _ => {}
        }
    }
    files
}

#[test]
fn a_power_failure_at_any_moment_loses_nothing_acknowledged() {
    let home = TempDir::new().unwrap();
    open(&home).unwrap();
    let states = model(COMMITS);
    let name = home.join(FILE).to_str().unwrap().to_owned();
    let base: BTreeMap<String, Vec<u8>> = [(name.clone(), fs::read(&name).unwrap())].into();
    layer::record();
    let mut store = open(&home).unwrap();
    for n in 1..=COMMITS {
        commit(&mut store, n).unwrap();
        layer::note(|| Did::Acknowledge(n));
        if n == COMMITS / 2 {
            drop(store);
            store = open(&home).unwrap();
        }
    }
    drop(store);
    let done = layer::recorded();
    assert!(done.iter().filter(|d| matches!(d, Did::Sync { .. })).count() > COMMITS, "commits are synced");
    let again = TempDir::new().unwrap();
    for length in 0..=done.len() {
        for seed in 0..6 {
            let files = after_power_failure(&base, &done[..length], seed);
            for suffix in ["", "-wal", "-shm"] {
                let to = again.join(format!("{FILE}{suffix}"));
                match files.get(&format!("{name}{suffix}")) {
                    Some(content) => fs::write(to, content).unwrap(),
                    None => drop(fs::remove_file(to)),
                }
            }
            let said =
                done[..length].iter().rev().find_map(|d| if let Did::Acknowledge(n) = d { Some(*n) } else { None });
            let found =
                everything(&again).unwrap_or_else(|e| panic!("after {length} of {}, chance {seed}: {e}", done.len()));
            let n = commit_of(&found);
            assert!(n >= said.unwrap_or(0), "after {length}, chance {seed}: {n}, but {said:?} was acknowledged");
            assert_eq!(found, states[n], "after {length}, chance {seed}");
        }
    }
    assert_eq!(storage::check(options(&again)).unwrap(), Vec::<String>::new());
}
