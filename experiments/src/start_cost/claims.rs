//! The checks of the claims that this lesson judges: a few lines each, over intervals, counters and facts.

use harness::evidence::shown;
use harness::verdict::{inverse, judge, judge_behaviour, judge_count};
use harness::{Check, Evidence, Finding, statistics};
use multiprocess::StartMethod;
use record::{Claim, Interval, VariantResult, Verdict};

pub(super) const CHECKS: &[Check] = &[
    Check { claim: "performance.fork-inherits", judge: fork_inherits },
    Check { claim: "performance.fork-default-ends", judge: fork_default_ends },
    Check { claim: "cpu.spawn-cost", judge: spawn_cost },
    Check { claim: "cpu.two-processes-three-seconds", judge: two_processes },
    Check { claim: "cpu.threads-would-take-six", judge: two_threads },
    Check { claim: "cpu.daemon-dies", judge: daemon_dies },
    Check { claim: "cpu.daemon-cannot-join", judge: daemon_cannot_join },
    Check { claim: "tuning.startup-reuse", judge: startup_reuse },
];

/// Shorter tasks than this are no longer the post's: a start and a switch of the lock would be a visible part of them.
const SHORTEST_TASK_MS: u64 = 50;

/// What the post starts, and how long each of them computes.
const POSTED_TASKS: u64 = 2;
const POSTED_MS: u64 = 3_000;

/// Nothing is serialised in either direction for what the child reads.
fn fork_inherits(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "bytes serialised for data that a forked child reads";
    let rows: Vec<&VariantResult> = evidence.results("inherited").collect();
    let bytes: Vec<u64> = rows.iter().map(|row| row.counters.dumps.bytes + row.counters.writes.bytes).collect();
    let Some(typical) = evidence.typical("inherited") else { return Finding::not_measured(quantity) };
    let fact = |name: &str| typical.facts.get(name).copied().unwrap_or(0);
    let most = bytes.iter().max().copied().unwrap_or(0);
    let mib = fact("data_bytes") >> 20;
    let sent = evidence.typical("sent").map_or(String::new(), |sent| {
        format!("; as an argument of a spawned process the same data is {} bytes", sent.counters.dumps.bytes)
    });
    let because = format!(
        "the child read {mib} MiB, and {most} bytes were serialised{sent}. It costs later: reading took {} page faults, the first write to each of \
         {} pages {}, the second {}{}",
        fact("read_faults"),
        fact("pages"),
        fact("write_faults"),
        fact("rewrite_faults"),
        forks_by_memory(evidence).unwrap_or_default(),
    );
    if fact("data_bytes") == 0 {
        return Finding::of_count(
            Verdict::NotTestableHere,
            quantity,
            rows.len(),
            "there was no data to inherit".to_owned(),
        );
    }
    Finding::of_count(judge_count(&bytes, 0), quantity, rows.len(), because)
}

/// A fork with the least and with the most memory resident, in words.
fn forks_by_memory(evidence: &Evidence<'_>) -> Option<String> {
    let series = |name: &str| evidence.typical("resident")?.series.get(name);
    let (sizes, times) = (series("resident_bytes")?, series("fork_ns")?);
    let (small, large) = (sizes.first()?, sizes.last()?);
    let (fast, slow) = (ms(*times.first()?), ms(*times.last()?));
    Some(format!("; a fork takes {fast} ms with {} MiB resident, and {slow} ms with {} MiB", small >> 20, large >> 20))
}

/// Milliseconds with two digits.
fn ms(ns: u64) -> String {
    format!("{:.2}", ns as f64 / 1e6)
}

/// A statement about an interpreter, which no measurement of ours can test.
fn fork_default_ends(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let found = match &evidence.summary.environment.python {
        Some(version) => format!("the python3 here is {version}"),
        None => "no python3 here has told its version".to_owned(),
    };
    let because = format!(
        "it is about CPython's default, and this lane runs Rust: a lane that runs CPython 3.14 or later would ask it, by \
         multiprocessing.get_start_method(); {found}"
    );
    Finding::of_count(Verdict::NotTestableHere, "default start method", 0, because)
}

