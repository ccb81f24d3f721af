//! Breakdowns: the tuple of an event, the one ranking, the slices of a result.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::document::{list, object, only, whole};
use super::filter::Address;
use super::lookup::{CountBy, Look, Row};
use super::value::Plain;

pub(super) type Tuple = Vec<Plain>;

#[derive(Clone, Debug)]
pub(super) struct Breakdown {
    by: Vec<By>,
    pub(super) limit: usize,
}

#[derive(Clone, Debug)]
enum By {
    Property(Address),
    Key(String),
    Cohort { of: CountBy, members: BTreeSet<String> },
}

impl Breakdown {
    /// The fields "breakdown" and "limit"; none or an empty list is no breakdown.
    pub(super) fn read(look: Look, map: &Map<String, Value>) -> Result<Breakdown, String> {
        let limit = whole(map, "limit", 1, 10)?;
        let Some(json) = map.get("breakdown") else { return Ok(Breakdown { by: Vec::new(), limit }) };
        let parts = list(json, "breakdown")?;
        if parts.len() > 3 {
            return Err("a breakdown has up to three parts".into());
        }
        let by = parts.iter().map(|part| By::read(look, part)).collect::<Result<_, _>>()?;
        Ok(Breakdown { by, limit })
    }

    pub(super) fn is_none(&self) -> bool {
        self.by.is_empty()
    }

    pub(super) fn tuple(&self, look: Look, row: &Row) -> Tuple {
        self.by.iter().map(|by| by.value(look, row)).collect()
    }
}

impl By {
    fn read(look: Look, json: &Value) -> Result<By, String> {
        let map = object(json, "a part of a breakdown")?;
        if map.contains_key("property") {
            only(map, &["property", "of", "as_of"], "a breakdown by property")?;
            return Ok(By::Property(Address::read(look, map)?));
        }
        if let Some(name) = map.get("cohort") {
            only(map, &["cohort"], "a breakdown by cohort")?;
            let cohort = look.cohort(name)?;
            return Ok(By::Cohort { of: cohort.count_by, members: cohort.members });
        }
        only(map, &["group"], "a breakdown")?;
        Ok(By::Key(look.group_type(map.get("group"))?))
    }

    /// Absent is null; a list or an object is one value as a whole.
    fn value(&self, look: Look, row: &Row) -> Plain {
        match self {
            By::Property(address) => address.value(look, row).unwrap_or(Plain::Null),
            By::Key(group_type) => row.key(group_type).map_or(Plain::Null, |key| Plain::Text(key.to_owned())),
            By::Cohort { of, members } => Plain::Bool(row.unit(of).is_some_and(|unit| members.contains(unit))),
        }
    }
}

/// One series' share of the events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slice {
    /// There is no breakdown.
    Whole,
    One(Tuple),
    /// Everything but the tuples within the limit.
    Other(Vec<Tuple>),
}

impl Slice {
    pub(super) fn admits(&self, tuple: &Tuple) -> bool {
        match self {
            Slice::Whole => true,
            Slice::One(own) => own == tuple,
            Slice::Other(ranked) => !ranked.contains(tuple),
        }
    }

    /// The fields that name the slice in a series.
    pub(super) fn name(&self, series: &mut Map<String, Value>) {
        series.insert("breakdown".into(), self.values());
        if matches!(self, Slice::Other(_)) {
            series.insert("other".into(), json!(true));
        }
    }

    fn values(&self) -> Value {
        match self {
            Slice::One(tuple) => tuple.iter().map(Plain::json).collect(),
            Slice::Whole | Slice::Other(_) => json!([]),
        }
    }
}

/// Ranked by count, descending, then value.
pub(super) fn ranked(counts: BTreeMap<Tuple, usize>, limit: usize) -> Vec<Slice> {
    let mut tuples: Vec<(Tuple, usize)> = counts.into_iter().collect();
    tuples.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    top(tuples.into_iter().map(|(tuple, _)| tuple).collect(), limit)
}

/// Ranked by number, descending, none last, then value.
pub(super) fn ranked_by_number(numbers: BTreeMap<Tuple, Option<f64>>, limit: usize) -> Vec<Slice> {
    let (mut some, mut none) = (Vec::new(), Vec::new());
    for (tuple, number) in numbers {
        match number {
            Some(number) => some.push((tuple, number)),
            None => none.push(tuple),
        }
    }
    // Stable: the map gave them in the order of values.
    some.sort_by(|a, b| b.1.partial_cmp(&a.1).expect("a number"));
    top(some.into_iter().map(|(tuple, _)| tuple).chain(none).collect(), limit)
}

/// The first are slices of their own; beyond `limit` everything is `other`, last.
fn top(tuples: Vec<Tuple>, limit: usize) -> Vec<Slice> {
    let more = tuples.len() > limit;
    let top: Vec<Tuple> = tuples.into_iter().take(limit).collect();
    let mut slices: Vec<Slice> = top.iter().cloned().map(Slice::One).collect();
    if more {
        slices.push(Slice::Other(top));
    }
    slices
}

/// The slice that the "breakdown" of a `units` names; `[]` names `other`.
pub(super) fn named_slice<'s>(slices: &'s [Slice], units: &Map<String, Value>) -> Result<&'s Slice, String> {
    let wanted = match units.get("breakdown") {
        None => Vec::new(),
        Some(json) => list(json, "breakdown")?.iter().map(Plain::of).collect(),
    };
    let found = slices.iter().find(|slice| match slice {
        Slice::One(tuple) => *tuple == wanted,
        Slice::Whole | Slice::Other(_) => wanted.is_empty(),
    });
    found.ok_or_else(|| "the result has no series of that breakdown".to_owned())
}
