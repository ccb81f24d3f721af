//! Lists of groups and users against the naive evaluator: every order, filter and search, page by page in both
//! directions.

use crate::generate::{self, Scope};
use crate::naive::Naive;
use crate::support::{Arrivals, fill};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use serde::Serialize;
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::collections::BTreeSet;
use trackcrumb::language::{Condition, CountBy};
use trackcrumb::model;
use trackcrumb::pages::{self, ListPage, ListQuery, PageError, Sort};
use trackcrumb::store::Snapshot;

/// A row as the naive evaluator knows it.
#[derive(Clone, Debug)]
struct Expected {
    name: String,
    properties: Value,
    recent: Option<String>,
}

/// What a list is asked for.
#[derive(Clone, Debug)]
struct Asked {
    sort: Sort,
    is_reversed: bool,
    search: Option<String>,
    filter: Option<Value>,
    limit: usize,
}

fn asked() -> impl Strategy<Value = Asked> {
    let sort = prop_oneof![
        2 => Just(Sort::Recent),
        1 => Just(Sort::Name),
        2 => generate::property_path().prop_map(|path| Sort::Property(path.to_owned())),
    ];
    let search = prop::sample::select(vec![None, None, None, Some("A"), Some("pro"), Some("ü"), Some("1"), Some("u")]);
    let filter = prop::option::of(generate::list_filter());
    (sort, any::<bool>(), search, filter, 1usize..4).prop_map(|(sort, is_reversed, search, filter, limit)| Asked {
        sort,
        is_reversed,
        search: search.map(str::to_owned),
        filter,
        limit,
    })
}

proptest! {
    #![proptest_config(Config { cases: 150, failure_persistence: None, ..Config::default() })]

    #[test]
    fn lists_and_naive_evaluator_agree(
        history in generate::history(Scope::Whole, 100),
        asked in prop::collection::vec(asked(), 1..6),
        batch in 1usize..30,
        seal_every in 0usize..5,
    ) {
        let mut naive = Naive::default();
        for (line, arrival_us) in &history {
            naive.accept(line, *arrival_us);
        }
        let store = fill(&history, Arrivals { batch, seal_every, reopen_every: 0 }).store;
        let snapshot = store.snapshot().unwrap();
        let users = expected_users(&naive);
        for asked in &asked {
            let page = |query: &ListQuery| shown(pages::user_list(&snapshot, query), "id", "last_seen");
            check(asked, &users, &naive, &json!("users"), page)?;
            for group_type in ["company", "team"] {
                let Some(keys) = expected_keys(&naive, group_type) else {
                    prop_assert!(pages::group_list(&snapshot, group_type, &ListQuery::default()).is_err());
                    continue;
                };
                let page = |query: &ListQuery| {
                    shown(pages::group_list(&snapshot, group_type, query), "key", "last_updated")
                };
                check(asked, &keys, &naive, &json!({ "group": group_type }), page)?;
            }
        }
        check_users(&snapshot, &naive)?;
    }
}

/// Every user of the list is what the user's own page says.
fn check_users(snapshot: &Snapshot, naive: &Naive) -> Result<(), TestCaseError> {
    for row in pages::user_list(snapshot, &ListQuery { limit: usize::MAX, ..ListQuery::default() }).unwrap().rows {
        let user = naive.user(&row.id).unwrap();
        let row: Value = serde_json::from_str(&serde_json::to_string(&row).unwrap()).unwrap();
        prop_assert_eq!(&row["properties"], &user["properties"]);
        prop_assert_eq!(&row["groups"], &user["groups"]);
    }
    Ok(())
}

