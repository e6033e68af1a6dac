//! A process that has been started, as everyone who waits for it shares it.

use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Kind};
use crate::meter::{Counts, Slot, WorkerReport};
use crate::start::{Started, Starter};
use crate::sys::shared::Shared;
use crate::waiting;

/// Dropping it kills the process and reaps it.
#[derive(Debug)]
pub(super) struct Life {
    /// Dropped first: the server of a served process lives longer than it.
    started: Started,
    slot: Arc<Shared>,
    name: String,
    daemon: bool,
    _server: Option<Arc<Starter>>,
}

impl Life {
    pub(super) fn new(
        started: Started,
        slot: Arc<Shared>,
        name: String,
        daemon: bool,
        server: Option<Arc<Starter>>,
    ) -> Self {
        Self { started, slot, name, daemon, _server: server }
    }

    pub(super) fn started(&self) -> &Started {
        &self.started
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_daemon(&self) -> bool {
        self.daemon
    }

    pub(super) fn counts(&self) -> Counts {
        self.slot.at::<Slot>(0).counts()
    }

    /// See [`Process::join`](crate::Process::join).
    pub(super) fn join(&self, limit: Duration) -> Result<WorkerReport, Error> {
        let reaped = self.started.wait_until(waiting::after(limit)).map_err(Error::io("waiting for a process"))?;
        let (status, usage) = reaped.ok_or(Kind::Deadline { doing: "waiting for a process to end", limit })?;
        Ok(WorkerReport { pid: self.started.pid(), status, counts: self.counts(), usage })
    }
}
