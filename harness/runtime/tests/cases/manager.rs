//! The manager: its objects, what they are asked, and what its clients and its server may suffer.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::time::Duration;

use bincode::{Decode, Encode};
use multiprocess::manager::{Call, List, Lock, Managed, ManagedQueue, Manager, Value};
use multiprocess::process::{Context, Options};
use multiprocess::{Error, Function, Process, Semaphore, StartMethod, Status, codec, meter};
use multiprocess::{register_function, register_managed};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Case;
use super::functions::OneWay;
use super::process::{LONG, until};
use super::watchdog::settle;

pub(super) const CASES: &[Case] = by_every_method![
    "a_manager_s_objects_do_what_they_are_asked" => objects,
    "a_proxy_is_used_by_a_process_it_is_sent_to" => sent_proxies,
    "a_manager_that_is_killed_is_an_error_of_every_proxy" => server_killed,
    "a_manager_that_is_finished_leaves_nothing" => finished,
    "adding_by_two_requests_loses_what_one_request_keeps" => lost_updates,
    "a_killed_client_gives_back_what_it_held" => client_killed,
    "a_client_s_threads_have_a_connection_each" => threads,
    "an_error_in_a_method_is_the_call_s_and_not_the_server_s" => errors,
    "a_late_answer_is_a_deadline_and_disturbs_nobody" => late,
    "a_hostile_client_ends_its_own_connection_alone" => hostile,
];

pub(super) fn manager(method: StartMethod) -> Manager {
    Manager::start(method).unwrap()
}

/// Each call is one request: exactly these were counted, by both sides.
fn objects(method: StartMethod) {
    let manager = manager(method);
    let value = manager.value(7_i64).unwrap();
    let list = manager.list::<String>().unwrap();
    let dict = manager.dict::<String, u32>().unwrap();
    let names = manager.namespace().unwrap();
    let queue = manager.queue::<u8>(1).unwrap();
    let real = manager.value(0.5_f64).unwrap();
    assert_eq!(manager.state().unwrap().objects, 6);
    let before = meter::counts();

    assert_eq!((value.get().unwrap(), value.add(3).unwrap()), (7, 10));
    value.set(&-1).unwrap();
    assert_eq!((value.get().unwrap(), real.add(0.25).unwrap()), (-1, 0.75));
    assert_eq!((list.push(&"a".to_owned()).unwrap(), list.push(&"b".to_owned()).unwrap()), (1, 2));
    assert_eq!(list.set(0, &"c".to_owned()).unwrap().as_deref(), Some("a"));
    assert_eq!((list.get(9).unwrap(), list.set(9, &String::new()).unwrap()), (None, None));
    assert_eq!((list.all().unwrap(), list.count().unwrap()), (vec!["c".to_owned(), "b".to_owned()], 2));
    assert_eq!((list.pop().unwrap().as_deref(), list.get(0).unwrap().as_deref()), (Some("b"), Some("c")));
    assert_eq!((dict.insert(&"x".to_owned(), &1).unwrap(), dict.insert(&"x".to_owned(), &2).unwrap()), (None, Some(1)));
    assert_eq!((dict.get(&"x".to_owned()).unwrap(), dict.all().unwrap()), (Some(2), vec![("x".to_owned(), 2)]));
    assert_eq!((dict.remove(&"x".to_owned()).unwrap(), dict.count().unwrap()), (Some(2), 0));
    names.set("pi", &3.5_f64).unwrap();
    assert_eq!((names.get::<f64>("pi").unwrap(), names.remove("pi").unwrap()), (Some(3.5), true));
    assert!(names.get::<f64>("pi").unwrap().is_none());
    queue.put(&5, LONG).unwrap();
    assert!(queue.put(&6, Duration::from_millis(1)).unwrap_err().is_full());
    assert_eq!((queue.count().unwrap(), queue.get(LONG).unwrap()), (1, 5));
    assert!(queue.get(Duration::from_millis(1)).unwrap_err().is_empty());

    let made = meter::counts().since(&before);
    assert_eq!((made.messages, made.reads.calls), (29, 29));
    let state = manager.state().unwrap();
    assert_eq!(state.requests(), 29);
    assert_eq!(
        ["value.get", "value.add", "list.push", "dict.get", "queue.put"].map(|method| state.requests_of(method)),
        [2, 2, 2, 3, 2]
    );
    assert_eq!(
        value.add(i64::MAX).and_then(|_| value.add(i64::MAX)).map_err(|error| error.is_call_failed()),
        Err(true)
    );

    let twin = list.try_clone().unwrap();
    drop((value, list, dict, names, queue, real));
    assert_eq!((manager.state().unwrap().objects, twin.count().unwrap()), (1, 1));
    drop(twin);
    assert_eq!(manager.state().unwrap().objects, 0);
}

