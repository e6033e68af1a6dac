//! Invented data in realistic proportions, for tests alone.

mod big_queue;
mod chunksize;
mod fork_trap;
mod gil_primes;
mod limits;

use std::collections::BTreeMap;

use record::{
    Band, Claim, Counters, Environment, Interval, Judgement, KnownRatio, Ledger, LessonInfo, LessonPlan, LessonSummary,
    Mark, Outliers, ParameterInfo, Params, Post, ProcessReport, Profile, Program, Stated, Traffic, Tried, VariantInfo,
    VariantResult, VariantSummary, Verdict,
};

use crate::{Shelf, Shelved};

mod convolution;
mod traced;

/// Name, ratio to the baseline, tasks, dumps of the object in the parent.
const VARIANTS: [(&str, f64, u64, u64); 10] = [
    ("serial", 1.0, 0, 0),
    ("pool_bound_method", 35.0, 32, 32),
    ("pool_bound_method_spawn", 34.0, 32, 32),
    ("pool_free_function", 0.8, 32, 0),
    ("pool_initializer_global", 1.1, 32, 0),
    ("pool_initializer_global_spawn", 4.0, 32, 8),
    ("pool_encapsulated_initializer", 1.1, 32, 0),
    ("pool_fork_inherited", 0.9, 32, 0),
    ("pool_checksum_only", 0.6, 32, 0),
    ("threads", 0.6, 0, 0),
];
const SERIAL_NS: f64 = 200e6;
const WORKERS: u64 = 8;

/// A lesson that was measured and one that was not, a ledger of both and of one to come.
pub(crate) fn shelf() -> Shelf {
    Shelf {
        ledger: ledger(),
        lessons: vec![bound_method(), big_queue()],
        judgements: judgements(),
        trust: trust(),
        model: None,
    }
}

/// The same with a second lane, eight times as slow and with ratios a fifth as large.
pub(crate) fn shelf_with_two_lanes() -> Shelf {
    let mut shelf = shelf();
    let summary = shelf.lessons[0].summary.as_mut().unwrap();
    for mut variant in summary.variants.clone() {
        variant.lane = "cpython-3.11".to_owned();
        variant.ratios.iter_mut().for_each(|ratio| *ratio = ratio.sqrt());
        variant.ratio = variant.ratio.map(|ratio| interval(ratio.mid.sqrt(), 0.03, ratio.n));
        summary.variants.push(variant);
    }
    shelf
}

/// Three known ratios in twelve runs each, of which one missed.
pub(crate) fn trust() -> Vec<KnownRatio> {
    let known = |(variant, truth): (&str, f64)| {
        let tried = |run: u32| {
            let wobble = f64::from((run * 7 + variant.len() as u32) % 11 + 1) * 0.001 - 0.006;
            let part = if (run, truth) == (9, 1.1) { 0.001 } else { 0.011 };
            let interval = interval(truth * (1.0 + wobble), part, 10);
            let tens = if run == 1 { vec![interval; 10] } else { Vec::new() };
            let run = format!("2025-03-{:02}T100000Z-standard-{run}", run);
            Tried { run, interval, hit: interval.holds(truth), tens }
        };
        KnownRatio { variant: variant.to_owned(), truth, runs: (1..=12).map(tried).collect() }
    };
    [("same", 1.0), ("tenth_more", 1.1), ("half_more", 1.5)].map(known).into()
}

/// The same lesson from a run that measured no limits, as old runs did not.
pub(crate) fn without_limits(mut lesson: Shelved) -> Shelved {
    lesson.limits = None;
    lesson
}

/// A lesson that has what a figure of this kind is drawn from.
pub(crate) fn lesson_for(kind: &str) -> Shelved {
    match kind {
        "ratio" | "where" => bound_method(),
        "rates" | "report" => fork_trap::lesson(),
        "speedup" | "holder" | "latency" => gil_primes::lesson(),
        "seam" | "scaling" => convolution::lesson(),
        "u" | "idle" => chunksize::lesson(),
        "states" | "split" => big_queue::measured(),
        "timeline" => traced::lesson(),
        _ => panic!("no sample for figures of the kind {kind}"),
    }
}

/// Ten variants, ten blocks each.
pub(crate) fn bound_method() -> Shelved {
    Shelved {
        info: info("bound_method", "Stuck in a pickle", &VARIANTS.map(|variant| variant.0)),
        summary: Some(summary()),
        limits: Some(limits::limits()),
    }
}

