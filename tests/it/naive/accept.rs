//! Input lines: what is refused, what is a duplicate, what is stored.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::accept_calls::update_of;
use super::document::only;
use super::properties::Update;
use super::timestamp;
use super::value::Object;
use super::{Event, GroupCall, Identify, Naive, Order, Outcome};

const SEVEN_DAYS: i64 = 7 * 86_400 * 1_000_000;
const UPDATE_FIELDS: [&str; 5] = ["properties", "set_once", "add", "append", "union"];

/// Ids that many people share by accident; refused on either side of alias().
const SHARED_IDS: [&str; 22] = [
    "null",
    "undefined",
    "none",
    "nil",
    "nan",
    "anonymous",
    "anon",
    "guest",
    "unknown",
    "user",
    "id",
    "distinct_id",
    "distinctid",
    "email",
    "not_authenticated",
    "true",
    "false",
    "0",
    "-1",
    "1",
    "[object object]",
    "",
];

impl Naive {
    pub(super) fn take_line(&mut self, line: &Value, arrival_time: i64) -> Result<Outcome, String> {
        let line = line.as_object().ok_or("a line is one JSON object")?;
        match line.get("type").and_then(Value::as_str) {
            Some("track") => self.track(line, arrival_time),
            Some("identify") => self.identify(line, arrival_time),
            Some("group") => self.group_call(line, arrival_time),
            Some("alias") => self.alias(line),
            Some("cohort") => self.save_cohort(line, arrival_time),
            _ => Err("\"type\" is track, identify, group, alias or cohort".into()),
        }
    }

    fn next_order(&mut self, timestamp: i64) -> Order {
        self.arrivals += 1;
        (timestamp, self.arrivals)
    }

    fn track(&mut self, line: &Map<String, Value>, arrival_time: i64) -> Result<Outcome, String> {
        let fields = ["type", "distinct_id", "event", "timestamp", "insert_id", "groups", "properties"];
        only(line, &fields, "track")?;
        let name = event_name(line)?;
        let distinct_id = text(line, "distinct_id", 400, true)?;
        let timestamp = timestamp_of(line, arrival_time)?;
        let groups = groups_of(line)?;
        let update = update_of(line)?;
        let insert_id = present(line, "insert_id").map(|_| text(line, "insert_id", 400, false)).transpose()?;
        if insert_id.as_ref().is_some_and(|id| self.is_duplicate(&distinct_id, id, timestamp)) {
            return Ok(Outcome::Duplicate);
        }
        let order = self.next_order(timestamp);
        let properties: Object = update.properties;
        self.events.push(Event { order, name, distinct_id, groups, properties, insert_id });
        Ok(Outcome::Accepted)
    }

    /// Same user as joined by now, same insert_id, at most 7 days away, whatever the event's name.
    fn is_duplicate(&self, distinct_id: &str, insert_id: &str, timestamp: i64) -> bool {
        self.events.iter().any(|stored| {
            self.shown_id(&stored.distinct_id) == self.shown_id(distinct_id)
                && stored.insert_id.as_deref() == Some(insert_id)
                && (stored.order.0 - timestamp).abs() <= SEVEN_DAYS
        })
    }

    fn identify(&mut self, line: &Map<String, Value>, arrival_time: i64) -> Result<Outcome, String> {
        only(line, &[&["type", "distinct_id", "timestamp"], &UPDATE_FIELDS[..]].concat(), "identify")?;
        let distinct_id = text(line, "distinct_id", 400, true)?;
        let timestamp = timestamp_of(line, arrival_time)?;
        let update = update_of(line)?;
        let order = self.next_order(timestamp);
        self.identifies.push(Identify { order, distinct_id, update });
        Ok(Outcome::Accepted)
    }

