//! The halo is right for one pass, however many there are.
//! expect: reach FAIL passes: 3

    let reach = kernel.radius();
    let items = strips.map(|own| {
        let needed = own.start.saturating_sub(reach)..(own.end + reach).min(image.rows());
        let kept = own.start - needed.start..own.end - needed.start;
        (image.strip(needed), kept)
    });
