//! Shared memory that crosses to a process which was not forked with it: one suite for everything that can be handed over.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::FileExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::time::Duration;

use bincode::{Decode, Encode};
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::forkserver::ForkServer;
use multiprocess::{
    Array, ClaimError, Function, HandOver, Inherited, Process, RawArray, RawValue, ScratchFile, ShareableItem,
    ShareableList, SharedArray, SharedAtomic, StartMethod, Status, Value, register_function,
};
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::unistd::ftruncate;

use super::process::LONG;
use super::{Case, house, sharing};

/// A part of the suite, run for everything that can be handed over.
macro_rules! each {
    ($part:ident $(, $argument:expr)*) => {{
        $part::<SharedArray<f64>>($($argument),*);
        $part::<SharedArray<u8>>($($argument),*);
        $part::<RawValue<f32>>($($argument),*);
        $part::<RawArray<u16>>($($argument),*);
        $part::<Value<i64>>($($argument),*);
        $part::<Array<bool>>($($argument),*);
        $part::<SharedAtomic<u32>>($($argument),*);
        $part::<ShareableList>($($argument),*);
    }};
}

pub(super) const CASES: &[Case] = &[
    ("what_is_handed_over_is_shared_with_a_forked_process", || each!(to_a_forked_process)),
    ("what_is_handed_over_is_shared_with_a_child_of_a_fork_server", to_a_child_of_a_fork_server),
    ("what_is_handed_over_is_shared_with_a_spawned_worker", to_a_spawned_worker),
    ("a_forked_child_hands_on_what_it_keeps", || each!(handed_on)),
    ("nobody_can_shorten_what_was_handed_over", || each!(sealed)),
    ("what_is_no_such_memory_is_refused", || each!(refuses)),
    ("one_kind_is_not_taken_for_another", one_kind_is_not_taken_for_another),
    ("a_changed_label_never_leads_beyond_the_end", || each!(distrusts_the_label)),
    ("a_hand_over_ends_with_its_peer_or_its_deadline", || each!(ends)),
    ("a_hand_over_touches_no_page_of_the_numbers", touches_no_page),
    ("a_child_that_did_not_keep_a_received_array_cannot_map_another_in_its_place", received_and_not_kept),
    ("fifty_of_everything_leave_nothing", fifty_leave_nothing),
];

/// Something that can be handed over, with a mark that one process makes and another sees.
trait Subject: HandOver + Inherited {
    const NAME: &'static str;
    fn make() -> Self;
    fn mark(&self);
    fn is_marked(&self) -> bool;
}

macro_rules! subjects {
    ($($name:literal $type:ty: $make:expr, |$this:ident| $mark:expr, $seen:expr);* $(;)?) => {$(
        impl Subject for $type {
            const NAME: &'static str = $name;
            fn make() -> Self {
                $make.unwrap()
            }
            fn mark(&self) {
                let $this = self;
                $mark.unwrap();
            }
            fn is_marked(&self) -> bool {
                let $this = self;
                $seen
            }
        }
    )*};
}

subjects! {
    "numbers" SharedArray<f64>: SharedArray::zeroed(1_000), |it| it.write(999..1_000, |part| part[0] = 0.5),
        it.read(999..1_000, |part| part[0]).unwrap() == 0.5;
    "an odd number of bytes" SharedArray<u8>: SharedArray::zeroed(4_097), |it| it.write(4_096..4_097, |part| part[0] = 1),
        it.read(4_096..4_097, |part| part[0]).unwrap() == 1;
    "a raw value" RawValue<f32>: RawValue::new(0.0), |it| Some(it).inspect(|it| it.store(-1.5)), it.load() == -1.5;
    "a raw array" RawArray<u16>: RawArray::zeroed(333), |it| it.store(332, 1), it.load(332).unwrap() == 1;
    "a value" Value<i64>: Value::new(-1), |it| it.store(i64::MIN, LONG), it.load(LONG).unwrap() == i64::MIN;
    "an array" Array<bool>: Array::zeroed(3), |it| it.lock(LONG).unwrap().set(2, true), it.raw().load(2).unwrap();
    "an atomic" SharedAtomic<u32>: SharedAtomic::new(u32::MAX), |it| Some(it.fetch_add(2)), it.load() == 1;
    "a list" ShareableList: ShareableList::new(["a".into(), ShareableItem::None]), |it| it.set(0, "é\0".into()),
        it.get(0).unwrap() == "é\0".into();
}

