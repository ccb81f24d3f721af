//! Users, or the keys of a group type, looked at all together: which there are, and which of them are wanted.

use super::error::{PageError, damaged, find_type};
use super::list::Row;
use super::seen::Seen;
use crate::codec::DecodeError;
use crate::language::{Condition, Membership, Test};
use crate::model::value::lookup_path;
use crate::model::{GroupKeyId, GroupTypeId, Properties, StoredName, TextList, UserId, Value};
use crate::store::Snapshot;
use roaring::RoaringBitmap;

/// Who has properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holders {
    /// Users under their shown ids.
    Users,
    /// The keys of a group type.
    Keys(GroupTypeId),
}

impl Holders {
    /// Where their names are.
    pub fn list(self) -> StoredName {
        match self {
            Self::Users => StoredName::User,
            Self::Keys(group_type) => StoredName::GroupKey(group_type.raw()),
        }
    }

    fn group_type(self) -> Option<GroupTypeId> {
        match self {
            Self::Users => None,
            Self::Keys(group_type) => Some(group_type),
        }
    }

    /// All there are.
    pub fn all(self, snapshot: &Snapshot) -> Result<RoaringBitmap, PageError> {
        match self {
            Self::Users => Ok(Seen::read(snapshot)?.users),
            Self::Keys(group_type) => snapshot.keys(group_type).map_err(damaged(snapshot)),
        }
    }

    /// Those of these names.
    pub fn named(self, snapshot: &Snapshot, names: &TextList) -> Result<RoaringBitmap, PageError> {
        let id = |name: &str| match self {
            Self::Users => snapshot.user(name).map(|user| user.map(UserId::raw)),
            Self::Keys(group_type) => snapshot.group_key(group_type, name).map(|key| key.map(GroupKeyId::raw)),
        };
        let ids = names.iter().map(id).collect::<Result<Vec<_>, _>>().map_err(damaged(snapshot))?;
        Ok(ids.into_iter().flatten().collect())
    }

    /// Calls `visit` with every holder of no id below `from` that has calls, and its properties now: those of these
    /// names, if some are given. Holders come in no order.
    pub fn visit(
        self,
        snapshot: &Snapshot,
        from: u32,
        names: Option<&[&str]>,
        visit: impl FnMut(u32, Properties) -> Result<(), DecodeError>,
    ) -> Result<(), PageError> {
        let walked = snapshot.profiles().visit_current(self.group_type(), snapshot.aliases(), from, names, visit);
        walked.map_err(damaged(snapshot))
    }
}

/// Which holders are wanted.
pub(super) struct Wanted<'q> {
    /// In lower case.
    search: Option<String>,
    filter: Option<Passing<'q>>,
}

