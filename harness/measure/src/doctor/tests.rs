//! Made-up machines: each symptom on, off and not known.

use std::collections::BTreeMap;
use std::time::Duration;

use record::{Environment, Profile, Program};

use super::{Busy, Need, Now, State, Symptom, can_measure, examine, size};

mod testable;

const GIB: u64 = 1 << 30;

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// A machine on which nothing spoils anything.
fn sound() -> Environment {
    Environment {
        cpu: "Example CPU".to_owned(),
        cores: 4,
        usable_cores: 4,
        affinity: text("0-3"),
        smt: Some(false),
        control_groups: text("v2"),
        numa_nodes: Some(1),
        memory_bytes: 16 * GIB,
        available_bytes: 8 * GIB,
        swap_bytes: Some(0),
        swap_used_bytes: Some(0),
        swappiness: Some(60),
        kernel: "6.1".to_owned(),
        preemption: text("full"),
        clock_source: text("tsc"),
        governor: text("performance"),
        frequency_khz: Some(3_000_000),
        frequency_max_khz: Some(3_500_000),
        boost: Some(false),
        huge_pages: text("madvise"),
        huge_pages_defrag: text("madvise"),
        aslr: text("2"),
        pipe_max_bytes: Some(1 << 20),
        load: Some(0.1),
        runnable: Some(1),
        blocked: Some(0),
        steal_ticks: Some(0),
        python: text("3.11.7"),
        numpy: text("2.4.6"),
        ..Environment::default()
    }
}

fn quiet() -> Busy {
    Busy {
        interval: Duration::from_secs(1),
        cores: 4,
        got: 0.99,
        others: Some(0.01),
        stolen: Some(0.0),
        throttled: None,
        longest_pause: Duration::from_millis(2),
        clock_cost_ns: 25.0,
        clock_step_ns: 20,
        frequency_khz: Some(3_400_000),
    }
}

fn program(build: &str, dirty: Option<bool>) -> Option<Program> {
    let revision = dirty.map(|_| "0123456789abcdef".to_owned());
    Some(Program { revision, dirty, build: build.to_owned(), ..crate::program::built("0.1.0") })
}

fn calm() -> Now {
    Now {
        program: program("release", Some(false)),
        busy: Some(quiet()),
        second_process: Some(Ok(())),
        on_battery: Some(false),
        disk_free_bytes: Some(100 * GIB),
        shm_free_bytes: Some(8 * GIB),
        most_processes: Some(u64::MAX),
        most_files: Some(1024),
        perf_event_paranoid: Some(2),
        hardware_counters: Some(true),
        drops_page_cache: Some(true),
    }
}

