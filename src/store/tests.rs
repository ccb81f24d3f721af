//! The store on a simulated disk.

use super::removal::Plan;
use super::*;
use crate::files::Storage;
use crate::files::sim::SimDisk;
use crate::input::parse_line;
use crate::model::{Line, StoredName, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;

fn line(json: &str) -> Line {
    parse_line(json.as_bytes()).unwrap()
}

fn track(user: &str, time: i64, insert_id: &str) -> Line {
    line(&format!(
        r#"{{"type":"track","distinct_id":"{user}","event":"e","timestamp":{time},"insert_id":"{insert_id}","groups":{{"company":"acme"}}}}"#
    ))
}

fn open(disk: &SimDisk) -> Store {
    let environment = FixedEnvironment::new(Timestamp::from_millis(0).unwrap());
    Store::open_storage(Arc::new(disk.clone()), Arc::new(environment), Options::default()).unwrap()
}

fn rows(snapshot: &Snapshot) -> u64 {
    snapshot.segments().iter().map(|segment| segment.rows()).sum()
}

#[test]
fn what_is_written_is_there_after_sealing_and_opening_again() {
    let disk = SimDisk::new();
    let store = open(&disk);
    let written = store.write([track("a", 1, "1"), track("b", 2, "2"), track("a", 3, "1")]).unwrap();
    assert_eq!(written.outcomes, [Outcome::Accepted, Outcome::Accepted, Outcome::Duplicate]);
    assert_eq!(rows(&store.snapshot().unwrap()), 2);
    store.seal().unwrap();
    let written = store.write([track("b", 9, "2"), track("b", 9, "3")]).unwrap();
    assert_eq!((written.accepted, written.duplicate), (1, 1), "duplicates are found in segments");
    let snapshot = store.snapshot().unwrap();
    assert_eq!((rows(&snapshot), snapshot.segments().len()), (3, 2));
    drop(store);
    assert_eq!(rows(StoreReader::open_storage(&disk).unwrap().snapshot()), 3);
    let store = open(&disk);
    assert!(!store.recovery().unclean);
    assert_eq!(rows(&store.snapshot().unwrap()), 3);
    assert_eq!(store.snapshot().unwrap().name_count(StoredName::User), 2);
}

#[test]
fn compacting_goes_further_than_merging_unless_events_expire() {
    let options = Options { merge_width: 100, segment_rows_max: 2, compacted_rows_max: 4, ..Options::default() };
    let environment = FixedEnvironment::new(Timestamp::from_millis(0).unwrap());
    let store = Store::open_storage(Arc::new(SimDisk::new()), Arc::new(environment), options).unwrap();
    let compacted = || -> Vec<u64> {
        store.compact(|_| ()).unwrap();
        store.snapshot().unwrap().segments().iter().map(|segment| segment.rows()).collect()
    };
    for time in 1..=6 {
        store.write([track("a", time, &time.to_string())]).unwrap();
        store.seal().unwrap();
    }
    store.set_keep_days(Some(1000)).unwrap();
    assert_eq!(compacted(), [2, 2, 2]);
    store.set_keep_days(None).unwrap();
    assert_eq!(compacted(), [4, 2]);
    assert_eq!(compacted(), [4, 2], "there is nothing left to do");
}

#[test]
fn an_unclean_stop_loses_nothing_acknowledged() {
    let disk = SimDisk::new();
    let store = open(&disk);
    store.write([track("a", 1, "1")]).unwrap();
    let image = disk.kill_image();
    let reader = StoreReader::open_storage(&image).unwrap();
    assert!(reader.recovery().unclean);
    assert_eq!(rows(reader.snapshot()), 1);
    let again = open(&image);
    assert!(again.recovery().unclean);
    assert_eq!(again.write([track("a", 5, "1")]).unwrap().duplicate, 1);
}

#[test]
fn many_seals_are_merged() {
    let disk = SimDisk::new();
    let store = open(&disk);
    for i in 0..40 {
        store.write([track(&format!("u{i}"), i, &format!("{i}"))]).unwrap();
        store.seal().unwrap();
    }
    let snapshot = store.snapshot().unwrap();
    assert_eq!(rows(&snapshot), 40);
    assert!(snapshot.segments().len() < 10, "{}", snapshot.segments().len());
    assert!(disk.names().len() < 20, "{:?}", disk.names());
    for i in 0..40 {
        assert_eq!(store.write([track(&format!("u{i}"), i, &format!("{i}"))]).unwrap().duplicate, 1);
    }
}

#[test]
fn a_reader_beside_a_writer_sees_what_is_durable() {
    let disk = SimDisk::new();
    let store = open(&disk);
    for i in 0..5 {
        store.write([track("a", i, &i.to_string())]).unwrap();
        assert_eq!(rows(StoreReader::open_storage(&disk).unwrap().snapshot()), i as u64 + 1);
    }
}

#[test]
fn a_strict_batch_is_stored_whole_or_not_at_all() {
    let disk = SimDisk::new();
    let store = open(&disk);
    store.set_only_declared(true).unwrap();
    let alias = line(r#"{"type":"alias","distinct_id":"a","alias":"b"}"#);
    let error = store.write_strict([alias, track("a", 1, "1")]).unwrap_err();
    assert!(matches!(error, StoreError::Refused { index: 1, .. }), "{error}");
    assert!(store.snapshot().unwrap().aliases().is_empty());
    assert_eq!(store.snapshot().unwrap().user_count(), 0);
}

#[test]
fn a_directory_of_other_files_is_refused_and_left_as_it_is() {
    let disk = SimDisk::new();
    disk.put("notes.txt", *b"mine");
    let environment = FixedEnvironment::new(Timestamp::from_millis(0).unwrap());
    let error = Store::open_storage(Arc::new(disk.clone()), Arc::new(environment), Options::default()).unwrap_err();
    assert!(error.to_string().contains("is not a trackcrumb store"), "{error}");
    assert_eq!(disk.names(), ["notes.txt"]);
}

#[test]
fn a_second_writer_is_refused_until_the_first_is_gone() {
    let disk = SimDisk::new();
    let store = open(&disk);
    let environment = Arc::new(FixedEnvironment::new(Timestamp::from_millis(0).unwrap()));
    let second = Store::open_storage(Arc::new(disk.clone()), environment, Options::default()).unwrap_err();
    let pid = std::process::id().to_string();
    assert!(matches!(second, StoreError::Lock(_)) && second.to_string().contains(&pid), "{second}");
    drop(store);
    open(&disk);
}

#[test]
fn a_snapshot_never_changes() {
    let disk = SimDisk::new();
    let store = open(&disk);
    store.write([track("a", 1, "1")]).unwrap();
    let snapshot = store.snapshot().unwrap();
    let seen = |snapshot: &Snapshot| {
        let names = snapshot.name_count(StoredName::User);
        (rows(snapshot), names, snapshot.aliases().is_empty(), snapshot.next_arrival())
    };
    let before = seen(&snapshot);
    for i in 2..12 {
        store.write([track(&format!("u{i}"), i, &i.to_string())]).unwrap();
        store.write([line(&format!(r#"{{"type":"alias","distinct_id":"a","alias":"u{i}"}}"#))]).unwrap();
        store.seal().unwrap();
        assert_eq!(seen(&snapshot), before);
    }
    assert_eq!(rows(&store.snapshot().unwrap()), 11);
}

#[test]
fn one_sync_covers_all_that_was_appended_before_it() {
    use super::engine::Engine;
    let disk = SimDisk::new();
    let environment = Arc::new(FixedEnvironment::new(Timestamp::from_millis(0).unwrap()));
    let mut engine = Engine::open(Arc::new(disk.clone()), environment, Options::default()).unwrap();
    let append = |engine: &mut Engine, user: &str| {
        let (draft, _) = engine.draft(|drafting| drafting.add(&track(user, 1, user))).unwrap();
        engine.append(draft).unwrap()
    };
    let (first, second) = (append(&mut engine, "a"), append(&mut engine, "b"));
    let job = engine.begin_sync().unwrap();
    let third = append(&mut engine, "c");
    let syncs = || disk.log().iter().filter(|call| call.label == "log").count();
    let before = syncs();
    let result = job.run();
    engine.finish_sync(&job, result).unwrap();
    assert_eq!(syncs() - before, 1);
    assert!(engine.is_durable(first) && engine.is_durable(second) && !engine.is_durable(third));
    assert_eq!(engine.published.batches, 2, "what is not durable is not visible");
    engine.sync().unwrap();
    assert!(engine.is_durable(third));
    assert_eq!(engine.published.batches, 3);
}

#[test]
fn threads_that_write_at_once_all_get_durable_answers() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let store = store.clone();
            scope.spawn(move || {
                for i in 0..25 {
                    store.write([track(&format!("u{thread}"), i, &format!("{thread}-{i}"))]).unwrap();
                }
            });
        }
    });
    assert_eq!(rows(&store.snapshot().unwrap()), 200);
    assert!((25..=200).contains(&store.syncs()), "{} syncs", store.syncs());
    store.close().unwrap();
    assert_eq!(rows(StoreReader::open(directory.path()).unwrap().snapshot()), 200);
}

/// A batch of a line that no insert id protects, and one whose event is always new.
fn once(store: &Store, key: &str, body: &str) -> Result<Written, WriteOnceError> {
    let lines =
        [r#"{"type":"track","distinct_id":"a","event":"e","timestamp":1}"#, r#"{"type":"identify","distinct_id":"b"}"#];
    store.write_once(lines.map(line), &BatchKey::new(key.as_bytes(), "/v1/batch", body.as_bytes()))
}

#[test]
fn a_batch_that_comes_again_under_its_key_is_stored_once() {
    let disk = SimDisk::new();
    let mut store = open(&disk);
    assert_eq!(once(&store, "k", "body").unwrap().accepted, 2);
    once(&store, "l", "body").unwrap();
    let repeated = |store: &Store| {
        let written = once(store, "k", "body").unwrap();
        assert_eq!((written.accepted, written.duplicate), (0, 2));
        assert_eq!(written.outcomes, [Outcome::Duplicate, Outcome::Duplicate]);
        let refused = once(store, "k", "other").unwrap_err();
        let expected = "this key was used with another body at 1970-01-01T00:00:00Z; use a new one";
        assert_eq!(refused.to_string(), expected);
        assert_eq!(store.snapshot().unwrap().next_arrival().raw(), 4, "nothing is written");
    };
    repeated(&store);
    store.seal().unwrap();
    repeated(&store);
    store.close().unwrap();
    store = open(&disk);
    repeated(&store);
    store.delete_users(&["a"]).unwrap();
    store.compact(|_| ()).unwrap();
    repeated(&store);
    store.expire(0).unwrap();
    drop(store);
    let copy = SimDisk::new();
    backup(&disk, &copy, &FixedEnvironment::new(Timestamp::clamped(0)), |_, _| ()).unwrap();
    repeated(&open(&disk.kill_image()));
    repeated(&open(&copy));
}

#[test]
fn a_batch_of_which_nothing_is_stored_leaves_its_key_free() {
    let store = open(&SimDisk::new());
    store.set_only_declared(true).unwrap();
    let key = |body: &str| BatchKey::new(b"k", "/v1/batch", body.as_bytes());
    let refused = store.write_once([track("a", 1, "1")], &key("1")).unwrap();
    assert_eq!((refused.accepted, refused.duplicate), (0, 0));
    store.set_only_declared(false).unwrap();
    assert_eq!(store.write([track("a", 1, "1")]).unwrap().accepted, 1);
    assert_eq!(store.write_once([track("a", 1, "1")], &key("1")).unwrap().duplicate, 1);
    assert_eq!(store.write_once([track("a", 2, "2")], &key("2")).unwrap().accepted, 1);
    assert!(matches!(store.write_once([track("a", 3, "3")], &key("3")), Err(WriteOnceError::KeyReused { .. })));
}

#[test]
fn a_workspace_has_a_time_zone_of_its_own() {
    let disk = SimDisk::new();
    let mut store = open(&disk);
    let zone = |store: &Store| store.snapshot().unwrap().settings().timezone.clone();
    assert_eq!(zone(&store), "UTC");
    let error = store.set_timezone("Europe/Berlim").unwrap_err();
    assert!(matches!(error, StoreError::Unknown(_)), "{error}");
    assert!(
        error.to_string().contains("there is no time zone `Europe/Berlim`; did you mean `Europe/Berlin`"),
        "{error}"
    );
    assert_eq!(zone(&store), "UTC");
    store.set_timezone("europe/berlin").unwrap();
    for seal in [false, true] {
        if seal {
            store.seal().unwrap();
            assert_eq!(super::load::read_manifest(&disk).unwrap().unwrap().settings.timezone, "Europe/Berlin");
        }
        drop(store);
        store = open(&disk);
        assert_eq!(zone(&store), "Europe/Berlin");
        assert_eq!(store.stats().unwrap().timezone, "Europe/Berlin");
        assert_eq!(StoreReader::open_storage(&disk).unwrap().snapshot().zone().unwrap().name(), "Europe/Berlin");
    }
    store.set_timezone("UTC").unwrap();
    assert!(store.snapshot().unwrap().zone().unwrap().is_utc());
}

/// Time passes only when it is told to.
struct Moving(std::sync::atomic::AtomicI64, FixedEnvironment);

impl Environment for Moving {
    fn now(&self) -> Timestamp {
        Timestamp::clamped(self.0.load(std::sync::atomic::Ordering::Relaxed))
    }

    fn file_id(&self) -> crate::codec::FileId {
        self.1.file_id()
    }
}

#[test]
fn a_key_is_forgotten_after_a_day_and_is_free_again() {
    use crate::model::limits::BATCH_KEY_MICROS;
    let disk = SimDisk::new();
    let clock = Arc::new(Moving(0.into(), FixedEnvironment::new(Timestamp::clamped(0))));
    let set = |micros: i64| clock.0.store(micros, std::sync::atomic::Ordering::Relaxed);
    let open = || Store::open_storage(Arc::new(disk.clone()), Arc::clone(&clock) as _, Options::default()).unwrap();
    let store = open();
    once(&store, "k", "body").unwrap();
    set(BATCH_KEY_MICROS);
    assert_eq!(once(&store, "k", "body").unwrap().duplicate, 2, "the first copy counts, not the last");
    set(BATCH_KEY_MICROS + 1);
    assert_eq!(once(&store, "k", "other").unwrap().accepted, 2);
    drop(store);
    let store = open();
    assert_eq!(once(&store, "k", "other").unwrap().duplicate, 2);
    set(2 * BATCH_KEY_MICROS + 2);
    store.seal().unwrap();
    assert_eq!(super::load::read_manifest(&disk).unwrap().unwrap().batch_keys, [], "what is forgotten takes no space");
}

#[test]
fn retries_on_many_threads_leave_one_copy() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let accepted = std::sync::atomic::AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for key in 0..20 {
                    let written = once(&store, &key.to_string(), "body").unwrap();
                    assert_eq!(written.accepted + written.duplicate, 2);
                    accepted.fetch_add(written.accepted, std::sync::atomic::Ordering::Relaxed);
                    // Whoever was answered finds the first copy durable, its own or not.
                    let durable = StoreReader::open(directory.path()).unwrap().snapshot().next_arrival().raw();
                    assert!(durable >= 2 * (key + 1), "{durable} after batch {key}");
                }
            });
        }
    });
    assert_eq!(accepted.into_inner(), 40);
    assert_eq!(rows(&store.snapshot().unwrap()), 20);
}

