//! What a store holds, for tests that do things to it.

use serde_json::{Value, json};

use super::Naive;

impl Naive {
    /// Shown ids of all users.
    pub fn users_now(&self) -> Vec<String> {
        self.users().into_iter().map(str::to_owned).collect()
    }

    /// All keys with their types.
    pub fn keys_now(&self) -> Vec<(String, String)> {
        let types = self.group_types().into_iter();
        types.flat_map(|name| self.keys(name).into_iter().map(|key| (name.to_owned(), key.to_owned()))).collect()
    }

    /// The events and calls, each with its type, its user and its groups.
    pub fn lines(&self) -> Vec<Value> {
        let events = self.events.iter();
        let events =
            events.map(|event| json!({"type": "track", "distinct_id": event.distinct_id, "groups": event.groups}));
        let identifies = self.identifies.iter();
        let identifies = identifies.map(|call| json!({"type": "identify", "distinct_id": call.distinct_id}));
        let calls = self.group_calls.iter().map(|call| json!({"type": "group", "distinct_id": call.distinct_id}));
        events.chain(identifies).chain(calls).collect()
    }

    /// How many things were ever accepted.
    pub fn arrivals(&self) -> u64 {
        self.arrivals
    }
}
