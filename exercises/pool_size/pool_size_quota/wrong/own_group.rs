//! Reads the group of the process and none around it.
//! expect: nested FAIL got

fn quota(group: &Group) -> Option<usize> {
    let number = |text: &str| text.trim().parse::<usize>().ok();
    if let Some((quota, period)) = group.cpu_max.as_deref().and_then(|text| text.trim().split_once(' ')) {
        return number(quota)?.checked_div(number(period)?);
    }
    number(group.cfs_quota_us.as_deref()?)?.checked_div(number(group.cfs_period_us.as_deref()?)?)
}
// NEXT REGION
    let status = machine.status.as_deref().unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).and_then(processors);
    let usable = match (online, mask) {
        (Some(online), Some(mask)) => online.intersection(&mask).count(),
        (one, other) => one.or(other).map_or(1, |processors| processors.len()),
    };
    machine.groups.first().and_then(quota).unwrap_or(usable).min(usable).max(1)
