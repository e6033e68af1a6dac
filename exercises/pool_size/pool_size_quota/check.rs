//! Drawn machines, told right or not; and this one, once a single processor is left to the check.

use std::process::ExitCode;

use exercises::checking::{self, Checking};
use exercises::{Group, Machine};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use submission::workers;

fn main() -> ExitCode {
    checking::main(&[
        ("mask", mask),
        ("quota", quota),
        ("version_1", version_1),
        ("nested", nested),
        ("faults", faults),
        ("here", here),
    ])
}

/// Numbers from low to high, both included.
struct Draw<I>(I);

impl<I: Iterator<Item = u64>> Draw<I> {
    fn from(&mut self, low: usize, high: usize) -> usize {
        low + self.0.next().expect("numbers enough") as usize % (high - low + 1)
    }
}

fn draw(checking: &Checking) -> Draw<impl Iterator<Item = u64> + use<>> {
    Draw(checking.numbers(1_000))
}

/// What a machine with `online` processors says, of which `list` are in the mask.
fn machine(online: usize, list: &str, groups: Vec<Group>) -> Machine {
    let hex = "ffffffff,ffffffff";
    let status = format!(
        "Name:\tpython3\nState:\tR (running)\nThreads:\t1\nCpus_allowed:\t{hex}\nCpus_allowed_list:\t{list}\n\
         Mems_allowed:\t1\nMems_allowed_list:\t0\nvoluntary_ctxt_switches:\t12\n"
    );
    let online = if online == 1 { "0\n".into() } else { format!("0-{}\n", online - 1) };
    Machine { online: Some(online), status: Some(status), groups }
}

fn of_version_2(text: impl Into<String>) -> Group {
    Group { cpu_max: Some(text.into()), ..Group::default() }
}

fn of_version_1(quota: impl ToString, period: impl ToString) -> Group {
    let line = |text: String| Some(text + "\n");
    Group { cpu_max: None, cfs_quota_us: line(quota.to_string()), cfs_period_us: line(period.to_string()) }
}

/// A machine as the feedback names it.
fn words(machine: &Machine) -> String {
    let text =
        |text: &Option<String>| text.as_deref().map_or("missing".into(), |text| format!("'{}'", text.trim_end()));
    let list =
        |status: &str| Some(status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?.trim().into());
    let list: Option<String> = machine.status.as_deref().and_then(list);
    let mut words = format!("online {}, Cpus_allowed_list {}", text(&machine.online), text(&list));
    for group in &machine.groups {
        if group.cpu_max.is_some() {
            words += &format!(", cpu.max {}", text(&group.cpu_max));
        }
        if group.cfs_quota_us.is_some() || group.cfs_period_us.is_some() {
            words +=
                &format!(", cfs_quota_us {} cfs_period_us {}", text(&group.cfs_quota_us), text(&group.cfs_period_us));
        }
    }
    words
}

/// Reports how many of the machines are told right, and the first that is not.
fn judge(checking: &mut Checking, test: &str, cases: &[(Machine, usize)]) {
    let told = |(machine, expected): &(Machine, usize)| {
        let told = workers(machine);
        (told != *expected).then(|| format!("{}: got {told}, expected {expected}", words(machine)))
    };
    let wrong: Vec<String> = cases.iter().filter_map(told).collect();
    let right = cases.len() - wrong.len();
    let first = wrong.first().map_or_else(String::new, |first| format!("; {first}"));
    checking.holds(test, wrong.is_empty(), format_args!("{right} of {} machines right{first}", cases.len()));
}

fn mask(checking: &mut Checking) {
    let mut draw = draw(checking);
    let mut cases = Vec::new();
    for _ in 0..8 {
        let (online, first) = (draw.from(16, 64), draw.from(0, 7));
        let last = draw.from(8, 15);
        cases.push((machine(online, &format!("{first}-{last}"), vec![]), last - first + 1));
        cases.push((machine(online, &format!("{first},{last}"), vec![]), 2));
        cases.push((machine(online, &last.to_string(), vec![]), 1));
        // A mask may allow processors that are not there.
        cases.push((machine(online, &format!("{first}-127"), vec![]), online - first));
    }
    judge(checking, "mask", &cases);
}

