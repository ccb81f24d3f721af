//! A handle that keeps who acts and for which groups, the way a client library of an application does.

use crate::model::{
    AliasCall, Event, GroupCall, GroupKey, GroupType, IdentifyCall, Line, NameError, Properties, UserName, Value,
};
use crate::store::{LineRefusal, Outcome, Store, StoreError};
use std::collections::BTreeMap;
use thiserror::Error;

/// Why a call was not stored.
#[derive(Debug, Error)]
pub enum TrackerError {
    /// A name is blank or too long.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The store refused it.
    #[error(transparent)]
    Refused(LineRefusal),
    /// It could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One user's calls. The group context is attached to every later [`track`](Self::track), one key per type; each call
/// is durable when it returns.
///
/// ```
/// use trackcrumb::{Store, Tracker};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let directory = tempfile::tempdir()?;
/// let mut tracker = Tracker::new(Store::open(directory.path())?, "user_42")?;
/// tracker.identify([("role", "admin")])?;
/// tracker.group("company", "acme-corp", [("plan", "enterprise")])?;
/// tracker.track("feature_used", [("feature", "ai_chart")])?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Tracker {
    store: Store,
    user: UserName,
    groups: BTreeMap<GroupType, GroupKey>,
}

/// Properties from pairs of names and values.
fn properties<N: Into<String>, V: Into<Value>>(pairs: impl IntoIterator<Item = (N, V)>) -> Properties {
    pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// No properties, for calls that carry none.
pub const NO_PROPERTIES: [(&str, Value); 0] = [];

impl Tracker {
    /// Calls of this user, without groups.
    ///
    /// # Errors
    /// When the id is blank or too long.
    pub fn new(store: Store, user: impl Into<String>) -> Result<Self, TrackerError> {
        Ok(Self { store, user: UserName::new(user)?, groups: BTreeMap::new() })
    }

    /// The user's id.
    pub fn user(&self) -> &str {
        self.user.as_str()
    }

    /// The group context.
    pub fn groups(&self) -> &BTreeMap<GroupType, GroupKey> {
        &self.groups
    }

    fn write(&self, line: impl Into<Line>) -> Result<Outcome, TrackerError> {
        let outcome = self.store.write([line.into()])?.outcomes.pop();
        match outcome {
            Some(Outcome::Refused(refusal)) => Err(TrackerError::Refused(refusal)),
            Some(outcome) => Ok(outcome),
            None => Ok(Outcome::Accepted),
        }
    }

    /// Sets properties of the user.
    ///
    /// # Errors
    /// When the call is refused or cannot be written, as for all calls.
    pub fn identify<N: Into<String>, V: Into<Value>>(
        &mut self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<(), TrackerError> {
        self.write(IdentifyCall::new(self.user.as_str(), properties(pairs))?).map(drop)
    }

    /// The user belongs to this key from now on, and later events carry it; sets properties of the key.
    ///
    /// # Errors
    /// As [`identify`](Self::identify); the context stays as it was.
    pub fn group<N: Into<String>, V: Into<Value>>(
        &mut self,
        group_type: impl Into<String>,
        key: impl Into<String>,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<(), TrackerError> {
        let call = GroupCall::new(group_type, key, properties(pairs))?.member(self.user.as_str())?;
        let (group_type, key) = (call.group_type.clone(), call.key.clone());
        self.write(call)?;
        self.groups.insert(group_type, key);
        Ok(())
    }

    /// An event of the user, with the groups of the context.
    ///
    /// # Errors
    /// As [`identify`](Self::identify).
    pub fn track<N: Into<String>, V: Into<Value>>(
        &self,
        event: impl Into<String>,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<(), TrackerError> {
        let mut event = Event::new(self.user.as_str(), event)?;
        event.groups = self.groups.clone();
        event.properties = properties(pairs);
        self.write(event).map(drop)
    }

    /// Another id, such as the one the person had before signing in, is this user too, past events included.
    ///
    /// # Errors
    /// As [`identify`](Self::identify), and for ids that many people share by accident.
    pub fn alias(&self, other: impl Into<String>) -> Result<(), TrackerError> {
        self.write(AliasCall::new(self.user.as_str(), other)?).map(drop)
    }

    /// Forgets the group context and goes on with another user, such as after signing out.
    ///
    /// # Errors
    /// When the id is blank or too long; then nothing changes.
    pub fn reset(&mut self, user: impl Into<String>) -> Result<(), TrackerError> {
        self.user = UserName::new(user)?;
        self.groups.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::sim::SimDisk;
    use crate::model::{GroupTypeId, StoredName, Timestamp};
    use crate::store::{FixedEnvironment, Options};
    use std::sync::Arc;

    fn store() -> Store {
        let environment = FixedEnvironment::new(Timestamp::from_millis(0).unwrap());
        Store::open_storage(Arc::new(SimDisk::new()), Arc::new(environment), Options::default()).unwrap()
    }

    #[test]
    fn later_events_carry_the_groups_until_reset() {
        let store = store();
        let mut tracker = Tracker::new(store.clone(), "ann").unwrap();
        tracker.track("before", NO_PROPERTIES).unwrap();
        tracker.group("company", "acme", [("seats", 3_i64)]).unwrap();
        tracker.track("inside", [("n", 1_i64)]).unwrap();
        tracker.group("company", "globex", NO_PROPERTIES).unwrap();
        tracker.track("moved", NO_PROPERTIES).unwrap();
        tracker.reset("bob").unwrap();
        tracker.track("after", NO_PROPERTIES).unwrap();
        let snapshot = store.snapshot().unwrap();
        let company = GroupTypeId::new(0);
        let mut carried = Vec::new();
        for table in snapshot.segments().iter().flat_map(|segment| segment.tables()) {
            let key = table.group(company).unwrap().map_or(0, |keys| keys.get(0));
            let name = (key > 0).then(|| snapshot.name(StoredName::GroupKey(0), key - 1).unwrap());
            carried.push((snapshot.name(StoredName::Event, table.event().raw()).unwrap(), name));
        }
        carried.sort();
        let expected = [("after", None), ("before", None), ("inside", Some("acme")), ("moved", Some("globex"))];
        assert_eq!(carried, expected.map(|(event, key)| (event.to_owned(), key.map(str::to_owned))));
    }

    #[test]
    fn what_is_too_large_is_refused_through_the_library_too() {
        let tracker = Tracker::new(store(), "ann").unwrap();
        let error = tracker.track("e", [("text", "x".repeat(32_768 - 10))]).unwrap_err();
        assert!(error.to_string().starts_with("`properties` takes more than 32768 bytes"), "{error}");
        tracker.track("e", [("text", "x".repeat(32_768 - 11))]).unwrap();
        assert!(matches!(tracker.alias("null"), Err(TrackerError::Name(_))));
    }
}
