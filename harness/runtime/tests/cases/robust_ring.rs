//! The pool that sends by rings: the same suite and the same faults as by sockets, and what only memory can do.

use std::time::Duration;

use multiprocess::StartMethod::{self, Fork, ForkServer, Spawn};
use multiprocess::Status;
use multiprocess::pool::{Config, Workers};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Case;
use super::functions::Bytes;
use super::robust_ends::killed_parent;
use super::robust_faults::{
    few_descriptors, idle_workers_killed, initializer_fails, kills_at_random_times, kills_in_a_task,
    large_output_is_bounded, loss, one_of_eight, panics_cost_no_worker, task_exits, threads_survive_kills, too_long,
    unregistered_function, unsent_replies_survive, what_cannot_cross,
};
use super::robust_functions::{End, TearRing};
use super::robust_grid::grid;
use super::robust_pool::{
    SOON, by_ring, dropped_imap_is_called_off, ended_while_others_wait, everything_is_accounted_for, finished,
    frames_go_many_in_one_write, function_crosses_once, imap_is_bounded, item_can_be_called_off, large_ones_cross,
    outputs_after_the_end, squares, started, threads_share_a_pool, worker_remembers, workers_are_replaced,
};
use super::robust_workers::processes;

pub(super) const CASES: &[Case] = &[
    ("ring_pool_does_what_every_pool_does_with_fork", || by_ring(|| processes(Fork))),
    ("ring_pool_accounts_for_every_frame_and_byte_with_fork", || by_ring(|| everything_is_accounted_for(Fork))),
    ("ring_pool_grid_error_exit_and_crash_in_every_place_with_fork", || by_ring(|| grid(Fork))),
    ("ring_pool_gives_up_a_failing_initializer_with_fork", || by_ring(|| initializer_fails(Fork))),
    ("ring_pool_names_a_torn_reply_with_fork", || by_ring(|| torn_reply(Fork))),
    ("ring_pool_ends_with_its_killed_parent_with_fork", || by_ring(|| killed_parent(Fork))),
    ("ring_pool_that_starts_with_few_descriptors_leaks_nothing_with_fork", || by_ring(|| few_descriptors(Fork))),
    ("ring_pool_does_what_every_pool_does_with_forkserver", || by_ring(|| processes(ForkServer))),
    ("ring_pool_accounts_for_every_frame_and_byte_with_forkserver", || {
        by_ring(|| everything_is_accounted_for(ForkServer))
    }),
    ("ring_pool_grid_error_exit_and_crash_in_every_place_with_forkserver", || by_ring(|| grid(ForkServer))),
    ("ring_pool_gives_up_a_failing_initializer_with_forkserver", || by_ring(|| initializer_fails(ForkServer))),
    ("ring_pool_names_a_torn_reply_with_forkserver", || by_ring(|| torn_reply(ForkServer))),
    ("ring_pool_ends_with_its_killed_parent_with_forkserver", || by_ring(|| killed_parent(ForkServer))),
    ("ring_pool_that_starts_with_few_descriptors_leaks_nothing_with_forkserver", || {
        by_ring(|| few_descriptors(ForkServer))
    }),
    ("ring_pool_does_what_every_pool_does_with_spawn", || by_ring(|| processes(Spawn))),
    ("ring_pool_accounts_for_every_frame_and_byte_with_spawn", || by_ring(|| everything_is_accounted_for(Spawn))),
    ("ring_pool_grid_error_exit_and_crash_in_every_place_with_spawn", || by_ring(|| grid(Spawn))),
    ("ring_pool_gives_up_a_failing_initializer_with_spawn", || by_ring(|| initializer_fails(Spawn))),
    ("ring_pool_names_a_torn_reply_with_spawn", || by_ring(|| torn_reply(Spawn))),
    ("ring_pool_ends_with_its_killed_parent_with_spawn", || by_ring(|| killed_parent(Spawn))),
    ("ring_pool_that_starts_with_few_descriptors_leaks_nothing_with_spawn", || by_ring(|| few_descriptors(Spawn))),
    ("ring_pool_sends_a_function_once", || by_ring(function_crosses_once)),
    ("ring_pool_sends_many_frames_at_once", || by_ring(frames_go_many_in_one_write)),
    ("ring_pool_imap_takes_no_more_than_its_prefetch", || by_ring(imap_is_bounded)),
    ("ring_pool_drops_an_imap", || by_ring(dropped_imap_is_called_off)),
    ("ring_pool_workers_remember", || by_ring(worker_remembers)),
    ("ring_pool_calls_an_item_off_until_it_is_sent", || by_ring(item_can_be_called_off)),
    ("ring_pool_has_outputs_after_its_end", || by_ring(outputs_after_the_end)),
    ("ring_pool_replaces_workers_after_their_tasks", || by_ring(workers_are_replaced)),
    ("ring_pool_is_shared_by_threads", || by_ring(threads_share_a_pool)),
    ("ring_pool_is_ended_while_others_wait", || by_ring(ended_while_others_wait)),
    ("ring_pool_sends_large_items_and_outputs", || by_ring(large_ones_cross)),
    ("ring_pool_names_200_deaths_at_random_times", || by_ring(kills_at_random_times)),
    ("ring_pool_names_200_kills_in_a_task", || by_ring(kills_in_a_task)),
    ("ring_pool_loses_nothing_with_idle_workers", || by_ring(idle_workers_killed)),
    ("ring_pool_loses_one_of_eight", || by_ring(one_of_eight)),
    ("ring_pool_names_a_task_that_exits", || by_ring(task_exits)),
    ("ring_pool_panics_cost_no_worker", || by_ring(panics_cost_no_worker)),
    ("ring_pool_names_what_cannot_cross", || by_ring(what_cannot_cross)),
    ("ring_pool_names_a_large_torn_reply", || by_ring(torn_large_reply)),
    ("ring_pool_keeps_replies_that_were_not_sent", || by_ring(unsent_replies_survive)),
    ("ring_pool_takes_at_most_three_times_a_large_output", || by_ring(large_output_is_bounded)),
    ("ring_pool_ends_a_task_that_takes_too_long", || by_ring(|| too_long(End::Never))),
    ("ring_pool_ends_a_stopped_worker", || by_ring(|| too_long(End::Stop))),
    ("ring_pool_names_an_unregistered_function", || by_ring(unregistered_function)),
    ("ring_pool_survives_kills_by_threads", || by_ring(threads_survive_kills)),
    ("ring_pool_ends_a_worker_with_an_impossible_index", || by_ring(impossible_index)),
];

