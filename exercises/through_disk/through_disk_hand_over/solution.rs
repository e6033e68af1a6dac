//! Hand over a file as a whole.
//!
//! Another program reads a file by its name whenever it likes. Put new content under the name so that it finds the old or the new one,
//! and never a part or nothing: whatever happens to this program, and if the power is lost, too. When the function has returned,
//! a loss of power may not bring the old content back. If a step fails, return its error, and leave no other file behind; a program
//! that was killed may leave one, but the next call has to get rid of it.
//!
//! `Files` has what can be done. On the `Disk` every moment is looked at: what could be found there, had the program been killed or the
//! power been lost just then.

use std::io;
use std::process::ExitCode;

use exercises::{Disk, Files, Sheet};

// BEGIN SOLUTION
//| /// Puts `content` under `name`.
//| pub fn hand_over(files: &mut dyn Files, name: &str, content: &[u8]) -> io::Result<()> {
//|     // TODO: who reads the file now finds a part of it.
//|     files.create(name)?;
//|     files.append(name, content)
//| }
/// Puts `content` under `name`, in one step for whoever reads it.
pub fn hand_over(files: &mut dyn Files, name: &str, content: &[u8]) -> io::Result<()> {
    // Always the same name: one that a killed program has left is used again.
    let draft = format!("{name}.draft");
    if let Err(fault) = publish(files, &draft, name, content) {
        // It may not be there; what is told is what went wrong first.
        let _ = files.remove(&draft);
        return Err(fault);
    }
    files.sync_folder()
}

fn publish(files: &mut dyn Files, draft: &str, name: &str, content: &[u8]) -> io::Result<()> {
    files.create(draft)?;
    files.append(draft, content)?;
    // Before the rename, which may be on the disk earlier than the content otherwise.
    files.sync(draft)?;
    files.rename(draft, name)
}
// END SOLUTION

fn main() -> ExitCode {
    let (old, new) = ([b'o'; 100], [b'n'; 200]);
    let mut disk = Disk::with(&[("table.csv", &old)]);
    let done = hand_over(&mut disk, "table.csv", &new);
    let mut sheet = Sheet::new();
    sheet.holds("it succeeds", done.is_ok());
    sheet.holds("the new content is there", disk.read("table.csv") == Some(&new));
    sheet.exactly("files", disk.names().len() as u64, 1);
    for (power_lost, what) in [(false, "had it been killed"), (true, "had the power been lost")] {
        let mut torn = 0;
        for found in disk.could_be_found("table.csv").into_iter().filter(|found| found.power_lost == power_lost) {
            let whole = found.content.as_deref().is_some_and(|content| content == old || content == new);
            if !whole {
                let length = found.content.map_or("no file".to_owned(), |content| format!("{} bytes", content.len()));
                println!("     after {}: {length}", found.after);
                torn += 1;
            }
        }
        sheet.exactly(format_args!("{what}: contents that are neither"), torn, 0);
    }
    let kept = disk.after_power_loss("table.csv").iter().all(|content| content.as_deref() == Some(&new));
    sheet.holds("when it has returned, the new content stays", kept);
    let mut full = Disk::with(&[("table.csv", &old)]).failing_at(1);
    sheet.holds("a full disk is told", hand_over(&mut full, "table.csv", &new).is_err());
    sheet.holds("and leaves the old file alone", full.read("table.csv") == Some(&old) && full.names() == ["table.csv"]);
    sheet.end()
}
