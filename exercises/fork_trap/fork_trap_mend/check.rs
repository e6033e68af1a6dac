//! A hundred jobs while a thread writes the log: who answered, who wrote, who hung.

use std::process::ExitCode;

use exercises::Log;
use exercises::checking::{self, Checking};
use submission::Office;

const JOBS: u64 = 100;

/// After so many that have neither an answer nor a proof that they hung, the rest would only take time.
const ENOUGH: u64 = 3;

fn main() -> ExitCode {
    checking::main(&[("jobs", jobs)])
}

fn jobs(checking: &mut Checking) {
    checking.let_children_be_watched();
    let jobs: Vec<u64> = checking.numbers(JOBS as usize).map(|number| number % 1_000_000).collect();
    let log = Log::open(std::env::current_dir().expect("a folder of its own").join("log"));
    let (mut answered, mut failed, mut first) = (0, 0, None);
    let office = Office::open();
    log.while_written(|| {
        for job in &jobs {
            let hung = log.hung();
            let fault = match office.as_ref().map(|office| office.run(&log, *job)) {
                Ok(Ok(answer)) if answer == answer_to(*job) => {
                    answered += 1;
                    continue;
                }
                Ok(Ok(answer)) => format!("{answer}, expected {}", answer_to(*job)),
                Ok(Err(fault)) => fault.to_string(),
                Err(fault) => fault.to_string(),
            };
            first.get_or_insert(format!("job {job}: {fault}"));
            failed += u64::from(log.hung() == hung);
            if failed >= ENOUGH {
                break;
            }
        }
    });
    drop(office);
    let lines = log.lines();
    let written = |job: &u64| {
        let line = format!("job {job}: {}", answer_to(*job));
        lines.iter().filter(|(_, written)| *written == line).count()
            == jobs.iter().filter(|other| *other == job).count()
    };
    let missing = jobs.iter().filter(|job| !written(job)).count();
    let saw = format!("{answered} of {JOBS} jobs answered, {missing} without their line");
    let saw = first.map_or_else(|| saw.clone(), |first| format!("{saw}; {first}"));
    checking.holds("answer", answered == JOBS && missing == 0, saw);
    let own = std::process::id();
    let by_parent = lines.iter().filter(|(by, line)| *by == own && line.starts_with("job ")).count();
    checking.count("apart", by_parent as u64);
    checking.count("hung", log.hung());
}

fn answer_to(job: u64) -> i32 {
    (job * job % 97) as i32
}
