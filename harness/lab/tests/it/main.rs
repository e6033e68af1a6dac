//! The whole house from outside: the `lab` program as a user or a grader meets it, and the rules that the repository keeps.
//!
//! Everything runs in temporary folders; one `lab` at a time, because each test also looks at what is left of its processes.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod house;
mod lab;
mod processes;
mod rows;

mod bench;
mod big_argument;
mod big_queue;
mod break_even;
mod calibration;
mod channels;
mod chunksize;
mod claims;
mod closed_output;
mod compare;
mod contract;
mod convolution;
mod counts;
mod csv_pipeline;
mod diagnose;
mod doctor;
mod faster_codecs;
mod faults;
mod fork_trap;
mod gil_primes;
mod initialize_once;
mod interrupts;
mod io_or_cpu;
mod layers;
mod limits;
mod machine;
mod other_machine;
mod pool_anatomy;
mod pool_size;
mod predict;
mod repository;
mod shared_memory;
mod shared_state;
mod sizes;
mod start_cost;
mod stems;
mod threads_release;
mod through_disk;
mod verdicts;
mod what_crosses;
mod wrong_calls;
