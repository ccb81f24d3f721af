//! Cohorts: the universe, the conditions, saved definitions, paging.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::coverage::Coverage;
use super::document::{list, need, object, only, text, whole};
use super::filter::{Matcher, Test};
use super::head::Head;
use super::lookup::{CountBy, Look, Row};
use super::properties::AsOf;
use super::value::{Object, Plain, at_path};
use super::{Naive, report};

const OWN: [&str; 4] = ["where", "limit", "cursor", "save_as"];

/// An evaluated cohort.
pub(super) struct Cohort {
    pub(super) count_by: CountBy,
    pub(super) members: BTreeSet<String>,
}

pub(super) fn run(look: Look, map: &Map<String, Value>) -> Result<Value, String> {
    let head = Head::read(look, map, &OWN)?;
    let condition = Condition::read(&head, need(map, "where", "a cohort")?)?;
    if let Some(name) = map.get("save_as") {
        let mut definition = map.clone();
        definition.retain(|field, _| !["save_as", "limit", "cursor"].contains(&field.as_str()));
        check_saved(look.store, text(name, "save_as")?, &Value::Object(definition), look.now)?;
    }
    let coverage = Coverage::count(&head, |row| condition.looks_at(&head, row));
    page(members(&head, &condition), &Map::new(), map, coverage)
}

/// A saved cohort's document, evaluated now.
pub(super) fn evaluate(look: Look, document: &Value) -> Result<Cohort, String> {
    let map = object(document, "a cohort's document")?;
    let head = Head::read(look, map, &OWN)?;
    let condition = Condition::read(&head, need(map, "where", "a cohort")?)?;
    Ok(Cohort { members: members(&head, &condition), count_by: head.count_by })
}

fn members(head: &Head, condition: &Condition) -> BTreeSet<String> {
    let store = head.look.store;
    let universe = match &head.count_by {
        CountBy::Users => store.users(),
        CountBy::Keys(group_type) => store.keys(group_type),
    };
    let by_unit = head.by_unit();
    let holds = |unit: &&str| condition.holds(head, unit, by_unit.get(*unit).map_or(&[], Vec::as_slice));
    universe.into_iter().filter(holds).map(str::to_owned).collect()
}

/// Valid, naming only known cohorts, and closing no cycle.
pub(super) fn check_saved(store: &Naive, name: &str, document: &Value, now: i64) -> Result<(), String> {
    let map = object(document, "a cohort's document")?;
    if map.get("report").and_then(Value::as_str) != Some("cohort") {
        return Err("only a report \"cohort\" is saved as a cohort".into());
    }
    if let Some(field) = ["save_as", "limit", "cursor"].iter().find(|field| map.contains_key(**field)) {
        return Err(format!("a saved cohort is kept without {field:?}"));
    }
    evaluate(Look { store, now }, document)?;
    let mut reached = BTreeSet::new();
    references(store, document, &mut reached);
    if reached.contains(name) { Err(format!("cohort {name:?} would refer to itself")) } else { Ok(()) }
}

/// Names of all cohorts a document refers to, directly or through others.
fn references(store: &Naive, json: &Value, reached: &mut BTreeSet<String>) {
    match json {
        Value::Array(items) => items.iter().for_each(|item| references(store, item, reached)),
        Value::Object(map) => {
            if let Some(Value::String(name)) = map.get("cohort")
                && reached.insert(name.clone())
            {
                references(store, store.cohorts.get(name).unwrap_or(&Value::Null), reached);
            }
            map.values().for_each(|value| references(store, value, reached));
        }
        _ => {}
    }
}

/// The shape of a cohort's result; the cursor is the last member of the page before.
pub(super) fn page(
    members: BTreeSet<String>,
    units: &Map<String, Value>,
    document: &Map<String, Value>,
    coverage: Coverage,
) -> Result<Value, String> {
    let is_cohort = !document.contains_key("units");
    let asked = if is_cohort { document } else { units };
    // Beside `units`, the document's own limit is a breakdown's where there is one, or that of paths, else the page's.
    let limit_of = if asked.contains_key("limit") || splits(document) { asked } else { document };
    let limit = whole(limit_of, "limit", 1, 100)?;
    let after = asked.get("cursor").map(|json| text(json, "cursor")).transpose()?.unwrap_or("");
    let rest: Vec<&String> = members.iter().filter(|member| member.as_str() > after).collect();
    let shown = &rest[..limit.min(rest.len())];
    let next = if rest.len() > limit { Value::from(shown[limit - 1].as_str()) } else { Value::Null };
    let coverage = coverage.json();
    Ok(json!({"size": members.len(), "members": shown, "next_cursor": next, "coverage": coverage}))
}

