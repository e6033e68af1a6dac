//! Reads on until the last line ends, which it does not in every file.
//! expect: rows TIMEOUT not done after

    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::new(file);
    let (mut at, mut begin, mut row) = (0, 0, Vec::new());
    let mut ranges = Vec::new();
    while at < bytes || !row.is_empty() {
        at += reader.read_until(b'\n', &mut row)? as u64;
        // A row has all its quotes in pairs.
        if row.ends_with(b"\n") && row.iter().filter(|byte| **byte == b'"').count() % 2 == 0 {
            row.clear();
            if at * parts as u64 >= bytes * (ranges.len() as u64 + 1) && ranges.len() + 1 < parts {
                ranges.push(begin..at);
                begin = at;
            }
        }
    }
    ranges.push(begin..bytes);
    ranges.resize(parts, bytes..bytes);
    Ok(ranges)
