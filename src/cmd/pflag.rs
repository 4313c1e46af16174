//! The syntax of pflag, which kubectl's command line is written in, over a clap command: what `-it`, `-ojson`, `--all=false`,
//! flags after arguments and `--` mean, and what is said when they mean nothing. Knows no verb.
//!
//! clap itself then only fills the verb's struct: it gets `--name=value` for what was found here.

use std::collections::HashMap;

use clap::{Arg, ArgAction, Command};

use super::go;
use crate::apimachinery::quote::quote;

/// What a flag holds, as pflag's `Value.Type` says it. The clap value name carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Bool,
    Int,
    Duration,
    String,
    /// A repeatable comma list.
    Strings,
    /// Repeatable; commas mean nothing.
    StringArray,
    /// A value that is neither text nor a number to `--help` (`--vmodule`).
    Other,
}

/// The type of a flag.
pub fn type_of(arg: &Arg) -> Type {
    if matches!(arg.get_action(), ArgAction::SetTrue) {
        return Type::Bool;
    }
    match arg.get_value_names().and_then(|n| n.first()).map(|n| n.as_str()) {
        Some("bool") => Type::Bool,
        Some("int" | "int32" | "int64" | "level") => Type::Int,
        Some("duration") => Type::Duration,
        Some("strings") => Type::Strings,
        Some("stringArray") => Type::StringArray,
        Some("moduleSpec" | "mapStringString") => Type::Other,
        _ => Type::String,
    }
}

/// Whether a flag's value is texts by name: `a=b,c=d`.
fn is_map(arg: &Arg) -> bool {
    arg.get_value_names().is_some_and(|names| names.iter().any(|n| n == "mapStringString"))
}

/// Whether a flag may stand without a value: pflag's NoOptDefVal.
pub fn value_is_optional(arg: &Arg) -> bool {
    type_of(arg) == Type::Bool || arg.get_num_args().is_some_and(|n| n.min_values() == 0)
}

/// A command line, taken apart.
#[derive(Debug, Default)]
pub struct Parsed {
    /// For clap: `--name=value` each, `--name` where the value is the flag's own.
    pub flags: Vec<String>,
    /// The names of the flags that were given, each once.
    pub given: Vec<String>,
    /// What was given, in its order: each flag's name with its value as it was written, or the one it has without.
    pub written: Vec<(String, String)>,
    pub args: Vec<String>,
    /// How many of `args` stood before `--`, when there was one.
    pub dash: Option<usize>,
    /// `-h` or `--help` was asked.
    pub help: bool,
}

/// What a flag holds that is given without a value.
fn value_of_none(arg: &Arg) -> String {
    if type_of(arg) == Type::Bool {
        return "true".to_owned();
    }
    // Of all flags that may stand alone only this one then means something else than when it is not there.
    if arg.get_long() == Some("dry-run") {
        return "unchanged".to_owned();
    }
    arg.get_default_values().iter().map(|v| v.to_string_lossy()).collect()
}

struct Parser<'c> {
    command: &'c Command,
    /// The last value of flags that hold one.
    single: HashMap<String, Option<String>>,
    out: Parsed,
}

/// Takes arguments apart by a command's flags.
///
/// # Errors
/// pflag's text for the first thing that is wrong.
pub fn parse(command: &Command, args: &[String]) -> Result<Parsed, String> {
    let mut parser = Parser { command, single: HashMap::new(), out: Parsed::default() };
    let mut rest = args;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first.strip_prefix('-') {
            None | Some("") => parser.out.args.push(first.clone()),
            Some("-") => {
                parser.out.dash = Some(parser.out.args.len());
                parser.out.args.extend_from_slice(rest);
                break;
            }
            Some(long) if long.starts_with('-') => parser.long(first, &mut rest)?,
            Some(shorts) => parser.shorts(shorts, &mut rest)?,
        }
    }
    Ok(parser.finish())
}

/// The flag of a long name; kubectl takes `_` for `-`.
pub fn find_long<'c>(command: &'c Command, name: &str) -> Option<&'c Arg> {
    let name = name.replace('_', "-");
    command.get_arguments().find(|a| a.get_long() == Some(&name))
}

