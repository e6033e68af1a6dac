//! Bars for people, silence for programs: progress goes to standard error, and only if that is a terminal.

use std::fs::{File, OpenOptions};
use std::io::IsTerminal;
use std::os::fd::{AsFd, OwnedFd};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Progress;

/// How often a bar is drawn at most, per second.
const DRAWS_PER_SECOND: u8 = 10;

/// A bar on the terminal, if standard error is one. Criterion's own remarks on standard error are kept off it.
#[derive(Debug)]
pub struct Bars {
    bar: ProgressBar,
    stderr: OwnedFd,
}

impl Bars {
    /// A bar of `steps` steps.
    ///
    /// # Errors
    /// If standard error is closed.
    pub fn new(steps: u64) -> std::io::Result<Self> {
        let stderr = std::io::stderr().as_fd().try_clone_to_owned()?;
        let target = if std::io::stderr().is_terminal() {
            // A descriptor of its own, because standard error is lent to Criterion while the bar is drawn.
            let own = || stderr.try_clone().map(File::from);
            ProgressDrawTarget::term(Term::read_write_pair(own()?, own()?), DRAWS_PER_SECOND)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(steps), target);
        let style = ProgressStyle::with_template("{elapsed_precise} [{bar:30}] {pos}/{len} {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        Ok(Self { bar, stderr })
    }

    /// One step on, with a word on what it is.
    pub fn step(&self, what: String) {
        self.bar.set_message(what);
        self.bar.inc(1);
    }

    /// Takes the bar off the screen.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bars {
    fn subject(&self, lesson: &str, variant: &str, done: u32, total: u32) {
        self.step(format!("{lesson} {variant}, block {} of {total}", (done + 1).min(total)));
    }

    fn quietly(&self, work: &mut dyn FnMut()) {
        // If there is no /dev/null, Criterion's remarks do no harm either.
        let lent =
            OpenOptions::new().write(true).open("/dev/null").and_then(|null| Ok(nix::unistd::dup2_stderr(null)?));
        work();
        if lent.is_ok() {
            // Our own copy of the descriptor is open, so that putting it back cannot fail.
            let _ = nix::unistd::dup2_stderr(&self.stderr);
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.clear();
    }
}
