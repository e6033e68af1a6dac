//! How a process ended, as its server tells it.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    multiprocess::hostile::end(bytes);
});
