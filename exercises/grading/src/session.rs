//! Grading several files with one toolchain, and writing what is known so far: a file of grades is whole at every moment.

use std::fs;
use std::io::{IsTerminal, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::compile::Toolchain;
use crate::grade::{self, Graded};
use crate::interrupt::{self, Interrupted};
use crate::judge::Status;
use crate::manifest::Exercise;
use crate::submission::Submission;

/// What every test says until its exercise is graded.
pub(crate) const NOT_TO_ITS_END: &str = "not graded to its end";

/// The grader at work.
#[derive(Debug)]
pub(crate) struct Session {
    toolchain: Toolchain,
    seed: u64,
}

impl Session {
    /// Builds what submissions use; from then on signals are caught.
    pub(crate) fn begin(root: &Path, seed: u64) -> Result<Self> {
        progress("building what submissions use");
        let toolchain = Toolchain::ready(root, &std::env::current_exe()?);
        progress("");
        let session = Self { toolchain: toolchain?, seed };
        interrupt::catch()?;
        Ok(session)
    }

    /// Grades one exercise. Whatever is wrong with the submission, or with the grader, is a grade; only a signal is an error.
    pub(crate) fn grade(&self, exercise: &Exercise, submission: Result<&Submission, String>) -> Result<Graded> {
        interrupt::check()?;
        let error = |why: &str| grade::without_run(exercise, Status::Error, why, String::new());
        let submission = match submission {
            Ok(submission) => submission,
            Err(why) => return Ok(error(&why)),
        };
        let text = match submission.text_of(exercise) {
            None => return Ok(error(&format!("there is no file {}.rs in the submission", exercise.name))),
            Some(Err(fault)) => return Ok(error(&format!("{fault:#}"))),
            Some(Ok(text)) => text,
        };
        match grade::grade(&self.toolchain, exercise, &text, self.seed) {
            Err(fault) if fault.is::<Interrupted>() => Err(fault),
            Err(fault) => Ok(error(&format!("the grader could not do its work: {fault:#}"))),
            Ok(graded) => Ok(graded),
        }
    }
}

/// Every exercise as it is before it is graded.
pub(crate) fn not_graded(exercises: &[Exercise], why: &str) -> Vec<Graded> {
    exercises.iter().map(|exercise| grade::without_run(exercise, Status::Error, why, String::new())).collect()
}

/// Where grades go: into a file, which is whole at every moment; or to standard output, once, at the end.
#[derive(Clone, Debug)]
pub(crate) struct Sink {
    out: Option<PathBuf>,
}

impl Sink {
    pub(crate) fn to(out: Option<PathBuf>) -> Self {
        Self { out }
    }

    /// Whether what is written is seen in a terminal that wants colours.
    pub(crate) fn colours(&self) -> bool {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        self.out.is_none() && wanted && std::io::stdout().is_terminal()
    }

    /// Writes what is known so far, if there is a file to write it to.
    pub(crate) fn save(&self, text: &str) -> Result<()> {
        let Some(file) = &self.out else { return Ok(()) };
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let written = || -> std::io::Result<()> {
            let mut draft = tempfile::Builder::new().prefix(".unpickled-").tempfile_in(folder)?;
            draft.write_all(text.as_bytes())?;
            // A draft is its writer's alone; the platform that reads the grades may be another user.
            draft.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
            draft.persist(file)?;
            Ok(())
        };
        written().with_context(|| format!("{} cannot be written", file.display()))
    }

    /// Writes all there is to say.
    pub(crate) fn finish(&self, text: &str) -> Result<()> {
        if self.out.is_some() {
            return self.save(text);
        }
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }
}

/// What is going on, on standard error if that is a terminal; nothing takes the line away again.
pub(crate) fn progress(what: &str) {
    let mut err = std::io::stderr();
    if err.is_terminal() {
        // Whoever has no standard error misses nothing.
        let _ = write!(err, "\r\x1b[2K{what}");
        let _ = err.flush();
    }
}
