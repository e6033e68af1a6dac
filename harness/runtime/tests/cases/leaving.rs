//! How a process leaves: what it has printed, and whose death it does not survive.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use multiprocess::{Inherited, Process, ScratchFile, Status};
use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, dup2_stdout};

use super::Case;
use super::process::LONG;

pub(super) const CASES: &[Case] = &[
    ("what_is_printed_without_an_end_of_line_is_printed_once", printed_once),
    ("a_process_that_inherits_a_blocked_sigio_still_dies_with_its_parent", dies_with_sigio_blocked),
];

/// What `work` writes to standard output.
fn printed(work: impl FnOnce()) -> String {
    let file = ScratchFile::create().unwrap();
    let kept = std::io::stdout().as_fd().try_clone_to_owned().unwrap();
    std::io::stdout().flush().unwrap();
    dup2_stdout(File::options().append(true).open(file.path()).unwrap()).unwrap();
    work();
    std::io::stdout().flush().unwrap();
    dup2_stdout(&kept).unwrap();
    std::fs::read_to_string(file.path()).unwrap()
}

/// Standard output is buffered up to the end of a line. A fork copies the buffer, and `_exit` throws it away.
fn printed_once() {
    let status = |body: &dyn Fn() -> i32| Process::start(&[], body).unwrap().join(LONG).unwrap().status;
    let text = printed(|| {
        print!("the parent, ");
        let child = || {
            print!("its child, ");
            let grandchild = status(&|| {
                print!("and its child; ");
                0
            });
            i32::from(grandchild != Status::Exited(0))
        };
        assert_eq!(status(&child), Status::Exited(0));
        print!("once each");
    });
    assert_eq!(text, "the parent, its child, and its child; once each");
    let text = printed(|| {
        let fails = || {
            print!("before it failed");
            panic!("on purpose")
        };
        assert_eq!(status(&fails), Status::Exited(1));
    });
    assert_eq!(text, "before it failed");
}

/// The writing end of a pipe.
struct End(OwnedFd);

impl Inherited for End {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.0.as_fd()]
    }
}

fn for_ever() -> ! {
    loop {
        std::thread::park_timeout(LONG);
    }
}

/// A process that blocks SIGIO starts another, which inherits that, and is killed.
fn dies_with_sigio_blocked() {
    set_child_subreaper(true).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let writer = End(writer.into());
    let mut blocked = SigSet::empty();
    blocked.add(Signal::SIGIO);
    let mut middle = Process::start(&[&writer], || {
        blocked.thread_block().unwrap();
        let inner = Process::start(&[&writer], || {
            // From here on its life is tied to its parent's.
            let mut pipe = File::from(writer.0.try_clone().unwrap());
            pipe.write_all(&std::process::id().to_ne_bytes()).unwrap();
            for_ever()
        });
        assert!(inner.is_ok());
        for_ever()
    })
    .unwrap();
    drop(writer);
    let (mut pid, mut reader) = ([0; 4], reader);
    reader.read_exact(&mut pid).unwrap();
    let inner = Pid::from_raw(u32::from_ne_bytes(pid).cast_signed());
    middle.kill();
    middle.join(LONG).unwrap();
    // The pipe ends with its last writer.
    let mut end = [PollFd::new(reader.as_fd(), PollFlags::POLLIN)];
    let ended = nix::poll::poll(&mut end, PollTimeout::from(30_000_u16)).unwrap();
    if ended == 0 {
        kill(inner, Signal::SIGKILL).unwrap();
    }
    assert_eq!(waitpid(inner, None).unwrap(), WaitStatus::Signaled(inner, Signal::SIGIO, false));
    set_child_subreaper(false).unwrap();
}