/// Never measured.
pub(crate) fn big_queue() -> Shelved {
    Shelved {
        info: info("big_queue", "A large item in a queue", &["serial", "queue_large"]),
        summary: None,
        limits: None,
    }
}

fn info(stem: &str, title: &str, variants: &[&str]) -> LessonInfo {
    let about = |name: &&str| VariantInfo {
        name: (*name).to_owned(),
        about: format!("What `{name}` does, in one sentence that is as long as such sentences are."),
        demonstrates: None,
    };
    let parameter = |name: &str, post: u64| ParameterInfo {
        name: name.to_owned(),
        about: format!("How many {name}."),
        quick: post / 10,
        standard: post,
        post,
        min: 1,
        max: post * 100,
    };
    let mark = Mark {
        variant: variants[1].to_owned(),
        source: "the post".to_owned(),
        ratio: 6.58,
        claim: format!("{stem}.slow"),
    };
    LessonInfo {
        stem: stem.to_owned(),
        title: title.to_owned(),
        question: "Why is the pool slower than the loop?".to_owned(),
        baseline: "serial".to_owned(),
        variants: variants.iter().map(about).collect(),
        parameters: vec![parameter("items", 1_000_000), parameter("workers", WORKERS * 10)],
        marks: vec![mark],
        claims: vec![format!("{stem}.slow"), format!("{stem}.once")],
    }
}

fn summary() -> LessonSummary {
    LessonSummary {
        lesson: "bound_method".to_owned(),
        run: "2025-03-02T10-00-00Z-standard-1".to_owned(),
        reference: true,
        elsewhere: false,
        started: "2025-03-02T10:00:00Z".to_owned(),
        profile: Profile::Standard,
        plan: LessonPlan {
            lesson: "bound_method".to_owned(),
            params: [("items".to_owned(), 1_000_000), ("workers".to_owned(), WORKERS)].into(),
            shrunk: Params::new(),
            baseline: "serial".to_owned(),
            blocks: 10,
            fingerprint: "5eed".to_owned(),
        },
        program: Program {
            version: "0.1.0".to_owned(),
            revision: Some("0123456789abcdef".to_owned()),
            dirty: Some(false),
            rustc: "rustc 1.95.0".to_owned(),
            build: "release".to_owned(),
            binary_sha256: None,
        },
        environment: Environment {
            cpu: "Example CPU @ 2.50GHz".to_owned(),
            cores: 2,
            usable_cores: 2,
            kernel: "6.1.0".to_owned(),
            ..Environment::default()
        },
        stale: None,
        complete: true,
        variants: VARIANTS.map(variant).into(),
    }
}

fn variant((name, ratio, tasks, objects): (&str, f64, u64, u64)) -> VariantSummary {
    // A fixed wobble of a few percent.
    let wobble = |block: u64| 1.0 + ((block * 7 + name.len() as u64) % 10) as f64 * 0.012 - 0.054;
    let baseline = name == "serial";
    let ns = SERIAL_NS * ratio;
    VariantSummary {
        name: name.to_owned(),
        lane: record::RUST_LANE.to_owned(),
        median_ns: None,
        samples_ns: (0..20).map(|sample| (ns * wobble(sample)) as u64).collect(),
        time_ns: Some(interval(ns, 0.02, 20)),
        ratios: if baseline { Vec::new() } else { (0..10).map(|block| ratio * wobble(block)).collect() },
        ratio: (!baseline).then(|| interval(ratio, 0.025, 10)),
        median_ratio: (!baseline).then(|| interval(ratio, 0.03, 10)),
        drift: None,
        baseline_steps: None,
        ratio_outliers: Outliers::default(),
        outliers: Outliers::default(),
        spread: Some(1.03),
        typical: Some(typical(name, ns as u64, tasks, objects)),
        facts: BTreeMap::new(),
        series: BTreeMap::new(),
        failures: Vec::new(),
        counters_agree: true,
    }
}

fn interval(mid: f64, part: f64, n: usize) -> Interval {
    Interval { low: mid * (1.0 - part), mid, high: mid * (1.0 + part), n }
}

