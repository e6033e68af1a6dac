//! Games the count: a child that writes nothing needs no lock.
//! expect: answer FAIL 100 without their line

// SKELETON
// NEXT REGION
/// What jobs are done with.
#[derive(Debug)]
pub struct Office {}
// NEXT REGION
// SKELETON
// NEXT REGION
        let _ = log;
        let child = trap::fork_despite_threads(|| (job * job % 97) as i32)?;
        Ok(log.watch(child)?)
