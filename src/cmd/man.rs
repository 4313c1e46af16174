//! `__man`: a manual page in roff, from the same table as the help.

use clap::Arg;

use super::context::Context;
use super::verbs::{self, Operands, Run, Verb};
use super::{help, support};

/// Arguments of `__man`.
#[derive(clap::Args)]
pub struct Man {
    command: Vec<String>,
}

impl Run for Man {
    const OPERANDS: Operands = Operands::Verbs;
    const LONG: &'static str = "Print the manual page of a command, in roff.";
    const USAGE: &'static str = "__man [command]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let page = match self.command.first() {
            None => overview(),
            Some(name) => match verbs::find(verbs::all(), name) {
                Some(verb) => of_verb(verb),
                None if name == "pace" => pace(),
                None => anyhow::bail!("no manual page for {name:?}"),
            },
        };
        Ok(cx.print(&page)?)
    }
}

/// Every page, by file name.
pub fn pages() -> Vec<(String, String)> {
    let verbs = verbs::shown().chain(verbs::find(verbs::all(), "options"));
    let pages = verbs.map(|v| (format!("kstate-{}.1", v.name), of_verb(v)));
    let others = [("kstate.1".to_owned(), overview()), ("kstate-pace.7".to_owned(), pace())];
    others.into_iter().chain(pages).collect()
}

/// How long things take and what goes wrong: a topic of its own.
fn pace() -> String {
    let page = head("kstate-pace", 7, "how long things take in kstate, and what goes wrong");
    page + include_str!("man/pace.roff")
}

fn head(name: &str, section: u8, short: &str) -> String {
    format!(
        ".TH {} {section} \"\" \"kstate {}\" \"kstate manual\"\n.SH NAME\n{} \\- {}\n",
        escaped(&name.to_uppercase()),
        env!("CARGO_PKG_VERSION"),
        escaped(name),
        escaped(short)
    )
}

fn overview() -> String {
    let mut page = head("kstate", 1, "Kubernetes' StatefulSet without the cluster");
    page += ".SH SYNOPSIS\n.B kstate\nCOMMAND [ARGUMENT ...] [OPTION ...]\n";
    page += ".SH DESCRIPTION\nkubectl's commands over objects in a local store. There is no daemon and no cluster: \
        every command first works out what would have happened since the last one. Pods are simulated; what\n.B exec\n\
        runs is real, in a sandbox of namespaces. Called through a link named\n.BR kubectl ,\nit answers under that name.\n";
    page += ".SH COMMANDS\n";
    for group in verbs::GROUPS.iter().filter(|g| !g.verbs.is_empty() && !g.title.is_empty()) {
        page += &format!(".SS {}\n", escaped(group.title.trim_end_matches(':')));
        for verb in group.verbs {
            page += &format!(".TP\n.BR kstate\\-{} (1)\n{}\n", escaped(verb.name), escaped(verb.short));
        }
    }
    page += &format!(".SH OPTIONS OF ALL COMMANDS\n.nf\n{}.fi\n", block(&super::options::flags("$HOME")));
    page += &format!(".SH OPTIONS WITHOUT EFFECT, AND OPTIONS REFUSED\n.nf\n{}.fi\n", block(&support::text()));
    page + ENVIRONMENT
}

const ENVIRONMENT: &str = ".SH ENVIRONMENT\n\
    .TP\n.B KSTATE_HOME\nThe store's folder; by default the platform's folder for state.\n\
    .TP\n.B KSTATE_NOW\nThe time of the command (RFC 3339). Nothing sleeps then; a wait jumps from event to event.\n\
    .TP\n.B KSTATE_SEED\nThe seed of a store that is being made: the same commands then give the same names and IDs.\n\
    .TP\n.B KSTATE_FSYNC\n\\(lqoff\\(rq for a store that may be thrown away.\n";

fn of_verb(verb: &'static Verb) -> String {
    let command = verb.command();
    let text = |s: Option<&clap::builder::StyledStr>| s.map(ToString::to_string).unwrap_or_default();
    let mut page = head(&format!("kstate-{}", verb.name), 1, verb.short);
    page += &format!(".SH SYNOPSIS\n.B kstate\n{} [OPTION ...]\n", escaped(&help::usage(&command)));
    page += &format!(".SH DESCRIPTION\n{}", paragraphs(&text(command.get_long_about())));
    let flags = help::own_flags(&command);
    if !flags.is_empty() {
        page += ".SH OPTIONS\n";
        page += &flags.iter().map(|f| option(f)).collect::<String>();
    }
    let examples = text(command.get_after_help());
    if !examples.is_empty() {
        page += &format!(".SH EXAMPLES\n.nf\n{}.fi\n", block(&help::named(&examples, "kstate")));
    }
    page + ".SH SEE ALSO\n.BR kstate (1)\n"
}

fn option(arg: &Arg) -> String {
    let long = arg.get_long().unwrap_or_default();
    let short = arg.get_short().map(|s| format!("\\-{s}, ")).unwrap_or_default();
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let default = escaped(&help::default_text(arg));
    format!(".TP\n\\fB{short}\\-\\-{}\\fR={default}\n{}\n", escaped(long), escaped(&help))
}

fn paragraphs(text: &str) -> String {
    let named = help::named(text, "kstate");
    named.split("\n\n").map(|p| format!("{}.PP\n", block(p.trim_start()))).collect()
}

/// Lines that stay lines.
fn block(text: &str) -> String {
    text.lines().map(|l| format!("{}\n", escaped(l))).collect()
}

/// Text that roff prints as it is.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::pace::Step;

    #[test]
    fn the_page_of_the_pace_names_every_step() {
        let page = pace().replace('\\', "");
        for step in Step::ALL {
            assert!(page.contains(&format!(".B {}\n", step.key())), "{}", step.key());
        }
    }
}
