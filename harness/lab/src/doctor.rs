//! `lab doctor`: what will spoil a measurement on this machine, how to mend it, and what is not testable here.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use experiments::LESSONS;
use harness::doctor::{self, NotTestable, State, Symptom};
use harness::{environment, program};
use record::{Environment, KnownRatio, Program};
use serde::Serialize;

use crate::cli::{DoctorOptions, Ended};
use crate::shelf::{self, Choice};
use crate::trust;

/// How long every usable core works, so that it shows who takes time from them.
const BUSY_FOR: Duration = Duration::from_secs(1);
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What `--json` prints.
#[derive(Serialize)]
struct Found {
    environment: Environment,
    symptoms: Vec<Symptom>,
    not_testable: Vec<NotTestable>,
    program: Program,
    known_ratios: Vec<KnownRatio>,
}

pub(crate) fn doctor(options: &DoctorOptions) -> anyhow::Result<Ended> {
    let root = shelf::root()?;
    // The load of our own work must not be taken for somebody else's.
    let environment = environment::capture();
    let program = program::capture(VERSION, &root);
    let now = doctor::look(Some(program.clone()), &root, Some(BUSY_FOR));
    let needs = doctor::needs(LESSONS, available(&environment));
    let symptoms = doctor::examine(&environment, &now, &needs);
    let not_testable = doctor::not_testable(&environment, &now, &experiments::ledger(), &needs);
    let trust = shelf::shelf(&root, &Choice::Speaking).map(|shelf| shelf.trust);
    let known_ratios = trust.as_ref().map_or_else(|_| Vec::new(), Clone::clone);
    let found = Found { environment, symptoms, not_testable, program, known_ratios };
    let mut out = std::io::stdout().lock();
    if options.json {
        writeln!(out, "{}", serde_json::to_string(&found)?)?;
    } else {
        let paint = Paint::for_standard_output();
        print_symptoms(&mut out, &found.symptoms, &paint)?;
        print_not_testable(&mut out, &found.not_testable)?;
        print_trust(&mut out, &trust)?;
        print_summary(&mut out, &found.symptoms)?;
    }
    Ok(if doctor::can_measure(&now) { Ended::Fine } else { Ended::NotHere })
}

/// One line for each thing that is known at once to spoil a measurement: no process is started for it, and nothing waited for.
pub(crate) fn warnings() -> Vec<String> {
    let environment = environment::read();
    let Ok(root) = shelf::root() else { return Vec::new() };
    let now = doctor::look(Some(program::built(VERSION)), &root, None);
    let needs = doctor::needs(LESSONS, available(&environment));
    let symptoms = doctor::examine(&environment, &now, &needs);
    symptoms.iter().filter(|symptom| symptom.state == State::Spoils).map(warning).collect()
}

fn warning(symptom: &Symptom) -> String {
    let mend = symptom.mend.as_deref().unwrap_or("see `lab doctor`");
    format!("{}: {}; spoils {}; to mend it: {mend}", symptom.what, symptom.found, symptom.spoils)
}

/// What the lessons may have; none if the machine does not tell.
fn available(environment: &Environment) -> Option<u64> {
    Some(environment.available_bytes).filter(|bytes| *bytes > 0)
}

/// Colour for people: only on a terminal, and not if `NO_COLOR` is set to anything. The words say the same without it.
struct Paint(bool);

impl Paint {
    fn for_standard_output() -> Self {
        Self(Self::wanted(std::io::stdout().is_terminal(), |name| std::env::var_os(name)))
    }

    fn wanted(terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
        let unwanted = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        let able = variable("TERM").is_some_and(|kind| kind != "dumb");
        terminal && able && !unwanted
    }

    /// The word for a state, in a column of its own.
    fn state(&self, state: State) -> String {
        let word = format!("{:<9}", state.name());
        let colour = match state {
            State::Fine => 32,
            State::NotKnown => 2,
            State::MaySpoil => 33,
            State::Spoils => 31,
        };
        if self.0 { format!("\u{1b}[{colour}m{word}\u{1b}[0m") } else { word }
    }
}

fn print_symptoms(out: &mut impl Write, symptoms: &[Symptom], paint: &Paint) -> std::io::Result<()> {
    writeln!(out, "{:<22} {:<9}  found", "what", "state")?;
    for symptom in symptoms {
        writeln!(out, "{:<22} {}  {}", symptom.what, paint.state(symptom.state), symptom.found)?;
        if symptom.state >= State::MaySpoil {
            writeln!(out, "{:<33} spoils {}", "", symptom.spoils)?;
        }
        if let Some(mend) = &symptom.mend {
            let root = if symptom.needs_root { " (needs root)" } else { "" };
            writeln!(out, "{:<33} to mend it: {mend}{root}", "")?;
        }
    }
    Ok(())
}

fn print_not_testable(out: &mut impl Write, items: &[NotTestable]) -> std::io::Result<()> {
    if items.is_empty() {
        return writeln!(out, "\neverything is testable here");
    }
    writeln!(out, "\nnot testable here, or not as stated")?;
    for item in items {
        writeln!(out, "  {}\n      {}", item.what, item.why)?;
    }
    Ok(())
}

/// The machine may be fine and a record damaged; that is said, and is no fault of the machine.
fn print_trust(out: &mut impl Write, trust: &anyhow::Result<Vec<KnownRatio>>) -> anyhow::Result<()> {
    writeln!(out)?;
    match trust {
        Ok(trust) => trust::print(out, trust)?,
        Err(fault) => writeln!(out, "how often the harness is right where the truth is known: {fault:#}")?,
    }
    Ok(())
}

fn print_summary(out: &mut impl Write, symptoms: &[Symptom]) -> std::io::Result<()> {
    let named = |state| {
        let names: Vec<&str> =
            symptoms.iter().filter(|symptom| symptom.state == state).map(|symptom| symptom.what).collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    };
    writeln!(out, "\nspoils a measurement now: {}", named(State::Spoils))?;
    writeln!(out, "may spoil one: {}", named(State::MaySpoil))
}

#[cfg(test)]
mod tests {
    use harness::doctor::State;

    use super::{Paint, warnings};

    #[test]
    fn colour_is_for_terminals_whose_owner_wants_it() {
        let wanted = |terminal, no_color: Option<&str>, term: Option<&str>| {
            Paint::wanted(terminal, |name| if name == "TERM" { term } else { no_color }.map(Into::into))
        };
        assert!(wanted(true, None, Some("xterm")));
        assert!(wanted(true, Some(""), Some("xterm")));
        assert!(!wanted(true, Some("1"), Some("xterm")));
        assert!(!wanted(false, None, Some("xterm")));
        assert!(!wanted(true, None, Some("dumb")) && !wanted(true, None, None));
    }

    #[test]
    fn the_word_is_the_same_with_and_without_colour() {
        for state in [State::Fine, State::NotKnown, State::MaySpoil, State::Spoils] {
            let plain = Paint(false).state(state);
            assert_eq!(plain.trim_end(), state.name());
            assert!(Paint(true).state(state).contains(&plain));
        }
    }

    #[test]
    fn a_warning_is_one_line_that_says_what_is_spoilt_and_how_to_mend_it() {
        let warnings = warnings();
        assert_eq!(
            warnings.iter().any(|line| line.starts_with("build: debug")),
            cfg!(debug_assertions),
            "{warnings:?}"
        );
        for line in warnings {
            assert!(!line.contains('\n') && line.contains("; spoils ") && line.contains("; to mend it: "), "{line}");
        }
    }
}