/// Adds to what it was sent.
#[derive(Encode, Decode)]
struct Visit;

impl Function for Visit {
    const NAME: &'static str = "cases::Visit";
    type State = ();
    type Item = (Value<i64>, List<u32>, Lock);
    type Output = i64;

    fn call(&self, (): &(), (value, list, lock): Self::Item) -> i64 {
        let _held = lock.acquire(LONG).unwrap();
        list.push(&std::process::id()).unwrap();
        value.add(1).unwrap()
    }
}
register_function!(Visit);

fn sent_proxies(method: StartMethod) {
    let manager = manager(method);
    let (value, list, lock) = (manager.value(0).unwrap(), manager.list().unwrap(), manager.lock().unwrap());
    let context = Context::new(method).unwrap();
    let start = |_| {
        let item = (value.try_clone().unwrap(), list.try_clone().unwrap(), lock.try_clone().unwrap());
        context.start(Options::new(), &Visit, item, &[]).unwrap()
    };
    let mut processes: Vec<_> = (0..4).map(start).collect();
    let sums: BTreeSet<i64> = processes.iter_mut().map(|process| process.output(LONG).unwrap()).collect();
    assert_eq!(sums, BTreeSet::from([1, 2, 3, 4]));
    let pids: BTreeSet<u32> = processes.iter().map(Process::pid).collect();
    assert_eq!(list.all().unwrap().into_iter().collect::<BTreeSet<u32>>(), pids);
    until(|| manager.state().unwrap().clients == 1);
    assert_eq!(manager.state().unwrap().objects, 3);
}

/// Fault 19 of the matrix: four proxies, and one that waits in the server, are five errors.
fn server_killed(method: StartMethod) {
    nix::sys::prctl::set_child_subreaper(true).unwrap();
    let manager = manager(method);
    let (value, list) = (manager.value(1_i64).unwrap(), manager.list::<u8>().unwrap());
    let (queue, lock) = (manager.queue::<u8>(1).unwrap(), manager.lock().unwrap());
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| queue.get(2 * LONG).unwrap_err());
        until(|| manager.state().unwrap().connections == 2);
        kill(Pid::from_raw(manager.pid().cast_signed()), Signal::SIGKILL).unwrap();
        assert!(waiting.join().unwrap().is_manager_died());
    });
    settle();
    let errors = [
        value.get().unwrap_err(),
        list.count().unwrap_err(),
        queue.count().unwrap_err(),
        lock.acquire(LONG).unwrap_err(),
        manager.state().unwrap_err(),
        manager.value(1_u8).unwrap_err(),
    ];
    for error in errors {
        assert!(error.is_manager_died() && error.to_string().contains(&manager.pid().to_string()), "{error}");
    }
    drop((value, list, queue, lock, manager));
}

fn finished(method: StartMethod) {
    let manager = manager(method);
    let value = manager.value(3_i64).unwrap();
    for _ in 0..20 {
        value.add(1).unwrap();
    }
    let name = path(&value);
    let unix = || std::fs::read_to_string("/proc/net/unix").unwrap().contains(&name);
    assert!(unix());
    let pid = manager.pid();
    let report = manager.finish(LONG).unwrap();
    assert_eq!((report.pid, report.status), (pid, Status::Exited(0)));
    // Its preparation, the value and the calls came; all but the preparation were answered.
    assert_eq!((report.counts.reads.calls, report.counts.messages), (22, 21));
    assert!(!unix() && value.get().unwrap_err().is_manager_died());
}

/// How many processes add, and how often each.
const ADDERS: i64 = 4;
const TIMES: i64 = 500;