/// The page with rows as (name, recent).
fn shown<R: Serialize>(
    page: Result<ListPage<R>, PageError>,
    name: &str,
    recent: &str,
) -> ListPage<(String, Option<String>)> {
    let page = page.unwrap();
    let text = |row: &Value, field: &str| row[field].as_str().map(str::to_owned);
    let rows = page.rows.iter().map(|row| serde_json::to_value(row).unwrap());
    ListPage {
        rows: rows.map(|row| (text(&row, name).unwrap(), text(&row, recent))).collect(),
        next_cursor: page.next_cursor,
        previous_cursor: page.previous_cursor,
        first: page.first,
        total: page.total,
        all: page.all,
    }
}

fn expected_users(naive: &Naive) -> Vec<Expected> {
    let row = |id: &String| {
        let user = naive.user(id).unwrap();
        let recent = user["recent"][0]["timestamp"].as_str().map(str::to_owned);
        Expected { name: id.clone(), properties: user["properties"].clone(), recent }
    };
    members(naive, &json!({"all": []}), &json!("users")).iter().map(row).collect()
}

fn expected_keys(naive: &Naive, group_type: &str) -> Option<Vec<Expected>> {
    let rows = naive.groups(Some(group_type)).ok()?;
    let row = |row: &Value| Expected {
        name: row["key"].as_str().unwrap().to_owned(),
        properties: row["properties"].clone(),
        recent: row["last_updated"].as_str().map(str::to_owned),
    };
    Some(rows["rows"].as_array().unwrap().iter().map(row).collect())
}

