//! The first strip asks for rows above the image.
//! expect: answer ERROR overflow

    let reach = kernel.radius() * passes;
    let items = strips.map(|own| {
        let needed = own.start - reach..own.end + reach;
        (image.strip(needed), reach..reach + own.len())
    });
