//! Work that goes wrong, each piece in its own way.

use std::fs::OpenOptions;
use std::io::Write;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};

use bincode::{Decode, Encode};
use nix::sys::signal::{Signal, raise};

/// A piece of work: it returns a value or an error, panics, or ends the process that runs it.
///
/// ```
/// use exercises::Errand;
///
/// assert_eq!(Errand::fine(14).run(), Ok(42));
/// assert_eq!(Errand::refused(14).run().unwrap_err(), Errand::refusal(14));
/// let panic = std::panic::catch_unwind(|| Errand::panics(14).run()).unwrap_err();
/// assert_eq!(*panic.downcast::<String>().unwrap(), Errand::panic_words(14));
/// ```
#[derive(Clone, Debug, Encode, Decode)]
pub struct Errand {
    number: u64,
    fate: Fate,
    journal: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Encode, Decode)]
enum Fate {
    Fine,
    Refused,
    Panics,
    Kills,
}

impl Errand {
    /// One that returns three times its number.
    pub fn fine(number: u64) -> Self {
        Self { number, fate: Fate::Fine, journal: None }
    }

    /// One that returns an error, [`refusal`](Self::refusal).
    pub fn refused(number: u64) -> Self {
        Self { number, fate: Fate::Refused, journal: None }
    }

    /// One that panics with [`panic_words`](Self::panic_words).
    pub fn panics(number: u64) -> Self {
        Self { number, fate: Fate::Panics, journal: None }
    }

    /// One that ends the process that runs it.
    pub fn kills(number: u64) -> Self {
        Self { number, fate: Fate::Kills, journal: None }
    }

    /// The same, which leaves a line in a file as it begins.
    #[must_use]
    pub fn noted_in(self, journal: &Path) -> Self {
        Self { journal: Some(journal.to_owned()), ..self }
    }

    /// What the error says of the errand of this number.
    pub fn refusal(number: u64) -> String {
        format!("errand {number}: the shop is closed")
    }

    /// What the panic says of the errand of this number.
    pub fn panic_words(number: u64) -> String {
        format!("errand {number}: nobody told me about the dog")
    }

    /// Runs it.
    ///
    /// # Errors
    /// If that is its fate.
    ///
    /// # Panics
    /// If that is its fate, or its journal cannot be written.
    pub fn run(&self) -> Result<u64, String> {
        if let Some(journal) = &self.journal {
            let opened = OpenOptions::new().create(true).append(true).open(journal);
            let line = format!("{} {}\n", self.number, std::process::id());
            opened.and_then(|mut journal| journal.write_all(line.as_bytes())).expect("a journal can be written");
        }
        match self.fate {
            Fate::Fine => Ok(self.number * 3),
            Fate::Refused => Err(Self::refusal(self.number)),
            // Without the message on standard error: it is meant.
            Fate::Panics => resume_unwind(Box::new(Self::panic_words(self.number))),
            Fate::Kills => {
                raise(Signal::SIGKILL).expect("whoever signals itself may");
                Err("it is still here".to_owned())
            }
        }
    }
}

/// What errands have left in a journal: the number of each and the process that ran it, in the order in which they began.
///
/// ```
/// use exercises::{Errand, errands_in};
///
/// # let journal = std::env::temp_dir().join(format!("journal-{}", std::process::id()));
/// Errand::fine(3).noted_in(&journal).run().unwrap();
/// assert_eq!(errands_in(&journal), [(3, std::process::id())]);
/// # std::fs::remove_file(&journal).unwrap();
/// ```
pub fn errands_in(journal: &Path) -> Vec<(u64, u32)> {
    let text = std::fs::read_to_string(journal).unwrap_or_default();
    let line =
        |line: &str| line.split_once(' ').and_then(|(number, pid)| Some((number.parse().ok()?, pid.parse().ok()?)));
    text.lines().filter_map(line).collect()
}
