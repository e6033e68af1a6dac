//! Knows the mask and no quota, as `len(os.sched_getaffinity(0))`.
//! expect: quota FAIL cpu.max

fn quota(_group: &Group) -> Option<usize> {
    None
}
// NEXT REGION
    let status = machine.status.as_deref().unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).and_then(processors);
    let online = online.unwrap_or_default();
    let usable = mask.map_or(online.len(), |mask| online.intersection(&mask).count());
    machine.groups.iter().filter_map(quota).min().unwrap_or(usable).min(usable).max(1)
