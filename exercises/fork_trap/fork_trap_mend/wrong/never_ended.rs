//! Keeps the server in a static, and nobody ends it.
//! expect: answer FAIL left running

// SOLUTION
// NEXT REGION
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

static SERVER: std::sync::OnceLock<ForkServer> = std::sync::OnceLock::new();

/// What jobs are done with.
#[derive(Debug)]
pub struct Office {}
// NEXT REGION
        let _ = SERVER.set(ForkServer::start()?);
        Ok(Self {})
// NEXT REGION
        let server = SERVER.get().expect("an open office has one");
        Ok(server.run(&Job, (log.file().to_owned(), job), LIMIT)?.join()?)
