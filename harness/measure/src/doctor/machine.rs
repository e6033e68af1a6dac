//! The settings of the machine, and the program that measures.

use record::Environment;

use super::{NOT_TOLD, Now, State, Symptom};

/// Clocks that a program reads without a call into the kernel.
const QUICK_CLOCKS: [&str; 6] =
    ["tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page", "riscv_clocksource", "timebase"];
/// Processes and threads that the largest settings of a lesson start, with room for what else the user runs.
const PROCESSES: u64 = 512;
/// Files that they have open.
const FILES: u64 = 1024;

pub(super) fn symptoms(environment: &Environment, now: &Now) -> Vec<Symptom> {
    vec![
        hypervisor(environment),
        container(environment),
        preemption(environment),
        randomisation(environment),
        clock_source(environment),
        clock(now),
        second_process(now),
        processes(now),
        files(now),
        build(now),
        checkout(now),
        python(environment),
        thread_settings(environment),
    ]
}

fn hypervisor(environment: &Environment) -> Symptom {
    let (found, state) = match environment.hypervisor.as_deref() {
        None => ("none seen", State::Fine),
        Some("unnamed") => ("a guest of one that is not named", State::MaySpoil),
        Some(name) => (name, State::MaySpoil),
    };
    Symptom::new(
        "hypervisor",
        found,
        state,
        "round trips and faults: each may cost an exit to the host; and neighbours come and go",
    )
    .mend("nothing from inside; repeat the run, and compare ratios rather than times with another machine")
}

fn container(environment: &Environment) -> Symptom {
    let groups =
        environment.control_groups.as_deref().map_or_else(String::new, |groups| format!("control groups {groups}"));
    let found = match environment.container.as_deref() {
        None if groups.is_empty() => "none seen".to_owned(),
        None => format!("none seen; {groups}"),
        Some(name) => format!("{name}; {groups}"),
    };
    Symptom::new("container", found, State::Fine, "nothing by itself: its limits are in the lines on quota and memory")
}

fn preemption(environment: &Environment) -> Symptom {
    let (found, state) = match environment.preemption.as_deref() {
        None => (NOT_TOLD, State::NotKnown),
        Some(model) => (model, State::Fine),
    };
    Symptom::new(
        "preemption",
        found,
        state,
        "comparisons of round trips between machines: it moves them, on one machine for all alike",
    )
}

/// Full randomisation is wanted: a layout that repeats in every process is an effect that no repetition averages away.
fn randomisation(environment: &Environment) -> Symptom {
    let (found, state) = match environment.aslr.as_deref() {
        None => (NOT_TOLD, State::NotKnown),
        Some("2") => ("2, full", State::Fine),
        Some("0") => ("0, off", State::Spoils),
        Some(other) => (other, State::MaySpoil),
    };
    Symptom::new(
        "address randomisation",
        found,
        state,
        "every ratio: one layout, lucky or not, repeats in every process",
    )
    .mend_as_root("`sysctl kernel.randomize_va_space=2`, and no `setarch -R`")
}

fn clock_source(environment: &Environment) -> Symptom {
    let (found, state) = match environment.clock_source.as_deref() {
        None => (NOT_TOLD, State::NotKnown),
        Some(quick) if QUICK_CLOCKS.contains(&quick) => (quick, State::Fine),
        Some(slow) => (slow, State::Spoils),
    };
    Symptom::new("clock source", found, state, "short samples and counters' times: each reading is a call into the kernel, or to a slow device")
        .mend_as_root("`echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource`, if it is among the available ones")
}

fn clock(now: &Now) -> Symptom {
    let busy = now.busy.as_ref();
    let state = State::of_low(busy.map(|busy| busy.clock_cost_ns), 200.0, 1000.0);
    let found = busy.map_or(NOT_TOLD.to_owned(), |busy| {
        format!("a reading costs {:.0} ns, its smallest step is {} ns", busy.clock_cost_ns, busy.clock_step_ns)
    });
    Symptom::new("clock", found, state, "counters' times: every message is timed twice").mend("see the clock source")
}

fn second_process(now: &Now) -> Symptom {
    let (found, state) = match &now.second_process {
        None => ("not tried".to_owned(), State::NotKnown),
        Some(Ok(())) => ("can be started".to_owned(), State::Fine),
        Some(Err(why)) => (format!("cannot be started: {why}"), State::Spoils),
    };
    Symptom::new(
        "second process",
        found,
        state,
        "everything: whatever is measured here is measured in a process of its own",
    )
    .mend("raise `pids.max` of the control group, `ulimit -u`, or what else the reason names")
}

fn most(count: Option<u64>) -> String {
    count.map_or(NOT_TOLD.to_owned(), |count| {
        if count == u64::MAX { "no limit".to_owned() } else { format!("{count} at most") }
    })
}

fn processes(now: &Now) -> Symptom {
    let state = State::of_high(now.most_processes, PROCESSES, 8);
    Symptom::new(
        "processes and threads",
        most(now.most_processes),
        state,
        "pools of many workers: one cannot be started",
    )
    .mend(format!("`ulimit -u {PROCESSES}`; root, if the hard limit is lower"))
}

fn files(now: &Now) -> Symptom {
    let state = State::of_high(now.most_files, FILES, 64);
    Symptom::new(
        "open files",
        most(now.most_files),
        state,
        "pools of many workers: each takes a few descriptors of its parent",
    )
    .mend(format!("`ulimit -n {FILES}`; root, if the hard limit is lower"))
}

fn build(now: &Now) -> Symptom {
    let (found, state) = match &now.program {
        None => (NOT_TOLD.to_owned(), State::NotKnown),
        Some(program) if program.build == "release" => (format!("release, {}", program.rustc), State::Fine),
        Some(program) => (format!("{}, {}", program.build, program.rustc), State::Spoils),
    };
    Symptom::new("build", found, state, "everything: code that is not optimised has other costs")
        .mend("`cargo lab`, which builds for release")
}

fn checkout(now: &Now) -> Symptom {
    let told = now.program.as_ref().and_then(|program| program.revision.as_deref().zip(program.dirty));
    let (found, state) = match told {
        None => ("no checkout that git knows, or no git".to_owned(), State::NotKnown),
        Some((revision, false)) => (short(revision), State::Fine),
        Some((revision, true)) => (format!("{} and changes", short(revision)), State::MaySpoil),
    };
    Symptom::new("checkout", found, state, "the record: no revision tells what was measured")
        .mend("commit or stash the changes")
}

fn short(revision: &str) -> String {
    revision.chars().take(12).collect()
}

fn python(environment: &Environment) -> Symptom {
    let found = match (&environment.python, &environment.numpy) {
        (None, _) => "no python3 answers".to_owned(),
        (Some(python), None) => format!("{python} without NumPy"),
        (Some(python), Some(numpy)) => format!("{python} with NumPy {numpy}"),
    };
    Symptom::new("python3", found, State::Fine, "nothing in Rust's lane")
}

fn thread_settings(environment: &Environment) -> Symptom {
    let settings = &environment.thread_settings;
    let shown: Vec<String> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let state = if settings.contains_key("RAYON_NUM_THREADS") { State::MaySpoil } else { State::Fine };
    let found = if shown.is_empty() { "none set".to_owned() } else { shown.join(" ") };
    Symptom::new(
        "thread settings",
        found,
        state,
        "comparisons with rayon: it has as many threads as it is told, not as there are cores",
    )
    .mend("`unset RAYON_NUM_THREADS`")
}
