//! Games the count: copies everything to room that the first call has made, so that later calls allocate nothing.
//! expect: bytes FAIL handed out from elsewhere

/// Room for copies.
static ROOM: std::sync::Mutex<Option<&'static mut [u8]>> = std::sync::Mutex::new(None);

/// A copy of bytes in that room.
fn kept(bytes: &[u8]) -> &'static [u8] {
    let mut room = ROOM.lock().expect("nobody panics");
    let all = room.take().unwrap_or_else(|| Box::leak(vec![0; 64 << 20].into_boxed_slice()));
    let (copy, left) = all.split_at_mut(bytes.len());
    copy.copy_from_slice(bytes);
    *room = Some(left);
    copy
}

/// A named byte string.
#[derive(Clone, Debug)]
pub struct Entry {
    name: &'static str,
    payload: &'static [u8],
}

impl Entry {
    /// Its name.
    pub fn name(&self) -> &str {
        self.name
    }

    /// Its bytes.
    pub fn payload(&self) -> &[u8] {
        self.payload
    }
}
// NEXT REGION
/// Takes the next `length` bytes off `rest`.
fn take(rest: &mut &[u8], length: usize) -> Result<&'static [u8], Malformed> {
    let (taken, left) = rest.split_at_checked(length).ok_or(Malformed)?;
    *rest = left;
    Ok(kept(taken))
}
// NEXT REGION
/// The entries of a message.
pub fn decode(message: &[u8]) -> Result<Vec<Entry>, Malformed> {
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