/// A condition on a holder, with what it names resolved.
enum Passing<'q> {
    All(Vec<Passing<'q>>),
    Any(Vec<Passing<'q>>),
    Not(Box<Passing<'q>>),
    Property { path: &'q str, test: &'q Test },
    Members(RoaringBitmap),
}

impl<'q> Wanted<'q> {
    pub fn new(
        snapshot: &Snapshot,
        holders: Holders,
        search: Option<&str>,
        filter: Option<&'q Condition>,
    ) -> Result<Self, PageError> {
        let search = search.filter(|text| !text.is_empty()).map(str::to_lowercase);
        let filter = filter.map(|filter| Passing::new(snapshot, holders, filter)).transpose()?;
        Ok(Self { search, filter })
    }

    /// Those of `all` that are wanted, each with its value at `path`.
    pub fn select(
        &self,
        snapshot: &Snapshot,
        holders: Holders,
        all: &RoaringBitmap,
        path: Option<&str>,
    ) -> Result<Vec<Row<Value>>, PageError> {
        if self.search.is_none() && self.filter.is_none() && path.is_none() {
            return Ok(all.iter().map(|id| (None, id)).collect());
        }
        let names = snapshot.names().read();
        let names = names.list(holders.list());
        // A search looks at all properties.
        let mut needed: Vec<&str> = path.map(properties_of).into_iter().flatten().collect();
        self.filter.iter().for_each(|filter| filter.add_properties(&mut needed));
        let needed = self.search.is_none().then_some(&needed[..]);
        let mut rows = Vec::new();
        let mut silent = all.clone();
        holders.visit(snapshot, 0, needed, |id, properties| {
            if silent.remove(id) && self.wants(id, names.name(id)?, &properties) {
                rows.push((path.and_then(|path| lookup_path(&properties, path)).cloned(), id));
            }
            Ok(())
        })?;
        // Whoever has no calls has no properties.
        let nothing = Properties::new();
        for id in silent {
            if self.wants(id, names.name(id).map_err(damaged(snapshot))?, &nothing) {
                rows.push((None, id));
            }
        }
        Ok(rows)
    }

    fn wants(&self, id: u32, name: &str, properties: &Properties) -> bool {
        let is_found = |text: &String| {
            name.to_lowercase().contains(text) || properties.values().any(|value| contains(value, text))
        };
        self.filter.as_ref().is_none_or(|filter| filter.passes(id, properties))
            && self.search.as_ref().is_none_or(is_found)
    }
}

impl<'q> Passing<'q> {
    fn new(snapshot: &Snapshot, holders: Holders, condition: &'q Condition) -> Result<Self, PageError> {
        let each = |conditions: &'q [Condition]| {
            conditions.iter().map(|condition| Self::new(snapshot, holders, condition)).collect::<Result<Vec<_>, _>>()
        };
        let other = |condition| Err(PageError::Condition { condition });
        match condition {
            Condition::All(conditions) => each(conditions).map(Self::All),
            Condition::Any(conditions) => each(conditions).map(Self::Any),
            Condition::Not(inner) => Ok(Self::Not(Box::new(Self::new(snapshot, holders, inner)?))),
            Condition::Property { path, test } => Ok(Self::Property { path, test }),
            Condition::MemberOf(Membership::Keys { group, keys }) if holders == Holders::Users => {
                members(snapshot, group, keys).map(Self::Members)
            }
            Condition::MemberOf(_) => other("member_of"),
            Condition::Did { .. } => other("did"),
            Condition::FirstDid { .. } => other("first_did"),
            Condition::Cohort(_) => other("cohort"),
            Condition::HasMemberIn(_) => other("has_member_in"),
            Condition::Report(_) => other("report"),
        }
    }

    /// Adds the properties that it looks at.
    fn add_properties<'s>(&'s self, needed: &mut Vec<&'s str>) {
        match self {
            Self::All(inner) | Self::Any(inner) => inner.iter().for_each(|inner| inner.add_properties(needed)),
            Self::Not(inner) => inner.add_properties(needed),
            Self::Property { path, .. } => needed.extend(properties_of(path)),
            Self::Members(_) => {}
        }
    }

    fn passes(&self, id: u32, properties: &Properties) -> bool {
        match self {
            Self::All(all) => all.iter().all(|condition| condition.passes(id, properties)),
            Self::Any(any) => any.iter().any(|condition| condition.passes(id, properties)),
            Self::Not(inner) => !inner.passes(id, properties),
            Self::Property { path, test } => test.passes(lookup_path(properties, path)),
            Self::Members(members) => members.contains(id),
        }
    }
}

/// The properties in which the value of a path may be: that of its whole name, and that of its first part.
pub(super) fn properties_of(path: &str) -> impl Iterator<Item = &str> {
    [Some(path), path.split_once('.').map(|(head, _)| head)].into_iter().flatten()
}

/// The users who currently belong to one of these keys; names that no key has are passed over.
fn members(snapshot: &Snapshot, group: &str, keys: &[String]) -> Result<RoaringBitmap, PageError> {
    let group_type = find_type(snapshot, group)?;
    let mut members = RoaringBitmap::new();
    for key in keys {
        if let Some(key) = snapshot.group_key(group_type, key).map_err(damaged(snapshot))? {
            let of_key = snapshot.profiles().members_of(group_type, key, snapshot.aliases());
            members |= of_key.map_err(damaged(snapshot))?;
        }
    }
    Ok(members)
}

/// Whether a value, or a part of it, contains a text that is in lower case.
pub(super) fn contains(value: &Value, text: &str) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => value.to_json().contains(text),
        Value::String(own) => own.to_lowercase().contains(text),
        Value::List(items) => items.iter().any(|item| contains(item, text)),
        Value::Object(fields) => fields.values().any(|field| contains(field, text)),
    }
}
