//! The grader by itself, for machines that only grade: nothing of the laboratory is built for it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use grading::cli::{self, GradeOptions, HandoutOptions, HintOptions};

/// Grades submissions to the exercises by what they did.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    /// The checkout with the exercises
    #[arg(long, default_value = ".")]
    root: PathBuf,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 fine; 1 something is not passed, or the grader could not do its work; 2 the call is wrong; \
                          128 + n ended by signal n (130: Ctrl-C).";

#[derive(Debug, Subcommand)]
enum Command {
    /// Grades a folder of files, by what they do
    Grade(GradeOptions),
    /// Shows the next hint to an exercise
    Hint(HintOptions),
    /// Makes the folder that students get, or a kit for the platform that grades them
    Handout(HandoutOptions),
}

fn main() -> ExitCode {
    multiprocess::init();
    if let Some(code) = grading::serve() {
        return code;
    }
    let Cli { root, command } = Cli::parse();
    cli::exit_code(match command {
        Command::Grade(options) => cli::grade(&root, &options),
        Command::Hint(options) => cli::hint(&root, &options),
        Command::Handout(options) => cli::handout(&root, &options),
    })
}
