//! What state processes are in, sampled while they work: what `top` shows, kept.

use std::io;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use crate::error::{Error, Kind};
use crate::function::panic_message;
use crate::supervise::tree::parent_and_state;
use crate::sys::fd;
use crate::waiting::{self, Stop, StopSwitch};

/// Samples the states of processes at a fixed period, in a thread of its own. Started after all forks. Dropped, it ends and joins that
/// thread.
///
/// ```
/// use std::time::Duration;
/// use multiprocess::StateSampler;
/// let sampler = StateSampler::start(vec![std::process::id()], Duration::from_millis(1), 100).unwrap();
/// let states = sampler.stop().unwrap();
/// assert!(states.running.len() <= 100);
/// ```
#[derive(Debug)]
pub struct StateSampler {
    /// None once the thread is told to stop.
    stop: Option<StopSwitch>,
    /// None once it is joined.
    thread: Option<JoinHandle<States>>,
}

/// How many of the processes were in which state, sample by sample.
///
/// A process counts as running if any of its threads is, else as waiting for a disk if any of its threads does, else as
/// sleeping; one that has ended counts nowhere. Source: the third field of `/proc/PID/task/TID/stat` (proc(5)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct States {
    /// The time between two samples.
    pub period: Duration,
    /// `R`: on a core, or ready and waiting for one.
    pub running: Vec<u64>,
    /// `S`: waiting for an event, and not for a core.
    pub sleeping: Vec<u64>,
    /// `D`: waiting where no signal is heard, as a rule for a disk or for memory.
    pub disk: Vec<u64>,
}

impl StateSampler {
    /// Samples `pids` now and then every `period`, at least a millisecond. When there are `at_most` samples, neighbours are added up and
    /// the period doubles, so that a run of any length leaves few.
    ///
    /// # Errors
    /// If there are no descriptors or no thread to be had.
    pub fn start(pids: Vec<u32>, period: Duration, at_most: usize) -> Result<Self, Error> {
        let (stop, stopped) = waiting::stop().map_err(Error::io("starting a sampler"))?;
        let period = period.max(Duration::from_millis(1));
        let thread = std::thread::Builder::new()
            .name("state-sampler".to_owned())
            .spawn(move || sample_until(&stopped, &pids, period, at_most.max(2)))
            .map_err(Error::io("starting a sampler"))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }

    /// Ends the sampling.
    ///
    /// # Errors
    /// If the sampling thread panicked.
    pub fn stop(mut self) -> Result<States, Error> {
        self.end().expect("a sampler is stopped once").map_err(|panic| {
            let why = panic_message(&*panic).to_owned();
            Kind::HandlerPanicked { name: "state-sampler".to_owned(), why }.into()
        })
    }

    /// Ends and joins the thread, unless that was done before.
    fn end(&mut self) -> Option<std::thread::Result<States>> {
        drop(self.stop.take());
        self.thread.take().map(JoinHandle::join)
    }
}

impl Drop for StateSampler {
    fn drop(&mut self) {
        self.end();
    }
}

fn sample_until(stopped: &Stop, pids: &[u32], period: Duration, at_most: usize) -> States {
    let mut states = States { period, ..States::default() };
    let mut next = Instant::now();
    let mut stop = [(stopped.event(), PollFlags::POLLIN)];
    while let Ok([false]) = fd::wait(&mut stop, Some(next)).as_deref() {
        if states.running.len() == at_most {
            states.halve();
        }
        states.add(pids);
        // A sampler that was late does not make up for it: the samples stay apart.
        next = waiting::later(next, states.period).max(Instant::now());
    }
    states
}

impl States {
    fn add(&mut self, pids: &[u32]) {
        let states: Vec<char> = pids.iter().filter_map(|pid| state_of(*pid).ok()).collect();
        let count = |wanted: char| states.iter().filter(|state| **state == wanted).count() as u64;
        self.running.push(count('R'));
        self.sleeping.push(count('S'));
        self.disk.push(count('D'));
    }

    fn halve(&mut self) {
        for series in [&mut self.running, &mut self.sleeping, &mut self.disk] {
            *series = series.chunks(2).map(|pair| pair.iter().sum()).collect();
        }
        self.period = self.period.saturating_mul(2);
    }
}

/// The liveliest state among the threads of a process.
fn state_of(pid: u32) -> io::Result<char> {
    let mut liveliest = 'Z';
    for thread in std::fs::read_dir(format!("/proc/{pid}/task"))?.flatten() {
        // A thread may end between being listed and being asked.
        let Ok(stat) = std::fs::read_to_string(thread.path().join("stat")) else { continue };
        match parent_and_state(&stat) {
            Some((_, 'R')) => return Ok('R'),
            Some((_, 'D')) => liveliest = 'D',
            Some((_, 'S' | 'I')) if liveliest != 'D' => liveliest = 'S',
            _ => {}
        }
    }
    Ok(liveliest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halving_adds_neighbours_up_and_doubles_the_period() {
        let mut states = States {
            period: Duration::from_millis(5),
            running: vec![1, 2, 3],
            sleeping: vec![0, 0, 4],
            disk: vec![0, 1, 0],
        };
        states.halve();
        assert_eq!((states.running, states.sleeping, states.disk), (vec![3, 3], vec![0, 4], vec![1, 0]));
        assert_eq!(states.period, Duration::from_millis(10));
    }

    #[test]
    fn this_very_process_runs_while_it_asks() {
        assert_eq!(state_of(std::process::id()).unwrap(), 'R');
    }
}
