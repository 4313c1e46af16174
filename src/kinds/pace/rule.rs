//! Rules: what one image, pod, container or node takes longer for, or fails at. One rule a line.
//!
//! ```text
//! image=nginx:bad* ErrImagePull
//! pod=default/web-1 container=app exits 1 after 30s 3 times
//! image=postgres:* image-pull=40s
//! ```

use chrono::TimeDelta;

use super::{Step, duration, pattern};

/// What a rule may be about. What is not known of it is empty, and no rule that asks for that is about it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subject<'s> {
    pub namespace: &'s str,
    pub pod: &'s str,
    pub container: &'s str,
    pub image: &'s str,
    pub node: &'s str,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The image cannot be pulled: the registry has no such image.
    ErrImagePull,
    /// The readiness probe fails, or the container is never ready though it has none.
    NeverReady,
    /// The liveness probe fails.
    NeverLive,
    /// The startup probe fails.
    NeverStarted,
    /// The process ends.
    Exits(Exit),
    /// The node's kubelet no longer answers.
    Lost,
}

/// How a simulated process ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    pub code: i32,
    /// Killed for want of memory.
    pub out_of_memory: bool,
    pub after: TimeDelta,
    /// Only the first so many runs end; `None` for all.
    pub times: Option<u32>,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    selectors: Vec<(Selector, String)>,
    pub(super) verdict: Verdict,
}

/// What a rule says of what it is about.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    Takes(Step, TimeDelta),
    Fault(Fault),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Selector {
    Image,
    Pod,
    Container,
    Node,
}

impl Rule {
    pub(super) fn is_about(&self, subject: &Subject) -> bool {
        self.selectors.iter().all(|(selector, wanted)| match selector {
            Selector::Image => is(wanted, subject.image),
            Selector::Container => is(wanted, subject.container),
            Selector::Node => is(wanted, subject.node),
            Selector::Pod => match wanted.split_once('/') {
                Some((namespace, name)) => is(namespace, subject.namespace) && is(name, subject.pod),
                None => is(wanted, subject.pod),
            },
        })
    }
}

fn is(wanted: &str, text: &str) -> bool {
    !text.is_empty() && pattern::matches(wanted, text)
}

/// A line that is no rule: its number, from 1, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    pub line: usize,
    pub text: String,
    pub why: String,
}

/// The rules of a text; empty lines and what follows `#` at the begin of a word do not count.
pub(super) fn parse_all(text: &str) -> impl Iterator<Item = Result<Rule, BadLine>> {
    text.lines().enumerate().filter_map(|(n, line)| {
        let words: Vec<&str> = line.split_whitespace().take_while(|w| !w.starts_with('#')).collect();
        let bad = |why: String| BadLine { line: n + 1, text: line.trim().to_owned(), why };
        (!words.is_empty()).then(|| parse(&words).map_err(bad))
    })
}

const ACTIONS: &str = "ErrImagePull, never-ready, never-live, never-started, exits CODE [after TIME] [N times], \
                       OOMKilled [after TIME] [N times], lost, or STEP=TIME";

fn parse(words: &[&str]) -> Result<Rule, String> {
    let mut selectors = Vec::new();
    let mut rest = words;
    while let [word, tail @ ..] = rest {
        let Some((selector, wanted)) = word.split_once('=').and_then(|(k, v)| Some((selector(k)?, v))) else { break };
        if wanted.is_empty() {
            return Err(format!("{word:?} names nothing"));
        }
        selectors.push((selector, wanted.to_owned()));
        rest = tail;
    }
    if selectors.is_empty() {
        return Err("a rule begins with what it is about: image=, pod=, container= or node=".to_owned());
    }
    let verdict = verdict(rest)?;
    if verdict == Verdict::Fault(Fault::Lost) && selectors.iter().any(|(s, _)| *s != Selector::Node) {
        return Err("only a node can be lost: write node=NAME lost".to_owned());
    }
    Ok(Rule { selectors, verdict })
}

fn selector(name: &str) -> Option<Selector> {
    Some(match name {
        "image" => Selector::Image,
        "pod" => Selector::Pod,
        "container" => Selector::Container,
        "node" => Selector::Node,
        _ => return None,
    })
}

fn verdict(words: &[&str]) -> Result<Verdict, String> {
    let fault = match words {
        [] => return Err(format!("it says nothing of what it is about; expected {ACTIONS}")),
        ["ErrImagePull"] => Fault::ErrImagePull,
        ["never-ready"] => Fault::NeverReady,
        ["never-live"] => Fault::NeverLive,
        ["never-started"] => Fault::NeverStarted,
        ["lost"] => Fault::Lost,
        ["exits", code, rest @ ..] => Fault::Exits(exit(exit_code(code)?, false, rest)?),
        ["OOMKilled", rest @ ..] => Fault::Exits(exit(137, true, rest)?),
        [word] => return takes(word),
        [word, ..] => return Err(format!("{word:?} is not known; expected {ACTIONS}")),
    };
    Ok(Verdict::Fault(fault))
}

