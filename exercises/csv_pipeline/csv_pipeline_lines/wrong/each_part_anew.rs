//! Counts quotes from the beginning of the file, and does so once more for each cut.
//! expect: read FAIL bytes read

    let (mut begin, mut ranges) = (0, Vec::new());
    for part in 1..parts as u64 {
        let wanted = (bytes * part / parts as u64).max(begin + 1);
        file.seek(SeekFrom::Start(0))?;
        let (mut end, mut quoted) = (0, false);
        for byte in BufReader::new(&mut *file).bytes() {
            let byte = byte?;
            end += 1;
            quoted ^= byte == b'"';
            if byte == b'\n' && !quoted && end >= wanted {
                break;
            }
        }
        ranges.push(begin..end);
        begin = end;
    }
    ranges.push(begin..bytes);
    Ok(ranges)
