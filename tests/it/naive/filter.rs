//! Filters and event matchers: reading them, and testing one event.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::{Map, Value};

use super::document::{list, names, need, object, only, text};
use super::lookup::{CountBy, Look, Row};
use super::properties::AsOf;
use super::value::{Object, Plain, at_path};

#[derive(Clone, Debug)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Property {
        address: Address,
        test: Test,
    },
    /// The event's key of a type is one of these.
    Key {
        group_type: String,
        keys: Vec<String>,
    },
    /// The event's user, or its key of a type, is in a cohort.
    Cohort {
        of: CountBy,
        members: BTreeSet<String>,
    },
}

/// Which property of what.
#[derive(Clone, Debug)]
pub(super) struct Address {
    path: String,
    of: Of,
    at_event: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Of {
    Event,
    User,
    Group(String),
}

/// A positive operation, and whether its complement was asked for.
#[derive(Clone, Debug)]
pub(super) struct Test {
    op: Op,
    negated: bool,
}

#[derive(Clone, Debug)]
enum Op {
    Is(Vec<Plain>),
    Contains(Vec<String>),
    Matches(Vec<Regex>),
    /// The word of the op, and the values of which any may hold.
    Compare(String, Vec<Plain>),
    Set,
}

impl Filter {
    pub(super) fn read(look: Look, json: &Value) -> Result<Filter, String> {
        let map = object(json, "a filter")?;
        let part = |json: &Value| Filter::read(look, json);
        if let Some(parts) = map.get("all") {
            only(map, &["all"], "a filter with \"all\"")?;
            return Ok(Filter::All(list(parts, "all")?.iter().map(part).collect::<Result<_, _>>()?));
        }
        if let Some(parts) = map.get("any") {
            only(map, &["any"], "a filter with \"any\"")?;
            return Ok(Filter::Any(list(parts, "any")?.iter().map(part).collect::<Result<_, _>>()?));
        }
        if let Some(inner) = map.get("not") {
            only(map, &["not"], "a filter with \"not\"")?;
            return Ok(Filter::Not(Box::new(part(inner)?)));
        }
        if let Some(name) = map.get("cohort") {
            only(map, &["cohort"], "a filter by cohort")?;
            let cohort = look.cohort(name)?;
            return Ok(Filter::Cohort { of: cohort.count_by, members: cohort.members });
        }
        if map.contains_key("property") {
            only(map, &["property", "op", "value", "of", "as_of"], "a filter by property")?;
            return Ok(Filter::Property { address: Address::read(look, map)?, test: Test::read(map)? });
        }
        only(map, &["group", "key"], "a filter")?;
        let keys = names(need(map, "key", "a filter by group")?, "key")?;
        Ok(Filter::Key { group_type: look.group_type(map.get("group"))?, keys })
    }

    pub(super) fn passes(&self, look: Look, row: &Row) -> bool {
        match self {
            Filter::All(parts) => parts.iter().all(|part| part.passes(look, row)),
            Filter::Any(parts) => parts.iter().any(|part| part.passes(look, row)),
            Filter::Not(inner) => !inner.passes(look, row),
            Filter::Property { address, test } => test.passes(address.value(look, row).as_ref()),
            Filter::Key { group_type, keys } => {
                row.key(group_type).is_some_and(|key| keys.iter().any(|wanted| wanted == key))
            }
            // No key: false.
            Filter::Cohort { of, members } => row.unit(of).is_some_and(|unit| members.contains(unit)),
        }
    }
}

impl Address {
    /// From the fields "property", "of" and "as_of" of a filter or breakdown.
    pub(super) fn read(look: Look, map: &Map<String, Value>) -> Result<Address, String> {
        let path = text(need(map, "property", "it")?, "property")?.to_owned();
        let of = match map.get("of") {
            None => Of::Event,
            Some(Value::String(word)) if word == "event" => Of::Event,
            Some(Value::String(word)) if word == "user" => Of::User,
            Some(other) => {
                let group = object(other, "\"of\" other than event and user")?;
                only(group, &["group"], "of")?;
                Of::Group(look.group_type(group.get("group"))?)
            }
        };
        let at_event = match map.get("as_of").map(|json| text(json, "as_of")).transpose()? {
            Some(_) if of == Of::Event => return Err("\"as_of\" is for user and group properties".into()),
            None | Some("now") => false,
            Some("event") => true,
            Some(other) => return Err(format!("\"as_of\" is now or event, not {other:?}")),
        };
        Ok(Address { path, of, at_event })
    }

