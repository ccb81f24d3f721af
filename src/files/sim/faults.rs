//! Which call of a simulated disk fails, and how: calls are counted here, and each asks for admission.
//!
//! Invariants: every call that reaches the disk has a number, counted from 1 without gaps; a call is
//! judged by its number, label and operation alone, so the same calls under the same plan fail alike.

use super::super::error::{Operation, SimulatedCrash};
use std::collections::BTreeSet;
use std::io;

/// What happens instead of a call. The error numbers are those of Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Fails with EIO and does nothing. A failed sync moreover forgets what it should have made last:
    /// later syncs answer `Ok` without it, as those of Linux do.
    InputOutput,
    /// Fails with ENOSPC and does nothing. A failed sync forgets, as above.
    NoSpace,
    /// Fails with EINTR and does nothing. The disk repeats the call by itself, as `std` does, and gives
    /// up only when that goes on.
    Interrupted,
    /// Fails with EMFILE and does nothing.
    TooManyFiles,
    /// An append or a positioned read moves half of its bytes and says so; the disk carries on by itself.
    /// Other calls are not affected.
    ShortTransfer,
    /// An append leaves half of its bytes in the file and fails with ENOSPC. Other calls fail as by `NoSpace`.
    ShortWrite,
}

impl Fault {
    /// All of them, for tests that try each.
    pub const ALL: [Self; 6] = [
        Self::InputOutput,
        Self::NoSpace,
        Self::Interrupted,
        Self::TooManyFiles,
        Self::ShortTransfer,
        Self::ShortWrite,
    ];

    fn error(self) -> io::Error {
        io::Error::from_raw_os_error(match self {
            Self::Interrupted => 4,
            Self::InputOutput => 5,
            Self::TooManyFiles => 24,
            Self::NoSpace | Self::ShortTransfer | Self::ShortWrite => 28,
        })
    }
}

/// Which call fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailAt {
    /// The call of this number, counted from 1 since the disk was made.
    Call(u64),
    /// The `nth` call from now, counted from 1, with this label: that of a sync, or the name of the file.
    Label {
        /// The label.
        label: String,
        /// Which of the calls with the label.
        nth: u64,
    },
    /// The `nth` call from now, counted from 1, of this operation.
    Operation {
        /// The operation.
        operation: Operation,
        /// Which of its calls.
        nth: u64,
    },
}

/// Whether later calls fail too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// That call alone.
    Once,
    /// That call and every later one that [`FailAt`] would count.
    ForEver,
}

/// A call that was made, whatever came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// Counted from 1.
    pub number: u64,
    /// What was asked.
    pub operation: Operation,
    /// The label of a sync; for other calls the name of the file (the old one of a rename), or nothing.
    pub label: String,
}

/// What a call is to do.
pub(super) enum Verdict {
    /// What it was asked for.
    Proceed,
    /// Half of the transfer, without an error.
    Half,
    /// Half of the transfer, then the error.
    HalfThenFail(io::Error),
    /// Nothing but fail.
    Fail(io::Error),
    /// The power goes at this very call: an append reaches the page cache, nothing else happens.
    PowerLost,
}

#[derive(Clone, Debug)]
struct Rule {
    at: FailAt,
    fault: Fault,
    repeat: Repeat,
    /// Calls so far that `at` counts.
    seen: u64,
}

impl Rule {
    fn applies(&mut self, call: &CallRecord) -> bool {
        let nth = match &self.at {
            FailAt::Call(number) => {
                self.seen = call.number;
                *number
            }
            FailAt::Label { label, nth } if *label == call.label => {
                self.seen += 1;
                *nth
            }
            FailAt::Operation { operation, nth } if *operation == call.operation => {
                self.seen += 1;
                *nth
            }
            _ => return false,
        };
        match self.repeat {
            Repeat::Once => self.seen == nth,
            Repeat::ForEver => self.seen >= nth,
        }
    }
}

/// Counts the calls and judges them.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate {
    calls: u64,
    log: Vec<CallRecord>,
    rules: Vec<Rule>,
    crash_from: Option<u64>,
    crashed: bool,
    omitted: BTreeSet<String>,
    read_only: bool,
}

impl Gate {
    pub(super) fn calls(&self) -> u64 {
        self.calls
    }

    pub(super) fn log(&self) -> &[CallRecord] {
        &self.log
    }

    pub(super) fn is_crashed(&self) -> bool {
        self.crashed
    }

    pub(super) fn add_rule(&mut self, at: FailAt, fault: Fault, repeat: Repeat) {
        self.rules.push(Rule { at, fault, repeat, seen: 0 });
    }

    pub(super) fn clear_rules(&mut self) {
        self.rules.clear();
    }

    pub(super) fn crash_from(&mut self, number: u64) {
        self.crash_from = Some(number);
    }

    pub(super) fn set_read_only(&mut self, read_only: bool) {
        self.read_only = read_only;
    }

    pub(super) fn omit(&mut self, label: &str) {
        self.omitted.insert(label.to_owned());
    }

    /// Whether a sync with this label is to do nothing.
    pub(super) fn omits(&self, label: &str) -> bool {
        self.omitted.contains(label)
    }

    /// Counts a call and says what it is to do.
    pub(super) fn admit(&mut self, operation: Operation, label: &str) -> Verdict {
        const EROFS: i32 = 30;
        self.calls += 1;
        if self.crashed {
            return Verdict::Fail(SimulatedCrash::error());
        }
        let call = CallRecord { number: self.calls, operation, label: label.to_owned() };
        // Every rule sees every call, so that counts do not depend on other rules.
        let faults = self.rules.iter_mut().filter_map(|rule| rule.applies(&call).then_some(rule.fault));
        let fault = faults.reduce(|first, _| first);
        self.log.push(call);
        if self.crash_from.is_some_and(|number| self.calls >= number) {
            self.crashed = true;
            return Verdict::PowerLost;
        }
        if self.read_only && operation.changes() {
            return Verdict::Fail(io::Error::from_raw_os_error(EROFS));
        }
        match fault {
            None => Verdict::Proceed,
            Some(Fault::ShortTransfer) => Verdict::Half,
            Some(fault @ Fault::ShortWrite) => Verdict::HalfThenFail(fault.error()),
            Some(fault) => Verdict::Fail(fault.error()),
        }
    }
}
