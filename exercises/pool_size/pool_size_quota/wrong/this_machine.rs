//! Games the machines by asking the standard library, which knows no machine but its own.
//! expect: mask FAIL got

fn quota(_group: &Group) -> Option<usize> {
    std::thread::available_parallelism().ok().map(Into::into)
}
// NEXT REGION
    let online = online.map_or(1, |online| online.len());
    machine.groups.iter().find_map(quota).unwrap_or(online)
