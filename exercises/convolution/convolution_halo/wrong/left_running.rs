//! A second pool, for the seams, is never finished.
//! expect: answer FAIL left running

    std::mem::forget(Pool::start(Config::new(1))?);
    let reach = kernel.radius() * passes;
    let items = strips.map(|own| {
        let needed = own.start.saturating_sub(reach)..(own.end + reach).min(image.rows());
        let kept = own.start - needed.start..own.end - needed.start;
        (image.strip(needed), kept)
    });
