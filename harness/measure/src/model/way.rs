//! The ways of doing a workload.

use multiprocess::StartMethod;
use serde::{Deserialize, Serialize};

/// A way of doing a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// One loop.
    Serial,
    /// A pool of threads.
    Threads,
    /// A pool of forked processes.
    ProcessesFork,
    /// A pool of processes forked by a server.
    ProcessesForkserver,
    /// A pool of processes executed anew.
    ProcessesSpawn,
}

impl Way {
    /// All of them, the simplest first.
    pub const ALL: [Self; 5] =
        [Self::Serial, Self::Threads, Self::ProcessesFork, Self::ProcessesForkserver, Self::ProcessesSpawn];

    /// Its name, which is that of the instrument's variant.
    pub fn name(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::Threads => "threads",
            Self::ProcessesFork => "processes_fork",
            Self::ProcessesForkserver => "processes_forkserver",
            Self::ProcessesSpawn => "processes_spawn",
        }
    }

    /// The way called `name`.
    ///
    /// ```
    /// use harness::model::Way;
    /// assert_eq!(Way::named("processes_spawn"), Some(Way::ProcessesSpawn));
    /// assert_eq!(Way::named("process"), None);
    /// ```
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.name() == name)
    }

    /// Processes of this start method.
    pub fn processes(method: StartMethod) -> Self {
        match method {
            StartMethod::Fork => Self::ProcessesFork,
            StartMethod::ForkServer => Self::ProcessesForkserver,
            StartMethod::Spawn => Self::ProcessesSpawn,
        }
    }

    /// How its processes start; none if it has none.
    pub fn start_method(self) -> Option<StartMethod> {
        StartMethod::ALL.into_iter().find(|method| Self::processes(*method) == self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_has_the_name_of_its_variant() {
        let variants = crate::instruments::model::MODEL.variants.iter().map(|variant| variant.name);
        assert_eq!(variants.collect::<Vec<_>>(), Way::ALL.map(Way::name));
        assert_eq!(Way::named("threads"), Some(Way::Threads));
        assert_eq!(Way::Serial.start_method(), None);
    }
}
