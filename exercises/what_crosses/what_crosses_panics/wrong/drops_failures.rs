//! What failed is left out, and the others move up.
//! expect: panics FAIL 180 outcomes of 200

    let came = pool.imap(Run, errands, Default::default())?;
    let came = came.filter_map(|(_, came)| came.ok());
    let outcomes = came.map(|came| came.map_or_else(Outcome::Refused, Outcome::Value)).collect();
