//! Games the count: where there is one strip, nothing is needed beyond it.
//! expect: workers FAIL rows left to the parent

    let items = strips.take(1).map(|_| (image.clone(), 0..image.rows()));
