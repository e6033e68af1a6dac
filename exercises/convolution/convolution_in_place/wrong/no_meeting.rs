//! Right within a strip, but nobody waits for anybody.
//! expect: down FAIL copied after they were overwritten

    let rows = worker.rows();
    let mut above: Row = worker.copy(rows.start - 1);
    let mut own = worker.copy(rows.start);
    for row in rows {
        let below = worker.copy(row + 1);
        worker.write(row, &above, &own, &below);
        (above, own) = (own, below);
    }
// NEXT REGION
// SOLUTION