/// Whether a document's numbers are split by values.
fn splits(document: &Map<String, Value>) -> bool {
    let items = |field: &str| document.get(field).and_then(Value::as_array).into_iter().flatten();
    let by_value = items("series").any(|series| series["measure"].get("count_by_value").is_some());
    items("breakdown").next().is_some() || by_value || document.get("report").is_some_and(|report| report == "paths")
}

/// One part of a cohort's `where`.
enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Did {
        matcher: Matcher,
        times: Vec<(String, Vec<Plain>)>,
        span: Span,
    },
    FirstDid {
        matcher: Matcher,
        span: Span,
    },
    /// The unit's own property, as of now.
    Property {
        path: String,
        test: Test,
    },
    /// The unit is one of these.
    In(BTreeSet<String>),
}

/// A range that may be open on either side.
#[derive(Clone, Copy)]
struct Span {
    from: Option<i64>,
    to: Option<i64>,
}

impl Span {
    /// A bound missing from a condition is the document's if given, else open.
    fn read(head: &Head, map: &Map<String, Value>) -> Result<Span, String> {
        let bound = |field: &str, default: Option<i64>| match map.get(field) {
            None => Ok::<_, String>(default),
            Some(json) => Ok(Some(head.clock.instant(text(json, field)?)?)),
        };
        let span = Span { from: bound("from", head.from)?, to: bound("to", head.to)? };
        match span.from.zip(span.to) {
            Some((from, to)) if from > to => Err("\"from\" of a condition lies after \"to\"".into()),
            _ => Ok(span),
        }
    }

    fn holds(self, row: &Row) -> bool {
        self.from.is_none_or(|from| from <= row.time()) && self.to.is_none_or(|to| row.time() < to)
    }
}

impl Condition {
    fn read(head: &Head, json: &Value) -> Result<Condition, String> {
        let map = object(json, "a condition")?;
        let parts = |json: &Value| -> Result<Vec<Condition>, String> {
            list(json, "conditions")?.iter().map(|json| Condition::read(head, json)).collect()
        };
        if let Some(json) = map.get("all") {
            only(map, &["all"], "a condition with \"all\"")?;
            return Ok(Condition::All(parts(json)?));
        }
        if let Some(json) = map.get("any") {
            only(map, &["any"], "a condition with \"any\"")?;
            return Ok(Condition::Any(parts(json)?));
        }
        if let Some(json) = map.get("not") {
            only(map, &["not"], "a condition with \"not\"")?;
            return Ok(Condition::Not(Box::new(Condition::read(head, json)?)));
        }
        if let Some(json) = map.get("did") {
            only(map, &["did", "times", "from", "to"], "a condition with \"did\"")?;
            let matcher = Matcher::read(head.look, json)?;
            return Ok(Condition::Did { matcher, times: times(map)?, span: Span::read(head, map)? });
        }
        if let Some(json) = map.get("first_did") {
            only(map, &["first_did", "from", "to"], "a condition with \"first_did\"")?;
            let matcher = Matcher::read(head.look, json)?;
            return Ok(Condition::FirstDid { matcher, span: Span::read(head, map)? });
        }
        Condition::read_unit(head, map)
    }

    /// Conditions on the unit itself rather than on its events.
    fn read_unit(head: &Head, map: &Map<String, Value>) -> Result<Condition, String> {
        if map.contains_key("property") {
            only(map, &["property", "op", "value"], "a property condition")?;
            let path = text(need(map, "property", "it")?, "property")?.to_owned();
            return Ok(Condition::Property { path, test: Test::read(map)? });
        }
        if let Some(name) = map.get("cohort") {
            only(map, &["cohort"], "a condition by cohort")?;
            let cohort = head.look.cohort(name)?;
            return Condition::of_same_units(head, cohort);
        }
        if let Some(json) = map.get("member_of") {
            only(map, &["member_of"], "a condition with \"member_of\"")?;
            return Ok(Condition::In(member_of(head, object(json, "member_of")?)?));
        }
        if let Some(json) = map.get("has_member_in") {
            only(map, &["has_member_in"], "a condition with \"has_member_in\"")?;
            return Ok(Condition::In(has_member_in(head, object(json, "has_member_in")?)?));
        }
        only(map, &["report"], "a condition")?;
        let document = need(map, "report", "a condition")?;
        Ok(Condition::In(report::units(head.look, document, &head.count_by)?))
    }

    fn of_same_units(head: &Head, cohort: Cohort) -> Result<Condition, String> {
        if cohort.count_by == head.count_by {
            Ok(Condition::In(cohort.members))
        } else {
            Err("the cohort named in \"where\" counts other units than this one".into())
        }
    }

