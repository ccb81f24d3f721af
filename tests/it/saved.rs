//! Saved reports and dashboards as a store keeps them: many threads, crashes and failures at every call, backups, and
//! verification.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use trackcrumb::Store;
use trackcrumb::files::sim::{FailAt, Fault, LossPolicy, Repeat, SimDisk};
use trackcrumb::model::Timestamp;
use trackcrumb::saved::{NewReport, SAVED, Saved, SavedReport, read_saved};
use trackcrumb::store::{FixedEnvironment, Options, StoreError, SystemEnvironment, backup, verify};

fn open(disk: &SimDisk) -> Result<Store, StoreError> {
    let environment = FixedEnvironment::new(Timestamp::clamped(0));
    Store::open_storage(Arc::new(disk.clone()), Arc::new(environment), Options::default())
}

fn report(name: &str) -> NewReport {
    let json = format!(
        r#"{{"name":"{name}","report":{{"report":"trends","from":"-7d","to":"now","series":[{{"event":"{name}"}}]}}}}"#
    );
    serde_json::from_str(&json).unwrap()
}

fn save(store: &Store, name: &str) -> Result<SavedReport, StoreError> {
    store.change_saved(|saved, id, now| saved.add_report(id, now, report(name)))
}

fn names(saved: &Saved) -> Vec<&str> {
    saved.reports().iter().map(|report| report.name.as_str()).collect()
}

#[test]
fn threads_change_one_after_the_other() {
    let disk = SimDisk::new();
    let store = open(&disk).unwrap();
    thread::scope(|scope| {
        for number in 0..8 {
            let store = &store;
            scope.spawn(move || {
                for turn in 0..10 {
                    save(store, &format!("r{number}-{turn}")).unwrap();
                }
            });
        }
    });
    let saved = store.saved().unwrap();
    let ids: BTreeSet<&str> = saved.reports().iter().map(|report| report.id.as_str()).collect();
    assert_eq!((ids.len(), saved.reports().len()), (80, 80));
    for number in 0..8 {
        let own = format!("r{number}-");
        let turns: Vec<&str> = names(&saved).into_iter().filter_map(|name| name.strip_prefix(own.as_str())).collect();
        assert_eq!(turns, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    }
    drop(store);
    assert_eq!(*open(&disk).unwrap().saved().unwrap(), *saved);
}

/// Saves three reports; answers how many were acknowledged.
fn save_three(disk: &SimDisk) -> usize {
    let Ok(store) = open(disk) else { return 0 };
    ["a", "b", "c"].iter().take_while(|name| save(&store, name).is_ok()).count()
}

#[test]
fn a_crash_at_any_call_leaves_what_was_acknowledged_and_at_most_one_more() {
    let calls = {
        let disk = SimDisk::new();
        assert_eq!(save_three(&disk), 3);
        disk.calls()
    };
    let mut images = 0;
    for call in 0..=calls {
        for (seed, policy) in LossPolicy::ALL.into_iter().enumerate() {
            let disk = SimDisk::new();
            disk.crash_after(call);
            let acknowledged = save_three(&disk);
            let image = disk.crash_image(policy, call * 100 + seed as u64);
            let store = open(&image).unwrap_or_else(|error| panic!("{policy:?} after {call}: {error}"));
            let found = store.saved().unwrap();
            let found = names(&found);
            assert_eq!(found, ["a", "b", "c"][..found.len()]);
            assert!((acknowledged..=acknowledged + 1).contains(&found.len()), "{policy:?} after {call}: {found:?}");
            save(&store, "d").unwrap();
            drop(store);
            assert_eq!(verify(&image).unwrap().damage, []);
            images += 1;
        }
    }
    assert!(images > 100, "{images}");
}

#[test]
fn a_failing_call_changes_nothing_and_a_failing_sync_ends_the_writing() {
    let calls = |disk: &SimDisk| disk.calls();
    let disk = SimDisk::new();
    let store = open(&disk).unwrap();
    save(&store, "a").unwrap();
    let before = calls(&disk);
    save(&store, "b").unwrap();
    let per_change = calls(&disk) - before;
    let mut poisoned = 0;
    for call in 1..=per_change {
        for fault in [Fault::InputOutput, Fault::NoSpace] {
            let disk = SimDisk::new();
            let store = open(&disk).unwrap();
            save(&store, "a").unwrap();
            disk.fail_plan(FailAt::Call(disk.calls() + call), fault, Repeat::Once);
            let failed = save(&store, "b");
            disk.clear_faults();
            if failed.is_ok() {
                continue;
            }
            match save(&store, "c") {
                Ok(_) => assert_eq!(names(&store.saved().unwrap()), ["a", "c"], "{fault:?} at {call}"),
                Err(error) => {
                    assert!(matches!(error, StoreError::Poisoned { .. }), "{error}");
                    poisoned += 1;
                }
            }
        }
    }
    assert!(poisoned >= 2, "syncs were among the calls: {poisoned}");
}

#[test]
fn a_backup_has_it_verify_reads_it_and_a_store_is_no_stranger_to_it() {
    let disk = SimDisk::new();
    let store = open(&disk).unwrap();
    save(&store, "a").unwrap();
    let to = SimDisk::new();
    let copied = backup(&disk, &to, &SystemEnvironment, |_, _| ()).unwrap();
    let report = verify(&to).unwrap();
    assert_eq!((report.damage.len(), report.notes.len()), (0, 0));
    assert_eq!((report.files, report.bytes), (copied.files, copied.bytes));
    assert_eq!(read_saved(&to).unwrap(), *store.saved().unwrap());
    let length = disk.contents(SAVED).unwrap().len() as u64;
    assert!(to.damage(SAVED, length / 2, 1));
    let damage = verify(&to).unwrap().damage;
    assert_eq!((damage.len(), damage[0].file.as_deref()), (1, Some(SAVED)), "{damage:?}");
    let refused = backup(&to, &SimDisk::new(), &SystemEnvironment, |_, _| ()).unwrap_err();
    assert!(refused.is_damage(), "{refused}");
    let damaged = open(&to).unwrap();
    assert!(damaged.saved().unwrap_err().is_damage() && save(&damaged, "b").is_err(), "damage is not written over");
    assert_eq!(damaged.snapshot().unwrap().user_count(), 0, "events are answered all the same");
}
