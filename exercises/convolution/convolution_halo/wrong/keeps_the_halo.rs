//! The halos come back, too, and stand twice in the image.
//! expect: answer FAIL rows came back

    let reach = kernel.radius() * passes;
    let items = strips.map(|own| {
        let needed = own.start.saturating_sub(reach)..(own.end + reach).min(image.rows());
        (image.strip(needed.clone()), 0..needed.len())
    });
