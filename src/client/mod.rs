//! One transaction of one command: open the store, catch up to now, serve, settle, commit.
//!
//! Knows no verb and no output but the spinner of a long wait. A failed request is a [`Status`] inside the
//! [`anyhow::Error`]; what is wrong with the store is a [`storage::Error`].

mod clock;
mod effects;
mod home;
#[cfg(target_os = "linux")]
mod keeper;
#[cfg(not(target_os = "linux"))]
#[path = "elsewhere.rs"]
pub mod network;
#[cfg(target_os = "linux")]
pub mod network;
mod probes;
mod spinner;
mod store_clock;
mod sweep;
mod wait;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;

use crate::Env;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::seed::Seed;
use crate::apimachinery::status::{Reason, Status};
use crate::apimachinery::time::{self, Time};
use crate::clock::Clock;
use crate::cluster::{Change, Changes, Cluster, Snapshot};
use crate::control::observation::{self, Observation};
use crate::storage::memory::Memory;
use crate::storage::{self, Options, PATIENCE, Store, Transaction};
use crate::{apiserver, control, entropy, kinds};

pub use clock::{ClockMode, Reading};
pub use home::home;
#[cfg(target_os = "linux")]
pub use keeper::main as keeper;

use effects::{Effects, FailedHook, Place};
use store_clock::{Mode, StoreClock};

/// A command's way to its store.
pub struct Client {
    store: Store,
    home: PathBuf,
    clock: StoreClock,
    now: Option<Time>,
    shows_waits: bool,
    warnings: Vec<String>,
    /// The kstate binary, for processes that outlive the command.
    exe: PathBuf,
    fsync: bool,
    /// Whether containers may be processes: not in a store whose UIDs and times repeat.
    runs_processes: bool,
    /// Whether what killed commands left was looked for.
    is_swept: bool,
    poll: Duration,
}

impl Client {
    /// Opens the store of `KSTATE_HOME`, making it when there is none.
    ///
    /// # Errors
    /// A [`storage::Error`] when the store cannot be used; plain text for a bad value in the environment.
    pub fn open(env: &Env) -> anyhow::Result<Client> {
        let clock = StoreClock::new(clock(env)?);
        let options = options(env)?;
        let seed = || env.var("KSTATE_SEED").map_or_else(entropy::draw, |seed| Ok(Seed(seed.to_owned())));
        let store = Store::open(options.clone(), seed)?;
        Ok(Client::new(env, store, clock, options))
    }

    /// Opens the store of `KSTATE_HOME` for what runs beside commands: a store that is gone is not made anew.
    ///
    /// # Errors
    /// As for [`Client::open`], and when there is no store.
    pub fn open_existing(env: &Env) -> anyhow::Result<Client> {
        let clock = StoreClock::new(clock(env)?);
        let options = options(env)?;
        let store = Store::open_existing(&options)?;
        Ok(Client::new(env, store, clock, options))
    }

    fn new(env: &Env, store: Store, clock: StoreClock, options: Options) -> Client {
        Client {
            store,
            clock,
            now: None,
            shows_waits: env.stderr_is_terminal && clock.is_real(),
            warnings: Vec::new(),
            exe: env.exe.clone(),
            runs_processes: clock.is_real() && env.var("KSTATE_SEED").is_none(),
            is_swept: false,
            poll: wait::POLL,
            home: options.home,
            fsync: options.fsync,
        }
    }

    /// Opens the store of a snapshot, which no time passes in and nobody writes.
    pub fn of_snapshot(env: &Env, options: Options) -> anyhow::Result<Client> {
        let clock = StoreClock::new(clock(env)?);
        let store = Store::open_existing(&options)?;
        Ok(Client { runs_processes: false, shows_waits: false, ..Client::new(env, store, clock, options) })
    }

    /// All objects as they were stored last, without anything that would have happened since.
    pub fn everything(&mut self) -> anyhow::Result<Vec<(Key, Arc<Object>)>> {
        let state = self.store.begin_read()?;
        let cluster = Cluster::new(&state);
        let all = || -> Result<Vec<_>, Status> {
            let mut all = Vec::new();
            for kind in kinds::Registry::of(&cluster)?.kinds() {
                all.extend(cluster.list_keyed(kind.names().resource, None)?);
            }
            Ok(all)
        };
        answer(&state, all())
    }

