//! Compiles a submission as a crate of its own, then the check that is linked with it. The compiler runs in a cage, too.

use std::collections::BTreeMap;
use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::cage::{self, Cage};
use crate::grade;
use crate::keeper::{self, How, Task};
use crate::manifest::Exercise;

/// How long the compiler may take for one crate, in seconds.
const DEADLINE_S: u64 = 180;

/// The number of the signal that cannot be caught.
const SIGKILL: i32 = nix::sys::signal::SIGKILL as i32;

/// How a submission is compiled.
const LIBRARY: [&str; 5] =
    ["--crate-type=rlib", "--emit=dep-info,link", "-Funsafe_code", "-Copt-level=1", "submission.rs"];

/// What checks are linked with and submissions are not: by its calls a process may read and write the memory in which it is judged.
pub(crate) const FOR_CHECKS: [&str; 1] = ["nix"];

/// How much of the compiler's words is kept, in bytes.
const WORDS_AT_MOST: usize = 6_000;

/// The compiler, and what a submission may be linked with.
#[derive(Clone, Debug)]
pub struct Toolchain {
    rustc: PathBuf,
    dependencies: PathBuf,
    externs: Vec<(String, PathBuf)>,
    built: PathBuf,
    keeper: PathBuf,
    another_user: bool,
}

/// What came of compiling.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Compiled {
    /// The check, and what the compiler said to each program that it has to refuse: nothing if it took it.
    Check {
        /// The executable.
        program: PathBuf,
        /// In the order of the manifest.
        refused: Vec<Option<String>>,
    },
    /// It does not compile; the compiler's words.
    DoesNotCompile(String),
    /// The compiler was not done at its deadline.
    Timeout,
}

