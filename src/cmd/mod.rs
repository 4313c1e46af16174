//! The command line: one file per verb, one row per verb in [`verbs`]. Knows the client and the printers, not how a store
//! keeps what it keeps.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::{Command, FromArgMatches};

use crate::Env;

mod alpha;
mod annotate;
mod api_resources;
mod api_versions;
mod apply;
mod attach;
mod auth;
mod autoscale;
mod certificate;
mod clock;
mod cluster_info;
mod cobra;
mod complete;
mod completion;
mod config;
mod context;
mod cp;
mod create;
mod debug;
mod delete;
mod describe;
mod diff;
mod discovery_cache;
mod doctor;
mod drain;
mod dry_run;
mod edit;
mod errors;
mod events;
mod exec;
mod explain;
mod export;
mod expose;
mod fetch;
mod flags;
mod generators;
mod get;
mod global;
mod go;
mod help;
mod hints;
mod infos;
mod kubeconfig;
mod kustomize;
mod label;
mod last_applied;
mod logs;
mod man;
mod manifest;
mod metadata_map;
mod options;
mod overrides;
mod pairs;
mod parent;
mod patch;
mod pflag;
mod plugin;
mod pods;
mod port_forward;
mod program;
mod proxy;
mod question;
mod raw;
mod record;
mod replace;
mod requests;
mod reset;
mod resources;
mod rollout;
mod run;
mod scale;
mod select;
mod set;
mod snapshot;
mod support;
mod taint;
mod top;
mod verbs;
mod version;
mod wait;
mod watch;
mod why;

use context::Context;
use global::Global;
use kubeconfig::Kubeconfig;
use support::{Flag, Support};

/// Runs one command line.
pub fn main(args: &[OsString], env: &mut Env) -> ExitCode {
    if let Some(at) = args.iter().position(|a| a.to_str().is_none()) {
        // Taken as it may be meant, it would be another word than was typed.
        let text = format!("error: argument {at} is not valid UTF-8: {}\n", args[at].to_string_lossy());
        let _ = env.stderr.write_all(text.as_bytes());
        return ExitCode::FAILURE;
    }
    let mut words: Vec<String> = args.iter().map(|a| a.to_string_lossy().into_owned()).collect();
    let program = if words.is_empty() { String::new() } else { words.remove(0) };
    let program = match Path::new(&program).file_name() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => "kstate".to_owned(),
    };
    if words.first().is_some_and(|w| w == complete::NAME) {
        complete::run(&words[1..], env);
        return ExitCode::SUCCESS;
    }
    let result = run(program, &words, env).and_then(|()| Ok(env.stdout.flush()?));
    let Err(error) = result else { return ExitCode::SUCCESS };
    let (text, code) = errors::report(&error);
    // Nobody is left to be told when stderr is gone.
    let _ = env.stderr.write_all(text.as_bytes());
    ExitCode::from(code)
}

/// What is generated from the verb table and checked in: file names below the project's folder, with their contents.
pub fn generated_files() -> Vec<(String, String)> {
    let pages = man::pages().into_iter().map(|(name, page)| (format!("man/{name}"), page));
    let shells = [("bash", "kstate.bash"), ("zsh", "_kstate"), ("fish", "kstate.fish")];
    let scripts = shells
        .iter()
        .filter_map(|(shell, file)| Some((format!("completions/{file}"), completion::script(shell, "kstate")?)));
    pages.chain(scripts).collect()
}

/// The table of what kstate does not act on, as the README has it.
pub fn support_markdown() -> String {
    explain::support_markdown()
}

fn run(program: String, words: &[String], env: &mut Env) -> anyhow::Result<()> {
    let found = match cobra::find(&program, words) {
        Ok(found) => found,
        Err(error) => return plugin::run_for(env, words).unwrap_or(Err(anyhow::Error::msg(error))),
    };
    let path = help::words(&found.path);
    let verb = found.path.last();
    let command = verb.map_or_else(root, |verb| verb.command());
    let mut parsed = match pflag::parse(&command, &found.args) {
        Ok(parsed) => parsed,
        // 1 would say that there are differences.
        Err(error) if path == "diff" => {
            let _ = writeln!(env.stderr, "error: {error}\n{}", usage_hint(&program, &path));
            return Err(errors::Exit(2).into());
        }
        Err(error) => anyhow::bail!("{error}\n{}", usage_hint(&program, &path)),
    };
    let Some(verb) = verb.filter(|_| !parsed.help) else {
        return Ok(env.stdout.write_all(help::of(&found.path, &program).as_bytes())?);
    };
    refuse_unbuilt(&path, &parsed.given)?;
    check_profile(&path, &parsed)?;
    warn_of_deprecated(env, &path, &parsed.written);
    if path != "kustomize" {
        take_kustomize(&mut parsed)?;
    }
    let line = parsed.flags.iter().map(String::as_str).chain(["--"]).chain(parsed.args.iter().map(String::as_str));
    // Some verbs have a flag of that name for something else.
    let has_own_user = command.get_arguments().any(|a| a.get_long() == Some("user") && !a.is_global_set());
    let matches = command.no_binary_name(true).try_get_matches_from(line)?;
    let global = Global::from_arg_matches(&matches)?;
    global.check()?;
    if let Some(file) = text_flag(&matches, "kubeconfig") {
        // `config` makes one that is not there.
        if !WITHOUT_STORE.contains(&path.split(' ').next().unwrap_or_default()) {
            kubeconfig::check_named(env, &file)?;
        }
        env.vars.insert(kubeconfig::ELSEWHERE.to_owned(), file);
    }
    let user = text_flag(&matches, "user").filter(|_| !has_own_user).unwrap_or_default();
    let chosen = choose(env, &path, &global, &user)?;
    if asks_for_one_version(&parsed) && !WITHOUT_STORE.contains(&path.split(' ').next().unwrap_or_default()) {
        return Err(version::mismatch());
    }
    let mut cx = Context::new(env, program, path, global, chosen);
    (cx.given, cx.dash) = (parsed.given.clone(), parsed.dash);
    if let Some(manager) = text_flag(&matches, "field-manager").or_else(|| text_flag(&matches, "field_manager")) {
        cx.manager = manager;
    }
    cx.change_cause = record::change_cause(&cx.program, &cx.path, &parsed);
    if let Some(answered) = raw::run(&mut cx, &parsed) {
        return answered;
    }
    let outcome = (verb.run)(&mut cx, matches);
    cx.tell_what_was_not_done();
    hints::show(&mut cx);
    outcome.and_then(|()| if cx.is_given("warnings-as-errors") { cx.refuse_warnings() } else { Ok(()) })
}

