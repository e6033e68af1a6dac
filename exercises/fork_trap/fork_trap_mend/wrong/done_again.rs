//! Lets the child hang, and has the job done again by the fork server.
//! expect: hung FAIL children that hung

use multiprocess::forkserver::ForkServer;
use multiprocess::trap;
// NEXT REGION
// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
        let child = trap::fork_despite_threads(|| work(log, job))?;
        match log.watch(child) {
            Ok(answer) => Ok(answer),
            Err(_) => Ok(self.server.run(&Job, (log.file().to_owned(), job), LIMIT)?.join()?),
        }