impl Toolchain {
    /// Finds the compiler and has cargo build what submissions may use. `keeper` is the program that is executed again between the
    /// grader and what it runs: one whose `main` begins with [`serve`](crate::serve).
    ///
    /// # Errors
    /// If cargo or the compiler is missing, or what submissions use does not compile.
    pub fn ready(root: &Path, keeper: &Path) -> Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args([
            "build",
            "--release",
            "--package",
            "exercises",
            "--lib",
            "--message-format=json-render-diagnostics",
        ]);
        // Progress is for a terminal; what does not compile is said all the same.
        if !std::io::stderr().is_terminal() {
            build.arg("--quiet");
        }
        let built = build.current_dir(root).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
        let built = built.context("cargo cannot be started; it is needed to build what submissions use")?;
        ensure!(built.status.success(), "what submissions use does not compile");
        let artifacts = artifacts(&String::from_utf8_lossy(&built.stdout));
        let library = artifacts.get("exercises").context("cargo built no library 'exercises'")?;
        // target/release/libexercises.rlib, or the same below deps: both are beside the rest.
        let release = library.ancestors().find(|folder| folder.join("deps").is_dir());
        let release = release.context("the library 'exercises' stands alone")?.to_owned();
        let manifest: toml::Table = fs::read_to_string(root.join("exercises/Cargo.toml"))?.parse()?;
        let named = manifest.get("dependencies").and_then(toml::Value::as_table).context("no dependencies")?;
        let names = named.keys().map(|name| name.replace('-', "_")).chain(["exercises".to_owned()]);
        let externs = names.map(|name| {
            let path = artifacts.get(&name).with_context(|| format!("cargo built no library '{name}'"))?;
            Ok((name, path.clone()))
        });
        let built = release.parent().unwrap_or(&release).join("grading");
        fs::create_dir_all(&built)?;
        let keeper = keeper.canonicalize().with_context(|| format!("{} cannot be found", keeper.display()))?;
        let (externs, dependencies) = (externs.collect::<Result<_>>()?, release.join("deps"));
        let same_user = Self { rustc: rustc(root)?, dependencies, externs, built, keeper, another_user: false };
        // Another user may not be able to read the compiler, or the libraries.
        let other_user = Self { another_user: cage::may_change_user(), ..same_user.clone() };
        Ok(if other_user.another_user && other_user.can_compile()? { other_user } else { same_user })
    }

    /// The program that is executed again between the grader and what it runs.
    pub(crate) fn keeper(&self) -> &Path {
        &self.keeper
    }

    /// Whom the compiler runs as. Asked for by each thread, as two of them may compile at a time.
    fn user(&self) -> Option<u32> {
        self.another_user.then(grade::spare_user)
    }

    /// Whether the smallest of submissions compiles.
    fn can_compile(&self) -> Result<bool> {
        let folder = self.folder()?;
        fs::write(folder.path().join("submission.rs"), "")?;
        Ok(matches!(self.rustc(folder.path(), "submission", &LIBRARY), Ok(Said::Nothing)))
    }

    /// A folder of its own for a compiler, which may run as another user.
    fn folder(&self) -> Result<tempfile::TempDir> {
        let folder = tempfile::Builder::new().prefix("unpickled-compile-").tempdir();
        let folder = folder.context("a folder to compile in")?;
        if let Some(user) = self.user() {
            std::os::unix::fs::chown(folder.path(), Some(user), Some(user)).context("giving the folder away")?;
        }
        Ok(folder)
    }

    /// What the outcome of compiling depends on besides the sources.
    fn fingerprint(&self) -> Result<String> {
        let mut text = format!("{} {LIBRARY:?}", self.rustc.display());
        for (name, path) in &self.externs {
            let meta = fs::metadata(path)?;
            text += &format!(" {name} {} {:?} {}", path.display(), meta.modified()?, meta.len());
        }
        Ok(text)
    }

    /// Compiles a submission with the check of its exercise, or finds what came of it before.
    ///
    /// # Errors
    /// If the compiler cannot be run.
    pub fn compile(&self, exercise: &Exercise, submission: &str) -> Result<Compiled> {
        let read = |name: &str| {
            let file = exercise.folder.join(name);
            fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))
        };
        let check = read("check.rs")?;
        let refused = exercise.refused.iter().map(|refused| read(&refused.program)).collect::<Result<Vec<_>>>()?;
        let mut hash = Sha256::new();
        for part in [submission, &check, &self.fingerprint()?].into_iter().chain(refused.iter().map(String::as_str)) {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let name: String = hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        let place = self.built.join(format!("{}-{name}", exercise.name));
        let noted = place.join("compiled.json");
        if let Ok(text) = fs::read_to_string(&noted) {
            return serde_json::from_str(&text).with_context(|| format!("{} cannot be read", noted.display()));
        }
        let folder = self.folder()?;
        let compiled = self.compile_in(folder.path(), submission, &check, &refused)?;
        let compiled = self.keep(compiled, &place)?;
        // A compiler that was only slow may be faster next time.
        if !matches!(compiled, Compiled::Timeout) {
            let text = serde_json::to_string(&compiled)?;
            let draft = tempfile::NamedTempFile::new_in(&self.built)?;
            fs::write(draft.path(), text)?;
            draft.persist(&noted)?;
        }
        Ok(compiled)
    }

    fn compile_in(&self, folder: &Path, submission: &str, check: &str, refused: &[String]) -> Result<Compiled> {
        fs::write(folder.join("submission.rs"), submission)?;
        let said = self.rustc(folder, "submission", &LIBRARY)?;
        if includes_others(folder) {
            // Not the compiler's words: they might quote what was included.
            let why = "A submission is one file; `include!`, `include_str!`, `include_bytes!` and `mod` of other files are refused.";
            return Ok(Compiled::DoesNotCompile(why.into()));
        }
        match said {
            Said::Nothing => {}
            Said::Words(words) => return Ok(Compiled::DoesNotCompile(words)),
            Said::Late => return Ok(Compiled::Timeout),
        }
        // Only now: while the submission is compiled it could be included.
        fs::write(folder.join("check.rs"), check)?;
        let linked = "--extern=submission=libsubmission.rlib";
        match self.rustc(folder, "check", &["--crate-type=bin", "-Copt-level=1", linked, "check.rs"])? {
            Said::Nothing => {}
            Said::Words(words) => {
                let why = "The file compiles by itself, but no longer offers what it was asked for:\n";
                return Ok(Compiled::DoesNotCompile(format!("{why}{words}")));
            }
            Said::Late => return Ok(Compiled::Timeout),
        }
        let mut answers = Vec::new();
        for text in refused {
            fs::write(folder.join("refused.rs"), text)?;
            answers.push(
                match self.rustc(folder, "refused", &["--crate-type=bin", "--emit=metadata", linked, "refused.rs"])? {
                    Said::Nothing => None,
                    Said::Words(words) => Some(words),
                    Said::Late => return Ok(Compiled::Timeout),
                },
            );
        }
        Ok(Compiled::Check { program: folder.join("check"), refused: answers })
    }

    /// Moves what was built to where it is found the next time.
    fn keep(&self, compiled: Compiled, place: &Path) -> Result<Compiled> {
        fs::create_dir_all(place)?;
        Ok(match compiled {
            Compiled::Check { program, refused } => {
                let kept = place.join("check");
                let draft = tempfile::NamedTempFile::new_in(place)?;
                fs::copy(&program, draft.path())?;
                draft.persist(&kept)?;
                Compiled::Check { program: kept, refused }
            }
            other => other,
        })
    }

    fn rustc(&self, folder: &Path, name: &str, args: &[&str]) -> Result<Said> {
        let mut all: Vec<String> =
            ["--edition=2024", "-Awarnings", "-Cdebug-assertions=on", "-Cstrip=debuginfo"].map(Into::into).into();
        all.extend([format!("--crate-name={name}"), format!("-Ldependency={}", self.dependencies.display())]);
        let given = self
            .externs
            .iter()
            .filter(|(extern_name, _)| name == "check" || !FOR_CHECKS.contains(&extern_name.as_str()));
        all.extend(given.map(|(name, path)| format!("--extern={name}={}", path.display())));
        all.extend(args.iter().map(|arg| (*arg).to_owned()));
        let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".into());
        let env = BTreeMap::from([("PATH".into(), path), ("TMPDIR".into(), folder.display().to_string())]);
        let user = self.user();
        let cage = Cage { user, memory_mib: 4096, cpu_s: DEADLINE_S, processes: grade::processes(user), file_mib: 512 };
        let (program, input) = (self.rustc.clone(), String::new());
        let task = Task { program, args: all, env, folder: folder.to_owned(), input, deadline_s: DEADLINE_S, cage };
        let ended = keeper::run(&self.keeper, &task)?;
        Ok(match ended.how {
            How::Exited(0) => Said::Nothing,
            // A file nested deeply enough overflows the compiler's stack, and 101 is its panic: what a file does to the compiler is a grade.
            How::Exited(1 | 101) => Said::Words(shortened(&ended.stderr)),
            // At its limit of CPU time, or where the machine has no memory left.
            How::DeadlinePassed | How::Killed(SIGKILL) => Said::Late,
            How::Killed(signal) => {
                Said::Words(format!("signal {signal} ended the compiler:\n{}", shortened(&ended.stderr)))
            }
            how => bail!("the compiler ended as {how:?}: {}", shortened(&ended.stderr)),
        })
    }
}

