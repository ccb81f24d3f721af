//! The simulated disk does what its plans and policies say.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::super::error::Operation;
use super::super::storage::{Storage, StorageFile};
use super::policy::SECTOR_BYTES;
use super::{FailAt, Fault, LossPolicy, Repeat, SimDisk};
use std::collections::BTreeSet;

/// A disk with a synced `log` of 600 bytes `s`, and the log open to append more.
fn disk_with_log() -> (SimDisk, Box<dyn StorageFile>) {
    let disk = SimDisk::new();
    let log = disk.create("log").unwrap();
    log.append(&[b's'; 600]).unwrap();
    log.sync("log").unwrap();
    disk.sync_dir("names").unwrap();
    (disk, log)
}

/// The log under a policy, which never loses the synced start.
fn log_after(disk: &SimDisk, policy: LossPolicy, seed: u64) -> Vec<u8> {
    let log = disk.crash_image(policy, seed).contents("log").unwrap().to_vec();
    assert!(log.starts_with(&[b's'; 600]), "{policy:?} lost what was synced");
    log.get(600..).unwrap().to_vec()
}

fn images(disk: &SimDisk, policy: LossPolicy) -> Vec<SimDisk> {
    (0..200).map(|seed| disk.crash_image(policy, seed)).collect()
}

#[test]
fn all_lost_and_all_kept() {
    let (disk, log) = disk_with_log();
    log.append(b"one").unwrap();
    disk.create("new").unwrap();
    assert_eq!(log_after(&disk, LossPolicy::AllLost, 0), b"");
    assert_eq!(log_after(&disk, LossPolicy::AllKept, 0), b"one");
    assert_eq!(disk.crash_image(LossPolicy::AllLost, 0).names(), ["log"]);
    assert_eq!(disk.crash_image(LossPolicy::AllKept, 0).names(), ["log", "new"]);
}

#[test]
fn prefix_keeps_the_start_of_all_changes_in_order() {
    let (disk, log) = disk_with_log();
    log.append(b"one").unwrap();
    let new = disk.create("new").unwrap();
    new.append(b"two").unwrap();
    log.append(b"three").unwrap();
    let mut seen = BTreeSet::new();
    for image in images(&disk, LossPolicy::Prefix) {
        let log = image.contents("log").unwrap()[600..].to_vec();
        let new = image.contents("new").map(|content| content.to_vec());
        assert!(b"onethree".starts_with(&log));
        assert!(new.is_none() || log.len() >= 3, "the later came without the earlier");
        assert!(log.len() <= 3 || new.as_deref() == Some(b"two"), "the later came without the earlier");
        seen.insert((log, new));
    }
    // Cuts of `one` at 4 places, `new` absent or empty, of `two` at 3 more, of `three` at 5 more.
    assert_eq!(seen.len(), 13, "{seen:?}");
}

#[test]
fn sectors_survive_whole_or_not_at_all() {
    let (disk, log) = disk_with_log();
    // Ends in the middle of the third sector of the file, and starts in the middle of the second.
    log.append(&vec![b'x'; 424 + SECTOR_BYTES]).unwrap();
    log.append(&[b'y'; 10]).unwrap();
    let mut seen = BTreeSet::new();
    for image in images(&disk, LossPolicy::Sectors) {
        let content = image.contents("log").unwrap();
        seen.insert(content[600..].chunks(1).fold(String::new(), |mut runs, byte| {
            let kind = if byte[0] == 0 { '0' } else { char::from(byte[0]) };
            if !runs.ends_with(kind) {
                runs.push(kind);
            }
            runs
        }));
        assert!([600, 1024, 1536, 1546].contains(&content.len()), "{}", content.len());
    }
    let expected = ["", "x", "0x", "0y", "x0y", "xy", "0xy"];
    assert_eq!(seen, expected.map(str::to_owned).into(), "each sector alone");
}

#[test]
fn sectors_loses_any_of_the_names_and_of_the_cuts() {
    let (disk, log) = disk_with_log();
    disk.create("a").unwrap();
    disk.create("b").unwrap();
    log.set_len(10).unwrap();
    let images = images(&disk, LossPolicy::Sectors);
    let names: BTreeSet<String> = images.iter().map(|image| image.names().concat()).collect();
    assert_eq!(names, ["log", "alog", "blog", "ablog"].map(str::to_owned).into());
    let lengths: BTreeSet<usize> = images.iter().map(|image| image.contents("log").unwrap().len()).collect();
    assert_eq!(lengths, [10, 600].into());
}

