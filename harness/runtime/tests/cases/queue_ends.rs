//! How the ends of queues and of the processes that put on them follow CPython's rules; and what is done and what is not.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use multiprocess::{JoinableQueue, Process, Queue, Semaphore, SimpleQueue, Status};

use super::Case;
use super::process::{LONG, until, wchan};
use super::queue::Touchy;

pub(super) const CASES: &[Case] = &[
    ("a_process_that_ends_without_a_join_has_put_all_the_same", put_and_ended),
    ("a_process_that_panics_after_a_put_has_put_all_the_same", put_and_panicked),
    ("a_process_that_cancelled_the_join_ends_at_once_and_loses_its_items", cancelled),
    ("a_join_cancelled_by_a_parent_is_not_by_its_child", not_inherited),
    ("a_process_whose_items_nobody_takes_ends_and_says_what_is_lost", lingered),
    ("a_queue_that_is_dropped_has_written_all", dropped),
    ("a_child_can_put_on_a_queue_that_its_parent_closed", parent_closed),
    ("a_queue_tells_how_many_items_it_has_and_whether_it_is_full_or_empty", full_and_empty),
    ("a_sentinel_ends_each_consumer", sentinels),
    ("a_simple_queue_holds_64_frames_of_1000_bytes", pages),
    ("a_simple_queue_can_be_put_on_before_a_fork", put_before_a_fork),
    ("a_joinable_queue_is_joined_once_all_items_are_done", joined),
    ("task_done_once_too_often_is_an_error", too_often),
    ("items_of_a_killed_consumer_stay_unfinished_and_are_counted", killed_consumer),
    ("an_item_that_could_not_be_sent_need_not_be_done", lost_is_done),
    ("a_join_that_waits_sees_the_last_item_done_by_another_process", woken),
];

const ITEMS: u32 = 200;

fn put_all(queue: &Queue<Vec<u32>>) {
    (0..ITEMS).for_each(|number| queue.put(vec![number; 500], LONG).unwrap());
}

fn get_all(queue: &Queue<Vec<u32>>) {
    assert!((0..ITEMS).all(|number| queue.get(LONG).unwrap() == vec![number; 500]));
}

fn put_and_ended() {
    let queue = Queue::new(0).unwrap();
    let put = || {
        put_all(&queue);
        3
    };
    let mut process = Process::start(&[&queue], put).unwrap();
    // It has come to its end and waits for its feeder: the pipe holds a sixth of what it put.
    until(|| wchan(&process).contains("futex"));
    get_all(&queue);
    assert_eq!(process.join(LONG).unwrap().status, Status::Exited(3));
}

fn put_and_panicked() {
    let queue = Queue::new(0).unwrap();
    let put = || {
        put_all(&queue);
        panic!("after a put")
    };
    let mut process = Process::start(&[&queue], put).unwrap();
    get_all(&queue);
    assert_eq!(process.join(LONG).unwrap().status, Status::Exited(1));
}

fn cancelled() {
    let queue = Queue::new(0).unwrap();
    let put = || {
        queue.cancel_join_thread();
        put_all(&queue);
        0
    };
    // Nobody reads, and still it ends.
    let mut process = Process::start(&[&queue], put).unwrap();
    assert_eq!(process.join(LONG).unwrap().status, Status::Exited(0));
    let mut got = 0;
    let fault = loop {
        match queue.get(Duration::from_millis(50)) {
            Ok(item) => assert_eq!(item, vec![got; 500]),
            Err(fault) => break fault,
        }
        got += 1;
    };
    assert!(got < ITEMS && (fault.is_empty() || fault.is_queue_torn()), "{got}: {fault}");
}

fn not_inherited() {
    let queue = Queue::new(0).unwrap();
    queue.cancel_join_thread();
    let put = || {
        put_all(&queue);
        0
    };
    let mut process = Process::start(&[&queue], put).unwrap();
    until(|| wchan(&process).contains("futex"));
    get_all(&queue);
    assert_eq!(process.join(LONG).unwrap().status, Status::Exited(0));
}

