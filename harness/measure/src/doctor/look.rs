//! What the machine is like at this moment: a short time of work on every usable core, and what else takes a look to know.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use multiprocess::supervise::{self, Limits};
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage};
use nix::sys::statvfs::statvfs;
use nix::unistd::{AccessFlags, access};
use record::Program;

use crate::control_group::{from_disk, text};
use crate::environment::{self, Ticks};

/// How long a program that says its version may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// So many readings of the clock are timed together.
const READINGS: u32 = 1024;

/// What is known of the machine at a moment. What cannot be read, and what was not looked at, is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Now {
    /// What measures.
    pub program: Option<Program>,
    /// What a short time of work on every usable core showed.
    pub busy: Option<Busy>,
    /// Whether a second process could be started, or why not.
    pub second_process: Option<Result<(), String>>,
    /// Whether a battery is what it runs on.
    pub on_battery: Option<bool>,
    /// Room for records, in bytes.
    pub disk_free_bytes: Option<u64>,
    /// Room for named shared memory, in bytes.
    pub shm_free_bytes: Option<u64>,
    /// How many processes and threads this user may have.
    pub most_processes: Option<u64>,
    /// How many files a process may have open.
    pub most_files: Option<u64>,
    /// What the kernel forbids users to count (`perf_event_paranoid`).
    pub perf_event_paranoid: Option<i64>,
    /// Whether the processor's own counters can be seen.
    pub hardware_counters: Option<bool>,
    /// Whether this process may drop the page cache.
    pub drops_page_cache: Option<bool>,
}

/// What a short time of work on every usable core showed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Busy {
    /// How long it was.
    pub interval: Duration,
    /// On how many cores.
    pub cores: usize,
    /// The share of that time that was ours.
    pub got: f64,
    /// The share of the machine's time that other processes worked.
    pub others: Option<f64>,
    /// The share of the machine's time that the hypervisor gave to other guests.
    pub stolen: Option<f64>,
    /// In how many periods the control group's quota was used up.
    pub throttled: Option<u64>,
    /// The longest time for which a core that wanted to work did not.
    pub longest_pause: Duration,
    /// What it costs to read the clock, in nanoseconds.
    pub clock_cost_ns: f64,
    /// The smallest step of the clock that was seen, in nanoseconds.
    pub clock_step_ns: u64,
    /// Frequency of the first usable core after the work, in kHz.
    pub frequency_khz: Option<u64>,
}

/// Looks at the machine; `busy_for` that long it works on every usable core, without it no process is started either. Records would go
/// below `root`.
///
/// ```
/// let now = harness::doctor::look(None, std::path::Path::new("/"), None);
/// assert!(now.busy.is_none() && now.second_process.is_none());
/// ```
pub fn look(program: Option<Program>, root: &Path, busy_for: Option<Duration>) -> Now {
    let free = |path: &Path| statvfs(path).ok().map(|at| at.blocks_available() * at.fragment_size());
    let most = |resource| getrlimit(resource).ok().map(|(soft, _)| soft);
    Now {
        program,
        second_process: busy_for.map(|_| second_process()),
        busy: busy_for.map(busy),
        on_battery: on_battery(&supplies()),
        disk_free_bytes: free(root),
        shm_free_bytes: free(Path::new("/dev/shm")),
        most_processes: most(Resource::RLIMIT_NPROC),
        most_files: most(Resource::RLIMIT_NOFILE),
        perf_event_paranoid: text(&from_disk, "/proc/sys/kernel/perf_event_paranoid")
            .and_then(|text| text.parse().ok()),
        hardware_counters: hardware_counters(),
        drops_page_cache: Some(access("/proc/sys/vm/drop_caches", AccessFlags::W_OK).is_ok()),
    }
}

/// Starts this program once more, as a subject is started.
fn second_process() -> Result<(), String> {
    let limits = Limits { deadline: PATIENCE, output_bytes: 0 };
    let mut again = Command::new("/proc/self/exe");
    supervise::run(again.arg("--version"), b"", &limits, None).map(|_| ()).map_err(|fault| fault.to_string())
}

/// Works on every usable core for `interval`: only who wants a core notices that it is taken away.
fn busy(interval: Duration) -> Busy {
    let cores = environment::usable_cores();
    let (ticks, throttled, used) = (environment::ticks(), environment::throttled_periods(), used());
    let start = Instant::now();
    let watched = std::thread::scope(|scope| {
        // Where no thread can be started, this one still tells something.
        let watch = || std::thread::Builder::new().spawn_scoped(scope, || watch_clock(start, interval));
        let threads: Vec<_> = (1..cores).filter_map(|_| watch().ok()).collect();
        let own = watch_clock(start, interval);
        // A watcher has nothing that could panic.
        let others = threads.into_iter().filter_map(|thread| thread.join().ok());
        std::iter::once(own).chain(others).collect::<Vec<Watched>>()
    });
    let wall = start.elapsed();
    let used = self::used().saturating_sub(used).as_secs_f64();
    let frequency_khz = environment::frequency();
    let passed = ticks.zip(environment::ticks()).and_then(|(before, after)| after.since(before));
    let share = |part: fn(&Ticks) -> u64| passed.map(|passed| part(&passed) as f64 / passed.total as f64);
    // The kernel's ticks are those of the whole machine.
    let own = used / (wall.as_secs_f64() * environment::cores_online() as f64);
    Busy {
        interval: wall,
        cores: watched.len(),
        got: used / (wall.as_secs_f64() * watched.len() as f64),
        others: share(|ticks| ticks.busy).map(|busy| (busy - own).max(0.0)),
        stolen: share(|ticks| ticks.stolen),
        throttled: throttled
            .zip(environment::throttled_periods())
            .and_then(|(before, after)| after.checked_sub(before)),
        longest_pause: watched.iter().map(|seen| seen.longest_pause).max().unwrap_or_default(),
        clock_cost_ns: watched.iter().map(|seen| seen.cost_ns).fold(f64::INFINITY, f64::min),
        clock_step_ns: watched.iter().map(|seen| seen.step_ns).min().unwrap_or(0),
        frequency_khz,
    }
}

