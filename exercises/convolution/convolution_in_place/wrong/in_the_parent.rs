//! Right, but by threads of the parent: the memory need not have been shared.
//! expect: workers FAIL rows that no worker has written

    let rows = worker.rows();
    let mut above: Row = worker.copy(rows.start - 1);
    let mut own: Row = worker.copy(rows.start);
    let mut beyond = Some(worker.copy(rows.end));
    worker.meet()?;
    for row in rows.clone() {
        let next = if row + 1 == rows.end { beyond.take() } else { None };
        let below = next.unwrap_or_else(|| worker.copy(row + 1));
        worker.write(row, &above, &own, &below);
        (above, own) = (own, below);
    }
// NEXT REGION
    std::thread::scope(|scope| {
        for number in 0..image.workers() {
            scope.spawn(move || body(number));
        }
    });
    let started = std::iter::empty::<Result<Process, Error>>();
