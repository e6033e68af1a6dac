//! Looks whether the lock is free, and forks when it is taken again.
//! expect: answer FAIL hung: it waited for the lock of the log

// SKELETON
// NEXT REGION
/// What jobs are done with.
#[derive(Debug)]
pub struct Office {}
// NEXT REGION
// SKELETON
// NEXT REGION
        drop(log.lock());
        let child = trap::fork_despite_threads(|| work(log, job))?;
        Ok(log.watch(child)?)
