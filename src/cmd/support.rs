//! Flags of kubectl that kstate takes without an effect, or refuses because it does not have what they ask for yet.

use clap::{Arg, ArgAction, Command};

use super::global;
use super::verbs::{self, Verb};

/// How a flag that does not do what kubectl's does is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// Taken, and without an effect, for this reason.
    NoEffect(&'static str),
    /// Served for every verb that has it, before the verb runs: `-k`.
    Served,
    /// Served, in no help and no completion, and told on stderr to be on its way out, with this advice: `--record`.
    Deprecated(&'static str),
    /// Refused when it is given: it would change what the command does.
    NotBuilt,
}

/// One such flag. It is in the help as kubectl has it.
pub struct Flag {
    pub short: Option<char>,
    pub name: &'static str,
    /// pflag's type, as [`super::pflag::type_of`] reads it.
    pub value: &'static str,
    pub default: &'static str,
    pub help: &'static str,
    pub support: Support,
}

/// What the flags of a verb have that is an error however it is called.
pub const ALWAYS_REFUSED: Support = Support::NoEffect("the command is always refused");

impl Flag {
    /// A flag without a letter.
    pub const fn new(
        name: &'static str,
        value: &'static str,
        default: &'static str,
        support: Support,
        help: &'static str,
    ) -> Flag {
        Flag { short: None, name, value, default, help, support }
    }

    pub const fn short(self, letter: char) -> Flag {
        Flag { short: Some(letter), ..self }
    }

    fn arg(&self) -> Arg {
        let is_deprecated = matches!(self.support, Support::Deprecated(_));
        let arg = Arg::new(self.name).long(self.name).help(self.help).value_name(self.value).hide(is_deprecated);
        let arg = match (self.value, self.default) {
            ("bool", "false") => arg.action(ArgAction::SetTrue),
            ("bool", _) => arg.default_value(self.default).num_args(0..=1).require_equals(true),
            ("strings" | "stringArray", _) => arg.action(ArgAction::Append),
            _ => arg.default_value(self.default).allow_hyphen_values(true),
        };
        match self.short {
            Some(letter) => arg.short(letter),
            None => arg,
        }
    }
}

/// Adds such flags to a command.
pub fn augment(command: Command, flags: &'static [Flag]) -> Command {
    flags.iter().fold(command, |c, f| c.arg(f.arg()))
}

/// Every such flag, with the words of the verb it is of; no words for those of all verbs.
pub fn flags() -> impl Iterator<Item = (String, &'static Flag)> {
    let globals = global::OTHER_FLAGS.iter().map(|f| (String::new(), f));
    globals.chain(verbs::all().flat_map(|v| own(v, v.name.to_owned())))
}

/// The flags of a verb and of its children.
fn own(verb: &'static Verb, path: String) -> Vec<(String, &'static Flag)> {
    let children = verb.children.iter().flat_map(|c| own(c, format!("{path} {}", c.name)));
    let all: Vec<(String, &'static Flag)> = children.collect();
    verb.other_flags.iter().map(|f| (path.clone(), f)).chain(all).collect()
}

/// The table for `options` and the manual: every flag that is taken without an effect, and every one that is refused.
pub fn text() -> String {
    let mut text = "The following options are taken and have no effect in kstate:\n\n".to_owned();
    for (verb, flag) in flags() {
        if let Support::NoEffect(why) = flag.support {
            text += &format!("    {}: {why}\n", name(&verb, flag));
        }
    }
    text += "\nThe following options are not built into kstate yet, and are refused:\n\n";
    for (verb, flag) in flags().filter(|(_, f)| f.support == Support::NotBuilt) {
        text += &format!("    {}\n", name(&verb, flag));
    }
    text
}

fn name(verb: &str, flag: &Flag) -> String {
    if verb.is_empty() { format!("--{}", flag.name) } else { format!("{verb} --{}", flag.name) }
}
