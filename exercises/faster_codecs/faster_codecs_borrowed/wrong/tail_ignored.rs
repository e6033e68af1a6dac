//! Does not look at what is left when the entries are there.
//! expect: strange FAIL a byte left over is taken

// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
/// The entries of a message.
pub fn decode(message: &[u8]) -> Result<Vec<Entry<'_>>, Malformed> {
    let mut rest = message;
    let announced = number(&mut rest)?;
    (0..announced).map(|_| entry(&mut rest)).collect()
}

/// The next entry.
fn entry<'a>(rest: &mut &'a [u8]) -> Result<Entry<'a>, Malformed> {
    let length = number(rest)?;
    let name = std::str::from_utf8(take(rest, length)?).map_err(|_| Malformed)?;
    let length = number(rest)?;
    Ok(Entry { name, payload: take(rest, length)? })
}