fn lingered() {
    let patience = Duration::from_millis(300);
    let queue = Queue::new(0).unwrap().linger(patience);
    let said = multiprocess::ScratchFile::create().unwrap();
    let path = said.path();
    let put = || {
        let file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        nix::unistd::dup2_stderr(&file).unwrap();
        put_all(&queue);
        0
    };
    let begin = Instant::now();
    let mut process = Process::start(&[&queue, &said], put).unwrap();
    assert_eq!(process.join(LONG).unwrap().status, Status::Exited(0));
    assert!(begin.elapsed() >= patience);
    let mut expected = String::new();
    write!(expected, "process {} ends with ", process.pid()).unwrap();
    let said = std::fs::read_to_string(&path).unwrap();
    assert!(said.contains(&expected) && said.contains("items of a queue that nobody made room for"), "{said}");
}

fn dropped() {
    let queue = Queue::new(0).unwrap();
    let reader = || {
        get_all(&queue);
        0
    };
    let mut process = Process::start(&[&queue], reader).unwrap();
    put_all(&queue);
    drop(queue);
    assert_eq!(process.join(LONG).unwrap().status, Status::Exited(0));
}

fn parent_closed() {
    let queue = Queue::new(0).unwrap();
    queue.put(1_u8, LONG).unwrap();
    queue.join_thread(LONG).unwrap();
    let put = || {
        queue.put(2, LONG).unwrap();
        i32::from(queue.join_thread(LONG).is_err())
    };
    let mut process = Process::start(&[&queue], put).unwrap();
    assert_eq!(process.join(LONG).unwrap().status, Status::Exited(0));
    assert_eq!((queue.get(LONG).unwrap(), queue.get(LONG).unwrap()), (1, 2));
    assert!(queue.put(3, LONG).unwrap_err().is_queue_closed());
}

/// As CPython's `test_put`, `test_get` and `test_qsize`.
fn full_and_empty() {
    let queue = Queue::new(2).unwrap();
    assert!(queue.empty().unwrap() && !queue.full() && queue.qsize() == 0);
    assert!(queue.get_nowait().unwrap_err().is_empty());
    for number in 1..=2_u8 {
        queue.put_nowait(number).unwrap();
        assert_eq!((queue.qsize(), queue.full()), (usize::from(number), number == 2));
    }
    let fault = queue.put_nowait(3).unwrap_err();
    assert!(fault.is_full() && !fault.is_queue_closed(), "{fault}");
    for number in 1..=2_u8 {
        // What was put is on its way, and then it is there.
        until(|| !queue.empty().unwrap());
        assert_eq!(queue.get(LONG).unwrap(), number);
        assert_eq!((queue.qsize(), queue.full()), (2 - usize::from(number), false));
    }
    assert!(queue.empty().unwrap());
    queue.close();
    assert!(queue.put_nowait(3).unwrap_err().is_queue_closed());
    queue.join_thread(LONG).unwrap();
}

fn sentinels() {
    let (queue, sums) = (Queue::new(5).unwrap(), Queue::new(0).unwrap());
    let consume = || {
        sums.put(queue.iter(LONG).map(Result::unwrap).sum::<u64>(), LONG).unwrap();
        0
    };
    let mut consumers: Vec<_> = (0..3).map(|_| Process::start(&[&queue, &sums], consume).unwrap()).collect();
    (1..=100).for_each(|number| queue.put(Some(number), LONG).unwrap());
    consumers.iter().for_each(|_| queue.put(None, LONG).unwrap());
    assert_eq!((0..3).map(|_| sums.get(LONG).unwrap()).sum::<u64>(), 5_050);
    assert!(consumers.iter_mut().all(|process| process.join(LONG).unwrap().status == Status::Exited(0)));
    queue.join_thread(LONG).unwrap();
    assert_eq!(queue.iter(Duration::ZERO).map(|item| item.unwrap_err().is_empty()).collect::<Vec<_>>(), [true]);
}

/// A pipe has room for 16 pages, and a frame that does not fit into what is left of the last begins the next.
fn pages() {
    let queue = SimpleQueue::new().unwrap();
    let item = vec![7_u8; 1_000 - 4 - 3];
    let mut held = 0;
    while queue.put(&item, Duration::ZERO).map_err(|fault| assert!(fault.is_full(), "{fault}")).is_ok() {
        held += 1;
    }
    assert_eq!(held, 64);
    // Room comes by the page, of four frames each.
    for left in (0..4).rev() {
        assert_eq!(queue.get(LONG).unwrap(), item);
        assert_eq!(queue.put(&item, Duration::ZERO).is_ok(), left == 0);
    }
}

