//! What the processes of the cases do.

use std::io::{Read, Write};
use std::time::Duration;

use bincode::{Decode, Encode};
use multiprocess::process::{Context, Handed, Options};
use multiprocess::{Function, StartMethod, Status, register_function};

macro_rules! body {
    ($(#[$about:meta])* $name:ident, $state:ty, $item:ty => $output:ty, |$held:ident, $argument:ident| $body:expr) => {
        $(#[$about])*
        #[derive(Encode, Decode)]
        pub(super) struct $name;
        impl Function for $name {
            const NAME: &'static str = concat!("bodies::", stringify!($name));
            type State = $state;
            type Item = $item;
            type Output = $output;
            fn call(&self, $held: &$state, $argument: $item) -> $output {
                $body
            }
        }
        register_function!($name);
    };
}

body!(/** Leaves with a code. */ Leave, (), i32 => (), |_state, code| multiprocess::process::leave(code));
body!(/** Tells its name, and its pid. */ Name, (), () => (String, u32), |_state, _x| {
    (multiprocess::process::current_name(), std::process::id())
});
body!(/** Lists its descriptors. */ Descriptors, (), () => Vec<(u32, String)>, |_state, _x| descriptors());
body!(/** Says something on the pipe it was handed, after it has heard a byte on the other. */
    Converse, Handed, String => u32, |handed, item| {
    std::fs::File::from(handed.take(0).unwrap()).read_exact(&mut [0]).unwrap();
    std::fs::File::from(handed.take(1).unwrap()).write_all(item.as_bytes()).unwrap();
    u32::from(handed.take(1).is_none() && handed.take(2).is_none())
});
body!(/** Starts as many processes as the item says, which each start one less; tells how many there were. */
    Tree, (), (u8, u8) => u32, |_state, item| tree(item));
body!(/** Starts a program that outlives it, and tells its pid. */ Parent, (), () => u32, |_state, _x| grandchild());
body!(/** Starts processes that never end, writes its pid on the pipe it was handed, and never ends either. */
    Busy, Handed, (u8, u32, bool) => (), |handed, item| busy(handed, item));
body!(/** Never ends, and needs no processor for it. */ Idle, (), () => (), |_state, _x| loop {
    std::thread::park();
});
body!(/** Starts a thread that never ends, and returns. */ Abandon, (), () => u32, |_state, _x| {
    drop(std::thread::spawn(|| loop { std::thread::park() }));
    std::fs::read_dir("/proc/self/task").unwrap().count() as u32
});

const PATIENT: Duration = Duration::from_secs(30);

/// The number of a method in an item.
pub(super) fn number(method: StartMethod) -> u8 {
    StartMethod::ALL.iter().position(|known| *known == method).unwrap() as u8
}

fn descriptors() -> Vec<(u32, String)> {
    let entries = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let all = entries.filter_map(|entry| {
        let target = std::fs::read_link(entry.path()).ok()?.to_string_lossy().into_owned();
        Some((entry.file_name().to_str()?.parse().ok()?, target))
    });
    // The listing itself.
    all.filter(|(_, target)| !target.starts_with("/proc/")).collect()
}

fn tree((method, depth): (u8, u8)) -> u32 {
    if depth == 0 {
        return 1;
    }
    let context = Context::new(StartMethod::ALL[usize::from(method)]).unwrap();
    let start = |_| context.start(Options::new(), &Tree, (method, depth - 1), &[]).unwrap();
    let mut children: Vec<_> = (0..2).map(start).collect();
    1 + children.iter_mut().map(|child| child.output(PATIENT).unwrap()).sum::<u32>()
}

/// A program that waits for ever, and the end of standard input means nothing to it.
pub(super) fn grandchild() -> u32 {
    std::process::Command::new("sleep").arg("1000").spawn().unwrap().id()
}

fn busy(handed: &Handed, (method, generations, idle): (u8, u32, bool)) {
    let pipe = handed.take(0).unwrap();
    let context = Context::new(StartMethod::ALL[usize::from(method)]).unwrap();
    let child = (generations > 1).then(|| {
        let item = (method, generations - 1, idle);
        context.start(Options::new(), &Busy, item, &[std::os::fd::AsFd::as_fd(&pipe)]).unwrap()
    });
    std::fs::File::from(pipe).write_all(&std::process::id().to_ne_bytes()).unwrap();
    loop {
        if idle {
            std::thread::park();
        } else {
            std::hint::black_box(child.as_ref().map(|child| child.pid()));
        }
    }
}

/// How the process that ran this ended, for a reader of the cases: a panic is code 1.
pub(super) const PANICKED: Status = Status::Exited(1);