    fn group_call(&mut self, line: &Map<String, Value>, arrival_time: i64) -> Result<Outcome, String> {
        let own = ["type", "distinct_id", "group_type", "group_key", "timestamp"];
        only(line, &[&own[..], &UPDATE_FIELDS[..]].concat(), "group")?;
        let group_type = text(line, "group_type", 100, true)?;
        let group_key = text(line, "group_key", 400, true)?;
        let distinct_id = present(line, "distinct_id").map(|_| text(line, "distinct_id", 400, true)).transpose()?;
        let timestamp = timestamp_of(line, arrival_time)?;
        let update: Update = update_of(line)?;
        let order = self.next_order(timestamp);
        self.group_calls.push(GroupCall { order, distinct_id, group_type, group_key, update });
        Ok(Outcome::Accepted)
    }

    /// Everything that is the alias's user joins the user of `distinct_id`, under its shown id.
    fn alias(&mut self, line: &Map<String, Value>) -> Result<Outcome, String> {
        only(line, &["type", "distinct_id", "alias", "timestamp"], "alias")?;
        let target = text(line, "distinct_id", 400, true)?;
        let alias = text(line, "alias", 400, true)?;
        timestamp_of(line, 0)?;
        for id in [&target, &alias] {
            if SHARED_IDS.contains(&id.trim().to_lowercase().as_str()) {
                return Err(format!("{id:?} is an id many people share: it is never joined"));
            }
        }
        self.arrivals += 1;
        let (kept, gone) = (self.shown_id(&target).to_owned(), self.shown_id(&alias).to_owned());
        if kept != gone {
            for shown in self.shown.values_mut().filter(|shown| **shown == gone) {
                shown.clone_from(&kept);
            }
            self.shown.insert(gone, kept);
        }
        Ok(Outcome::Accepted)
    }

    /// Judged at its place in arrival order.
    fn save_cohort(&mut self, line: &Map<String, Value>, arrival_time: i64) -> Result<Outcome, String> {
        only(line, &["type", "name", "report"], "cohort")?;
        let name = text(line, "name", usize::MAX, true)?;
        let document = line.get("report").ok_or("a cohort line has a \"report\"")?;
        super::cohort::check_saved(self, &name, document, arrival_time)?;
        self.arrivals += 1;
        self.cohorts.insert(name, document.clone());
        Ok(Outcome::Accepted)
    }
}

/// A field that is there and not null.
pub(super) fn present<'a>(line: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    line.get(field).filter(|value| !value.is_null())
}

/// Nothing is trimmed; blank is Unicode white space only.
fn text(line: &Map<String, Value>, field: &str, most: usize, no_blank: bool) -> Result<String, String> {
    let value = present(line, field).ok_or_else(|| format!("{field:?} is missing"))?;
    let value = value.as_str().ok_or_else(|| format!("{field:?} is not text"))?;
    checked(value, field, most, no_blank)
}

fn checked(value: &str, what: &str, most: usize, no_blank: bool) -> Result<String, String> {
    if value.is_empty() || value.len() > most {
        return Err(format!("{what:?} has {} bytes, allowed are 1 to {most}", value.len()));
    }
    if no_blank && value.chars().all(char::is_whitespace) {
        return Err(format!("{what:?} is blank"));
    }
    Ok(value.to_owned())
}

fn event_name(line: &Map<String, Value>) -> Result<String, String> {
    let name = text(line, "event", 200, true)?;
    if name == "*" { Err("an event is not named \"*\"".into()) } else { Ok(name) }
}

/// Absent: the time of arrival.
fn timestamp_of(line: &Map<String, Value>, arrival_time: i64) -> Result<i64, String> {
    present(line, "timestamp").map_or(Ok(arrival_time), timestamp::of_json)
}

fn groups_of(line: &Map<String, Value>) -> Result<BTreeMap<String, String>, String> {
    let Some(groups) = present(line, "groups") else { return Ok(BTreeMap::new()) };
    let groups = groups.as_object().ok_or("\"groups\" is an object of type: key")?;
    let mut checked_groups = BTreeMap::new();
    for (group_type, key) in groups {
        let group_type = checked(group_type, "group type", 100, true)?;
        let key = key.as_str().ok_or_else(|| format!("the key of {group_type:?} is not text"))?;
        checked_groups.insert(group_type, checked(key, "group key", 400, true)?);
    }
    Ok(checked_groups)
}