/// An end of a socket that a forked child keeps.
struct End(UnixStream);

impl Inherited for End {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.0.as_fd()]
    }
}

fn ends_of_a_socket() -> (End, End) {
    let (one, other) = UnixStream::pair().unwrap();
    (End(one), End(other))
}

fn to_a_forked_process<S: Subject>() {
    let (here, there) = ends_of_a_socket();
    let body = || match S::receive_from(&there.0, LONG) {
        Ok(received) => {
            received.mark();
            0
        }
        Err(_) => 1,
    };
    // Made after the fork, so that the child has it from the socket or not at all.
    let mut child = Process::start(&[&there], body).unwrap();
    let subject = S::make();
    assert!(!subject.is_marked());
    subject.send_to(&here.0, LONG).unwrap();
    assert_eq!(child.join(LONG).unwrap().status, Status::Exited(0), "{}", S::NAME);
    assert!(subject.is_marked(), "{}", S::NAME);
}

/// Connects to the abstract address (unix(7)), receives, and marks what comes.
#[derive(Encode, Decode)]
struct MarkReceived;

impl Function for MarkReceived {
    const NAME: &'static str = "cases::handover::MarkReceived";
    type State = ();
    type Item = (String, String);
    type Output = bool;

    fn call(&self, _: &(), (name, address): (String, String)) -> bool {
        let socket = UnixStream::connect_addr(&SocketAddr::from_abstract_name(address).unwrap()).unwrap();
        let mut marked = false;
        each!(mark_received, &name, &socket, &mut marked);
        marked
    }
}
register_function!(MarkReceived);

fn mark_received<S: Subject>(name: &str, socket: &UnixStream, marked: &mut bool) {
    if name == S::NAME {
        S::receive_from(socket, LONG).unwrap().mark();
        *marked = true;
    }
}

/// An address that nobody else has, and who listens there.
fn listener<S: Subject>() -> (String, UnixListener) {
    let address = format!("multiprocess-cases-{}-{}", std::process::id(), S::NAME);
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&address).unwrap()).unwrap();
    (address, listener)
}

fn send_to_who_comes<S: Subject>(listener: &UnixListener) -> S {
    let subject = S::make();
    subject.send_to(&listener.accept().unwrap().0, LONG).unwrap();
    subject
}

fn to_a_child_of_a_fork_server() {
    fn part<S: Subject>(server: &ForkServer) {
        let (address, listener) = listener::<S>();
        let child = server.run(&MarkReceived, (S::NAME.to_owned(), address), LONG).unwrap();
        let subject: S = send_to_who_comes(&listener);
        assert!(child.join().unwrap());
        assert!(subject.is_marked(), "{}", S::NAME);
    }
    let server = ForkServer::start().unwrap();
    each!(part, &server);
}

fn to_a_spawned_worker() {
    fn part<S: Subject + Send>(pool: &Pool<()>) {
        let (address, listener) = listener::<S>();
        let subject: S = std::thread::scope(|scope| {
            let sender = scope.spawn(|| send_to_who_comes(&listener));
            let items = vec![(S::NAME.to_owned(), address)];
            assert_eq!(pool.map(MarkReceived, items, Chunksize::Automatic).unwrap(), [true]);
            sender.join().unwrap()
        });
        assert!(subject.is_marked(), "{}", S::NAME);
    }
    let pool = Pool::start(Config::new(1).start_method(StartMethod::Spawn)).unwrap();
    each!(part, &pool);
    pool.finish().unwrap();
}

/// A child that lists what it inherits has its descriptor, too, and can send it.
fn handed_on<S: Subject>() {
    let (here, there) = ends_of_a_socket();
    let subject = S::make();
    let send = || i32::from(subject.send_to(&there.0, LONG).is_err());
    let mut child = Process::start(&[&there, &subject], send).unwrap();
    S::receive_from(&here.0, LONG).unwrap().mark();
    assert_eq!(child.join(LONG).unwrap().status, Status::Exited(0));
    assert!(subject.is_marked(), "{}", S::NAME);
}

