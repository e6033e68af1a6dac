//! Right, but all strips together are a second image.
//! expect: copies FAIL copies of rows held at once

    let rows = worker.rows();
    let copies: Vec<Row> = (rows.start - 1..=rows.end).map(|row| worker.copy(row)).collect();
    worker.meet()?;
    for (row, near) in rows.zip(copies.windows(3)) {
        worker.write(row, &near[0], &near[1], &near[2]);
    }
// NEXT REGION
// SOLUTION