#[test]
fn a_repeat_of_what_could_not_be_synced_is_not_acknowledged() {
    use crate::files::sim::{FailAt, Fault, Repeat};
    let disk = SimDisk::new();
    let store = open(&disk);
    once(&store, "k", "body").unwrap();
    disk.fail_plan(FailAt::Label { label: "log".to_owned(), nth: 1 }, Fault::InputOutput, Repeat::Once);
    once(&store, "l", "body").unwrap_err();
    let error = once(&store, "l", "body").unwrap_err();
    assert!(matches!(error, WriteOnceError::Store(StoreError::Poisoned { .. })), "{error}");
}

#[test]
fn a_failed_sync_is_never_repeated() {
    use crate::files::sim::{FailAt, Fault, Repeat};
    let disk = SimDisk::new();
    let store = open(&disk);
    store.write([track("a", 1, "1")]).unwrap();
    disk.fail_plan(FailAt::Label { label: "log".to_owned(), nth: 1 }, Fault::InputOutput, Repeat::Once);
    store.write([track("b", 2, "2")]).unwrap_err();
    let error = store.write([track("c", 3, "3")]).unwrap_err();
    assert!(matches!(error, StoreError::Poisoned { .. }), "{error}");
    assert_eq!(rows(&store.snapshot().unwrap()), 1, "reads go on with what is durable");
}

