//! The figures of a workspace and its feed, against the naive evaluator and the exported lines.

use crate::generate::{self, Scope};
use crate::naive::Naive;
use crate::support::{Arrivals, exported_json, fill};
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use trackcrumb::language::{CountBy, Interval, ResolvedRange, Zone};
use trackcrumb::model::Timestamp;
use trackcrumb::pages;
use trackcrumb::reports::{self, HomeQuery, Limits};

/// As JSON text read back, so that numbers have one form.
fn shown(answer: &impl Serialize) -> Value {
    serde_json::from_str(&serde_json::to_string(answer).unwrap()).unwrap()
}

fn micros(line: &Value) -> i64 {
    Timestamp::parse(line["timestamp"].as_str().unwrap()).unwrap().micros()
}

/// The first `most`, the greatest numbers first, then by name.
fn ranked(counts: BTreeMap<String, u64>, most: usize) -> Vec<(String, u64)> {
    let mut ranked: Vec<(String, u64)> = counts.into_iter().collect();
    ranked.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    ranked.truncate(most);
    ranked
}

proptest! {
    #![proptest_config(Config { cases: 120, failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_figures_are_those_of_reports(
        history in generate::history(Scope::Whole, 100),
        at in any::<prop::sample::Index>(),
        after in 0i64..200_000_000_000,
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "Pacific/Apia", "America/St_Johns"]),
        by_company in any::<bool>(),
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
        if events.is_empty() || by_company && naive.groups(Some("company")).is_err() {
            return Ok(());
        }
        let now = micros(events[at.index(events.len())]) + after;
        let count_by = if by_company { json!({"group": "company"}) } else { json!("users") };
        let query = HomeQuery {
            count_by: if by_company { CountBy::group("company") } else { CountBy::Users },
            timezone: Zone::named(zone),
        };
        let home = reports::home(&snapshot, &query, Timestamp::clamped(now), &Limits::default()).unwrap();
        let trends = |from: &str, measure: &str, count_by: &Value, interval: &str| {
            let series = json!([{"event": "*", "measure": measure}]);
            let document = json!({"report": "trends", "from": from, "to": "now", "timezone": zone, "count_by": count_by,
                "interval": interval, "series": series, "compare": "previous"});
            naive.report(&document, now).unwrap()
        };
        let mut volume = trends("-29d", "total", &json!("users"), "day");
        volume.as_object_mut().unwrap().remove("previous_buckets");
        volume["series"][0].as_object_mut().unwrap().remove("previous");
        prop_assert_eq!(shown(&home.volume), volume);
        prop_assert_eq!(shown(&home.active), trends("-29d", "unique", &count_by, "day"));
        // The last week of a trend by weeks ends now, and the one before it at the same time of the week.
        let weeks = trends("-0d", "total", &json!("users"), "week");
        let start = weeks["buckets"][0].as_str().unwrap();
        let week = trends(start, "total", &json!("users"), "week");
        let compared = |answer: &Value| json!({"value": answer["series"][0]["total"], "previous": answer["series"][0]["previous"]["total"]});
        prop_assert_eq!(shown(&home.events_week), compared(&week));
        let day = |from: &str| {
            let answer = trends(from, "total", &json!("users"), "day");
            Timestamp::parse(answer["buckets"][0].as_str().unwrap()).unwrap().micros()
        };
        let (today, from) = (day("-0d"), day("-6d"));
        let own_zone = Zone::named(zone).unwrap();
        let pair = |from_micros: i64| {
            let range = ResolvedRange { from_micros, to_micros: now };
            [range, range.moved_back(7, Interval::Day, &own_zone)]
        };
        let bounds = |range: ResolvedRange| [range.from_micros, range.to_micros].map(|micros| Timestamp::clamped(micros).to_string());
        let total = |range: ResolvedRange, measure: &str, count_by: &Value| {
            let [from, to] = bounds(range);
            let document = json!({"report": "trends", "from": from, "to": to, "count_by": count_by, "interval": "week",
                "series": [{"event": "*", "measure": measure}]});
            naive.report(&document, now).unwrap()["series"][0]["total"].clone()
        };
        let both = |[value, previous]: [Value; 2]| json!({"value": value, "previous": previous});
        prop_assert_eq!(shown(&home.events_today), both(pair(today).map(|range| total(range, "total", &json!("users")))));
        prop_assert_eq!(shown(&home.active_today), both(pair(today).map(|range| total(range, "unique", &count_by))));
        let new = |range: ResolvedRange| {
            let [from, to] = bounds(range);
            let condition = json!({"first_did": "*", "from": from, "to": to});
            naive.report(&json!({"report": "cohort", "where": condition, "count_by": count_by}), now).unwrap()["size"].clone()
        };
        prop_assert_eq!(shown(&home.new_units), both(pair(from).map(new)));
        let owner = |line: &Value| match by_company {
            true => line["groups"]["company"].as_str().map(str::to_owned),
            false => Some(naive.user(line["distinct_id"].as_str().unwrap()).unwrap()["id"].as_str().unwrap().to_owned()),
        };
        let (mut by_event, mut by_unit) = (BTreeMap::new(), BTreeMap::new());
        for line in events.iter().filter(|line| (from..now).contains(&micros(line))) {
            *by_event.entry(line["event"].as_str().unwrap().to_owned()).or_default() += 1;
            if let Some(unit) = owner(line) {
                *by_unit.entry(unit).or_default() += 1;
            }
        }
        let most_active: Vec<_> = home.most_active.iter().map(|active| (active.name.clone(), active.events)).collect();
        prop_assert_eq!(most_active, ranked(by_unit, 8));
        let frequent: Vec<_> = home.events.iter().map(|occurring| (occurring.event.clone(), occurring.count)).collect();
        prop_assert_eq!(frequent, ranked(by_event, 8));
    }

    #[test]
    fn the_feed_is_what_arrived_last(
        history in generate::history(Scope::Whole, 100),
        limit in 1usize..20,
        since in 0u64..120,
        batch in 1usize..30,
        seal_every in 0usize..5,
    ) {
        let mut naive = Naive::default();
        for (line, arrival_us) in &history {
            naive.accept(line, *arrival_us);
        }
        let store = fill(&history, Arrivals { batch, seal_every, reopen_every: 0 }).store;
        let snapshot = store.snapshot().unwrap();
        let feed = pages::feed(&snapshot, since, limit).unwrap();
        // Every accepted thing has the arrival of its place, as nothing was erased.
        let lines = exported_json(&snapshot);
        prop_assert_eq!(feed.next, lines.len() as u64);
        let arrived = lines.iter().enumerate().skip(since as usize).map(|(_, line)| line);
        let expected: Vec<Value> = arrived.rev().filter(|line| line["type"] == "track").take(limit).map(|line| {
            let user = naive.user(line["distinct_id"].as_str().unwrap()).unwrap();
            let mut event = line.clone();
            let fields = event.as_object_mut().unwrap();
            fields.remove("type");
            fields.insert("distinct_id".to_owned(), user["id"].clone());
            for field in ["groups", "properties"] {
                fields.entry(field).or_insert_with(|| json!({}));
            }
            event
        }).collect();
        prop_assert_eq!(shown(&feed.events), Value::Array(expected));
    }
}