#[test]
fn zeros_and_stale_keep_the_size() {
    let (disk, log) = disk_with_log();
    let other: Vec<u8> = (0..2000u32).map(|index| (index % 251) as u8).collect();
    disk.put("other", other.as_slice());
    log.append(&[b'x'; 700]).unwrap();
    assert_eq!(log_after(&disk, LossPolicy::Zeros, 0), [0; 700]);
    let stale: BTreeSet<Vec<u8>> = (0..50).map(|seed| log_after(&disk, LossPolicy::Stale, seed)).collect();
    assert!(stale.iter().all(|bytes| bytes.len() == 700));
    assert!(stale.contains(&other[600..1300]), "never the bytes of another file at the same place");
    assert!(stale.len() > 2, "never noise");
}

#[test]
fn bytes_of_a_removed_file_turn_up_again() {
    let (disk, log) = disk_with_log();
    disk.create("removed").unwrap().append(&[b'r'; 2000]).unwrap();
    disk.remove("removed").unwrap();
    disk.sync_dir("names").unwrap();
    log.append(&[b'x'; 700]).unwrap();
    let stale = |disk: &SimDisk| (0..50).any(|seed| log_after(disk, LossPolicy::Stale, seed) == [b'r'; 700]);
    assert!(stale(&disk));
    // Also after the next loss of power.
    let next = disk.crash_image(LossPolicy::AllLost, 0);
    next.open_append("log").unwrap().append(&[b'x'; 700]).unwrap();
    assert!(stale(&next));
}

#[test]
fn newest_only_leaves_a_hole() {
    let (disk, log) = disk_with_log();
    log.append(b"one").unwrap();
    log.append(b"two").unwrap();
    disk.create("first").unwrap();
    disk.create("second").unwrap();
    assert_eq!(log_after(&disk, LossPolicy::NewestOnly, 0), b"\0\0\0two");
    assert_eq!(disk.crash_image(LossPolicy::NewestOnly, 0).names(), ["log", "second"]);
}

#[test]
fn names_and_data_are_lost_apart() {
    let (disk, log) = disk_with_log();
    log.append(b"one").unwrap();
    let new = disk.create("new.tmp").unwrap();
    new.append(b"content").unwrap();
    new.sync("new").unwrap();
    new.append(b"!").unwrap();
    disk.rename("new.tmp", "new").unwrap();

    let data_kept = disk.crash_image(LossPolicy::DataKept, 0);
    assert_eq!(data_kept.names(), ["log"]);
    assert_eq!(log_after(&disk, LossPolicy::DataKept, 0), b"one");

    let names_kept = disk.crash_image(LossPolicy::NamesKept, 0);
    assert_eq!(names_kept.names(), ["log", "new"]);
    assert_eq!(names_kept.contents("new").unwrap(), "content", "a sync makes the content last, not the name");
    assert_eq!(log_after(&disk, LossPolicy::NamesKept, 0), b"");
}

#[test]
fn a_rename_without_a_sync_may_come_back_undone() {
    let disk = SimDisk::new();
    disk.put("manifest", "old");
    disk.put("manifest.tmp", "new");
    disk.rename("manifest.tmp", "manifest").unwrap();
    let undone = disk.crash_image(LossPolicy::AllLost, 0);
    assert_eq!(undone.names(), ["manifest", "manifest.tmp"]);
    assert_eq!(undone.contents("manifest").unwrap(), "old");
    disk.sync_dir("names").unwrap();
    let done = disk.crash_image(LossPolicy::AllLost, 0);
    assert_eq!(done.names(), ["manifest"]);
    assert_eq!(done.contents("manifest").unwrap(), "new");
}

