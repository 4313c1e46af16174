//! Probes that run a command in the container: made as often as asked for while the container's process lives. And hooks,
//! which run one once.

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Order;
use crate::Env;
use crate::clock::Clock;
use crate::control::sandbox::Sandbox;
use crate::runtime::sandbox::{hook, probe};
use crate::runtime::{Command, ExecError, Exit};

/// One probe of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// The container's field: `livenessProbe`.
    pub field: String,
    pub argv: Vec<String>,
    pub delay: Duration,
    pub period: Duration,
    pub timeout: Duration,
}

/// How often it is seen whether there is something to do.
const LOOK: Duration = Duration::from_millis(100);

/// The probes of a container while this lives.
pub struct Probing(Arc<AtomicBool>);

impl Probing {
    /// Makes the order's probes in a thread of its own; each answer goes to `tell`: the probe's field, and why it failed.
    pub fn begin(order: &Order, mut tell: impl FnMut(&str, Option<String>) + Send + 'static) -> Probing {
        let is_over = Arc::new(AtomicBool::new(order.probes.is_empty()));
        let (ends, order) = (Arc::clone(&is_over), order.clone());
        if !order.probes.is_empty() {
            std::thread::spawn(move || {
                let mut waited = Duration::ZERO;
                let mut due: Vec<Duration> = order.probes.iter().map(|p| p.delay).collect();
                while !ends.load(Ordering::Acquire) {
                    for (probe, due) in order.probes.iter().zip(&mut due).filter(|(_, due)| **due <= waited) {
                        *due += probe.period.max(Duration::from_secs(1));
                        let answer = ask(&order, probe);
                        if ends.load(Ordering::Acquire) {
                            return;
                        }
                        if let Some(failure) = answer {
                            tell(&probe.field, failure);
                        }
                    }
                    Clock::System.sleep(LOOK);
                    waited += LOOK;
                }
            });
        }
        Probing(is_over)
    }
}

impl Drop for Probing {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// What a probe answers: nothing where it could not be made, `Some(None)` for a success.
fn ask(order: &Order, asked: &Probe) -> Option<Option<String>> {
    let said = Said::default();
    let mut env = Env::real();
    (env.stdout, env.stderr) = (Box::new(said.clone()), Box::new(said.clone()));
    env.stdin = Box::new(io::empty());
    let command = Command { argv: asked.argv.clone(), stdin: false, tty: false };
    match probe(&order.home, &order.sandbox, &command, asked.timeout, &mut env) {
        Ok(Some(Exit(0))) => Some(None),
        Ok(Some(_)) => Some(Some(said.text())),
        Ok(None) => {
            let line = asked.argv.join(" ");
            Some(Some(format!("command timed out: {line:?} timed out after {}s", asked.timeout.as_secs())))
        }
        Err(ExecError::NotStarted { cause, .. }) => Some(Some(cause)),
        // The container has just ended, which its keeper says.
        Err(_) => None,
    }
}

/// Runs a container's hook, for so long at most; whether it succeeded. Nobody hears what it prints.
pub fn run_hook(home: &Path, sandbox: &Sandbox, argv: &[String], timeout: Duration) -> bool {
    let mut env = Env::real();
    (env.stdout, env.stderr) = (Box::new(io::sink()), Box::new(io::sink()));
    env.stdin = Box::new(io::empty());
    let command = Command { argv: argv.to_vec(), stdin: false, tty: false };
    matches!(hook(home, sandbox, &command, timeout, &mut env), Ok(Some(Exit(0))))
}

/// What a probe's command printed, as much of it as an event has room for.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

/// The longest output of a probe that is kept, as in the kubelet.
const LONGEST: usize = 10 * 1024;

impl Said {
    fn text(&self) -> String {
        self.0.lock().map(|said| String::from_utf8_lossy(&said).into_owned()).unwrap_or_default()
    }
}

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Ok(mut said) = self.0.lock() {
            let left = LONGEST.saturating_sub(said.len());
            said.extend_from_slice(&bytes[..bytes.len().min(left)]);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
