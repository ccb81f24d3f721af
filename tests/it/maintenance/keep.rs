//! Events that are kept for a time.

use super::arrived;
use crate::reports::named::run;
use crate::support::{Arrivals, Filled, exported};
use serde_json::{Value, json};
use trackcrumb::input::parse_line;
use trackcrumb::store::verify;
use trackcrumb::testkit::check_derived;
use trackcrumb::{StoreReader, pages};

const DAY_US: i64 = 86_400_000_000;
const ONE: Arrivals = Arrivals { batch: 1, seal_every: 0, reopen_every: 0 };

fn event(user: &str, day: i64) -> Value {
    let millis = day * DAY_US / 1000;
    json!({"type": "track", "distinct_id": user, "event": "e", "timestamp": millis, "groups": {"company": format!("of-{user}")}})
}

fn days(filled: &Filled) -> Vec<i64> {
    let snapshot = filled.store.snapshot().unwrap();
    let tables = snapshot.segments().iter().flat_map(|segment| segment.tables());
    let mut days: Vec<i64> =
        tables.flat_map(|table| table.times().unwrap().to_vec()).map(|time| time.div_euclid(DAY_US)).collect();
    days.sort_unstable();
    days
}

#[test]
fn maintenance_drops_events_that_are_older_than_they_are_to_be_kept() {
    let mut filled = Filled::empty();
    let calls = [
        json!({"type": "identify", "distinct_id": "a", "timestamp": 0, "properties": {"plan": "pro"}}),
        json!({"type": "group", "distinct_id": "a", "group_type": "company", "group_key": "acme", "timestamp": 0}),
    ];
    filled.add(&arrived(calls, 0), ONE);
    filled.add(&arrived((1..=10).map(|day| event("a", day)), 10 * DAY_US), ONE);
    filled.add(&arrived([event("b", 2)], 10 * DAY_US), ONE);
    filled.store.seal().unwrap();
    assert_eq!(days(&filled).len(), 11, "everything is kept unless something else was said");

    filled.environment.set_now(10 * DAY_US + DAY_US / 2);
    filled.store.set_keep_days(Some(4)).unwrap();
    assert_eq!(days(&filled).len(), 11, "nothing goes before maintenance");
    filled.reopen();
    filled.store.compact(|_| ()).unwrap();
    assert_eq!(days(&filled), [6, 7, 8, 9, 10]);
    assert_eq!(filled.store.stats().unwrap().keep_days, Some(4));
    assert_eq!(StoreReader::open_storage(&filled.disk).unwrap().stats().unwrap().accepted, 7);
    let snapshot = filled.store.snapshot().unwrap();
    // Calls stay; what only an expired event said goes with it.
    assert_eq!(pages::user(&snapshot, "a").unwrap().properties.len(), 1);
    assert!(pages::user(&snapshot, "b").is_err());
    assert!(pages::group(&snapshot, "company", "of-b").is_err());

    // What is sealed later is judged on the day of sealing; a segment of which all is too old just goes.
    filled.add(&arrived([event("a", 5), event("a", 7), event("a", 11)], 11 * DAY_US), ONE);
    filled.store.seal().unwrap();
    assert_eq!(days(&filled), [7, 7, 8, 9, 10, 11]);
    filled.store.set_keep_days(None).unwrap();
    filled.environment.set_now(100 * DAY_US);
    filled.store.compact(|_| ()).unwrap();
    assert_eq!(days(&filled).len(), 6);
    filled.store.set_keep_days(Some(1)).unwrap();
    filled.store.compact(|_| ()).unwrap();
    assert_eq!(days(&filled), [0; 0]);
    assert_eq!(filled.store.stats().unwrap().segments, 0);
    assert_eq!(verify(&filled.disk).unwrap().damage, []);
    let lines = exported(&filled.store.snapshot().unwrap());
    assert_eq!(lines.len(), 2, "{lines:?}");
    // The last word on `a` is the call again.
    assert_eq!(pages::user(&filled.store.snapshot().unwrap(), "a").unwrap().groups["company"], "acme");
}