/// What the compiler said.
enum Said {
    Nothing,
    Words(String),
    Late,
}

/// Whether the compiler read other files than the submission, as it noted itself: a line `FILE:` for each of them. A compiler that may read
/// all that the grader may would else give the solution away.
fn includes_others(folder: &Path) -> bool {
    let noted = fs::read_to_string(folder.join("submission.d")).unwrap_or_default();
    noted.lines().filter(|line| !line.starts_with('#')).any(|line| line.ends_with(':') && line != "submission.rs:")
}

/// The library of each crate that cargo has built, by name.
fn artifacts(messages: &str) -> BTreeMap<String, PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let built = messages.filter(|message| message["reason"] == "compiler-artifact");
    let libraries = built.flat_map(|message| {
        let name = message["target"]["name"].as_str().unwrap_or_default().replace('-', "_");
        let files = message["filenames"].as_array().cloned().unwrap_or_default();
        files.into_iter().filter_map(move |file| Some((name.clone(), PathBuf::from(file.as_str()?))))
    });
    libraries.filter(|(_, path)| path.extension().is_some_and(|end| end == "rlib" || end == "so")).collect()
}

/// The compiler itself, not the proxy that chooses one by the folder and the home it is called in.
fn rustc(root: &Path) -> Result<PathBuf> {
    let asked = Command::new("rustc").args(["--print", "sysroot"]).current_dir(root).stdin(Stdio::null()).output();
    let asked = asked.context("rustc cannot be started")?;
    let compiler = PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim()).join("bin/rustc");
    ensure!(compiler.is_file(), "there is no compiler at {}", compiler.display());
    Ok(compiler)
}

fn shortened(words: &str) -> String {
    let end = words.char_indices().map(|(at, _)| at).take_while(|at| *at <= WORDS_AT_MOST).last().unwrap_or(0);
    if words.len() <= WORDS_AT_MOST { words.to_owned() } else { format!("{}\n...", &words[..end]) }
}