fn need(profile: Profile, note: Option<&str>, starved: &[&'static str]) -> Need {
    Need { lesson: "a_lesson", profile, bytes: 3 * GIB, note: note.map(str::to_owned), starved: starved.to_vec() }
}

/// What is found of `what`.
#[track_caller]
fn symptom(what: &str, environment: &Environment, now: &Now) -> Symptom {
    let mut found = examine(environment, now, &[]);
    found.retain(|symptom| symptom.what == what);
    assert_eq!(found.len(), 1, "{what}");
    found.remove(0)
}

#[track_caller]
fn check(what: &str, state: State, found: &str, environment: &Environment, now: &Now) {
    let symptom = symptom(what, environment, now);
    assert_eq!(symptom.state, state, "{symptom:?}");
    assert!(symptom.found.contains(found), "'{found}' is missing in {symptom:?}");
}

/// The sound machine with one thing changed.
#[track_caller]
fn check_machine(what: &str, state: State, found: &str, change: impl FnOnce(&mut Environment)) {
    let mut environment = sound();
    change(&mut environment);
    check(what, state, found, &environment, &calm());
}

/// The calm moment with one thing changed.
#[track_caller]
fn check_moment(what: &str, state: State, found: &str, change: impl FnOnce(&mut Now)) {
    let mut now = calm();
    change(&mut now);
    check(what, state, found, &sound(), &now);
}

#[track_caller]
fn check_busy(what: &str, state: State, found: &str, change: impl FnOnce(&mut Busy)) {
    check_moment(what, state, found, |now| change(now.busy.as_mut().unwrap()));
}

#[test]
fn on_a_sound_machine_everything_is_fine() {
    let symptoms = examine(&sound(), &calm(), &[]);
    let not_fine: Vec<_> = symptoms.iter().filter(|symptom| symptom.state != State::Fine).collect();
    assert!(not_fine.is_empty(), "{not_fine:?}");
    assert!(symptoms.iter().all(|symptom| symptom.mend.is_none() && !symptom.needs_root));
}

/// Nothing told is no good news: what cannot be read must not pass for fine, but for what is absent where all is well.
#[test]
fn what_nobody_tells_is_not_known() {
    let symptoms = examine(&Environment::default(), &Now::default(), &[]);
    let fine: Vec<&str> =
        symptoms.iter().filter(|symptom| symptom.state == State::Fine).map(|symptom| symptom.what).collect();
    let absent = ["quota", "throttling", "memory limit", "hypervisor", "container", "python3", "thread settings"];
    assert_eq!(fine, absent);
    assert!(symptoms.iter().all(|symptom| symptom.state <= State::NotKnown && symptom.mend.is_none()));
}

#[test]
fn each_line_has_a_name_of_its_own_and_whatever_is_not_fine_says_how_to_mend_it() {
    let symptoms = examine(&spoiled(), &troubled(), &[need(Profile::Quick, None, &["pool"])]);
    let names: std::collections::BTreeSet<&str> = symptoms.iter().map(|symptom| symptom.what).collect();
    assert_eq!(names.len(), symptoms.len());
    for symptom in symptoms {
        assert!(!symptom.found.is_empty() && !symptom.spoils.is_empty(), "{symptom:?}");
        let plain = ["container", "preemption", "python3", "memory limit"].contains(&symptom.what);
        assert_eq!(symptom.state >= State::MaySpoil, !plain, "{symptom:?}");
        assert_eq!(symptom.mend.is_some(), !plain, "{symptom:?}");
    }
}

/// A machine on which everything is as it should not be.
fn spoiled() -> Environment {
    Environment {
        usable_cores: 1,
        affinity: text("2"),
        smt: Some(true),
        quota_cores: Some(1.5),
        numa_nodes: Some(2),
        available_bytes: 1,
        memory_limit_bytes: Some(GIB),
        swap_bytes: Some(GIB),
        swap_used_bytes: Some(GIB / 2),
        clock_source: text("hpet"),
        governor: text("powersave"),
        hypervisor: text("KVM"),
        container: text("docker"),
        boost: Some(true),
        huge_pages: text("always"),
        huge_pages_defrag: text("always"),
        aslr: text("0"),
        pipe_max_bytes: Some(4096),
        load: Some(4.0),
        python: None,
        thread_settings: BTreeMap::from([("RAYON_NUM_THREADS".to_owned(), "1".to_owned())]),
        ..sound()
    }
}

fn troubled() -> Now {
    Now {
        program: program("debug", Some(true)),
        busy: Some(Busy {
            others: Some(0.5),
            stolen: Some(0.5),
            throttled: Some(3),
            longest_pause: Duration::from_millis(90),
            clock_cost_ns: 2000.0,
            frequency_khz: Some(800_000),
            ..quiet()
        }),
        second_process: Some(Err("no".to_owned())),
        on_battery: Some(true),
        disk_free_bytes: Some(1),
        shm_free_bytes: Some(1),
        most_processes: Some(1),
        most_files: Some(1),
        ..calm()
    }
}

#[test]
fn who_else_works_spoils() {
    check_machine("load", State::MaySpoil, "1.00 on 4 cores", |machine| machine.load = Some(1.0));
    check_machine("load", State::MaySpoil, "4.00 on 4 cores", |machine| machine.load = Some(4.0));
    let (mut machine, mut now) = (sound(), calm());
    machine.load = Some(4.0);
    machine.runnable = Some(6);
    now.busy = None;
    check("load", State::Spoils, "5 other threads want to run", &machine, &now);
    check_busy("other processes", State::MaySpoil, "5.0 % of the machine over 1.0 s", |busy| busy.others = Some(0.05));
    check_busy("other processes", State::Spoils, "50.0 %", |busy| busy.others = Some(0.5));
    check_busy("stolen time", State::MaySpoil, "2.0 %", |busy| busy.stolen = Some(0.02));
    check_busy("stolen time", State::Spoils, "7.0 %", |busy| busy.stolen = Some(0.07));
    check_busy("pauses", State::MaySpoil, "25.0 ms at most", |busy| busy.longest_pause = Duration::from_millis(25));
}

#[test]
fn a_quota_spoils_below_two_cores_and_when_it_is_used_up() {
    check_machine("quota", State::Spoils, "0.5 cores", |machine| machine.quota_cores = Some(0.5));
    check_machine("quota", State::MaySpoil, "3 cores", |machine| machine.quota_cores = Some(3.0));
    check_busy("throttling", State::Spoils, "in 4 periods", |busy| busy.throttled = Some(4));
    check_busy("throttling", State::Fine, "never", |busy| busy.throttled = Some(0));
    check_machine("throttling", State::NotKnown, "not told", |machine| machine.quota_cores = Some(3.0));
}

#[test]
fn fewer_cores_than_the_machine_has_are_laid_to_affinity_only_if_no_quota_explains_them() {
    let pinned = |machine: &mut Environment| (machine.affinity, machine.usable_cores) = (text("1"), 1);
    check_machine("affinity", State::MaySpoil, "cores 1 of 4 online", pinned);
    let quota = |machine: &mut Environment| (machine.quota_cores, machine.usable_cores) = (Some(1.5), 2);
    check_machine("affinity", State::Fine, "cores 0-3 of 4 online", quota);
}

#[test]
fn cores_that_do_not_run_steadily_may_spoil() {
    check_machine("SMT", State::MaySpoil, "share a core", |machine| machine.smt = Some(true));
    check_machine("NUMA nodes", State::MaySpoil, "2", |machine| machine.numa_nodes = Some(2));
    check_machine("governor", State::MaySpoil, "schedutil", |machine| machine.governor = text("schedutil"));
    check_machine("turbo", State::MaySpoil, "on", |machine| machine.boost = Some(true));
    check_busy("frequency", State::MaySpoil, "1.20 GHz of 3.50 GHz", |busy| busy.frequency_khz = Some(1_200_000));
    // A core that has not worked yet may be slow.
    let (mut machine, mut now) = (sound(), calm());
    machine.frequency_khz = Some(800_000);
    now.busy = None;
    check("frequency", State::Fine, "0.80 GHz", &machine, &now);
    check_moment("power", State::Spoils, "battery", |now| now.on_battery = Some(true));
}

#[test]
fn memory_is_held_against_what_the_lessons_need() {
    let state = |need: Need| {
        let symptoms = examine(&sound(), &calm(), &[need]);
        let found = symptoms.into_iter().find(|symptom| symptom.what == "memory available").unwrap();
        (found.state, found.found)
    };
    let (fine, found) = state(need(Profile::Standard, None, &[]));
    assert_eq!((fine, found.as_str()), (State::Fine, "8.0 GiB; the most that is needed: standard 3.0 GiB (a_lesson)"));
    assert_eq!(state(need(Profile::Standard, Some("smaller"), &[])).0, State::MaySpoil);
    assert_eq!(state(need(Profile::Quick, None, &["pool"])).0, State::Spoils);
    // That the posts' own sizes are too large is said where it is said what is not testable.
    assert_eq!(state(need(Profile::Post, Some("smaller"), &["pool"])).0, State::Fine);
}

#[test]
fn rooms_that_are_small_or_uneven_spoil() {
    let swap = |used: u64| {
        move |machine: &mut Environment| (machine.swap_bytes, machine.swap_used_bytes) = (Some(GIB), Some(used))
    };
    check_machine("swap", State::MaySpoil, "1.0 GiB of 1.0 GiB in use, swappiness 60", swap(GIB));
    check_machine("swap", State::Fine, "1 MiB of 1.0 GiB", swap(1 << 20));
    check_machine("huge pages", State::MaySpoil, "always", |machine| machine.huge_pages = text("always"));
    check_machine("huge pages, defrag", State::MaySpoil, "always", |machine| {
        machine.huge_pages_defrag = text("always")
    });
    check_machine("largest pipe", State::MaySpoil, "64 KiB", |machine| machine.pipe_max_bytes = Some(64 << 10));
    check_moment("/dev/shm", State::MaySpoil, "64 MiB free", |now| now.shm_free_bytes = Some(64 << 20));
    check_moment("disk for records", State::Spoils, "1 MiB free", |now| now.disk_free_bytes = Some(1 << 20));
    check_moment("disk for records", State::MaySpoil, "512 MiB", |now| now.disk_free_bytes = Some(GIB / 2));
}

#[test]
fn settings_of_the_machine_and_the_program_spoil() {
    check_machine("address randomisation", State::Spoils, "off", |machine| machine.aslr = text("0"));
    check_machine("address randomisation", State::MaySpoil, "1", |machine| machine.aslr = text("1"));
    check_machine("clock source", State::Spoils, "acpi_pm", |machine| machine.clock_source = text("acpi_pm"));
    check_machine("clock source", State::Fine, "kvm-clock", |machine| machine.clock_source = text("kvm-clock"));
    check_busy("clock", State::MaySpoil, "300 ns", |busy| busy.clock_cost_ns = 300.0);
    check_machine("hypervisor", State::MaySpoil, "not named", |machine| machine.hypervisor = text("unnamed"));
    check_moment("processes and threads", State::MaySpoil, "100 at most", |now| now.most_processes = Some(100));
    check_moment("open files", State::MaySpoil, "256 at most", |now| now.most_files = Some(256));
    check_moment("build", State::Spoils, "debug", |now| now.program = program("debug", Some(false)));
    check_moment("checkout", State::MaySpoil, "0123456789ab and changes", |now| {
        now.program = program("release", Some(true))
    });
    check_moment("checkout", State::NotKnown, "no git", |now| now.program = program("release", None));
    check_machine("python3", State::Fine, "3.11.7 without NumPy", |machine| machine.numpy = None);
    let one = BTreeMap::from([("OMP_NUM_THREADS".to_owned(), "1".to_owned())]);
    check_machine("thread settings", State::Fine, "OMP_NUM_THREADS=1", |machine| machine.thread_settings = one);
}

#[test]
fn a_machine_without_a_second_process_cannot_measure() {
    let mut now = calm();
    assert!(can_measure(&now));
    now.second_process = Some(Err("no more".to_owned()));
    assert!(!can_measure(&now));
    check("second process", State::Spoils, "cannot be started: no more", &sound(), &now);
}

#[test]
fn sizes_are_shown_with_few_digits() {
    let shown = [0, 1024, 1 << 20, 1536 << 20, 8 * GIB].map(size);
    assert_eq!(shown, ["0 KiB", "1 KiB", "1 MiB", "1.5 GiB", "8.0 GiB"]);
}
