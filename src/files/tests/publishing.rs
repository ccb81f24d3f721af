//! The publish protocol under every crash, every policy of loss and every failing call.
//!
//! Goal: the name stands for a whole content, never for less than what was promised. Method: one workload
//! of four publications, each promised once `sync_dir` returns, is cut or failed at every call.

use super::super::sim::{FailAt, Fault, LossPolicy, Repeat, SimDisk};
use super::super::{FileError, Operation, Storage, is_temporary, publish_file, publish_written};
use super::disk;
use std::collections::BTreeSet;

const SEEDS: u64 = 8;

/// The names and what they stand for after each publication.
const VERSIONS: [(&str, u8); 4] = [("manifest", 1), ("segment", 2), ("manifest", 3), ("manifest", 4)];

/// Long enough for several sectors, and different in each.
fn content(version: u8) -> Vec<u8> {
    (0..2000u32).map(|index| (index / 512 * 16) as u8 | version).collect()
}

/// Publishes all versions; counts those promised.
fn publish_all(storage: &dyn Storage, promised: &mut usize) -> Result<(), FileError> {
    for (name, version) in VERSIONS {
        let content = content(version);
        let len = match name {
            "segment" => publish_written(storage, name, "content", |output| {
                // What the file says comes first, whatever is made of it here.
                content.chunks(700).for_each(|chunk| drop(output.write_all(chunk)));
                Ok::<_, FileError>(())
            })?,
            _ => publish_file(storage, name, content.chunks(700), "content")?,
        };
        assert_eq!(len, content.len() as u64);
        storage.sync_dir("names")?;
        *promised += 1;
    }
    Ok(())
}

/// What is wrong with a disk on which the first `promised` publications were promised.
fn find_fault(disk: &SimDisk, promised: usize) -> Option<String> {
    for name in ["manifest", "segment"] {
        let versions = || VERSIONS.iter().enumerate().filter(|(_, (of, _))| *of == name);
        let least = versions().filter(|(index, _)| *index < promised).map(|(index, _)| index).next_back();
        let allowed = versions().filter(|(index, _)| least.is_none_or(|least| *index >= least));
        match disk.contents(name) {
            None if least.is_none() => {}
            None => return Some(format!("{name} was promised and is gone")),
            Some(found) => {
                if !allowed.map(|(_, (_, version))| content(*version)).any(|whole| found == whole) {
                    return Some(format!("{name} stands for something that was never or is no longer its content"));
                }
            }
        }
    }
    None
}

fn calls_of_the_workload() -> u64 {
    let disk = SimDisk::new();
    publish_all(&disk, &mut 0).unwrap();
    disk.calls()
}

/// Crashes the workload at every call, then finds faults under every policy. Answers the first fault and
/// how many different images there were.
fn crash_everywhere(prepare: impl Fn(&SimDisk)) -> (Option<String>, usize) {
    let mut images = BTreeSet::new();
    for call in 1..=calls_of_the_workload() {
        let disk = SimDisk::new();
        prepare(&disk);
        disk.crash_after(call);
        let mut promised = 0;
        let error = publish_all(&disk, &mut promised).unwrap_err();
        assert!(error.is_simulated_crash() && disk.is_crashed(), "{error}");
        for policy in LossPolicy::ALL {
            for seed in 0..if policy.uses_seed() { SEEDS } else { 1 } {
                let image = disk.crash_image(policy, seed);
                images.insert(image.fingerprint());
                if let Some(fault) = find_fault(&image, promised) {
                    return (Some(format!("call {call}, {policy:?}, seed {seed}: {fault}")), images.len());
                }
            }
        }
    }
    (None, images.len())
}

#[test]
fn publish_survives_every_crash_and_policy() {
    let (fault, images) = crash_everywhere(|_| {});
    assert_eq!(fault, None);
    assert!(images > 50, "only {images} different images");
}

#[test]
fn publish_survives_crashes_on_what_a_crash_left() {
    for call in 1..=calls_of_the_workload() {
        let disk = SimDisk::new();
        disk.crash_after(call);
        let mut promised = 0;
        publish_all(&disk, &mut promised).unwrap_err();
        for policy in LossPolicy::ALL {
            let found = disk.crash_image(policy, call);
            // The next writer publishes the manifest alone, and loses power too, at each of its calls.
            for second_call in 1.. {
                let again = found.fork();
                again.crash_after(second_call);
                let result =
                    publish_file(&again, "manifest", [content(4)], "content").and_then(|_| again.sync_dir("names"));
                if result.is_ok() {
                    assert!(!again.names().contains(&"manifest.tmp".to_owned()));
                    assert_eq!(again.contents("manifest").unwrap(), content(4));
                    break;
                }
                let image = again.crash_image(policy, second_call);
                assert_eq!(find_fault(&image, promised), None, "calls {call} and {second_call}, {policy:?}");
            }
        }
    }
}

