//! All meet before they copy: nobody waits for the copies of the others.
//! expect: down FAIL copied after they were overwritten

    worker.meet()?;
    let rows = worker.rows();
    let mut above: Row = worker.copy(rows.start - 1);
    let mut own = worker.copy(rows.start);
    let mut beyond = Some(worker.copy(rows.end));
    for row in rows.clone() {
        let next = if row + 1 == rows.end { beyond.take() } else { None };
        let below = next.unwrap_or_else(|| worker.copy(row + 1));
        worker.write(row, &above, &own, &below);
        (above, own) = (own, below);
    }
// NEXT REGION
// SOLUTION
