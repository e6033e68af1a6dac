//! Who else wants the processor, how much of it is ours, and how steadily it runs.

use std::time::Duration;

use record::Environment;

use super::{Busy, NOT_TOLD, Now, State, Symptom, percent};

/// Pauses from here on are of the length of a turn of somebody else on the core.
const LONG_PAUSE: Duration = Duration::from_millis(20);
/// Below this share of its highest frequency a working core is held back.
const HELD_BACK: f64 = 0.7;

pub(super) fn symptoms(environment: &Environment, now: &Now) -> Vec<Symptom> {
    let busy = now.busy.as_ref();
    vec![
        load(environment, busy),
        others(busy),
        stolen(busy),
        pauses(busy),
        affinity(environment),
        quota(environment),
        throttled(environment, busy),
        threads_per_core(environment),
        nodes(environment),
        governor(environment),
        frequency(environment, busy),
        boost(environment),
        battery(now),
    ]
}

/// How long was looked, in words.
fn over(busy: Option<&Busy>) -> String {
    busy.map_or_else(String::new, |busy| {
        let cores = if busy.cores == 1 { "1 core".to_owned() } else { format!("{} cores", busy.cores) };
        format!(" over {:.1} s of work on {cores}", busy.interval.as_secs_f64())
    })
}

fn load(environment: &Environment, busy: Option<&Busy>) -> Symptom {
    let share = environment.load.map(|load| load / f64::from(environment.cores.max(1)));
    let quiet_now = busy.and_then(|busy| busy.others).is_some_and(|others| others < 0.02);
    let state = match State::of_low(share, 0.2, 0.5) {
        // An average of a minute remembers what has ended since.
        State::Spoils if quiet_now => State::MaySpoil,
        state => state,
    };
    let others = environment.runnable.map_or_else(String::new, |count| {
        format!(
            ", {} other threads want to run, {} wait for a disk",
            count.saturating_sub(1),
            environment.blocked.unwrap_or(0)
        )
    });
    let found = environment
        .load
        .map_or(NOT_TOLD.to_owned(), |load| format!("{load:.2} on {} cores{others}", environment.cores));
    Symptom::new("load", found, state, "all times: whoever works takes turns on the cores and empties the caches")
        .mend("end what else is running (`top` shows it), wait a minute, look again")
}

fn others(busy: Option<&Busy>) -> Symptom {
    let share = busy.and_then(|busy| busy.others);
    let found = share.map_or(NOT_TOLD.to_owned(), |share| format!("{} of the machine{}", percent(share), over(busy)));
    Symptom::new("other processes", found, State::of_low(share, 0.03, 0.1), "all times, and speed-ups most of all")
        .mend("end what else is running (`top` shows it)")
}

fn stolen(busy: Option<&Busy>) -> Symptom {
    let share = busy.and_then(|busy| busy.stolen);
    let found = share.map_or(NOT_TOLD.to_owned(), |share| format!("{} of the machine{}", percent(share), over(busy)));
    Symptom::new(
        "stolen time",
        found,
        State::of_low(share, 0.01, 0.05),
        "all times: the hypervisor lets other guests run",
    )
    .mend("measure at another hour, or on a machine whose cores are not shared")
}

fn pauses(busy: Option<&Busy>) -> Symptom {
    let longest = busy.map(|busy| busy.longest_pause);
    let state = match longest {
        None => State::NotKnown,
        Some(pause) if pause >= LONG_PAUSE => State::MaySpoil,
        Some(_) => State::Fine,
    };
    let found = longest.map_or(NOT_TOLD.to_owned(), |pause| {
        let got = busy.map_or(0.0, |busy| busy.got);
        format!("{:.1} ms at most, {} of the time was ours{}", pause.as_secs_f64() * 1e3, percent(got), over(busy))
    });
    Symptom::new("pauses", found, state, "single samples: a core that wanted to work stood still")
        .mend("find who takes the core: other processes, a quota, or the hypervisor, as the lines around this one say")
}

fn affinity(environment: &Environment) -> Symptom {
    let (cores, usable) = (environment.cores, environment.usable_cores);
    let quota_binds = environment.quota_cores.is_some_and(|quota| quota.ceil() <= f64::from(usable));
    let narrower = usable < cores && !quota_binds;
    let state = match environment.affinity {
        None => State::NotKnown,
        Some(_) if narrower => State::MaySpoil,
        Some(_) => State::Fine,
    };
    let found =
        environment.affinity.as_ref().map_or(NOT_TOLD.to_owned(), |list| format!("cores {list} of {cores} online"));
    let all = format!("0-{}", cores.saturating_sub(1));
    Symptom::new(
        "affinity",
        found,
        state,
        "speed-ups: there are as many workers as usable cores, fewer than the machine has",
    )
    .mend(format!("`taskset -pc {all} $$` in the shell that measures; in a container, its `--cpuset-cpus`"))
}

