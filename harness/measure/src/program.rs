//! What measured: version, revision, compiler and build of this program.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use multiprocess::Status;
use multiprocess::supervise::{self, Ending, Limits};
use record::Program;

/// How long `git` may take; on a slow disk its first look at a checkout takes a second or two.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than this of its answer is not needed: the revision comes first, and one changed file is enough.
const ENOUGH_BYTES: usize = 64 << 10;

/// What a run records about the program of this `version` that was built from the checkout at `root`.
///
/// Revision and dirtiness are absent where `root` is no git checkout, has no commit yet, belongs to somebody whom `git` does
/// not trust, and where `git` is not installed or does not answer within five seconds.
///
/// ```
/// let program = harness::program::capture("0.1.0", std::path::Path::new("/nowhere"));
/// assert_eq!((program.version.as_str(), program.revision), ("0.1.0", None));
/// ```
pub fn capture(version: &str, root: &Path) -> Program {
    let checkout = checkout(root);
    Program {
        revision: checkout.as_ref().map(|checkout| checkout.revision.clone()),
        dirty: checkout.map(|checkout| checkout.dirty),
        binary_sha256: binary_sha256(),
        ..built(version)
    }
}

/// [`capture`] without what takes time to tell: nothing is known of the checkout, and the executable is not hashed.
///
/// ```
/// assert_eq!(harness::program::built("0.1.0").revision, None);
/// ```
pub fn built(version: &str) -> Program {
    Program {
        version: version.to_owned(),
        revision: None,
        dirty: None,
        rustc: env!("UNPICKLED_RUSTC").to_owned(),
        build: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
        binary_sha256: None,
    }
}

/// The hash of the executable of this process, which is also that of its subjects.
///
/// The link is opened and not the path that it names: under that path another build may lie by now (proc_pid_exe(5)).
fn binary_sha256() -> Option<String> {
    record::hash::of_file(Path::new("/proc/self/exe")).ok()
}

#[derive(Debug, PartialEq, Eq)]
struct Checkout {
    revision: String,
    /// Whether a tracked file outside `results/` differs from the revision.
    dirty: bool,
}

fn checkout(root: &Path) -> Option<Checkout> {
    // Without this, an unpacked archive inside somebody's own checkout would be recorded as a revision of that one.
    if !root.join(".git").exists() {
        return None;
    }
    let mut git = Command::new("git");
    git.arg("-C").arg(root);
    // A status must not start a daemon that outlives it, and must not lock the index against the reader's own git.
    git.args(["-c", "core.fsmonitor=false", "status", "--porcelain=v2", "--branch", "--untracked-files=no"]);
    git.args(["--", ".", ":!results"]).env("GIT_OPTIONAL_LOCKS", "0");
    for set_inside_hooks in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        git.env_remove(set_inside_hooks);
    }
    status(&output(git, PATIENCE)?)
}

/// Reads `git status --porcelain=v2 --branch`: lines with `#` describe the branch, every other one is a changed file.
fn status(text: &str) -> Option<Checkout> {
    let revision = text.lines().find_map(|line| line.strip_prefix("# branch.oid "))?;
    let whole = matches!(revision.len(), 40 | 64) && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    let dirty = text.lines().any(|line| !line.starts_with('#'));
    whole.then(|| Checkout { revision: revision.to_owned(), dirty })
}

