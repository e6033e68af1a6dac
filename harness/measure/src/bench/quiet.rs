//! Bars for people, silence for programs: progress goes to standard error, and only if that is a terminal.

use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use nix::sys::memfd::{MFdFlags, memfd_create};

use super::Progress;

/// How often a bar is drawn at most, per second.
const DRAWS_PER_SECOND: u8 = 10;

/// A bar on the terminal, if standard error is one. Criterion's results are printed between its drawings.
#[derive(Debug)]
pub struct Bars {
    bar: ProgressBar,
}

impl Bars {
    /// A bar of `steps` steps so far.
    ///
    /// # Errors
    /// If standard error is closed.
    pub fn new(steps: u64) -> std::io::Result<Self> {
        let target = if std::io::stderr().is_terminal() {
            // A descriptor of its own, because standard error is lent to Criterion while the bar is drawn.
            let own = || std::io::stderr().as_fd().try_clone_to_owned().map(File::from);
            ProgressDrawTarget::term(Term::read_write_pair(own()?, own()?), DRAWS_PER_SECOND)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(steps), target);
        let style = ProgressStyle::with_template("{elapsed_precise} [{bar:30}] {pos}/{len}, {eta} left, {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        Ok(Self { bar })
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
    fn more(&self, subjects: u64) {
        self.bar.inc_length(subjects);
    }

    fn subject(&self, lesson: &str, variant: &str, done: u32, total: u32) {
        self.step(format!("{lesson} {variant}, block {} of {total}", (done + 1).min(total)));
    }

    fn quietly(&self, work: &mut dyn FnMut()) -> Vec<u8> {
        unheard(work)
    }

    fn say(&self, said: &[u8]) {
        // Whoever does not want to hear Criterion's results any more may still want the record.
        self.bar.suspend(|| drop(std::io::stdout().lock().write_all(said)));
    }
}

/// Lends the program's outputs while `work` runs, and returns what was said on the first. If they cannot be lent, it is heard at once.
pub(super) fn unheard(work: &mut dyn FnMut()) -> Vec<u8> {
    let Ok(lent) = Lent::outputs() else {
        work();
        return Vec::new();
    };
    work();
    lent.give_back()
}

/// The program's two outputs while they are lent: standard output to a file in memory, standard error to nobody.
///
/// Criterion panics if it cannot print, and it prints remarks on every benchmark whose samples are single iterations.
struct Lent {
    said: File,
    stdout: OwnedFd,
    stderr: OwnedFd,
}

impl Lent {
    fn outputs() -> std::io::Result<Self> {
        let said = File::from(memfd_create("criterion", MFdFlags::MFD_CLOEXEC)?);
        let null = OpenOptions::new().write(true).open("/dev/null")?;
        let stdout = std::io::stdout().as_fd().try_clone_to_owned()?;
        let stderr = std::io::stderr().as_fd().try_clone_to_owned()?;
        let lent = Self { said, stdout, stderr };
        nix::unistd::dup2_stdout(&lent.said)?;
        nix::unistd::dup2_stderr(null)?;
        Ok(lent)
    }

    /// Puts both outputs back and returns what was said on the first.
    fn give_back(mut self) -> Vec<u8> {
        let mut said = Vec::new();
        // A file in memory that we have just written can be read; what cannot be read is only shown to nobody.
        let _ = self.said.rewind().and_then(|()| self.said.read_to_end(&mut said));
        said
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let _ = std::io::stdout().flush();
        // Our own copies of the descriptors are open, so that putting them back cannot fail.
        let _ = nix::unistd::dup2_stdout(&self.stdout);
        let _ = nix::unistd::dup2_stderr(&self.stderr);
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.clear();
    }
}