/// The flag of a letter.
pub fn find_short(command: &Command, letter: char) -> Option<&Arg> {
    command.get_arguments().find(|a| a.get_short() == Some(letter))
}

impl Parser<'_> {
    fn long(&mut self, whole: &str, rest: &mut &[String]) -> Result<(), String> {
        let text = &whole[2..];
        if text.starts_with(['-', '=']) {
            return Err(format!("bad flag syntax: {whole}"));
        }
        let (name, value) = text.split_once('=').map_or((text, None), |(n, v)| (n, Some(v)));
        if name == "help" {
            return self.help(value);
        }
        let arg = find_long(self.command, name).ok_or_else(|| format!("unknown flag: --{name}"))?;
        match (value, rest.split_first()) {
            (Some(v), _) => self.set(arg, Some(v)),
            (None, _) if value_is_optional(arg) => self.set(arg, None),
            (None, Some((next, after))) => {
                *rest = after;
                self.set(arg, Some(next))
            }
            (None, None) => Err(format!("flag needs an argument: {whole}")),
        }
    }

    fn shorts(&mut self, mut shorts: &str, rest: &mut &[String]) -> Result<(), String> {
        while let Some(letter) = shorts.chars().next() {
            let after = &shorts[letter.len_utf8()..];
            let value = after.strip_prefix('=').filter(|v| !v.is_empty());
            if letter == 'h' {
                self.help(value)?;
                if value.is_some() {
                    return Ok(());
                }
                shorts = after;
                continue;
            }
            let arg = find_short(self.command, letter)
                .ok_or_else(|| format!("unknown shorthand flag: '{letter}' in -{shorts}"))?;
            if value.is_some() {
                return self.set(arg, value);
            }
            if value_is_optional(arg) {
                self.set(arg, None)?;
                shorts = after;
                continue;
            }
            if !after.is_empty() {
                return self.set(arg, Some(after));
            }
            let Some((next, others)) = rest.split_first() else {
                return Err(format!("flag needs an argument: '{letter}' in -{shorts}"));
            };
            *rest = others;
            return self.set(arg, Some(next));
        }
        Ok(())
    }

    fn help(&mut self, value: Option<&str>) -> Result<(), String> {
        self.out.help = go::boolean(value.unwrap_or("true")).map_err(|e| {
            format!("invalid argument {} for \"-h, --help\" flag: {e}", quote(value.unwrap_or_default()))
        })?;
        Ok(())
    }

    /// Takes a value in; `None` for the one a flag without a value has.
    fn set(&mut self, arg: &Arg, value: Option<&str>) -> Result<(), String> {
        let name = arg.get_long().unwrap_or_default().to_owned();
        if !self.out.given.contains(&name) {
            self.out.given.push(name.clone());
        }
        self.out.written.push((name.clone(), value.map_or_else(|| value_of_none(arg), str::to_owned)));
        let text = value.unwrap_or_default();
        let refuse = |why: String| {
            let flag = arg.get_short().map_or_else(|| format!("--{name}"), |s| format!("-{s}, --{name}"));
            format!("invalid argument {} for \"{flag}\" flag: {why}", quote(text))
        };
        let normal = match (type_of(arg), value) {
            (Type::Bool, value) => Some(go::boolean(value.unwrap_or("true")).map_err(refuse)?.to_string()),
            (_, None) => None,
            (Type::Int, Some(v)) => Some(go::integer(v, bits(arg)).map_err(refuse)?.to_string()),
            (Type::Duration, Some(v)) => go::duration(v).map(|_| Some(v.to_owned())).map_err(refuse)?,
            (Type::Strings, Some(v)) => {
                let values = go::csv(v).map_err(refuse)?;
                self.out.flags.extend(values.iter().map(|v| format!("--{name}={v}")));
                return Ok(());
            }
            (Type::StringArray, Some(v)) => {
                self.out.flags.push(format!("--{name}={v}"));
                return Ok(());
            }
            (Type::Other, Some(v)) if is_map(arg) && v.split(',').any(|pair| !pair.contains('=')) => {
                return Err(refuse("malformed pair, expect string=string".to_owned()));
            }
            (Type::String | Type::Other, Some(v)) => Some(v.to_owned()),
        };
        self.single.insert(name, normal);
        Ok(())
    }

    fn finish(mut self) -> Parsed {
        for arg in self.command.get_arguments() {
            let name = arg.get_long().unwrap_or_default();
            let Some(value) = self.single.remove(name) else { continue };
            match (value.as_deref(), matches!(arg.get_action(), ArgAction::SetTrue)) {
                (Some("false"), true) => {}
                (Some(_), true) | (None, _) => self.out.flags.push(format!("--{name}")),
                (Some(v), false) => self.out.flags.push(format!("--{name}={v}")),
            }
        }
        self.out
    }
}

