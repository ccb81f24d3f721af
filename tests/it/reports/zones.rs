//! A workspace's own time zone: a document that names none is answered as one that names this.

use super::agree::{arrivals, cases};
use crate::generate::{self, Case, Scope};
use crate::support::{Arrivals, Filled};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use serde_json::{Value, json};
use trackcrumb::language::Report;
use trackcrumb::model::Timestamp;
use trackcrumb::reports;
use trackcrumb::store::{Outcome, Snapshot};

/// Gives every document in a value this time zone, or none: the value itself, and reports inside conditions.
fn in_zone(value: &Value, zone: Option<&str>) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| in_zone(item, zone)).collect(),
        Value::Object(fields) => {
            let mut changed: serde_json::Map<String, Value> =
                fields.iter().map(|(name, value)| (name.clone(), in_zone(value, zone))).collect();
            if fields.get("report").is_some_and(Value::is_string) {
                changed.remove("timezone");
                changed.extend(zone.map(|zone| ("timezone".to_owned(), json!(zone))));
            }
            Value::Object(changed)
        }
        other => other.clone(),
    }
}

/// A history whose saved cohorts have this time zone, or none.
fn history_in_zone(history: &[(Value, i64)], zone: Option<&str>) -> Vec<(Value, i64)> {
    let changed = |line: &Value| if line["type"] == "cohort" { in_zone(line, zone) } else { line.clone() };
    history.iter().map(|(line, arrival_us)| (changed(line), *arrival_us)).collect()
}

/// The documents, and once more with a `now` that is a date.
fn documents(case: &Case) -> Vec<Value> {
    let dated = case.documents.iter().filter_map(|document| {
        let mut dated = document.clone();
        dated["now"] = json!(document["now"].as_str()?.get(..10)?);
        Some(dated)
    });
    case.documents.iter().cloned().chain(dated).collect()
}

fn answer(snapshot: &Snapshot, document: &Value, now_us: i64) -> Result<String, String> {
    let report = Report::from_value(document).map_err(|error| error.to_string())?;
    let answer = reports::run(snapshot, &report, Timestamp::clamped(now_us)).map_err(|error| error.to_string())?;
    Ok(serde_json::to_string(&answer).unwrap())
}

fn check(case: &Case, arrivals: Arrivals) -> Result<(), TestCaseError> {
    let zone = case.setting.zone;
    let (mut told, mut plain) = (Filled::empty(), Filled::empty());
    told.store.set_timezone(zone).unwrap();
    told.add(&history_in_zone(&case.history, None), arrivals);
    plain.add(&history_in_zone(&case.history, Some(zone)), arrivals);
    // A range that is never valid in one zone may be in another.
    let refused = |filled: &Filled| -> Vec<bool> {
        filled.outcomes.iter().map(|outcome| matches!(outcome, Outcome::Refused(_))).collect()
    };
    prop_assume!(refused(&told) == refused(&plain));
    let (told, plain) = (told.store.snapshot().unwrap(), plain.store.snapshot().unwrap());
    for document in documents(case) {
        let (without, within) = (in_zone(&document, None), in_zone(&document, Some(zone)));
        prop_assert_eq!(answer(&told, &without, case.now_us), answer(&plain, &within, case.now_us), "{}", without);
        // The document's own zone comes first.
        let utc = in_zone(&document, Some("UTC"));
        prop_assert_eq!(answer(&told, &utc, case.now_us), answer(&plain, &without, case.now_us), "{}", utc);
    }
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: cases() / 2, max_shrink_iters: 4000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_document_without_a_time_zone_follows_the_workspace(
        case in generate::case(Scope::Whole, 80, 1..=12),
        arrivals in arrivals(),
    ) {
        check(&case, arrivals)?;
    }
}

/// One event an hour before midnight in Berlin, and where it is counted.
#[test]
fn days_of_the_workspace_are_those_of_its_time_zone() {
    let mut filled = Filled::empty();
    let event = json!({"type": "track", "distinct_id": "a", "event": "e", "timestamp": "2026-01-05T22:30:00Z"});
    let late = json!({"type": "track", "distinct_id": "b", "event": "e", "timestamp": "2026-01-05T23:30:00Z"});
    filled.add(&[(event, 0), (late, 0)], Arrivals { batch: 2, seal_every: 1, reopen_every: 0 });
    let document = json!({"report": "trends", "from": "2026-01-05", "to": "2026-01-07", "series": [{"event": "e"}]});
    let asked = |filled: &Filled| -> Value {
        let answer = answer(&filled.store.snapshot().unwrap(), &document, 0).unwrap();
        serde_json::from_str(&answer).unwrap()
    };
    assert_eq!(asked(&filled)["series"][0]["values"], json!([2, 0]));
    filled.store.set_timezone("Europe/Berlin").unwrap();
    let berlin = asked(&filled);
    assert_eq!(berlin["buckets"], json!(["2026-01-05T00:00:00+01:00", "2026-01-06T00:00:00+01:00"]));
    assert_eq!(berlin["series"][0]["values"], json!([1, 1]));
    filled.reopen();
    assert_eq!(asked(&filled), berlin);
}

/// What is saved may be asked in another workspace, into which it was imported, or after the time zone was changed.
#[test]
fn a_cohort_is_refused_only_when_its_range_is_valid_in_no_time_zone() {
    let mut filled = Filled::empty();
    let cohort = |name: &str, from: &str, zone: Value| {
        let condition = json!({"did": "e", "from": from, "to": "2026-01-01T20:00:00Z"});
        let report = json!({"report": "cohort", "timezone": zone, "where": condition});
        (json!({"type": "cohort", "name": name, "report": report}), 0)
    };
    let lines = [
        cohort("eve", "2026-01-02", Value::Null),
        cohort("eve", "2026-01-02", json!("UTC")),
        cohort("eve", "2026-01-03", Value::Null),
    ];
    filled.add(&lines, Arrivals { batch: 1, seal_every: 0, reopen_every: 0 });
    assert!(matches!(filled.outcomes[..], [Outcome::Accepted, Outcome::Refused(_), Outcome::Refused(_)]));
    let document = json!({"report": "cohort", "where": {"cohort": "eve"}});
    let asked = |filled: &Filled| answer(&filled.store.snapshot().unwrap(), &document, 0);
    let refused = asked(&filled).unwrap_err();
    assert!(refused.starts_with("in the cohort `eve`: `where.from`: `2026-01-02` is after `to`"), "{refused}");
    filled.store.set_timezone("Pacific/Kiritimati").unwrap();
    assert!(asked(&filled).unwrap().contains(r#""size":0"#));
}
