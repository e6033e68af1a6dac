//! Let both sides write first.
//!
//! Two processes have a pipe in each direction, and exchange a message: each sends its own and receives the other's. Both call `exchange`, which
//! sends first. A pipe holds 65,536 bytes; with more than that each waits until the other reads, for ever. Mend `exchange`.
//!
//! What goes through the pipes stays as it is, one frame each way: the other side may be an old program that writes all of its message before it
//! reads anything, whatever its length. Counted are the exchanges that come to their end with the right bytes, or with an error if
//! the other side has ended.

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use exercises::{Ends, Sheet};
use multiprocess::{Process, Status, frame};

/// Why an exchange came to nothing.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Sends a message and receives the other side's; comes back when both are done.
pub fn exchange(ends: &Ends, message: &[u8]) -> Result<Vec<u8>, Fault> {
    // BEGIN SOLUTION
    //| // TODO: if both sides send first, who makes room in the pipes?
    //| send(ends, message)?;
    //| receive(ends)
    thread::scope(|scope| {
        let sending = scope.spawn(|| send(ends, message));
        let received = receive(ends);
        sending.join().expect("sending does not panic")?;
        received
    })
    // END SOLUTION
}

fn send(ends: &Ends, message: &[u8]) -> Result<(), Fault> {
    Ok(frame::write(&mut &ends.output, message)?)
}

fn receive(ends: &Ends) -> Result<Vec<u8>, Fault> {
    frame::read(&mut &ends.input)?.ok_or_else(|| "the other side has ended".into())
}

/// Whether two processes that exchange messages of so many bytes both have the other's within two seconds.
fn both_have(bytes: usize) -> bool {
    let [one, other] = Ends::pair().expect("two pipes");
    let start = |ends: &Ends, own: u8, others: u8| {
        let has = || exchange(ends, &vec![own; bytes]).is_ok_and(|message| message == vec![others; bytes]);
        Process::start(&[ends], || if has() { 0 } else { 1 }).expect("a process")
    };
    let mut sides = [start(&one, 1, 2), start(&other, 2, 1)];
    drop([one, other]);
    let has = |side: &mut Process| side.join(Duration::from_secs(2)).is_ok_and(|end| end.status == Status::Exited(0));
    sides.iter_mut().all(has)
}

fn main() -> ExitCode {
    multiprocess::init();
    let mut sheet = Sheet::new();
    for bytes in [1_000, 65_532, 65_533, 3_000_000] {
        sheet.holds(format_args!("two sides exchange {bytes} bytes"), both_have(bytes));
    }
    sheet.end()
}