fn put_before_a_fork() {
    let queue = SimpleQueue::new().unwrap();
    queue.put(&7_u8, LONG).unwrap();
    let mut process = Process::start(&[&queue], || i32::from(queue.get(LONG).unwrap())).unwrap();
    assert_eq!(process.join(LONG).unwrap().status, Status::Exited(7));
}

fn joined() {
    let queue: JoinableQueue<Option<u32>> = JoinableQueue::new(0).unwrap();
    let work = || {
        while queue.get(LONG).unwrap().is_some() {
            queue.task_done().unwrap();
        }
        0
    };
    let mut workers: Vec<_> = (0..4).map(|_| Process::start(&[&queue], work).unwrap()).collect();
    // As in CPython's test_task_done: join, then the sentinels.
    for _ in 0..3 {
        (0..30).for_each(|number| queue.put(Some(number), LONG).unwrap());
        queue.join(LONG).unwrap();
        assert_eq!(queue.unfinished(), 0);
    }
    workers.iter().for_each(|_| queue.put(None, LONG).unwrap());
    assert!(workers.iter_mut().all(|process| process.join(LONG).unwrap().status == Status::Exited(0)));
    assert_eq!(queue.unfinished(), 4, "nobody did the sentinels");
    queue.join_thread(LONG).unwrap();
}

fn too_often() {
    let queue = JoinableQueue::new(0).unwrap();
    for _ in 0..2 {
        let fault = queue.task_done().unwrap_err();
        assert!(fault.to_string().contains("more often"), "{fault}");
    }
    queue.put(1_u8, LONG).unwrap();
    queue.task_done().unwrap();
    assert!(queue.task_done().is_err());
    queue.join(Duration::ZERO).unwrap();
    assert_eq!(queue.get(LONG).unwrap(), 1);
    queue.join_thread(LONG).unwrap();
}

fn killed_consumer() {
    let queue: JoinableQueue<u8> = JoinableQueue::new(0).unwrap();
    let never = Semaphore::new(0).unwrap();
    let consume = || {
        for done in [true, false, false] {
            queue.get(LONG).unwrap();
            if done {
                queue.task_done().unwrap();
            }
        }
        i32::from(never.acquire(2 * LONG).is_err())
    };
    let mut consumer = Process::start(&[&queue], consume).unwrap();
    (0..5_u8).for_each(|number| queue.put(number, LONG).unwrap());
    until(|| wchan(&consumer).contains("futex") && queue.qsize() == 2);
    consumer.kill();
    assert_eq!(consumer.join(LONG).unwrap().status, Status::Signalled(9));
    for _ in 0..2 {
        assert!(queue.get(LONG).is_ok());
        queue.task_done().unwrap();
    }
    let fault = queue.join(Duration::from_millis(20)).unwrap_err();
    assert!(fault.is_deadline() && fault.to_string().contains("2 items were not done"), "{fault}");
    assert_eq!(queue.unfinished(), 2);
    queue.join_thread(LONG).unwrap();
}

fn lost_is_done() {
    let queue = JoinableQueue::new(0).unwrap();
    [3, 1, 4].into_iter().for_each(|number| queue.put(Touchy(number), LONG).unwrap());
    for number in [3, 4] {
        assert_eq!(queue.get(LONG).unwrap(), Touchy(number));
        queue.task_done().unwrap();
    }
    queue.join(LONG).unwrap();
    assert_eq!(queue.join_thread(LONG).unwrap_err().items_lost(), Some(1));
    assert!(queue.task_done().is_err());
}

fn woken() {
    let queue = JoinableQueue::new(0).unwrap();
    let go = Semaphore::new(0).unwrap();
    let mut joiner = Process::start(&[&queue], || {
        go.acquire(LONG).unwrap();
        i32::from(queue.join(2 * LONG).is_err())
    })
    .unwrap();
    queue.put(1_u8, LONG).unwrap();
    go.release().unwrap();
    until(|| go.value() == 0 && wchan(&joiner).contains("futex"));
    assert_eq!(queue.get(LONG).unwrap(), 1);
    queue.task_done().unwrap();
    assert_eq!(joiner.join(LONG).unwrap().status, Status::Exited(0));
    queue.join_thread(LONG).unwrap();
}
