//! Dense integers that stand for interned names, and the arrival number.
//!
//! Ids are handed out from 0 without gaps, in order of first arrival, and never change or come back.

use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Declares a dense `u32` id with no arithmetic but the conversions to and from an index.
macro_rules! dense_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// The id with this number.
            #[inline]
            pub const fn new(raw: u32) -> Self {
                Self(raw)
            }

            /// The number, as written to disk.
            #[inline]
            pub const fn raw(self) -> u32 {
                self.0
            }

            /// The number, as a position in an array.
            #[inline]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

dense_id!(
    /// A `distinct_id` as it was sent, before aliases join it to another.
    UserId
);
dense_id!(
    /// An event name.
    EventId
);
dense_id!(
    /// A group type of the workspace, such as `company`.
    GroupTypeId
);
dense_id!(
    /// A key of one group type. Each type counts its keys from 0.
    GroupKeyId
);
dense_id!(
    /// The name of an event property (the top level of the properties object).
    PropertyId
);
dense_id!(
    /// What a report counts: a user under its shown id, or a key of the counted group type.
    UnitId
);

impl From<UserId> for UnitId {
    fn from(user: UserId) -> Self {
        Self::new(user.raw())
    }
}

impl From<GroupKeyId> for UnitId {
    fn from(key: GroupKeyId) -> Self {
        Self::new(key.raw())
    }
}

/// The place of an accepted thing in the order of acceptance, counted from 0 over the whole store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Arrival(u64);

impl Arrival {
    /// The arrival with this number.
    #[inline]
    pub const fn new(raw: u64) -> Self {
        Self(raw)
    }

    /// The number, as written to disk.
    #[inline]
    pub const fn raw(self) -> u64 {
        self.0
    }

    /// The arrival `count` places later.
    #[inline]
    pub const fn plus(self, count: u64) -> Self {
        Self(self.0 + count)
    }
}

/// Sets of ids, by the list that they are of.
pub type IdSets = BTreeMap<StoredName, RoaringBitmap>;

/// Which list of names a string is interned in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum StoredName {
    /// User ids.
    User,
    /// Event names.
    Event,
    /// Names of event properties.
    Property,
    /// Group types.
    GroupType,
    /// Keys of the group type with this id.
    GroupKey(u32),
}

impl StoredName {
    /// Whether names of the list can be erased. An erased name keeps its id, is empty and cannot be found.
    pub fn is_erasable(self) -> bool {
        self != Self::GroupType
    }

    /// Whether a name of the list may be empty without being erased.
    pub fn may_be_empty(self) -> bool {
        self == Self::Property
    }
}
