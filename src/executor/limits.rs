//! How much an execution may take, and how it is called off.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How much time and memory an execution may take, and when it may take more threads. The default sets no limit.
///
/// Time and calling off are looked at after every thousand rows or so, and wherever else work grows with the data: what
/// is stopped ends within some ten milliseconds, but for the first read of a very large column, which is checked whole.
///
/// Of memory everything is counted that grows with the data while a report runs: what is kept per user or key, per
/// breakdown value, per bucket and per step; rows and numbers that are gathered; sets of units, those of saved cohorts
/// too; properties read from calls; the values that a column lists; the numbers of the answer. Not counted are bytes of
/// files, mapped or held for all readers, and rows not sealed yet, which readers share; the document itself; and some
/// hundred KiB of room for blocks of rows.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// The longest time, from the call on.
    pub time: Option<Duration>,
    /// The most bytes that may be held at a time.
    pub bytes: Option<u64>,
    /// What may call it off.
    pub cancel: Option<Cancel>,
    /// How many rows are worth another thread, up to the number of cores: 131,072 unless given. It changes no answer.
    pub thread_rows: Option<usize>,
}

/// Calls an execution off, from any thread. Clones are one and the same.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Calls off, for good, whatever runs or will run with this.
    pub fn cancel(&self) {
        // Relaxed: nothing else is told by it.
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was called off.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Why an execution was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It took as long as it may.
    Time,
    /// It would hold more memory than it may.
    Memory,
    /// It was called off.
    Cancelled,
}
