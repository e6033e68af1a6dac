//! Counts quotes from the place of the cut on, as if that were never within quotes: one that is misses every row that follows.
//! expect: rows FAIL far more than its share

    let (mut begin, mut ranges) = (0, Vec::new());
    for part in 1..parts {
        let wanted = (bytes * part as u64 / parts as u64).saturating_sub(1).max(begin);
        file.seek(SeekFrom::Start(wanted))?;
        let (mut end, mut quoted) = (wanted, false);
        for byte in BufReader::with_capacity(512, &mut *file).bytes() {
            let byte = byte?;
            end += 1;
            quoted ^= byte == b'"';
            if byte == b'\n' && !quoted {
                break;
            }
        }
        ranges.push(begin..end);
        begin = end;
    }
    ranges.push(begin..bytes);
    Ok(ranges)
