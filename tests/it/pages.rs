//! Group pages and profiles against the naive evaluator.

use crate::generate::{self, Scope};
use crate::naive::Naive;
use crate::support::{Arrivals, fill};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use serde::Serialize;
use serde_json::{Value, json};
use trackcrumb::pages::{self, GroupsQuery};
use trackcrumb::store::Snapshot;

/// The page as JSON text read back, so that numbers have one form. `versions` is ours alone.
fn shown<T: Serialize, E>(page: Result<T, E>) -> Option<Value> {
    let mut page: Value = serde_json::from_str(&serde_json::to_string(&page.ok()?).unwrap()).unwrap();
    page.as_object_mut().unwrap().remove("versions");
    Some(page)
}

proptest! {
    #![proptest_config(Config { cases: 150, failure_persistence: None, ..Config::default() })]

    #[test]
    fn pages_and_naive_evaluator_agree(
        history in generate::history(Scope::Whole, 100),
        batch in 1usize..30,
        seal_every in 0usize..5,
    ) {
        let mut naive = Naive::default();
        for (line, arrival_us) in &history {
            naive.accept(line, *arrival_us);
        }
        let store = fill(&history, Arrivals { batch, seal_every, reopen_every: 0 }).store;
        check_pages(&store.snapshot().unwrap(), &naive, &users_of(&history))?;
    }
}

/// Every id that a history names.
pub fn users_of(history: &[(Value, i64)]) -> Vec<&str> {
    let named = history.iter().flat_map(|(line, _)| [line["distinct_id"].as_str(), line["alias"].as_str()]);
    let mut users: Vec<&str> = named.flatten().collect();
    users.sort_unstable();
    users.dedup();
    users
}

/// Holds all pages of groups, and those of these users, against the naive evaluator.
pub fn check_pages(snapshot: &Snapshot, naive: &Naive, users: &[&str]) -> Result<(), TestCaseError> {
    prop_assert_eq!(shown(pages::group_types(snapshot)), naive.groups(None).ok());
    for group_type in ["company", "team", "region", "nothing"] {
        let all = GroupsQuery { limit: usize::MAX, ..GroupsQuery::default() };
        let naive_rows = naive.groups(Some(group_type)).ok();
        prop_assert_eq!(shown(pages::groups(snapshot, group_type, &all)), naive_rows.clone());
        let rows = naive_rows.map_or(Vec::new(), |rows| rows["rows"].as_array().unwrap().clone());
        prop_assert_eq!(paged(snapshot, group_type), rows.clone());
        for key in rows.iter().map(|row| row["key"].as_str().unwrap()).chain(["no such key"]) {
            prop_assert_eq!(shown(pages::group(snapshot, group_type, key)), naive.group(group_type, key).ok());
        }
    }
    for user in users.iter().copied().chain(["nobody"]) {
        prop_assert_eq!(shown(pages::user(snapshot, user)), naive.user(user).ok(), "user {}", user);
    }
    Ok(())
}

/// All rows of a type, two a page.
fn paged(snapshot: &Snapshot, group_type: &str) -> Vec<Value> {
    let mut query = GroupsQuery { limit: 2, ..GroupsQuery::default() };
    let mut rows = Vec::new();
    while let Some(page) = shown(pages::groups(snapshot, group_type, &query)) {
        rows.extend(page["rows"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(cursor) => query.cursor = Some(cursor.to_owned()),
            None => break,
        }
    }
    rows
}

/// So many members are put in order beside the search for their latest events.
#[test]
fn the_profile_of_a_large_group_is_whole() {
    let event = |number: i64| {
        let user = format!("u{}", number * 7919 % 2_500);
        let line = json!({"type": "track", "event": "e", "distinct_id": user, "timestamp": number * 1000,
            "groups": {"company": if number < 20 { "small" } else { "large" }}});
        (line, 0)
    };
    let history: Vec<(Value, i64)> = (0..2_520).map(event).collect();
    let mut naive = Naive::default();
    for (line, arrival_us) in &history {
        naive.accept(line, *arrival_us);
    }
    let store = fill(&history, Arrivals { batch: 500, seal_every: 2, reopen_every: 0 }).store;
    check_pages(&store.snapshot().unwrap(), &naive, &["u0"]).unwrap();
    let profile = pages::group(&store.snapshot().unwrap(), "company", "large").unwrap();
    assert_eq!((profile.members.len(), profile.recent.len()), (2_500, 50));
}

#[test]
fn search_looks_at_keys_and_property_texts() {
    let group = |key: &str, plan: &str| {
        (
            json!({"type": "group", "group_type": "company", "group_key": key, "timestamp": 0, "properties": {"plan": plan}}),
            0,
        )
    };
    let history = [group("Acme", "pro"), group("globex", "free"), group("initech", "Professional")];
    let store = fill(&history, Arrivals { batch: 1, seal_every: 2, reopen_every: 0 }).store;
    let snapshot = store.snapshot().unwrap();
    let keys = |search: &str, limit: usize| -> (Vec<String>, bool) {
        let query = GroupsQuery { search: Some(search.to_owned()), limit, cursor: None };
        let page = pages::groups(&snapshot, "company", &query).unwrap();
        (page.rows.into_iter().map(|row| row.key).collect(), page.next_cursor.is_some())
    };
    assert_eq!(keys("ACM", 10), (vec!["Acme".to_owned()], false));
    assert_eq!(keys("pro", 10), (vec!["Acme".to_owned(), "initech".to_owned()], false));
    assert_eq!(keys("pro", 1), (vec!["Acme".to_owned()], true));
    assert!(!keys("pro", 2).1);
}

#[test]
fn an_event_shows_its_properties_and_their_types() {
    let event = |n: i64, properties: Value| {
        (json!({"type": "track", "event": "e", "distinct_id": "u", "timestamp": n * 1000, "properties": properties}), 0)
    };
    let history = [event(1, json!({"a": 1, "b": null})), event(3, json!({"a": "x"})), event(2, json!({"a": 2.5}))];
    let store = fill(&history, Arrivals { batch: 1, seal_every: 2, reopen_every: 0 }).store;
    let snapshot = store.snapshot().unwrap();
    let page = shown(pages::event(&snapshot, "e")).unwrap();
    let expected = json!({
        "event": "e", "count": 3, "first_seen": "1970-01-01T00:00:01Z", "last_seen": "1970-01-01T00:00:03Z",
        "properties": [
            {"property": "a", "count": 3, "types": [{"type": "number", "count": 2}, {"type": "string", "count": 1}]},
            {"property": "b", "count": 1, "types": [{"type": "null", "count": 1}]},
        ],
    });
    assert_eq!(page, expected);
    assert_eq!(shown(pages::events(&snapshot)).unwrap()["events"][0]["count"], 3);
    let error = pages::event(&snapshot, "f").unwrap_err().to_string();
    assert_eq!(error, "there is no event `f`; check its spelling");
}
