//! Whole sample machines, and every text that may be cut, strange or absent.

use std::path::Path;

use record::Environment;

use super::parse;
use super::{capture, capture_by, load_by, quota_by, steal_by, thread_settings, usable_by};

const CPUINFO: &str = "processor\t: 0\nmodel name\t: Example CPU @ 2.60GHz\nsiblings\t: 4\ncpu cores\t: 2\n\
    flags\t\t: fpu vme sse2 hypervisor lahf_lm\n\nprocessor\t: 1\nmodel name\t: Example CPU @ 2.60GHz\n";

const LAPTOP: &[(&str, &str)] = &[
    ("/proc/cpuinfo", CPUINFO),
    (
        "/proc/meminfo",
        "MemTotal:        4194304 kB\nMemAvailable:    2097152 kB\nSwapTotal: 1024 kB\nSwapFree: 768 kB\n",
    ),
    ("/proc/thread-self/status", "Name:\tlab\nCpus_allowed:\tf\nCpus_allowed_list:\t0-3\n"),
    ("/proc/self/cgroup", "0::/user.slice/a.scope\n"),
    ("/proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
    (
        "/proc/self/maps",
        "7f00-7f01 r--p 00000000 fe:00 32 /usr/bin/lab\n7f02-7f03 r-xp 0 fe:00 33   /usr/lib/libc.so.6\n",
    ),
    (
        "/usr/lib/libc.so.6",
        "\u{1}\u{2}GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\nCopyright\u{0}",
    ),
    ("/proc/loadavg", "0.25 0.10 0.05 1/123 4567\n"),
    (
        "/proc/stat",
        "cpu  5652 0 2647 282607 242 0 29 7 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\nprocs_running 3\nprocs_blocked 1\n",
    ),
    ("/proc/version", "Linux version 6.1.0-18-amd64 (gcc) #1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1\n"),
    ("/proc/sys/vm/swappiness", "60\n"),
    ("/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n"),
    ("/proc/sys/kernel/randomize_va_space", "2\n"),
    ("/proc/sys/fs/pipe-max-size", "1048576\n"),
    ("/sys/devices/system/cpu/online", "0-3\n"),
    ("/sys/devices/system/cpu/smt/active", "1\n"),
    ("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n"),
    ("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1800000\n"),
    ("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", "3500000\n"),
    ("/sys/devices/system/cpu/intel_pstate/no_turbo", "0\n"),
    ("/sys/devices/system/node/online", "0\n"),
    ("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"),
    ("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"),
    ("/sys/kernel/mm/transparent_hugepage/defrag", "always defer defer+madvise [madvise] never\n"),
    ("/sys/class/dmi/id/sys_vendor", "QEMU\n"),
    ("/sys/class/dmi/id/product_name", "Standard PC\n"),
];

/// The files of `base`, those of `more` instead where both have one.
fn machine<'a>(
    base: &'a [(&'a str, &'a str)],
    more: &'a [(&'a str, &'a str)],
) -> impl Fn(&Path) -> Option<Vec<u8>> + 'a {
    move |path| {
        let file = more.iter().chain(base).find(|(name, _)| Path::new(name) == path)?;
        Some(file.1.as_bytes().to_vec())
    }
}

#[test]
fn a_laptop_is_read_whole() {
    let expected = Environment {
        cpu: "Example CPU @ 2.60GHz".to_owned(),
        cores: 4,
        usable_cores: 4,
        affinity: Some("0-3".to_owned()),
        smt: Some(true),
        quota_cores: None,
        control_groups: Some("v2".to_owned()),
        numa_nodes: Some(1),
        memory_bytes: 4 << 30,
        memory_limit_bytes: None,
        available_bytes: 2 << 30,
        swap_bytes: Some(1 << 20),
        swap_used_bytes: Some(256 << 10),
        swappiness: Some(60),
        kernel: "6.1.0-18-amd64".to_owned(),
        preemption: Some("PREEMPT_DYNAMIC".to_owned()),
        clock_source: Some("tsc".to_owned()),
        libc: Some(if cfg!(target_env = "musl") { "musl" } else { "glibc 2.36" }.to_owned()),
        hypervisor: Some("QEMU".to_owned()),
        container: None,
        governor: Some("powersave".to_owned()),
        frequency_khz: Some(1_800_000),
        frequency_max_khz: Some(3_500_000),
        boost: Some(true),
        huge_pages: Some("madvise".to_owned()),
        huge_pages_defrag: Some("madvise".to_owned()),
        aslr: Some("2".to_owned()),
        pipe_max_bytes: Some(1 << 20),
        load: Some(0.25),
        runnable: Some(3),
        blocked: Some(1),
        steal_ticks: Some(7),
        ..Environment::default()
    };
    assert_eq!(capture_by(&machine(LAPTOP, &[])), expected);
}

#[test]
fn a_container_of_half_a_core_has_one_usable_core_and_says_half() {
    let own = [("/sys/fs/cgroup/user.slice/a.scope/cpu.max", "50000 100000\n")];
    let environment = capture_by(&machine(LAPTOP, &own));
    assert_eq!((environment.quota_cores, environment.usable_cores, environment.cores), (Some(0.5), 1, 4));
}

