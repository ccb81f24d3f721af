//! What a sender may say: the five kinds of input line, already checked.

use super::{EventName, GroupKey, GroupType, InsertId, NameError, Properties, PropertyOps, Timestamp, UserName, Value};
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

impl Line {
    /// When it was, as its sender says; `None` where that is its arrival.
    pub fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Track(Event { time, .. })
            | Self::Identify(IdentifyCall { time, .. })
            | Self::Group(GroupCall { time, .. })
            | Self::Alias(AliasCall { time, .. }) => *time,
            Self::Cohort(_) => None,
        }
    }
}

impl Event {
    /// An event of a user, without groups and properties, at the time of its arrival.
    ///
    /// # Errors
    /// When a name is blank or too long.
    pub fn new(user: impl Into<String>, name: impl Into<String>) -> Result<Self, NameError> {
        Ok(Self {
            user: UserName::new(user)?,
            name: EventName::new(name)?,
            time: None,
            properties: Properties::new(),
            groups: BTreeMap::new(),
            insert_id: None,
        })
    }

    /// The same event at this time.
    #[must_use]
    pub fn at(mut self, time: Timestamp) -> Self {
        self.time = Some(time);
        self
    }

    /// The same event with a key of a group type; a key given before for the type is replaced.
    ///
    /// # Errors
    /// When a name is blank or too long.
    pub fn group(mut self, group_type: impl Into<String>, key: impl Into<String>) -> Result<Self, NameError> {
        self.groups.insert(GroupType::new(group_type)?, GroupKey::new(key)?);
        Ok(self)
    }

    /// The same event with a property.
    #[must_use]
    pub fn property(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.properties.insert(name.into(), value.into());
        self
    }

    /// The same event with an id by which a repetition is recognised.
    ///
    /// # Errors
    /// When the id is empty or too long.
    pub fn insert_id(mut self, id: impl Into<String>) -> Result<Self, NameError> {
        self.insert_id = Some(InsertId::new(id)?);
        Ok(self)
    }
}

impl IdentifyCall {
    /// Sets properties of a user, at the time of arrival.
    ///
    /// # Errors
    /// When the id is blank or too long.
    pub fn new(user: impl Into<String>, properties: Properties) -> Result<Self, NameError> {
        Ok(Self { user: UserName::new(user)?, time: None, ops: PropertyOps::set(properties) })
    }
}

impl GroupCall {
    /// Sets properties of a group key, at the time of arrival.
    ///
    /// # Errors
    /// When a name is blank or too long.
    pub fn new(
        group_type: impl Into<String>,
        key: impl Into<String>,
        properties: Properties,
    ) -> Result<Self, NameError> {
        let (group_type, key) = (GroupType::new(group_type)?, GroupKey::new(key)?);
        Ok(Self { user: None, group_type, key, time: None, ops: PropertyOps::set(properties) })
    }

    /// The same call, by which a user belongs to the key from then on.
    ///
    /// # Errors
    /// When the id is blank or too long.
    pub fn member(mut self, user: impl Into<String>) -> Result<Self, NameError> {
        self.user = Some(UserName::new(user)?);
        Ok(self)
    }
}

impl AliasCall {
    /// Joins `alias` to `user`.
    ///
    /// # Errors
    /// When an id is blank, too long, or one that many people share by accident.
    pub fn new(user: impl Into<String>, alias: impl Into<String>) -> Result<Self, NameError> {
        let (user, alias) = (UserName::new(user)?, UserName::new(alias)?);
        user.check_joinable()?;
        alias.check_joinable()?;
        Ok(Self { user, alias, time: None })
    }
}

/// Every kind of call is a line.
macro_rules! line_from {
    ($($call:ident => $kind:ident)*) => {$(
        impl From<$call> for Line {
            fn from(call: $call) -> Self {
                Self::$kind(call)
            }
        }
    )*};
}

line_from!(Event => Track IdentifyCall => Identify GroupCall => Group AliasCall => Alias CohortCall => Cohort);
