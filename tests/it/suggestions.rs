//! Properties and values for suggestions, against what the exported lines say.

use crate::generate::{self, Scope};
use crate::naive::Naive;
use crate::support::{Arrivals, exported_json, fill};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use trackcrumb::model;
use trackcrumb::pages::{self, Look, Owner, PropertyList, Values, ValuesQuery};
use trackcrumb::store::Snapshot;

proptest! {
    #![proptest_config(Config { cases: 150, failure_persistence: None, ..Config::default() })]

    #[test]
    fn suggestions_say_what_the_lines_say(
        history in generate::history(Scope::Whole, 100),
        path in generate::property_path(),
        search in prop::sample::select(vec![None, Some("R"), Some("1"), Some("ü")]),
        limit in 1usize..6,
        batch in 1usize..30,
        seal_every in 0usize..5,
    ) {
        let mut naive = Naive::default();
        for (line, arrival_us) in &history {
            naive.accept(line, *arrival_us);
        }
        let store = fill(&history, Arrivals { batch, seal_every, reopen_every: 0 }).store;
        let snapshot = store.snapshot().unwrap();
        for (owner, all) in owners(&snapshot, &naive) {
            let query = ValuesQuery { owner: owner.clone(), property: path.to_owned(), search: search.map(str::to_owned), limit };
            check_values(&pages::values(&snapshot, &query).unwrap(), &all, &query)?;
            check_properties(&pages::properties(&snapshot, &owner, Look::Thorough).unwrap(), &all)?;
        }
    }
}

type Object = BTreeMap<String, model::Value>;

fn object(json: &Value) -> Object {
    match model::Value::from_serde(json) {
        model::Value::Object(fields) => fields,
        _ => Object::new(),
    }
}

/// Whose properties can be asked for, with the properties of each event or holder.
fn owners(snapshot: &Snapshot, naive: &Naive) -> Vec<(Owner, Vec<Object>)> {
    let lines = exported_json(snapshot);
    let events: Vec<&Value> = lines.iter().filter(|line| line["type"] == "track").collect();
    let of = |name: Option<&str>| {
        let named = events.iter().filter(|event| name.is_none_or(|name| event["event"] == name));
        named.map(|event| object(&event["properties"])).collect::<Vec<_>>()
    };
    let mut owners = vec![(Owner::Events(None), of(None))];
    let names: BTreeSet<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    owners.extend(names.into_iter().map(|name| (Owner::Events(Some(name.to_owned())), of(Some(name)))));
    let everybody = json!({"report": "cohort", "where": {"all": []}, "limit": 1000});
    let users = naive.report(&everybody, 0).unwrap();
    let users = users["members"].as_array().unwrap().iter().map(|id| naive.user(id.as_str().unwrap()).unwrap());
    owners.push((Owner::Users, users.map(|user| object(&user["properties"])).collect()));
    if let Ok(rows) = naive.groups(Some("company")) {
        let rows = rows["rows"].as_array().unwrap().iter().map(|row| object(&row["properties"])).collect();
        owners.push((Owner::Group("company".to_owned()), rows));
    }
    owners
}

/// The different scalars of a value and of lists in it.
fn scalars(value: &model::Value) -> BTreeSet<model::Value> {
    match value {
        model::Value::Null | model::Value::Object(_) => BTreeSet::new(),
        model::Value::List(items) => items.iter().flat_map(scalars).collect(),
        scalar => BTreeSet::from([scalar.clone()]),
    }
}

fn counted<'v>(values: impl Iterator<Item = &'v model::Value>) -> BTreeMap<model::Value, u64> {
    let mut counts = BTreeMap::new();
    values.flat_map(scalars).for_each(|scalar| *counts.entry(scalar).or_default() += 1);
    counts
}

/// The most frequent first, then in the order of values.
fn ranked(counts: BTreeMap<model::Value, u64>, limit: usize) -> Vec<(model::Value, u64)> {
    let mut ranked: Vec<(model::Value, u64)> = counts.into_iter().collect();
    ranked.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    ranked.truncate(limit);
    ranked
}