#[test]
fn removals_and_truncations_are_changes_too() {
    let (disk, log) = disk_with_log();
    disk.put("old", "kept until synced");
    log.set_len(100).unwrap();
    disk.remove("old").unwrap();
    let lost = disk.crash_image(LossPolicy::AllLost, 0);
    assert_eq!(lost.contents("log").unwrap().len(), 600);
    assert!(lost.contents("old").is_some());
    log.sync("log").unwrap();
    disk.sync_dir("names").unwrap();
    let lost = disk.crash_image(LossPolicy::AllLost, 0);
    assert_eq!(lost.contents("log").unwrap().len(), 100);
    assert!(lost.contents("old").is_none());
}

#[test]
fn what_is_synced_survives_every_policy_and_images_repeat() {
    let (disk, log) = disk_with_log();
    log.append(&[b'x'; 1000]).unwrap();
    log.sync("log").unwrap();
    disk.put("other", "bytes");
    for policy in LossPolicy::ALL {
        for seed in 0..10 {
            assert_eq!(disk.crash_image(policy, seed).fingerprint(), disk.fingerprint(), "{policy:?}");
        }
    }
    log.append(&[b'y'; 3000]).unwrap();
    disk.create("new").unwrap();
    for policy in LossPolicy::ALL {
        let prints = |seed| disk.crash_image(policy, seed).fingerprint();
        assert_eq!(prints(7), prints(7), "{policy:?}");
        let different: BTreeSet<u64> = (0..20).map(prints).collect();
        assert_eq!(different.len() > 1, policy.uses_seed(), "{policy:?}");
    }
}

#[test]
fn a_failed_sync_is_not_mended_by_another() {
    let (disk, log) = disk_with_log();
    log.append(b"lost").unwrap();
    disk.fail_plan(FailAt::Label { label: "log".into(), nth: 1 }, Fault::InputOutput, Repeat::Once);
    log.sync("log").unwrap_err();
    log.sync("log").unwrap();
    assert_eq!(disk.contents("log").unwrap().len(), 604, "programs still see it");
    assert_eq!(log_after(&disk, LossPolicy::AllLost, 0), b"");
    log.append(b"kept").unwrap();
    log.sync("log").unwrap();
    assert_eq!(log_after(&disk, LossPolicy::AllLost, 0), b"\0\0\0\0kept");
    assert_eq!(log_after(&disk, LossPolicy::AllKept, 0), b"lostkept");

    disk.create("new").unwrap();
    disk.fail_plan(FailAt::Label { label: "names".into(), nth: 1 }, Fault::InputOutput, Repeat::Once);
    disk.sync_dir("names").unwrap_err();
    disk.sync_dir("names").unwrap();
    assert_eq!(disk.crash_image(LossPolicy::AllLost, 0).names(), ["log"]);
    disk.create("other").unwrap();
    disk.sync_dir("names").unwrap();
    assert_eq!(disk.crash_image(LossPolicy::AllLost, 0).names(), ["log", "other"]);
    assert_eq!(disk.names(), ["log", "new", "other"]);
}

#[test]
fn a_sync_that_never_came_is_no_failed_one() {
    let (disk, log) = disk_with_log();
    log.append(b"one").unwrap();
    disk.create("new").unwrap();
    disk.crash_after(disk.calls() + 1);
    log.sync("log").unwrap_err();
    disk.sync_dir("names").unwrap_err();
    let next = disk.kill_image();
    next.open_append("log").unwrap().sync("log").unwrap();
    next.sync_dir("names").unwrap();
    assert_eq!(log_after(&next, LossPolicy::AllLost, 0), b"one");
    assert_eq!(next.crash_image(LossPolicy::AllLost, 0).names(), ["log", "new"]);
}

#[test]
fn a_killed_process_leaves_what_was_not_synced_at_risk() {
    let (disk, log) = disk_with_log();
    log.append(b"one").unwrap();
    disk.crash_after(disk.calls() + 1);
    log.append(b"two").unwrap_err();
    let next = disk.kill_image();
    assert_eq!((next.calls(), next.is_crashed()), (0, false));
    assert_eq!(next.read("log").unwrap().len(), 606);
    assert_eq!(log_after(&next, LossPolicy::AllLost, 0), b"");
}