/// The units that a cohort of this condition has.
fn members(naive: &Naive, condition: &Value, count_by: &Value) -> BTreeSet<String> {
    let document = json!({"report": "cohort", "where": condition, "count_by": count_by, "limit": 1000});
    let answer = naive.report(&document, 0).unwrap();
    answer["members"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

fn has_text(value: &Value, text: &str) -> bool {
    match value {
        Value::Null => false,
        Value::String(own) => own.to_lowercase().contains(text),
        Value::Array(items) => items.iter().any(|item| has_text(item, text)),
        Value::Object(fields) => fields.values().any(|field| has_text(field, text)),
        other => model::Value::from_serde(other).to_json().contains(text),
    }
}

fn value_at(properties: &Value, path: &str) -> Option<model::Value> {
    let model::Value::Object(fields) = model::Value::from_serde(properties) else { return None };
    model::value::lookup_path(&fields, path).cloned()
}

fn absent_last<T: Ord>(a: Option<T>, b: Option<T>, is_reversed: bool) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if is_reversed => b.cmp(&a),
        (Some(a), Some(b)) => a.cmp(&b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

/// Holds all pages, from the first to the last and back, against the rows as they must be.
fn check(
    asked: &Asked,
    rows: &[Expected],
    naive: &Naive,
    count_by: &Value,
    page: impl Fn(&ListQuery) -> ListPage<(String, Option<String>)>,
) -> Result<(), TestCaseError> {
    let units = match count_by["group"].as_str() {
        None => CountBy::Users,
        Some(group_type) => CountBy::group(group_type),
    };
    // A condition that means nothing, such as a bad pattern, is refused wherever it stands.
    let filter = asked.filter.as_ref().map(|filter| Condition::parse(&filter.to_string(), &units)).transpose();
    let Ok(filter) = filter else { return Ok(()) };
    let text = asked.search.as_ref().map(|text| text.to_lowercase());
    let passing = asked.filter.as_ref().map(|filter| members(naive, filter, count_by));
    let mut wanted: Vec<&Expected> = rows
        .iter()
        .filter(|row| passing.as_ref().is_none_or(|passing| passing.contains(&row.name)))
        .filter(|row| {
            text.as_ref().is_none_or(|text| row.name.to_lowercase().contains(text) || has_text(&row.properties, text))
        })
        .collect();
    wanted.sort_by(|a, b| {
        let by_name = a.name.cmp(&b.name);
        match &asked.sort {
            Sort::Name if asked.is_reversed => by_name.reverse(),
            Sort::Name => by_name,
            // Written alike, so that texts of one length compare as times do; others are compared as times.
            Sort::Recent => absent_last(time(&a.recent), time(&b.recent), !asked.is_reversed).then(by_name),
            Sort::Property(path) => {
                let of = |row: &Expected| value_at(&row.properties, path);
                absent_last(of(a), of(b), asked.is_reversed).then(by_name)
            }
        }
    });
    let expected: Vec<(String, Option<String>)> =
        wanted.iter().map(|row| (row.name.clone(), row.recent.clone())).collect();
    let Asked { sort, is_reversed, search, limit, .. } = asked.clone();
    let mut query = ListQuery { search, filter, among: None, sort, is_reversed, limit, cursor: None };
    let mut first = 0;
    loop {
        let found = page(&query);
        let end = expected.len().min(first + limit);
        prop_assert_eq!(&found.rows[..], &expected[first..end], "{:?}", asked);
        let counts = (found.first, found.total, found.all);
        prop_assert_eq!(counts, (first as u64, expected.len() as u64, rows.len() as u64));
        prop_assert_eq!(found.previous_cursor.is_some(), first > 0);
        prop_assert_eq!(found.next_cursor.is_some(), end < expected.len());
        match found.next_cursor {
            Some(cursor) => query.cursor = Some(cursor),
            None => break,
        }
        first = end;
    }
    while let Some(cursor) = page(&query).previous_cursor {
        query.cursor = Some(cursor);
        let before = first.saturating_sub(limit);
        let found = page(&query);
        prop_assert_eq!(found.first, before as u64);
        prop_assert_eq!(&found.rows[..], &expected[before..expected.len().min(before + limit)], "{:?} back", asked);
        first = before;
    }
    prop_assert_eq!(first, 0);
    Ok(())
}

fn time(text: &Option<String>) -> Option<model::Timestamp> {
    text.as_ref().map(|text| model::Timestamp::parse(text).unwrap())
}

#[test]
fn who_belongs_to_a_key_is_listed_and_what_a_list_cannot_tell_is_refused() {
    let group = |user: &str, key: &str, second: i64| {
        let line = json!({"type": "group", "distinct_id": user, "group_type": "company", "group_key": key,
            "timestamp": second * 1000});
        (line, 0)
    };
    let history =
        [group("ann", "acme", 1), group("bob", "globex", 1), group("ann", "globex", 0), group("cem", "acme", 2)];
    let store = fill(&history, Arrivals { batch: 2, seal_every: 1, reopen_every: 0 }).store;
    let snapshot = store.snapshot().unwrap();
    let listed = |filter: Value| {
        let filter = Condition::parse(&filter.to_string(), &CountBy::Users).unwrap();
        let query = ListQuery { filter: Some(filter), sort: Sort::Name, ..ListQuery::default() };
        pages::user_list(&snapshot, &query).map(|page| page.rows.into_iter().map(|row| row.id).collect::<Vec<_>>())
    };
    assert_eq!(listed(json!({"member_of": {"group": "company", "key": ["acme", "none"]}})).unwrap(), ["ann", "cem"]);
    assert_eq!(listed(json!({"not": {"member_of": {"group": "company", "key": "acme"}}})).unwrap(), ["bob"]);
    let refused = listed(json!({"any": [{"did": "opened"}]})).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a list is filtered by properties and by `member_of` with keys; save a cohort for `did`"
    );
    assert!(matches!(listed(json!({"cohort": "c"})), Err(PageError::Condition { condition: "cohort" })));
    let query = ListQuery { cursor: Some("7~ann".to_owned()), sort: Sort::Name, ..ListQuery::default() };
    // A cursor of another order is a place in this one too, or none.
    assert!(pages::user_list(&snapshot, &query).is_ok());
    let query = ListQuery { cursor: Some("\"x\"~ann".to_owned()), ..ListQuery::default() };
    assert!(matches!(pages::user_list(&snapshot, &query), Err(PageError::Cursor { .. })));
}
