//! Rounds its share down, and so never takes the last items.
//! expect: answer FAIL a chunk of 0 of the

    left / (6 * workers)
