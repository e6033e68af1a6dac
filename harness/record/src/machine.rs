//! What tells one machine from another in the records.

use crate::environment::Environment;
use crate::hash;

impl Environment {
    /// A short stable name for the machine: eight hexadecimal digits that follow from the processor's model, the cores online, the memory
    /// rounded to GiB, and the hypervisor.
    ///
    /// Kernel, C library, load, quota and affinity are left out: they change on one machine. Two machines bought together, or two guests
    /// of one size in one cloud, have the same name; a guest that is resized, or that is moved to a host with another processor, gets a new
    /// one, and so may a machine whose memory lies half-way between two GiB when its kernel keeps a little more for itself.
    ///
    /// ```
    /// let here = record::Environment { cpu: "AMD EPYC".to_owned(), cores: 2, memory_bytes: 25_276_502_016, ..Default::default() };
    /// let rebooted = record::Environment { kernel: "7.0".to_owned(), load: Some(2.5), ..here.clone() };
    /// let other = record::Environment { cores: 4, ..here.clone() };
    /// assert_eq!(here.machine(), rebooted.machine());
    /// assert_ne!(here.machine(), other.machine());
    /// ```
    pub fn machine(&self) -> String {
        let hypervisor = self.hypervisor.as_deref().unwrap_or("");
        let parts = [&self.cpu, &self.cores.to_string(), &self.gibibytes().to_string(), hypervisor].join("\n");
        hash::of_bytes(parts.as_bytes())[..8].to_owned()
    }

    /// The machine in words.
    ///
    /// ```
    /// let here = record::Environment { cpu: "AMD EPYC".to_owned(), cores: 2, memory_bytes: 25_276_502_016, ..Default::default() };
    /// assert_eq!(here.machine_in_words(), "AMD EPYC, 2 cores, 24 GiB");
    /// ```
    pub fn machine_in_words(&self) -> String {
        let cpu = if self.cpu.is_empty() { "an unknown processor" } else { &self.cpu };
        let cores = if self.cores == 1 { "core" } else { "cores" };
        format!("{cpu}, {} {cores}, {} GiB", self.cores, self.gibibytes())
    }

    fn gibibytes(&self) -> u64 {
        self.memory_bytes.saturating_add(1 << 29) >> 30
    }
}
