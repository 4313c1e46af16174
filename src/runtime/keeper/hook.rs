//! Lifecycle hooks that run a command in the container: in a thread of their own, while the keeper goes on.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::unistd::pipe2;

use super::Order;
use crate::Env;
use crate::runtime::sandbox::probe;
use crate::runtime::{Command, Exit};

/// A hook that runs, or has run.
pub struct Hook {
    /// Hangs up when it has ended.
    pub done: OwnedFd,
    has_failed: Arc<AtomicBool>,
}

impl Hook {
    /// Runs a hook's command, for at most so long; `None` where there is none or it cannot be begun.
    pub fn begin(order: &Order, argv: &[String], patience: Duration) -> Option<Hook> {
        if argv.is_empty() {
            return None;
        }
        let (done, running) = pipe2(OFlag::O_CLOEXEC).ok()?;
        let has_failed = Arc::new(AtomicBool::new(false));
        let (order, failed) = (order.clone(), Arc::clone(&has_failed));
        let command = Command { argv: argv.to_vec(), stdin: false, tty: false };
        std::thread::spawn(move || {
            let mut env = Env::real();
            env.stdin = Box::new(io::empty());
            (env.stdout, env.stderr) = (Box::new(io::sink()), Box::new(io::sink()));
            let ended = probe(&order.home, &order.sandbox, &command, patience, &mut env);
            failed.store(!matches!(ended, Ok(Some(Exit(0)))), Ordering::Release);
            drop(running);
        });
        Some(Hook { done, has_failed })
    }

    /// Whether it ended and did not succeed.
    pub fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Acquire)
    }
}