fn quota(checking: &mut Checking) {
    let mut draw = draw(checking);
    let mut cases = Vec::new();
    for period in [100_000, 100_000, 50_000, 10_000] {
        let online = draw.from(12, 64);
        let all = format!("0-{}", online - 1);
        let (whole, part) = (draw.from(2, 6), draw.from(period / 2, period * 9 / 10));
        let of = |quota: usize| vec![of_version_2(format!("{quota} {period}\n"))];
        cases.push((machine(online, &all, of(whole * period)), whole));
        cases.push((machine(online, &all, of(whole * period + part)), whole));
        cases.push((machine(online, &all, of(part)), 1));
        cases.push((machine(online, "1,3-5", of(8 * period)), 4));
        cases.push((machine(online, &all, vec![of_version_2(format!("max {period}\n"))]), online));
    }
    judge(checking, "quota", &cases);
}

fn version_1(checking: &mut Checking) {
    let mut draw = draw(checking);
    let mut cases = Vec::new();
    for period in [100_000, 20_000] {
        let online = draw.from(12, 64);
        let all = format!("0-{}", online - 1);
        let (whole, part) = (draw.from(2, 6), draw.from(period / 2, period * 9 / 10));
        cases.push((machine(online, &all, vec![of_version_1(whole * period + part, period)]), whole));
        cases.push((machine(online, &all, vec![of_version_1(part, period)]), 1));
        cases.push((machine(online, &all, vec![of_version_1(-1, period)]), online));
    }
    judge(checking, "version_1", &cases);
}

fn nested(checking: &mut Checking) {
    let mut draw = draw(checking);
    let mut cases = Vec::new();
    for _ in 0..4 {
        let online = draw.from(32, 64);
        let all = format!("0-{}", online - 1);
        let (smaller, larger) = (draw.from(2, 8), draw.from(9, 30));
        let cores = |cores: usize| of_version_2(format!("{} 100000\n", cores * 100_000));
        let free = || of_version_2("max 100000\n");
        // The outermost group has no file of its own.
        cases.push((machine(online, &all, vec![cores(larger), free(), cores(smaller), Group::default()]), smaller));
        cases.push((machine(online, &all, vec![cores(smaller), cores(larger), Group::default()]), smaller));
        cases.push((machine(online, &all, vec![free(), cores(larger), free(), Group::default()]), larger));
        let inner = of_version_1(-1, 100_000);
        cases.push((machine(online, &all, vec![inner, of_version_1(smaller * 50_000, 50_000)]), smaller));
    }
    judge(checking, "nested", &cases);
}

fn faults(checking: &mut Checking) {
    let online = draw(checking).from(12, 64);
    let all = format!("0-{}", online - 1);
    let mut cases = vec![(Machine::default(), 1)];
    for text in
        ["", "\n", "max", "100000", "three 100000\n", "300000 0\n", "-300000 100000\n", "300000 -100000", "3e5 1e5"]
    {
        cases.push((machine(online, &all, vec![of_version_2(text)]), online));
    }
    // What cannot be read does not hide what can.
    cases.push((machine(online, &all, vec![of_version_2("nonsense"), of_version_2("300000 100000")]), 3));
    cases.push((machine(online, &all, vec![of_version_1(300_000, "")]), online));
    cases.push((machine(online, &all, vec![of_version_1(300_000, 0)]), online));
    cases.push((machine(online, "none", vec![]), online));
    let quota = || vec![of_version_2("200000 100000\n")];
    cases.push((Machine { online: None, ..machine(online, "2-4", vec![]) }, 3));
    cases.push((Machine { online: Some("?".into()), ..machine(online, "2-4", quota()) }, 2));
    cases.push((Machine { status: None, ..machine(online, "", quota()) }, 2));
    cases.push((Machine { status: Some("Name:\tpython3\n".into()), ..machine(online, "", vec![]) }, online));
    judge(checking, "faults", &cases);
}

/// One processor at a time, the first and the last that this process may use.
fn here(checking: &mut Checking) {
    let own = Pid::from_raw(0);
    let Ok(mask) = sched_getaffinity(own) else { return checking.not_here("here", "the affinity mask cannot be read") };
    let allowed: Vec<usize> = (0..CpuSet::count()).filter(|number| mask.is_set(*number) == Ok(true)).collect();
    let (Some(first), Some(last)) = (allowed.first(), allowed.last()) else {
        return checking.not_here("here", "the affinity mask is empty");
    };
    let mut saw = Vec::new();
    for only in [*first, *last] {
        let mut mask = CpuSet::new();
        if mask.set(only).and_then(|()| sched_setaffinity(own, &mask)).is_err() {
            return checking.not_here("here", "this process may not change its affinity mask");
        }
        saw.push(workers(&Machine::here()));
    }
    checking.equal("here", &saw, &vec![1, 1]);
}
