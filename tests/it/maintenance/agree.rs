//! Histories in which things are deleted, expire and are compacted: engine and naive evaluator must agree on reports
//! and pages after each.

use crate::generate::{self, Case, Scope};
use crate::naive::Naive;
use crate::pages::{check_pages, users_of};
use crate::reports::agree::check_documents;
use crate::support::{Arrivals, Filled, exported};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use trackcrumb::input::parse_line;
use trackcrumb::pages::{self, GroupsQuery};
use trackcrumb::store::{Removal, Snapshot, StoreError, verify};
use trackcrumb::testkit::check_derived;

const DAY_US: i64 = 86_400_000_000;

/// What is done between two lines.
#[derive(Clone, Debug)]
enum Act {
    DeleteUser(&'static str),
    DeleteKey(&'static str, &'static str),
    /// Drops events before the midnight so many days after that of the setting.
    Expire(i64),
    Compact,
    Reopen,
}

fn act() -> impl Strategy<Value = Act> {
    let user = prop::sample::select(vec!["u1", "u2", "u3", "anon_1", "ünï-5 ✓"]);
    let key = (prop::sample::select(vec!["company", "team"]), prop::sample::select(vec!["acme", "globex", "ünï"]));
    prop_oneof![
        3 => user.prop_map(Act::DeleteUser),
        3 => key.prop_map(|(group_type, key)| Act::DeleteKey(group_type, key)),
        2 => (-8..3i64).prop_map(Act::Expire),
        1 => Just(Act::Compact),
        1 => Just(Act::Reopen),
    ]
}

fn do_act(act: &Act, case: &Case, filled: &mut Filled, naive: &mut Naive) -> Result<(), TestCaseError> {
    let snapshot = filled.store.snapshot().unwrap();
    let stats = filled.store.stats().unwrap();
    let (planned, done): (Removal, Removal) = match act {
        Act::DeleteUser(id) => {
            if naive.user(id).is_err() {
                return Ok(());
            }
            naive.delete_user(id);
            (snapshot.removal_of_users(&[id]).unwrap(), filled.store.delete_users(&[id]).unwrap())
        }
        Act::DeleteKey(group_type, key) => {
            if naive.group(group_type, key).is_err() {
                let refused = filled.store.delete_keys(group_type, &[key]);
                prop_assert!(matches!(refused, Err(StoreError::Unknown(_))), "{:?}", refused);
                return Ok(());
            }
            naive.delete_key(group_type, key);
            let planned = snapshot.removal_of_keys(group_type, &[key]).unwrap();
            (planned, filled.store.delete_keys(group_type, &[key]).unwrap())
        }
        Act::Expire(days) => {
            let before_us = (case.setting.switch_us.div_euclid(DAY_US) + days) * DAY_US;
            naive.expire(before_us);
            filled.environment.set_now(before_us + DAY_US + 1);
            let now = trackcrumb::model::Timestamp::clamped(before_us + DAY_US + 1);
            (snapshot.removal_by_age(now, 1).unwrap(), filled.store.expire(1).unwrap())
        }
        Act::Compact => {
            let before = exported(&snapshot);
            let after = filled.store.compact(|_| ()).unwrap().after;
            prop_assert!(after.segments <= 1 && after.files <= 5, "{:?}", after);
            prop_assert_eq!(filled.store.compact(|_| ()).unwrap().after, after, "there is nothing left to do");
            prop_assert_eq!(exported(&filled.store.snapshot().unwrap()), before);
            return Ok(());
        }
        Act::Reopen => {
            filled.reopen();
            return Ok(());
        }
    };
    prop_assert_eq!(&planned, &done);
    let after = filled.store.stats().unwrap();
    prop_assert_eq!(after.events + done.events, stats.events);
    let went = done.events + done.identify_calls + done.group_calls + done.aliases;
    prop_assert_eq!(after.accepted + went, stats.accepted);
    Ok(())
}

fn check(case: &Case, acts: &[(usize, Act)], arrivals: Arrivals) -> Result<(), TestCaseError> {
    let (mut naive, mut filled, mut done) = (Naive::default(), Filled::empty(), 0);
    let users = users_of(&case.history);
    let mut add = |filled: &mut Filled, naive: &mut Naive, end: usize| {
        let lines = &case.history[done..end.max(done)];
        filled.add(lines, arrivals);
        lines.iter().for_each(|(line, arrival_us)| {
            naive.accept(line, *arrival_us);
        });
        done = end.max(done);
    };
    for (place, act) in acts {
        add(&mut filled, &mut naive, (*place).min(case.history.len()));
        do_act(act, case, &mut filled, &mut naive)?;
        let snapshot = filled.store.snapshot().unwrap();
        check_documents(&snapshot, &naive, case)?;
        check_pages(&snapshot, &naive, &users)?;
        let report = verify(&filled.disk).unwrap();
        prop_assert!(report.damage.is_empty(), "{:?}", report);
    }
    add(&mut filled, &mut naive, case.history.len());
    filled.reopen();
    let snapshot = filled.store.snapshot().unwrap();
    check_documents(&snapshot, &naive, case)?;
    check_pages(&snapshot, &naive, &users)?;
    check_derived(&snapshot).unwrap();
    let lines = exported(&snapshot);
    if lines.iter().any(|line| line.contains(r#""type":"cohort""#)) {
        // A cohort may name a group type that no line but deleted ones used.
        return Ok(());
    }
    // What is exported makes a store that exports the same.
    let again = Filled::empty();
    again.store.write_strict(lines.iter().map(|line| parse_line(line.as_bytes()).unwrap())).unwrap();
    let again = again.store.snapshot().unwrap();
    prop_assert_eq!(exported(&again), lines);
    check_same_pages(&snapshot, &again, &users)
}

/// Two stores have the same users and keys, each with the same page. Of types that lines no longer name, one may know.
fn check_same_pages(one: &Snapshot, other: &Snapshot, users: &[&str]) -> Result<(), TestCaseError> {
    for user in users {
        prop_assert_eq!(pages::user(one, user).ok(), pages::user(other, user).ok(), "user {}", user);
    }
    let all = GroupsQuery { limit: usize::MAX, ..GroupsQuery::default() };
    for group_type in ["company", "team", "region"] {
        let rows = |snapshot| pages::groups(snapshot, group_type, &all).map(|page| page.rows).unwrap_or_default();
        prop_assert_eq!(rows(one), rows(other));
        for row in rows(one) {
            prop_assert_eq!(
                pages::group(one, group_type, &row.key).ok(),
                pages::group(other, group_type, &row.key).ok()
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: 120, max_shrink_iters: 4000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn engine_and_naive_evaluator_agree_after_deletions(
        case in generate::case(Scope::Whole, 80, 1..=5),
        mut acts in prop::collection::vec((0usize..90, act()), 1..7),
        batch in 1usize..20,
        seal_every in 0usize..5,
    ) {
        acts.sort_by_key(|(place, _)| *place);
        check(&case, &acts, Arrivals { batch, seal_every, reopen_every: 0 })?;
    }
}