/// A time of the post's machine, shown beside ours.
fn spawn_cost(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "start and join, without the call";
    let Some(call) = evidence.time("serial") else { return Finding::not_measured(quantity) };
    let each: Vec<String> = ["thread", "posix_spawn", "fork", "forkserver", "spawn"]
        .into_iter()
        .filter_map(|kind| {
            let us = (evidence.time(kind)?.mid - call.mid).max(0.0) / 1e3;
            Some(if us < 1e3 { format!("{kind} {us:.0} µs") } else { format!("{kind} {:.1} ms", us / 1e3) })
        })
        .collect();
    let n = evidence.time("spawn").map_or(0, |time| time.n);
    let because = format!(
        "the post's 10 to 50 ms are of its machine and its interpreter, which a process has to start as well; here, in Rust: {}",
        each.join(", ")
    );
    Finding::of_count(Verdict::NotTestableHere, quantity, n, because)
}

/// Wall time by the time of a task, over all subjects of a variant.
fn by_task_time(evidence: &Evidence<'_>, variant: &str) -> Option<Interval> {
    let ratio = |row: &VariantResult| Some(*row.facts.get("wall_ns")? as f64 / *row.facts.get("task_ns")? as f64);
    let ratios: Vec<f64> = evidence.results(variant).filter_map(ratio).collect();
    statistics::mean_interval(&ratios)
}

/// How much the tasks of a variant do together, in the time of one, by what one process does alone in that time.
fn work(evidence: &Evidence<'_>, variant: &str, wall: Interval) -> Option<f64> {
    evidence.ratio(variant).map(|ratio| inverse(ratio).mid * wall.mid)
}

/// Why this run's tasks are not the post's.
fn not_the_posts(evidence: &Evidence<'_>) -> Option<String> {
    let (tasks, ms) = (evidence.param("workers")?, evidence.param("task_ms")?);
    if tasks != POSTED_TASKS {
        return Some(format!("the post has {POSTED_TASKS} tasks, and this run {tasks}; "));
    }
    (ms < SHORTEST_TASK_MS).then(|| format!("tasks of {ms} ms are too short to tell a start from a task; "))
}

/// The two claims on tasks that look at the clock: `in_words` turns wall time and work into a sentence.
fn tasks(claim: &Claim, evidence: &Evidence<'_>, variant: &str, in_words: fn(Interval, f64, u64) -> String) -> Finding {
    let quantity = format!("{variant}: wall time / task time");
    let Some(wall) = by_task_time(evidence, variant) else { return Finding::not_measured(&quantity) };
    let Some(work) = work(evidence, variant, wall) else { return Finding::not_measured(&quantity) };
    let because = in_words(wall, work, evidence.param("workers").unwrap_or(POSTED_TASKS));
    let task_ms = evidence.param("task_ms").unwrap_or(0);
    let shorter = format!("with tasks of {task_ms} ms in place of {POSTED_MS}: {because}");
    let (verdict, because) = match not_the_posts(evidence) {
        Some(why) => (Verdict::NotTestableHere, format!("{why}{because}")),
        None if task_ms >= POSTED_MS => (judge(Some(wall), &claim.band), because),
        // A start and a wait for a core are a larger part of a shorter task: they lengthen it, and never shorten it.
        None if wall.high > 1.1 => {
            (Verdict::Inconclusive, format!("{shorter}. What is added to a task weighs less in the post's"))
        }
        None => (judge(Some(wall), &claim.band), shorter),
    };
    Finding::of_interval(verdict, &quantity, Some(wall), because)
}

fn two_processes(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    tasks(claim, evidence, "two_processes", |wall, work, _| {
        format!(
            "the wall time is {} times a task's, as each task stops when that time has passed; together they do {work:.2} times \
             the work of one alone, and that is what is gained",
            shown(wall)
        )
    })
}

