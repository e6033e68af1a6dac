//! Takes the smaller of two numbers where it is the processors that are in both.
//! expect: mask FAIL 127

fn quota(group: &Group) -> Option<usize> {
    let (quota, period) = group.cpu_max.as_deref()?.trim().split_once(' ')?;
    quota.parse::<usize>().ok()?.checked_div(period.parse().ok()?)
}
// NEXT REGION
    let status = machine.status.as_deref().unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).and_then(processors);
    let online = online.map_or(1, |online| online.len());
    let mask = mask.map_or(online, |mask| mask.len());
    machine.groups.iter().filter_map(quota).fold(online.min(mask), usize::min).max(1)
