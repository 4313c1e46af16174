//! `__complete`: completions of a command line, one a line, with a description after a tab. Never fails aloud, and is not
//! a row of the table: its arguments are another command's, flags and all.

use clap::{Arg, Command};

use super::cobra;
use super::kubeconfig::Kubeconfig;
use super::pflag::{self, Type};
use super::resources::{self, KindRef};
use super::verbs::{self, Operands, Verb};
use crate::Env;
use crate::apiserver;
use crate::client::Client;
use crate::kinds::{self, Registry};

/// The first argument that asks for completions.
pub const NAME: &str = "__complete";

/// The line to complete: the words before the cursor, and the begun one.
struct Line<'a> {
    env: &'a mut Env,
    path: Vec<&'static Verb>,
    command: Command,
    /// What follows the verb, without the begun word.
    args: Vec<String>,
    begun: &'a str,
    /// What the line's context says; empty for none.
    context_namespace: String,
}

/// The flags of a line so far, as far as they can be read.
fn flags(command: &Command, args: &[String]) -> Vec<String> {
    pflag::parse(command, args).map(|p| p.flags).unwrap_or_default()
}

/// The value of a flag; empty for none.
fn value<'f>(flags: &'f [String], name: &str) -> &'f str {
    let given = flags.iter().find_map(|f| f.strip_prefix("--")?.strip_prefix(name)?.strip_prefix('='));
    given.unwrap_or_default()
}

/// Makes the line's context the one whose store is looked at, as a command would; its namespace.
fn choose(env: &mut Env, flags: &[String]) -> String {
    let chosen = Kubeconfig::load(env).and_then(|c| c.choose(value(flags, "context"), value(flags, "cluster")));
    let Ok(chosen) = chosen else { return String::new() };
    if let (Some(store), Ok(home)) = (chosen.store, crate::client::home(env)) {
        env.vars.insert("KSTATE_HOME".to_owned(), home.join(store).to_string_lossy().into_owned());
    }
    chosen.namespace
}

/// Prints what the last word could become.
pub fn run(words: &[String], env: &mut Env) {
    let Some((begun, before)) = words.split_last() else { return };
    // The begun word keeps a flag's value from being taken for a verb.
    let Ok(found) = cobra::find("", before) else { return };
    let command = match found.path.last() {
        Some(verb) => verb.command(),
        None => verbs::with_globals(Command::new("kstate")),
    };
    let context_namespace = choose(env, &flags(&command, &found.args));
    let mut line = Line { env, path: found.path, command, args: found.args, begun, context_namespace };
    let text: String = line.completions().iter().map(|(v, d)| print_line(v, d)).collect();
    // A shell that is gone needs no completions.
    let _ = line.env.stdout.write_all(text.as_bytes()).and_then(|()| line.env.stdout.flush());
}

fn print_line(value: &str, description: &str) -> String {
    if description.is_empty() { format!("{value}\n") } else { format!("{value}\t{description}\n") }
}

type Completions = Vec<(String, String)>;