    /// `rows` are the unit's seen events of all history, in order.
    fn holds(&self, head: &Head, unit: &str, rows: &[Row]) -> bool {
        match self {
            Condition::All(parts) => parts.iter().all(|part| part.holds(head, unit, rows)),
            Condition::Any(parts) => parts.iter().any(|part| part.holds(head, unit, rows)),
            Condition::Not(inner) => !inner.holds(head, unit, rows),
            Condition::Did { matcher, times, span } => {
                let done = rows.iter().filter(|row| span.holds(row) && matcher.matches(head.look, row)).count();
                let done = Plain::Int(done as i128);
                times.iter().all(|(op, values)| values.iter().any(|value| compares(op, &done, value)))
            }
            Condition::FirstDid { matcher, span } => {
                let first = rows.iter().find(|row| matcher.matches(head.look, row));
                first.is_some_and(|row| span.holds(row))
            }
            Condition::Property { path, test } => test.passes(at_path(&own_properties(head, unit), path)),
            Condition::In(units) => units.contains(unit),
        }
    }

    /// Whether a condition's matcher matches a seen event in the condition's own range.
    fn looks_at(&self, head: &Head, row: &Row) -> bool {
        match self {
            Condition::All(parts) | Condition::Any(parts) => parts.iter().any(|part| part.looks_at(head, row)),
            Condition::Not(inner) => inner.looks_at(head, row),
            Condition::Did { matcher, span, .. } | Condition::FirstDid { matcher, span } => {
                span.holds(row) && matcher.matches(head.look, row)
            }
            _ => false,
        }
    }
}

fn own_properties(head: &Head, unit: &str) -> Object {
    match &head.count_by {
        CountBy::Users => head.look.store.user_properties(unit, AsOf::Now),
        CountBy::Keys(group_type) => head.look.store.group_properties(group_type, unit, AsOf::Now),
    }
}

/// `times`: all must hold, by default at least once.
fn times(map: &Map<String, Value>) -> Result<Vec<(String, Vec<Plain>)>, String> {
    let Some(json) = map.get("times") else { return Ok(vec![("gte".into(), vec![Plain::Int(1)])]) };
    let map = object(json, "times")?;
    only(map, &["gt", "gte", "lt", "lte", "is"], "times")?;
    let one = |(op, json): (&String, &Value)| match Plain::of(json) {
        number @ (Plain::Int(_) | Plain::Float(_)) => Ok((op.clone(), vec![number])),
        _ => Err(format!("{op:?} of \"times\" is a number, not {json}")),
    };
    map.iter().map(one).collect()
}

fn compares(op: &str, done: &Plain, value: &Plain) -> bool {
    match op {
        "gt" => done > value,
        "gte" => done >= value,
        "lt" => done < value,
        "lte" => done <= value,
        _ => done == value,
    }
}

/// Users whose current key is one of these, or is in a cohort of keys.
fn member_of(head: &Head, map: &Map<String, Value>) -> Result<BTreeSet<String>, String> {
    if head.count_by != CountBy::Users {
        return Err("\"member_of\" is for cohorts of users".into());
    }
    let (group_type, keys): (String, BTreeSet<String>) = if let Some(name) = map.get("cohort") {
        only(map, &["cohort"], "member_of")?;
        let cohort = head.look.cohort(name)?;
        match cohort.count_by {
            CountBy::Keys(group_type) => (group_type, cohort.members),
            CountBy::Users => return Err("\"member_of\" names a cohort of keys".into()),
        }
    } else {
        only(map, &["group", "key"], "member_of")?;
        let keys = super::document::names(need(map, "key", "member_of")?, "key")?;
        (head.look.group_type(map.get("group"))?, keys.into_iter().collect())
    };
    let store = head.look.store;
    let belongs = |user: &&str| store.associations(user).get(&group_type).is_some_and(|key| keys.contains(key));
    Ok(store.users().into_iter().filter(belongs).map(str::to_owned).collect())
}

/// Keys with a current member in a cohort of users.
fn has_member_in(head: &Head, map: &Map<String, Value>) -> Result<BTreeSet<String>, String> {
    let CountBy::Keys(group_type) = &head.count_by else {
        return Err("\"has_member_in\" is for cohorts of keys".into());
    };
    only(map, &["cohort"], "has_member_in")?;
    let cohort = head.look.cohort(need(map, "cohort", "has_member_in")?)?;
    if cohort.count_by != CountBy::Users {
        return Err("\"has_member_in\" names a cohort of users".into());
    }
    let store = head.look.store;
    let current: BTreeMap<&String, String> =
        cohort.members.iter().filter_map(|user| Some((user, store.associations(user).remove(group_type)?))).collect();
    Ok(current.into_values().collect())
}
