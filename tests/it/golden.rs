//! The golden stores of format version 1: built anew they give the same bytes, read they give what went in, and what
//! was read is written back byte for byte. `TRACKCRUMB_WRITE_GOLDEN=1` writes them anew.

mod content;
mod readings;
mod recipe;
mod saved;

use content::{Files, ManifestRecord, Opened};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use trackcrumb::codec::text::Compression;
use trackcrumb::codec::{FileHeader, FileId, FileKind};
use trackcrumb::dictionary::{DictionaryPart, PartWriter};
use trackcrumb::files::sim::SimDisk;
use trackcrumb::input::parse_line;
use trackcrumb::log::{Batch, BatchBuilder, encode_frames};
use trackcrumb::model::{Arrival, EventId, GroupKeyId, GroupTypeId, StoredName, Timestamp, UserId};
use trackcrumb::profiles::{Profiles, ProfilesBuilder, ProfilesPart};
use trackcrumb::segment::{PropertyValues, Segment, merge_segments};
use trackcrumb::store::{BatchKey, FixedEnvironment, Options, Recovery, Store, StoreError, StoreReader};

/// The golden stores: the name of the directory, and that of the recipe.
const STORES: [(&str, &str); 3] =
    [("store", "recipe.ndjson"), ("torn-store", "torn-recipe.ndjson"), ("erased-store", "erased-recipe.ndjson")];

/// Names of the files that hold the whole store's names, rows and calls.
const SEGMENT: &str = "segment-00000002";
const PROFILES: &str = "profiles-00000003";
const DICTIONARY: &str = "dictionary-00000004";
const LOG: &str = "log-00000005";

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("format-spec/golden/v1")
}

fn text(name: &str) -> String {
    fs::read_to_string(directory().join(name)).unwrap()
}

