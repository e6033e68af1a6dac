//! A process that does nothing: forked from a small and from a large one, and a tiny program.

use std::path::Path;
use std::process::Command;

use multiprocess::bare;
use record::Params;

use super::repeated::repeated;
use super::unmeasured::Unmeasured;
use crate::memory::meminfo_bytes;
use crate::outcome::Outcome;

/// The fewest processes that are timed.
const AT_LEAST: u64 = 3;

/// The smallest page there is: to write to one byte in each makes them all resident.
const PAGE_BYTES: usize = 4_096;

/// Fork, `_exit` and wait with so much memory resident, wherever the scheduler puts the child.
pub(super) fn fork_wait(params: &Params, bytes: u64) -> Result<Outcome, Unmeasured> {
    let mut resident = vec![0_u8; usize::try_from(bytes)?];
    resident.iter_mut().step_by(PAGE_BYTES).for_each(|byte| *byte = 1);
    let outcome = repeated(params, AT_LEAST, |forks| {
        for _ in 0..forks {
            bare::fork_and_wait()?;
        }
        Ok(())
    })?;
    let held = (std::hint::black_box(&resident).len(), own("status", "VmRSS")?);
    if held.1 < held.0 as u64 {
        return Err(Unmeasured::wrong(format!("of {} bytes only {} are resident", held.0, held.1)));
    }
    // Pages of 2 MiB are forked far faster; a kernel without them does not say.
    let huge = own("smaps_rollup", "AnonHugePages").unwrap_or(0);
    Ok(outcome.fact("resident_bytes", held.1).fact("huge_bytes", huge))
}

/// One line of what `/proc` tells about this process, in bytes.
fn own(file: &str, name: &str) -> Result<u64, Unmeasured> {
    let told = std::fs::read_to_string(Path::new("/proc/self").join(file))?;
    meminfo_bytes(&told, name).ok_or_else(|| Unmeasured::wrong(format!("/proc/self/{file} has no {name}")))
}

/// Starts the program `true` and waits for its end. The standard library starts it by posix_spawn(3), because it asks for nothing else.
pub(super) fn exec_wait(params: &Params) -> Result<Outcome, Unmeasured> {
    let places = ["/bin/true", "/usr/bin/true"].map(Path::new);
    let found = places.into_iter().find(|place| place.is_file());
    let place = found.ok_or_else(|| Unmeasured::NotHere("needs a program to start: /bin/true".to_owned()))?;
    let mut program = Command::new(place);
    repeated(params, AT_LEAST, |starts| {
        for _ in 0..starts {
            let status = program.status()?;
            if !status.success() {
                return Err(Unmeasured::wrong(format!("{} ended with {status}", place.display())));
            }
        }
        Ok(())
    })
}
