//! What every verb is given: its surroundings, the global flags, and the way to the store. Knows no verb.

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::Env;
use crate::client::Client;
use crate::kinds::{KindRef, Registry};

use super::errors;
use super::global::Global;

/// One command being run.
pub struct Context<'e> {
    pub env: &'e mut Env,
    /// argv[0]'s last part: what help and errors call the program.
    pub program: String,
    /// The verb's words: `create configmap`.
    pub path: String,
    pub global: Global,
    /// The flags that were given, by long name.
    pub given: Vec<String>,
    /// How many positional arguments stood before `--`, when there was one.
    pub dash: Option<usize>,
    /// Whose the fields are that the command writes: `--field-manager`, or what kubectl's user agent says.
    pub manager: String,
    /// What `--record` writes down, where it was given.
    pub change_cause: Option<String>,
    client: Option<Client>,
    /// The namespace of the command's kubeconfig context, empty for none.
    default_namespace: String,
    /// What the server has warned of in this command: kubectl prints each warning once.
    warned: BTreeSet<String>,
}

impl<'e> Context<'e> {
    /// A context without a store; the store is opened by the first verb that needs it.
    pub fn new(
        env: &'e mut Env,
        program: String,
        path: String,
        global: Global,
        default_namespace: String,
    ) -> Context<'e> {
        Context {
            env,
            program,
            path,
            global,
            given: Vec::new(),
            dash: None,
            manager: "kubectl".to_owned(),
            change_cause: None,
            client: None,
            default_namespace,
            warned: BTreeSet::new(),
        }
    }

    /// The store's client, opened once.
    pub fn client(&mut self) -> anyhow::Result<&mut Client> {
        let client = match self.client.take() {
            Some(client) => client,
            None => {
                let mut client = Client::open(self.env)?;
                self.global.timeout().map_or(Ok(()), |timeout| client.set_patience(timeout))?;
                client
            }
        };
        Ok(self.client.insert(client))
    }

    /// The store's client with the output, for what is printed while it is read.
    pub fn client_and_stdout(&mut self) -> anyhow::Result<(&mut Client, &mut dyn Write)> {
        self.client()?;
        let Some(client) = &mut self.client else { anyhow::bail!("the store was closed") };
        Ok((client, &mut self.env.stdout))
    }

    /// Whether the command has opened its store.
    pub fn has_client(&self) -> bool {
        self.client.is_some()
    }

    /// Lets the store go; the next use opens it again.
    pub fn close(&mut self) {
        self.client = None;
    }

    /// The kinds that the store knows now.
    pub fn registry(&mut self) -> anyhow::Result<Registry> {
        self.client()?.read(Registry::of)
    }

    /// The namespace of the request.
    pub fn namespace(&self) -> &str {
        let named = [&self.global.namespace, &self.default_namespace].into_iter().find(|n| !n.is_empty());
        named.map_or("default", String::as_str)
    }

    /// Whether a flag was given, with whatever value.
    pub fn is_given(&self, flag: &str) -> bool {
        self.given.iter().any(|g| g == flag)
    }

    /// Prints on stdout.
    pub fn print(&mut self, text: &str) -> io::Result<()> {
        self.env.stdout.write_all(text.as_bytes())
    }

    /// Says what could not be done after the command's commits, which stand: folders and processes of pods.
    pub fn tell_what_was_not_done(&mut self) {
        let warnings = self.client.as_mut().map(Client::take_warnings).unwrap_or_default();
        for warning in warnings {
            self.server_warning(&warning);
        }
    }

    /// Prints on stderr, where a failure has nobody to be told to.
    pub fn complain(&mut self, text: &str) {
        let _ = self.env.stderr.write_all(text.as_bytes());
    }

    /// Prints a warning of the server's on stderr, the first time it comes up in a command.
    pub fn server_warning(&mut self, warning: &str) {
        if self.warned.insert(warning.to_owned()) {
            self.complain(&format!("Warning: {warning}\n"));
        }
    }

    /// Prints what the server warns of with a request for a kind, whatever comes of the request.
    pub fn warn_of_kind(&mut self, kind: KindRef) {
        if let Some(deprecation) = kind.deprecation() {
            self.server_warning(deprecation);
        }
    }

    /// `--warnings-as-errors`.
    ///
    /// # Errors
    /// kubectl's text, where the server has warned of anything.
    pub fn refuse_warnings(&self) -> anyhow::Result<()> {
        match self.warned.len() {
            0 => Ok(()),
            1 => anyhow::bail!("1 warning received"),
            many => anyhow::bail!("{many} warnings received"),
        }
    }

    /// A warning of kubectl's own log (klog): on stderr, with the time, a made-up process, and the line of kubectl's source
    /// that says it.
    pub fn warn(&mut self, place: &str, text: &str) {
        self.log('W', place, text);
    }

    /// As [`Context::warn`], of what ends a command there and then (`klog.Fatalf`).
    pub fn fatal(&mut self, place: &str, text: &str) -> anyhow::Error {
        self.log('F', place, text);
        errors::Exit(255).into()
    }

    fn log(&mut self, severity: char, place: &str, text: &str) {
        let stamp = self.env.clock.now().format("%m%d %H:%M:%S%.6f");
        self.complain(&format!("{severity}{stamp}       1 {place}] {text}\n"));
    }

    /// An error that points to the verb's help, as kubectl's `UsageErrorf`.
    pub fn usage_error(&self, message: impl std::fmt::Display) -> anyhow::Error {
        anyhow::anyhow!("{message}\nSee '{} {} -h' for help and examples", self.program, self.path)
    }
}