#[test]
fn calls_are_counted_and_logged() {
    let (disk, _log) = disk_with_log();
    let log: Vec<_> = disk.log().into_iter().map(|call| (call.number, call.operation, call.label)).collect();
    let expected = [
        (1, Operation::Create, "log"),
        (2, Operation::Append, "log"),
        (3, Operation::Sync, "log"),
        (4, Operation::SyncDirectory, "names"),
    ];
    assert_eq!(log, expected.map(|(number, operation, label)| (number, operation, label.to_owned())));
    assert_eq!(disk.calls(), 4);
    assert_eq!(disk.crash_image(LossPolicy::AllKept, 0).calls(), 0);
}

#[test]
fn power_goes_at_the_call_and_stays_away() {
    let (disk, log) = disk_with_log();
    let second = disk.calls() + 2;
    disk.crash_after(second);
    log.append(b"one").unwrap();
    let error = log.append(b"two").unwrap_err();
    assert!(error.is_simulated_crash());
    assert!(disk.is_crashed());
    for error in [log.sync("log").unwrap_err(), disk.list().unwrap_err(), disk.remove("log").unwrap_err()] {
        assert!(error.is_simulated_crash());
    }
    assert_eq!(log_after(&disk, LossPolicy::AllKept, 0), b"onetwo", "the last append may have reached the disk");
    assert_eq!(log_after(&disk, LossPolicy::AllLost, 0), b"", "the sync after the crash did nothing");
    assert_eq!(disk.log().last().unwrap().number, second);
    assert_eq!(disk.calls(), second + 3);
}

#[test]
fn faults_hit_the_call_they_are_planned_for() {
    let (disk, log) = disk_with_log();
    disk.fail_plan(FailAt::Call(disk.calls() + 2), Fault::NoSpace, Repeat::Once);
    log.append(b"a").unwrap();
    assert!(log.append(b"b").unwrap_err().is_out_of_space());
    log.append(b"c").unwrap();

    disk.fail_plan(FailAt::Operation { operation: Operation::Append, nth: 2 }, Fault::InputOutput, Repeat::ForEver);
    log.append(b"d").unwrap();
    disk.list().unwrap();
    log.append(b"e").unwrap_err();
    log.append(b"f").unwrap_err();
    disk.clear_faults();
    log.append(b"g").unwrap();
    assert_eq!(disk.contents("log").unwrap()[600..], *b"acdg");

    disk.fail_plan(FailAt::Label { label: "other".into(), nth: 1 }, Fault::TooManyFiles, Repeat::Once);
    log.sync("log").unwrap();
    let error = disk.create("other").unwrap_err();
    assert!(error.to_string().contains("limit on open files"), "{error}");
    disk.create("other").unwrap();
}

#[test]
fn interrupted_and_short_transfers_are_carried_on() {
    for fault in [Fault::Interrupted, Fault::ShortTransfer] {
        let (disk, log) = disk_with_log();
        disk.fail_plan(FailAt::Call(disk.calls() + 1), fault, Repeat::Once);
        let calls = disk.calls();
        log.append(b"abcdef").unwrap();
        assert_eq!(disk.calls(), calls + 2);
        disk.fail_plan(FailAt::Operation { operation: Operation::Read, nth: 1 }, fault, Repeat::Once);
        assert_eq!(log.read_at(600, 6).unwrap(), b"abcdef");
        disk.fail_plan(FailAt::Label { label: "log".into(), nth: 1 }, fault, Repeat::Once);
        log.sync("log").unwrap();
        assert_eq!(log_after(&disk, LossPolicy::AllLost, 0), b"abcdef", "an interrupted sync is no failed one");
    }
    let (disk, log) = disk_with_log();
    disk.fail_plan(FailAt::Call(1), Fault::ShortTransfer, Repeat::ForEver);
    log.append(&[b'x'; 100]).unwrap();
    assert_eq!(log.read_at(600, 100).unwrap(), [b'x'; 100]);
    disk.clear_faults();
    disk.fail_plan(FailAt::Call(1), Fault::Interrupted, Repeat::ForEver);
    log.append(b"y").unwrap_err();
    disk.list().unwrap_err();
}

#[test]
fn a_short_write_leaves_bytes_that_the_next_append_covers() {
    let (disk, log) = disk_with_log();
    disk.fail_plan(FailAt::Call(disk.calls() + 1), Fault::ShortWrite, Repeat::Once);
    assert!(log.append(b"abcdef").unwrap_err().is_out_of_space());
    assert_eq!(log.len().unwrap(), 603);
    log.append(b"X").unwrap();
    assert_eq!(disk.contents("log").unwrap()[600..], *b"Xbc");
    log.set_len(600).unwrap();
    log.append(b"YZ").unwrap();
    assert_eq!(disk.contents("log").unwrap()[600..], *b"YZ");
}

