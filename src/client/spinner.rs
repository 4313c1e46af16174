//! A spinner on a terminal's standard error, with what is awaited, once a wait lasts more than a moment.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long a wait is no news.
const MOMENT: Duration = Duration::from_millis(500);

/// Shown while it lives, after the first moment.
pub(super) struct Spinner {
    bar: Option<ProgressBar>,
    what: Option<String>,
}

impl Spinner {
    /// A spinner for a wait; it never shows where `shown` is false, or for a wait without a name.
    pub(super) fn new(what: &str, shown: bool) -> Spinner {
        Spinner { bar: None, what: (shown && !what.is_empty()).then(|| what.to_owned()) }
    }

    /// Turns it on; `waited` is how long the wait has lasted.
    pub(super) fn turn(&mut self, waited: Duration) {
        if waited < MOMENT {
            return;
        }
        if let Some(what) = self.what.take() {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            self.bar = Some(bar.with_style(ProgressStyle::default_spinner()).with_message(what));
        }
        if let Some(bar) = &self.bar {
            bar.tick();
        }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
