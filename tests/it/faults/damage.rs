//! T4: bytes of a small store are damaged one by one; and files are cut, extended and taken away.
//!
//! Whoever reads gets the right answer or an error that names a file, and checking every byte finds the damage.

use super::history::{History, Step};
use super::oracle::View;
use super::run::{Life, write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use trackcrumb::files::FileError;
use trackcrumb::files::sim::SimDisk;
use trackcrumb::input::parse_line;
use trackcrumb::model::Line;
use trackcrumb::store::{Options, Store, StoreError, StoreReader, verify};

/// How many damages are tried.
const DAMAGES: u64 = 100_000;

/// Two of each kind of sealed file, and a log with something in it.
const LINES: [&[&str]; 3] = [
    &[
        r#"{"type":"track","distinct_id":"u","event":"e","timestamp":1,"insert_id":"i","groups":{"t":"k"},"properties":{"p":1}}"#,
        r#"{"type":"identify","distinct_id":"u","timestamp":2,"properties":{"p":"x"}}"#,
        r#"{"type":"group","distinct_id":"v","group_type":"t","group_key":"k","timestamp":3,"add":{"n":1}}"#,
        r#"{"type":"alias","distinct_id":"u","alias":"w"}"#,
    ],
    &[
        r#"{"type":"track","distinct_id":"v","event":"f","timestamp":5,"properties":{"q":[1,{"a":0.5}]}}"#,
        r#"{"type":"cohort","name":"c","report":{"report":"cohort","where":{"did":"e"}}}"#,
    ],
    &[r#"{"type":"track","distinct_id":"x","event":"e","timestamp":7,"insert_id":"j"}"#],
];

fn steps() -> Vec<Step> {
    let batch = |lines: &&[&str]| lines.iter().map(|line| parse_line(line.as_bytes()).unwrap()).collect();
    LINES.iter().map(|lines| Step::Write(batch(lines))).collect()
}

/// A store with all kinds of files. Sealed once for each batch but the last.
fn store(disk: &SimDisk) -> Store {
    let options = Options { merge_width: 10, ..Options::default() };
    let store = Store::open_storage(Arc::new(disk.clone()), Life::new(1), options).unwrap();
    let steps = steps();
    for (number, step) in steps.iter().enumerate() {
        write(&store, step).unwrap();
        if number + 1 < steps.len() {
            store.seal().unwrap();
        }
    }
    store
}

/// The names and lengths of all files but the lock.
fn files(disk: &SimDisk) -> Vec<(String, u64)> {
    let names = disk.names().into_iter().filter(|name| name != "LOCK");
    names.map(|name| (name.clone(), disk.contents(&name).unwrap().len() as u64)).collect()
}

/// Reads everything, twice: by reading what each part holds, and by the export.
fn read_all(disk: &SimDisk) -> Result<View, StoreError> {
    let reader = StoreReader::open_storage(disk)?;
    let view = View::checked(reader.snapshot())?;
    let mut exported = Vec::new();
    reader.snapshot().export(|line| {
        exported.push(line);
        Ok::<(), StoreError>(())
    })?;
    assert_eq!(exported, view.lines, "the export differs");
    Ok(view)
}

/// Whether the error says which file is damaged.
fn names_a_file(error: &StoreError) -> bool {
    match error {
        StoreError::Damaged { damage, .. } | StoreError::Newer { damage, .. } => damage.file.is_some(),
        StoreError::File(FileError::Io { path, .. } | FileError::LengthDiffers { path, .. }) => !path.is_empty(),
        _ => false,
    }
}

/// Reading gives what `is_right` accepts, or an error that names a file.
fn check_answer(disk: &SimDisk, is_right: impl Fn(&View) -> bool) -> Result<(), String> {
    match read_all(disk) {
        Ok(view) if is_right(&view) => Ok(()),
        Ok(view) => Err(format!("a wrong answer: {view:?}")),
        Err(error) if names_a_file(&error) => Ok(()),
        Err(error) => Err(format!("no file is named: {error}")),
    }
}

/// Verifying finds something in this file.
fn check_found(disk: &SimDisk, name: &str) -> Result<(), String> {
    let found = verify(disk).map_err(|error| format!("cannot verify: {error}"))?.damage;
    let in_file = found.iter().any(|damage| damage.file.as_deref() == Some(name));
    if in_file { Ok(()) } else { Err(format!("verifying finds {found:?}")) }
}

/// What is left of a damaged store tells nothing that was not accepted.
fn check_salvage(disk: &SimDisk, lines: &[Line]) -> Result<(), String> {
    let Ok((reader, _)) = StoreReader::open_skipping(disk) else { return Ok(()) };
    let mut rest = lines.iter();
    let mut strange = None;
    let visit = |line: Line| {
        if !rest.any(|known| *known == line) {
            strange.get_or_insert(line);
        }
        Ok::<(), StoreError>(())
    };
    reader.snapshot().export_intact(visit).map_err(|error| error.to_string())?;
    strange.map_or(Ok(()), |line| Err(format!("nobody said {line:?}")))
}

/// The n-th damage of a byte: each bit by itself, all bits, then other masks.
fn mask(number: u64) -> u8 {
    match number {
        0..8 => 1 << number,
        8 => 0xff,
        _ => (number * 37 % 255) as u8 + 1,
    }
}

#[test]
fn t4_every_damaged_byte_is_found() {
    let disk = SimDisk::new();
    store(&disk).close().unwrap();
    let files = files(&disk);
    let kinds = ["MANIFEST", "dictionary", "log", "profiles", "segment"];
    assert!(kinds.iter().all(|kind| files.iter().any(|(name, _)| name.starts_with(kind))), "{files:?}");
    let history = History::new(steps());
    let right = read_all(&disk).unwrap();
    assert_eq!(right.lines, history.marks[history.marks.len() - 1].lines);
    let bytes: u64 = files.iter().map(|(_, length)| length).sum();
    let masks = DAMAGES.div_ceil(bytes);
    let places: Vec<(&str, u64)> =
        files.iter().flat_map(|(name, length)| (0..*length).map(|at| (name.as_str(), at))).collect();

    let next = AtomicU64::new(0);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some((name, at)) = places.get((number / masks) as usize) else { break };
            let mask = mask(number % masks);
            let damaged = disk.kill_image();
            assert!(damaged.damage(name, *at, mask));
            let place = |problem: String| format!("{name}, byte {at}, bits {mask:#x}: {problem}");
            check_answer(&damaged, |view| *view == right).map_err(place).unwrap();
            check_found(&damaged, name).map_err(place).unwrap();
            if number.is_multiple_of(16) {
                check_salvage(&damaged, &right.lines).map_err(place).unwrap();
            }
        }
    };
    both_cores(&work);
    assert!(places.len() as u64 * masks >= DAMAGES);
}

