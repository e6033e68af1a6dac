//! As many workers as cores that you may use.
//!
//! A machine reports its processors. A process may be allowed fewer: its affinity mask leaves out some of them, and the quota of a control
//! group, its own or one around it, leaves only so much time of them. A pool larger than that gains nothing.
//!
//! Tell from the texts that Linux has about it how many workers a pool should have:
//! - a worker for each processor that is online and in the mask;
//! - not more than the whole cores of any quota: 2.5 cores are 2 workers;
//! - at least one in any case.
//!
//! What is missing, or cannot be read as what it should be, limits nothing. Counted are the machines that you tell right.

use std::process::ExitCode;

use exercises::{Group, Machine, Sheet, processors};

// BEGIN SOLUTION
//| /// How many whole cores the quota of one control group leaves; none if it has no quota.
//| fn quota(_group: &Group) -> Option<usize> {
//|     // TODO: version 2 has `cpu_max`, version 1 has `cfs_quota_us` and `cfs_period_us`.
//|     None
//| }
/// How many whole cores the quota of one control group leaves; none if it has no quota.
fn quota(group: &Group) -> Option<usize> {
    // Neither `max` nor -1 is such a number.
    let number = |text: &str| text.trim().parse::<usize>().ok();
    let version_2 = || {
        let (quota, period) = group.cpu_max.as_deref()?.trim().split_once(' ')?;
        Some((number(quota)?, number(period)?))
    };
    let version_1 = || Some((number(group.cfs_quota_us.as_deref()?)?, number(group.cfs_period_us.as_deref()?)?));
    let (quota, period) = version_2().or_else(version_1)?;
    quota.checked_div(period)
}
// END SOLUTION

/// How many workers a pool on this machine should have.
pub fn workers(machine: &Machine) -> usize {
    let online = machine.online.as_deref().and_then(processors);
    // BEGIN SOLUTION
    //| // TODO: not all that are online are in the mask; and then there are the quotas, see `quota`.
    //| let _ = machine.groups.iter().filter_map(quota);
    //| online.map_or(1, |online| online.len())
    let status = machine.status.as_deref().unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).and_then(processors);
    let usable = match (online, mask) {
        (Some(online), Some(mask)) => online.intersection(&mask).count(),
        (one, other) => one.or(other).map_or(1, |processors| processors.len()),
    };
    let smallest = machine.groups.iter().filter_map(quota).min();
    smallest.map_or(usable, |quota| usable.min(quota)).max(1)
    // END SOLUTION
}

fn main() -> ExitCode {
    multiprocess::init();
    let status = "Name:\tpython\nCpus_allowed:\t0f\nCpus_allowed_list:\t0-3\nMems_allowed_list:\t0\n";
    let mut machine =
        Machine { online: Some("0-7\n".to_owned()), status: Some(status.to_owned()), groups: vec![Group::default()] };
    let mut sheet = Sheet::new();
    sheet.exactly("workers, 4 of 8 processors in the mask", workers(&machine) as u64, 4);
    machine.groups[0].cpu_max = Some("max 100000\n".to_owned());
    sheet.exactly("workers, no quota", workers(&machine) as u64, 4);
    machine.groups[0].cpu_max = Some("250000 100000\n".to_owned());
    sheet.exactly("workers, a quota of 2.5 cores", workers(&machine) as u64, 2);
    machine.groups[0].cpu_max = Some("50000 100000\n".to_owned());
    sheet.exactly("workers, a quota of half a core", workers(&machine) as u64, 1);
    println!("Here a pool should have {} workers.", workers(&Machine::here()));
    sheet.end()
}
