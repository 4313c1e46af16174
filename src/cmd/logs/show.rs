//! One container's log, or several, on their way to stdout: filtered, prefixed, followed.

use std::collections::VecDeque;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::time::Time;
use crate::cmd::context::Context;
use crate::cmd::pods;
use crate::runtime::log::{Entry, Reader};

/// How often a followed log is looked at, and every how many looks its container is.
const PAUSE: Duration = Duration::from_millis(25);
const LOOKS: u32 = 8;

/// What of a log is shown, and how.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only so many of the last entries.
    pub tail: Option<usize>,
    /// Nothing before this time.
    pub since: Option<Time>,
    /// So many bytes of each log.
    pub limit: Option<usize>,
    pub timestamps: bool,
    pub prefix: bool,
    pub previous: bool,
}

/// One container's log that is shown.
pub struct Source {
    pod: Arc<Object>,
    container: String,
    reader: Reader,
    filter: Filter,
    left: usize,
    /// Whether the next text begins a line, and what of a line has not ended yet.
    begins: bool,
    unfinished: Vec<u8>,
}

impl Source {
    /// A container's log; its newest run's, or the run's before that one that has ended.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn open(home: &Path, pod: &Arc<Object>, container: &str, filter: &Filter) -> anyhow::Result<Source> {
        let reader = Reader::open(home, pod.uid(), container, attempt(pod, container, filter.previous))?;
        Ok(Source {
            pod: pod.clone(),
            container: container.to_owned(),
            reader,
            left: filter.limit.unwrap_or(usize::MAX),
            filter: filter.clone(),
            begins: true,
            unfinished: Vec::new(),
        })
    }

    /// Prints what is there; the first time only as much as was asked for.
    pub fn show(&mut self, out: &mut dyn Write) -> anyhow::Result<()> {
        let mut last = VecDeque::new();
        while let Some(entry) = self.reader.next_entry()? {
            last.push_back(entry);
            if self.filter.tail.is_some_and(|tail| last.len() > tail) {
                last.pop_front();
            }
        }
        self.filter.tail = None;
        last.iter().try_for_each(|entry| self.print(entry, out))
    }

    /// Ends the log: what no line feed has ended is printed as it is.
    pub fn finish(&mut self, out: &mut dyn Write) -> anyhow::Result<()> {
        let rest = std::mem::take(&mut self.unfinished);
        Ok(out.write_all(&rest)?)
    }

    fn print(&mut self, entry: &Entry, out: &mut dyn Write) -> anyhow::Result<()> {
        if self.filter.since.is_some_and(|since| entry.at < since) {
            return Ok(());
        }
        let mut text = Vec::new();
        if self.begins && self.filter.timestamps {
            text.extend(format!("{} ", entry.stamp).into_bytes());
        }
        self.begins = entry.text.ends_with(b"\n");
        text.extend(&entry.text);
        text.truncate(self.left);
        self.left -= text.len();
        if text.is_empty() {
            return Ok(());
        }
        if self.unfinished.is_empty() && self.filter.prefix {
            self.unfinished = format!("[pod/{}/{}] ", self.pod.name(), self.container).into_bytes();
        }
        self.unfinished.extend(text);
        // Whole lines, so that several logs do not mix within one.
        if self.unfinished.ends_with(b"\n") {
            self.finish(out)?;
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.left == 0
    }

    /// Whether the run whose log it is has ended.
    fn has_ended(&self, cx: &mut Context) -> anyhow::Result<bool> {
        let key = Key::new("pods", self.pod.namespace(), self.pod.name());
        let now = cx.client()?.read(|cluster| cluster.get(&key))?.filter(|p| p.uid() == self.pod.uid());
        let Some(now) = now else { return Ok(true) };
        let same = attempt(&now, &self.container, false) == attempt(&self.pod, &self.container, false);
        Ok(!same || !pods::is_running(&now, &self.container))
    }
}

/// Which run's log it is.
fn attempt(pod: &Object, container: &str, previous: bool) -> u64 {
    let Some(status) = pods::status(pod, container) else { return 0 };
    let newest = status["restartCount"].as_u64().unwrap_or(0);
    let is_new = status.pointer("/state/waiting").is_none();
    newest - u64::from(previous && is_new && newest > 0)
}

/// Shows logs one after the other.
pub fn show_all(cx: &mut Context, sources: Vec<Source>) -> anyhow::Result<()> {
    for mut source in sources {
        source.show(&mut cx.env.stdout)?;
        source.finish(&mut cx.env.stdout)?;
    }
    Ok(())
}

/// Shows logs as they grow, until the last of their containers has ended. A fixed clock does not move for somebody who
/// only looks, and lets nothing grow.
pub fn follow(cx: &mut Context, mut sources: Vec<Source>) -> anyhow::Result<()> {
    if !cx.env.clock.is_real() {
        return show_all(cx, sources);
    }
    let patience = cx.global.timeout();
    let mut looks = 0;
    while !sources.is_empty() {
        let looks_at_pods = looks % LOOKS == 0;
        looks += 1;
        let mut going = Vec::new();
        for mut source in sources {
            // Asked first: what was written before the end is read after it.
            let is_over = looks_at_pods && source.has_ended(cx)?;
            source.show(&mut cx.env.stdout)?;
            if is_over || source.is_over() {
                source.finish(&mut cx.env.stdout)?;
            } else {
                going.push(source);
            }
        }
        sources = going;
        cx.env.stdout.flush()?;
        if !sources.is_empty() {
            if patience.is_some_and(|patience| PAUSE * looks > patience) {
                // What Go's HTTP client says of a body that it has no more time for.
                anyhow::bail!("context deadline exceeded (Client.Timeout or context cancellation while reading body)");
            }
            cx.env.clock.sleep(PAUSE);
        }
    }
    Ok(())
}

/// The time that a duration ago was.
pub fn ago(now: Time, by: Duration) -> Time {
    let seconds = i64::try_from((by + Duration::from_millis(500)).as_secs()).unwrap_or(i64::MAX);
    TimeDelta::try_seconds(seconds).and_then(|by| now.checked_sub_signed(by)).unwrap_or(Time::MIN_UTC)
}
