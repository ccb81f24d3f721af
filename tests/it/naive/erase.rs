//! Deletion of users and keys, and expiry of events.

use std::collections::{BTreeMap, BTreeSet};

use super::{Naive, Order};

/// Who belongs to what, as an event said that has expired: a user as sent, a type, a key.
#[derive(Clone, Debug)]
pub(super) struct Remembered {
    pub(super) order: Order,
    pub(super) distinct_id: String,
    pub(super) group_type: String,
    pub(super) group_key: String,
}

impl Naive {
    /// Removes the events, identify(), group() associations and aliases of all ids of a user; group properties it wrote
    /// stay, and their calls with them.
    pub fn delete_user(&mut self, id: &str) {
        let user = self.shown_id(id).to_owned();
        let joined = self.shown.iter().filter(|(_, shown)| **shown == user).map(|(id, _)| id.clone());
        let ids: BTreeSet<String> = joined.chain([user.clone()]).collect();
        self.erase(|store| {
            store.events.retain(|event| !ids.contains(&event.distinct_id));
            store.identifies.retain(|call| !ids.contains(&call.distinct_id));
            for call in &mut store.group_calls {
                call.distinct_id.take_if(|id| ids.contains(id));
            }
            store.shown.retain(|_, shown| *shown != user);
            store.remembered.retain(|said| !ids.contains(&said.distinct_id));
        });
    }

    /// Removes the group() calls and associations of a key, and the key from events, which stay.
    pub fn delete_key(&mut self, group_type: &str, key: &str) {
        self.erase(|store| {
            // What an expired event said is known only while it is the latest word.
            let latest = store.latest_words();
            let is_key = |said: &Remembered| said.group_type == group_type && said.group_key == key;
            let left: BTreeSet<&str> =
                latest.iter().filter(|said| is_key(said)).map(|said| said.distinct_id.as_str()).collect();
            store.remembered.retain(|said| said.group_type != group_type || !left.contains(said.distinct_id.as_str()));
            store.group_calls.retain(|call| call.group_type != group_type || call.group_key != key);
            for event in &mut store.events {
                if event.groups.get(group_type).is_some_and(|carried| carried == key) {
                    event.groups.remove(group_type);
                }
            }
        });
    }

    /// Drops the events before an instant, if there are any. Calls and associations stay.
    pub fn expire(&mut self, before_us: i64) {
        if self.events.iter().all(|event| event.order.0 >= before_us) {
            return;
        }
        self.erase(|store| {
            let latest = store.latest_words();
            let goes = |order: Order| store.events.iter().any(|event| event.order == order && order.0 < before_us);
            let said: Vec<Remembered> = latest.into_iter().filter(|said| goes(said.order)).collect();
            store.remembered.extend(said);
            store.events.retain(|event| event.order.0 >= before_us);
        });
    }

    /// Group types stay known, whatever becomes of their keys. What is no longer the latest word is forgotten.
    fn erase(&mut self, erase: impl FnOnce(&mut Self)) {
        let types: Vec<String> = self.group_types().into_iter().map(str::to_owned).collect();
        self.known_types.extend(types);
        erase(self);
        let latest: BTreeSet<(Order, String)> =
            self.latest_words().into_iter().map(|said| (said.order, said.group_type)).collect();
        self.remembered.retain(|said| latest.contains(&(said.order, said.group_type.clone())));
    }

    /// The latest word on each user, as sent, and type.
    fn latest_words(&self) -> Vec<Remembered> {
        let mut latest: BTreeMap<(String, String), Remembered> = BTreeMap::new();
        let mut take = |order: Order, distinct_id: &str, group_type: &str, group_key: &str| {
            let [distinct_id, group_type, group_key] = [distinct_id, group_type, group_key].map(str::to_owned);
            let place = (distinct_id.clone(), group_type.clone());
            if latest.get(&place).is_none_or(|known| known.order < order) {
                latest.insert(place, Remembered { order, distinct_id, group_type, group_key });
            }
        };
        for event in &self.events {
            event.groups.iter().for_each(|(name, key)| take(event.order, &event.distinct_id, name, key));
        }
        for call in &self.group_calls {
            if let Some(id) = &call.distinct_id {
                take(call.order, id, &call.group_type, &call.group_key);
            }
        }
        self.remembered.iter().for_each(|said| take(said.order, &said.distinct_id, &said.group_type, &said.group_key));
        latest.into_values().collect()
    }
}