fn both_cores(work: &(impl Fn() + Sync)) {
    std::thread::scope(|scope| {
        let other = scope.spawn(work);
        work();
        other.join().unwrap();
    });
}

/// Of a log that was not closed, damage may cost what came after all that is known to be synced, and nothing else.
#[test]
fn t4_damage_in_an_open_log_costs_the_last_batch_at_most() {
    let history = History::new(steps());
    let disk = SimDisk::new();
    let options = Options::default();
    let store = Store::open_storage(Arc::new(disk.clone()), Life::new(1), options).unwrap();
    let mut ends = Vec::new();
    for step in &history.steps {
        write(&store, step).unwrap();
        ends.push(disk.contents("log-00000001").unwrap().len() as u64);
    }
    let killed = disk.kill_image();
    let last_but_one = ends[ends.len() - 2];
    for (name, length) in files(&killed) {
        for at in 0..length {
            for mask in [1, 0x80, 0xff] {
                let damaged = killed.kill_image();
                assert!(damaged.damage(&name, at, mask));
                let may_lose = name.starts_with("log") && at >= last_but_one;
                let is_right = |view: &View| {
                    let least = history.marks.len() - if may_lose { 2 } else { 1 };
                    (least..history.marks.len()).any(|mark| view.lines == history.lines_at(mark))
                };
                check_answer(&damaged, is_right)
                    .unwrap_or_else(|problem| panic!("{name}, byte {at}, bits {mask:#x}: {problem}"));
            }
        }
    }
}

#[test]
fn t5_files_that_are_cut_extended_or_gone_are_noticed() {
    let disk = SimDisk::new();
    store(&disk).close().unwrap();
    let right = read_all(&disk).unwrap();
    let never = |_: &View| false;
    for (name, length) in files(&disk) {
        for cut in 0..length {
            let damaged = disk.kill_image();
            damaged.truncate(&name, cut);
            check_answer(&damaged, never).unwrap_or_else(|problem| panic!("{name} of {cut} bytes: {problem}"));
            if cut % 16 == 0 {
                check_salvage(&damaged, &right.lines).unwrap();
            }
        }
        for more in [&b"\0"[..], &[0; 512], b"fram", b"crumbend"] {
            let damaged = disk.kill_image();
            damaged.put(&name, [&damaged.contents(&name).unwrap(), more].concat());
            check_answer(&damaged, never).unwrap_or_else(|problem| panic!("{name} with {more:?} after it: {problem}"));
        }
        let damaged = disk.kill_image();
        damaged.delete(&name);
        check_answer(&damaged, never).unwrap_or_else(|problem| panic!("no {name}: {problem}"));
        check_salvage(&damaged, &right.lines).unwrap();
    }
    // The contents of any two files in each other's place.
    let names: Vec<String> = files(&disk).into_iter().map(|(name, _)| name).collect();
    for one in &names {
        for other in names.iter().filter(|other| *other != one) {
            let damaged = disk.kill_image();
            damaged.put(one, disk.contents(other).unwrap());
            check_answer(&damaged, never).unwrap_or_else(|problem| panic!("{other} as {one}: {problem}"));
        }
    }
}
