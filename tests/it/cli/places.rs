//! Directories that are no stores, cannot be written, are full, damaged or of another version.

use super::{Place, track};
use std::fs;
use std::io::Cursor;
use std::process::Command;
use std::sync::Arc;
use trackcrumb::files::sim::{FailAt, Fault, Repeat, SimDisk};
use trackcrumb::store::import::{ImportOptions, Imported, Seekable, import};
use trackcrumb::store::{Options, Store, SystemEnvironment};

const READING: [&str; 6] = ["groups", "events", "stats", "group-type list", "export", "report report.json"];

fn with_report() -> Place {
    let place = Place::new();
    place.write("report.json", r#"{"report":"trends","from":"2026-01-01","to":"2026-01-02","series":[{"event":"e"}]}"#);
    place
}

#[test]
fn a_directory_of_other_files_is_no_store() {
    let place = with_report();
    fs::create_dir(place.path("notes")).unwrap();
    place.write("notes/notes.txt", "hello");
    let sentence = "`notes` is not a trackcrumb store: it has no MANIFEST but other files, such as `notes.txt`; name a \
                    store or an empty directory";
    place.pipe("import --data notes -", track("u", "e")).expect_error(1, sentence);
    for command in READING {
        place.run(&format!("{command} --data notes")).expect_error(1, sentence);
    }
    let names: Vec<_> = fs::read_dir(place.path("notes")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| name == "notes.txt" || name == "LOCK"), "{names:?}");
}

#[test]
fn a_directory_that_is_not_there_is_made_by_writing_and_not_by_reading() {
    let place = with_report();
    for command in READING {
        let sentence = "`nowhere` holds no trackcrumb store yet; `trackcrumb import --data nowhere FILE` makes one";
        place.run(&format!("{command} --data nowhere")).expect_error(1, sentence);
    }
    assert!(!place.path("nowhere").exists());
    place
        .run("import --data nowhere missing.ndjson")
        .expect_error(1, "cannot read `missing.ndjson`: No such file or directory (os error 2); check the path");
    assert!(!place.path("nowhere").exists(), "the input is opened first");
    fs::create_dir(place.path("folder")).unwrap();
    place.run("import --data nowhere folder").expect_error(1, "cannot read `folder`: is a directory; check the path");
    place.pipe("import --data a/b/c -", track("u", "e")).expect_import(0, [1, 0, 0, 0], "");
}

#[test]
fn a_file_is_no_directory() {
    let place = Place::new();
    place.write("plain", "x");
    place
        .pipe("import --data plain -", track("u", "e"))
        .expect_error(1, "cannot open the directory `plain`: not a directory; check the path");
}

/// Gives the store's manifest the version 2, with the checksum it should have.
#[test]
fn a_newer_format_is_refused_and_not_touched() {
    let place = with_report();
    place.pipe("import -", track("u", "e")).expect_import(0, [1, 0, 0, 0], "");
    let manifest = place.path("trackcrumb-data/MANIFEST");
    let mut bytes = fs::read(&manifest).unwrap();
    bytes[12] = 2;
    let checksum = crc32fast::hash(&bytes[..40]);
    bytes[40..44].copy_from_slice(&checksum.to_le_bytes());
    fs::write(&manifest, &bytes).unwrap();
    let sentence = "`./trackcrumb-data` was written by a newer trackcrumb: ";
    for command in READING.iter().chain(&["import report.json"]) {
        let done = place.run(command);
        assert_eq!((done.code, done.out.as_str()), (Some(1), ""), "{command}: {done:?}");
        assert!(done.err.starts_with(&format!("error: {sentence}")), "{command}: {}", done.err);
    }
    assert_eq!(fs::read(&manifest).unwrap(), bytes);
}

#[test]
fn damage_is_exit_4_wherever_it_is_met() {
    let place = with_report();
    place.pipe("import -", track("u", "e")).expect_import(0, [1, 0, 0, 0], "");
    let manifest = place.path("trackcrumb-data/MANIFEST");
    let mut bytes = fs::read(&manifest).unwrap();
    bytes[60] ^= 1;
    fs::write(&manifest, &bytes).unwrap();
    for command in READING.iter().chain(&["import report.json", "group-type only-declared on"]) {
        let done = place.run(command);
        assert_eq!((done.code, done.out.as_str()), (Some(4), ""), "{command}: {done:?}");
        assert!(done.err.starts_with("error: `./trackcrumb-data` is damaged: "), "{command}: {}", done.err);
    }
    assert_eq!(place.run("verify").code, Some(4));
}

/// Mounts a small file system of its own on the directory; `None` where that is not permitted.
struct Mount<'a>(&'a Place);

impl<'a> Mount<'a> {
    fn new(place: &'a Place, options: &str) -> Option<Self> {
        fs::create_dir(place.path("mount")).unwrap();
        let mounted = mount(place, &["-t", "tmpfs", "-o", options, "tmpfs"]);
        mounted.then_some(Self(place))
    }

