//! A namespace's policy as its labels say it: a level and the version it is meant in, for each of three modes.

use std::fmt;

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;

const PREFIX: &str = "pod-security.kubernetes.io/";

/// How much is forbidden; a later one forbids more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Privileged,
    Baseline,
    Restricted,
}

impl Level {
    fn parse(text: &str) -> Option<Level> {
        match text {
            "privileged" => Some(Level::Privileged),
            "baseline" => Some(Level::Baseline),
            "restricted" => Some(Level::Restricted),
            _ => None,
        }
    }
}

/// `latest`, or the minor version of `v1.x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    Minor(u32),
    Latest,
}

impl Version {
    fn parse(text: &str) -> Option<Version> {
        if text == "latest" {
            return Some(Version::Latest);
        }
        let minor = text.strip_prefix("v1.")?;
        let is_plain = minor.bytes().all(|b| b.is_ascii_digit()) && (minor == "0" || !minor.starts_with('0'));
        minor.parse().ok().filter(|_| is_plain).map(Version::Minor)
    }

    /// Whether a check that came with a version, or a change of one, is in force.
    pub fn is_at_least(self, minor: u32) -> bool {
        match self {
            Version::Latest => true,
            Version::Minor(own) => own >= minor,
        }
    }
}

/// `baseline:latest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelVersion {
    pub level: Level,
    pub version: Version,
}

impl Default for LevelVersion {
    fn default() -> LevelVersion {
        LevelVersion { level: Level::Privileged, version: Version::Latest }
    }
}

impl fmt::Display for LevelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        };
        match self.version {
            Version::Latest => write!(f, "{level}:latest"),
            Version::Minor(minor) => write!(f, "{level}:v1.{minor}"),
        }
    }
}

/// What is refused, and what is warned of.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    pub enforce: LevelVersion,
    pub warn: LevelVersion,
}

impl Policy {
    /// The policy of a namespace, and what of its labels cannot be read. A level that cannot be read is the strictest where
    /// it is enforced, and none where it is not.
    pub fn of(namespace: &Object) -> (Policy, Errors) {
        let mut errors = Errors::default();
        let mut mode = |name: &str, unreadable: Level| {
            let level = read(namespace, name, Level::parse, MUST_BE_LEVEL, &mut errors);
            let version = read(namespace, &format!("{name}-version"), Version::parse, MUST_BE_VERSION, &mut errors);
            LevelVersion {
                level: level.map_or(Level::Privileged, |level| level.unwrap_or(unreadable)),
                version: version.flatten().unwrap_or(Version::Latest),
            }
        };
        let enforce = mode("enforce", Level::Restricted);
        mode("audit", Level::Privileged);
        let warn = mode("warn", Level::Privileged);
        (Policy { enforce, warn }, errors)
    }
}

const MUST_BE_LEVEL: &str = "must be one of privileged, baseline, restricted";
const MUST_BE_VERSION: &str = "must be \"latest\" or \"v1.x\"";

/// One label: None without it, `Some(None)` and an error where it cannot be read.
fn read<T>(
    namespace: &Object,
    name: &str,
    parse: fn(&str) -> Option<T>,
    rule: &str,
    errors: &mut Errors,
) -> Option<Option<T>> {
    let key = format!("{PREFIX}{name}");
    let text = namespace.label(&key)?;
    let value = parse(text);
    if value.is_none() {
        errors.invalid(&Path::new("metadata.labels").key(&key), text, rule);
    }
    Some(value)
}
