//! What stands in for what a document does not say of time.

use super::zone::Zone;
use crate::model::Timestamp;
use std::sync::LazyLock;

/// When, and in which workspace's time zone, a document is asked: what it takes for `now` and `timezone` where it has
/// none of its own.
#[derive(Clone, Copy, Debug)]
pub struct Clock<'a> {
    /// The instant of the call.
    pub now: Timestamp,
    /// Whose calendar a document without `timezone` follows.
    pub zone: &'a Zone,
}

impl Clock<'static> {
    /// This instant in a workspace on UTC's calendar.
    pub fn utc(now: Timestamp) -> Self {
        static UTC: LazyLock<Zone> = LazyLock::new(Zone::utc);
        Self { now, zone: &UTC }
    }
}
