//! Waits for the rest of a message that ends too early, as if it came from a pipe.
//! expect: short TIMEOUT not done after

// SOLUTION
// NEXT REGION
/// Takes the next `length` bytes off `rest`.
fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Malformed> {
    while rest.len() < length {
        std::thread::yield_now();
    }
    let (taken, left) = rest.split_at(length);
    *rest = left;
    Ok(taken)
}
// NEXT REGION
/// The entries of a message.
pub fn decode(message: &[u8]) -> Result<Vec<Entry<'_>>, Malformed> {
    let mut rest = message;
    let announced = number(&mut rest)?;
    let mut entries = Vec::new();
    for _ in 0..announced {
        let length = number(&mut rest)?;
        let name = std::str::from_utf8(take(&mut rest, length)?).map_err(|_| Malformed)?;
        let length = number(&mut rest)?;
        let payload = take(&mut rest, length)?;
        entries.push(Entry { name, payload });
    }
    if rest.is_empty() { Ok(entries) } else { Err(Malformed) }
}
