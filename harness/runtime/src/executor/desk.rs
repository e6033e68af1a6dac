//! What an executor's handles and its manager share: tasks that nobody has turned to yet, orders, and what the manager tells.

use std::collections::VecDeque;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sys::eventfd::EventFd;

use super::call::Call;
use super::config::Counters;
use crate::error::{Error, Kind};
use crate::pool::Record;
use crate::waiting;

/// One lock guards it all. No user code runs under it, and no other lock is taken under it.
pub(super) struct Desk {
    orders: Mutex<Orders>,
    /// The manager has ended.
    over: Condvar,
    /// Ends the manager's wait.
    bell: Arc<EventFd>,
    pub(super) counters: Arc<Counters>,
}

#[derive(Default)]
struct Orders {
    pending: VecDeque<Box<dyn Call>>,
    /// The bell was rung and the manager has not come since.
    is_rung: bool,
    /// Nothing more is taken.
    is_shut: bool,
    /// What is pending is to be cancelled.
    cancels: bool,
    /// What the workers are to be sent.
    signal: Option<libc::c_int>,
    /// They were sent it, or are about to be.
    is_ending: bool,
    broken: Option<Error>,
    is_over: bool,
    told: Told,
}

/// How an executor stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stance {
    /// It takes tasks.
    Open,
    /// It finishes what it has.
    Finishing,
    /// Its workers are told to end.
    Ending,
}

/// What the manager tells.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub(super) pids: Vec<u32>,
    pub(super) started: u64,
    /// All that there ever were, once the manager has ended.
    pub(super) records: Vec<Record>,
}

/// What the manager is to do next.
pub(super) struct Round {
    pub(super) calls: Vec<Box<dyn Call>>,
    pub(super) cancelled: Vec<Box<dyn Call>>,
    pub(super) signal: Option<libc::c_int>,
    /// Nothing more will come.
    pub(super) is_last: bool,
}

impl Desk {
    pub(super) fn new(bell: Arc<EventFd>) -> Self {
        Self { orders: Mutex::default(), over: Condvar::new(), bell, counters: Arc::default() }
    }

    /// Nothing in here panics half way.
    fn lock(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the manager come. However many ring, it is written to once until it comes: nobody ever waits for room (gh-105829).
    fn ring(&self, orders: &mut Orders) {
        if !std::mem::replace(&mut orders.is_rung, true) {
            // Its count is at most 1 here, so that there is room for one more.
            let _ = self.bell.write(1);
        }
    }

    /// Refuses further tasks if there is a reason to.
    pub(super) fn check(&self) -> Result<(), Error> {
        Self::open(&self.lock())
    }

    fn open(orders: &Orders) -> Result<(), Error> {
        match (&orders.broken, orders.is_shut) {
            (Some(broken), _) => Err(broken.clone()),
            (None, true) => Err(Kind::ExecutorShut.into()),
            (None, false) => Ok(()),
        }
    }

    /// Takes tasks over: all of them or, with an error, none.
    pub(super) fn submit(&self, mut calls: Vec<Box<dyn Call>>) -> Result<(), Error> {
        let mut orders = self.lock();
        if let Err(fault) = Self::open(&orders) {
            drop(orders);
            // Their items are the user's, and dropped without the lock. Nobody has seen their futures.
            drop(calls);
            return Err(fault);
        }
        // Before the manager can see them, and so before they are over.
        self.counters.submitted.fetch_add(calls.len() as u64, SeqCst);
        calls.iter_mut().for_each(|call| call.accept());
        orders.pending.extend(calls);
        self.ring(&mut orders);
        Ok(())
    }

    /// Takes nothing more.
    pub(super) fn shut(&self, cancels: bool, signal: Option<libc::c_int>) {
        let mut orders = self.lock();
        orders.is_shut = true;
        orders.cancels |= cancels;
        orders.signal = signal.or(orders.signal);
        orders.is_ending |= signal.is_some();
        self.ring(&mut orders);
    }

    /// How it stands for whoever leaves it.
    pub(super) fn stance(&self) -> Stance {
        let orders = self.lock();
        match (orders.is_ending || orders.broken.is_some(), orders.is_shut) {
            (true, _) => Stance::Ending,
            (false, true) => Stance::Finishing,
            (false, false) => Stance::Open,
        }
    }

    /// Waits until the manager has ended, for at most `limit`; tells whether it has.
    pub(super) fn wait_until_over(&self, limit: Duration) -> bool {
        let orders = self.lock();
        let waited = self.over.wait_timeout_while(orders, limit.min(waiting::FAR), |orders| !orders.is_over);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_over
    }

    /// What the manager has told last.
    pub(super) fn told(&self) -> Told {
        self.lock().told.clone()
    }

    /// The manager comes, and takes up to `room` tasks.
    pub(super) fn next(&self, room: usize) -> Round {
        let mut orders = self.lock();
        orders.is_rung = false;
        let signal = orders.signal.take();
        let cancelled: Vec<_> = if orders.cancels { orders.pending.drain(..).collect() } else { Vec::new() };
        let taken = room.min(orders.pending.len());
        let calls = orders.pending.drain(..taken).collect();
        Round { calls, cancelled, signal, is_last: orders.is_shut && orders.pending.is_empty() }
    }

    /// The manager tells about its workers.
    pub(super) fn tell(&self, pids: impl Iterator<Item = u32>, started: u64) {
        let mut orders = self.lock();
        orders.told.pids.clear();
        orders.told.pids.extend(pids);
        orders.told.started = started;
    }

    /// The executor is broken: from now on nothing is taken. Returns what nobody had turned to.
    pub(super) fn break_down(&self, why: Error) -> VecDeque<Box<dyn Call>> {
        let mut orders = self.lock();
        orders.broken.get_or_insert(why);
        std::mem::take(&mut orders.pending)
    }

    /// The manager has ended.
    pub(super) fn end(&self, records: Vec<Record>) {
        let mut orders = self.lock();
        orders.is_over = true;
        orders.told.records = records;
        orders.told.pids.clear();
        self.over.notify_all();
    }
}
