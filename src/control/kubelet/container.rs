//! Where one container is in its life: kept in the pod's bookkeeping, for its times are finer than the status's.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fold::Round;
use super::given::Given;
use crate::apimachinery::object::Object;
use crate::apimachinery::time::Time;

/// Where the bookkeeping has the containers, by name.
const KEY: &str = "containers";

/// One container's life.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Container {
    pub stage: Stage,
    /// Which run of it this is, from 0: its `restartCount` once it has started.
    pub attempt: u32,
    /// When its startup probe has succeeded on this run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pulls: Option<BackOff>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crashes: Option<BackOff>,
    /// The last round at the longest back-off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<Round>,
    /// What this run's environment was made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given: Option<Given>,
    /// The resources that the kubelet granted it last, where it was resized.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocated: Option<Value>,
}

/// What a container is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "kebab-case")]
pub enum Stage {
    /// Its turn has not come, or nothing has been tried.
    #[default]
    Waiting,
    Pulling {
        since: Time,
    },
    /// The pull failed; the kubelet will look again a moment later.
    PullFailed {
        since: Time,
    },
    /// `ImagePullBackOff`.
    PullBackOff {
        until: Time,
    },
    /// The image is there; the process is on its way.
    Starting {
        since: Time,
    },
    Running {
        since: Time,
    },
    /// Asked to stop, for its probes' failures.
    Stopping {
        since: Time,
        until: Time,
        killed: bool,
        /// For other resources: it is started again whatever its policy, and that is no crash.
        #[serde(default, skip_serializing_if = "is_false")]
        resized: bool,
    },
    /// Its process ended; what comes of it is not decided.
    Ended {
        since: Time,
    },
    /// `CrashLoopBackOff`.
    BackOff {
        until: Time,
    },
    /// Ended for good.
    Done,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a field over by reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Stage {
    /// Whether the kubelet has done for now what it can to start it: the next container's turn comes.
    pub fn is_settled(self) -> bool {
        !matches!(self, Stage::Waiting | Stage::Pulling { .. } | Stage::Starting { .. })
    }
}

/// All containers of a pod.
pub type Containers = BTreeMap<String, Container>;

/// Reads the containers' lives; a container that nothing is known of is not in it.
pub fn read(pod: &Object) -> Containers {
    pod.internal.get(KEY).and_then(|v| Containers::deserialize(v).ok()).unwrap_or_default()
}

/// Puts the containers' lives back.
pub fn store(pod: &mut Object, containers: &Containers) {
    if let Ok(value) = serde_json::to_value(containers) {
        pod.internal.insert(KEY, value);
    }
}

/// A delay that doubles from ten seconds to five minutes each time it is asked for, and begins anew when it was not for
/// twice the longest: client-go's flowcontrol.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackOff {
    pub seconds: i64,
    /// When it was last asked for.
    pub since: Time,
}

impl BackOff {
    const FIRST: i64 = 10;
    /// The longest delay.
    pub const LONGEST: i64 = 300;

    /// The next delay after what happened at `event`, asked for at `now`.
    pub fn next(before: Option<BackOff>, event: Time, now: Time) -> BackOff {
        match before.filter(|b| b.is_in_force(event)) {
            Some(before) => BackOff { seconds: (before.seconds * 2).min(Self::LONGEST), since: now },
            None => BackOff { seconds: Self::FIRST, since: now },
        }
    }

    /// Whether the delay still counts for what happened at a time.
    pub fn is_in_force(self, event: Time) -> bool {
        event - self.since <= TimeDelta::seconds(2 * Self::LONGEST)
    }

    pub fn delay(self) -> TimeDelta {
        TimeDelta::seconds(self.seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_and_begin_anew() {
        let mut now = Time::UNIX_EPOCH;
        let mut delays = Vec::new();
        let mut back_off = None;
        for _ in 0..7 {
            back_off = Some(BackOff::next(back_off, now, now));
            delays.extend(back_off.map(|b| b.seconds));
            now += TimeDelta::seconds(60);
        }
        assert_eq!(delays, [10, 20, 40, 80, 160, 300, 300]);
        now += TimeDelta::seconds(600);
        assert_eq!(BackOff::next(back_off, now, now).seconds, 10);
    }

    #[test]
    fn lives_are_kept_to_the_microsecond() {
        let mut pod = Object::new("v1", "Pod", "default", "p");
        let since = Time::UNIX_EPOCH + TimeDelta::microseconds(1_234_567);
        let back_off = Some(BackOff { seconds: 20, since });
        let one = Container {
            stage: Stage::Starting { since },
            attempt: 3,
            started: None,
            pulls: None,
            crashes: back_off,
            round: None,
            given: None,
            allocated: None,
        };
        let all = Containers::from([("a".to_owned(), one), ("b".to_owned(), Container::default())]);
        store(&mut pod, &all);
        assert_eq!(read(&pod), all);
    }
}