fn torn_reply(method: StartMethod) {
    let pool = started(Config::new(1).start_method(method));
    // Of 64 bytes, 24 of them the header.
    for (number, cut) in [1, 2, 3, 24, 25, 32, 63].into_iter().enumerate() {
        let loss = loss(pool.apply(TearRing, (cut, true)));
        assert_eq!((loss.torn, loss.status, loss.function), (true, Status::Signalled(9), "cases::TearRing"), "{cut}");
        squares(&pool, 100, 1);
        assert_eq!(pool.tally().lost, number as u64 + 1);
    }
    let records = pool.finish(SOON).unwrap();
    assert_eq!((records.len(), records.iter().filter(|record| record.lost).count()), (8, 7));
}

/// A worker whose index is one that cannot be is ended, whether it goes on or not, and so is a task's reply lost.
fn impossible_index() {
    let pool = started(Config::new(1).grace(Duration::from_millis(50)));
    for cut in [u64::MAX, 1 << 20, 1 << 63] {
        for dies in [true, false] {
            squares(&pool, 100, 1);
            let loss = loss(pool.apply(TearRing, (cut, dies)));
            assert_eq!((loss.torn, loss.status), (false, Status::Signalled(9)), "{cut} {dies}");
        }
    }
    squares(&pool, 100, 1);
    assert_eq!((pool.tally().lost, pool.tally().started), (6, 7));
    finished(pool);
}

/// Nobody reads the reply, so that its worker waits for room in the middle of it.
fn torn_large_reply() {
    let pool = started(Config::new(1));
    for _ in 0..5 {
        squares(&pool, 10, 1);
        let pid = pool.worker_pids()[0];
        let about = |what: &str| std::fs::read_to_string(format!("/proc/{pid}/{what}")).unwrap();
        let kilobytes = |status: &str| -> u64 {
            let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
            peak.trim_end_matches("kB").trim().parse().unwrap()
        };
        let before = kilobytes(&about("status"));
        let submitted = pool.submit(Bytes, 5_000_000).unwrap();
        // The output and its reply were there, and the worker waits at the socket for the bell.
        while kilobytes(&about("status")) < before + 8_000 || !about("wchan").contains("unix_stream") {}
        kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL).unwrap();
        let loss = loss(submitted.get(SOON));
        assert_eq!((loss.torn, loss.pid, loss.status), (true, pid, Status::Signalled(9)));
    }
    squares(&pool, 100, 1);
    finished(pool);
}
