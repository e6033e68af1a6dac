//! How a check reports to the grader: a line for everything it observed, on a pipe that only it knows.
//!
//! A check is a program of several cases, each run in a fresh, confined process. Its order comes on standard input: which case, the seed of
//! the hidden inputs, and a nonce without which no line is believed. The report leaves by what was standard output; whatever the
//! submission prints goes to standard error from then on.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollTimeout, poll};
use serde::{Deserialize, Serialize};

/// How long processes that are ending anyway are waited for, before they count as left behind.
const GRACE: Duration = Duration::from_secs(2);

/// What the grader asks of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Which case to run.
    pub case: String,
    /// What hidden inputs are drawn from.
    pub seed: u64,
    /// What every line of the report begins with.
    pub nonce: String,
}

/// One line of a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observed {
    /// Whether what test `test` asks for is so.
    Holds {
        /// The test.
        test: String,
        /// Whether it is so.
        fine: bool,
        /// What was seen.
        saw: String,
    },
    /// What was counted for test `test`.
    Count {
        /// The test.
        test: String,
        /// The count.
        counted: u64,
    },
    /// Times of the same work by the reference and by the submission, taken in turns, in ns.
    Times {
        /// The test.
        test: String,
        /// The reference's.
        reference: Vec<u64>,
        /// The submission's.
        submission: Vec<u64>,
        /// The reference's once more, which tells how far equal times lie apart here.
        again: Vec<u64>,
    },
    /// Test `test` cannot be carried out on this machine.
    NotHere {
        /// The test.
        test: String,
        /// Why.
        reason: String,
    },
    /// The case is over. What it left running is said here.
    Done {
        /// Processes that were still there after two seconds.
        processes_left: u64,
    },
}

/// A case in progress.
#[derive(Debug)]
pub struct Checking {
    report: File,
    order: Order,
}

/// A case by its name.
pub type Case = (&'static str, fn(&mut Checking));

/// Runs the case that standard input orders. The `main` of every check is this call and nothing else.
///
/// # Panics
/// If the order names no case of this check, or the report cannot be written: nobody is listening then.
pub fn main(cases: &[Case]) -> ExitCode {
    multiprocess::init();
    let mut checking = Checking::begin().expect("a check is started by the grader, with its order on standard input");
    let case = cases.iter().find(|(name, _)| *name == checking.order.case);
    let (_, case) = case.unwrap_or_else(|| panic!("this check has no case '{}'", checking.order.case));
    case(&mut checking);
    checking.end();
    ExitCode::SUCCESS
}

impl Checking {
    fn begin() -> io::Result<Self> {
        let mut order = String::new();
        // Else the submission, which is in this process, finds the nonce and the counts in `/proc/self/mem`, and its children in ours.
        // A process that is not dumpable owns neither file any more (proc(5)).
        nix::sys::prctl::set_dumpable(false)?;
        io::stdin().read_to_string(&mut order)?;
        let report = nix::unistd::dup(io::stdout())?;
        fcntl(&report, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
        nix::unistd::dup2_stdout(io::stderr())?;
        let report = File::from(report);
        Ok(Self { report, order: serde_json::from_str(&order)? })
    }

    /// What hidden inputs are drawn from.
    pub fn seed(&self) -> u64 {
        self.order.seed
    }

    /// Lets the watchdog look into the children of this process from now on: a process whose memory may not be read tells nobody what it waits for,
    /// either.
    ///
    /// # Panics
    /// If the kernel refuses, which prctl(2) has no reason for.
    pub fn let_children_be_watched(&self) {
        nix::sys::prctl::set_dumpable(true).expect("a process may open itself to its own user");
    }

    /// Hidden inputs: numbers that look drawn at random and are the same for the same seed (SplitMix64).
    pub fn numbers(&self, count: usize) -> impl Iterator<Item = u64> + use<> {
        let mut state = self.order.seed;
        std::iter::repeat_with(move || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        })
        .take(count)
    }

    /// Reports whether what `test` asks for is so, and what was seen.
    pub fn holds(&mut self, test: &str, fine: bool, saw: impl Display) {
        self.say(&Observed::Holds { test: test.into(), fine, saw: saw.to_string() });
    }

    /// Reports that `test` saw what it expected, or else both.
    pub fn equal<T: PartialEq + std::fmt::Debug>(&mut self, test: &str, saw: &T, expected: &T) {
        let short = |value: &T| {
            let text = format!("{value:?}");
            let cut: String = text.chars().take(80).collect();
            if cut.len() < text.len() { cut + " ..." } else { cut }
        };
        if saw == expected {
            self.holds(test, true, "as expected");
        } else {
            self.holds(test, false, format_args!("got {}, expected {}", short(saw), short(expected)));
        }
    }

    /// Reports a count; the exercise's manifest has the bounds.
    pub fn count(&mut self, test: &str, counted: u64) {
        self.say(&Observed::Count { test: test.into(), counted });
    }

    /// Reports that this machine cannot carry out `test`.
    pub fn not_here(&mut self, test: &str, reason: impl Display) {
        self.say(&Observed::NotHere { test: test.into(), reason: reason.to_string() });
    }

    /// Times `submission` against `reference`, in turns, `rounds` times each; the reference twice, for the noise.
    pub fn times(&mut self, test: &str, rounds: usize, mut reference: impl FnMut(), mut submission: impl FnMut()) {
        fn timed(work: &mut dyn FnMut()) -> u64 {
            let begin = Instant::now();
            work();
            u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX)
        }
        let mut times: [Vec<u64>; 3] = Default::default();
        for _ in 0..rounds {
            times[0].push(timed(&mut reference));
            times[1].push(timed(&mut submission));
            times[2].push(timed(&mut reference));
        }
        let [reference, submission, again] = times;
        self.say(&Observed::Times { test: test.into(), reference, submission, again });
    }

    fn end(&mut self) {
        let deadline = Instant::now() + GRACE;
        while children() > 0 && Instant::now() < deadline {
            // Nothing to wait for but time.
            let _ = poll(&mut [], PollTimeout::from(10_u8));
        }
        self.say(&Observed::Done { processes_left: children() });
    }

    fn say(&mut self, observed: &Observed) {
        let line = serde_json::to_string(observed).expect("numbers and text");
        let line = format!("{} {line}\n", self.order.nonce);
        self.report.write_all(line.as_bytes()).expect("the grader listens");
    }
}

/// The children of this process that have not ended.
fn children() -> u64 {
    let own = std::process::id().to_string();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let stats = processes.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    let ours = stats.filter(|stat| {
        // The name, in parentheses, may itself hold spaces (proc(5)).
        let mut fields = stat.rsplit(')').next().unwrap_or("").split_ascii_whitespace();
        fields.next().is_some_and(|state| !"ZX".contains(state)) && fields.next() == Some(&own)
    });
    ours.count() as u64
}