    /// The time of the command's last transaction, or of now before the first; never before the store's.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn now(&mut self) -> anyhow::Result<Time> {
        if let Some(now) = self.now {
            return Ok(now);
        }
        let state = self.store.begin_read()?;
        let now = self.clock.at_least(state.meta().clock, answer(&state, Mode::of(&state))?);
        drop(state);
        Ok(*self.now.insert(now))
    }

    /// The store's folder.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// What could not be done after a commit that stands: folders of pods and volumes that could not be removed.
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// Gives up on a store that others hold for longer: `--request-timeout`.
    pub fn set_patience(&mut self, patience: Duration) -> anyhow::Result<()> {
        Ok(self.store.set_patience(patience)?)
    }

    /// Looks at the cluster as it is now. Takes the write lock only when something is due.
    pub fn read<T>(&mut self, mut look: impl FnMut(&Cluster) -> Result<T, Status>) -> anyhow::Result<T> {
        let read_only = self.store.is_read_only();
        if !read_only {
            self.sweep()?;
        }
        let state = self.store.begin_read()?;
        let asked = self.clock.at_least(state.meta().clock, answer(&state, Mode::of(&state))?);
        let is_behind = answer(&state, is_behind(&state, asked))?;
        if !is_behind || read_only {
            // A store that cannot be written is caught up with in memory, for this look alone.
            let (found, now) = look_at(&state, asked, is_behind, look)?;
            self.now = Some(now);
            return Ok(found);
        }
        drop(state);
        // The look's own failure keeps nothing from having happened.
        self.transact(|cluster, asked| catch_up(cluster, asked).map(|()| look(cluster)))?.map_err(Into::into)
    }

    /// Looks at the cluster as it is now and stores nothing, be it that something is due: what happens by then happens in
    /// memory, for this look alone.
    pub fn glance<T>(&mut self, look: impl FnMut(&Cluster) -> Result<T, Status>) -> anyhow::Result<T> {
        let state = self.store.begin_read()?;
        let asked = self.clock.at_least(state.meta().clock, answer(&state, Mode::of(&state))?);
        let is_behind = answer(&state, is_behind(&state, asked))?;
        Ok(look_at(&state, asked, is_behind, look)?.0)
    }

    /// Serves one or more requests in one transaction and lets the controllers settle. Nothing is stored when it fails.
    pub fn write<T>(&mut self, mut serve: impl FnMut(&mut Cluster) -> Result<T, Status>) -> anyhow::Result<T> {
        self.transact(|cluster, asked| {
            catch_up(cluster, asked)?;
            let answer = serve(cluster)?;
            control::settle(cluster)?;
            Ok(answer)
        })
    }

    /// The changes after a resourceVersion, oldest first: what `get -w` follows.
    ///
    /// # Errors
    /// A [`Status`] with reason Expired when they are no longer kept: the caller has to list again.
    pub fn changes_since(&mut self, rv: u64) -> anyhow::Result<Vec<Change>> {
        let kept = self.store.begin_read()?.log_since(rv)?;
        let too_old = |e: storage::Expired| {
            Status::new(Reason::Expired, format!("too old resource version: {rv} ({})", e.oldest))
        };
        Ok(kept.map_err(too_old)?)
    }

    /// Records what was seen of a container's process, and lets the controllers settle.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn observe(&mut self, key: &Key, uid: &str, seen: impl Fn(Time) -> Observation) -> anyhow::Result<()> {
        self.write(|cluster| observation::record(cluster, key, uid, seen(cluster.now())))
    }

    /// Records what is not started, so that it is simulated.
    fn refuse(&mut self, refused: Vec<(Key, String, Observation)>) -> anyhow::Result<()> {
        if refused.is_empty() {
            return Ok(());
        }
        self.write(|cluster| {
            refused.iter().try_for_each(|(key, uid, seen)| {
                let seen = Observation { at: cluster.now(), ..seen.clone() };
                observation::record(cluster, key, uid, seen)
            })
        })
    }

    /// Records that hooks failed.
    fn tell_of_hooks(&mut self, failed: &[FailedHook]) -> anyhow::Result<()> {
        if failed.is_empty() {
            return Ok(());
        }
        self.write(|cluster| {
            failed.iter().try_for_each(|f| observation::hook_of_pod_failed(cluster, &f.pod, &f.container, f.hook))
        })
    }

    /// Looks for other processes' commits only so often, in a wait that may be long and is nobody's hurry.
    pub fn set_poll(&mut self, poll: Duration) {
        self.poll = poll;
    }

    /// Every change that is still kept, oldest first.
    pub fn history(&mut self) -> anyhow::Result<Vec<Change>> {
        let state = self.store.begin_read()?;
        match state.log_since(0)? {
            Ok(changes) => Ok(changes),
            Err(storage::Expired { oldest }) => Ok(state.log_since(oldest)?.unwrap_or_default()),
        }
    }

    /// Runs one write transaction at the time that the clock tells, commits what it changed and lets the effects follow.
    fn transact<T>(&mut self, run: impl FnOnce(&mut Cluster, Time) -> Result<T, Status>) -> anyhow::Result<T> {
        self.sweep()?;
        let state = self.store.begin_write()?;
        // Asked under the lock: whoever held it before has not seen a later time.
        let mode = answer(&state, Mode::of(&state))?;
        let asked = self.clock.at_least(state.meta().clock, mode);
        let base = apiserver::WithBuiltIn::new(&state, asked);
        let mut cluster = Cluster::new(&base);
        let is_real = self.runs_processes && mode != Mode::Virtual;
        cluster.set_runs_processes(is_real);
        let outcome = run(&mut cluster, asked);
        let answered = answer(&state, outcome)?;
        self.now = Some(cluster.now());
        let place = Place { home: &self.home, exe: &self.exe, fsync: self.fsync, is_real };
        let mut effects = answer(&state, Effects::of(&cluster, place))?;
        let changes = cluster.into_changes();
        if is_worth_a_commit(&changes, asked.max(state.meta().clock)) {
            effects.add_removals(&changes, place);
            state.commit(&changes)?;
            let refused = effects.take_refused();
            let (warnings, failed) = effects.run(place);
            self.warnings.extend(warnings);
            self.refuse(refused)?;
            self.tell_of_hooks(&failed)?;
        }
        Ok(answered)
    }
}