/// What one core's look at the clock showed.
struct Watched {
    longest_pause: Duration,
    step_ns: u64,
    cost_ns: f64,
}

/// Reads the clock over and over: between two readings there is nothing but what was taken away.
fn watch_clock(start: Instant, interval: Duration) -> Watched {
    let mut watched = Watched { longest_pause: Duration::ZERO, step_ns: u64::MAX, cost_ns: f64::INFINITY };
    let mut last = Instant::now();
    while last.duration_since(start) < interval {
        let first = last;
        for _ in 0..READINGS {
            let now = Instant::now();
            let gap = now.duration_since(last);
            watched.longest_pause = watched.longest_pause.max(gap);
            if !gap.is_zero() {
                // A gap of more than 500 years would be no step.
                watched.step_ns = watched.step_ns.min(gap.as_nanos() as u64);
            }
            last = now;
        }
        let cost = last.duration_since(first).as_nanos() as f64 / f64::from(READINGS);
        watched.cost_ns = watched.cost_ns.min(cost);
    }
    watched
}

/// Processor time of this process, all its threads together.
fn used() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return Duration::ZERO };
    let times = [usage.user_time(), usage.system_time()];
    times.iter().map(|time| Duration::from_micros(time.tv_sec() as u64 * 1_000_000 + time.tv_usec() as u64)).sum()
}

/// The type, `online` and `status` of every supply of power, as the kernel tells them.
fn supplies() -> Vec<[String; 3]> {
    let folders = fs::read_dir("/sys/class/power_supply").into_iter().flatten().flatten();
    let told = |folder: fs::DirEntry| {
        ["type", "online", "status"].map(|file| text(&from_disk, folder.path().join(file)).unwrap_or_default())
    };
    folders.map(told).collect()
}

/// Whether a battery is what it runs on: it gets empty, and no supply from outside is there. None where there are no supplies.
fn on_battery(supplies: &[[String; 3]]) -> Option<bool> {
    let outside = |[kind, online, _]: &[String; 3]| kind != "Battery" && online == "1";
    let emptied = |[kind, _, status]: &[String; 3]| kind == "Battery" && status == "Discharging";
    (!supplies.is_empty()).then(|| supplies.iter().any(emptied) && !supplies.iter().any(outside))
}

/// Whether one of the kernel's sources of events is the processor itself.
fn hardware_counters() -> Option<bool> {
    let sources = fs::read_dir("/sys/bus/event_source/devices").ok()?.flatten();
    let names = sources.map(|source| source.file_name().to_string_lossy().into_owned());
    let processor = |name: String| ["cpu", "armv", "arm_", "riscv"].iter().any(|start| name.starts_with(start));
    Some(names.into_iter().any(processor))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::{look, on_battery};

    #[test]
    fn a_battery_counts_if_nothing_else_feeds_the_machine() {
        let supply = |kind: &str, online: &str, status: &str| [kind, online, status].map(str::to_owned);
        let (full, empties) = (supply("Battery", "", "Full"), supply("Battery", "", "Discharging"));
        let (plugged, unplugged) = (supply("Mains", "1", ""), supply("Mains", "0", ""));
        assert_eq!(on_battery(&[]), None);
        assert_eq!(on_battery(&[full, unplugged.clone()]), Some(false));
        assert_eq!(on_battery(&[empties.clone(), unplugged]), Some(true));
        // A battery that is emptied beside the mains is being exercised, or too weak a charger helps.
        assert_eq!(on_battery(&[empties, plugged]), Some(false));
    }

    #[test]
    fn a_look_without_work_starts_nothing_and_a_look_with_work_tells_shares() {
        let still = look(None, Path::new("/"), None);
        assert!(still.busy.is_none() && still.second_process.is_none() && still.disk_free_bytes.is_some());
        let now = look(None, Path::new("/"), Some(Duration::from_millis(50)));
        assert_eq!(now.second_process, Some(Ok(())));
        let busy = now.busy.unwrap();
        assert!(busy.interval >= Duration::from_millis(50) && busy.cores >= 1, "{busy:?}");
        assert!(busy.got > 0.0 && busy.clock_cost_ns > 0.0 && busy.clock_step_ns > 0, "{busy:?}");
        assert!(busy.longest_pause.as_nanos() >= u128::from(busy.clock_step_ns), "{busy:?}");
        assert!(busy.others.is_none_or(|share| (0.0..=1.1).contains(&share)), "{busy:?}");
    }
}
