//! Deletion of users and keys, and expiry of events.

use std::collections::BTreeSet;

use super::Naive;

impl Naive {
    /// Removes the events, identify(), group() associations and aliases of all ids of a user; group properties it wrote
    /// stay, and their calls with them.
    pub fn delete_user(&mut self, id: &str) {
        self.remember_types();
        let user = self.shown_id(id).to_owned();
        let joined = self.shown.iter().filter(|(_, shown)| **shown == user).map(|(id, _)| id.clone());
        let ids: BTreeSet<String> = joined.chain([user.clone()]).collect();
        self.events.retain(|event| !ids.contains(&event.distinct_id));
        self.identifies.retain(|call| !ids.contains(&call.distinct_id));
        for call in &mut self.group_calls {
            call.distinct_id.take_if(|id| ids.contains(id));
        }
        self.shown.retain(|_, shown| *shown != user);
    }

    /// Removes the group() calls and associations of a key, and the key from events, which stay.
    pub fn delete_key(&mut self, group_type: &str, key: &str) {
        self.remember_types();
        self.group_calls.retain(|call| call.group_type != group_type || call.group_key != key);
        for event in &mut self.events {
            if event.groups.get(group_type).is_some_and(|carried| carried == key) {
                event.groups.remove(group_type);
            }
        }
    }

    /// Drops the events before an instant, with everything that only they said.
    pub fn expire(&mut self, before_us: i64) {
        self.remember_types();
        self.events.retain(|event| event.order.0 >= before_us);
    }

    /// Group types stay known, whatever becomes of their keys.
    fn remember_types(&mut self) {
        let types: Vec<String> = self.group_types().into_iter().map(str::to_owned).collect();
        self.known_types.extend(types);
    }
}
