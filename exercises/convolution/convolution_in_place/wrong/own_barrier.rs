//! A barrier that each process makes for itself: nobody else ever comes to it.
//! expect: alone FAIL rows are wrong

    let rows = worker.rows();
    let mut above: Row = worker.copy(rows.start - 1);
    let mut own: Row = worker.copy(rows.start);
    let mut beyond = Some(worker.copy(rows.end));
    let barrier = multiprocess::Barrier::new(2).map_err(|fault| fault.to_string())?;
    barrier.wait(Duration::from_secs(60)).map_err(|fault| fault.to_string())?;
    for row in rows.clone() {
        let next = if row + 1 == rows.end { beyond.take() } else { None };
        let below = next.unwrap_or_else(|| worker.copy(row + 1));
        worker.write(row, &above, &own, &below);
        (above, own) = (own, below);
    }
// NEXT REGION
// SOLUTION
