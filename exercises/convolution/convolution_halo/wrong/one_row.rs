//! The halo is one row high, whatever the kernel.
//! expect: reach FAIL rows are not as in one piece

    let items = strips.map(|own| {
        let needed = own.start.saturating_sub(1)..(own.end + 1).min(image.rows());
        let kept = own.start - needed.start..own.end - needed.start;
        (image.strip(needed), kept)
    });
