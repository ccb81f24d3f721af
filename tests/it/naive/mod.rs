//! A slow evaluator of the contract over plain rows: what the engine's answers are held against.
//!
//! Nothing is indexed, cached across calls or clever. Every report walks all events in
//! (timestamp, arrival) order and applies the contract's sentences one by one.

mod accept;
mod accept_calls;
mod breakdown;
mod cohort;
mod coverage;
mod document;
mod erase;
mod filter;
mod formula;
mod funnel;
mod funnel_attempts;
mod funnel_result;
mod head;
mod held;
mod lifecycle;
mod lookup;
mod measure;
mod number;
mod pages;
mod paths;
mod properties;
mod property_of;
mod report;
mod retention;
mod stickiness;
mod time;
mod timestamp;
mod trends;
mod trends_result;
mod value;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_whole;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use properties::Update;
use value::Object;

/// Everything the workspace accepted, as plain rows in arrival order.
#[derive(Clone, Default)]
pub struct Naive {
    events: Vec<Event>,
    identifies: Vec<Identify>,
    group_calls: Vec<GroupCall>,
    /// Joined id -> the id its user is shown under. Ids never joined are absent.
    shown: BTreeMap<String, String>,
    /// Saved cohorts: name -> document.
    cohorts: BTreeMap<String, Value>,
    /// Declared group types: type -> display name.
    declared: BTreeMap<String, String>,
    /// Group types that were used when something was deleted.
    known_types: BTreeSet<String>,
    /// How many things were accepted so far: the next arrival number.
    arrivals: u64,
}

/// What became of an input line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    Duplicate,
    Refused(String),
}

/// The one comparator of the contract: (timestamp, arrival).
type Order = (i64, u64);

/// A stored track() call.
#[derive(Clone, Debug)]
struct Event {
    order: Order,
    name: String,
    /// The id as it came; `Naive::shown_id` says whose it is.
    distinct_id: String,
    groups: BTreeMap<String, String>,
    properties: Object,
    insert_id: Option<String>,
}

/// A stored identify() call.
#[derive(Clone, Debug)]
struct Identify {
    order: Order,
    distinct_id: String,
    update: Update,
}

/// A stored group() call.
#[derive(Clone, Debug)]
struct GroupCall {
    order: Order,
    distinct_id: Option<String>,
    group_type: String,
    group_key: String,
    update: Update,
}

impl Naive {
    /// One input line, already parsed, arriving at `arrival_time_us`.
    pub fn accept(&mut self, line: &Value, arrival_time_us: i64) -> Outcome {
        match self.take_line(line, arrival_time_us) {
            Ok(outcome) => outcome,
            Err(reason) => Outcome::Refused(reason),
        }
    }

    pub fn declare_group_type(&mut self, group_type: &str, display_name: &str) {
        self.declared.insert(group_type.to_owned(), display_name.to_owned());
    }

    /// Runs one report document; `now_us` is the instant of the call.
    pub fn report(&self, document: &Value, now_us: i64) -> Result<Value, String> {
        report::run(self, document, now_us)
    }

    /// The profile of a group key.
    pub fn group(&self, group_type: &str, key: &str) -> Result<Value, String> {
        pages::group(self, group_type, key)
    }

    /// The profile of a user, found by any of its ids.
    pub fn user(&self, id: &str) -> Result<Value, String> {
        pages::user(self, id)
    }

    /// The group types with their counts, or all rows of one type.
    pub fn groups(&self, group_type: Option<&str>) -> Result<Value, String> {
        match group_type {
            Some(group_type) => pages::group_rows(self, group_type),
            None => Ok(pages::group_types(self)),
        }
    }

    /// The id under which the user of `id` is shown.
    fn shown_id<'a>(&'a self, id: &'a str) -> &'a str {
        self.shown.get(id).map_or(id, String::as_str)
    }
}