/// What `command` prints; None if it cannot be started, fails, or still runs after `patience`. Nothing of it is left then.
pub(crate) fn output(mut command: Command, patience: Duration) -> Option<String> {
    let limits = Limits { deadline: patience, output_bytes: ENOUGH_BYTES };
    let report = supervise::run(&mut command, b"", &limits, None).ok()?;
    let succeeded = report.ending == Ending::Ended(Status::Exited(0));
    succeeded.then(|| String::from_utf8_lossy(&report.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::{Checkout, capture, checkout, output, status};

    const OID: &str = "0123456789abcdef0123456789abcdef01234567";
    /// Far longer than anything here takes; a test that reaches it hangs.
    const LONG: Duration = Duration::from_secs(600);

    fn command(line: &[&str]) -> Command {
        let mut command = Command::new(line[0]);
        command.args(&line[1..]);
        command
    }

    #[test]
    fn a_status_is_a_revision_and_a_list_of_changes() {
        let clean = format!("# branch.oid {OID}\n# branch.head main\n");
        let checkout = |dirty| Some(Checkout { revision: OID.to_owned(), dirty });
        assert_eq!(status(&clean), checkout(false));
        assert_eq!(status(&format!("{clean}1 .M N... 100644 100644 100644 a b README.md\n")), checkout(true));
    }

    #[test]
    fn a_checkout_without_a_commit_has_no_revision() {
        for text in ["", "# branch.oid (initial)\n# branch.head main\n", "# branch.oid 0123\n", "fatal: x\n"] {
            assert_eq!(status(text), None, "{text}");
        }
    }

    #[test]
    fn the_compiler_and_the_build_are_known_without_a_checkout() {
        let program = capture("1.2.3", Path::new("/nowhere/at/all"));
        assert_eq!((program.version.as_str(), program.revision, program.dirty), ("1.2.3", None, None));
        assert!(program.rustc.starts_with("rustc "), "{}", program.rustc);
        assert_eq!(program.build, if cfg!(debug_assertions) { "debug" } else { "release" });
    }

    #[test]
    fn the_program_is_known_by_its_hash() {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let program = capture("1.2.3", Path::new("/nowhere/at/all"));
        assert_eq!(program.binary_sha256, Some(record::hash::of_bytes(&bytes)));
    }

    #[test]
    fn an_answer_is_what_was_printed() {
        assert_eq!(output(command(&["echo", "two words"]), LONG).as_deref(), Some("two words\n"));
        assert_eq!(output(command(&["sh", "-c", "echo no; exit 128"]), LONG), None);
        assert_eq!(output(command(&["no-program-is-called-this"]), LONG), None);
    }

    #[test]
    fn a_command_that_hangs_is_ended() {
        let before = Instant::now();
        assert_eq!(output(command(&["sleep", "600"]), Duration::from_millis(20)), None);
        assert!(before.elapsed() < LONG);
    }

    /// A folder that is gone at the end of the test, whether it fails or not.
    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }

    /// Runs `git` in `folder`; false if there is none here to run.
    fn git(folder: &Path, line: &[&str]) -> bool {
        let mut git = Command::new("git");
        git.arg("-C").arg(folder).args([
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.org",
            "-c",
            "commit.gpgsign=false",
        ]);
        for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            git.env_remove(variable);
        }
        // Supervised like every other: a program that is not would be taken for one that another test has left behind.
        git.args(line);
        output(git, LONG).is_some()
    }

    #[test]
    fn results_and_untracked_files_do_not_make_a_checkout_dirty() {
        let folder = Folder(std::env::temp_dir().join(format!("unpickled-program-{}", std::process::id())));
        let root = folder.0.as_path();
        std::fs::create_dir_all(root.join("results")).unwrap();
        std::fs::create_dir_all(root.join("unpacked")).unwrap();
        // A machine without git has nothing to test here.
        if !git(root, &["init", "-q"]) {
            return;
        }
        assert_eq!(checkout(root), None, "no commit yet");
        let write = |name: &str, text: &str| std::fs::write(root.join(name), text).unwrap();
        write("code", "1");
        write("results/run", "1");
        assert!(git(root, &["add", "."]) && git(root, &["commit", "-q", "--no-verify", "-m", "first"]));
        let dirty = || checkout(root).map(|checkout| checkout.dirty);
        assert_eq!(dirty(), Some(false));
        write("results/run", "2");
        write("untracked", "1");
        assert_eq!(dirty(), Some(false));
        write("code", "2");
        assert_eq!(dirty(), Some(true));
        assert_eq!(checkout(&root.join("unpacked")), None, "not the checkout itself");
    }
}
