//! A running container's health: what its probes have come to, from what they answer by rules and by what was seen.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::container::{self, Stage};
use super::life::text;
use super::probe::{self, Answer, Kind, Schedule};
use super::{container_status, known, standing};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::Time;
use crate::cluster::Cluster;
use crate::control::apply::apply;
use crate::control::pace::{Fault, Pace, Subject};
use crate::kinds::plan::{Action, Plan};

/// Where a pod's bookkeeping has what its probes were seen to answer.
const KEY: &str = "probed";

/// What a probe was seen to answer, from then on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probed {
    pub container: String,
    /// Which run of the container, from 0.
    pub attempt: u32,
    /// The container's field: `readinessProbe`.
    pub probe: String,
    pub at: Time,
    /// `None` for a success.
    pub failure: Option<String>,
}

/// What a pod's probes were seen to answer, oldest first.
pub fn seen(pod: &Object) -> Vec<Probed> {
    pod.internal.get(KEY).and_then(|v| Vec::deserialize(v).ok()).unwrap_or_default()
}

/// The newest of these that is about a probe of a run.
pub fn newest<'s>(seen: &'s [Probed], container: &str, attempt: u32, kind: Kind) -> Option<&'s Probed> {
    seen.iter().rev().find(|p| p.container == container && p.attempt == attempt && p.probe == kind.field())
}

/// Adds what a probe was seen to answer, unless that is nothing new. What was seen of earlier runs goes.
pub fn add(pod: &mut Object, new: Probed) {
    let mut all = seen(pod);
    all.retain(|p| p.container != new.container || p.attempt == new.attempt);
    all.push(new);
    if let Ok(value) = serde_json::to_value(all) {
        pod.internal.insert(KEY, value);
    }
}

/// One run of a container, as its probes see it.
#[derive(Clone, Copy, Debug)]
pub struct Run<'r> {
    pub pod: &'r Object,
    pub spec: &'r Value,
    pub attempt: u32,
    pub since: Time,
    /// When its startup probe has succeeded, once it has.
    pub started: Option<Time>,
    pub subject: Subject<'r>,
}

/// What the probes have come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// When its startup probe succeeded, or it ran without one.
    pub started: Option<Time>,
    pub ready: bool,
    /// The probe for whose failures the container has to be stopped.
    pub condemned: Option<Kind>,
    /// Failures to tell of now: the probe, the message, and how many.
    pub told: Vec<(Kind, String, i64)>,
    pub next: Option<Time>,
}

/// The health of a run at a time; `see` is shown what each probe has come to.
pub fn of(run: &Run, pace: &Pace, now: Time, mut see: impl FnMut(Kind, &probe::Outcome)) -> Health {
    let mut health = Health { ready: true, ..Health::default() };
    let seen = seen(run.pod);
    let mut started = run.started.unwrap_or(run.since);
    for kind in Kind::ALL {
        if kind == Kind::Startup && run.started.is_some() {
            continue;
        }
        let Some(spec) = run.spec.get(kind.field()).filter(|p| !p.is_null()) else {
            // Without a probe a container is ready as soon as it runs, unless a rule says that it never is.
            let never_ready = kind == Kind::Readiness && pace.faults(&run.subject).any(|f| *f == Fault::NeverReady);
            health.ready &= !never_ready;
            continue;
        };
        let schedule = Schedule::new(spec, run.since, started);
        let answers = answers(run, kind, spec, pace, &seen);
        let found = probe::outcome(&schedule, &answers, kind == Kind::Liveness, now);
        see(kind, &found);
        health.next = health.next.into_iter().chain(found.next).min();
        health.told.extend(found.failing.filter(|f| f.told > 0).map(|f| (kind, f.message, f.told)));
        match kind {
            Kind::Startup if found.ok => started = found.since.unwrap_or(started),
            Kind::Startup => {
                let failed = probe::outcome(&schedule, &answers, true, now);
                health.condemned = (!failed.ok).then_some(kind);
                return Health { ready: false, ..health };
            }
            Kind::Readiness => health.ready = found.ok,
            Kind::Liveness => health.condemned = (!found.ok).then_some(kind),
        }
    }
    Health { started: Some(started), ..health }
}

/// What a probe answers over time: by a rule for good, else as it was seen, and before that as its image would.
fn answers(run: &Run, kind: Kind, spec: &Value, pace: &Pace, seen: &[Probed]) -> Vec<Answer> {
    if pace.faults(&run.subject).any(|f| *f == fault_of(kind)) {
        return vec![Answer { from: Time::MIN_UTC, failure: Some(refusal(spec, run)) }];
    }
    let ours =
        |p: &&Probed| p.container == text(run.spec, "name") && p.attempt == run.attempt && p.probe == kind.field();
    let standing = standing::failure(run.pod, run.spec, spec)
        .map(|(after, failure)| Answer { from: run.since + after, failure: Some(failure) });
    let seen = seen.iter().filter(ours).map(|p| Answer { from: p.at, failure: p.failure.clone() });
    standing.into_iter().chain(seen).collect()
}

