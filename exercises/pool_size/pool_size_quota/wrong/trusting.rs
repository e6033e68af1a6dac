//! Trusts that what is in a file is what should be in it.
//! expect: faults ERROR expected a number

fn quota(group: &Group) -> Option<usize> {
    let number = |text: &str| text.trim().parse::<usize>().expect("expected a number");
    if let Some(text) = &group.cpu_max {
        let (quota, period) = text.trim().split_once(' ').expect("expected a number, a space, and a number");
        return (quota != "max").then(|| number(quota) / number(period));
    }
    let quota = group.cfs_quota_us.as_deref()?;
    (quota.trim() != "-1").then(|| number(quota) / number(group.cfs_period_us.as_deref().unwrap_or("100000")))
}
// NEXT REGION
    let status = machine.status.as_deref().unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).and_then(processors);
    let usable = match (online, mask) {
        (Some(online), Some(mask)) => online.intersection(&mask).count(),
        (one, other) => one.or(other).map_or(1, |processors| processors.len()),
    };
    machine.groups.iter().filter_map(quota).fold(usable, usize::min).max(1)