fn sealed<S: Subject>() {
    let subject = S::make();
    let descriptor = subject.descriptor();
    let bytes = nix::sys::stat::fstat(descriptor).unwrap().st_size;
    for other in [0, bytes - 1, bytes + 1] {
        assert_eq!(ftruncate(descriptor, other), Err(nix::errno::Errno::EPERM), "{}", S::NAME);
    }
    let more = fcntl(descriptor, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_WRITE));
    assert_eq!(more, Err(nix::errno::Errno::EPERM), "nor can anybody add a seal");
    let flags = fcntl(descriptor, FcntlArg::F_GETFD).unwrap();
    assert!(nix::fcntl::FdFlag::from_bits_retain(flags).contains(nix::fcntl::FdFlag::FD_CLOEXEC));
}

/// A memfd that begins with these bytes, sealed or not.
fn memory(bytes: &[u8], seals: SealFlag) -> OwnedFd {
    let memory = memfd_create("cases", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING).unwrap();
    nix::unistd::write(&memory, bytes).unwrap();
    fcntl(&memory, FcntlArg::F_ADD_SEALS(seals)).unwrap();
    memory
}

fn length_sealed() -> SealFlag {
    SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW
}

/// All the bytes of the memory behind a descriptor.
fn bytes_of(descriptor: BorrowedFd<'_>) -> Vec<u8> {
    let file = File::from(descriptor.try_clone_to_owned().unwrap());
    let mut bytes = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
    file.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

fn refuses<S: Subject>() {
    let refused = |descriptor: OwnedFd, why: &str| {
        let error = S::from_descriptor(descriptor).err().expect(why);
        assert!(error.is_wrong_memory() && error.to_string().contains(why), "{}: {error}", S::NAME);
    };
    let mut scratch = ScratchFile::create().unwrap();
    refused(scratch.file().try_clone().unwrap().into(), "not sealed");
    refused(File::open("/dev/zero").unwrap().into(), "memfd");
    refused(UnixStream::pair().unwrap().0.into(), "memfd");
    refused(memory(&[], length_sealed()), "0 bytes");
    refused(memory(&[0; 127], length_sealed()), "127 bytes");
    refused(memory(&[0; 4_096], length_sealed()), "does not begin");
    let good = bytes_of(S::make().descriptor());
    refused(memory(&good, SealFlag::F_SEAL_GROW), "not sealed");
    refused(memory(&good[..good.len() - 1], length_sealed()), "elements");
    refused(memory(&[good.as_slice(), &[0]].concat(), length_sealed()), "elements");
    S::from_descriptor(memory(&good, length_sealed())).unwrap().mark();
    // Open for reading alone.
    let subject = S::make();
    let reading = File::open(format!("/proc/self/fd/{}", subject.descriptor().as_raw_fd())).unwrap();
    refused(reading.into(), "cannot be written");
    refused(memory(&good, length_sealed() | SealFlag::F_SEAL_FUTURE_WRITE), "cannot be written");
}

fn one_kind_is_not_taken_for_another() {
    fn part<S: Subject>() {
        let subject = S::make();
        let descriptor = || subject.descriptor().try_clone_to_owned().unwrap();
        let mut taken = Vec::new();
        each!(take, &mut taken, descriptor());
        assert_eq!(taken, [S::NAME]);
        let error = Value::<u64>::from_descriptor(descriptor()).unwrap_err();
        assert!(
            error.is_wrong_memory() && error.to_string().contains("not shared values with a lock of u64 (8 bytes)")
        );
    }
    fn take<S: Subject>(taken: &mut Vec<&'static str>, descriptor: OwnedFd) {
        match S::from_descriptor(descriptor) {
            Ok(_) => taken.push(S::NAME),
            Err(error) => assert!(error.is_wrong_memory(), "{error}"),
        }
    }
    each!(part);
    let two = RawArray::of(&[1_u8, 2]).unwrap();
    let error = RawValue::<u8>::from_descriptor(two.descriptor().try_clone_to_owned().unwrap()).unwrap_err();
    assert!(error.to_string().ends_with("it holds 2 elements, not one"), "{error}");
}

/// The third word of the label is the length.
fn distrusts_the_label<S: Subject>() {
    let good = bytes_of(S::make().descriptor());
    let len = u64::from_ne_bytes(good[16..24].try_into().unwrap());
    for lie in [0, len - 1, len + 1, len * 2, 1 << 20, 1 << 61, (1 << 61) + len, 1 << 63, u64::MAX] {
        let mut bytes = good.clone();
        bytes[16..24].copy_from_slice(&lie.to_ne_bytes());
        let error = S::from_descriptor(memory(&bytes, length_sealed())).err().expect("another length");
        assert!(error.is_wrong_memory(), "{}: {error}", S::NAME);
    }
    // What was taken is not looked up again.
    let subject = S::make();
    let file = File::from(subject.descriptor().try_clone_to_owned().unwrap());
    file.write_all_at(&u64::MAX.to_ne_bytes(), 16).unwrap();
    subject.mark();
    assert!(subject.is_marked());
}

fn ends<S: Subject>() {
    let brief = Duration::from_millis(20);
    let (here, there) = UnixStream::pair().unwrap();
    assert!(S::receive_from(&there, brief).err().unwrap().is_deadline(), "nobody sends");
    std::io::Write::write_all(&mut &here, b"mp-share").unwrap();
    let error = S::receive_from(&there, LONG).err().unwrap();
    assert!(error.to_string().contains("descriptors"), "no descriptor came: {error}");
    let subject = S::make();
    while subject.send_to(&here, brief).is_ok() {}
    assert!(subject.send_to(&here, brief).unwrap_err().is_deadline(), "nobody receives");
    assert!(S::receive_from(&there, LONG).is_ok());
    drop(there);
    assert!(subject.send_to(&here, LONG).is_err(), "a peer that is gone is an error and no SIGPIPE");
    let (here, there) = UnixStream::pair().unwrap();
    drop(here);
    assert!(S::receive_from(&there, LONG).is_err());
}

/// How much shared memory is in this process's page tables, in KiB (proc(5)).
fn shared_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssShmem:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn touches_no_page() {
    const MIB: usize = 1 << 20;
    let (here, there) = UnixStream::pair().unwrap();
    for mib in [1, 256] {
        let (before, mapped) = (shared_kib(), sharing::mappings());
        let array = SharedArray::<u64>::zeroed(mib * MIB / 8).unwrap();
        let made = shared_kib() - before;
        assert!(made >= 1_024 * mib as u64, "its maker's pages are there when it is made: {made}");
        array.send_to(&here, LONG).unwrap();
        let same = SharedArray::<u64>::receive_from(&there, LONG).unwrap();
        assert_eq!((same.len(), sharing::mappings() - mapped), (array.len(), 1), "it is mapped by its first claim");
        same.write(0..1, |numbers| numbers[0] = 1).unwrap();
        assert_eq!((array.read(0..1, |numbers| numbers[0]).unwrap(), sharing::mappings() - mapped), (1, 2));
        let claimed = shared_kib() - before - made;
        // The pages of the table and of the number, and those that the kernel maps around them.
        assert!(claimed <= 256, "{claimed} KiB of {mib} MiB came with one number");
    }
}

fn received_and_not_kept() {
    let (here, there) = UnixStream::pair().unwrap();
    let array = SharedArray::<u8>::zeroed(10).unwrap();
    array.send_to(&here, LONG).unwrap();
    let received = SharedArray::<u8>::receive_from(&there, LONG).unwrap();
    let closed = || {
        let refused = || match received.write(0..1, |_| ()) {
            Err(ClaimError::Unmapped { why }) => assert!(why.contains("not kept"), "{why}"),
            other => panic!("{other:?}"),
        };
        refused();
        // Other memory under the number that the descriptor had.
        let number = received.descriptor().as_raw_fd();
        let others: Vec<OwnedFd> = (0..=number).map(|_| memory(&[0; 16_384], length_sealed())).collect();
        assert!(others.iter().any(|other| other.as_raw_fd() == number));
        refused();
        0
    };
    assert_eq!(Process::start(&[], closed).unwrap().join(LONG).unwrap().status, Status::Exited(0));
    let kept = || received.write(9..10, |numbers| numbers[0] = 1).map_or(1, |()| 0);
    assert_eq!(Process::start(&[&received], kept).unwrap().join(LONG).unwrap().status, Status::Exited(0));
    assert_eq!(array.read(9..10, |numbers| numbers[0]), Ok(1));
}

fn fifty_leave_nothing() {
    let held =
        || (std::fs::read_dir("/proc/self/fd").unwrap().count(), sharing::mappings(), house::shared_memory_files());
    fn once<S: Subject>() {
        let (here, there) = UnixStream::pair().unwrap();
        let subject = S::make();
        subject.send_to(&here, LONG).unwrap();
        S::receive_from(&there, LONG).unwrap().mark();
        assert!(subject.is_marked());
        // Sent, and received by nobody.
        subject.send_to(&here, LONG).unwrap();
    }
    let before = held();
    for _ in 0..50 {
        each!(once);
    }
    assert_eq!(held(), before);
}
