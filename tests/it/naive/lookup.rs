//! What a report can look up: rows with their users, associations, the universe, saved cohorts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::cohort::{self, Cohort};
use super::document::{object, only, text};
use super::{Event, Naive, Order};

/// Whom a report counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CountBy {
    Users,
    Keys(String),
}

/// The store as one report sees it.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) store: &'a Naive,
    pub(super) now: i64,
}

/// An event and its user's shown id.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) event: &'a Event,
    pub(super) user: &'a str,
}

impl<'a> Row<'a> {
    pub(super) fn order(&self) -> Order {
        self.event.order
    }

    pub(super) fn time(&self) -> i64 {
        self.event.order.0
    }

    pub(super) fn key(&self, group_type: &str) -> Option<&'a str> {
        self.event.groups.get(group_type).map(String::as_str)
    }

    pub(super) fn unit(&self, count_by: &CountBy) -> Option<&'a str> {
        match count_by {
            CountBy::Users => Some(self.user),
            CountBy::Keys(group_type) => self.key(group_type),
        }
    }
}

impl<'a> Look<'a> {
    /// All events in (timestamp, arrival) order.
    pub(super) fn rows(&self) -> Vec<Row<'a>> {
        let store = self.store;
        let row = |event: &'a Event| Row { event, user: store.shown_id(&event.distinct_id) };
        let mut rows: Vec<Row<'a>> = store.events.iter().map(row).collect();
        rows.sort_by_key(Row::order);
        rows
    }

    pub(super) fn count_by(&self, json: Option<&Value>) -> Result<CountBy, String> {
        match json {
            None => Ok(CountBy::Users),
            Some(Value::String(word)) if word == "users" => Ok(CountBy::Users),
            Some(other) => {
                let map = object(other, "count_by other than \"users\"")?;
                only(map, &["group"], "count_by")?;
                Ok(CountBy::Keys(self.group_type(map.get("group"))?))
            }
        }
    }

    /// A group type must be used or declared.
    pub(super) fn group_type(&self, json: Option<&Value>) -> Result<String, String> {
        let name = text(json.unwrap_or(&Value::Null), "group")?;
        if self.store.group_types().contains(name) {
            return Ok(name.to_owned());
        }
        Err(format!("there is no group type {name:?}; known are {:?}", self.store.group_types()))
    }

    /// A saved cohort, evaluated anew.
    pub(super) fn cohort(&self, json: &Value) -> Result<Cohort, String> {
        let name = text(json, "cohort")?;
        let names: Vec<&String> = self.store.cohorts.keys().collect();
        let document = self.store.cohorts.get(name);
        let document = document.ok_or_else(|| format!("there is no cohort {name:?}; known are {names:?}"))?;
        cohort::evaluate(*self, document)
    }
}

impl Naive {
    pub(super) fn group_types(&self) -> BTreeSet<&str> {
        let on_events = self.events.iter().flat_map(|event| event.groups.keys());
        let in_calls = self.group_calls.iter().map(|call| &call.group_type);
        let declared = self.declared.keys().chain(&self.known_types);
        on_events.chain(in_calls).chain(declared).map(String::as_str).collect()
    }

    /// Any key with an event or a group() call.
    pub(super) fn keys(&self, group_type: &str) -> BTreeSet<&str> {
        let on_events = self.events.iter().filter_map(|event| event.groups.get(group_type));
        let of_type = self.group_calls.iter().filter(|call| call.group_type == group_type);
        on_events.chain(of_type.map(|call| &call.group_key)).map(String::as_str).collect()
    }

    /// Anyone with an event, an identify() or a group() call; an alias alone makes no user.
    pub(super) fn users(&self) -> BTreeSet<&str> {
        let tracked = self.events.iter().map(|event| &event.distinct_id);
        let identified = self.identifies.iter().map(|call| &call.distinct_id);
        let grouped = self.group_calls.iter().filter_map(|call| call.distinct_id.as_ref());
        tracked.chain(identified).chain(grouped).map(|id| self.shown_id(id)).collect()
    }

    /// The user's current key of each type: the latest group() call or event that names one.
    pub(super) fn associations(&self, user: &str) -> BTreeMap<String, String> {
        let mut latest: BTreeMap<&str, (Order, &str)> = BTreeMap::new();
        for event in self.events.iter().filter(|event| self.shown_id(&event.distinct_id) == user) {
            for (group_type, key) in &event.groups {
                keep_latest(&mut latest, event.order, group_type, key);
            }
        }
        for call in &self.group_calls {
            if call.distinct_id.as_deref().map(|id| self.shown_id(id)) == Some(user) {
                keep_latest(&mut latest, call.order, &call.group_type, &call.group_key);
            }
        }
        latest.into_iter().map(|(group_type, (_, key))| (group_type.to_owned(), key.to_owned())).collect()
    }

    /// The users currently associated with a key.
    pub(super) fn members(&self, group_type: &str, key: &str) -> BTreeSet<&str> {
        let current = |user: &&str| self.associations(user).get(group_type).is_some_and(|now| now == key);
        self.users().into_iter().filter(current).collect()
    }
}

fn keep_latest<'a>(latest: &mut BTreeMap<&'a str, (Order, &'a str)>, order: Order, group_type: &'a str, key: &'a str) {
    let entry = latest.entry(group_type).or_insert((order, key));
    if entry.0 <= order {
        *entry = (order, key);
    }
}
