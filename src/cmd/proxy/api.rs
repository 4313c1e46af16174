//! Requests to the API, answered as a server would: JSON in, JSON out. Knows paths, parameters and bodies, no socket.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::{table, write};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::{Reason, Status};
use crate::apimachinery::time::Time;
use crate::apiserver;
use crate::cluster::ChangeType;
use crate::cmd::context::Context;
use crate::cmd::raw::place::{Place, Query, Sub};
use crate::cmd::raw::{self, json as body};
use crate::cmd::select::Selectors;
use crate::cmd::watch::Watch;
use crate::runtime::exchange::{Answer, Asked};

/// The programs by which people ask.
const PEOPLE: [&str; 3] = ["curl", "Wget", "Mozilla/5.0"];

/// A watch that goes on.
pub struct Following {
    watch: Watch,
    as_table: bool,
    until: Option<Time>,
}

/// What a request changed or made, with the warnings that go with it.
pub struct Done {
    pub status: u16,
    pub body: Value,
    pub warnings: Vec<String>,
}

/// Answers one request; `target` is its path and query.
pub fn answer(cx: &mut Context, asked: &Asked, target: &str) -> Answer<Following> {
    let mut answer = answer_in_lines(cx, asked, target);
    let query = Query::parse(target.split_once('?').unwrap_or_default().1);
    let is_person = PEOPLE.iter().any(|program| asked.header("user-agent").starts_with(program));
    if answer.more.is_none() && answer.body.starts_with(b"{") && query.is_pretty(is_person) {
        answer.body = body::pretty(&String::from_utf8_lossy(&answer.body)).into_bytes();
    }
    answer
}

fn answer_in_lines(cx: &mut Context, asked: &Asked, target: &str) -> Answer<Following> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query = Query::parse(query);
    let wants_table = asked.header("accept").contains("as=Table");
    let answered = match asked.method.as_str() {
        "GET" | "HEAD" if query.is_set("watch") => return watch(cx, path, &query, wants_table).unwrap_or_else(failure),
        "GET" | "HEAD" if wants_table => table::answer(cx, path, &query),
        "GET" | "HEAD" => return read(cx, target).unwrap_or_else(failure),
        "POST" | "PUT" | "PATCH" | "DELETE" => write::answer(cx, asked, path, &query),
        _ => Err(not_allowed().into()),
    };
    match answered {
        Ok(done) => {
            let mut headers = json_headers();
            headers.extend(done.warnings.iter().map(|w| ("Warning", warning(w))));
            Answer { status: done.status, headers, body: body::line(&done.body).into_bytes(), more: None }
        }
        Err(error) => failure(error),
    }
}

/// What cannot be done with what a path names.
pub fn not_allowed() -> Status {
    Status::new(Reason::MethodNotAllowed, "the server does not allow this method on the requested resource")
}

fn json_headers() -> Vec<(&'static str, String)> {
    vec![("Cache-Control", "no-cache, private".to_owned()), ("Content-Type", "application/json".to_owned())]
}

