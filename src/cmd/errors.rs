//! Errors as kubectl prints them, each once, and the exit code that goes with them. Knows no verb.

use std::fmt;
use std::io;

use crate::apimachinery::quote::quote;
use crate::apimachinery::status::{Reason, Status};

/// Ends the command with this code and prints nothing.
#[derive(Debug)]
pub struct Exit(pub u8);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit status {}", self.0)
    }
}

impl std::error::Error for Exit {}

/// Several errors of one command, each printed on its own line.
#[derive(Debug)]
pub struct Aggregate(pub Vec<anyhow::Error>);

impl Aggregate {
    /// The messages of all errors, those of errors in errors too, each once.
    fn texts(&self) -> Vec<String> {
        let mut texts: Vec<String> = Vec::new();
        for error in &self.0 {
            let inner = match error.downcast_ref::<Aggregate>() {
                Some(aggregate) => aggregate.texts(),
                None => vec![format!("{error:#}")],
            };
            for text in inner {
                if !texts.contains(&text) {
                    texts.push(text);
                }
            }
        }
        texts
    }
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.texts().as_slice() {
            [one] => f.write_str(one),
            many => write!(f, "[{}]", many.join(", ")),
        }
    }
}

impl std::error::Error for Aggregate {}

/// Nothing for no errors, the error itself for one, an [`Aggregate`] for more.
pub fn aggregate(mut errors: Vec<anyhow::Error>) -> anyhow::Result<()> {
    // Nobody is left to be told of the others.
    if let Some(at) = errors.iter().position(is_broken_pipe) {
        return Err(errors.swap_remove(at));
    }
    match errors.len() {
        0 => Ok(()),
        1 => Err(errors.remove(0)),
        _ => Err(Aggregate(errors).into()),
    }
}

/// Nothing for no errors, an [`Aggregate`] even for one, which then has no `error: ` before it: where kubectl returns the list.
pub fn list(errors: Vec<anyhow::Error>) -> anyhow::Result<()> {
    if errors.is_empty() { Ok(()) } else { Err(Aggregate(errors).into()) }
}

/// Puts `error when creating "web.yaml": ` before an error's message; the words of an invalid object stay as they are.
pub fn with_source(verb: &str, source: &str, error: anyhow::Error) -> anyhow::Error {
    if source.is_empty() {
        return error;
    }
    match error.downcast::<Status>() {
        Ok(mut status) => {
            status.message = format!("error when {verb} {}: {}", quote(source), status.message);
            status.into()
        }
        Err(error) => anyhow::anyhow!("error when {verb} {}: {error}", quote(source)),
    }
}

/// What to print on stderr for an error, and the exit code.
pub fn report(error: &anyhow::Error) -> (String, u8) {
    if let Some(Exit(code)) = error.downcast_ref() {
        return (String::new(), *code);
    }
    if is_broken_pipe(error) {
        // What a shell reports for a program that SIGPIPE ended.
        return (String::new(), 141);
    }
    let text = match (error.downcast_ref::<Status>(), error.downcast_ref::<Aggregate>()) {
        (Some(status), _) if status.reason == Reason::Invalid => invalid(status),
        (Some(status), _) => server(status),
        (None, Some(Aggregate(all))) => all.iter().map(|e| message(e) + "\n").collect(),
        (None, None) => prefixed(&format!("{error:#}")),
    };
    (line(&text), 1)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

fn line(text: &str) -> String {
    if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

fn prefixed(message: &str) -> String {
    if ["error: ", "Error: ", "Error in configuration: "].iter().any(|p| message.starts_with(p)) {
        message.to_owned()
    } else {
        format!("error: {message}")
    }
}

/// One of several errors: without `error: `, and never in the layout of an invalid object.
fn message(error: &anyhow::Error) -> String {
    error.downcast_ref::<Status>().map_or_else(|| format!("{error:#}"), server)
}

fn server(status: &Status) -> String {
    match status.reason.as_str() {
        "" => format!("Error from server: {}", status.message),
        reason => format!("Error from server ({reason}): {}", status.message),
    }
}

/// `The Pod "x" is invalid: …`: one cause on the same line, several on a line each.
fn invalid(status: &Status) -> String {
    let subject = if status.kind.is_empty() && status.name.is_empty() {
        if status.causes.is_empty() && !status.message.is_empty() {
            return format!("The request is invalid: {}", status.message);
        }
        "The request is invalid".to_owned()
    } else {
        format!("The {} {} is invalid", status.kind, quote(&status.name))
    };
    let mut causes: Vec<String> = Vec::new();
    for cause in &status.causes {
        let text = format!("{}: {}", cause.field, cause.message);
        if !causes.contains(&text) {
            causes.push(text);
        }
    }
    match causes.as_slice() {
        [] => subject,
        // kubectl ends the line, whatever it ends with.
        [one] if one.ends_with('\n') => format!("{subject}: {one}\n"),
        [one] => format!("{subject}: {one}"),
        many => format!("{subject}: \n{}", many.iter().map(|c| format!("* {c}\n")).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apimachinery::status::Cause;

    fn invalid_status(causes: &[(&str, &str)]) -> Status {
        let causes = causes.iter().map(|(field, message)| Cause {
            reason: "FieldValueInvalid",
            field: (*field).to_owned(),
            message: (*message).to_owned(),
        });
        let causes = causes.collect();
        let base = Status::new(Reason::Invalid, "StatefulSet.apps \"web\" is invalid: x");
        Status { kind: "StatefulSet".into(), group: "apps".into(), name: "web".into(), causes, ..base }
    }

    #[test]
    fn errors_print_as_kubectls() {
        let not_found = || anyhow::Error::from(Status::not_found("pods", "x"));
        let two = || vec![not_found(), anyhow::anyhow!("resource mapping not found")];
        let cases: Vec<(anyhow::Error, &str)> = vec![
            (not_found(), "Error from server (NotFound): pods \"x\" not found\n"),
            (anyhow::anyhow!("no objects passed to create"), "error: no objects passed to create\n"),
            (anyhow::anyhow!("error: twice"), "error: twice\n"),
            (
                with_source("creating", "web.yaml", Status::already_exists("services", "nginx").into()),
                "Error from server (AlreadyExists): error when creating \"web.yaml\": services \"nginx\" already exists\n",
            ),
            (
                with_source("creating", "web.yaml", invalid_status(&[("spec", "Required value")]).into()),
                "The StatefulSet \"web\" is invalid: spec: Required value\n",
            ),
            (
                invalid_status(&[("a", "b"), ("a", "b"), ("c", "d")]).into(),
                "The StatefulSet \"web\" is invalid: \n* a: b\n* c: d\n",
            ),
            (Status::new(Reason::Invalid, "patch: x").into(), "The request is invalid: patch: x\n"),
            (Status::new(Reason::Unknown, "odd").into(), "Error from server: odd\n"),
            (
                aggregate(two()).unwrap_err(),
                "Error from server (NotFound): pods \"x\" not found\nresource mapping not found\n",
            ),
            (Exit(3).into(), ""),
        ];
        for (error, want) in cases {
            assert_eq!(report(&error).0.trim_end_matches('\n'), want.trim_end_matches('\n'));
        }
        assert_eq!(report(&Exit(3).into()), (String::new(), 3));
        assert_eq!(report(&io::Error::from(io::ErrorKind::BrokenPipe).into()).1, 141);
    }
}
