//! Mend the program that hangs.
//!
//! An office has each job done by a process of its own, which writes its answer into a log. Another thread writes that log, too, and cannot be
//! stopped. It has the log's lock nearly always, so a forked child finds the lock taken by a thread that does not exist in it, and waits for ever:
//! the lesson's trap. Let no child hang. Each job still has its process, its answer and its line in the log.
//! Counted: jobs that the parent has done itself, and children that hung.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use exercises::{Log, Sheet};
use multiprocess::ScratchFile;
// BEGIN SOLUTION
//| use multiprocess::trap;
use multiprocess::forkserver::ForkServer;
// END SOLUTION

/// How long a job may take.
pub const LIMIT: Duration = Duration::from_secs(5);

/// What a job comes to, and a line in the log.
fn work(log: &Log, job: u64) -> i32 {
    let answer = (job * job % 97) as i32;
    log.write(&format!("job {job}: {answer}"));
    answer
}

// BEGIN SOLUTION
//| /// What jobs are done with.
//| #[derive(Debug)]
//| pub struct Office {
//|     // A place for what is made before there are threads.
//| }
/// A job by name: which log, which job. Its process finds no lock of another, for nothing was copied.
#[derive(bincode::Encode, bincode::Decode)]
struct Job;

impl multiprocess::Function for Job {
    const NAME: &'static str = "fork_trap_mend::Job";
    type State = ();
    type Item = (String, u64);
    type Output = i32;

    fn call(&self, _: &(), (file, job): (String, u64)) -> i32 {
        work(&Log::open(file), job)
    }
}
multiprocess::register_function!(Job);

/// What jobs are done with.
#[derive(Debug)]
pub struct Office {
    server: ForkServer,
}
// END SOLUTION

impl Office {
    /// Called first of all, while this process has one thread.
    pub fn open() -> Result<Self, Box<dyn Error>> {
        // BEGIN SOLUTION
        //| Ok(Self {})
        Ok(Self { server: ForkServer::start()? })
        // END SOLUTION
    }

    /// Has one job done by a process of its own, while another thread writes the log; tells its answer.
    pub fn run(&self, log: &Log, job: u64) -> Result<i32, Box<dyn Error>> {
        // BEGIN SOLUTION
        //| // TODO: the child copies the log's lock as it is, and it is taken.
        //| let child = trap::fork_despite_threads(|| work(log, job))?;
        //| Ok(log.watch(child)?)
        Ok(self.server.run(&Job, (log.file().to_owned(), job), LIMIT)?.join()?)
        // END SOLUTION
    }
}

fn main() -> ExitCode {
    multiprocess::init();
    let scratch = ScratchFile::create().expect("a file in memory");
    let log = Log::open(scratch.path());
    let office = Office::open().expect("an office");
    let answers: Vec<_> = log.while_written(|| (1..=9).map(|job| office.run(&log, job)).collect());
    for fault in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        println!("     {fault}");
    }
    let own = std::process::id();
    let mut sheet = Sheet::new();
    sheet.exactly("children that hung", log.hung(), 0);
    sheet.exactly("jobs with an answer", answers.iter().flatten().count() as u64, 9);
    let lines = log.lines().into_iter().filter(|(by, line)| *by != own && line.starts_with("job "));
    sheet.exactly("lines in the log by processes of their own", lines.count() as u64, 9);
    sheet.end()
}
