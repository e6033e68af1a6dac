//! Waits for a moment in which the thread may be done, which it never is.
//! expect: answer FAIL hung: it waited for the lock of the log

// SKELETON
// NEXT REGION
/// What jobs are done with.
#[derive(Debug)]
pub struct Office {}
// NEXT REGION
// SKELETON
// NEXT REGION
        std::thread::park_timeout(std::time::Duration::from_millis(2));
        let child = trap::fork_despite_threads(|| work(log, job))?;
        Ok(log.watch(child)?)