/// `--profile`: nothing is profiled, but only what kubectl knows can be asked for. A debugging profile is something else.
fn check_profile(path: &str, parsed: &pflag::Parsed) -> anyhow::Result<()> {
    const KNOWN: [&str; 7] = ["none", "cpu", "heap", "goroutine", "threadcreate", "block", "mutex"];
    match parsed.flags.iter().find_map(|f| f.strip_prefix("--profile=")).filter(|name| !KNOWN.contains(name)) {
        Some(name) if path != "debug" => anyhow::bail!("unknown profile '{name}'"),
        _ => Ok(()),
    }
}

/// `--match-server-version`.
fn asks_for_one_version(parsed: &pflag::Parsed) -> bool {
    let is_on = |f: &String| f == "--match-server-version" || f == "--match-server-version=true";
    parsed.flags.iter().any(is_on)
}

/// The command line without a verb: the flags of all verbs alone.
fn root() -> Command {
    let mut command = verbs::with_globals(Command::new("kstate"));
    command.build();
    command
}

/// Where help is, for whoever gave a flag that is none. `options` has help of its own.
fn usage_hint(program: &str, path: &str) -> String {
    match path {
        "options" => format!("Run '{program} options' without flags."),
        "" => format!("See '{program} --help' for usage."),
        "diff" => format!("See '{program} diff -h' for help and examples"),
        path => format!("See '{program} {path} --help' for usage."),
    }
}

/// A flag's text, of a verb that has it: as given, or by default. None for an empty one.
fn text_flag(matches: &clap::ArgMatches, id: &str) -> Option<String> {
    matches.try_get_one::<String>(id).ok().flatten().filter(|text| !text.is_empty()).cloned()
}

/// Makes `-k` a name of `-f`, which manifests know by its mark.
///
/// # Errors
/// kubectl's texts for `-k` beside `-f` or `-R`.
fn take_kustomize(parsed: &mut pflag::Parsed) -> anyhow::Result<()> {
    let folder = parsed.flags.iter().find_map(|f| f.strip_prefix("--kustomize=")).filter(|f| !f.is_empty());
    let Some(name) = folder.map(manifest::kustomization_name) else { return Ok(()) };
    let is_given = |flag: &str| parsed.given.iter().any(|g| g == flag);
    if is_given("filename") {
        anyhow::bail!("only one of -f or -k can be specified");
    }
    if is_given("recursive") {
        anyhow::bail!("the -k flag can't be used with -f or -R");
    }
    parsed.flags.push(format!("--filename={name}"));
    Ok(())
}

/// Verbs that look at no store.
const WITHOUT_STORE: &[&str] =
    &["config", "options", "help", "completion", "__man", "kustomize", "plugin", "version", "doctor", "alpha"];

/// What the command's context says. One that names another store makes that the home of the command.
fn choose(env: &mut Env, path: &str, global: &Global, user: &str) -> anyhow::Result<String> {
    if WITHOUT_STORE.contains(&path.split(' ').next().unwrap_or_default()) {
        return Ok(String::new());
    }
    global.check_user()?;
    let config = Kubeconfig::load(env)?;
    if !user.is_empty() && !config.users.contains_key(user) {
        anyhow::bail!("auth info {user:?} does not exist");
    }
    let chosen = config.choose(&global.context, &global.cluster)?;
    if let Some(store) = chosen.store {
        let home = crate::client::home(env)?.join(store);
        env.vars.insert("KSTATE_HOME".to_owned(), home.to_string_lossy().into_owned());
    }
    Ok(chosen.namespace)
}

/// Says of each flag that is on its way out that it is, as often as it is given.
fn warn_of_deprecated(env: &mut Env, path: &str, written: &[(String, String)]) {
    for (name, _) in written {
        let advice = support::flags().find_map(|(verb, flag)| match flag.support {
            Support::Deprecated(advice) if verb == path && flag.name == name => Some(advice),
            _ => None,
        });
        if let Some(advice) = advice {
            let _ = writeln!(env.stderr, "Flag --{name} has been deprecated, {advice}");
        }
    }
}

/// Refuses flags that would change what the command does, were they built.
fn refuse_unbuilt(path: &str, given: &[String]) -> anyhow::Result<()> {
    let unbuilt = |(verb, flag): &(String, &Flag)| {
        verb == path && flag.support == Support::NotBuilt && given.iter().any(|g| g == flag.name)
    };
    match support::flags().find(unbuilt) {
        Some((_, flag)) => anyhow::bail!("--{} of {path:?} is not built into kstate yet", flag.name),
        None => Ok(()),
    }
}
