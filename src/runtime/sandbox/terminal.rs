//! The caller's terminal while a terminal of the sandbox's is shown on it: raw, and back as it was on every way out.

use std::io::{stdin, stdout};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::libc;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::SignalFd;
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};

nix::ioctl_read_bad!(get_size, libc::TIOCGWINSZ, libc::winsize);
nix::ioctl_write_ptr_bad!(set_size, libc::TIOCSWINSZ, libc::winsize);

/// The caller's terminal in raw mode; dropping it restores the mode and the signals.
pub struct RawTerminal {
    before: Option<Termios>,
    signals: SignalFd,
    mask_before: SigSet,
}

impl RawTerminal {
    /// Makes the terminal raw and from now on hears of the signals that would end kstate or that tell of a new size.
    pub fn enter() -> nix::Result<RawTerminal> {
        let mut mask = SigSet::empty();
        for signal in [Signal::SIGWINCH, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT] {
            mask.add(signal);
        }
        let mask_before = SigSet::thread_get_mask()?;
        mask.thread_block()?;
        let mut terminal = RawTerminal { before: None, signals: SignalFd::new(&mask)?, mask_before };
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

    /// The signal that came, if it is one that ends kstate.
    pub fn ended_by(&self) -> Option<i32> {
        let signal = self.signals.read_signal().ok()??.ssi_signo.cast_signed();
        (signal != Signal::SIGWINCH as i32).then_some(signal)
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _gone = tcsetattr(stdin(), SetArg::TCSANOW, before);
        }
        let _restored = self.mask_before.thread_set_mask();
    }
}

/// Gives a sandbox's terminal the size of the caller's.
pub fn copy_size(to: impl AsFd) {
    // SAFETY: all zeros is a valid winsize.
    let mut size: libc::winsize = unsafe { std::mem::zeroed() };
    for fd in [stdout().as_raw_fd(), stdin().as_raw_fd()] {
        // SAFETY: the structure outlives both calls.
        if unsafe { get_size(fd, &raw mut size) }.is_ok() {
            let _not_a_terminal = unsafe { set_size(to.as_fd().as_raw_fd(), &raw const size) };
            return;
        }
    }
}
