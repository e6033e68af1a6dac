//! A strip of one row has all its copies and does not wait; the others wait for it.
//! expect: down FAIL rows are wrong

    let rows = worker.rows();
    let mut above: Row = worker.copy(rows.start - 1);
    let mut own: Row = worker.copy(rows.start);
    let mut beyond = Some(worker.copy(rows.end));
    if rows.len() > 1 || rows.start == 1 {
        worker.meet()?;
    }
    for row in rows.clone() {
        let next = if row + 1 == rows.end { beyond.take() } else { None };
        let below = next.unwrap_or_else(|| worker.copy(row + 1));
        worker.write(row, &above, &own, &below);
        (above, own) = (own, below);
    }
// NEXT REGION
// SOLUTION
