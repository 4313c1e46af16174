//! Runs every tests/transcripts/*.txt in this process, each with a store, a seed and a clock of its own, and compares what
//! is printed. `KSTATE_UPDATE=1` rewrites the files.
//!
//! A transcript is read line by line:
//! - `$ kubectl …` is a command, quoted as a shell would have it (without pipes and variables, but `NAME=value` words may
//!   stand before it); what follows it is expected:
//!   lines of stdout, lines of stderr after `! `, and the exit status after `? ` when it is not 0;
//! - `<<< NAME` begins a file, which a line `>>>` ends;
//! - `@ +107s` moves the clock; `# …` is a comment;
//! - a line of stdout that looks like one of these has a `\` before it; `\c` stands where a last line has no end.

#![expect(clippy::disallowed_methods, reason = "a test of files reads and writes them")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use assert_fs::TempDir;
use chrono::{DateTime, TimeDelta, Utc};
use kstate::Env;
use kstate::clock::Clock;

/// When every transcript begins.
const BEGIN: &str = "2026-11-22T08:00:00Z";

#[test]
fn transcripts_are_what_kstate_prints() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "txt"));
    files.sort();
    assert!(!files.is_empty());
    let mut wrong = String::new();
    for file in files {
        let expected = fs::read_to_string(&file).unwrap();
        let found = Session::new().replay(&expected);
        if std::env::var_os("KSTATE_UPDATE").is_some() {
            fs::write(&file, &found).unwrap();
        } else if found != expected {
            wrong += &format!("{}:\n{}\n", file.display(), difference(&expected, &found));
        }
    }
    assert!(wrong.is_empty(), "{wrong}KSTATE_UPDATE=1 cargo test --test transcripts rewrites them");
}

/// A store, a folder of files and a clock.
struct Session {
    folder: TempDir,
    home: TempDir,
    now: DateTime<Utc>,
}

impl Session {
    fn new() -> Session {
        Session { folder: TempDir::new().unwrap(), home: TempDir::new().unwrap(), now: BEGIN.parse().unwrap() }
    }

    /// The transcript as it should have been.
    fn replay(mut self, transcript: &str) -> String {
        let mut out = String::new();
        let mut lines = transcript.lines().peekable();
        while let Some(line) = lines.next() {
            out += &format!("{line}\n");
            if let Some(command) = line.strip_prefix("$ ") {
                out += &self.run(command);
                while lines.next_if(|l| is_output(l)).is_some() {}
                if lines.peek().is_some() {
                    out.push('\n');
                }
            } else if let Some(name) = line.strip_prefix("<<< ") {
                let mut text = String::new();
                for line in lines.by_ref() {
                    out += &format!("{line}\n");
                    if line == ">>>" {
                        break;
                    }
                    text += &format!("{line}\n");
                }
                let path = self.folder.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            } else if let Some(step) = line.strip_prefix("@ +") {
                let step = humantime::parse_duration(step).expect("a duration");
                self.now += TimeDelta::from_std(step).unwrap();
            }
        }
        out
    }

    /// What one command prints, as a transcript has it.
    fn run(&self, command: &str) -> String {
        let (stdout, stderr) = (Buffer::default(), Buffer::default());
        let vars = [
            ("KSTATE_HOME", self.home.path().to_str().unwrap()),
            ("KSTATE_NOW", &self.now.to_rfc3339()),
            ("KSTATE_SEED", "transcript"),
            ("KSTATE_FSYNC", "off"),
            ("HOME", "/home/you"),
        ];
        let mut vars: BTreeMap<String, String> = vars.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        let mut words = words(command);
        while let Some((name, value)) = words[0].split_once('=') {
            vars.insert(name.to_owned(), value.to_owned());
            words.remove(0);
        }
        let env = Env {
            vars,
            cwd: self.folder.path().to_owned(),
            exe: PathBuf::from(env!("CARGO_BIN_EXE_kstate")),
            clock: Clock::Fixed(self.now),
            stdin: Box::new(io::empty()),
            stdout: Box::new(stdout.clone()),
            stderr: Box::new(stderr.clone()),
            stdin_is_terminal: false,
            stdout_is_terminal: false,
            stderr_is_terminal: false,
        };
        let code = kstate::run(words.into_iter().map(OsString::from), env);
        let home = self.home.path().to_str().unwrap();
        let (stdout, stderr) = (stdout.text().replace(home, "HOME"), stderr.text().replace(home, "HOME"));
        let mut out: String =
            stdout
                .lines()
                .map(|l| {
                    if is_output(l) && !l.starts_with(['!', '?', '\\']) { format!("{l}\n") } else { format!("\\{l}\n") }
                })
                .collect();
        if !stdout.is_empty() && !stdout.ends_with('\n') {
            out += "\\c\n";
        }
        out.extend(stderr.lines().map(|l| format!("! {l}\n").replace("! \n", "!\n")));
        match format!("{code:?}") {
            code if code == format!("{:?}", std::process::ExitCode::SUCCESS) => {}
            code => out += &format!("? {}\n", code.chars().filter(char::is_ascii_digit).collect::<String>()),
        }
        out
    }
}

/// Whether a line belongs to the command before it.
fn is_output(line: &str) -> bool {
    !["$ ", "@ ", "# ", "<<< "].iter().any(|mark| line.starts_with(mark))
}

/// The first lines that differ.
fn difference(expected: &str, found: &str) -> String {
    let (expected, found): (Vec<_>, Vec<_>) = (expected.lines().collect(), found.lines().collect());
    let at = expected.iter().zip(&found).take_while(|(a, b)| a == b).count();
    let command = found[..at.min(found.len())].iter().rev().find(|l| l.starts_with("$ ")).unwrap_or(&"");
    let part = |lines: &[&str]| lines.iter().skip(at).take(6).map(|l| format!("    {l}\n")).collect::<String>();
    format!("  line {}, {command}\n  expected:\n{}  found:\n{}", at + 1, part(&expected), part(&found))
}

/// A command line as a shell splits it, without expansions.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, ' ') => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
