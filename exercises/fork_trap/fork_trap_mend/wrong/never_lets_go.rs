//! Has the lock when it forks, and so has the child, which waits for itself.
//! expect: answer FAIL hung: it waited for the lock of the log

// SKELETON
// NEXT REGION
/// What jobs are done with.
#[derive(Debug)]
pub struct Office {}
// NEXT REGION
// SKELETON
// NEXT REGION
        let held = log.lock();
        let child = trap::fork_despite_threads(|| work(log, job))?;
        drop(held);
        Ok(log.watch(child)?)