    /// The property's value for an event, none when absent or null.
    pub(super) fn value(&self, look: Look, row: &Row) -> Option<Plain> {
        let as_of = if self.at_event { AsOf::Before(row.order()) } else { AsOf::Now };
        let object: Object = match &self.of {
            Of::Event => return at_path(&row.event.properties, &self.path).cloned(),
            Of::User => look.store.user_properties(row.user, as_of),
            Of::Group(group_type) => look.store.group_properties(group_type, row.key(group_type)?, as_of),
        };
        at_path(&object, &self.path).cloned()
    }
}

impl Test {
    /// From the fields "op" and "value".
    pub(super) fn read(map: &Map<String, Value>) -> Result<Test, String> {
        let word = text(need(map, "op", "a filter by property")?, "op")?;
        let (positive, negated) = match word {
            "is_not" => ("is", true),
            "not_contains" => ("contains", true),
            "not_set" => ("set", true),
            other => (other, false),
        };
        if positive == "set" {
            return match map.get("value") {
                Some(_) => Err(format!("{word:?} takes no value")),
                None => Ok(Test { op: Op::Set, negated }),
            };
        }
        let values = values_of(need(map, "value", "a filter by property")?)?;
        let texts = || values.iter().map(as_text).collect::<Result<Vec<String>, String>>();
        let op = match positive {
            "is" => Op::Is(values),
            "contains" => Op::Contains(texts()?),
            "matches" => Op::Matches(texts()?.iter().map(|text| regex(text)).collect::<Result<_, _>>()?),
            "gt" | "gte" | "lt" | "lte" => Op::Compare(positive.to_owned(), values),
            other => return Err(format!("there is no op {other:?}")),
        };
        Ok(Test { op, negated })
    }

    /// Each negative op is the exact complement: an absent property passes it.
    pub(super) fn passes(&self, value: Option<&Plain>) -> bool {
        value.is_some_and(|value| self.op.passes(value)) != self.negated
    }
}

impl Op {
    fn passes(&self, value: &Plain) -> bool {
        match (self, value) {
            (Op::Set, _) => true,
            // A list passes a positive op when one of its elements does.
            (op, Plain::List(items)) => items.iter().any(|item| op.passes(item)),
            // An object passes only `set`; null counts as absent.
            (_, Plain::Object(_) | Plain::Null) => false,
            (Op::Is(values), value) => values.contains(value),
            (Op::Contains(parts), Plain::Text(text)) => parts.iter().any(|part| text.contains(part)),
            (Op::Matches(all), Plain::Text(text)) => all.iter().any(|one| one.is_match(text)),
            (Op::Contains(_) | Op::Matches(_), _) => false,
            (Op::Compare(word, values), value) => values.iter().any(|other| compare(word, value, other)),
        }
    }
}

/// Number with number, string with string by UTF-8 bytes, else false.
fn compare(word: &str, value: &Plain, other: &Plain) -> bool {
    let numbers = value.as_double().is_some() && other.as_double().is_some();
    let texts = matches!((value, other), (Plain::Text(_), Plain::Text(_)));
    if !numbers && !texts {
        return false;
    }
    match word {
        "gt" => value > other,
        "gte" => value >= other,
        "lt" => value < other,
        _ => value <= other,
    }
}

/// One value or a list of values; null, a list or an object inside is refused.
fn values_of(json: &Value) -> Result<Vec<Plain>, String> {
    let items = match json {
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    };
    match items.iter().find(|item| item.is_null() || item.is_array() || item.is_object()) {
        Some(wrong) => Err(format!("{wrong} cannot be a filter's value")),
        None => Ok(items.iter().map(Plain::of).collect()),
    }
}

fn as_text(value: &Plain) -> Result<String, String> {
    match value {
        Plain::Text(text) => Ok(text.clone()),
        other => Err(format!("{} is not text", other.compact())),
    }
}

fn regex(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| error.to_string())
}

/// Whatever asks for an event.
#[derive(Clone, Debug)]
pub(super) struct Matcher {
    /// None is any event.
    names: Option<Vec<String>>,
    filter: Option<Filter>,
}

impl Matcher {
    /// `"a"`, `["a","b"]`, `"*"`, or `{"event":…,"filter":…}`.
    pub(super) fn read(look: Look, json: &Value) -> Result<Matcher, String> {
        let Value::Object(map) = json else {
            return Ok(Matcher { names: event_names(json)?, filter: None });
        };
        only(map, &["event", "filter"], "an event matcher")?;
        let names = event_names(need(map, "event", "an event matcher")?)?;
        let filter = map.get("filter").map(|json| Filter::read(look, json)).transpose()?;
        Ok(Matcher { names, filter })
    }

    pub(super) fn matches(&self, look: Look, row: &Row) -> bool {
        let named = self.names.as_ref().is_none_or(|names| names.contains(&row.event.name));
        named && self.filter.as_ref().is_none_or(|filter| filter.passes(look, row))
    }

    /// How a result names the matcher: its event names.
    pub(super) fn label(&self) -> String {
        self.names.as_ref().map_or("*".to_owned(), |names| names.join(", "))
    }
}

fn event_names(json: &Value) -> Result<Option<Vec<String>>, String> {
    let names = names(json, "event")?;
    let any = names.iter().any(|name| name == "*");
    Ok(if any { None } else { Some(names) })
}