    fn remount(&self, options: &str) {
        assert!(mount(self.0, &["-o", &format!("remount,{options}"), "tmpfs"]));
    }
}

fn mount(place: &Place, arguments: &[&str]) -> bool {
    let done = Command::new("mount").args(arguments).arg(place.path("mount")).output();
    done.is_ok_and(|done| done.status.success())
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path("mount")).output();
    }
}

/// What a full and a read-only file system look like to users, where this test may mount one. The same is held for
/// every system by the tests on a simulated disk below.
#[test]
fn real_file_systems_that_are_full_or_read_only() {
    let place = with_report();
    let Some(mount) = Mount::new(&place, "size=128k") else { return };
    let lines: String = (0..20_000).map(|i| track(&format!("user-{i}"), "e")).collect();
    let done = place.pipe("import --data mount -", &lines);
    assert_eq!((done.code, done.out.as_str()), (Some(1), ""));
    let sentence = "error: importing standard input stopped: cannot write `mount/log-00000001`: No space left on \
                    device (os error 28); free some space and try again; ";
    assert!(done.err.starts_with(sentence), "{}", done.err);
    mount.remount("size=16m");
    let done = place.pipe("import --data mount -", &lines).json(0);
    assert_eq!(done["accepted"].as_u64().unwrap() + done["done_before"].as_u64().unwrap(), 20_000);
    mount.remount("ro");
    place.pipe("import --data mount -", &lines).expect_error(
        1,
        "cannot lock `mount/LOCK`: Read-only file system (os error 30); open the directory with write permission or \
         use a command that only reads",
    );
    for command in READING {
        let done = place.run(&format!("{command} --data mount"));
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{command}");
    }
}

fn import_all(store: &Store, lines: &str) -> Result<Imported, String> {
    let source = Seekable::new(Cursor::new(lines.as_bytes().to_vec())).unwrap();
    let options = ImportOptions { chunk_lines: 10, ..ImportOptions::default() };
    import(store, source, &options, &mut |_| ()).map_err(|error| error.to_string())
}

fn open(disk: &SimDisk) -> Store {
    Store::open_storage(Arc::new(disk.clone()), Arc::new(SystemEnvironment), Options::default()).unwrap()
}

fn rows(store: &Store) -> u64 {
    store.snapshot().unwrap().segments().iter().map(|segment| segment.rows()).sum()
}

#[test]
fn an_import_onto_a_full_disk_keeps_what_it_said_and_goes_on_when_there_is_room() {
    let lines: String = (0..50).map(|i| track(&format!("user-{i}"), "e")).collect();
    for fault in [Fault::NoSpace, Fault::ShortWrite] {
        let disk = SimDisk::new();
        let store = open(&disk);
        disk.fail_plan(FailAt::Label { label: "log-00000001".to_owned(), nth: 3 }, fault, Repeat::ForEver);
        let error = import_all(&store, &lines).unwrap_err();
        let stored = rows(&store);
        let sentence = format!(
            "No space left on device (os error 28); free some space and try again; the {stored} lines before that are \
             done, and the next import of the same input continues after them"
        );
        assert!(error.ends_with(&sentence) && stored > 0, "{error}");
        disk.clear_faults();
        let done = import_all(&store, &lines).unwrap();
        assert_eq!((done.accepted, done.done_before), (50 - stored, stored));
        assert_eq!(rows(&store), 50);
    }
}

#[test]
fn a_read_only_disk_is_told_before_anything_is_read() {
    let disk = SimDisk::new();
    drop(open(&disk));
    disk.set_read_only(true);
    let opened = Store::open_storage(Arc::new(disk.clone()), Arc::new(SystemEnvironment), Options::default());
    let error = opened.unwrap_err().to_string();
    assert!(error.ends_with("open the directory with write permission or use a command that only reads"), "{error}");
    assert!(trackcrumb::StoreReader::open_storage(&disk).is_ok());
}

/// An import killed at any call of the disk, and continued, stores every line once.
#[test]
fn an_import_that_loses_power_anywhere_is_continued() {
    use trackcrumb::files::sim::LossPolicy;
    let lines: String = (0..50).map(|i| track(&format!("user-{i}"), "e")).collect();
    let calls = {
        let disk = SimDisk::new();
        let store = open(&disk);
        import_all(&store, &lines).unwrap();
        store.close().unwrap();
        disk.calls()
    };
    for call in 1..=calls {
        let disk = SimDisk::new();
        disk.crash_after(call);
        let opened = Store::open_storage(Arc::new(disk.clone()), Arc::new(SystemEnvironment), Options::default());
        if let Ok(store) = opened {
            let _ = import_all(&store, &lines);
        }
        for policy in LossPolicy::ALL {
            let image = disk.crash_image(policy, call);
            let store = open(&image);
            let stored = rows(&store);
            let done = import_all(&store, &lines).unwrap();
            assert_eq!((done.accepted, done.done_before), (50 - stored, stored), "call {call}, {policy:?}");
            assert_eq!(rows(&store), 50, "call {call}, {policy:?}");
        }
    }
}
