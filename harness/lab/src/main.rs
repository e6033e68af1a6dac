//! `lab`, the command line of the laboratory.

mod bench;
mod book;
mod claims;
mod cli;
mod compare;
mod diagnose;
mod doctor;
mod grade;
mod limits;
mod list;
mod predict;
mod run;
mod shelf;
mod trust;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command};

fn main() -> ExitCode {
    // First of all, but in the program that shows what comes of forgetting it.
    if let Some(code) = experiments::what_crosses::without_guard() {
        return code;
    }
    multiprocess::init();
    if let Some(code) = harness::subject::serve(experiments::LESSONS) {
        return code;
    }
    if let Some(code) = harness::diagnose::serve() {
        return code;
    }
    if let Some(code) = grading::serve() {
        return code;
    }
    let outcome = match Cli::parse().command {
        Command::List(options) => list::list(&options),
        Command::Run(options) => run::run(&options),
        Command::Bench(options) => bench::bench(&options),
        Command::Claims(options) => claims::claims(&options),
        Command::Compare(options) => compare::compare(&options),
        Command::Doctor(options) => doctor::doctor(&options),
        Command::Limits(options) => limits::limits(&options),
        Command::Predict(options) => predict::predict(&options),
        Command::Diagnose(options) => diagnose::diagnose(&options),
        Command::Grade(options) => grade::grade(&options),
        Command::Hint(options) => grade::hint(&options),
        Command::Handout(options) => grade::handout(&options),
        Command::Book(options) => book::book(&options),
        Command::Preprocess(options) => book::preprocess(&options),
    };
    cli::exit_code(outcome)
}
