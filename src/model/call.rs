//! What a sender may say: the five kinds of input line, already checked.

use super::{EventName, GroupKey, GroupType, InsertId, Properties, PropertyOps, Timestamp, UserName};
use std::collections::BTreeMap;

/// One accepted thing to be: what a line of input, or a call of the library, says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// track(): an event.
    Track(Event),
    /// identify(): properties of a user.
    Identify(IdentifyCall),
    /// group(): properties of a group key, and who belongs to it.
    Group(GroupCall),
    /// alias(): two ids are one user.
    Alias(AliasCall),
    /// A saved cohort.
    Cohort(CohortCall),
}

/// An event. Groups are attached when it is sent and never change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Who did it.
    pub user: UserName,
    /// What was done.
    pub name: EventName,
    /// When; `None` is the time of arrival.
    pub time: Option<Timestamp>,
    /// Everything else about it; at most 32 KiB as compact JSON.
    pub properties: Properties,
    /// At most one key per group type.
    pub groups: BTreeMap<GroupType, GroupKey>,
    /// By which a repeated event is recognised.
    pub insert_id: Option<InsertId>,
}

/// An identify() call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentifyCall {
    /// Whose properties.
    pub user: UserName,
    /// When; `None` is the time of arrival.
    pub time: Option<Timestamp>,
    /// What changes.
    pub ops: PropertyOps,
}

/// A group() call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupCall {
    /// The user who belongs to the key from now on; `None` changes properties only.
    pub user: Option<UserName>,
    /// The type.
    pub group_type: GroupType,
    /// The key.
    pub key: GroupKey,
    /// When; `None` is the time of arrival.
    pub time: Option<Timestamp>,
    /// What changes.
    pub ops: PropertyOps,
}

/// An alias() call: everything that is `alias`'s user joins `user`'s user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasCall {
    /// The id that stays.
    pub user: UserName,
    /// The id that joins it.
    pub alias: UserName,
    /// Kept for the export; the order of aliases is arrival alone.
    pub time: Option<Timestamp>,
}

/// A saved cohort: its name and its document, kept whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CohortCall {
    /// The name.
    pub name: String,
    /// The report document as compact JSON with sorted keys, without `save_as`, `limit` and `cursor`.
    pub report: String,
}