fn quota(environment: &Environment) -> Symptom {
    let (found, state) = match environment.quota_cores {
        None => ("none".to_owned(), State::Fine),
        Some(quota) if quota < 2.0 => (format!("{quota} cores"), State::Spoils),
        Some(quota) => (format!("{quota} cores"), State::MaySpoil),
    };
    Symptom::new(
        "quota",
        found,
        state,
        "everything parallel: whoever has used it up stands still until the next period",
    )
    .mend_as_root(
        "`docker run --cpus N` or `systemctl set-property --runtime UNIT CPUQuota=`, for the group around this process",
    )
}

fn throttled(environment: &Environment, busy: Option<&Busy>) -> Symptom {
    let periods = busy.and_then(|busy| busy.throttled);
    let (found, state) = match (periods, environment.quota_cores) {
        (Some(0), _) => (format!("never{}", over(busy)), State::Fine),
        (Some(periods), _) => (format!("in {periods} periods{}", over(busy)), State::Spoils),
        (None, None) => ("no quota".to_owned(), State::Fine),
        (None, Some(_)) => (NOT_TOLD.to_owned(), State::NotKnown),
    };
    Symptom::new("throttling", found, state, "all times: all processes of the group stood still together")
        .mend_as_root("raise the quota, as above")
}

fn threads_per_core(environment: &Environment) -> Symptom {
    let (found, state) = match environment.smt {
        None => (NOT_TOLD, State::NotKnown),
        Some(true) => ("two hardware threads share a core", State::MaySpoil),
        Some(false) => ("off, or one thread per core", State::Fine),
    };
    Symptom::new("SMT", found, state, "speed-ups: two workers on one core are no two cores")
        .mend_as_root("`echo off > /sys/devices/system/cpu/smt/control`")
}

fn nodes(environment: &Environment) -> Symptom {
    let state = match environment.numa_nodes {
        None => State::NotKnown,
        Some(0 | 1) => State::Fine,
        Some(_) => State::MaySpoil,
    };
    let found = environment.numa_nodes.map_or(NOT_TOLD.to_owned(), |nodes| format!("{nodes}"));
    Symptom::new("NUMA nodes", found, state, "bandwidths and shared memory: another node's memory is farther away")
        .mend("`numactl --cpunodebind=0 --membind=0 cargo lab bench`")
}

fn governor(environment: &Environment) -> Symptom {
    let state = match environment.governor.as_deref() {
        None => State::NotKnown,
        Some("performance") => State::Fine,
        Some(_) => State::MaySpoil,
    };
    let found = environment.governor.as_deref().unwrap_or(NOT_TOLD);
    Symptom::new("governor", found, state, "short samples and round trips: a core that has slept begins slowly")
        .mend_as_root("`cpupower frequency-set -g performance`")
}

fn frequency(environment: &Environment, busy: Option<&Busy>) -> Symptom {
    let now = busy.and_then(|busy| busy.frequency_khz).or(environment.frequency_khz);
    let most = environment.frequency_max_khz.filter(|most| *most > 0);
    let state = match now.zip(most) {
        None => State::NotKnown,
        // Before any work a core may be slow, and rightly.
        Some((now, most)) if busy.is_some() && (now as f64) < HELD_BACK * most as f64 => State::MaySpoil,
        Some(_) => State::Fine,
    };
    let ghz = |khz: u64| format!("{:.2} GHz", khz as f64 / 1e6);
    let of = most.map_or_else(|| ", its highest is not told".to_owned(), |most| format!(" of {}", ghz(most)));
    let found = now.map_or(NOT_TOLD.to_owned(), |now| format!("{}{of}", ghz(now)));
    Symptom::new(
        "frequency",
        found,
        state,
        "all times: a core that is hot or saves energy runs slower, and not steadily",
    )
    .mend("mains power, air, and no energy-saving mode; see the governor")
}

fn boost(environment: &Environment) -> Symptom {
    let (found, state) = match environment.boost {
        None => (NOT_TOLD, State::NotKnown),
        Some(true) => ("on", State::MaySpoil),
        Some(false) => ("off", State::Fine),
    };
    Symptom::new("turbo", found, state, "speed-ups: one core alone runs faster than each of many").mend_as_root(
        "`echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo` or `echo 0 > /sys/devices/system/cpu/cpufreq/boost`",
    )
}

fn battery(now: &Now) -> Symptom {
    let (found, state) = match now.on_battery {
        None => ("no supply is told of", State::NotKnown),
        Some(true) => ("battery", State::Spoils),
        Some(false) => ("mains", State::Fine),
    };
    Symptom::new("power", found, state, "all times: on battery the frequency is held down and changes")
        .mend("plug it in")
}
