//! What is to be taken out of a store for good.

use super::{GroupKeyId, GroupTypeId, Timestamp, UserId};
use std::collections::BTreeSet;

/// See the module. Everything else of the store stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erasure {
    /// Everything of these ids of users, as sent: their events, identify() calls, associations and aliases. group()
    /// calls of theirs stay, without a user.
    Users(BTreeSet<UserId>),
    /// Keys of one group type: their group() calls and associations. Events stay, without the key.
    Keys(GroupTypeId, BTreeSet<GroupKeyId>),
    /// Events with an earlier timestamp than this, and associations that only they made.
    EventsBefore(Timestamp),
}

impl Erasure {
    /// Whether an event goes.
    #[inline]
    pub fn takes_event(&self, user: UserId, time: Timestamp) -> bool {
        match self {
            Self::Users(users) => users.contains(&user),
            Self::Keys(..) => false,
            Self::EventsBefore(end) => time < *end,
        }
    }

    /// Whether a key goes, and is taken off events.
    #[inline]
    pub fn takes_key(&self, group_type: GroupTypeId, key: GroupKeyId) -> bool {
        matches!(self, Self::Keys(of, keys) if *of == group_type && keys.contains(&key))
    }

    /// Whether a user goes.
    pub fn takes_user(&self, user: UserId) -> bool {
        matches!(self, Self::Users(users) if users.contains(&user))
    }
}
