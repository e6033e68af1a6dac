//! Rows to write: one hand-made run, and rows of arbitrary content from a seeded generator.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use record::{
    Arm, BlockOrder, BlockPosition, Counters, End, EndRow, Environment, Fault, Header, LessonPlan, ProcessReport,
    Profile, Program, Recorder, SCHEMA, Subject, Traffic, TreeUsage, VariantResult,
};

/// A header with the least in it.
pub(crate) fn header(id: &str) -> Header {
    let program = Program {
        version: "0.1.0".to_owned(),
        revision: None,
        dirty: None,
        rustc: "rustc 1.95.0".to_owned(),
        build: "release".to_owned(),
        binary_sha256: None,
    };
    Header {
        schema: SCHEMA,
        id: id.to_owned(),
        started: "2026-01-01T00:00:00Z".to_owned(),
        profile: Profile::Quick,
        seed: 7,
        program,
        environment: Environment::default(),
        lessons: Vec::new(),
        budget_s: None,
    }
}

/// A subject that failed, told apart by its time.
pub(crate) fn subject(at_ns: u64) -> Subject {
    let block = BlockPosition {
        variant: "pool".to_owned(),
        number: 0,
        order: BlockOrder::Abba,
        place: 1,
        arm: Arm::B,
        warm_up: false,
    };
    // A text with a line break and more than one byte per character, so that cuts fall inside both.
    let result = VariantResult::failed("pool", record::RUST_LANE, "killed at its deadline:\n5 s ≠ ∞");
    Subject { lesson: "gil_primes".to_owned(), block, at_ns, result, usage: None }
}

pub(crate) fn end() -> End {
    End { finished: "2026-01-01T00:01:00Z".to_owned(), load: Some(0.25), steal_ticks: Some(3), ..End::default() }
}

/// Writes a whole run of `subjects` subjects and returns its file.
pub(crate) fn write_run(folder: &Path, id: &str, subjects: u64) -> PathBuf {
    let mut recorder = Recorder::create(folder, &header(id)).expect("a new run in a folder of the test");
    for number in 0..subjects {
        recorder.subject(&subject(number)).expect("the folder can be written to");
    }
    recorder.end(&end()).expect("the folder can be written to")
}

/// A small generator (SplitMix64), so that a failure repeats.
pub(crate) struct Arbitrary(pub(crate) u64);

