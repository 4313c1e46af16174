//! Environment variables as `set env` takes them: `KEY=VALUE`, `KEY-`, and `-` for lines on standard input. Knows no object.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::apimachinery::names;

/// What is to become of the variables of a container.
#[derive(Debug, Default, PartialEq)]
pub struct Env {
    /// `name` with `value` or `valueFrom`, in order.
    pub set: Vec<Value>,
    pub remove: Vec<String>,
}

/// Takes arguments apart: first what names objects, then the variables. `None` where they are mixed.
pub fn split(args: &[String]) -> Option<(&[String], &[String])> {
    // Something has to stand before the `=` of a variable.
    let is_env = |a: &String| a.rfind('=').is_some_and(|at| at > 0) || a.ends_with('-');
    let first = args.iter().position(is_env).unwrap_or(args.len());
    let (resources, env) = args.split_at(first);
    env.iter().all(is_env).then_some((resources, env))
}

/// Reads the arguments; `read` gives standard input for `-`.
///
/// # Errors
/// kubectl's texts.
pub fn parse<'a>(
    specs: impl Iterator<Item = &'a String>,
    mut read: impl FnMut() -> anyhow::Result<String>,
) -> anyhow::Result<Env> {
    let mut env = Env::default();
    for spec in specs {
        match (spec.split_once('='), spec.strip_suffix('-')) {
            (_, Some("")) => {
                for line in read()?.lines() {
                    let line = line.split('#').next().unwrap_or_default();
                    if let Some((name, value)) = line.split_once('=') {
                        env.set.push(variable(name, value)?);
                    }
                }
            }
            (Some((name, value)), _) => env.set.push(variable(name, value)?),
            (None, Some(name)) => env.remove.push(name.to_owned()),
            (None, None) => anyhow::bail!("unknown environment variable: {spec}"),
        }
    }
    let names: BTreeSet<&str> = env.set.iter().map(name).collect();
    if env.remove.iter().any(|r| names.contains(r.as_str())) {
        anyhow::bail!("can not both modify and remove the same environment variable in the same command");
    }
    Ok(env)
}

fn variable(name: &str, value: &str) -> anyhow::Result<Value> {
    let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    // Stricter than a server of today, as kubectl 1.32 is.
    if !name.chars().all(is_valid) || name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        let why = names::regex_message(
            "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must \
             not start with a digit",
            "[-._a-zA-Z][-._a-zA-Z0-9]*",
            &["my.env-name", "MY_ENV.NAME", "MyEnvName1"],
        );
        anyhow::bail!("{name:?} is not a valid key name: {why}");
    }
    // Go leaves out an empty value.
    Ok(if value.is_empty() { json!({"name": name}) } else { json!({"name": name, "value": value}) })
}

/// The name of a variable.
pub fn name(variable: &Value) -> &str {
    variable.get("name").and_then(Value::as_str).unwrap_or_default()
}

/// The value of a variable, empty for one that has none of its own.
pub fn value(variable: &Value) -> &str {
    variable.get("value").and_then(Value::as_str).unwrap_or_default()
}

impl Env {
    /// Refuses to give a variable another value: `--overwrite=false`.
    pub fn check_overwrites(&self, existing: &[Value]) -> anyhow::Result<()> {
        for new in &self.set {
            let now = existing.iter().find(|e| name(e) == name(new));
            if let Some(now) = now.filter(|now| value(now) != value(new)) {
                anyhow::bail!("'{}' already has a value ({}), and --overwrite is false", name(now), value(now));
            }
        }
        Ok(())
    }

    /// The variables afterwards: those that were there in their places, new ones at the end.
    pub fn apply(&self, existing: &[Value]) -> Vec<Value> {
        let mut covered: BTreeSet<String> = self.remove.iter().cloned().collect();
        let mut out = Vec::new();
        for old in existing.iter().filter(|e| !self.remove.iter().any(|r| r == name(e))) {
            match self.set.iter().find(|e| name(e) == name(old)) {
                Some(new) if covered.insert(name(old).to_owned()) => out.push(new.clone()),
                Some(_) => {}
                None => out.push(old.clone()),
            }
        }
        for new in &self.set {
            if covered.insert(name(new).to_owned()) {
                out.push(new.clone());
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    fn parsed(line: &str) -> Result<Env, String> {
        parse(words(line).iter(), || Ok("X=1 # note\n# none\nY=2\n".to_owned())).map_err(|e| e.to_string())
    }

    #[test]
    fn variables_are_read() {
        let env = parsed("A=b C- D=").unwrap();
        assert_eq!(env.set, [json!({"name": "A", "value": "b"}), json!({"name": "D"})]);
        assert_eq!(env.remove, ["C"]);
        assert_eq!(parsed("-").unwrap().set.len(), 2);
        let both = "can not both modify and remove the same environment variable in the same command";
        assert_eq!(parsed("A=b A-").unwrap_err(), both);
        assert_eq!(parsed("A").unwrap_err(), "unknown environment variable: A");
        assert!(split(&words("sts/x A=b y")).is_none());
        assert_eq!(split(&words("sts x A=b C-")).unwrap().0, words("sts x"));
    }

    #[test]
    fn variables_keep_their_places() {
        let existing = [json!({"name": "A", "value": "1"}), json!({"name": "B"}), json!({"name": "C"})];
        let env = parsed("D=4 A=2 B-").unwrap();
        let after = env.apply(&existing);
        assert_eq!(after.iter().map(|v| format!("{}={}", name(v), value(v))).collect::<Vec<_>>(), ["A=2", "C=", "D=4"]);
        assert!(env.check_overwrites(&existing).is_err());
    }
}
