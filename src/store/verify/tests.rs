//! A sound store passes, beside its writer too; every damaged byte, and every file that is not what it was, is found.

use super::*;
use crate::files::sim::SimDisk;
use crate::input::parse_line;
use crate::model::{GroupType, Timestamp};
use crate::store::{FixedEnvironment, Options, Store};

/// A store with everything in it: sealed `seals` times, and more in its log.
fn store(disk: &SimDisk, seals: usize) -> Store {
    let environment = FixedEnvironment::new(Timestamp::from_millis(1_700_000_000_000).unwrap());
    let options = Options { merge_width: 3, ..Options::default() };
    let store = Store::open_storage(Arc::new(disk.clone()), Arc::new(environment), options).unwrap();
    store.declare_group_type(&GroupType::new("team").unwrap(), "Teams").unwrap();
    for i in 0..=seals {
        let lines = [
            format!(
                r#"{{"type":"track","distinct_id":"u{i}","event":"e{}","insert_id":"i{i}","groups":{{"company":"acme{}"}},"properties":{{"p":{i},"q":"{i}"}}}}"#,
                i % 2,
                i % 3
            ),
            format!(r#"{{"type":"identify","distinct_id":"u{i}","properties":{{"plan":"p{i}"}}}}"#),
            format!(
                r#"{{"type":"group","distinct_id":"u0","group_type":"company","group_key":"k{i}","add":{{"n":1}}}}"#
            ),
            format!(r#"{{"type":"alias","distinct_id":"u{i}","alias":"v{i}"}}"#),
            format!(r#"{{"type":"cohort","name":"c{i}","report":{{"report":"cohort","where":{{"did":"e0"}}}}}}"#),
        ];
        let lines = lines.iter().map(|line| parse_line(line.as_bytes()).unwrap());
        assert_eq!(store.write(lines).unwrap().accepted, 5);
        if i < seals {
            store.seal().unwrap();
        }
    }
    store
}

#[test]
fn a_sound_store_passes_beside_its_writer_and_after_it() {
    for seals in 0..8 {
        let disk = SimDisk::new();
        let store = store(&disk, seals);
        let report = verify(&disk).unwrap();
        assert_eq!((report.damage, report.notes), (vec![], vec![]), "{seals}");
        store.close().unwrap();
        let report = verify(&disk).unwrap();
        assert_eq!((report.damage, report.notes), (vec![], vec![]), "{seals}");
        let names = disk.names().into_iter().filter(|name| name != LOCK);
        let bytes: u64 = names.map(|name| disk.contents(&name).unwrap().len() as u64).sum();
        assert_eq!((report.files, report.bytes), (disk.names().len() as u64 - 1, bytes));
    }
}

#[test]
fn every_damaged_byte_is_found_in_its_file() {
    let disk = SimDisk::new();
    store(&disk, 2).close().unwrap();
    for name in disk.names().into_iter().filter(|name| name != LOCK) {
        let length = disk.contents(&name).unwrap().len() as u64;
        for offset in 0..length {
            for mask in [1, 0x80] {
                let damaged = disk.fork();
                assert!(damaged.damage(&name, offset, mask));
                let report = verify(&damaged).unwrap();
                let files: BTreeSet<_> = report.damage.iter().map(|damage| damage.file.clone()).collect();
                assert_eq!(files, [Some(Arc::from(name.as_str()))].into(), "{name} {offset} {:?}", report.damage);
                assert!(report.damage.iter().all(|damage| damage.offset <= length), "{:?}", report.damage);
            }
        }
    }
}

#[test]
fn damage_in_several_files_is_found_in_all_of_them() {
    let disk = SimDisk::new();
    store(&disk, 2).close().unwrap();
    let names: Vec<String> = disk.names().into_iter().filter(|name| name != LOCK).collect();
    let found = |disk: &SimDisk| -> BTreeSet<String> {
        let report = verify(disk).unwrap();
        report.damage.iter().filter_map(|damage| damage.file.as_ref().map(|file| file.to_string())).collect()
    };
    let others: BTreeSet<String> = names.iter().filter(|name| *name != MANIFEST).cloned().collect();
    for name in &others {
        disk.damage(name, 50, 4);
    }
    assert_eq!(found(&disk), others);
    // Without the manifest it is not known where a log ends, but its header is still judged.
    for name in names.iter().filter(|name| *name == MANIFEST || name.starts_with("log-")) {
        disk.damage(name, 20, 4);
    }
    assert_eq!(found(&disk), names.into_iter().collect());
}

#[test]
fn files_that_are_not_what_they_were_are_found() {
    let disk = SimDisk::new();
    store(&disk, 2).close().unwrap();
    let names: Vec<String> = disk.names().into_iter().filter(|name| name != LOCK).collect();
    let check = |what: &str, name: &str, change: &dyn Fn(&SimDisk)| {
        let changed = disk.fork();
        change(&changed);
        let report = verify(&changed).unwrap();
        let named = report.damage.iter().any(|damage| damage.file.as_deref() == Some(name));
        assert!(named, "{what} {name}: {:?}", report.damage);
    };
    for name in &names {
        let content = disk.contents(name).unwrap();
        check("missing", name, &|disk| assert!(disk.delete(name)));
        check("cut", name, &|disk| assert!(disk.truncate(name, content.len() as u64 - 1)));
        check("empty", name, &|disk| disk.put(name, Vec::new()));
        check("longer", name, &|disk| disk.put(name, [&content[..], &[0]].concat()));
        for other in names.iter().filter(|other| *other != name) {
            check("another file", name, &|disk| disk.put(name, disk.contents(other).unwrap()));
        }
    }
}

#[test]
fn other_files_are_mentioned_and_no_damage() {
    let disk = SimDisk::new();
    store(&disk, 1).close().unwrap();
    for name in ["notes.txt", "segment-00000099", "log-00000098.tmp"] {
        disk.put(name, *b"something");
    }
    let report = verify(&disk).unwrap();
    assert_eq!(report.damage, []);
    assert_eq!(report.notes.len(), 3, "{:?}", report.notes);
    assert!(report.notes.contains(&"`notes.txt` is not a file of the store".to_owned()));
}

#[test]
fn a_torn_tail_is_mentioned_and_no_damage() {
    let disk = SimDisk::new();
    let store = store(&disk, 1);
    let image = disk.kill_image();
    drop(store);
    let log = image.names().into_iter().find(|name| name.starts_with("log-")).unwrap();
    let content = image.contents(&log).unwrap();
    image.put(&log, [&content[..], b"fram and the power went"].concat());
    let report = verify(&image).unwrap();
    assert_eq!(report.damage, []);
    assert!(report.notes[0].contains("never acknowledged"), "{:?}", report.notes);
}

#[test]
fn a_directory_without_a_store_is_an_error() {
    assert!(matches!(verify(&SimDisk::new()), Err(StoreError::Absent { .. })));
    let disk = SimDisk::new();
    disk.put("notes.txt", *b"mine");
    assert!(matches!(verify(&disk), Err(StoreError::NotAStore { .. })));
}
