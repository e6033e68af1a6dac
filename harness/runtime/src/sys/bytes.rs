//! Numbers seen as the bytes they are made of.

/// The bytes of `numbers`, in the byte order of this machine.
pub(crate) fn of(numbers: &[f64]) -> &[u8] {
    // SAFETY: an f64 has no padding, a byte needs no alignment, and the length is the slice's own in bytes.
    unsafe { std::slice::from_raw_parts(numbers.as_ptr().cast(), size_of_val(numbers)) }
}

/// The bytes of `numbers`, to be written.
pub(crate) fn of_mut(numbers: &mut [f64]) -> &mut [u8] {
    // SAFETY: as in `of`; every pattern of bits is an f64, so nothing that is written makes an invalid one.
    unsafe { std::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast(), size_of_val(numbers)) }
}