/// What an expiry leaves is what an export says: the same users, keys and associations come of its lines elsewhere.
#[test]
fn what_an_expiry_leaves_can_be_exported() {
    let told = |user: &str, day: i64, key: &str| json!({"type": "group", "distinct_id": user, "group_type": "company", "group_key": key, "timestamp": day * DAY_US / 1000});
    let lines = [
        told("back", 1, "acme"),
        event("back", 3),
        told("same", 1, "of-same"),
        event("same", 3),
        event("gone", 3),
        event("joined", 3),
        json!({"type": "alias", "distinct_id": "stays", "alias": "joined"}),
        told("stays", 2, "acme"),
        event("moved", 3),
        told("moved", 9, "globex"),
        event("stays", 8),
    ];
    for seal_every in [0, 1, 4] {
        let mut filled = Filled::empty();
        filled.add(&arrived(lines.clone(), 0), Arrivals { batch: 1, seal_every, reopen_every: 0 });
        filled.environment.set_now(10 * DAY_US);
        let planned = filled
            .store
            .snapshot()
            .unwrap()
            .removal_by_age(trackcrumb::model::Timestamp::clamped(10 * DAY_US), 5)
            .unwrap();
        let removal = filled.store.expire(5).unwrap();
        assert_eq!((removal.events, removal.associations), (5, 3), "`same` belongs to the same key");
        assert_eq!(planned, removal);
        let snapshot = filled.store.snapshot().unwrap();
        check_derived(&snapshot).unwrap();
        assert_eq!(verify(&filled.disk).unwrap().damage, []);
        let group = |user: &str| pages::user(&snapshot, user).ok().map(|page| page.groups["company"].clone());
        let belongs = ["back", "same", "gone", "joined", "moved"].map(group);
        let expected = [Some("acme"), Some("of-same"), None, Some("of-stays"), Some("globex")];
        assert_eq!(belongs.each_ref().map(Option::as_deref), expected);

        let again = Filled::empty();
        let exported = exported(&snapshot);
        again.store.write_strict(exported.iter().map(|line| parse_line(line.as_bytes()).unwrap())).unwrap();
        let again = again.store.snapshot().unwrap();
        let users = ["back", "same", "gone", "joined", "stays", "moved"];
        let keys = users.map(|user| format!("of-{user}"));
        let keys = keys.iter().map(String::as_str).chain(["acme", "globex"]);
        for user in users {
            assert_eq!(pages::user(&snapshot, user).ok(), pages::user(&again, user).ok(), "{user}");
        }
        for key in keys {
            assert_eq!(
                pages::group(&snapshot, "company", key).ok(),
                pages::group(&again, "company", key).ok(),
                "{key}"
            );
        }
        for (count_by, event) in
            [(json!("users"), "none"), (json!({"group": "company"}), "none"), (json!("users"), "e")]
        {
            let document =
                json!({"report": "cohort", "count_by": count_by, "where": {"did": event, "times": {"lt": 1}}});
            let answers = [&snapshot, &again].map(|snapshot| run(snapshot, document.clone()));
            assert_eq!(answers[0], answers[1], "{document}");
            assert!(answers[0]["size"].as_u64() > Some(0), "{document}");
        }
    }
}

#[test]
fn one_expiry_goes_by_whole_days_of_utc() {
    let mut filled = Filled::empty();
    filled.add(&arrived((1..=10).map(|day| event("a", day)), 10 * DAY_US), ONE);
    filled.environment.set_now(10 * DAY_US);
    assert_eq!(filled.store.expire(3).unwrap().events, 6);
    assert_eq!(days(&filled), [7, 8, 9, 10]);
    filled.environment.set_now(11 * DAY_US - 1);
    assert_eq!(filled.store.expire(3).unwrap().events, 0);
    filled.environment.set_now(11 * DAY_US);
    assert_eq!(filled.store.expire(3).unwrap().events, 1);
    assert_eq!(filled.store.stats().unwrap().keep_days, None);
}

/// Insert ids of events that are gone are forgotten.
#[test]
fn an_expired_event_may_be_sent_again() {
    let mut filled = Filled::empty();
    let mut line = event("a", 1);
    line["insert_id"] = json!("i1");
    let history = arrived([line], 10 * DAY_US);
    for _ in 0..2 {
        filled.add(&history, ONE);
        filled.add(&history, ONE);
        assert_eq!(days(&filled), [1]);
        filled.store.expire(2).unwrap();
        assert_eq!(days(&filled), [0; 0]);
    }
}
