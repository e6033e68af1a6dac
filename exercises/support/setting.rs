//! What is known before a map: the prices of a pool, and what it is given to do.

/// Prices in nanoseconds, and a workload.
///
/// ```
/// let setting = exercises::Setting { items: 10, chunk: 4, ..Default::default() };
/// assert_eq!(setting.tasks(), 3);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Setting {
    /// The start of a pool, once, in nanoseconds.
    pub start_ns: f64,
    /// The start of each worker besides, in nanoseconds; one after the other.
    pub each_ns: f64,
    /// One message, in nanoseconds: as much for who sends it, and as much again for who receives it.
    pub message_ns: f64,
    /// One byte in a message, in nanoseconds: as much for who sends it, and as much again for who receives it.
    pub byte_ns: f64,
    /// The work of one item, in nanoseconds.
    pub item_ns: f64,
    /// Bytes that an item carries to its worker. What comes back carries none worth counting.
    pub bytes: f64,
    /// Items of the map.
    pub items: u64,
    /// Items in one task.
    pub chunk: u64,
    /// Workers, each on a core of its own; the parent has one, too.
    pub workers: u64,
}

impl Setting {
    /// Tasks: as many messages go to the workers, and as many come back.
    pub fn tasks(&self) -> u64 {
        self.items.div_ceil(self.chunk.max(1))
    }
}
