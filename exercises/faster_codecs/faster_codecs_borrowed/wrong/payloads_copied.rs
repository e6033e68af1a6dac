//! The names are borrowed, and the payloads, which are nearly all of it, copied.
//! expect: bytes FAIL bytes allocated

/// A named byte string.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    name: &'a str,
    payload: Vec<u8>,
}

impl Entry<'_> {
    /// Its name.
    pub fn name(&self) -> &str {
        self.name
    }

    /// Its bytes.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }
}
// NEXT REGION
// SOLUTION
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
        let payload = take(&mut rest, length)?.to_vec();
        entries.push(Entry { name, payload });
    }
    if rest.is_empty() { Ok(entries) } else { Err(Malformed) }
}
