//! Makes room for as many entries as a message of twelve bytes says it has.
//! expect: announced FAIL bytes allocated

// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
/// The entries of a message.
pub fn decode(message: &[u8]) -> Result<Vec<Entry<'_>>, Malformed> {
    let mut rest = message;
    let announced = number(&mut rest)?;
    let mut entries = Vec::with_capacity(announced);
    for _ in 0..announced {
        let length = number(&mut rest)?;
        let name = std::str::from_utf8(take(&mut rest, length)?).map_err(|_| Malformed)?;
        let length = number(&mut rest)?;
        let payload = take(&mut rest, length)?;
        entries.push(Entry { name, payload });
    }
    if rest.is_empty() { Ok(entries) } else { Err(Malformed) }
}
