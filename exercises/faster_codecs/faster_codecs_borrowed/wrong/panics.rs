//! Copies nothing, and trusts every length that a message has.
//! expect: short FAIL ends in a panic

// SOLUTION
// NEXT REGION
/// Takes the next `length` bytes off `rest`.
fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Malformed> {
    let taken = &rest[..length];
    *rest = &rest[length..];
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