fn lost_updates(method: StartMethod) {
    // By closures, which are forked from here, whatever started the server.
    let manager = manager(method);
    let (value, lock) = (manager.value(0_i64).unwrap(), manager.lock().unwrap());
    let all = |step: &dyn Fn() -> Result<(), Error>| {
        let before = manager.state().unwrap().requests();
        value.set(&0).unwrap();
        let life = || i32::from((0..TIMES).try_for_each(|_| step()).is_err());
        let mut processes: Vec<_> = (0..ADDERS).map(|_| Process::start(&[], life).unwrap()).collect();
        for process in &mut processes {
            assert_eq!(process.join(LONG).unwrap().status, Status::Exited(0));
        }
        let made = manager.state().unwrap().requests() - before - 1;
        (value.get().unwrap(), made)
    };
    let careless = all(&|| value.get().and_then(|now| value.set(&(now + 1))));
    let total = ADDERS * TIMES;
    assert!((TIMES..=total).contains(&careless.0) && careless.1 == 2 * total.cast_unsigned(), "{careless:?}");
    assert_eq!(all(&|| value.add(1).map(drop)), (total, total.cast_unsigned()));
    let careful = || {
        let _held = lock.acquire(LONG)?;
        value.get().and_then(|now| value.set(&(now + 1)))
    };
    assert_eq!(all(&careful), (total, 4 * total.cast_unsigned()));
}

fn client_killed(method: StartMethod) {
    let manager = manager(method);
    let (lock, queue) = (manager.lock().unwrap(), manager.queue::<u8>(1).unwrap());
    let said = Semaphore::new(0).unwrap();
    let life = || {
        let _held = lock.acquire(LONG).unwrap();
        let _objects = (manager.value(1_u8).unwrap(), queue.try_clone().unwrap());
        said.release().unwrap();
        i32::from(queue.get(2 * LONG).is_err())
    };
    for round in 1..=5 {
        let mut client = Process::start(&[], life).unwrap();
        said.acquire(LONG).unwrap();
        // In the middle of its get, which nobody will serve.
        until(|| manager.state().unwrap().requests_of("queue.get") == round);
        assert_eq!(manager.state().unwrap().objects, 3);
        assert!(lock.acquire(Duration::from_millis(1)).unwrap_err().is_deadline());
        client.kill();
        client.join(LONG).unwrap();
        assert!(lock.acquire(LONG).unwrap().is_orphaned());
        assert!(!lock.acquire(LONG).unwrap().is_orphaned());
        until(|| manager.state().unwrap().clients == 1);
        assert_eq!(manager.state().unwrap().objects, 2);
        until(|| server_threads(&manager) == 2);
    }
    queue.put(&9, LONG).unwrap();
    assert_eq!(queue.get(LONG).unwrap(), 9);
}

/// The threads of the server.
fn server_threads(manager: &Manager) -> usize {
    std::fs::read_dir(format!("/proc/{}/task", manager.pid())).unwrap().count()
}

fn threads(method: StartMethod) {
    const THREADS: u64 = 8;
    let manager = manager(method);
    let queue: ManagedQueue<u64> = manager.queue(100).unwrap();
    let descriptors = || std::fs::read_dir(format!("/proc/{}/fd", manager.pid())).unwrap().count();
    let (threads, open) = (server_threads(&manager), descriptors());
    std::thread::scope(|scope| {
        let getters: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| queue.get(LONG).unwrap())).collect();
        // All of them wait at once, and this thread asks.
        until(|| manager.state().unwrap().requests_of("queue.get") == THREADS);
        let state = manager.state().unwrap();
        assert_eq!((state.clients, state.connections), (1, THREADS + 1));
        assert_eq!(server_threads(&manager), threads + THREADS as usize);
        assert_eq!(descriptors(), open + THREADS as usize);
        (0..THREADS).for_each(|item| queue.put(&item, LONG).unwrap());
        let got: BTreeSet<u64> = getters.into_iter().map(|getter| getter.join().unwrap()).collect();
        assert_eq!(got, (0..THREADS).collect());
    });
    settle();
    drop(queue);
    // The last proxy takes all connections along.
    until(|| server_threads(&manager) == threads - 1 && descriptors() == open - 1);
}

/// An object that does what it should not.
pub(super) struct Fussy;

#[derive(Encode, Decode)]
pub(super) enum Ask {
    Panic,
    Greet(String),
    Never,
    Odd(OneWay),
    Explode,
}

impl Managed for Fussy {
    const NAME: &'static str = "cases::Fussy";
    type Setup = bool;
    type Request = Ask;
    type Reply = Result<String, super::functions::Bomb<true>>;

    fn create(wanted: bool) -> Self {
        assert!(wanted, "not wanted");
        Self
    }