#[test]
fn leaving_out_either_sync_is_noticed() {
    for label in ["content", "names"] {
        let (fault, _) = crash_everywhere(|disk| disk.omit_sync(label));
        assert!(fault.is_some(), "without the sync of {label} nothing went wrong");
    }
}

#[test]
fn publish_survives_every_failing_call() {
    for call in 1..=calls_of_the_workload() {
        for fault in Fault::ALL {
            for repeat in [Repeat::Once, Repeat::ForEver] {
                let disk = SimDisk::new();
                disk.fail_plan(FailAt::Call(call), fault, repeat);
                let mut promised = 0;
                let result = publish_all(&disk, &mut promised);
                let case = format!("call {call}, {fault:?}, {repeat:?}");
                match (fault, repeat) {
                    (Fault::ShortTransfer, _) | (Fault::Interrupted, Repeat::Once) => assert!(result.is_ok(), "{case}"),
                    _ => assert!(result.is_err(), "{case}"),
                }
                assert_eq!(find_fault(&disk, promised), None, "{case}");
                for policy in LossPolicy::ALL {
                    assert_eq!(find_fault(&disk.crash_image(policy, call), promised), None, "{case}, {policy:?}");
                }
                // Once the cause is gone everything works again, and no temporary file is in the way.
                disk.clear_faults();
                publish_all(&disk, &mut 0).unwrap();
                assert!(disk.names().iter().all(|name| !is_temporary(name)), "{case}");
            }
        }
    }
}

#[test]
fn a_failed_publication_gives_its_space_back() {
    let disk = SimDisk::new();
    disk.fail_plan(FailAt::Operation { operation: Operation::Append, nth: 2 }, Fault::ShortWrite, Repeat::Once);
    let error = publish_file(&disk, "segment", [[1; 100], [2; 100]], "content").unwrap_err();
    assert!(error.is_out_of_space());
    assert_eq!(disk.names(), [""; 0]);
}

#[test]
fn what_is_written_in_small_parts_is_appended_in_large_ones() {
    let content: Vec<u8> = (0..5u32 << 19).map(|index| (index % 251) as u8).collect();
    let write = |disk: &SimDisk| {
        publish_written(disk, "segment", "content", |output| {
            content.chunks(70_000).try_for_each(|chunk| output.write_all(chunk)).expect("the disk takes it all");
            Ok::<_, FileError>(())
        })
    };
    let disk = SimDisk::new();
    assert_eq!(write(&disk).unwrap(), content.len() as u64);
    assert!(disk.contents("segment").unwrap() == content);
    // Removing what was left, creating, three times appending, syncing, renaming.
    assert!(disk.calls() <= 9, "{} calls", disk.calls());
}

#[test]
fn a_file_is_not_published_where_it_cannot_be_written_to_its_end() {
    let disk = SimDisk::new();
    disk.fail_plan(FailAt::Operation { operation: Operation::Append, nth: 2 }, Fault::ShortWrite, Repeat::Once);
    let full = publish_written(&disk, "segment", "content", |output| {
        let written = output.write_all(&[7; 3 << 20]);
        assert!(written.is_err() && output.write_all(&[7; 2 << 20]).is_err(), "nothing is left out in between");
        Ok::<_, FileError>(())
    });
    assert!(full.unwrap_err().is_out_of_space());
    let given_up = publish_written(&disk, "segment", "content", |output| {
        output.write_all(&[7; 3 << 20]).expect("the disk takes it");
        Err(FileError::AlreadyExists { path: "other".to_owned() })
    });
    assert!(matches!(given_up, Err(FileError::AlreadyExists { path }) if path == "other"));
    assert_eq!(disk.names(), [""; 0]);
}

#[test]
fn publish_on_the_real_disk_replaces_and_clears_what_was_left() {
    let (directory, storage) = disk();
    std::fs::write(directory.path().join("manifest.tmp"), b"left by a crash").unwrap();
    for version in [1, 2] {
        publish_file(&storage, "manifest", [content(version)], "content").unwrap();
        storage.sync_dir("names").unwrap();
        assert_eq!(storage.list().unwrap(), ["manifest"]);
        assert_eq!(storage.read("manifest").unwrap(), content(version));
    }
    publish_file(&storage, "empty", [b""; 0], "content").unwrap();
    assert_eq!(storage.file_len("empty").unwrap(), 0);
}
