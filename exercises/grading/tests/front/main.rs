//! The program `grader` as students, teachers and platforms call it.

mod calls;
mod grades;
#[path = "../../src/formats/schema.rs"]
mod schema;
mod signals;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use grading::manifest::Exercise;
use grading::source::Source;
use tempfile::TempDir;

/// The exercise that these tests hand in.
const NAME: &str = "bound_method_cache";

/// How long anything may take here before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(240);

/// The checkout.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders up").to_owned()
}

fn exercise() -> Exercise {
    Exercise::read(&root().join("exercises/bound_method").join(NAME)).expect("the exercise is there")
}

fn source() -> Source {
    Source::read(&exercise().folder).expect("the exercise is there")
}

/// A submission that never ends.
fn endless() -> String {
    let function = "#[derive(bincode::Encode, bincode::Decode)]\nstruct IsPrime;\n".to_owned();
    let body = "let pool = Pool::start(Config::new(1))?;\nlet answers = loop { std::hint::spin_loop() };\n".to_owned();
    source().with(&[function, "candidate > 1\n".to_owned(), body]).expect("three regions")
}

/// A folder with a submission, and a folder for what the grader leaves while it works.
struct House {
    submission: TempDir,
    scratch: TempDir,
}

/// A grader that has ended.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl House {
    fn with(text: &str) -> Self {
        let house = Self { submission: TempDir::new().expect("a folder"), scratch: TempDir::new().expect("a folder") };
        // The users that submissions run as have to pass through it.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(house.scratch.path(), open).expect("our own folder");
        house.save(text);
        house
    }

    fn save(&self, text: &str) {
        fs::write(self.file(), text).expect("our own folder");
    }

    fn file(&self) -> PathBuf {
        self.submission.path().join(format!("{NAME}.rs"))
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_grader"));
        command.arg("--root").arg(root()).args(arguments).env("TMPDIR", self.scratch.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the grader")
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        end(self.start(arguments))
    }

    /// `grade` of this submission.
    fn grade(&self, arguments: &[&str]) -> Ended {
        let submission = self.submission.path().to_str().expect("UTF-8");
        self.run(&[&["grade", NAME, "--submission", submission], arguments].concat())
    }

    /// What the grader left of its work.
    fn left(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.scratch.path()).expect("our own folder");
        entries.map(|entry| entry.expect("our own folder").path()).collect()
    }
}

fn end(mut child: Child) -> Ended {
    let mut stderr = child.stderr.take().expect("piped");
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).map(|_| text)
    });
    let mut stdout = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut stdout).expect("UTF-8");
    let code = child.wait().expect("our own child").code();
    Ended { code, stdout, stderr: reader.join().expect("no panic").expect("UTF-8") }
}

/// Waits until something is so.
#[track_caller]
fn wait_for<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(Instant::now() < deadline, "in vain: {what}");
        let _ = nix::poll::poll(&mut [], nix::poll::PollTimeout::from(20_u8));
    }
}
