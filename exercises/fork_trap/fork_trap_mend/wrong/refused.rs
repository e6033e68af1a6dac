//! Asks for a fork that is only made while there are no threads, and is refused.
//! expect: answer FAIL thread

// SKELETON
// NEXT REGION
/// What jobs are done with.
#[derive(Debug)]
pub struct Office {}
// NEXT REGION
// SKELETON
// NEXT REGION
        let child = trap::fork_alone(|| work(log, job))?;
        Ok(log.watch(child)?)
