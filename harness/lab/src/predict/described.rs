//! What bounds a described workload, by the cost model, and which lesson explains it.

use std::io::Write;

use harness::model::Bound;
use harness::model::fit::Fitted;
use serde::Serialize;

use super::answer::Answer;
use super::shown;

/// What `lab diagnose workload --json` prints.
#[derive(Serialize)]
struct Described<'a> {
    prediction: &'a Answer,
    bottleneck: &'static str,
    lesson: &'static str,
    see_also: &'static [&'static str],
}

/// What bounds the pool of processes, in a sentence, the lesson to read, and what else to read.
fn bottleneck(answer: &Answer) -> (&'static str, &'static str, &'static [&'static str]) {
    let (workload, loses) = (&answer.workload, answer.processes.ns > answer.serial.ns);
    match answer.bound {
        Bound::Start => ("starting and ending the pool takes longer than what it does", "start_cost", &["break_even"]),
        Bound::Bytes if workload.bytes_out > workload.bytes_in => {
            ("the bytes that come back take longer than the work", "big_queue", &["shared_memory", "faster_codecs"])
        }
        Bound::Bytes if workload.tasks() > 8 * workload.workers => (
            "what every task carries takes longer than the work",
            "bound_method",
            &["initialize_once", "shared_memory"],
        ),
        Bound::Bytes => ("the bytes of the arguments take longer than the work", "big_argument", &["shared_memory"]),
        Bound::Parent | Bound::Workers => {
            ("handing the tasks over takes longer than doing them", "chunksize", &["break_even"])
        }
        Bound::Work if workload.workers > answer.constants.cores => {
            ("the work itself, on fewer cores than there are workers", "pool_size", &["convolution"])
        }
        Bound::Work if loses => {
            ("the work itself, and there is too little of it to divide", "break_even", &["start_cost"])
        }
        Bound::Work => ("the work itself: nothing stands in its way", "convolution", &["threads_release"]),
    }
}

pub(super) fn shown(answer: &Answer, fitted: &Fitted, json: bool) -> anyhow::Result<()> {
    let (says, lesson, see_also) = bottleneck(answer);
    if json {
        let described = Described { prediction: answer, bottleneck: says, lesson, see_also };
        writeln!(std::io::stdout().lock(), "{}", serde_json::to_string(&described)?)?;
        return Ok(());
    }
    shown::answer(answer, fitted, false)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nbottleneck of the processes: {says}")?;
    if answer.best == "serial" {
        writeln!(out, "  the loop is faster than any of them")?;
    }
    writeln!(out, "  read: {lesson}; then {}", see_also.join(", "))?;
    Ok(())
}