/// What a store holds that was made now and not used yet.
pub fn first_objects(now: Time) -> Result<Memory, Status> {
    let mut store = Memory::new(Seed("first".to_owned()));
    let mut cluster = Cluster::new(&store);
    catch_up(&mut cluster, now)?;
    let changes = cluster.into_changes();
    store.commit(changes);
    Ok(store)
}

/// Looks at a state that is caught up with in memory where it is behind; gives the time it was looked at, too.
fn look_at<T>(
    state: &Transaction<'_>,
    asked: Time,
    is_behind: bool,
    mut look: impl FnMut(&Cluster) -> Result<T, Status>,
) -> anyhow::Result<(T, Time)> {
    let base = apiserver::WithBuiltIn::new(state, asked);
    let mut cluster = Cluster::new(&base);
    let caught_up = if is_behind { catch_up(&mut cluster, asked) } else { Ok(()) };
    cluster.set_now(asked);
    let found = caught_up.and_then(|()| look(&cluster));
    let now = cluster.now();
    Ok((answer(state, found)?, now))
}

/// Whether something would have happened by now, or the store is still empty.
fn is_behind(state: &Transaction<'_>, now: Time) -> Result<bool, Status> {
    Ok(state.meta().resource_version == 0 || state.next_due()?.is_some_and(|at| at <= now))
}

/// Lets everything happen that would have happened by now; a new store gets its first objects.
fn catch_up(cluster: &mut Cluster, now: Time) -> Result<(), Status> {
    if cluster.resource_version() == 0 {
        cluster.set_now(now);
        apiserver::bootstrap(cluster)?;
        control::settle(cluster)?;
    }
    control::advance(cluster, now)
}

/// That only time has passed needs no commit: the next command asks the clock itself. A clock that was moved ahead does.
fn is_worth_a_commit(changes: &Changes, known: Time) -> bool {
    !changes.log.is_empty() || !changes.wakes.is_empty() || changes.meta.clock > known
}

/// The outcome, unless the store could not be read on the way: then whatever was made of that does not count.
fn answer<T>(state: &Transaction<'_>, outcome: Result<T, Status>) -> anyhow::Result<T> {
    match state.take_fault() {
        Some(fault) => Err(fault.into()),
        None => Ok(outcome?),
    }
}

/// The command's clock; a `KSTATE_NOW` that is no time is an error and never the system's clock.
fn clock(env: &Env) -> anyhow::Result<Clock> {
    match env.var("KSTATE_NOW") {
        Some(text) if time::parse(text).is_none() => {
            bail!("KSTATE_NOW: {text:?} is not a time; write it as in 2026-11-22T08:34:11Z (RFC 3339)")
        }
        _ => Ok(env.clock),
    }
}

/// How to open the store that an environment names. `KSTATE_FSYNC=off` is for stores that may be thrown away.
pub fn options(env: &Env) -> anyhow::Result<Options> {
    let fsync = match env.var("KSTATE_FSYNC") {
        None | Some("on") => true,
        Some("off") => false,
        Some(other) => bail!("KSTATE_FSYNC: {other:?} is neither on nor off"),
    };
    Ok(Options { home: home(env)?, patience: PATIENCE, fsync })
}
