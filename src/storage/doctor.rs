//! Looks at a whole store for damage: SQLite's own check, then every row's digest, sum and index entry.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::error::{Error, Fault};
use super::snapshot::{Sum, read};
use super::{FILE, Options, Store, identify, links, log};
use crate::cluster::Snapshot;

/// How many problems are told one by one.
const TOLD: usize = 20;

/// What is wrong inside the store of a home, one line each; nothing when it is sound or there is none. Changes nothing.
///
/// # Errors
/// When the store cannot be opened at all.
pub fn check(options: Options) -> Result<Vec<String>, Error> {
    let gone = || std::io::Error::from(std::io::ErrorKind::NotFound);
    if identify(&options.home.join(FILE))?.is_none() {
        return Ok(Vec::new());
    }
    let mut store = Store::open(options, || Err(gone()))?;
    let state = store.begin_read()?;
    let newest = state.meta().resource_version;
    Ok(problems(&state.sqlite, state.file, newest))
}

/// What is wrong inside a store whose newest change has this number.
pub(super) fn problems(sqlite: &Connection, file: &Path, newest: u64) -> Vec<String> {
    let mut problems = Vec::new();
    let looked = integrity(sqlite, &mut problems);
    tell(looked, file, &mut problems);
    let looked = rows(sqlite, file, &mut problems);
    tell(looked, file, &mut problems);
    let looked = changes(sqlite, newest, &mut problems);
    tell(looked, file, &mut problems);
    problems.truncate(TOLD);
    problems
}

/// What keeps a look from its end is a problem, too.
fn tell(looked: Result<(), Fault>, file: &Path, problems: &mut Vec<String>) {
    if let Err(fault) = looked {
        problems.push(text(fault, file));
    }
}

fn text(fault: Fault, file: &Path) -> String {
    match fault.of(file, Duration::ZERO) {
        Error::Damaged { what, .. } => what,
        other => other.to_string(),
    }
}

fn integrity(sqlite: &Connection, problems: &mut Vec<String>) -> Result<(), Fault> {
    let mut statement = sqlite.prepare(&format!("PRAGMA integrity_check({TOLD})"))?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    for line in lines {
        let line = line?;
        if line != "ok" {
            problems.push(line);
        }
    }
    Ok(())
}

fn rows(sqlite: &Connection, file: &Path, problems: &mut Vec<String>) -> Result<(), Fault> {
    let mut sums: BTreeMap<(String, String), Sum> = BTreeMap::new();
    let mut links = BTreeSet::new();
    let mut statement = sqlite.prepare(
        "SELECT resource, namespace, name, uid, rv, wake_at, digest, internal, body, id, links FROM objects ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        match read(row) {
            Ok(stored) => {
                let id: i64 = row.get(9)?;
                let new = links::of(&stored.key.resource, &stored.object);
                if row.get_ref(10)?.as_blob_or_null().ok().flatten() != Some(links::encode(&new).as_slice()) {
                    problems.push(format!("the links of {} are not its own", stored.key));
                }
                links.extend(new.into_iter().map(|link| (link, id)));
                let place = (stored.key.resource.into_owned(), stored.key.namespace);
                sums.entry(place).or_default().add(stored.digest);
            }
            Err(fault) => problems.push(text(fault, file)),
        }
    }
    compare_sums(sqlite, sums, problems)?;
    compare_links(sqlite, &links, problems)
}

fn compare_sums(
    connection: &Connection,
    found: BTreeMap<(String, String), Sum>,
    problems: &mut Vec<String>,
) -> Result<(), Fault> {
    let mut statement = connection.prepare("SELECT resource, namespace, count, digest FROM parts")?;
    let stored = statement
        .query_map([], |row| Ok(((row.get(0)?, row.get(1)?), Sum { count: row.get(2)?, digest: row.get(3)? })))?;
    let stored: BTreeMap<(String, String), Sum> = stored.collect::<Result<_, _>>()?;
    for place in found.keys().chain(stored.keys()).collect::<BTreeSet<_>>() {
        let (has, had) =
            (found.get(place).copied().unwrap_or_default(), stored.get(place).copied().unwrap_or_default());
        if has != had {
            let (resource, namespace) = place;
            problems.push(format!("{} of {} {resource} in {namespace:?} are sound", has.count, had.count));
        }
    }
    Ok(())
}

fn compare_links(
    connection: &Connection,
    found: &BTreeSet<(i64, i64)>,
    problems: &mut Vec<String>,
) -> Result<(), Fault> {
    let mut statement = connection.prepare("SELECT link, object FROM links")?;
    let stored = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let stored: BTreeSet<(i64, i64)> = stored.collect::<Result<_, _>>()?;
    let wrong = stored.symmetric_difference(found).count();
    if wrong > 0 {
        problems.push(format!("the index of owners and labels has {wrong} wrong entries"));
    }
    Ok(())
}

fn changes(sqlite: &Connection, newest: u64, problems: &mut Vec<String>) -> Result<(), Fault> {
    let mut statement =
        sqlite.prepare("SELECT rv, type, resource, namespace, name, digest, body FROM log ORDER BY rv")?;
    let mut rows = statement.query([])?;
    let mut last = None;
    while let Some(row) = rows.next()? {
        let change = log::read(row)?;
        let rv = change.resource_version;
        if last.is_some_and(|last| last + 1 != rv) {
            problems.push(format!("its log has no change before {rv}"));
        }
        last = Some(rv);
    }
    if last.is_some_and(|last| last != newest) {
        problems.push("its log ends before its newest change".to_owned());
    }
    Ok(())
}
