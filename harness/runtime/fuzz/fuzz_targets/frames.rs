//! Frames as they come out of a pipe.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    multiprocess::hostile::frames(bytes);
});
