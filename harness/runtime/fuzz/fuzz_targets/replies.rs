//! Replies as a parent reads them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    multiprocess::hostile::reply(bytes);
});
