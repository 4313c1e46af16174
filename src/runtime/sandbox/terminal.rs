//! The caller's terminal while a terminal of the sandbox's is shown on it: raw, and back as it was on every way out.

use std::io::{stdin, stdout};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};

use nix::fcntl::OFlag;
use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::{pipe2, read};

nix::ioctl_read_bad!(get_size, libc::TIOCGWINSZ, libc::winsize);
nix::ioctl_write_ptr_bad!(set_size, libc::TIOCSWINSZ, libc::winsize);

/// What would end kstate with the terminal left raw, and what tells of a new size.
const SIGNALS: [Signal; 5] = [Signal::SIGWINCH, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT];

/// Where the handler writes the numbers of signals: it may run in any thread at any time, so it knows nothing else.
static REPORT: AtomicI32 = AtomicI32::new(-1);

extern "C" fn report(signal: libc::c_int) {
    let byte = u8::try_from(signal).unwrap_or_default();
    // SAFETY: one byte of our own; write may be called from a handler. A full pipe says enough already.
    unsafe { libc::write(REPORT.load(Ordering::Relaxed), (&raw const byte).cast(), 1) };
}

/// The caller's terminal in raw mode; dropping it restores the mode and the signals.
pub struct RawTerminal {
    before: Option<Termios>,
    actions: Vec<(Signal, SigAction)>,
    signals: OwnedFd,
    _reporter: OwnedFd,
}

impl RawTerminal {
    /// Makes the terminal raw and hears of signals from now on.
    pub fn enter() -> nix::Result<RawTerminal> {
        let (signals, reporter) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
        REPORT.store(reporter.as_raw_fd(), Ordering::Relaxed);
        let mut terminal = RawTerminal { before: None, actions: Vec::new(), signals, _reporter: reporter };
        let action = SigAction::new(SigHandler::Handler(report), SaFlags::SA_RESTART, SigSet::empty());
        for signal in SIGNALS {
            // SAFETY: the handler does nothing but write to a pipe.
            terminal.actions.push((signal, unsafe { sigaction(signal, &action) }?));
        }
        if let Ok(before) = tcgetattr(stdin()) {
            let mut raw = before.clone();
            cfmakeraw(&mut raw);
            terminal.before = Some(before);
            tcsetattr(stdin(), SetArg::TCSANOW, &raw)?;
        }
        Ok(terminal)
    }

    /// Readable when a signal has come.
    pub fn signals(&self) -> BorrowedFd<'_> {
        self.signals.as_fd()
    }

    /// The number of a signal that came, if it is one that ends kstate.
    pub fn ended_by(&self) -> Option<i32> {
        let mut numbers = [0; 64];
        let length = read(&self.signals, &mut numbers).ok()?;
        numbers.iter().take(length).map(|n| i32::from(*n)).find(|n| *n != Signal::SIGWINCH as i32)
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        for (signal, action) in &self.actions {
            // SAFETY: what was set before kstate set its own.
            let _restored = unsafe { sigaction(*signal, action) };
        }
        if let Some(before) = &self.before {
            let _gone = tcsetattr(stdin(), SetArg::TCSADRAIN, before);
        }
    }
}

/// Gives a sandbox's terminal the size of the caller's.
pub fn copy_size(to: &impl AsFd) {
    // SAFETY: all zeros is a valid winsize.
    let mut size: libc::winsize = unsafe { std::mem::zeroed() };
    let sources: [RawFd; 2] = [stdout().as_raw_fd(), stdin().as_raw_fd()];
    for fd in sources {
        // SAFETY: the structure outlives both calls.
        if unsafe { get_size(fd, &raw mut size) }.is_ok() {
            // SAFETY: as above.
            let _not_a_terminal = unsafe { set_size(to.as_fd().as_raw_fd(), &raw const size) };
            return;
        }
    }
}
