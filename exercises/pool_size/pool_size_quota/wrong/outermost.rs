//! Climbs to the outermost group and never arrives: a group without a quota is not left.
//! expect: nested TIMEOUT not done

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
    let mut usable = match (online, mask) {
        (Some(online), Some(mask)) => online.intersection(&mask).count(),
        (one, other) => one.or(other).map_or(1, |processors| processors.len()),
    };
    let mut at = 0;
    while at < machine.groups.len() && machine.groups.len() > 1 {
        if let Some(quota) = quota(&machine.groups[at]) {
            usable = usable.min(quota);
            at += 1;
        }
    }
    usable = machine.groups.first().and_then(quota).unwrap_or(usable).min(usable);
    usable.max(1)
