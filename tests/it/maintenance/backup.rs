//! T15: copies of a store that is written to meanwhile.

use crate::support::{Arrivals, Filled, exported};
use serde_json::json;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use trackcrumb::files::DiskStorage;
use trackcrumb::files::sim::{Fault, SimDisk};
use trackcrumb::input::parse_line;
use trackcrumb::store::{FixedEnvironment, Options, SystemEnvironment, backup, verify};
use trackcrumb::{Store, StoreReader};

/// Copies that are made under load.
const BACKUPS: u64 = 20;

/// Sizes at which sealing and merging go on all the time.
const OPTIONS: Options =
    Options { log_bytes_max: 4000, merge_width: 2, segment_rows_max: 400, compacted_rows_max: 400 };

fn line(number: u64) -> trackcrumb::model::Line {
    let text = match number % 5 {
        0 => {
            json!({"type": "group", "distinct_id": format!("u{}", number % 7), "group_type": "company", "group_key": format!("k{}", number % 3), "properties": {"n": number}})
        }
        1 => json!({"type": "identify", "distinct_id": format!("u{}", number % 7), "properties": {"n": number}}),
        _ => {
            json!({"type": "track", "distinct_id": format!("u{}", number % 7), "event": "e", "insert_id": format!("i{number}"), "properties": {"n": number}})
        }
    };
    parse_line(text.to_string().as_bytes()).unwrap()
}

#[test]
fn t15_a_backup_under_load_is_a_prefix_with_everything_acknowledged_before() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open_with(directory.path().join("store"), OPTIONS).unwrap();
    let (acknowledged, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let mut copies = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                store.write([line(number)]).unwrap();
                acknowledged.store(number + 1, Ordering::Release);
            }
        });
        for number in 0..BACKUPS {
            let target = directory.path().join(format!("copy-{number}"));
            while acknowledged.load(Ordering::Acquire) < number * 20 {
                thread::yield_now();
            }
            let before = acknowledged.load(Ordering::Acquire);
            // As another process would do it: by the files alone.
            let from = DiskStorage::open(&directory.path().join("store")).unwrap();
            let to = DiskStorage::create(&target).unwrap();
            let copied = backup(&from, &to, &SystemEnvironment, |_, _| ()).unwrap();
            let after = acknowledged.load(Ordering::Acquire);
            // One more may have become durable without being counted yet.
            assert!((before..=after + 1).contains(&copied.next_arrival), "{before} {copied:?} {after}");
            copies.push((target, copied));
        }
        stop.store(true, Ordering::Relaxed);
    });
    let all = exported(&store.snapshot().unwrap());
    for (target, copied) in copies {
        let to = DiskStorage::open(&target).unwrap();
        let report = verify(&to).unwrap();
        assert!(report.damage.is_empty() && report.notes.is_empty(), "{report:?}");
        assert_eq!((report.files, report.bytes), (copied.files, copied.bytes));
        let reader = StoreReader::open(&target).unwrap();
        assert!(!reader.recovery().unclean, "the copy is closed");
        let lines = exported(reader.snapshot());
        assert!(lines == all[..copied.next_arrival as usize], "a prefix and nothing else");
        let copy = Store::open(&target).unwrap();
        assert_eq!(copy.write([line(copied.next_arrival)]).unwrap().accepted, 1);
        copy.close().unwrap();
        assert_eq!(verify(&to).unwrap().damage, []);
    }
}

fn sample() -> Filled {
    let history: Vec<_> = (0..40)
        .map(|i| {
            (json!({"type": "track", "distinct_id": format!("u{}", i % 5), "event": "e", "properties": {"n": i}}), 0)
        })
        .collect();
    let mut filled = Filled::empty();
    filled.add(&history, Arrivals { batch: 3, seal_every: 4, reopen_every: 0 });
    filled
}

fn copy_of(from: &SimDisk, to: &SimDisk) -> Result<(), String> {
    let environment = FixedEnvironment::new(trackcrumb::model::Timestamp::clamped(0));
    backup(from, to, &environment, |_, _| ()).map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn a_backup_goes_into_an_empty_directory_only() {
    let filled = sample();
    let to = SimDisk::new();
    to.put("notes.txt", b"mine".to_vec());
    let error = copy_of(&filled.disk, &to).unwrap_err();
    assert!(error.contains("is not empty: it holds `notes.txt`"), "{error}");
    assert_eq!(to.names(), ["notes.txt"]);
}

/// Whatever call fails or is the last before the power goes: the copy is whole or it is no store.
#[test]
fn a_backup_that_is_interrupted_is_no_store() {
    let filled = sample();
    let expected = exported(&filled.store.snapshot().unwrap());
    let whole = SimDisk::new();
    copy_of(&filled.disk, &whole).unwrap();
    assert_eq!(exported(StoreReader::open_storage(&whole).unwrap().snapshot()), expected);
    let is_whole = |disk: &SimDisk| match StoreReader::open_storage(disk) {
        Ok(reader) => {
            assert_eq!(exported(reader.snapshot()), expected);
            assert_eq!(verify(disk).unwrap().damage, []);
            true
        }
        Err(_) => false,
    };
    let mut images = 0;
    for call in 1..=whole.calls() {
        let to = SimDisk::new();
        to.crash_after(call);
        let done = copy_of(&filled.disk, &to).is_ok();
        for policy in trackcrumb::files::sim::LossPolicy::ALL {
            let kept = is_whole(&to.crash_image(policy, call));
            assert!(kept || !done, "a finished copy is lost: call {call}, {policy:?}");
            images += u32::from(kept);
        }
        let to = SimDisk::new();
        to.fail_plan(trackcrumb::files::sim::FailAt::Call(call), Fault::NoSpace, trackcrumb::files::sim::Repeat::Once);
        if copy_of(&filled.disk, &to).is_err() {
            assert!(to.names().iter().all(|name| name == "LOCK"), "{:?} is left behind", to.names());
            copy_of(&filled.disk, &to).unwrap();
            assert!(is_whole(&to), "the second try after call {call}");
        }
    }
    assert!(images > 0);
}

#[test]
fn damage_is_not_handed_on() {
    let filled = sample();
    let segment = filled.disk.names().into_iter().find(|name| name.starts_with("segment-")).unwrap();
    let mut bytes = filled.disk.contents(&segment).unwrap().to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    filled.disk.put(&segment, bytes);
    let to = SimDisk::new();
    let error = copy_of(&filled.disk, &to).unwrap_err();
    assert!(error.contains("is damaged") && error.contains(&segment), "{error}");
    assert_eq!(to.names(), [""; 0]);
}
