//! The one order of everything: time, then arrival.

use super::{Arrival, Timestamp};

/// A place in the order that serves every report: (timestamp, arrival).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// When it happened.
    pub time: Timestamp,
    /// When it was accepted; breaks ties.
    pub arrival: Arrival,
}