impl Line<'_> {
    fn completions(&mut self) -> Completions {
        if self.args.iter().any(|a| a == "--") {
            return Vec::new();
        }
        let begun = self.begun;
        if let Some((flag, value)) = begun.split_once('=').filter(|(f, _)| f.starts_with("--")) {
            let Some(arg) = pflag::find_long(&self.command, &flag[2..]).cloned() else { return Vec::new() };
            let values = self.values(&arg, value);
            return values.into_iter().map(|(v, d)| (format!("{flag}={v}"), d)).collect();
        }
        if let Some(arg) = self.waiting_flag() {
            return self.values(&arg, begun);
        }
        if begun.starts_with('-') {
            return self.flags();
        }
        self.operands()
    }

    /// The flag that the word before the cursor is, when its value is still to come.
    fn waiting_flag(&self) -> Option<Arg> {
        let last = self.args.last()?;
        let arg = match last.strip_prefix("--") {
            Some(name) => pflag::find_long(&self.command, name),
            None => pflag::find_short(&self.command, last.strip_prefix('-')?.chars().last()?),
        };
        arg.filter(|a| !pflag::value_is_optional(a)).cloned()
    }

    fn flags(&self) -> Completions {
        let mut flags: Vec<&Arg> =
            self.command.get_arguments().filter(|a| a.get_long().is_some() && !a.is_hide_set()).collect();
        flags.sort_by_key(|a| (a.is_global_set(), a.get_long()));
        let describe = |a: &Arg| {
            let help = a.get_help().map(ToString::to_string).unwrap_or_default();
            help.split(". ").next().unwrap_or_default().trim_end_matches('.').to_owned()
        };
        let all = flags.into_iter().map(|a| (format!("--{}", a.get_long().unwrap_or_default()), describe(a)));
        let help = ("--help".to_owned(), "help of this command".to_owned());
        begun_with(all.chain([help]), self.begun)
    }

    /// What a flag's value could be; nothing where the shell knows better (files).
    fn values(&mut self, arg: &Arg, begun: &str) -> Completions {
        let plain = |values: &[&str]| begun_with(values.iter().map(|v| ((*v).to_owned(), String::new())), begun);
        match arg.get_long().unwrap_or_default() {
            "namespace" => begun_with(self.names("namespaces"), begun),
            "container" => begun_with(self.containers(), begun),
            "dry-run" => plain(&["none", "server", "client"]),
            "cascade" => plain(&["background", "orphan", "foreground"]),
            "validate" => plain(&["strict", "warn", "ignore"]),
            "output" => plain(&formats(arg).iter().map(String::as_str).collect::<Vec<_>>()),
            _ if pflag::type_of(arg) == Type::Bool => plain(&["true", "false"]),
            _ => Vec::new(),
        }
    }

    fn operands(&mut self) -> Completions {
        let Some(verb) = self.path.last() else { return verb_names(verbs::shown(), self.begun) };
        let operands = verb.operands;
        let given = pflag::parse(&self.command, &self.args).map(|p| p.args).unwrap_or_default();
        if given.is_empty() && !verb.children.is_empty() {
            return verb_names(verb.children.iter(), self.begun);
        }
        match operands {
            Operands::None => Vec::new(),
            Operands::Words(words) if given.is_empty() => {
                begun_with(words.iter().map(|w| ((*w).to_owned(), String::new())), self.begun)
            }
            Operands::Words(_) => Vec::new(),
            Operands::Verbs => verb_names(verbs::shown(), self.begun),
            Operands::Pod if given.is_empty() => match self.begun.contains('/') {
                true => self.pairs(),
                false => begun_with(self.names("pods"), self.begun),
            },
            Operands::Pod => Vec::new(),
            Operands::Resources => self.resources(&given),
        }
    }

    fn resources(&mut self, given: &[String]) -> Completions {
        match given.first() {
            _ if self.begun.contains('/') => self.pairs(),
            Some(first) if first.contains('/') => self.types(),
            Some(first) => match resources::kind_in(&self.registry(), first) {
                Ok(kind) => {
                    let names = self.names_of(kind).into_iter().filter(|(n, _)| !given[1..].contains(n));
                    begun_with(names, self.begun)
                }
                Err(_) => Vec::new(),
            },
            None => self.types(),
        }
    }

    /// `pod/` and the names of pods.
    fn pairs(&mut self) -> Completions {
        let Some((kind, _)) = self.begun.split_once('/') else { return Vec::new() };
        let Ok(found) = resources::kind_in(&self.registry(), kind) else { return Vec::new() };
        let names = self.names_of(found);
        begun_with(names.into_iter().map(|(n, d)| (format!("{kind}/{n}"), d)), self.begun)
    }

    fn names(&mut self, resource: &str) -> Completions {
        kinds::by_resource(resource).map(|k| self.names_of(k)).unwrap_or_default()
    }

    /// All kinds; the built-in ones alone when the store cannot say.
    fn registry(&mut self) -> Registry {
        let known = Client::open(self.env).and_then(|mut client| client.read(Registry::of));
        known.unwrap_or_else(|_| Registry::built_in())
    }

    /// The types, after a comma too.
    fn types(&mut self) -> Completions {
        let begun = self.begun;
        let (before, last) = match begun.rfind(',') {
            Some(at) => begun.split_at(at + 1),
            None => ("", begun),
        };
        let registry = self.registry();
        let names = registry.kinds().map(|k| k.names());
        let all = names.map(|n| (n.plural.to_owned(), n.kind.to_owned()));
        begun_with(all, last).into_iter().map(|(v, d)| (format!("{before}{v}"), d)).collect()
    }

    /// The names of a kind's objects in the line's namespace; none when the store cannot say.
    fn names_of(&mut self, kind: KindRef) -> Completions {
        let namespace = self.namespace();
        let list = Client::open(self.env)
            .and_then(|mut client| client.read(|cluster| apiserver::list(cluster, kind, Some(&namespace))));
        let objects = list.unwrap_or_default();
        objects.iter().map(|o| (o.name().to_owned(), String::new())).collect()
    }

    /// The namespace of the line, or of its context.
    fn namespace(&self) -> String {
        let flags = flags(&self.command, &self.args);
        let named = [value(&flags, "namespace"), &self.context_namespace].into_iter().find(|n| !n.is_empty());
        named.unwrap_or("default").to_owned()
    }

    /// The containers of the pod that the line names.
    fn containers(&mut self) -> Completions {
        let args = &self.args[..self.args.len().saturating_sub(1)];
        let given = pflag::parse(&self.command, args).map(|p| p.args).unwrap_or_default();
        let (Some(pod), Some(kind)) = (given.first(), kinds::by_resource("pods")) else { return Vec::new() };
        let name = pod.rsplit('/').next().unwrap_or(pod).to_owned();
        let namespace = self.namespace();
        let found = Client::open(self.env)
            .and_then(|mut client| client.read(|cluster| apiserver::get(cluster, kind, &namespace, &name)));
        let Ok(pod) = found else { return Vec::new() };
        let names = pod.list_at("/spec/containers").iter().filter_map(|c| c["name"].as_str());
        names.map(|n| (n.to_owned(), String::new())).collect()
    }
}

