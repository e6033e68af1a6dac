//! The message of an exercise: many named byte strings in a row.

/// Puts named byte strings into one message: how many there are, then of each the length of its name, the name, the length of its
/// payload, the payload. Numbers are u32, little-endian.
///
/// ```
/// let message = exercises::parcel(&[("a", b"xyz")]);
/// assert_eq!(message, b"\x01\0\0\0\x01\0\0\0a\x03\0\0\0xyz");
/// ```
///
/// # Panics
/// If a number does not fit into an u32.
pub fn parcel<N: AsRef<str>, P: AsRef<[u8]>>(entries: &[(N, P)]) -> Vec<u8> {
    let number = |length: usize| u32::try_from(length).expect("a message below 4 GiB").to_le_bytes();
    let mut message = number(entries.len()).to_vec();
    for (name, payload) in entries {
        for bytes in [name.as_ref().as_bytes(), payload.as_ref()] {
            message.extend(number(bytes.len()));
            message.extend(bytes);
        }
    }
    message
}