fn check_values(found: &Values, all: &[Object], query: &ValuesQuery) -> Result<(), TestCaseError> {
    let mut counts = counted(all.iter().filter_map(|fields| model::value::lookup_path(fields, &query.property)));
    if let Some(search) = &query.search {
        let search = search.to_lowercase();
        counts.retain(|value, _| match value {
            model::Value::String(text) => text.to_lowercase().contains(&search),
            other => other.to_json().contains(&search),
        });
    }
    prop_assert_eq!(found.distinct, counts.len() as u64);
    let values: Vec<_> = found.values.iter().map(|counted| (counted.value.clone(), counted.count)).collect();
    prop_assert_eq!(values, ranked(counts, query.limit), "{:?}", query);
    let sample = (found.sample.counted, found.sample.of, &found.sample.since);
    prop_assert_eq!(sample, (all.len() as u64, all.len() as u64, &None), "{:?}", query.owner);
    Ok(())
}

/// The values of every property, and of every path into objects that no property has for its name.
fn paths(all: &[Object]) -> BTreeMap<String, Vec<&model::Value>> {
    fn look_into<'o>(
        prefix: &str,
        fields: &'o Object,
        depth: usize,
        inside: &mut BTreeMap<String, Vec<&'o model::Value>>,
    ) {
        for (name, value) in fields {
            let path = format!("{prefix}.{name}");
            match value {
                model::Value::Null => {}
                model::Value::Object(_) if depth == 5 => {}
                model::Value::Object(fields) => look_into(&path, fields, depth + 1, inside),
                value => inside.entry(path).or_default().push(value),
            }
        }
    }
    let (mut named, mut inside) = (BTreeMap::<String, Vec<&model::Value>>::new(), BTreeMap::new());
    for (name, value) in all.iter().flatten().filter(|(_, value)| !value.is_null()) {
        named.entry(name.clone()).or_default().push(value);
        if let model::Value::Object(fields) = value {
            look_into(name, fields, 1, &mut inside);
        }
    }
    inside.retain(|path, _| !named.contains_key(path));
    named.into_iter().chain(inside).collect()
}

fn check_properties(found: &PropertyList, all: &[Object]) -> Result<(), TestCaseError> {
    let expected = paths(all);
    let mut order: Vec<(&String, usize)> = expected.iter().map(|(path, values)| (path, values.len())).collect();
    order.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let listed: Vec<_> = found.properties.iter().map(|listed| (&listed.property, listed.count as usize)).collect();
    prop_assert_eq!(listed, order);
    for listed in &found.properties {
        let values = &expected[&listed.property];
        let counts = counted(values.iter().copied());
        prop_assert_eq!(listed.distinct, counts.len() as u64);
        let samples: Vec<_> = listed.values.iter().map(|counted| (counted.value.clone(), counted.count)).collect();
        prop_assert_eq!(samples, ranked(counts, 3));
        for counted in &listed.types {
            let of_type = values.iter().filter(|value| type_of(value) == counted.value_type).count();
            prop_assert_eq!(counted.count, of_type as u64);
        }
        prop_assert_eq!(listed.types.iter().map(|counted| counted.count).sum::<u64>(), listed.count);
    }
    Ok(())
}

fn type_of(value: &model::Value) -> &'static str {
    match value {
        model::Value::Null => "null",
        model::Value::Bool(_) => "boolean",
        model::Value::Number(_) => "number",
        model::Value::String(_) => "string",
        model::Value::List(_) => "list",
        model::Value::Object(_) => "object",
    }
}

#[test]
fn what_is_not_there_is_named() {
    let history = [(json!({"type": "track", "event": "opened", "distinct_id": "u", "timestamp": 0}), 0)];
    let store = fill(&history, Arrivals { batch: 1, seal_every: 0, reopen_every: 0 }).store;
    let snapshot = store.snapshot().unwrap();
    let error = |owner: Owner| pages::properties(&snapshot, &owner, Look::Thorough).unwrap_err().to_string();
    assert_eq!(error(Owner::Events(Some("open".to_owned()))), "there is no event `open`; did you mean `opened`?");
    assert_eq!(error(Owner::Group("company".to_owned())), "there is no group type `company`; check its spelling");
    assert!(pages::properties(&snapshot, &Owner::Users, Look::Thorough).unwrap().properties.is_empty());
}
