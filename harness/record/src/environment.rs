//! Where a run was measured: the machine, and what was set on it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The machine, as the program found it. What cannot be read is absent; so is what records of a schema before 3 did not ask for.
///
/// ```
/// let old = r#"{"cpu":"x","cores":2,"usable_cores":2,"smt":null,"quota_cores":null,"memory_bytes":1,"available_bytes":1,
///     "kernel":"6.1","libc":null,"hypervisor":null,"governor":null,"huge_pages":null,"aslr":null,"pipe_max_bytes":null,
///     "load":null,"steal_ticks":null}"#;
/// let environment: record::Environment = serde_json::from_str(old).unwrap();
/// assert_eq!((environment.cores, environment.clock_source), (2, None));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Processor model.
    pub cpu: String,
    /// Cores online.
    pub cores: u32,
    /// Cores this process may run on.
    pub usable_cores: u32,
    /// Which cores its affinity allows, as the kernel lists them (`0-3,8`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affinity: Option<String>,
    /// Whether two hardware threads share a core.
    pub smt: Option<bool>,
    /// CPU quota of the control group, in cores.
    pub quota_cores: Option<f64>,
    /// Which versions of control groups are mounted (`v1`, `v2`, `v1 and v2`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_groups: Option<String>,
    /// Nodes of memory that are online.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numa_nodes: Option<u32>,
    /// Memory of the machine, in bytes.
    pub memory_bytes: u64,
    /// The tightest limit that a control group puts on memory, in bytes, if it is below the machine's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit_bytes: Option<u64>,
    /// Memory that was available at the start, in bytes (the control group's limit respected).
    pub available_bytes: u64,
    /// Swap space, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swap_bytes: Option<u64>,
    /// How much of it was in use at the start, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swap_used_bytes: Option<u64>,
    /// How readily the kernel swaps (0 to 200).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swappiness: Option<u64>,
    /// Kernel release.
    pub kernel: String,
    /// Where the kernel may be interrupted: `none`, `voluntary`, `full`, `lazy`; or only how it was built (`PREEMPT_DYNAMIC`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preemption: Option<String>,
    /// What the kernel reads the time from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_source: Option<String>,
    /// The C library and its version.
    pub libc: Option<String>,
    /// Hypervisor, if the machine is a guest.
    pub hypervisor: Option<String>,
    /// What manages the container, if there are signs of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Frequency governor.
    pub governor: Option<String>,
    /// Frequency of the first core that may be used, at the start, in kHz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency_khz: Option<u64>,
    /// The highest frequency it can have, in kHz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency_max_khz: Option<u64>,
    /// Whether cores may run faster than their nominal frequency while it is cool enough (turbo, boost).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boost: Option<bool>,
    /// Transparent huge pages.
    pub huge_pages: Option<String>,
    /// How hard the kernel tries to make room for one when it is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub huge_pages_defrag: Option<String>,
    /// Address space randomisation (2 is full).
    pub aslr: Option<String>,
    /// Largest pipe an unprivileged process may ask for, in bytes.
    pub pipe_max_bytes: Option<u64>,
    /// One-minute load average at the start.
    pub load: Option<f64>,
    /// Threads that ran or waited for a core at the start, this program's own among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runnable: Option<u64>,
    /// Threads that waited for a disk at the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<u64>,
    /// Processor time stolen by the hypervisor since boot, in clock ticks.
    pub steal_ticks: Option<u64>,
    /// Version of the `python3` on the path; the implementation stands before it if it is not CPython.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<String>,
    /// Version of that Python's NumPy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numpy: Option<String>,
    /// How many threads libraries are told to start, by the environment variable that tells them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub thread_settings: BTreeMap<String, String>,
}
