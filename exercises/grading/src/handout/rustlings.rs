//! What `rustlings` reads: `info.toml`, and the list of programs in `Cargo.toml`, which it compares letter by letter.

use std::fmt::Write;

use anyhow::Result;

use crate::manifest::Exercise;

/// The list `bin` in exactly the form in which `rustlings dev update` writes it.
pub(super) fn bins(exercises: &[Exercise], with_solutions: bool) -> String {
    let mut bins = "bin = [\n".to_owned();
    for Exercise { name, lesson, .. } in exercises {
        let _ = writeln!(bins, "  {{ name = \"{name}\", path = \"exercises/{lesson}/{name}.rs\" }},");
        if with_solutions {
            let _ = writeln!(bins, "  {{ name = \"{name}_sol\", path = \"solutions/{lesson}/{name}.rs\" }},");
        }
    }
    bins + "]\n"
}

const WELCOME: &str = "Exercises on process parallelism, graded by what your code did. Each file says at its top what is asked.\n\
                       An exercise here ends well when its own small example does; the grader counts on other inputs.";
const FINAL: &str = "Every exercise does well on its own example. Hand them in to see what the grader counts.";

/// `info.toml`: what rustlings asks for, and beside it what it reads past.
pub(super) fn info(exercises: &[Exercise]) -> Result<String> {
    let mut info = "# Made from the manifests of the exercises.\nformat_version = 1\n".to_owned();
    writeln!(info, "welcome_message = {}", quoted(WELCOME)?)?;
    writeln!(info, "final_message = {}", quoted(FINAL)?)?;
    for exercise in exercises {
        let hints = (1..).zip(&exercise.hints).map(|(number, hint)| format!("{number}. {hint}"));
        let hint = hints.collect::<Vec<_>>().join("\n\n");
        let Exercise { name, lesson, title, minutes, deadline_s, .. } = exercise;
        writeln!(
            info,
            "\n[[exercises]]\nname = \"{name}\"\ndir = \"{lesson}\"\ntest = false\nhint = {}",
            quoted(&hint)?
        )?;
        writeln!(info, "title = {}\nminutes = {minutes}\npoints = {}", quoted(title)?, exercise.points())?;
        writeln!(info, "deadline_s = {deadline_s}")?;
    }
    Ok(info)
}

/// A text as TOML has it. JSON's escapes are all TOML's; DEL, which JSON takes as it is, is in no manifest.
fn quoted(text: &str) -> Result<String> {
    Ok(serde_json::to_string(text)?)
}
