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

/// Why flags of such verbs do nothing.
pub const WHOLE_VERBS: [&str; 1] = ["nothing is measured: it is always an error"];

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

/// How many flags there are, and how many of them do not do what kubectl's do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Of all verbs and their children, those of all verbs once.
    pub all: usize,
    /// Without an effect, or refused.
    pub without: usize,
    /// Of verbs that are errors however they are called; in neither of the others.
    pub always_refused: usize,
}

impl Share {
    /// Counts the flags of the verb table.
    pub fn counted() -> Share {
        let globals = verbs::with_globals(Command::new("kstate")).get_arguments().count();
        let of_verbs: usize = verbs::all().map(|verb| own_count(verb, globals)).sum();
        let mut share = Share { all: globals + of_verbs, ..Share::default() };
        for (_, flag) in flags() {
            match flag.support {
                Support::NoEffect(why) if WHOLE_VERBS.contains(&why) => share.always_refused += 1,
                Support::NoEffect(_) | Support::NotBuilt => share.without += 1,
                Support::Served | Support::Deprecated(_) => {}
            }
        }
        share.all -= share.always_refused;
        share
    }

    /// In tenths of a per cent, rounded up.
    pub fn per_mille(self) -> usize {
        (self.without * 1000).div_ceil(self.all.max(1))
    }
}

/// The flags of a verb and of its children, without those that every verb has.
fn own_count(verb: &Verb, globals: usize) -> usize {
    let flags = verb.command().get_arguments().filter(|a| a.get_long().is_some()).count();
    flags.saturating_sub(globals) + verb.children.iter().map(|child| own_count(child, globals)).sum::<usize>()
}

/// The table for `options` and the manual: every flag that is taken without an effect, and every one that is refused.
pub fn text() -> String {
    let share = Share::counted();
    let (tenths, whole) = (share.per_mille() % 10, share.per_mille() / 10);
    let mut text = format!(
        "Of {} flags {} ({whole}.{tenths} %) have no effect or are refused; {} more are of verbs that are always errors.\n\n\
         The following options are taken and have no effect in kstate:\n\n",
        share.all, share.without, share.always_refused
    );
    for (verb, flag) in flags() {
        if let Support::NoEffect(why) = flag.support {
            text += &format!("    {}: {why}\n", name(&verb, flag));
        }
    }
    let refused: Vec<String> = flags()
        .filter(|(_, flag)| flag.support == Support::NotBuilt)
        .map(|(verb, flag)| format!("    {}\n", name(&verb, flag)))
        .collect();
    if !refused.is_empty() {
        text += "\nThe following options are not built into kstate yet, and are refused:\n\n";
        text += &refused.concat();
    }
    text
}

fn name(verb: &str, flag: &Flag) -> String {
    if verb.is_empty() { format!("--{}", flag.name) } else { format!("{verb} --{}", flag.name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What part 2 of the project asks for.
    #[test]
    fn less_than_a_twentieth_of_all_flags_do_nothing() {
        let share = Share::counted();
        assert!(share.all > 500, "the table was found: {share:?}");
        assert!(share.per_mille() < 50, "{share:?}");
    }
}
