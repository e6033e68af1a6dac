//! Games the count: no child hangs, for there is none.
//! expect: apart FAIL jobs that the parent has done

// SKELETON
// NEXT REGION
/// What jobs are done with.
#[derive(Debug)]
pub struct Office {}
// NEXT REGION
// SKELETON
// NEXT REGION
        let child = trap::fork_despite_threads(|| 0)?;
        log.watch(child)?;
        Ok(work(log, job))
