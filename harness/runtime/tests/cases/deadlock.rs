//! The grid of CPython's `test_deadlock.py`: an error, an exit or a crash, at each step of a task's way, by each start method.
//!
//! | step | error | exit, crash |
//! |---|---|---|
//! | the task is encoded (parent) | CPython: the task's error. Here too | the program ends; in both nobody is left |
//! | the task is decoded (worker) | CPython: the worker ends and is replaced, the job waits for ever. Here: the task's error | as below |
//! | the function runs (worker) | CPython: the task's error, or a wait for ever if it is no `Exception`. Here: the task's error | CPython: the worker is replaced, the job waits for ever. Here: a report |
//! | the result is encoded (worker) | CPython: `MaybeEncodingError`. Here: the task's error | as above |
//! | the result is decoded (parent) | CPython: the result handler ends, everybody waits for ever. Here: the task's error | the program ends; in both nobody is left |

use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};
use multiprocess::classic::{Chunksize, Doing};
use multiprocess::{Function, StartMethod, Status, register_function};
use nix::sys::signal::{Signal, raise};

use super::Case;
use super::functions::function;
use super::orphans;
use super::pool::squares;
use super::process::until;
use super::replace::{leave, replacing};

/// Where it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) enum Step {
    TaskEncode,
    TaskDecode,
    Run,
    ResultEncode,
    ResultDecode,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) enum Fault {
    Error,
    Exit,
    Crash,
}

macro_rules! grid {
    ($cases:ident, $method:ident, $name:literal) => {
        pub(super) const $cases: &[Case] = grid!(@ $method, $name,
            TaskEncode Error "task_encode_error", TaskEncode Exit "task_encode_exit", TaskEncode Crash "task_encode_crash",
            TaskDecode Error "task_decode_error", TaskDecode Exit "task_decode_exit", TaskDecode Crash "task_decode_crash",
            Run Error "run_error", Run Exit "run_exit", Run Crash "run_crash",
            ResultEncode Error "result_encode_error", ResultEncode Exit "result_encode_exit",
            ResultEncode Crash "result_encode_crash", ResultDecode Error "result_decode_error",
            ResultDecode Exit "result_decode_exit", ResultDecode Crash "result_decode_crash");
    };
    (@ $method:ident, $name:literal, $($step:ident $fault:ident $what:literal),*) => {
        &[$((concat!("deadlock_grid_", $what, "_with_", $name), || {
            cell(Step::$step, Fault::$fault, StartMethod::$method);
        })),*]
    };
}

grid!(FORK, Fork, "fork");
grid!(FORKSERVER, ForkServer, "forkserver");
grid!(SPAWN, Spawn, "spawn");

impl Fault {
    fn happen(self) {
        match self {
            Self::Error => panic!("the fault of the grid"),
            Self::Exit => leave(7),
            Self::Crash => raise(Signal::SIGKILL).unwrap(),
        }
    }
}

/// An argument that carries the fault to where it happens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mine(pub(super) Step, pub(super) Fault);

/// A result that does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Echo(Step, Fault);

impl Encode for Mine {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        if self.0 == Step::TaskEncode {
            self.1.happen();
        }
        (self.0, self.1).encode(encoder)
    }
}

impl<C> Decode<C> for Mine {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let (step, fault) = Decode::decode(decoder)?;
        if step == Step::TaskDecode {
            Fault::happen(fault);
        }
        Ok(Self(step, fault))
    }
}

impl Encode for Echo {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        if self.0 == Step::ResultEncode {
            self.1.happen();
        }
        (self.0, self.1).encode(encoder)
    }
}

impl<C> Decode<C> for Echo {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let (step, fault) = Decode::decode(decoder)?;
        if step == Step::ResultDecode {
            Fault::happen(fault);
        }
        Ok(Self(step, fault))
    }
}

bincode::impl_borrow_decode!(Mine);
bincode::impl_borrow_decode!(Echo);

function!(/** Sends the fault back, or has it happen. */ Walk, (), Mine => Echo, |_this, _state, mine| {
    if mine.0 == Step::Run {
        mine.1.happen();
    }
    Echo(mine.0, mine.1)
});
register_function!(Walk);

fn cell(step: Step, fault: Fault, method: StartMethod) {
    let in_parent = matches!(step, Step::TaskEncode | Step::ResultDecode);
    if in_parent && fault != Fault::Error {
        let status = if fault == Fault::Exit { Status::Exited(7) } else { Status::Signalled(9) };
        return orphans::nobody_outlives(&orphans::Program::Grid(step, fault, method), status);
    }
    let pool = replacing(2, method);
    let pids = pool.worker_pids();
    let error = pool.map(Walk, vec![Mine(step, fault)], Chunksize::from(1)).unwrap_err();
    match (fault, error.hang_report()) {
        (Fault::Error, report) => {
            assert!(report.is_none() && error.to_string().contains("the fault of the grid"), "{error}");
            let as_expected = match step {
                Step::TaskEncode => error.is_encode(),
                Step::ResultDecode => error.is_decode(),
                Step::TaskDecode | Step::Run | Step::ResultEncode => error.is_task_failed(),
            };
            assert!(as_expected, "{error}");
            assert_eq!(pool.worker_pids(), pids);
        }
        (_, None) => panic!("no report: {error}"),
        (_, Some(report)) => {
            let status = if fault == Fault::Exit { Status::Exited(7) } else { Status::Signalled(9) };
            assert_eq!((report.death().status, report.death().doing), (status, Doing::Working), "{report}");
            assert_eq!((report.job(), report.lost().len(), report.lock()), (Some(0), 1, None), "{report}");
            until(|| pool.replaced() == 1);
        }
    }
    squares(&pool, 100, 1);
    pool.finish().unwrap();
}

/// In a program of its own, which does not survive it.
pub(super) fn happen_in_parent(step: Step, fault: Fault, method: StartMethod) {
    let pool = replacing(2, method);
    squares(&pool, 10, 1);
    let _gone = pool.map(Walk, vec![Mine(step, fault)], Chunksize::from(1));
}
