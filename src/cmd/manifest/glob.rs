//! Go's filepath.Glob, which kubectl tries on a path that does not exist. Knows names, not what is in files.

use std::fs;
use std::path::Path;

use anyhow::anyhow;

use super::source::{join, not_there};
use crate::Env;

/// A pattern that makes no sense.
struct BadPattern;

/// The paths that a name stands for: itself if it exists, else what matches it.
#[expect(clippy::disallowed_methods, reason = "the door to manifests")]
pub(super) fn expand(env: &Env, pattern: &str) -> anyhow::Result<Vec<String>> {
    let missing = fs::metadata(env.path(pattern)).err().is_some_and(|e| e.kind() == std::io::ErrorKind::NotFound);
    if !missing {
        return Ok(vec![pattern.to_owned()]);
    }
    match glob(env, pattern) {
        Err(BadPattern) => Err(anyhow!("pattern {pattern:?} is not valid: syntax error in pattern")),
        Ok(paths) if paths.is_empty() => Err(not_there(pattern)),
        Ok(paths) => Ok(paths),
    }
}

fn has_meta(pattern: &str) -> bool {
    pattern.contains(['*', '?', '[', '\\'])
}

fn glob(env: &Env, pattern: &str) -> Result<Vec<String>, BadPattern> {
    matches(pattern, "")?;
    if !has_meta(pattern) {
        let there = fs::symlink_metadata(env.path(pattern)).is_ok();
        return Ok(if there { vec![pattern.to_owned()] } else { Vec::new() });
    }
    let (folder, file) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    let folder = match folder {
        "" if pattern.starts_with('/') => "/",
        "" => ".",
        other => other,
    };
    if !has_meta(folder) {
        return in_folder(env, folder, file);
    }
    let mut all = Vec::new();
    for folder in glob(env, folder)? {
        all.append(&mut in_folder(env, &folder, file)?);
    }
    Ok(all)
}

/// What in a folder matches, sorted; nothing for what cannot be read.
#[expect(clippy::disallowed_methods, reason = "the door to manifests")]
fn in_folder(env: &Env, folder: &str, pattern: &str) -> Result<Vec<String>, BadPattern> {
    let entries = fs::read_dir(env.path(Path::new(folder))).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    let mut found = Vec::new();
    for name in names {
        if matches(pattern, &name)? {
            found.push(join(folder, &name));
        }
    }
    Ok(found)
}

/// Go's filepath.Match: `*`, `?`, `[a-z]`, `[^a-z]` and `\`; none of them takes a `/`. Checks the whole pattern.
fn matches(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    let pattern = parse(pattern)?;
    let name: Vec<char> = name.chars().collect();
    // `reach[i]`: whether the first i characters match the parts so far.
    let mut reach = vec![false; name.len() + 1];
    reach[0] = true;
    for part in &pattern {
        let mut next = vec![false; name.len() + 1];
        for (i, _) in reach.iter().enumerate().filter(|(_, r)| **r) {
            match part {
                Part::Star => {
                    let end = name[i..].iter().position(|c| *c == '/').map_or(name.len(), |at| i + at);
                    next[i..=end].fill(true);
                }
                Part::One(set) if name.get(i).is_some_and(|c| *c != '/' && set.has(*c)) => next[i + 1] = true,
                Part::Char(c) if name.get(i) == Some(c) => next[i + 1] = true,
                _ => {}
            }
        }
        reach = next;
    }
    Ok(reach[name.len()])
}

enum Part {
    Star,
    One(Set),
    Char(char),
}

/// The characters of `[…]`, or all for `?`.
struct Set {
    negated: bool,
    ranges: Vec<(char, char)>,
}

impl Set {
    fn has(&self, c: char) -> bool {
        self.ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != self.negated
    }
}

fn parse(pattern: &str) -> Result<Vec<Part>, BadPattern> {
    let mut parts = Vec::new();
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        parts.push(match c {
            '*' => Part::Star,
            '?' => Part::One(Set { negated: true, ranges: Vec::new() }),
            '\\' => Part::Char(rest.next().ok_or(BadPattern)?),
            '[' => Part::One(set(&mut rest)?),
            c => Part::Char(c),
        });
    }
    Ok(parts)
}

fn set(rest: &mut std::iter::Peekable<std::str::Chars>) -> Result<Set, BadPattern> {
    let negated = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        if !ranges.is_empty() && rest.next_if_eq(&']').is_some() {
            return Ok(Set { negated, ranges });
        }
        let from = member(rest)?;
        let to = if rest.next_if_eq(&'-').is_some() { member(rest)? } else { from };
        ranges.push((from, to));
    }
}

fn member(rest: &mut std::iter::Peekable<std::str::Chars>) -> Result<char, BadPattern> {
    match rest.next() {
        None | Some('-' | ']') => Err(BadPattern),
        Some('\\') => rest.next().ok_or(BadPattern),
        Some(c) => Ok(c),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_as_gos() {
        let cases = [
            ("*.yaml", "a.yaml", Some(true)),
            ("*.yaml", "a.yml", Some(false)),
            ("*", ".hidden", Some(true)),
            ("a*b*c", "aXbYbc", Some(true)),
            ("a?c", "abc", Some(true)),
            ("a?c", "a/c", Some(false)),
            ("*", "a/b", Some(false)),
            ("[a-c]x", "bx", Some(true)),
            ("[^a-c]x", "bx", Some(false)),
            (r"\*", "*", Some(true)),
            ("[", "a", None),
            ("[]a]", "a", None),
            ("[a", "a", None),
            ("a\\", "a", None),
            ("[-]", "-", None),
        ];
        for (pattern, name, want) in cases {
            assert_eq!(matches(pattern, name).ok(), want, "{pattern} {name}");
        }
    }
}