fn verb_names(verbs: impl Iterator<Item = &'static Verb>, begun: &str) -> Completions {
    begun_with(verbs.map(|v| (v.name.to_owned(), v.short.to_owned())), begun)
}

/// The formats that a verb's `-o` has, as its help lists them; those with an argument end in `=`.
fn formats(arg: &Arg) -> Vec<String> {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let list = help.split_once("One of: (").and_then(|(_, rest)| rest.split_once(')'));
    let listed = list.map(|(formats, _)| formats.split(", ").map(str::to_owned).collect());
    listed.unwrap_or_else(|| {
        ["json", "yaml", "name"].iter().filter(|f| help.contains(**f)).map(|f| (*f).to_owned()).collect()
    })
}

fn begun_with(all: impl IntoIterator<Item = (String, String)>, begun: &str) -> Completions {
    all.into_iter().filter(|(value, _)| value.starts_with(begun)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(words: &[&str]) -> Vec<String> {
        let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        let (begun, before) = words.split_last().unwrap();
        let found = cobra::find("", before).unwrap();
        let command = match found.path.last() {
            Some(verb) => verb.command(),
            None => verbs::with_globals(Command::new("kstate")),
        };
        let mut env = Env::real();
        let mut line = Line {
            env: &mut env,
            path: found.path,
            command,
            args: found.args,
            begun,
            context_namespace: String::new(),
        };
        line.completions().into_iter().map(|(v, _)| v).collect()
    }

    #[test]
    fn verbs_flags_and_values_are_completed() {
        assert_eq!(completed(&["ge"]), ["get"]);
        assert_eq!(completed(&["-n", "x", "del"]), ["delete"]);
        assert_eq!(completed(&["get", "--sh"]), ["--show-kind", "--show-labels", "--show-managed-fields"]);
        assert_eq!(completed(&["get", "-o", "custom"]), ["custom-columns", "custom-columns-file"]);
        assert_eq!(completed(&["get", "--output=y"]), ["--output=yaml"]);
        assert_eq!(completed(&["delete", "--cascade=or"]), ["--cascade=orphan"]);
        assert_eq!(completed(&["completion", ""]), ["bash", "zsh", "fish", "powershell"]);
        assert_eq!(completed(&["exec", "x", "--", "l"]), Vec::<String>::new());
    }
}