#[test]
fn an_omitted_sync_does_nothing() {
    let (disk, log) = disk_with_log();
    disk.omit_sync("left out");
    log.append(b"one").unwrap();
    disk.create("new").unwrap();
    log.sync("left out").unwrap();
    disk.sync_dir("left out").unwrap();
    assert_eq!(log_after(&disk, LossPolicy::AllLost, 0), b"");
    assert_eq!(disk.crash_image(LossPolicy::AllLost, 0).names(), ["log"]);
    log.sync("done").unwrap();
    assert_eq!(log_after(&disk, LossPolicy::AllLost, 0), b"one");
}

#[test]
fn read_only_media_refuse_changes_alone() {
    let (disk, log) = disk_with_log();
    disk.set_read_only(true);
    assert!(log.append(b"x").unwrap_err().is_read_only());
    assert!(disk.create("new").unwrap_err().is_read_only());
    assert!(disk.lock("LOCK").is_err());
    assert_eq!(disk.read("log").unwrap().len(), 600);
    disk.probe_lock("LOCK").unwrap();
}

#[test]
fn the_hands_of_a_test() {
    let (disk, log) = disk_with_log();
    log.append(b"made durable by the hand of the test").unwrap();
    disk.put("other", "content");
    let calls = disk.calls();
    let before = disk.fingerprint();
    assert_eq!(disk.crash_image(LossPolicy::AllLost, 0).fingerprint(), before);
    assert!(disk.delete("other") && disk.truncate("log", 600));
    let before = disk.fingerprint();
    assert!(disk.damage("log", 5, 0x80));
    assert_ne!(disk.fingerprint(), before);
    assert_eq!(disk.contents("log").unwrap()[5], b's' ^ 0x80);
    assert!(disk.damage("log", 5, 0x80));
    assert_eq!(disk.fingerprint(), before, "damage twice is no damage");
    assert!(!disk.damage("log", 600, 1) && !disk.damage("none", 0, 1));
    assert!(disk.truncate("log", 10));
    assert!(!disk.truncate("log", 10) && !disk.truncate("none", 0));
    disk.put("new", "content");
    assert!(disk.delete("log") && !disk.delete("log"));
    assert_eq!(disk.names(), ["new"]);
    assert_eq!(disk.crash_image(LossPolicy::AllLost, 0).contents("new").unwrap(), "content");
    assert_eq!(disk.calls(), calls, "none of these is a call");
}

#[test]
fn copies_go_their_own_ways() {
    let (disk, log) = disk_with_log();
    let mapped = disk.map("log", 600).unwrap();
    let read = disk.read("log").unwrap();
    let fork = disk.fork();
    log.append(b"original").unwrap();
    fork.put("log", "fork");
    assert_eq!(disk.contents("log").unwrap().len(), 608);
    assert_eq!(fork.contents("log").unwrap(), "fork");
    assert_eq!((mapped.len(), read.len()), (600, 600), "bytes handed out do not change");
    assert_eq!(fork.log(), disk.log()[..6], "a fork remembers the calls before it");
}

#[test]
fn a_removed_file_lives_while_it_is_open() {
    let (disk, log) = disk_with_log();
    disk.remove("log").unwrap();
    disk.sync_dir("names").unwrap();
    log.append(b"more").unwrap();
    assert_eq!(log.read_at(598, 10).unwrap(), b"ssmore");
    assert_eq!(disk.names(), [""; 0]);
    let again = disk.create("log").unwrap();
    assert_eq!(again.len().unwrap(), 0);
}

#[test]
fn the_note_of_a_lock_is_no_part_of_the_fingerprint() {
    let disk = SimDisk::new();
    let lock = disk.lock("LOCK").unwrap();
    lock.set_note(b"1\n").unwrap();
    let before = disk.fingerprint();
    lock.set_note(b"2\n").unwrap();
    assert_eq!(disk.fingerprint(), before);
}