fn two_threads(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    tasks(claim, evidence, "two_threads_gil", |wall, work, tasks| {
        format!(
            "under the lock the wall time is {} times a task's and not {tasks} times, as the clock goes on while a task waits for the lock; but \
             together the threads do {work:.2} times the work of one alone, so that a fixed amount of work for each would take {:.1} times as \
             long: in what the post means it is right, in the time of its program it is not",
            shown(wall),
            tasks as f64 / work
        )
    })
}

/// What daemons did when their parent ended so, over all methods: gone, of how many.
fn gone(evidence: &Evidence<'_>, how: &str) -> Option<(u64, u64)> {
    let sum = |method: StartMethod| evidence.fact_sum("daemons", &format!("{}_{how}_gone", method.name()));
    let gone: u64 = StartMethod::ALL.into_iter().map(sum).sum::<Option<u64>>()?;
    Some((gone, evidence.fact_sum("daemons", "trials")? * StartMethod::ALL.len() as u64))
}

fn daemon_dies(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "daemons gone / parents that came to their end";
    let [Some(returned), Some(left), Some(killed)] = ["returned", "left", "killed"].map(|how| gone(evidence, how))
    else {
        return Finding::not_measured(quantity);
    };
    if returned.1 == 0 {
        return Finding::not_measured(quantity);
    }
    let plain = evidence.fact_sum("orphans", "lived_on").zip(evidence.fact_sum("orphans", "trials"));
    let plain = plain.map_or(String::new(), |(lived, trials)| {
        format!(
            "; that is this runtime's doing, by its lifeline: of plain children, without one, {lived} of {trials} outlived a parent that was \
             killed, as CPython's daemons do, which nobody is left to terminate"
        )
    });
    let of = |(gone, trials): (u64, u64)| format!("{gone} of {trials}");
    let because = format!(
        "by fork, forkserver and spawn: of parents whose program ended {} daemons were gone, of those that left without a word {}, of those \
         killed by SIGKILL {}{plain}",
        of(returned),
        of(left),
        of(killed)
    );
    let rate = statistics::proportion_interval(returned.0, returned.1);
    Finding::of_share(judge_behaviour(returned.0, returned.1), quantity, rate, because)
}

/// One join that works contradicts it.
fn daemon_cannot_join(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "joins of a daemon that failed / joins";
    let sum = |name| evidence.fact_sum("join_daemon", name);
    let facts = ["trials", "joined", "waited", "terminated", "killed"].map(sum);
    let [Some(trials), Some(joined), Some(waited), Some(terminated), Some(killed)] = facts else {
        return Finding::not_measured(quantity);
    };
    let failed = trials.saturating_sub(joined);
    let because = format!(
        "{joined} of {trials} daemons were joined when they had ended by themselves, and their results were there; a daemon that goes on makes \
         join wait ({waited} of {} waits), and is joined once it was ended: {terminated} of {trials} by SIGTERM, {killed} of {trials} by \
         SIGKILL",
        2 * trials
    );
    Finding::of_share(
        judge_behaviour(failed, trials),
        quantity,
        statistics::proportion_interval(failed, trials),
        because,
    )
}

fn startup_reuse(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "pool_per_map / pool_reused";
    let ratio = evidence.ratio_between("pool_per_map", "pool_reused");
    let (Some(ratio), Some(maps)) = (ratio, evidence.fact("pool_reused", "maps")) else {
        return Finding::not_measured(quantity);
    };
    let processes = |variant| evidence.fact(variant, "processes").unwrap_or(0);
    let because = format!(
        "a pool for each of {maps} maps takes {} times one pool for all of them, whose start is measured too; {} processes are started, and {}",
        shown(ratio),
        processes("pool_per_map"),
        processes("pool_reused")
    );
    Finding::of_interval(judge(Some(ratio), &claim.band), quantity, Some(ratio), because)
}
