//! Asks for one byte after the other, as if asking cost nothing.
//! expect: calls FAIL calls of read

    file.seek(SeekFrom::Start(0))?;
    let (mut at, mut begin, mut quoted) = (0, 0, false);
    let mut ranges = Vec::new();
    for byte in file.bytes() {
        let byte = byte?;
        at += 1;
        quoted ^= byte == b'"';
        let row_ends = byte == b'\n' && !quoted;
        if row_ends && at * parts as u64 >= bytes * (ranges.len() as u64 + 1) && ranges.len() + 1 < parts {
            ranges.push(begin..at);
            begin = at;
        }
    }
    ranges.push(begin..bytes);
    ranges.resize(parts, bytes..bytes);
    Ok(ranges)
