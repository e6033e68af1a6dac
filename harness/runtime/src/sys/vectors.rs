//! Code for the wider vectors that this processor has and the compiler may not count on.

/// Runs `work` compiled for vectors of 256 bits (AVX2) where the processor has them, and otherwise as any code.
///
/// What `work` calls must be inlined into it to gain anything. The results are the same to the last bit: wider vectors do the same
/// operations on more lanes, and the compiler fuses no multiplication with an addition that was not asked for.
///
/// ```
/// let sum: f64 = multiprocess::with_wide_vectors(#[inline(always)] || (1..=4).map(f64::from).sum());
/// assert_eq!(sum, 10.0);
/// ```
pub fn with_wide_vectors<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor was just seen to have what the function is compiled for.
        return unsafe { wide(work) };
    }
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn wide<R>(work: impl FnOnce() -> R) -> R {
    work()
}
