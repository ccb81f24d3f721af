//! Cores, and which of them a thread is run on: told to the system where it can be told (Linux), elsewhere left to it.

#[cfg(target_os = "linux")]
pub(super) use linux::Core;
#[cfg(not(target_os = "linux"))]
pub(super) use unknown::Core;

#[cfg(target_os = "linux")]
mod linux {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
    use std::sync::LazyLock;

    /// One of the cores that this process may use.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Core(usize);

    /// What this process was given when it was first asked for.
    static ALLOWED: LazyLock<Option<CpuSet>> = LazyLock::new(|| sched_getaffinity(None).ok());

    impl Core {
        /// All of them; none where the system does not say.
        pub fn all() -> Vec<Self> {
            let is_allowed = |core: &usize| ALLOWED.is_some_and(|allowed| allowed.is_set(*core));
            (0..CpuSet::MAX_CPU).filter(is_allowed).map(Self).collect()
        }

        /// The one that runs this thread now.
        pub fn here() -> Option<Self> {
            Some(Self(sched_getcpu()))
        }

        /// Has this thread run here alone.
        pub fn stay(self) {
            let mut only = CpuSet::new();
            only.set(self.0);
            // Where it is refused the thread runs anywhere, which is no fault.
            let _ = sched_setaffinity(None, &only);
        }

        /// Lets this thread run anywhere again.
        pub fn leave(self) {
            if let Some(allowed) = *ALLOWED {
                let _ = sched_setaffinity(None, &allowed);
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod unknown {
    /// There is none that is known.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Core {}

    impl Core {
        pub fn all() -> Vec<Self> {
            Vec::new()
        }

        pub fn here() -> Option<Self> {
            None
        }

        pub fn stay(self) {
            match self {}
        }

        pub fn leave(self) {
            match self {}
        }
    }
}