/// The files of a golden store.
fn golden(store: &str) -> Files {
    let entries = fs::read_dir(directory().join(store)).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

fn disk_with(files: &Files) -> SimDisk {
    let disk = SimDisk::new();
    files.iter().for_each(|(name, bytes)| disk.put(name, bytes.clone()));
    disk
}

fn open(disk: &SimDisk) -> Result<Store, StoreError> {
    let environment = FixedEnvironment::new(Timestamp::clamped(0));
    Store::open_storage(Arc::new(disk.clone()), Arc::new(environment), Options::default())
}

#[test]
fn the_recipes_give_the_golden_bytes() {
    for (store, recipe) in STORES {
        let built = recipe::build(&text(recipe));
        assert!(built == recipe::build(&text(recipe)), "{store}: two builds differ");
        if std::env::var_os("TRACKCRUMB_WRITE_GOLDEN").is_some() {
            write_golden(store, &built);
        }
        let golden = golden(store);
        assert_eq!(built.keys().collect::<Vec<_>>(), golden.keys().collect::<Vec<_>>());
        for (name, bytes) in &built {
            let differs = bytes.iter().zip(&golden[name]).position(|(a, b)| a != b);
            assert_eq!((differs, bytes.len()), (None, golden[name].len()), "{store}/{name} from the first byte given");
        }
    }
}

fn write_golden(store: &str, built: &Files) {
    let directory = directory().join(store);
    if directory.exists() {
        fs::remove_dir_all(&directory).unwrap();
    }
    fs::create_dir_all(&directory).unwrap();
    built.iter().for_each(|(name, bytes)| fs::write(directory.join(name), bytes).unwrap());
    if store == "store" {
        let lines = Opened::of(built).lines().into_values().filter(|line| !is_reading(line));
        let content: String = lines.map(|line| line + "\n").collect();
        fs::write(directory.with_file_name("content.ndjson"), content).unwrap();
    }
}

fn is_reading(line: &str) -> bool {
    line.contains(r#""event":"reading""#)
}

#[test]
fn the_golden_store_holds_what_went_in_in_order_of_arrival() {
    let lines = Opened::of(&golden("store")).lines();
    let arrivals = (0..lines.len() as u64).map(Arrival::new);
    assert!(lines.keys().copied().eq(arrivals), "arrivals count from 0 without gaps");
    let (readings, others): (Vec<_>, Vec<_>) = lines.into_values().partition(|line| is_reading(line));
    assert!(readings.into_iter().eq((0..1100).map(readings::reading)), "the readings are those of the formula");
    assert_eq!(others.join("\n"), text("content.ndjson").trim_end());
}

#[test]
fn the_golden_segment_answers_from_columns_and_bitmaps() {
    let opened = Opened::of(&golden("store"));
    let segment = opened.segment.as_ref().unwrap();
    assert_eq!(segment.verify(), []);
    assert_eq!((segment.rows(), segment.arrivals()), (1109, (Arrival::new(0), Arrival::new(1116))));
    let [used, reading] = &segment.tables().collect::<Vec<_>>()[..] else { panic!("two tables were expected") };
    assert_eq!((used.rows(), reading.first_row(), reading.rows()), (9, 9, 1100));
    let kind = |property: &str| {
        let names = &opened.names[&StoredName::Property];
        let id = names.iter().position(|name| name == property).unwrap() as u32;
        match reading.property(trackcrumb::model::PropertyId::new(id)).unwrap().unwrap().values() {
            PropertyValues::Dictionary { values, .. } => ("codes", values.len() as u64),
            PropertyValues::Integers { present, .. } => ("integers", u64::from(present.is_some())),
            PropertyValues::Doubles { present, .. } => ("doubles", u64::from(present.is_some())),
        }
    };
    let kinds = ["level", "ratio", "note"].map(kind);
    assert_eq!(kinds, [("integers", 0), ("doubles", 1), ("codes", 550)], "every encoding of a property");

    let user = |name: &str| opened.names[&StoredName::User].iter().position(|other| other == name).unwrap() as u32;
    let days = used.user_days().unwrap();
    let read = days.days(None, None).map(|(day, rows, place)| {
        (day.start_micros() / 86_400_000_000, rows, days.units(place).unwrap().iter().collect::<Vec<_>>())
    });
    let (one, two, anonymous) = (user("user_1"), user("user_2"), user("anon_7f3"));
    let expected = [
        (-1, 1, vec![anonymous]),
        (20_456, 5, vec![one, two, anonymous]),
        (20_457, 2, vec![one]),
        (20_485, 1, vec![two]),
    ];
    assert_eq!(read.collect::<Vec<_>>(), expected);

    let key_rows = segment.key_rows(GroupTypeId::new(0)).unwrap().unwrap();
    let globex = key_rows.rows(GroupKeyId::new(1)).unwrap();
    assert_eq!(globex.len(), 3);
    for row in globex {
        let (table, row) = segment.table_of_row(row).unwrap();
        assert_eq!((table.event(), table.group(GroupTypeId::new(0)).unwrap().unwrap().get(row)), (EventId::new(0), 2));
    }
    assert_eq!(key_rows.rows(GroupKeyId::new(0)).unwrap().len(), 3 + 440);
    let found = segment.find_insert_id("évt 4", i64::MIN, i64::MAX).unwrap();
    assert_eq!(found.iter().map(|place| place.user.raw()).collect::<Vec<_>>(), [anonymous]);
    assert_eq!(segment.find_insert_id("evt-1", i64::MIN, i64::MAX).unwrap().len(), 2);
}

#[test]
fn the_golden_store_opens_clean_and_closes_unchanged() {
    let files = golden("store");
    let disk = disk_with(&files);
    let reader = StoreReader::open_storage(&disk).unwrap();
    assert_eq!(reader.recovery(), Recovery::default());
    let store = open(&disk).unwrap();
    assert_eq!(store.recovery(), Recovery::default());
    let imports = store.imports();
    assert_eq!((imports.len(), imports[0].lines), (1, 1108), "the second import took the place of the first");
    for (key, lines) in keyed_writes() {
        let written = store.write_once(lines.iter().map(|line| parse_line(line.as_bytes()).unwrap()), &key).unwrap();
        assert_eq!((written.accepted, written.duplicate), (0, lines.len() as u64), "it was sent before");
    }
    let snapshot = store.snapshot().unwrap();
    for snapshot in [reader.snapshot(), &snapshot] {
        assert_eq!(snapshot.next_arrival(), Arrival::new(1125));
        assert_eq!(snapshot.settings().declared, [(0, "Companies".to_owned()), (1, "Projects".to_owned())]);
        assert!(snapshot.settings().only_declared);
        assert_eq!(snapshot.cohorts().names().collect::<Vec<_>>(), ["keen", "keen companies"]);
        let shown = |name: &str| {
            let shown = snapshot.aliases().shown(snapshot.user(name).unwrap().unwrap());
            snapshot.name(StoredName::User, shown.raw()).unwrap()
        };
        assert_eq!(shown("anon_7f3"), "user_1");
        assert_eq!(shown("user_2@example.com"), "user_3");
        let acme = snapshot.group_key(GroupTypeId::new(0), "acme-corp").unwrap().unwrap();
        let history = snapshot.profiles().history_of_key(GroupTypeId::new(0), acme).unwrap();
        let now = trackcrumb::model::property::object_json(&history.versions.last().unwrap().properties);
        assert_eq!(now, r#"{"notes":["late","call"],"plan":"enterprise","seats":25}"#);
    }
    drop(snapshot);
    store.close().unwrap();
    assert_eq!(recipe::files(&disk), files);
}

/// The batches of the recipe that were sent under a key: one is sealed, one is in the log.
fn keyed_writes() -> [(BatchKey, Vec<String>); 2] {
    let recipe = text("recipe.ndjson");
    let steps: Vec<&str> = recipe.lines().collect();
    ["retry-1", "retry-2"].map(|key| {
        let end = steps.iter().position(|step| step.contains(key)).unwrap();
        let lines = steps[..end].iter().rev().take_while(|step| step.starts_with(r#"{"type""#));
        let mut lines: Vec<String> = lines.map(|line| (*line).to_owned()).collect();
        lines.reverse();
        let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
        (recipe::batch_key(key, &body), lines)
    })
}

#[test]
fn associations_of_the_golden_profiles_are_the_latest_words() {
    let opened = Opened::of(&golden("store"));
    let profiles = opened.profiles.as_ref().unwrap();
    assert_eq!(profiles.verify(), []);
    let mut found = Vec::new();
    profiles
        .associations(GroupTypeId::new(0), |row| {
            let user = opened.names[&StoredName::User][row.user.index()].as_str();
            let key = opened.names[&StoredName::GroupKey(0)][row.key.index()].as_str();
            found.push((user, row.moment.arrival.raw(), key));
        })
        .unwrap();
    let expected = [
        ("user_1", 11, "globex"),
        ("user_2", 9, "acme-corp"),
        ("anon_7f3", 8, "globex"),
        ("sensor-0", 1112, "acme-corp"),
        ("sensor-1", 1113, "acme-corp"),
        ("sensor-2", 1108, "acme-corp"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_is_read_from_golden_files_is_written_back_byte_for_byte() {
    let files = golden("store");
    let opened = Opened::of(&files);

    let segment = Arc::new(Segment::open(files[SEGMENT].clone().into(), "s").unwrap());
    let (id, first_arrival) = (segment.id(), segment.arrivals().0);
    assert!(merge_segments(&[segment], id, first_arrival).unwrap() == files[SEGMENT]);

    let part = ProfilesPart::open(files[PROFILES].clone().into(), "p").unwrap();
    let mut builder = ProfilesBuilder::default();
    builder.add_part(&part).unwrap();
    assert!(builder.finish(part.id(), Compression::Zstd).unwrap().unwrap() == files[PROFILES]);

    let part = DictionaryPart::open(files[DICTIONARY].clone().into(), "d").unwrap();
    let mut writer = PartWriter::new(part.id());
    for (position, (list, first_id, count)) in part.sections().enumerate() {
        let names = part.names(position).unwrap();
        writer.add(list, first_id, (0..count).map(|index| Some(names.get(index).unwrap())));
    }
    assert!(writer.finish().unwrap().unwrap() == files[DICTIONARY]);

    assert!(log_again(&opened) == files[LOG]);

    let header = FileHeader::decode(&files["MANIFEST"], FileKind::Manifest).unwrap();
    assert!(opened.manifest.encode(header.id) == files["MANIFEST"]);
    assert_eq!(ManifestRecord::decode(&files["MANIFEST"]), opened.manifest);
}

/// The log, from what its batches say. Each batch was written when all before it was synced.
fn log_again(opened: &Opened) -> Vec<u8> {
    let id = opened.manifest.logs[0].id;
    let mut bytes = FileHeader { kind: FileKind::Log, id }.encode();
    let mut sequence = 0;
    for (payload, end) in &opened.batches {
        let batch = Batch::open(payload).unwrap();
        let mut builder = BatchBuilder::default();
        batch.definitions.iter().for_each(|definition| builder.define(*definition));
        let pushed = batch.visit::<trackcrumb::codec::DecodeError>(|_, _, record| {
            builder.push(&record);
            Ok(())
        });
        pushed.unwrap();
        let synced = bytes.len() as u64;
        sequence = encode_frames(&builder.finish(batch.first_arrival), id, sequence, synced, &mut bytes);
        assert_eq!(bytes.len() as u64, *end);
    }
    bytes
}

#[test]
fn a_torn_tail_is_left_out_and_goes_nowhere() {
    let files = golden("torn-store");
    let lines = Opened::of(&files).lines();
    assert_eq!(lines.len(), 3, "the fourth was in the torn frame");
    let disk = disk_with(&files);
    let recovery = StoreReader::open_storage(&disk).unwrap().recovery();
    assert!(recovery.unclean && recovery.torn_bytes > 0, "{recovery:?}");
    assert_eq!(recipe::files(&disk), files, "a reader repairs nothing");
    let store = open(&disk).unwrap();
    assert_eq!(store.recovery(), recovery);
    store.close().unwrap();
    let recovered = recipe::files(&disk);
    assert_eq!(recovered.keys().collect::<Vec<_>>(), ["MANIFEST", "log-00000002"]);
    assert_eq!(Opened::of(&recovered).lines(), lines);
}

/// Of the erased things ids and arrivals stay taken, and nothing else of them is left.
#[test]
fn the_golden_erased_store_has_gaps_where_things_were() {
    let files = golden("erased-store");
    let opened = Opened::of(&files);
    let recipe = text("erased-recipe.ndjson");
    let lines: Vec<&str> = recipe.lines().filter(|line| line.starts_with(r#"{"type""#)).collect();
    let unnamed = lines[1].replace(r#""distinct_id":"user_1","#, "");
    let without_key = lines[6].replace(r#","groups":{"company":"acme-corp"}"#, "");
    let expected = [(1, unnamed.as_str()), (5, lines[5]), (6, &without_key), (8, lines[8])];
    let found = opened.lines();
    assert_eq!(found.iter().map(|(arrival, line)| (arrival.raw(), line.as_str())).collect::<Vec<_>>(), expected);
    assert_eq!((opened.manifest.sealed_arrivals, opened.manifest.erased_arrivals), (8, 5));
    // The log names two of them anew.
    assert_eq!(opened.names[&StoredName::User], ["", "", "", "user_3", "user_1"]);
    assert_eq!(opened.names[&StoredName::GroupKey(0)], ["globex", "", "", "acme-corp"]);
    assert_eq!(opened.names[&StoredName::Event], ["opened", ""]);
    assert_eq!(opened.names[&StoredName::Property], ["", ""]);
    let reader = StoreReader::open_storage(&disk_with(&files)).unwrap();
    let snapshot = reader.snapshot();
    assert_eq!(snapshot.settings().keep_days, Some(400));
    assert_eq!(snapshot.settings().timezone, "Europe/Berlin");
    assert_eq!((snapshot.event("closed"), snapshot.event("")), (Ok(None), Ok(None)));
    // One of the two empty names is that of a property.
    let names = snapshot.names().read();
    assert_eq!(names.properties().erased().unwrap().into_iter().collect::<Vec<_>>(), [1]);
    assert_eq!(names.properties().find(""), Ok(Some(0)));
    drop(names);
    let user = |name: &str| snapshot.user(name).unwrap().map(UserId::raw);
    assert_eq!(["user_1", "user_2", "anon_7f3", ""].map(user), [Some(4), None, None, None]);
    assert_eq!(snapshot.keys(GroupTypeId::new(0)).unwrap().into_iter().collect::<Vec<_>>(), [0, 3]);
    let belongs = snapshot.profiles().associations(GroupTypeId::new(0), 5, snapshot.aliases()).unwrap();
    let belongs: Vec<_> = belongs.into_iter().map(|found| found.map(|(_, key)| key.raw())).collect();
    assert_eq!(belongs, [None, None, None, Some(0), Some(3)], "user_3 fell back to globex");
}

/// The header with other bytes from `at` on, under a right checksum.
fn change_header(file: &mut [u8], at: usize, bytes: &[u8]) {
    file[at..at + bytes.len()].copy_from_slice(bytes);
    let checksum = crc32fast::hash(&file[..40]);
    file[40..44].copy_from_slice(&checksum.to_le_bytes());
}

/// Opens the golden store to read and to write with one header changed; both say the same and change nothing.
fn refusal_of(name: &str, at: usize, bytes: &[u8]) -> String {
    let mut files = golden("store");
    change_header(files.get_mut(name).unwrap(), at, bytes);
    let disk = disk_with(&files);
    let refused = [StoreReader::open_storage(&disk).unwrap_err(), open(&disk).unwrap_err()];
    assert_eq!(recipe::files(&disk), files);
    let messages: BTreeSet<String> = refused.iter().map(ToString::to_string).collect();
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(refused.iter().all(|error| matches!(error, StoreError::Newer { .. }) && !error.is_damage()));
    messages.into_iter().next().unwrap()
}

#[test]
fn a_newer_version_is_refused_and_nothing_is_changed() {
    for name in ["MANIFEST", SEGMENT, PROFILES, DICTIONARY, LOG] {
        let expected = format!(
            "`simulated-disk` was written by a newer trackcrumb: format version 2 is newer than 1, the newest this \
             program reads; use a newer trackcrumb at byte 12 of `{name}`"
        );
        assert_eq!(refusal_of(name, 12, &[2, 0]), expected);
        let expected = format!(
            "`simulated-disk` was written by a newer trackcrumb: the file needs features (0x80000001) this program \
             does not know; use a newer trackcrumb at byte 16 of `{name}`"
        );
        assert_eq!(refusal_of(name, 16, &[1, 0, 0, 0x80]), expected);
    }
}

#[test]
fn reserved_header_fields_are_not_looked_at() {
    let mut files = golden("store");
    for file in files.values_mut() {
        change_header(file, 14, &[7, 7]);
        change_header(file, 20, &[1, 2, 3, 4]);
    }
    assert_eq!(Opened::of(&files).lines(), Opened::of(&golden("store")).lines());
    let user = StoreReader::open_storage(&disk_with(&files)).unwrap().snapshot().user("user_3").unwrap();
    assert_eq!(user, Some(UserId::new(7)));
    assert_eq!(FileHeader::decode(&files[LOG], FileKind::Log).unwrap().id, FileId(*b"trackcrumb\0\0\0\0\0\x07"));
}

#[test]
fn the_golden_profiles_fold_in_order_of_time_and_not_of_arrival() {
    let opened = Opened::of(&golden("store"));
    let profiles = Profiles::new(opened.profiles.iter().cloned().collect());
    let acme = GroupKeyId::new(0);
    let versions = profiles.history_of_key(GroupTypeId::new(0), acme).unwrap().versions;
    let shown = versions.iter().map(|version| trackcrumb::model::property::object_json(&version.properties));
    assert_eq!(shown.collect::<Vec<_>>(), [r#"{"plan":"free","seats":5}"#, r#"{"plan":"enterprise","seats":25}"#]);
}

/// The bytes with which an example's line begins: pairs of hexadecimal digits, in groups as one likes, up to three
/// blanks or anything else.
fn bytes_of_example(line: &str) -> Vec<u8> {
    let shown = line.strip_prefix("    ").unwrap_or_default().trim_start();
    let hex = shown.split("   ").next().unwrap_or_default();
    let groups = hex.split_whitespace().take_while(|group| {
        group.len() % 2 == 0 && group.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    });
    let digits: String = groups.collect();
    (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[at * 2..at * 2 + 2], 16).unwrap()).collect()
}

#[test]
fn the_examples_of_the_pages_are_bytes_of_golden_files() {
    let files: Vec<Vec<u8>> = STORES.iter().flat_map(|(store, _)| golden(store).into_values()).collect();
    let pages = directory().join("../..");
    for page in ["README.md", "manifest.md", "log.md", "dictionary.md", "profiles.md", "segment.md"] {
        let mut examples = 0;
        for line in fs::read_to_string(pages.join(page)).unwrap().lines() {
            let bytes = bytes_of_example(line);
            if bytes.len() >= 4 {
                let found = files.iter().any(|file| file.windows(bytes.len()).any(|window| window == bytes));
                assert!(found, "{page}: no golden file has the bytes of `{line}`");
                examples += 1;
            }
        }
        assert!(examples > 5, "{page} has {examples} examples");
    }
}