fn typical(name: &str, elapsed_ns: u64, tasks: u64, objects: u64) -> VariantResult {
    let processes = if tasks == 0 { vec![process("parent", 100)] } else { pool(tasks, objects) };
    let mut counters = ProcessReport::total(&processes);
    if objects > 0 {
        counters.marks.insert("cache_dumps".to_owned(), objects);
    }
    VariantResult {
        name: name.to_owned(),
        lane: record::RUST_LANE.to_owned(),
        ok: true,
        answer: Some("cafe".to_owned()),
        elapsed_ns: Some(elapsed_ns),
        iterations: 1,
        demonstrates: None,
        counters,
        processes,
        facts: if objects > 0 { [("cache_bytes".to_owned(), 54_000_000)].into() } else { BTreeMap::new() },
        series: BTreeMap::new(),
        notes: BTreeMap::new(),
        error: None,
    }
}

/// A parent and its workers; an object of 54 MB crosses `objects` times.
fn pool(tasks: u64, objects: u64) -> Vec<ProcessReport> {
    let mut parent = process("parent", 100);
    parent.dumps =
        Traffic { calls: tasks, bytes: objects * 54_000_000 + tasks * 250_000, ns: objects * 40_000_000 + 9_000_000 };
    parent.writes = Traffic { calls: tasks, bytes: parent.dumps.bytes, ns: objects * 55_000_000 + 5_000_000 };
    parent.loads = Traffic { calls: tasks, bytes: 8_000_000, ns: 31_000_000 };
    parent.reads = Traffic { calls: tasks, bytes: 8_000_000, ns: 14_000_000 };
    let mut processes = vec![parent];
    for number in 0..WORKERS {
        let (share, objects) = (tasks / WORKERS, objects / WORKERS);
        let mut worker = process("worker", 101 + number as u32);
        worker.tasks = share;
        worker.loads = Traffic { calls: share, bytes: objects * 54_000_000, ns: objects * 180_000_000 + 4_000_000 };
        worker.reads = Traffic { calls: share, bytes: objects * 54_000_000, ns: objects * 20_000_000 + 2_000_000 };
        worker.dumps = Traffic { calls: share, bytes: 1_000_000, ns: 8_000_000 + u64::from(worker.pid) };
        worker.writes = Traffic { calls: share, bytes: 1_000_000, ns: 3_000_000 };
        worker.work_ns = 25_000_000;
        processes.push(worker);
    }
    processes
}

fn process(role: &str, pid: u32) -> ProcessReport {
    let Counters { dumps, loads, writes, reads, .. } = Counters::default();
    ProcessReport {
        role: role.to_owned(),
        pid,
        tasks: 0,
        messages: 0,
        dumps,
        loads,
        writes,
        reads,
        work_ns: 0,
        marks: BTreeMap::new(),
        max_rss_bytes: 64_000_000,
        user_ns: 1_000_000,
        sys_ns: 1_000_000,
    }
}

fn ledger() -> Ledger {
    let post = |title: &str| Post { title: title.to_owned(), about: "an example".to_owned(), published: None };
    let claim = |id: &str, post: &str, lesson: &str, says: &str| Claim {
        id: id.to_owned(),
        post: post.to_owned(),
        lesson: lesson.to_owned(),
        says: says.to_owned(),
        band: Band::Ratio { ratio: 6.58 },
        stated: [("ratio".to_owned(), Stated::Number(6.58))].into(),
        check: "the ratio".to_owned(),
        note: None,
    };
    Ledger {
        posts: [("one".to_owned(), post("A post about pools")), ("two".to_owned(), post("A <post> about queues"))]
            .into(),
        claims: vec![
            claim("bound_method.slow", "one", "bound_method", "The pool is six times slower than the loop"),
            claim("bound_method.once", "one", "bound_method", "The object crosses once per task, not once in all"),
            claim("big_queue.slow", "two", "big_queue", "A large item makes the same work twenty times slower"),
            claim("later.claim", "two", "later", "Something that is judged by a lesson to come"),
        ],
    }
}

fn judgements() -> Vec<Judgement> {
    let judgement = |claim: &str, verdict, interval, because: &str| Judgement {
        claim: claim.to_owned(),
        lesson: "bound_method".to_owned(),
        lane: record::RUST_LANE.to_owned(),
        verdict,
        quantity: "pool_bound_method / serial".to_owned(),
        interval,
        share: false,
        n: 10,
        because: because.to_owned(),
        run: "2025-03-02T10-00-00Z-standard-1".to_owned(),
        profile: Profile::Standard,
    };
    vec![
        judgement(
            "bound_method.slow",
            Verdict::DirectionOnlyStronger,
            Some(interval(35.0, 0.025, 10)),
            "the interval lies above the declared band, 3.79 to 12.16",
        ),
        judgement("bound_method.once", Verdict::Reproduced, None, "32 tasks, 32 dumps of the object, in every run"),
    ]
}
