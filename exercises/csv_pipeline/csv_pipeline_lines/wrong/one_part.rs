//! Games the rows: one part has all of them, so that none is cut.
//! expect: rows FAIL far more than its share

    let _ = file;
    let mut ranges = Vec::new();
    ranges.push(0..bytes);
    ranges.resize(parts, bytes..bytes);
    Ok(ranges)