/// RFC 7234's header of a warning that is no cache's.
fn warning(text: &str) -> String {
    format!("299 - \"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " "))
}

fn failure(error: anyhow::Error) -> Answer<Following> {
    let status = match error.downcast::<Status>() {
        Ok(status) => status,
        Err(error) => Status::internal(error),
    };
    if status == raw::no_such_path() {
        // What no handler is for is answered by the server's mux, which knows no Status.
        let headers = vec![("Content-Type", "text/plain; charset=utf-8".to_owned())];
        return Answer { status: 404, headers, body: b"404 page not found\n".to_vec(), more: None };
    }
    let text = body::line(&status.to_value());
    Answer { status: status.reason.code(), headers: json_headers(), body: text.into_bytes(), more: None }
}

fn read(cx: &mut Context, target: &str) -> anyhow::Result<Answer<Following>> {
    let text = raw::get(cx, target)?;
    let mut headers = json_headers();
    if !text.starts_with('{') {
        headers = vec![("Content-Type", "text/plain; charset=utf-8".to_owned())];
    }
    Ok(Answer { status: 200, headers, body: text.into_bytes(), more: None })
}

/// Begins a watch: with what is there, where no resourceVersion says what was seen already.
fn watch(cx: &mut Context, path: &str, query: &Query, as_table: bool) -> anyhow::Result<Answer<Following>> {
    let place = Place::parse(&cx.registry()?, path).filter(|p| p.sub == Sub::None).ok_or_else(raw::no_such_path)?;
    let selectors = Selectors { labels: &query.labels, fields: &query.fields };
    let (objects, now) =
        cx.client()?.read(|c| Ok((selectors.asked(c, place.kind, place.scope())?, c.resource_version())))?;
    let since = match query.value("resourceVersion") {
        "" | "0" => None,
        text => {
            let invalid = || Status::bad_request(format!("invalid resourceVersion {text:?}"));
            Some(text.parse::<u64>().map_err(|_| invalid())?)
        }
    };
    let timeout = query.value("timeoutSeconds").parse::<u64>().ok().map(Duration::from_secs);
    let begun = cx.env.clock.now();
    let watch = Watch {
        kind: place.kind,
        namespace: place.scope().map(str::to_owned),
        name: Some(place.name.clone()).filter(|n| !n.is_empty()),
        filter: selectors.filter(place.kind)?,
        since: since.unwrap_or(now),
        seen: BTreeSet::new(),
    };
    let mut following = Following {
        watch,
        as_table,
        until: timeout.map(|t| begun + chrono::TimeDelta::from_std(t).unwrap_or_default()),
    };
    let mut text = String::new();
    for object in objects.iter().filter(|o| place.name.is_empty() || o.name() == place.name) {
        // What changed since then comes as a change; what did not is in sight.
        let is_older = since.is_none_or(|s| object.resource_version() <= s);
        if is_older {
            following.watch.seen.insert(place.kind.names().key(object.namespace(), object.name()));
        }
        if since.is_none() {
            text.push_str(&following.event(ChangeType::Added, object, cx)?);
        }
    }
    Ok(Answer { status: 200, headers: json_headers(), body: text.into_bytes(), more: Some(following) })
}

/// What has come to a watch since it was looked at last.
pub fn more(cx: &mut Context, mut following: Following) -> Answer<Following> {
    let told = following.news(cx);
    let is_over = following.until.is_some_and(|until| cx.env.clock.now() >= until);
    let (text, more) = match told {
        Ok(text) => (text, Some(following).filter(|_| !is_over)),
        Err(error) => {
            let status = error.downcast::<Status>().unwrap_or_else(Status::internal);
            (body::line(&json!({"type": "ERROR", "object": status.to_value()})), None)
        }
    };
    Answer { status: 200, headers: Vec::new(), body: text.into_bytes(), more }
}

impl Following {
    fn news(&mut self, cx: &mut Context) -> anyhow::Result<String> {
        cx.client()?.read(|_| Ok(()))?;
        let mut text = String::new();
        for change in cx.client()?.changes_since(self.watch.since)? {
            self.watch.since = change.resource_version;
            if let Some(what) = self.watch.sees(&change) {
                text.push_str(&self.event(what, &change.object, cx)?);
            }
        }
        Ok(text)
    }

    /// One line of a watch.
    fn event(&self, what: ChangeType, object: &std::sync::Arc<Object>, cx: &mut Context) -> anyhow::Result<String> {
        let word = match what {
            ChangeType::Added => "ADDED",
            ChangeType::Modified => "MODIFIED",
            ChangeType::Deleted => "DELETED",
        };
        let mut shown = match self.as_table {
            true => table::of(self.watch.kind, vec![object.clone()], cx.client()?.now()?, false),
            false => object.to_value(),
        };
        apiserver::show_managed_fields(&mut shown);
        // The event is no object: its fields are in their own order.
        let object = body::line(&shown);
        Ok(format!("{{\"type\":\"{word}\",\"object\":{}}}\n", object.trim_end()))
    }
}
