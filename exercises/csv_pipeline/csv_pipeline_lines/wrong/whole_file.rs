//! Has the whole file in memory before it looks for a cut.
//! expect: memory FAIL bytes of heap

    let mut text = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut text)?;
    let (mut begin, mut quoted) = (0, false);
    let mut ranges = Vec::new();
    for (at, byte) in (1..).zip(&text) {
        quoted ^= *byte == b'"';
        let due = bytes * (ranges.len() as u64 + 1) / parts as u64;
        if *byte == b'\n' && !quoted && at >= due && ranges.len() + 1 < parts {
            ranges.push(begin..at);
            begin = at;
        }
    }
    ranges.push(begin..bytes);
    ranges.resize(parts, bytes..bytes);
    Ok(ranges)