impl Arbitrary {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.word() % bound
    }

    fn flag(&mut self) -> bool {
        self.below(2) == 0
    }

    /// Small numbers, and the largest ones.
    fn number(&mut self) -> u64 {
        match self.below(4) {
            0 => self.below(10),
            1 => u64::MAX - self.below(3),
            2 => i64::MAX as u64 + self.below(3),
            _ => self.word(),
        }
    }

    /// Hundredths, as load averages and quotas have them.
    fn decimal(&mut self) -> f64 {
        self.below(1_000_000) as f64 / 100.0
    }

    fn text(&mut self) -> String {
        const PIECES: [&str; 12] =
            ["pool", " ", "\"", "\\", "\n", "\r", "\u{0}", "\u{7f}", "é", "≠", "\u{1f980}", "{\"kind\":\"end\"}"];
        (0..self.below(6)).map(|_| PIECES[self.below(PIECES.len() as u64) as usize]).collect()
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.flag().then(|| make(self))
    }

    fn map(&mut self) -> BTreeMap<String, u64> {
        (0..self.below(4)).map(|_| (self.text(), self.number())).collect()
    }

    fn traffic(&mut self) -> Traffic {
        Traffic { calls: self.number(), bytes: self.number(), ns: self.number() }
    }

    fn counters(&mut self) -> Counters {
        Counters {
            tasks: self.number(),
            messages: self.number(),
            dumps: self.traffic(),
            loads: self.traffic(),
            writes: self.traffic(),
            reads: self.traffic(),
            work_ns: self.number(),
            marks: self.map(),
        }
    }

    fn process(&mut self) -> ProcessReport {
        let Counters { tasks, messages, dumps, loads, writes, reads, work_ns, marks } = self.counters();
        let (role, pid) = (self.text(), self.word() as u32);
        let (max_rss_bytes, user_ns, sys_ns) = (self.number(), self.number(), self.number());
        ProcessReport {
            role,
            pid,
            tasks,
            messages,
            dumps,
            loads,
            writes,
            reads,
            work_ns,
            marks,
            max_rss_bytes,
            user_ns,
            sys_ns,
        }
    }

    fn series(&mut self) -> BTreeMap<String, Vec<u64>> {
        (0..self.below(3)).map(|_| (self.text(), (0..self.below(4)).map(|_| self.number()).collect())).collect()
    }

    fn notes(&mut self) -> BTreeMap<String, String> {
        (0..self.below(3)).map(|_| (self.text(), self.text())).collect()
    }

    fn result(&mut self) -> VariantResult {
        let faults = [None, Some(Fault::Hang), Some(Fault::WrongAnswer), Some(Fault::LostUpdates)];
        VariantResult {
            name: self.text(),
            lane: self.text(),
            ok: self.flag(),
            answer: self.maybe(Self::text),
            elapsed_ns: self.maybe(Self::number),
            iterations: self.number(),
            demonstrates: faults[self.below(4) as usize],
            counters: self.counters(),
            processes: (0..self.below(3)).map(|_| self.process()).collect(),
            facts: self.map(),
            series: self.series(),
            notes: self.notes(),
            error: self.maybe(Self::text),
        }
    }

    fn tree_usage(&mut self) -> TreeUsage {
        TreeUsage {
            wall_ns: self.number(),
            user_ns: self.number(),
            sys_ns: self.number(),
            max_rss_bytes: self.number(),
            voluntary_switches: self.number(),
            involuntary_switches: self.number(),
            minor_faults: self.number(),
            major_faults: self.number(),
        }
    }

    pub(crate) fn subject(&mut self) -> Subject {
        let block = BlockPosition {
            variant: self.text(),
            number: self.word() as u32,
            order: if self.flag() { BlockOrder::Abba } else { BlockOrder::Baab },
            place: self.below(4) as u32,
            arm: if self.flag() { Arm::A } else { Arm::B },
            warm_up: self.flag(),
        };
        Subject {
            lesson: self.text(),
            block,
            at_ns: self.number(),
            result: self.result(),
            usage: self.maybe(Self::tree_usage),
        }
    }

    fn environment(&mut self) -> Environment {
        Environment {
            cpu: self.text(),
            cores: self.word() as u32,
            usable_cores: self.word() as u32,
            affinity: self.maybe(Self::text),
            smt: self.maybe(Self::flag),
            quota_cores: self.maybe(Self::decimal),
            control_groups: self.maybe(Self::text),
            numa_nodes: self.maybe(|any| any.word() as u32),
            memory_bytes: self.number(),
            memory_limit_bytes: self.maybe(Self::number),
            available_bytes: self.number(),
            swap_bytes: self.maybe(Self::number),
            swap_used_bytes: self.maybe(Self::number),
            swappiness: self.maybe(Self::number),
            kernel: self.text(),
            preemption: self.maybe(Self::text),
            clock_source: self.maybe(Self::text),
            libc: self.maybe(Self::text),
            hypervisor: self.maybe(Self::text),
            container: self.maybe(Self::text),
            governor: self.maybe(Self::text),
            frequency_khz: self.maybe(Self::number),
            frequency_max_khz: self.maybe(Self::number),
            boost: self.maybe(Self::flag),
            huge_pages: self.maybe(Self::text),
            huge_pages_defrag: self.maybe(Self::text),
            aslr: self.maybe(Self::text),
            pipe_max_bytes: self.maybe(Self::number),
            load: self.maybe(Self::decimal),
            runnable: self.maybe(Self::number),
            blocked: self.maybe(Self::number),
            steal_ticks: self.maybe(Self::number),
            python: self.maybe(Self::text),
            numpy: self.maybe(Self::text),
            thread_settings: self.notes(),
        }
    }

    fn plan(&mut self) -> LessonPlan {
        LessonPlan {
            lesson: self.text(),
            params: self.map(),
            shrunk: self.map(),
            baseline: self.text(),
            blocks: self.word() as u32,
            fingerprint: self.text(),
        }
    }

    /// The schema is the known one, and `id` is a file name; the rest is arbitrary.
    pub(crate) fn header(&mut self, id: &str) -> Header {
        let program = Program {
            version: self.text(),
            revision: self.maybe(Self::text),
            dirty: self.maybe(Self::flag),
            rustc: self.text(),
            build: self.text(),
            binary_sha256: self.maybe(Self::text),
        };
        Header {
            schema: SCHEMA,
            id: id.to_owned(),
            started: self.text(),
            profile: Profile::ALL[self.below(3) as usize],
            seed: self.number(),
            program,
            environment: self.environment(),
            lessons: (0..self.below(3)).map(|_| self.plan()).collect(),
            budget_s: self.maybe(Self::number),
        }
    }

    pub(crate) fn end_row(&mut self) -> EndRow {
        let End { finished, load, steal_ticks, available_bytes, frequency_khz } = self.end();
        let (rows, sha256) = (self.maybe(Self::number), self.maybe(Self::text));
        EndRow { finished, load, steal_ticks, available_bytes, frequency_khz, rows, sha256 }
    }

    pub(crate) fn end(&mut self) -> End {
        End {
            finished: self.text(),
            load: self.maybe(Self::decimal),
            steal_ticks: self.maybe(Self::number),
            available_bytes: self.maybe(Self::number),
            frequency_khz: self.maybe(Self::number),
        }
    }
}
