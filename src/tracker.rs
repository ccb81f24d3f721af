//! A handle that keeps who acts and for which groups, the way a client library of an application does.
//!
//! It knows no store and no server: lines go to a [`Destination`], which is a [`Store`] or, with the feature `client`,
//! a `Client` of a server. Both take the same calls, with the meaning that they have in `tracker.js`.

use crate::model::{
    AliasCall, Event, GroupCall, GroupKey, GroupType, IdentifyCall, Line, NameError, Properties, UserName, Value,
};
use crate::store::{LineRefusal, RandomError, Store, StoreError, random_hex};
use std::collections::BTreeMap;
use thiserror::Error;

/// Random bytes of an anonymous id.
const ANONYMOUS_BYTES: usize = 16;

/// The event of [`Tracker::page`].
const PAGE_VIEWED: &str = "page_viewed";

/// Why a call was not taken.
#[derive(Debug, Error)]
pub enum TrackerError<E> {
    /// A name is blank or too long, or an id that many people share.
    #[error(transparent)]
    Name(#[from] NameError),
    /// It is refused for what it says.
    #[error(transparent)]
    Refused(LineRefusal),
    /// There is no anonymous id to be had.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The destination cannot take it.
    #[error("{0}")]
    Failed(#[source] E),
}

/// Where calls go.
pub trait Destination {
    /// Why it may fail.
    type Error;

    /// Takes the lines of one call, all or none.
    ///
    /// # Errors
    /// When it refuses a line, or fails. Then it took none.
    fn take(&self, lines: Vec<Line>) -> Result<(), TrackerError<Self::Error>>;
}

/// What it takes is durable.
impl Destination for Store {
    type Error = StoreError;

    fn take(&self, lines: Vec<Line>) -> Result<(), TrackerError<StoreError>> {
        match self.write_strict(lines) {
            Ok(_) => Ok(()),
            Err(StoreError::Refused { refusal, .. }) => Err(TrackerError::Refused(refusal)),
            Err(error) => Err(TrackerError::Failed(error)),
        }
    }
}

/// One user's calls. The group context is attached to every later [`track`](Self::track), one key per type. A call
/// that fails changes nothing.
///
/// ```
/// use trackcrumb::{Store, Tracker};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let directory = tempfile::tempdir()?;
/// let mut tracker = Tracker::new(Store::open(directory.path())?, "user_42")?;
/// tracker.group("company", "acme-corp", [("plan", "enterprise")])?;
/// tracker.track("feature_used", [("feature", "ai_chart")])?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Tracker<D = Store> {
    to: D,
    user: UserName,
    /// Nobody has said who this is.
    anonymous: bool,
    groups: BTreeMap<GroupType, GroupKey>,
}

/// Properties from pairs of names and values.
fn properties<N: Into<String>, V: Into<Value>>(pairs: impl IntoIterator<Item = (N, V)>) -> Properties {
    pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// No properties, for calls that carry none.
pub const NO_PROPERTIES: [(&str, Value); 0] = [];

fn anonymous_id() -> Result<String, RandomError> {
    Ok(format!("anon_{}", random_hex::<ANONYMOUS_BYTES>()?))
}

impl<D: Destination> Tracker<D> {
    /// Calls of this user, without groups.
    ///
    /// # Errors
    /// When the id is blank or too long.
    pub fn new(to: D, user: impl Into<String>) -> Result<Self, TrackerError<D::Error>> {
        Ok(Self { to, user: UserName::new(user)?, anonymous: false, groups: BTreeMap::new() })
    }

    /// Calls of somebody unknown, under a random id, until [`identify`](Self::identify) says who it is.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn anonymous(to: D) -> Result<Self, TrackerError<D::Error>> {
        Ok(Self { anonymous: true, ..Self::new(to, anonymous_id()?)? })
    }

    /// The user's id.
    pub fn user(&self) -> &str {
        self.user.as_str()
    }

    /// The group context.
    pub fn groups(&self) -> &BTreeMap<GroupType, GroupKey> {
        &self.groups
    }

    /// Where the calls go.
    pub fn destination(&self) -> &D {
        &self.to
    }

    /// Says who acts from now on, and sets properties of that user. The first id after [`anonymous`](Self::anonymous)
    /// or [`reset`](Self::reset) is joined with the anonymous one, so that what was done before belongs to this user
    /// too. Another id later is another person: nothing is joined, and the groups are dropped.
    ///
    /// # Errors
    /// When the call is refused, as all calls, or cannot be taken; and for ids that many people share by accident.
    pub fn identify<N: Into<String>, V: Into<Value>>(
        &mut self,
        user: impl Into<String>,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<(), TrackerError<D::Error>> {
        let user = UserName::new(user)?;
        let (is_other, given) = (user != self.user, properties(pairs));
        let mut lines = Vec::new();
        if is_other {
            user.check_joinable()?;
        }
        if is_other && self.anonymous {
            lines.push(AliasCall::new(user.as_str(), self.user.as_str())?.into());
        }
        if is_other || self.anonymous || !given.is_empty() {
            lines.push(IdentifyCall::new(user.as_str(), given)?.into());
        }
        if !lines.is_empty() {
            self.to.take(lines)?;
        }
        if is_other && !self.anonymous {
            self.groups.clear();
        }
        self.user = user;
        self.anonymous = false;
        Ok(())
    }

    /// The user belongs to this key from now on, and later events carry it; sets properties of the key.
    ///
    /// # Errors
    /// As [`identify`](Self::identify).
    pub fn group<N: Into<String>, V: Into<Value>>(
        &mut self,
        group_type: impl Into<String>,
        key: impl Into<String>,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<(), TrackerError<D::Error>> {
        let call = GroupCall::new(group_type, key, properties(pairs))?.member(self.user.as_str())?;
        let (group_type, key) = (call.group_type.clone(), call.key.clone());
        self.to.take(vec![call.into()])?;
        self.groups.insert(group_type, key);
        Ok(())
    }

    /// Later events carry no key of this type. Sends nothing.
    pub fn leave(&mut self, group_type: &str) {
        self.groups.retain(|other, _| other.as_str() != group_type);
    }

    /// An event of the user, with the groups of the context.
    ///
    /// # Errors
    /// As [`identify`](Self::identify).
    pub fn track<N: Into<String>, V: Into<Value>>(
        &self,
        event: impl Into<String>,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<(), TrackerError<D::Error>> {
        let mut event = Event::new(self.user.as_str(), event)?;
        event.groups = self.groups.clone();
        event.properties = properties(pairs);
        self.to.take(vec![event.into()])
    }

    /// The event `page_viewed`, with the page's name as the property `name`, if it has one.
    ///
    /// # Errors
    /// As [`identify`](Self::identify).
    pub fn page<'a, N: Into<String>, V: Into<Value>>(
        &self,
        name: impl Into<Option<&'a str>>,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<(), TrackerError<D::Error>> {
        let mut given = properties(pairs);
        if let Some(name) = name.into() {
            given.entry("name".to_owned()).or_insert_with(|| name.into());
        }
        self.track(PAGE_VIEWED, given)
    }

    /// Another id, such as the one the person had before signing in, is this user too, past events included.
    ///
    /// # Errors
    /// As [`identify`](Self::identify).
    pub fn alias(&self, other: impl Into<String>) -> Result<(), TrackerError<D::Error>> {
        self.to.take(vec![AliasCall::new(self.user.as_str(), other)?.into()])
    }

    /// After signing out: somebody unknown under a new random id, without groups.
    ///
    /// # Errors
    /// When the system has no random numbers; then nothing changes.
    pub fn reset(&mut self) -> Result<(), TrackerError<D::Error>> {
        self.user = UserName::new(anonymous_id()?)?;
        self.anonymous = true;
        self.groups.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::sim::SimDisk;
    use crate::input::write_line;
    use crate::model::{GroupTypeId, StoredName, Timestamp};
    use crate::store::{FixedEnvironment, Options};
    use std::cell::RefCell;
    use std::convert::Infallible;
    use std::sync::Arc;

    fn store() -> Store {
        let environment = FixedEnvironment::new(Timestamp::from_millis(0).unwrap());
        Store::open_storage(Arc::new(SimDisk::new()), Arc::new(environment), Options::default()).unwrap()
    }

    #[test]
    fn later_events_carry_the_groups_until_somebody_else_acts() {
        let store = store();
        let mut tracker = Tracker::new(store.clone(), "ann").unwrap();
        tracker.track("before", NO_PROPERTIES).unwrap();
        tracker.group("company", "acme", [("seats", 3_i64)]).unwrap();
        tracker.track("inside", [("n", 1_i64)]).unwrap();
        tracker.group("company", "globex", NO_PROPERTIES).unwrap();
        tracker.track("moved", NO_PROPERTIES).unwrap();
        tracker.identify("bob", NO_PROPERTIES).unwrap();
        tracker.track("after", NO_PROPERTIES).unwrap();
        tracker.group("company", "initech", NO_PROPERTIES).unwrap();
        tracker.leave("company");
        tracker.track("left", NO_PROPERTIES).unwrap();
        let snapshot = store.snapshot().unwrap();
        let company = GroupTypeId::new(0);
        let mut carried = Vec::new();
        for table in snapshot.segments().iter().flat_map(|segment| segment.tables()) {
            let key = table.group(company).unwrap().map_or(0, |keys| keys.get(0));
            let name = (key > 0).then(|| snapshot.name(StoredName::GroupKey(0), key - 1).unwrap());
            carried.push((snapshot.name(StoredName::Event, table.event().raw()).unwrap(), name));
        }
        carried.sort();
        let expected =
            [("after", None), ("before", None), ("inside", Some("acme")), ("left", None), ("moved", Some("globex"))];
        assert_eq!(carried, expected.map(|(event, key)| (event.to_owned(), key.map(str::to_owned))));
    }

    /// A destination that keeps what it takes, as lines.
    #[derive(Debug, Default)]
    struct Lines(RefCell<Vec<String>>);

    impl Destination for &Lines {
        type Error = Infallible;

        fn take(&self, lines: Vec<Line>) -> Result<(), TrackerError<Infallible>> {
            self.0.borrow_mut().extend(lines.iter().map(|line| {
                let mut text = String::new();
                write_line(line, &mut text);
                text
            }));
            Ok(())
        }
    }

    #[test]
    fn the_first_person_since_reset_is_joined_with_the_anonymous_id_and_no_other() {
        let lines = Lines::default();
        let mut tracker = Tracker::anonymous(&lines).unwrap();
        let first = tracker.user().to_owned();
        tracker.group("company", "acme", NO_PROPERTIES).unwrap();
        assert!(matches!(tracker.identify("null", NO_PROPERTIES), Err(TrackerError::Name(NameError::Shared { .. }))));
        tracker.identify("ann", NO_PROPERTIES).unwrap();
        tracker.page("Home", [("url", "/")]).unwrap();
        tracker.identify("ann", NO_PROPERTIES).unwrap();
        tracker.identify("ann", [("role", "admin")]).unwrap();
        tracker.identify("bob", NO_PROPERTIES).unwrap();
        tracker.page(None, NO_PROPERTIES).unwrap();
        tracker.reset().unwrap();
        let second = tracker.user().to_owned();
        tracker.track("signed_out", NO_PROPERTIES).unwrap();
        tracker.identify("bob", NO_PROPERTIES).unwrap();
        assert!(first.starts_with("anon_") && first.len() == 37 && first != second, "{first} {second}");
        let expected = [
            &format!(r#"{{"type":"group","distinct_id":"{first}","group_type":"company","group_key":"acme"}}"#),
            &format!(r#"{{"type":"alias","distinct_id":"ann","alias":"{first}"}}"#),
            r#"{"type":"identify","distinct_id":"ann"}"#,
            r#"{"type":"track","distinct_id":"ann","event":"page_viewed","groups":{"company":"acme"},"properties":{"name":"Home","url":"/"}}"#,
            r#"{"type":"identify","distinct_id":"ann","properties":{"role":"admin"}}"#,
            r#"{"type":"identify","distinct_id":"bob"}"#,
            r#"{"type":"track","distinct_id":"bob","event":"page_viewed"}"#,
            &format!(r#"{{"type":"track","distinct_id":"{second}","event":"signed_out"}}"#),
            &format!(r#"{{"type":"alias","distinct_id":"bob","alias":"{second}"}}"#),
            r#"{"type":"identify","distinct_id":"bob"}"#,
        ];
        assert_eq!(*lines.0.borrow(), expected);
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
