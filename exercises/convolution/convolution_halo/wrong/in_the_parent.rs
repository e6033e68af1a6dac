//! Games the count: the parent convolves, and the workers are sent nothing to speak of.
//! expect: workers FAIL rows left to the parent

    let whole = (0..passes).fold(image.clone(), |image, _| kernel.convolve(&image));
    if image.rows() > 0 {
        let _ = strips;
        pool.finish(Duration::from_secs(5))?;
        return Ok(whole);
    }
    let items = std::iter::empty();