fn exit_code(word: &str) -> Result<i32, String> {
    word.parse()
        .ok()
        .filter(|code| (0..=255).contains(code))
        .ok_or_else(|| format!("{word:?} is no exit code: 0 to 255"))
}

/// `after TIME` and `N times`, in this order, each once at most. A time of several words ends where `N times` begins.
fn exit(code: i32, out_of_memory: bool, mut words: &[&str]) -> Result<Exit, String> {
    let mut times = None;
    if let [rest @ .., count, "times" | "time"] = words {
        let number = count.parse().ok().filter(|n| *n > 0);
        times = Some(number.ok_or_else(|| format!("{count:?} is no number of times"))?);
        words = rest;
    }
    let after = match words {
        [] => TimeDelta::zero(),
        ["after", time @ ..] => time_of(&time.join(" "))?,
        [word, ..] => return Err(format!("{word:?} is not known here; expected after TIME or N times")),
    };
    Ok(Exit { code, out_of_memory, after, times })
}

fn takes(word: &str) -> Result<Verdict, String> {
    let step = |key: &str| Step::ALL.into_iter().find(|s| s.key() == key);
    let Some((key, time)) = word.split_once('=') else {
        return Err(format!("{word:?} is not known; expected {ACTIONS}"));
    };
    let keys: Vec<&str> = Step::ALL.iter().map(|s| s.key()).collect();
    let step = step(key).ok_or_else(|| format!("{key:?} is no step; expected {}", keys.join(", ")))?;
    Ok(Verdict::Takes(step, time_of(time)?))
}

fn time_of(text: &str) -> Result<TimeDelta, String> {
    duration(text).ok_or_else(|| format!("{text:?} is no duration; write it as in 13s or 1m30s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Result<Rule, String> {
        parse_all(line).next().expect("a line").map_err(|bad| bad.why)
    }

    fn fault(line: &str) -> Fault {
        match one(line).expect("a rule").verdict {
            Verdict::Fault(fault) => fault,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn rules_say_what_goes_wrong() {
        assert_eq!(fault("image=nginx:bad* ErrImagePull"), Fault::ErrImagePull);
        assert_eq!(fault("node=node-2 lost # for now"), Fault::Lost);
        let exit = |code, out_of_memory, seconds, times| {
            Fault::Exits(Exit { code, out_of_memory, after: TimeDelta::seconds(seconds), times })
        };
        assert_eq!(fault("pod=web-1 exits 1"), exit(1, false, 0, None));
        assert_eq!(fault("pod=web-1 container=c exits 2 after 1m 30s 3 times"), exit(2, false, 90, Some(3)));
        assert_eq!(fault("pod=a/web-* OOMKilled after 5s"), exit(137, true, 5, None));
        let takes = one("image=a image-pull=5s").expect("a rule").verdict;
        assert_eq!(takes, Verdict::Takes(Step::ImagePull, TimeDelta::seconds(5)));
    }

    #[test]
    fn rules_are_about_what_they_name() {
        let subject = Subject { namespace: "a", pod: "web-1", container: "c", image: "nginx:1", node: "" };
        for (line, want) in [
            ("pod=web-* never-ready", true),
            ("pod=a/web-1 never-ready", true),
            ("pod=b/web-1 never-ready", false),
            ("image=nginx:* container=c never-ready", true),
            ("image=nginx:* container=d never-ready", false),
            ("node=* never-ready", false),
        ] {
            assert_eq!(one(line).expect("a rule").is_about(&subject), want, "{line}");
        }
    }

    #[test]
    fn what_is_no_rule_is_told_in_plain_words() {
        for (line, want) in [
            ("never-ready", "begins with what it is about"),
            ("pod= never-ready", "names nothing"),
            ("pod=a", "says nothing"),
            ("pod=a explodes", "\"explodes\" is not known"),
            ("pod=a exits x", "no exit code"),
            ("pod=a exits 256", "no exit code"),
            ("pod=a exits 1 in 3s", "\"in\" is not known here"),
            ("pod=a exits 1 after soon", "no duration"),
            ("pod=a exits 1 0 times", "no number of times"),
            ("pod=a warm-up=3s", "\"warm-up\" is no step"),
            ("pod=a image-pull=x", "no duration"),
            ("pod=a lost", "only a node"),
        ] {
            let why = one(line).expect_err(line);
            assert!(why.contains(want), "{line}: {why}");
        }
        let text = "# all is well\n\npod=a exits 1\npod=b explodes\n";
        let bad: Vec<usize> = parse_all(text).filter_map(|r| r.err().map(|b| b.line)).collect();
        assert_eq!(bad, [4]);
    }
}
