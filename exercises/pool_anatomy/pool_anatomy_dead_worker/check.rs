//! Workers that die before, in and after a task, each made to do so in a certain order, and what the submission says of it.

use std::cell::Cell;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use exercises::Crew;
use exercises::checking::{self, Checking};
use multiprocess::Status;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use submission::{Failure, collect};

/// The item that its worker kills itself at.
const KILLS: u64 = u64::MAX;

/// The item that its worker panics at.
const PANICS: u64 = u64::MAX - 1;

/// How long things may take that happen by themselves.
const LIMIT: Duration = Duration::from_secs(3);

const KILLED: Status = Status::Signalled(9);

fn main() -> ExitCode {
    checking::main(&[("answer", answer), ("during", during), ("before", before), ("after", after)])
}

fn work(item: u64) -> u64 {
    match item {
        KILLS => kill(Pid::this(), Signal::SIGKILL).expect("a process may kill itself"),
        PANICS => panic!("this panic is meant"),
        _ => {}
    }
    item.rotate_left(23).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn crew() -> Crew {
    Crew::start(3, work).expect("a process with one thread may fork")
}

fn items(checking: &Checking, count: usize) -> (Vec<u64>, Vec<u64>) {
    let items: Vec<u64> = checking.numbers(count).map(|number| number >> 1).collect();
    let outputs = items.iter().map(|item| work(*item)).collect();
    (items, outputs)
}

fn compare(checking: &mut Checking, test: &str, outputs: &[u64], expected: &[u64]) {
    let right = outputs.iter().zip(expected).filter(|(output, expected)| output == expected).count();
    let saw = format!("{} outputs of {} items, {right} of them right", outputs.len(), expected.len());
    checking.holds(test, outputs == expected, saw);
}

fn answer(checking: &mut Checking) {
    let (items, expected) = items(checking, 60);
    match collect(&mut crew(), &items) {
        Ok(outputs) => compare(checking, "answer", &outputs, &expected),
        Err(failure) => checking.holds("answer", false, failure),
    }
}

fn during(checking: &mut Checking) {
    let (items, _) = items(checking, 30);
    let drawn = 5 + (checking.seed() % 20) as usize;
    let mut named = Ok(());
    let mut unreaped = 0;
    let panicked = Status::Exited(1);
    for (task, item, how) in [(0, KILLS, KILLED), (drawn, KILLS, KILLED), (29, KILLS, KILLED), (2, PANICS, panicked)] {
        let mut items = items.clone();
        items[task] = item;
        // Whoever is sent the task.
        let holder = Rc::new(Cell::new(0));
        let noted = Rc::clone(&holder);
        let mut crew = crew().watched(move |crew, worker, sent| {
            if sent == task {
                noted.set(crew.pid(worker));
            }
        });
        let outcome = collect(&mut crew, &items);
        let pid = holder.get();
        let expected = format!("worker {pid} {how} in task {task}");
        match outcome {
            Err(Failure::Lost { pid: said, task: its, how: ended }) if (said, its, ended) == (pid, task, how) => {
                unreaped += u64::from(Path::new(&format!("/proc/{pid}")).exists());
            }
            Err(failure) => named = named.and(Err(format!("got: {failure}; expected: {expected}"))),
            Ok(_) => named = named.and(Err(format!("got outputs; expected: {expected}"))),
        }
        if named.is_err() {
            break;
        }
    }
    checking.holds("named", named.is_ok(), named.err().unwrap_or_else(|| "4 deaths, each named".into()));
    checking.holds("reaped", unreaped == 0, format_args!("{unreaped} of 4 dead workers were not reaped"));
}

fn before(checking: &mut Checking) {
    let (items, expected) = items(checking, 30);
    let mut crew = crew();
    crew.kill(1);
    let dead = multiprocess::wait(&[crew.sentinel(1)], LIMIT).expect("a sentinel can be waited for");
    assert_eq!(dead, [0], "a killed process ends");
    let pid = crew.pid(1);
    match collect(&mut crew, &items) {
        Ok(outputs) => compare(checking, "before", &outputs, &expected),
        Err(Failure::Lost { pid: said, how, .. }) if said == pid => checking.equal("before", &how, &KILLED),
        Err(failure) => checking.holds("before", false, format_args!("{failure}; worker {pid} was dead")),
    }
}

fn after(checking: &mut Checking) {
    let (items, expected) = items(checking, 3);
    // The worker of the first task answers it and is dead before anything else can happen.
    let mut crew = crew().watched(|crew, worker, task| {
        if task == 0 {
            let came = multiprocess::wait(&[crew.replies()], LIMIT);
            crew.kill(worker);
            let dead = multiprocess::wait(&[crew.sentinel(worker)], LIMIT);
            assert!(came.is_ok_and(|came| came == [0]) && dead.is_ok_and(|dead| dead == [0]), "it answers and dies");
        }
    });
    match collect(&mut crew, &items) {
        Ok(outputs) => compare(checking, "after", &outputs, &expected),
        Err(failure) => checking.holds("after", false, format_args!("{failure}, which it had answered before")),
    }
}