/// What the kubelet says of a probe that is refused.
fn refusal(spec: &Value, run: &Run) -> String {
    if spec.get("httpGet").is_some() {
        return "HTTP probe failed with statuscode: 503".to_owned();
    }
    if let Some(tcp) = spec.get("tcpSocket") {
        let host = match text(tcp, "host") {
            "" => run.pod.str_at("/status/podIP"),
            host => host,
        };
        let port = port(tcp, run.spec).map_or_else(String::new, |p| p.to_string());
        return format!("dial tcp {host}:{port}: connect: connection refused");
    }
    if spec.get("grpc").is_some() {
        return "service unhealthy (responded with \"NOT_SERVING\")".to_owned();
    }
    String::new()
}

/// A probe's port, by number or by the name that the container gives it.
pub fn port(action: &Value, container: &Value) -> Option<u16> {
    let number = |v: &Value| u16::try_from(v.as_u64()?).ok();
    match action.get("port")? {
        Value::String(name) => {
            let ports = container.get("ports").and_then(Value::as_array).into_iter().flatten();
            let named = ports.filter(|p| text(p, "name") == name).find_map(|p| number(p.get("containerPort")?));
            named.or_else(|| name.parse().ok())
        }
        other => number(other),
    }
}

/// A probe that an emulated server can be asked for without a sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub container: String,
    pub attempt: u32,
    pub probe: Kind,
    pub port: u16,
    pub path: String,
    pub headers: Vec<(String, String)>,
    /// What the probe is known to answer now: nothing when it succeeds.
    pub known: Option<String>,
}

/// The probes of a pod's running containers to ask its emulated servers. Those that a rule answers are not asked.
pub fn questions(pod: &Object, pace: &Pace, now: Time) -> Vec<Question> {
    let lives = container::read(pod);
    let mut all = Vec::new();
    for spec in container_status::specs(pod) {
        let Some(life) = lives.get(text(spec, "name")) else { continue };
        let Stage::Running { since } = life.stage else { continue };
        let subject = known::subject(pod, spec);
        let run = Run { pod, spec, attempt: life.attempt, since, started: life.started, subject };
        for kind in Kind::ALL {
            let ruled = pace.faults(&run.subject).any(|f| *f == fault_of(kind));
            let action = spec.get(kind.field()).and_then(|probe| Some((probe, probe.get("httpGet")?)));
            let Some((probe, http)) = action.filter(|_| !ruled) else { continue };
            let Some(port) = port(http, spec) else { continue };
            if !text(http, "host").is_empty() || text(http, "scheme") == "HTTPS" {
                continue;
            }
            let known = answers(&run, kind, probe, pace, &seen(pod)).into_iter().rfind(|a| a.from <= now);
            all.push(Question {
                container: text(spec, "name").to_owned(),
                attempt: life.attempt,
                probe: kind,
                port,
                path: text(http, "path").to_owned(),
                headers: headers(http),
                known: known.and_then(|a| a.failure),
            });
        }
    }
    all
}

fn headers(http: &Value) -> Vec<(String, String)> {
    let list = http.get("httpHeaders").and_then(Value::as_array).into_iter().flatten();
    list.map(|h| (text(h, "name").to_owned(), text(h, "value").to_owned())).collect()
}

/// What an answer's status means to a probe.
pub fn failure_of(status: u16) -> Option<String> {
    (!(200..400).contains(&status)).then(|| format!("HTTP probe failed with statuscode: {status}"))
}

fn fault_of(kind: Kind) -> Fault {
    match kind {
        Kind::Startup => Fault::NeverStarted,
        Kind::Readiness => Fault::NeverReady,
        Kind::Liveness => Fault::NeverLive,
    }
}

/// Records what a pod's probes were seen to answer. Nothing happens when the pod is another one by now. The caller lets the
/// controllers settle.
///
/// # Errors
/// When the store cannot be read or written.
pub fn record(cluster: &mut Cluster, key: &Key, uid: &str, answers: Vec<Probed>) -> Result<(), Status> {
    let Some(pod) = cluster.get(key)?.filter(|pod| pod.uid() == uid) else { return Ok(()) };
    let mut new = Object::clone(&pod);
    answers.into_iter().for_each(|answer| add(&mut new, answer));
    apply(cluster, Plan { actions: vec![Action::UpdateStatus(new)], ..Plan::default() }).map(drop)
}
