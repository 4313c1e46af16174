//! Which verb a command line means, by cobra's rules, and what is suggested when it means none. Knows no flag's meaning.

use std::cell::LazyCell;
use std::ops::Deref;

use clap::Command;

use super::pflag;
use super::verbs::{self, Verb};
use crate::apimachinery::quote::quote;

/// A verb that was found, and what is left of the command line for it.
pub struct Found {
    /// From the first verb to the last child; empty for the program itself.
    pub path: Vec<&'static Verb>,
    pub args: Vec<String>,
}

/// Finds the verb. Flags before it are looked over, with their values.
///
/// # Errors
/// cobra's text for a verb that is not there, with suggestions.
pub fn find(program: &str, args: &[String]) -> Result<Found, String> {
    let mut found = Found { path: Vec::new(), args: args.to_vec() };
    loop {
        // A verb without children is the last: its flags need no look.
        if found.path.last().is_some_and(|verb| verb.children.is_empty()) {
            return Ok(found);
        }
        let command = LazyCell::new(|| match found.path.last() {
            Some(verb) => verb.command(),
            None => verbs::with_globals(Command::new("kstate")),
        });
        let words = without_flags(&command, &found.args);
        let Some((at, word)) = words.first() else { return Ok(found) };
        let next = match found.path.last() {
            None => verbs::find(verbs::all(), word),
            Some(verb) => verbs::find(verb.children.iter(), word),
        };
        match next {
            Some(verb) => {
                found.args.remove(*at);
                found.path.push(verb);
            }
            // kubectl looks for a plugin then, and those have no flags before their name.
            None if found.path.is_empty() && args[0].starts_with('-') => {
                return Err(format!("Error: flags cannot be placed before plugin name: {}", args[0]));
            }
            None if found.path.is_empty() => return Err(unknown(program, word)),
            None => return Ok(found),
        }
    }
}

/// The words that are neither flags nor, as far as a command's flags tell, their values; with their positions.
///
/// The command is made when a flag is met: most lines begin with their verb.
fn without_flags<'a>(command: &impl Deref<Target = Command>, args: &'a [String]) -> Vec<(usize, &'a str)> {
    let mut words = Vec::new();
    let mut at = 0;
    while at < args.len() {
        let word = args[at].as_str();
        if word == "--" {
            break;
        }
        if word.starts_with('-') {
            if takes_next(command, word) {
                if at + 2 >= args.len() {
                    break;
                }
                at += 1;
            }
        } else if !word.is_empty() {
            words.push((at, word));
        }
        at += 1;
    }
    words
}

fn takes_next(command: &Command, word: &str) -> bool {
    if word.contains('=') {
        return false;
    }
    let optional = |arg: Option<&clap::Arg>| arg.is_some_and(pflag::value_is_optional);
    match (word.strip_prefix("--"), word.strip_prefix('-')) {
        (Some(name), _) => !optional(pflag::find_long(command, name)),
        (None, Some(letter)) if letter.chars().count() == 1 => {
            !optional(letter.chars().next().and_then(|l| pflag::find_short(command, l)))
        }
        _ => false,
    }
}

fn unknown(program: &str, word: &str) -> String {
    let mut text = format!("unknown command {} for {}", quote(word), quote(program));
    let near: Vec<&str> = verbs::shown()
        .chain(verbs::all().filter(|v| v.name == "options"))
        .filter(|v| is_near(word, v))
        .map(|v| v.name)
        .collect();
    if !near.is_empty() {
        text.push_str("\n\nDid you mean this?\n");
        text.extend(near.iter().map(|n| format!("\t{n}\n")));
    }
    text
}

/// Whether a verb is suggested for a word: cobra's distance of at most 2, a prefix, or the verb's own list.
fn is_near(word: &str, verb: &Verb) -> bool {
    let word = word.to_lowercase();
    distance(&word, verb.name) <= 2
        || verb.name.starts_with(&word)
        || verb.suggest_for.iter().any(|s| s.eq_ignore_ascii_case(&word))
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let best = if x == *y { corner } else { 1 + corner.min(row[j]).min(row[j + 1]) };
            corner = row[j + 1];
            row[j + 1] = best;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(line: &str) -> Result<String, String> {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let found = find("kubectl", &args)?;
        let names: Vec<&str> = found.path.iter().map(|v| v.name).collect();
        Ok(format!("{}|{}", names.join(" "), found.args.join(" ")))
    }

    #[test]
    fn verbs_are_found_behind_flags() {
        let cases = [
            ("get pods", "get|pods"),
            ("-n x get pods", "get|-n x pods"),
            ("-nx --v=3 get pods", "get|-nx --v=3 pods"),
            ("create -f x configmap", "create configmap|-f x"),
            ("create -f configmap", "create|-f configmap"),
            ("--nope get", "|--nope get"),
            ("-- get", "|-- get"),
            ("-", "|-"),
            ("", "|"),
        ];
        for (line, want) in cases {
            assert_eq!(path(line).unwrap(), want, "{line}");
        }
    }

    #[test]
    fn suggestions_are_cobras() {
        let cases = [
            ("nope", "\ttop\n"),
            ("ge", "\tset\n\tget\n\tcp\n"),
            ("list", "\tget\n\twait\n"),
            ("ps", "\tget\n\tcp\n\twait\n"),
            ("rm", "\trun\n\tdelete\n\tcp\n"),
            ("opt", "\tset\n\tget\n\ttop\n\tcp\n\toptions\n"),
            ("hel", "\tset\n\tget\n"),
        ];
        for (word, near) in cases {
            let want = format!("unknown command \"{word}\" for \"kubectl\"\n\nDid you mean this?\n{near}");
            assert_eq!(path(word).unwrap_err(), want);
        }
        assert_eq!(path("-n x pods").unwrap_err(), "Error: flags cannot be placed before plugin name: -n");
        assert_eq!(path("updat x").unwrap_err(), "unknown command \"updat\" for \"kubectl\"");
    }
}
