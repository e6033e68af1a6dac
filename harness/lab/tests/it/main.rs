//! The whole house from outside: the `lab` program as a user or a grader meets it, and the rules that the repository keeps.
//!
//! Everything runs in temporary folders; one `lab` at a time, because each test also looks at what is left of its processes.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod house;
mod lab;
mod processes;
mod rows;

mod bench;
mod big_queue;
mod calibration;
mod chunksize;
mod claims;
mod closed_output;
mod compare;
mod contract;
mod convolution;
mod counts;
mod doctor;
mod faults;
mod fork_trap;
mod gil_primes;
mod interrupts;
mod layers;
mod limits;
mod machine;
mod other_machine;
mod predict;
mod repository;
mod sizes;
mod stems;
mod verdicts;
mod wrong_calls;
