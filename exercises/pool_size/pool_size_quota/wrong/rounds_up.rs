//! Rounds a quota up: the last worker has less than a core.
//! expect: quota FAIL got

fn quota(group: &Group) -> Option<usize> {
    let number = |text: &str| text.trim().parse::<usize>().ok();
    let (quota, period) = group.cpu_max.as_deref()?.trim().split_once(' ')?;
    Some(number(quota)?.div_ceil(number(period)?.max(1)))
}
// NEXT REGION
    let status = machine.status.as_deref().unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).and_then(processors);
    let usable = match (online, mask) {
        (Some(online), Some(mask)) => online.intersection(&mask).count(),
        (one, other) => one.or(other).map_or(1, |processors| processors.len()),
    };
    machine.groups.iter().filter_map(quota).fold(usable, usize::min).max(1)
