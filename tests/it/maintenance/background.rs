//! Sealing, merging, compacting and deletion beside writers and readers: nothing is missing, nothing comes twice, at any
//! instant.

use crate::support::exported;
use serde_json::json;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use trackcrumb::files::DiskStorage;
use trackcrumb::input::parse_line;
use trackcrumb::model::Line;
use trackcrumb::store::{Options, Snapshot, verify};
use trackcrumb::{Store, StoreReader};

/// Sizes at which sealing and merging go on all the time.
const OPTIONS: Options =
    Options { log_bytes_max: 4000, merge_width: 2, segment_rows_max: 2000, compacted_rows_max: 2000 };

const WRITERS: u64 = 3;
/// Lines that each of them writes.
const LINES: u64 = 400;

fn line(writer: u64, number: u64) -> Line {
    let user = format!("w{writer}-{}", number % 50);
    let text = match number % 4 {
        0 => {
            json!({"type": "group", "distinct_id": user, "group_type": "company", "group_key": format!("k{}", number % 30), "properties": {"n": number}, "timestamp": number})
        }
        _ => {
            json!({"type": "track", "distinct_id": user, "event": format!("e{}", number % 3), "insert_id": format!("i{writer}-{number}"), "properties": {"n": number}, "timestamp": number})
        }
    };
    parse_line(text.to_string().as_bytes()).unwrap()
}

/// The lines of a store, whatever the order in which they arrived.
fn lines_of(snapshot: &Snapshot) -> Vec<String> {
    let mut lines = exported(snapshot);
    lines.sort_unstable();
    lines
}

fn has_files(directory: &Path, prefix: &str) -> usize {
    let names = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with(prefix)).count()
}

#[test]
fn writers_and_readers_never_see_that_files_are_sealed_and_merged() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let store = Store::open_with(&path, OPTIONS).unwrap();
    let (acknowledged, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (store, acknowledged) = (store.clone(), &acknowledged);
                scope.spawn(move || {
                    for number in 0..LINES {
                        assert_eq!(store.write([line(writer, number)]).unwrap().accepted, 1);
                        acknowledged.fetch_add(1, Ordering::Release);
                        if number % 40 == 39 {
                            // By now it may be in any file, or in none.
                            assert_eq!(store.write([line(writer, number - 20)]).unwrap().duplicate, 1);
                        }
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let before = acknowledged.load(Ordering::Acquire);
                let seen = exported(&store.snapshot().unwrap()).len() as u64;
                let after = acknowledged.load(Ordering::Acquire);
                assert!((before..=after + WRITERS).contains(&seen), "{before} {seen} {after}");
                let elsewhere = exported(StoreReader::open(&path).unwrap().snapshot()).len() as u64;
                assert!(elsewhere >= before, "{before} {elsewhere}");
            }
        });
        for (place, writer) in writers.into_iter().enumerate() {
            writer.join().unwrap();
            if place == 0 {
                // These wait for their turn while the others write.
                store.seal().unwrap();
                store.compact(|_| ()).unwrap();
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(store.maintenance_error(), None);
    assert!(has_files(&path, "segment-") > 0);
    let held = lines_of(&store.snapshot().unwrap());
    let plain = Store::open(directory.path().join("plain")).unwrap();
    for writer in 0..WRITERS {
        plain.write((0..LINES).map(|number| line(writer, number))).unwrap();
    }
    assert!(held == lines_of(&plain.snapshot().unwrap()));
    // Whoever opens it next need not wait for threads to end.
    drop(store);
    let reopened = Store::open_with(&path, OPTIONS).unwrap();
    assert!(!reopened.recovery().unclean);
    assert!(held == lines_of(&reopened.snapshot().unwrap()));
    reopened.close().unwrap();
    assert_eq!(verify(&DiskStorage::open(&path).unwrap()).unwrap().damage, []);
}

/// Events of a user that is to go.
fn lines_of_gone(user: u64) -> Vec<Line> {
    let text = |number: u64| {
        let (event, insert_id) = (format!("e{}", number % 3), format!("gone{user}-{number}"));
        json!({"type": "track", "distinct_id": format!("gone{user}"), "event": event, "insert_id": insert_id, "groups": {"company": "k1"}, "timestamp": number})
    };
    (0..5).map(|number| parse_line(text(number).to_string().as_bytes()).unwrap()).collect()
}

#[test]
fn writing_and_reading_go_on_beside_compacting_and_deletions() {
    const GONE: u64 = 12;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let store = Store::open_with(&path, OPTIONS).unwrap();
    for user in 0..GONE {
        store.write(lines_of_gone(user)).unwrap();
        store.seal().unwrap();
    }
    // A call from inside of it would wait for ever if it held up others.
    let mut steps = 0;
    store
        .compact(|_| {
            steps += 1;
            assert_eq!(store.write(lines_of_gone(0)).unwrap().duplicate, 5);
            assert_eq!(exported(&store.snapshot().unwrap()).len() as u64, GONE * 5);
        })
        .unwrap();
    assert!(steps > 1, "{steps}");
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let store = store.clone();
            scope.spawn(move || {
                for number in 0..LINES {
                    assert_eq!(store.write([line(writer, number)]).unwrap().accepted, 1);
                }
            });
        }
        // Two that want the turn beside each other.
        scope.spawn(|| {
            for _ in 0..5 {
                store.compact(|_| ()).unwrap();
            }
        });
        for user in 0..GONE {
            let name = format!("gone{user}");
            let removal = store.delete_users(&[&name]).unwrap();
            assert_eq!((removal.names, removal.events), (vec![name.clone()], 5));
            let held = exported(&store.snapshot().unwrap());
            assert!(!held.iter().any(|line| line.contains(&format!("{name}\""))), "{name}");
            assert_eq!(held.iter().filter(|line| line.contains("gone")).count() as u64, (GONE - user - 1) * 5);
        }
    });
    let plain = Store::open(directory.path().join("plain")).unwrap();
    for writer in 0..WRITERS {
        plain.write((0..LINES).map(|number| line(writer, number))).unwrap();
    }
    assert!(lines_of(&store.snapshot().unwrap()) == lines_of(&plain.snapshot().unwrap()));
    store.close().unwrap();
    assert_eq!(verify(&DiskStorage::open(&path).unwrap()).unwrap().damage, []);
}
