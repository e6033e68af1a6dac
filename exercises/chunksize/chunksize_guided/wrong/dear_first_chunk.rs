//! Shares of what is left, of which the first is so large that it may hold most of the dear items.
//! expect: idle FAIL units of time

    left.div_ceil(2 * workers)
