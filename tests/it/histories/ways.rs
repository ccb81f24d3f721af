//! T8: eight histories of one data set.

use super::{answer, cases, difference, fail, timed};
use crate::generate::{self, Case, Scope};
use crate::naive::Naive;
use crate::support::{TestEnvironment, exported_json};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use serde_json::Value;
use std::io::Cursor;
use std::sync::Arc;
use trackcrumb::files::sim::{LossPolicy, SimDisk};
use trackcrumb::input::parse_line;
use trackcrumb::store::import::{ImportOptions, Seekable, import};
use trackcrumb::store::{Options, Store, StoreReader, backup, verify};

/// What happens to a store between two batches.
#[derive(Clone, Copy, Debug)]
enum Between {
    Nothing,
    Seal,
    Compact,
    /// The power goes; everything that was not synced is lost.
    PowerLost,
    Kill,
}

/// A way of filling a store in batches.
struct Way {
    batch: usize,
    every: usize,
    between: Between,
}

fn open(disk: &SimDisk, environment: &Arc<TestEnvironment>) -> Store {
    let options = Options { merge_width: 3, ..Options::default() };
    Store::open_storage(Arc::new(disk.clone()), environment.clone(), options).unwrap()
}

/// Fills a store in batches.
fn filled(lines: &[Value], way: &Way) -> Store {
    let mut disk = SimDisk::new();
    let environment = Arc::new(TestEnvironment::default());
    let mut store = open(&disk, &environment);
    for (number, batch) in lines.chunks(way.batch).enumerate() {
        let batch = batch.iter().filter_map(|line| parse_line(line.to_string().as_bytes()).ok());
        store.write(batch).unwrap();
        if number % way.every != way.every - 1 {
            continue;
        }
        match way.between {
            Between::Nothing => {}
            Between::Seal => store.seal().unwrap(),
            Between::Compact => {
                store.compact(|_| ()).unwrap();
            }
            Between::PowerLost | Between::Kill => {
                let found = match way.between {
                    Between::PowerLost => disk.crash_image(LossPolicy::AllLost, 0),
                    _ => disk.kill_image(),
                };
                disk = found;
                store = open(&disk, &environment);
            }
        }
    }
    store
}

fn ndjson(lines: &[Value]) -> Vec<u8> {
    lines.iter().flat_map(|line| [line.to_string(), "\n".to_owned()]).collect::<String>().into_bytes()
}

/// Imports bytes, stopping and starting again after each `piece` of them.
fn imported(bytes: &[u8], pieces: usize, chunk_lines: usize) -> Store {
    let store = open(&SimDisk::new(), &Arc::default());
    let options = ImportOptions { chunk_lines, ..ImportOptions::default() };
    for piece in 1..=pieces {
        let so_far = bytes[..bytes.len() * piece / pieces].to_vec();
        import(&store, Seekable::new(Cursor::new(so_far)).unwrap(), &options, &mut |_| ()).unwrap();
    }
    store
}

/// The copy that a backup makes.
fn backed_up(lines: &[Value]) -> StoreReader {
    let (from, to) = (SimDisk::new(), SimDisk::new());
    let store = open(&from, &Arc::default());
    for (number, batch) in lines.chunks(9).enumerate() {
        store.write(batch.iter().filter_map(|line| parse_line(line.to_string().as_bytes()).ok())).unwrap();
        if number == 2 {
            store.seal().unwrap();
        }
    }
    backup(&from, &to, &TestEnvironment::default(), |_, _| ()).unwrap();
    assert_eq!(verify(&to).unwrap().damage, []);
    StoreReader::open_storage(&to).unwrap()
}

fn check(case: &Case, seed: usize) -> Result<(), TestCaseError> {
    let lines = timed(&case.history);
    let mut naive = Naive::default();
    for line in &lines {
        naive.accept(line, case.now_us);
    }
    let bytes = ndjson(&lines);
    let first = imported(&bytes, 1, usize::MAX);
    let export = exported_json(&first.snapshot().unwrap());
    let way = |batch, every, between| filled(&lines, &Way { batch, every, between });
    let histories = [
        ("one import", first.snapshot().unwrap()),
        ("many small batches", way(1 + seed % 3, 1, Between::Nothing).snapshot().unwrap()),
        ("sealed at odd points", way(3 + seed % 5, 2, Between::Seal).snapshot().unwrap()),
        ("compacted", way(5 + seed % 7, 1 + seed % 3, Between::Compact).snapshot().unwrap()),
        ("after losses of power", way(7, 1 + seed % 4, Between::PowerLost).snapshot().unwrap()),
        ("killed and recovered", way(4, 1 + seed % 5, Between::Kill).snapshot().unwrap()),
        ("backed up", backed_up(&lines).snapshot().clone()),
        ("exported and imported again", imported(&ndjson(&export), 1, 11).snapshot().unwrap()),
        ("interrupted imports in other chunks", imported(&bytes, 3, 1 + seed % 9).snapshot().unwrap()),
    ];
    let mut answers: Vec<(&Value, Option<String>)> = Vec::new();
    for document in &case.documents {
        let mut told = histories.iter().map(|(name, snapshot)| (name, answer(snapshot, document, case.now_us)));
        let (_, expected) = told.next().unwrap();
        for (name, other) in told {
            prop_assert_eq!(&other, &expected, "{}: document {}", name, document);
        }
        answers.push((document, expected));
    }
    difference(&answers, &naive, case.now_us).map_err(fail)
}

proptest! {
    #![proptest_config(Config { cases: cases("TRACKCRUMB_T8_SETS", 20), failure_persistence: None, ..Config::default() })]

    #[test]
    fn t8_no_history_of_the_data_changes_an_answer(
        case in generate::case(Scope::Whole, 160, 40..=40),
        seed in 0..1000_usize,
    ) {
        check(&case, seed)?;
    }
}