    fn method(request: &Ask) -> &'static str {
        match request {
            Ask::Panic => "panic",
            Ask::Greet(_) => "greet",
            Ask::Never => "never",
            Ask::Odd(_) => "odd",
            Ask::Explode => "explode",
        }
    }

    fn serve(&self, request: Ask, call: &Call<'_>) -> Self::Reply {
        match request {
            Ask::Panic => panic!("on purpose"),
            Ask::Greet(name) => Ok(format!("hello {name}")),
            Ask::Explode | Ask::Odd(_) => Err(super::functions::Bomb),
            Ask::Never => {
                until(|| call.has_left());
                Ok(String::new())
            }
        }
    }
}
register_managed!(Fussy);

/// Not registered, on purpose.
struct Unknown;

impl Managed for Unknown {
    const NAME: &'static str = "cases::Unknown";
    type Setup = ();
    type Request = ();
    type Reply = ();

    fn create((): ()) -> Self {
        Self
    }
    fn method((): &()) -> &'static str {
        "nothing"
    }
    fn serve(&self, (): (), _: &Call<'_>) {}
}

fn greets(fussy: &multiprocess::manager::Proxy<Fussy>) {
    let said = fussy.call(&Ask::Greet("you".to_owned())).unwrap();
    assert!(said.is_ok_and(|said| said == "hello you"));
}

fn errors(method: StartMethod) {
    let manager = manager(method);
    let fussy = manager.create::<Fussy>(&true).unwrap();
    for (request, why) in [(Ask::Panic, "on purpose"), (Ask::Odd(OneWay), "one way only"), (Ask::Explode, "a bomb")] {
        let error = fussy.call(&request).map(drop).unwrap_err();
        assert!(error.is_call_failed() && error.to_string().contains(why), "{error}");
        greets(&fussy);
    }
    let error = manager.create::<Fussy>(&false).unwrap_err();
    assert!(error.is_call_failed() && error.to_string().contains("not wanted"), "{error}");
    let error = manager.create::<Unknown>(&()).unwrap_err();
    assert!(error.to_string().contains("'cases::Unknown'"), "{error}");
    let state = manager.state().unwrap();
    // What could not be decoded is no call of any method.
    assert_eq!((state.requests(), state.connections, state.objects), (5, 1, 1));
}

fn late(method: StartMethod) {
    let manager = manager(method);
    let fussy = manager.create::<Fussy>(&true).unwrap().limited(Duration::from_millis(50));
    let other = fussy.try_clone().unwrap().limited(LONG);
    for _ in 0..3 {
        assert!(fussy.call(&Ask::Never).map(drop).unwrap_err().is_deadline());
        greets(&other);
    }
    until(|| manager.state().unwrap().connections == 1);
    assert_eq!(manager.state().unwrap().objects, 1);
}

/// The bytes of a proxy begin with its manager's name and token.
fn path(value: &Value<i64>) -> String {
    let bytes = codec::dumps(value).unwrap();
    let hex: String = bytes[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("multiprocess-manager-{hex}")
}

fn hostile(method: StartMethod) {
    let manager = manager(method);
    let value = manager.value(1_i64).unwrap();
    let bytes = codec::dumps(&value).unwrap();
    let address = SocketAddr::from_abstract_name(path(&value)).unwrap();
    let connect = |token: &[u8]| {
        let mut stream = UnixStream::connect_addr(&address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.write_all(&[token, &[7; 16]].concat()).unwrap();
        stream
    };
    let end = |mut stream: UnixStream| {
        let mut rest = Vec::new();
        // The end, or a reset if something was left unread.
        let _ = stream.read_to_end(&mut rest);
        rest
    };
    let mut wrong = bytes[16..48].to_vec();
    wrong[31] ^= 1;
    assert_eq!(end(connect(&wrong)), b"");
    // Who says nothing has a thread for five seconds, and keeps nobody else waiting.
    let _silent = UnixStream::connect_addr(&address).unwrap();
    let hostile: [&[u8]; 6] = [b"", &[0, 0], &[0, 0, 0, 9, 1], &[0x80, 0, 0, 0], &[0xff; 12], &[0, 0, 0, 2, 9, 9]];
    for frame in hostile {
        let mut stream = connect(&bytes[16..48]);
        stream.write_all(frame).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(end(stream), b"W", "{frame:?}");
        assert_eq!(value.get().unwrap(), 1);
    }
    until(|| manager.state().unwrap().clients == 1);
    assert_eq!(manager.state().unwrap().requests_of("value.get"), 6);
}
