//! What every stage of one report shares.

use super::guard::Guard;
use super::trace::Trace;
use crate::language::ResolvedRange;
use crate::model::{GroupTypeId, UserId};
use crate::store::Snapshot;
use roaring::RoaringBitmap;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Units {
    /// Users under their shown ids.
    Users,
    /// Keys of a group type.
    Keys(GroupTypeId),
}

/// A snapshot, and what is counted in it.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// What is read.
    pub snapshot: &'a Snapshot,
    /// What is counted.
    pub units: Units,
    /// What keeps account of what is read.
    pub trace: &'a Trace,
    /// What watches over its limits.
    pub guard: &'a Guard,
}

/// Stands for "no unit" among the units of a block.
pub(super) const NO_UNIT: u32 = u32::MAX;

impl Query<'_> {
    /// The same with something else counted.
    #[must_use]
    pub fn counting(self, units: Units) -> Self {
        Self { units, ..self }
    }

    /// The group type that is counted, if one is.
    pub fn group_type(&self) -> Option<GroupTypeId> {
        match self.units {
            Units::Users => None,
            Units::Keys(group_type) => Some(group_type),
        }
    }

    /// How many unit numbers there are; all are below.
    pub fn unit_count(&self) -> u32 {
        match self.units {
            Units::Users => self.snapshot.user_count(),
            Units::Keys(group_type) => self.snapshot.key_count(group_type),
        }
    }

    /// Units as stored become units as counted: joined ids move to the shown one.
    pub(super) fn shown(&self, stored: RoaringBitmap) -> RoaringBitmap {
        if self.units != Units::Users || self.snapshot.aliases().is_empty() {
            return stored;
        }
        let joined = &stored & self.snapshot.joined_ids();
        if joined.is_empty() {
            return stored;
        }
        let shown: RoaringBitmap = joined.iter().map(|id| self.shown_user(id)).collect();
        (stored - joined) | shown
    }

    /// The unit of a user as stored.
    #[inline]
    pub(super) fn shown_user(&self, user: u32) -> u32 {
        self.snapshot.aliases().shown(UserId::new(user)).raw()
    }
}

/// Whether the whole of `inner` lies in the range; both ends of `inner` included.
pub(super) fn covers(range: ResolvedRange, inner: (i64, i64)) -> bool {
    range.contains(inner.0) && range.contains(inner.1)
}

/// Whether none of `inner` lies in the range; both ends of `inner` included.
pub(super) fn misses(range: ResolvedRange, inner: (i64, i64)) -> bool {
    inner.1 < range.from_micros || range.to_micros <= inner.0
}
