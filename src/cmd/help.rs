//! `help`: the help of a verb, in kubectl's layout, from the verb's clap command. Knows only what the verb table says.

use clap::{Arg, Command};

use super::context::Context;
use super::pflag::{self, Type};
use super::verbs::{self, Operands, Run, Verb};

/// Arguments of `help`.
#[derive(clap::Args)]
pub struct Help {
    command: Vec<String>,
}

impl Run for Help {
    const OPERANDS: Operands = Operands::Verbs;
    const LONG: &'static str = "Help provides help for any command in the application.\n\
        Simply type kubectl help [path to command] for full details.";
    const USAGE: &'static str = "help [command] [flags]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let mut path: Vec<&'static Verb> = Vec::new();
        for word in &self.command {
            let next = match path.last() {
                None => verbs::find(verbs::all(), word),
                Some(verb) => verbs::find(verb.children.iter(), word),
            };
            match next {
                Some(verb) => path.push(verb),
                None if path.is_empty() => {
                    cx.complain(&format!("Unknown help topic [`{}`]\n\n\n", self.command.join("` `")));
                    let text = verb_list(&cx.program);
                    cx.complain(&text);
                    return Ok(());
                }
                None => break,
            }
        }
        if path.last().is_some_and(|v| v.name == "options") {
            return super::options::print(cx);
        }
        let text = of(&path, &cx.program);
        Ok(cx.print(&text)?)
    }
}

const TOP: &str = "kubectl controls the Kubernetes cluster manager.\n\n \
    Find more information at: https://kubernetes.io/docs/reference/kubectl/";

const TOP_KSTATE: &str = "kstate is Kubernetes' StatefulSet without the cluster: kubectl's commands over a local store.\n\n \
    Find more information about the commands at: https://kubernetes.io/docs/reference/kubectl/";

/// The help of a verb (the last of the path), or of the program.
pub fn of(path: &[&'static Verb], program: &str) -> String {
    match path.last() {
        Some(verb) => of_verb(path, verb, program),
        None => top(program),
    }
}

/// The words of a path: `create configmap`.
pub fn words(path: &[&'static Verb]) -> String {
    path.iter().map(|v| v.name).collect::<Vec<_>>().join(" ")
}

fn top(program: &str) -> String {
    format!("{}\n\n{}", if program == "kubectl" { TOP } else { TOP_KSTATE }, verb_list(program))
}

fn verb_list(program: &str) -> String {
    let mut text = String::new();
    let width = verbs::shown().map(|v| v.name.len()).max().unwrap_or(0).max(13) + 3;
    for group in verbs::GROUPS.iter().filter(|g| !g.title.is_empty()) {
        text += &format!("{}\n{}\n", group.title, list(group.verbs, width));
    }
    text += &format!("Usage:\n  {program} [flags] [options]\n\n");
    text + &trailer(program, "", true)
}

fn list(verbs: &[Verb], width: usize) -> String {
    verbs.iter().map(|v| format!("  {:width$}{}\n", v.name, v.short)).collect()
}

fn trailer(program: &str, path: &str, has_children: bool) -> String {
    let sub = if path.is_empty() { String::new() } else { format!("{path} ") };
    let children = if has_children {
        format!("Use \"{program} {sub}<command> --help\" for more information about a given command.\n")
    } else {
        String::new()
    };
    format!(
        "{children}Use \"{program} options\" for a list of global command-line options (applies to all commands).\n"
    )
}

fn of_verb(path: &[&'static Verb], verb: &Verb, program: &str) -> String {
    let command = verb.command();
    let text_of = |s: Option<&clap::builder::StyledStr>| s.map(ToString::to_string).unwrap_or_default();
    let mut text = format!("{}\n\n", text_of(command.get_long_about()));
    if !verb.aliases.is_empty() {
        let names: Vec<&str> = [verb.name].into_iter().chain(verb.aliases.iter().copied()).collect();
        text += &format!("Aliases:\n{}\n\n", names.join(", "));
    }
    let examples = text_of(command.get_after_help());
    if !examples.is_empty() {
        text += &format!("Examples:\n{examples}\n\n");
    }
    if !verb.children.is_empty() {
        let width = verb.children.iter().map(|v| v.name.len()).max().unwrap_or(0).max(11) + 3;
        text += &format!("Available Commands:\n{}\n", list(verb.children, width));
    }
    let flags = own_flags(&command);
    if !flags.is_empty() {
        text += &format!("Options:\n{}", flags.iter().map(|f| option(f)).collect::<String>());
    }
    let parents = words(&path[..path.len() - 1]);
    let parents = if parents.is_empty() { String::new() } else { format!("{parents} ") };
    let line = usage(&command);
    let options = if line.contains("[options]") { "" } else { " [options]" };
    text += &format!("Usage:\n  {program} {parents}{line}{options}\n\n");
    named(&(text + &trailer(program, &words(path), !verb.children.is_empty())), program)
}

/// The usage line of a command, after the program's name.
pub fn usage(command: &Command) -> String {
    command.clone().render_usage().to_string().trim_start_matches("Usage: ").to_owned()
}

/// A command's own flags, sorted as pflag sorts them.
pub fn own_flags(command: &Command) -> Vec<&Arg> {
    let mut flags: Vec<&Arg> = command.get_arguments().filter(|a| a.get_long().is_some()).collect();
    flags.retain(|a| !a.is_global_set() && !a.is_hide_set());
    flags.sort_by_key(|a| a.get_long());
    flags
}

/// One flag with its default value, as kubectl lays it out.
pub fn option(arg: &Arg) -> String {
    let long = arg.get_long().unwrap_or_default();
    let short = arg.get_short().map(|s| format!("-{s}, ")).unwrap_or_default();
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    format!("    {short}--{long}={}:\n\t{help}\n\n", default_text(arg))
}

/// A flag's default value, as pflag writes it.
pub fn default_text(arg: &Arg) -> String {
    let given = arg.get_default_values().first().map(|v| v.to_string_lossy().into_owned());
    match (pflag::type_of(arg), given) {
        (Type::Bool, given) => given.unwrap_or_else(|| "false".to_owned()),
        (Type::Strings | Type::StringArray, given) => format!("[{}]", given.unwrap_or_default()),
        (Type::String, given) => format!("'{}'", given.unwrap_or_default()),
        (Type::Int | Type::Duration | Type::Other, given) => given.unwrap_or_default(),
    }
}

/// Help in kubectl's words, with the program called what it was called.
pub fn named(text: &str, program: &str) -> String {
    if program == "kubectl" {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("kubectl ") {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        // Only the command itself: not part of a path or another word.
        let is_command = before.ends_with([' ', '"', '\n', '\'', '(']) || before.is_empty();
        out.push_str(if is_command { program } else { "kubectl" });
        rest = &after["kubectl".len()..];
    }
    out + rest
}
