//! How events are used, against what the exported lines say.

use crate::generate::{self, Scope};
use crate::naive::Naive;
use crate::support::{Arrivals, Filled, exported_json, fill};
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use trackcrumb::model::Timestamp;
use trackcrumb::pages::{self, Warning};

const DAY: i64 = 86_400_000_000;

fn micros(line: &Value) -> i64 {
    Timestamp::parse(line["timestamp"].as_str().unwrap()).unwrap().micros()
}

proptest! {
    #![proptest_config(Config { cases: 150, failure_persistence: None, ..Config::default() })]

    #[test]
    fn uses_are_what_the_lines_say(
        history in generate::history(Scope::Whole, 100),
        at in any::<prop::sample::Index>(),
        days in 1u32..40,
        ahead in 0i64..3,
        batch in 1usize..30,
        seal_every in 0usize..5,
    ) {
        let mut naive = Naive::default();
        for (line, arrival_us) in &history {
            naive.accept(line, *arrival_us);
        }
        let store = fill(&history, Arrivals { batch, seal_every, reopen_every: 0 }).store;
        let snapshot = store.snapshot().unwrap();
        let lines = exported_json(&snapshot);
        let events: Vec<&Value> = lines.iter().filter(|line| line["type"] == "track").collect();
        if events.is_empty() {
            return Ok(());
        }
        // Today is about when something happened.
        let today = micros(events[at.index(events.len())]).div_euclid(DAY) + ahead;
        let uses = pages::event_uses(&snapshot, Timestamp::clamped(today * DAY + 5), days).unwrap();
        let first = today - i64::from(days);
        let place = |line: &Value| usize::try_from(micros(line).div_euclid(DAY) - first).ok().filter(|place| *place <= days as usize);
        let lately: Vec<&Value> = events.iter().copied().filter(|line| place(line).is_some()).collect();
        prop_assert_eq!(uses.count, lately.len() as u64);
        let types: BTreeSet<&String> = lately.iter().filter_map(|line| line["groups"].as_object()).flat_map(|groups| groups.keys()).collect();
        let names: BTreeSet<&str> = events.iter().map(|line| line["event"].as_str().unwrap()).collect();
        prop_assert_eq!(uses.events.iter().map(|used| used.event.as_str()).collect::<BTreeSet<_>>(), names);
        prop_assert!(uses.events.is_sorted_by(|a, b| (b.lately, b.count, &a.event) < (a.lately, a.count, &b.event)));
        for used in &uses.events {
            let own = |lines: &[&Value]| lines.iter().copied().filter(|line| line["event"] == used.event.as_str()).cloned().collect::<Vec<Value>>();
            let (all, lately) = (own(&events), own(&lately));
            prop_assert_eq!((used.count, used.lately), (all.len() as u64, lately.len() as u64));
            let times = || all.iter().map(|line| Timestamp::clamped(micros(line)));
            prop_assert_eq!(&used.first_seen, &times().min().unwrap().to_string());
            prop_assert_eq!(&used.last_seen, &times().max().unwrap().to_string());
            let mut per_day = vec![0; days as usize + 1];
            lately.iter().for_each(|line| per_day[place(line).unwrap()] += 1);
            prop_assert_eq!(&used.per_day, &per_day);
            let users: BTreeSet<String> =
                lately.iter().map(|line| naive.user(line["distinct_id"].as_str().unwrap()).unwrap()["id"].to_string()).collect();
            prop_assert_eq!(used.users, users.len() as u64);
            prop_assert_eq!(used.groups.keys().collect::<BTreeSet<_>>(), types.clone());
            for (group_type, group) in &used.groups {
                let keys: Vec<&str> = lately.iter().filter_map(|line| line["groups"][group_type].as_str()).collect();
                prop_assert_eq!(group.events, keys.len() as u64);
                prop_assert_eq!(group.keys, keys.into_iter().collect::<BTreeSet<_>>().len() as u64);
            }
        }
    }
}

fn track(event: &str, day: i64, properties: Value, groups: Value) -> (Value, i64) {
    let line = json!({"type": "track", "distinct_id": "u", "event": event, "timestamp": day * DAY / 1000,
        "properties": properties, "groups": groups});
    (line, 0)
}

/// The warnings of each event on a day, looking back 30 days.
fn warnings(filled: &Filled, today: i64) -> Vec<(String, Vec<Warning>)> {
    let snapshot = filled.store.snapshot().unwrap();
    let mut uses = pages::event_uses(&snapshot, Timestamp::clamped(today * DAY), 30).unwrap();
    uses.events.sort_by(|a, b| a.event.cmp(&b.event));
    uses.events.into_iter().map(|used| (used.event, used.warnings)).collect()
}

#[test]
fn an_event_that_stops_is_silent_and_later_unused() {
    let company = || json!({"company": "acme"});
    let mut history: Vec<_> = (100..110).map(|day| track("daily", day, json!({}), company())).collect();
    history.extend([100, 108].map(|day| track("seldom", day, json!({}), company())));
    let filled = fill(&history, Arrivals { batch: 3, seal_every: 2, reopen_every: 0 });
    let of = |today| warnings(&filled, today).into_iter().map(|(_, warnings)| warnings).collect::<Vec<_>>();
    assert_eq!(of(109), [vec![], vec![]]);
    assert_eq!(of(111), [vec![], vec![]], "one day without it may be a holiday");
    assert_eq!(of(112), [vec![Warning::Silent { days: 2 }], vec![]]);
    assert_eq!(of(138), [vec![Warning::Silent { days: 28 }], vec![]]);
    assert_eq!(of(140), [vec![Warning::Silent { days: 30 }], vec![Warning::Unused { days: 31 }]]);
}

#[test]
fn what_looks_like_a_mistake_is_said() {
    let company = || json!({"company": "acme"});
    let history = [
        track("Signed Up", 100, json!({"rows": 1}), company()),
        track("signed_up", 100, json!({"rows": "1"}), company()),
        track("export", 100, json!({"rows": 1, "note": null, "x": [1]}), company()),
        track("export", 100, json!({"rows": "many", "note": 5, "x": [2]}), company()),
        track("newsletter", 100, json!({}), json!({})),
        track("old", 10, json!({"a": 1}), json!({})),
        track("old", 11, json!({"a": true}), json!({})),
    ];
    for seal_every in [0, 1, 4] {
        let filled = fill(&history, Arrivals { batch: 1, seal_every, reopen_every: 0 });
        let alike = |other: &str| vec![Warning::Alike { events: vec![other.to_owned()] }];
        let several = Warning::SeveralTypes { property: "rows".to_owned(), types: vec!["number", "string"] };
        let expected = [
            ("Signed Up", alike("signed_up")),
            ("export", vec![several]),
            ("newsletter", vec![Warning::WithoutGroup { group: "company".to_owned() }]),
            ("old", vec![Warning::Unused { days: 88 }]),
            ("signed_up", alike("Signed Up")),
        ];
        assert_eq!(warnings(&filled, 100), expected.map(|(name, warnings)| (name.to_owned(), warnings)));
    }
    let json = serde_json::to_value(Warning::Silent { days: 2 }).unwrap();
    assert_eq!(json, json!({"kind": "silent", "days": 2}));
}
