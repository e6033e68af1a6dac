//! The `python3` on the path: its version and its NumPy's, asked under a deadline.

use std::process::Command;
use std::time::Duration;

use crate::program;

/// How long it may take; a shim that looks for the right version takes some tenths of a second.
const PATIENCE: Duration = Duration::from_secs(5);
/// Reads what the installation says about NumPy: importing it would take a tenth of a second and start its threads.
const QUESTION: &str = "
import sys
print(sys.implementation.name, '%d.%d.%d' % sys.version_info[:3], getattr(sys, '_is_gil_enabled', lambda: True)())
try:
    from importlib import metadata
    print(metadata.version('numpy'))
except Exception:
    pass";

/// The versions of `program` and of its NumPy; None if it is not there, or does not answer within five seconds.
pub(super) fn ask(program: &str) -> Option<(String, Option<String>)> {
    let mut python = Command::new(program);
    // No file of byte code is written, and nothing is imported from where we stand.
    python.args(["-B", "-c", QUESTION]).current_dir("/");
    answer(&program::output(python, PATIENCE)?)
}

fn answer(text: &str) -> Option<(String, Option<String>)> {
    let mut lines = text.lines();
    let mut words = lines.next()?.split(' ');
    let (name, version, locked) = (words.next()?, words.next()?, words.next()?);
    let name = if name == "cpython" { String::new() } else { format!("{name} ") };
    let threading = if locked == "True" { "" } else { " free-threaded" };
    let numpy = lines.next().filter(|line| line.starts_with(|c: char| c.is_ascii_digit()));
    Some((format!("{name}{version}{threading}"), numpy.map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::{answer, ask};

    #[test]
    fn an_answer_is_a_version_and_perhaps_numpy() {
        let found = |python: &str, numpy: Option<&str>| Some((python.to_owned(), numpy.map(str::to_owned)));
        assert_eq!(answer("cpython 3.11.7 True\n2.4.6\n"), found("3.11.7", Some("2.4.6")));
        assert_eq!(answer("cpython 3.11.7 True\n"), found("3.11.7", None));
        assert_eq!(answer("cpython 3.14.0 False\n"), found("3.14.0 free-threaded", None));
        assert_eq!(answer("pypy 3.10.14 True\nTraceback\n"), found("pypy 3.10.14", None));
        for text in ["", "Python", "3.11.7\n", "cpython 3.11.7"] {
            assert_eq!(answer(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_there_or_is_no_python_says_nothing() {
        assert_eq!(ask("no-program-is-called-this"), None);
        assert_eq!(ask("true"), None);
    }

    #[test]
    fn a_python_that_is_there_has_a_version() {
        // A machine without Python has nothing to test here.
        if let Some((version, _)) = ask("python3") {
            let digits = version.split(' ').find(|word| word.starts_with('3'));
            assert!(digits.is_some_and(|digits| digits.matches('.').count() == 2), "{version}");
        }
    }
}