fn bits(arg: &Arg) -> u32 {
    match arg.get_value_names().and_then(|n| n.first()).map(|n| n.as_str()) {
        Some("int32" | "level") => 32,
        _ => 64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        let flag = |short: char, name: &'static str| Arg::new(name).short(short).long(name);
        let mut command = Command::new("x").disable_help_flag(true).args([
            flag('i', "stdin").action(ArgAction::SetTrue),
            flag('t', "tty").action(ArgAction::SetTrue),
            flag('o', "output").value_name("string").overrides_with("output"),
            flag('f', "filename").value_name("strings").action(ArgAction::Append),
            Arg::new("replicas").long("replicas").value_name("int32"),
            Arg::new("wait").long("wait").value_name("bool").action(ArgAction::Set).num_args(0..=1),
            Arg::new("cascade").long("cascade").value_name("string").num_args(0..=1).require_equals(true),
        ]);
        command.build();
        command
    }

    fn parse_line(line: &str) -> Result<Parsed, String> {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&command(), &args)
    }

    #[test]
    fn flags_are_pflags() {
        let cases = [
            ("-it", "--stdin --tty", ""),
            ("-ti=false", "--tty", ""),
            ("-ojson", "--output=json", ""),
            ("-o=yaml a -o json b", "--output=json", "a b"),
            ("-o -x", "--output=-x", ""),
            ("--stdin=false --stdin", "--stdin", ""),
            ("--stdin --stdin=0", "", ""),
            ("-f a,b -fc --filename d", "--filename=a --filename=b --filename=c --filename=d", ""),
            ("--wait=f --cascade x", "--wait=false --cascade", "x"),
            ("--cascade=orphan", "--cascade=orphan", ""),
            ("--replicas -1 -", "--replicas=-1", "-"),
            ("a -- -it b", "", "a -it b"),
        ];
        for (line, flags, args) in cases {
            let parsed = parse_line(line).unwrap();
            assert_eq!((parsed.flags.join(" "), parsed.args.join(" ")), (flags.to_owned(), args.to_owned()), "{line}");
        }
        assert_eq!(parse_line("a b -- c").unwrap().dash, Some(2));
        assert!(parse_line("-h").unwrap().help);
    }

    #[test]
    fn errors_are_pflags() {
        let cases = [
            ("--nope", "unknown flag: --nope"),
            ("--nope=x", "unknown flag: --nope"),
            ("-z", "unknown shorthand flag: 'z' in -z"),
            ("-itzx", "unknown shorthand flag: 'z' in -zx"),
            ("-f", "flag needs an argument: 'f' in -f"),
            ("-if", "flag needs an argument: 'f' in -f"),
            ("--filename", "flag needs an argument: --filename"),
            ("--=x", "bad flag syntax: --=x"),
            ("---x", "bad flag syntax: ---x"),
            (
                "--replicas=x",
                "invalid argument \"x\" for \"--replicas\" flag: strconv.ParseInt: parsing \"x\": invalid syntax",
            ),
            (
                "-i=x",
                "invalid argument \"x\" for \"-i, --stdin\" flag: strconv.ParseBool: parsing \"x\": invalid syntax",
            ),
        ];
        for (line, want) in cases {
            assert_eq!(parse_line(line).unwrap_err(), want, "{line}");
        }
    }
}
