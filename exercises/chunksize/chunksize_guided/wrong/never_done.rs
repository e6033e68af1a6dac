//! Doubles a size that may be 0 until it is large enough, for ever.
//! expect: answer TIMEOUT not done

    let share = left.div_ceil(4 * workers);
    let mut size = left / (64 * workers);
    while 2 * size <= share {
        size *= 2;
    }
    size