#[test]
fn writing_goes_on_when_a_full_disk_has_room_again() {
    use crate::files::sim::{FailAt, Fault, Repeat};
    let disk = SimDisk::new();
    let store = open(&disk);
    store.write([track("a", 1, "1")]).unwrap();
    let operation = crate::files::Operation::Append;
    disk.fail_plan(FailAt::Operation { operation, nth: 1 }, Fault::NoSpace, Repeat::Once);
    let alias = line(r#"{"type":"alias","distinct_id":"a","alias":"b"}"#);
    let error = store.write([alias, track("b", 2, "2")]).unwrap_err();
    assert!(error.to_string().contains("free some space"), "{error}");
    assert!(store.snapshot().unwrap().aliases().is_empty());
    assert_eq!(store.write([track("b", 2, "2")]).unwrap().accepted, 1);
    assert_eq!(rows(StoreReader::open_storage(&disk).unwrap().snapshot()), 2);
}

#[test]
fn a_store_that_lost_its_manifest_is_damaged_and_not_made_anew() {
    let disk = SimDisk::new();
    let store = open(&disk);
    store.write([track("a", 1, "1")]).unwrap();
    drop(store);
    disk.delete("MANIFEST");
    let before = disk.fingerprint();
    let environment = FixedEnvironment::new(Timestamp::from_millis(0).unwrap());
    let again = Store::open_storage(Arc::new(disk.clone()), Arc::new(environment), Options::default());
    assert!(again.unwrap_err().is_damage());
    assert!(StoreReader::open_storage(&disk).unwrap_err().is_damage());
    assert_eq!(disk.fingerprint(), before, "the log that holds what was written is still there");
}

/// How a deletion of the user `a` ends when this arrives while segments are written anew.
fn delete_beside(arrives: impl FnOnce(&Store)) -> (Removal, SimDisk, Store) {
    let disk = SimDisk::new();
    let store = open(&disk);
    store.write([track("a", 1, "1"), track("b", 2, "2")]).unwrap();
    store.seal().unwrap();
    let choose = |snapshot: &Snapshot| Plan::users(snapshot, &["a"]);
    let erasing = store.writer().engine.begin_erase(&choose).unwrap();
    let erased = erasing.run();
    arrives(&store);
    let (removal, outdated) = store.writer().engine.finish_erase(&choose, erased).unwrap();
    assert!(outdated.remove().is_empty());
    (removal, disk, store)
}

#[test]
fn a_deletion_takes_what_arrives_before_it_ends() {
    let later = |store: &Store| {
        assert_eq!(store.write([track("a", 3, "3"), track("c", 4, "4"), track("a", 9, "1")]).unwrap().duplicate, 1);
        store.seal().unwrap();
        store.write([track("a", 5, "5")]).unwrap();
        assert_eq!(rows(&store.snapshot().unwrap()), 5, "nothing is gone yet");
    };
    let join = |store: &Store| {
        later(store);
        store.write([line(r#"{"type":"alias","distinct_id":"a","alias":"c"}"#)]).unwrap();
    };
    for (arrives, names, events) in [(&later as &dyn Fn(&Store), vec!["a"], 3), (&join, vec!["a", "c"], 4)] {
        let (removal, disk, store) = delete_beside(arrives);
        assert_eq!((removal.names, removal.events), (names.into_iter().map(str::to_owned).collect(), events));
        let left = 5 - events;
        assert_eq!(rows(&store.snapshot().unwrap()), left);
        assert_eq!(verify(&disk).unwrap().damage, []);
        // What was written for nothing is gone too.
        let listed: BTreeSet<String> = store.writer().engine.manifest.all_names().into_iter().collect();
        let found: BTreeSet<String> = disk.list().unwrap().into_iter().filter(|name| name != manifest::LOCK).collect();
        assert_eq!(found, listed);
        // The id is free again, as is that of its event.
        assert_eq!(store.write([track("a", 6, "1")]).unwrap().accepted, 1);
        store.close().unwrap();
        assert_eq!(rows(&open(&disk).snapshot().unwrap()), left + 1);
    }
}
