//! Every worker is sent the whole image, to be on the safe side.
//! expect: rows FAIL rows that cross

    let items = strips.map(|own| (image.clone(), own));