#[test]
fn the_tightest_quota_of_all_groups_counts_and_is_rounded_up() {
    let groups = [
        ("/sys/fs/cgroup/user.slice/a.scope/cpu.max", "max 100000\n"),
        ("/sys/fs/cgroup/user.slice/cpu.max", "250000 100000\n"),
        ("/sys/fs/cgroup/cpu.max", "400000 100000\n"),
    ];
    let read = machine(LAPTOP, &groups);
    assert_eq!((quota_by(&read), usable_by(&read)), (Some(2.5), 3));
}

#[test]
fn version_one_of_control_groups_has_two_files() {
    let groups = [
        ("/proc/self/cgroup", "2:cpu,cpuacct:/jobs\n"),
        ("/proc/self/mountinfo", "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"),
        ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"),
        ("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
        ("/sys/fs/cgroup/cpu/jobs/cpu.cfs_quota_us", "150000\n"),
        ("/sys/fs/cgroup/cpu/jobs/cpu.cfs_period_us", "100000\n"),
    ];
    let read = machine(LAPTOP, &groups);
    assert_eq!((quota_by(&read), usable_by(&read)), (Some(1.5), 2));
}

#[test]
fn affinity_limits_the_usable_cores_and_not_the_cores() {
    let read = machine(LAPTOP, &[("/proc/thread-self/status", "Cpus_allowed_list:\t2\n")]);
    let environment = capture_by(&read);
    assert_eq!((environment.cores, environment.usable_cores, environment.affinity.as_deref()), (4, 1, Some("2")));
}

#[test]
fn what_a_second_source_tells_counts_where_the_first_is_silent() {
    let other = [
        ("/proc/thread-self/status", "Cpus_allowed_list:\t2-3\n"),
        ("/proc/cpuinfo", "processor: 0\ncpu MHz\t\t: 2596.122\n"),
        ("/sys/devices/system/cpu/intel_pstate/no_turbo", ""),
        ("/sys/devices/system/cpu/cpufreq/boost", "0\n"),
        ("/sys/kernel/debug/sched/preempt", "none voluntary (full) lazy\n"),
    ];
    // The files of core 0 say nothing about core 2, which has none.
    let environment = capture_by(&machine(LAPTOP, &other));
    assert_eq!((environment.frequency_khz, environment.frequency_max_khz), (Some(2_596_122), None));
    assert_eq!((environment.governor, environment.boost), (None, Some(false)));
    assert_eq!(environment.preemption.as_deref(), Some("full"));
}

#[test]
fn a_container_is_known_by_what_its_manager_leaves() {
    let container = |more: &[(&str, &str)]| capture_by(&machine(LAPTOP, more)).container;
    let named = Some("systemd-nspawn".to_owned());
    assert_eq!(container(&[("/.dockerenv", ""), ("/run/systemd/container", "systemd-nspawn\n")]), named);
    assert_eq!(container(&[("/.dockerenv", "")]).as_deref(), Some("docker"));
    assert_eq!(container(&[("/run/.containerenv", "")]).as_deref(), Some("podman"));
    assert_eq!(container(&[("/proc/1/environ", "HOME=/\0container=lxc\0")]).as_deref(), Some("lxc"));
    assert_eq!(container(&[("/proc/1/environ", "container=\0")]), None);
    let group = [("/proc/self/cgroup", "0::/kubepods.slice/kubepods-pod1.slice/a\n")];
    assert_eq!(container(&group).as_deref(), Some("kubernetes"));
}

#[test]
fn settings_of_threads_are_kept_as_they_are_and_not_longer_than_they_can_be() {
    let long = "9".repeat(100);
    let variable = |name: &str| match name {
        "OMP_NUM_THREADS" => Some("4,2".to_owned()),
        "RAYON_NUM_THREADS" => Some(long.clone()),
        _ => None,
    };
    let settings = thread_settings(variable);
    assert_eq!(settings.keys().collect::<Vec<_>>(), ["OMP_NUM_THREADS", "RAYON_NUM_THREADS"]);
    assert_eq!((settings["OMP_NUM_THREADS"].as_str(), settings["RAYON_NUM_THREADS"].len()), ("4,2", 32));
}

#[test]
fn a_system_without_these_files_leaves_everything_optional_out() {
    let environment = capture_by(&|_| None);
    assert!(environment.usable_cores >= 1 && environment.cores >= 1);
    let expected = Environment {
        cpu: std::env::consts::ARCH.to_owned(),
        cores: environment.cores,
        usable_cores: environment.usable_cores,
        kernel: "unknown".to_owned(),
        libc: cfg!(target_env = "musl").then(|| "musl".to_owned()),
        ..Environment::default()
    };
    assert_eq!(environment, expected);
    assert_eq!((load_by(&|_| None), steal_by(&|_| None)), (None, None));
}

/// Every file cut after each of its bytes, and every file replaced by noise: nothing may panic.
#[test]
fn cut_and_strange_files_do_no_harm() {
    for (name, content) in LAPTOP {
        let cuts = (0..=content.len()).map(|end| content.as_bytes()[..end].to_vec());
        let noise =
            [b"\xff\xfe\n\n:".to_vec(), b"-".to_vec(), b"99999999999999999999 9999999999999999999999\n".to_vec()];
        for bytes in cuts.chain(noise) {
            let whole = machine(LAPTOP, &[]);
            let read = |path: &Path| if path == Path::new(name) { Some(bytes.clone()) } else { whole(path) };
            let environment = capture_by(&read);
            assert!(environment.usable_cores >= 1);
            assert!(environment.load.is_none_or(f64::is_finite));
        }
    }
}

#[test]
fn this_machine_can_be_read() {
    let environment = capture();
    assert!(environment.cores >= 1 && environment.usable_cores >= 1);
    assert!(environment.quota_cores.is_none_or(|quota| quota > 0.0));
}

#[test]
fn lists_of_processors_are_counted() {
    for (list, expected) in [("0", 1), ("0-3", 4), ("0-1,4,6-7", 5), (" 0-1 ", 2)] {
        assert_eq!(parse::cpu_list(list), Some(expected), "{list}");
    }
    for list in ["", ",", "0,", "3-1", "a", "-1", "0-", "0-4294967296"] {
        assert_eq!(parse::cpu_list(list), None, "{list}");
    }
}

#[test]
fn versions_of_control_groups_are_those_that_are_mounted() {
    let line = |kind: &str| format!("30 23 0:26 / /sys/fs/cgroup rw - {kind} {kind} rw\n");
    let versions = |mounts: String| parse::control_groups(&mounts);
    assert_eq!(versions(line("cgroup")).as_deref(), Some("v1"));
    assert_eq!(versions(line("cgroup2")).as_deref(), Some("v2"));
    assert_eq!(versions(line("cgroup") + &line("cgroup2")).as_deref(), Some("v1 and v2"));
    assert_eq!(versions(line("tmpfs")), None);
}

#[test]
fn quotas_that_are_no_quotas_are_none() {
    assert_eq!(parse::cpu_max("50000 100000"), Some(0.5));
    for text in ["max 100000", "", "50000", "50000 0", "0 100000", "x y", "-1 100000", "50000  "] {
        assert_eq!(parse::cpu_max(text), None, "{text}");
    }
}

#[test]
fn processors_are_named_by_model_or_by_numbers() {
    assert_eq!(parse::cpu_model(CPUINFO).as_deref(), Some("Example CPU @ 2.60GHz"));
    let arm = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n";
    assert_eq!(parse::cpu_model(arm).as_deref(), Some("implementer 0x41 part 0xd0c"));
    assert_eq!(parse::cpu_model("processor: 0"), None);
    assert_eq!((parse::processors(CPUINFO), parse::processors("")), (Some(2), None));
    assert_eq!((parse::smt(CPUINFO), parse::smt(arm)), (Some(true), None));
    assert_eq!((parse::flag("1"), parse::flag("0"), parse::flag("notsupported")), (Some(true), Some(false), None));
}

#[test]
fn hypervisors_are_named_by_firmware_and_betrayed_by_a_flag() {
    let name = |cpuinfo, vendor, product| parse::hypervisor(cpuinfo, vendor, product);
    assert_eq!(name("", "Microsoft Corporation", "Virtual Machine").as_deref(), Some("Hyper-V"));
    assert_eq!(name("", "Microsoft Corporation", "Surface"), None);
    assert_eq!(name("", "LENOVO", "20XW"), None);
    assert_eq!(name(CPUINFO, "Amazon EC2", "m7a.large").as_deref(), Some("Amazon EC2 m7a.large"));
    assert_eq!(name(CPUINFO, "", "").as_deref(), Some("unnamed"));
}

#[test]
fn glibc_is_found_by_its_file_and_its_banner() {
    assert_eq!(parse::glibc_file("1-2 r-xp 0 0:0 1 /lib/libc-2.31.so\n"), Some("/lib/libc-2.31.so"));
    assert_eq!(parse::glibc_file("1-2 r-xp 0 0:0 1 /lib/libcrypto.so.3\n1-2 rw-p 0 0:0 0 [heap]\n"), None);
    let version = |banner: &str| parse::glibc_version(banner.as_bytes());
    assert_eq!(
        version("GNU C Library (GNU libc) development release version 2.40.9000.\n").as_deref(),
        Some("glibc 2.40.9000")
    );
    for banner in ["", "GNU C Library (", "GNU C Library (x) release version ", "GNU C Library (x) release version ."] {
        assert_eq!(version(banner), None, "{banner}");
    }
}

#[test]
fn loads_and_stolen_ticks_are_numbers_or_nothing() {
    for text in ["", "x", "NaN 0 0", "-1.0", "inf"] {
        assert_eq!(parse::load(text), None, "{text}");
    }
    // Kernels before 2.6.11 have only seven times.
    for text in ["", "cpu  1 2 3 4 5 6 7", "cpu0 1 2 3 4 5 6 7 8", "cpu  1 2 3 4 5 6 7 x"] {
        assert_eq!(parse::steal(text), None, "{text}");
    }
}
