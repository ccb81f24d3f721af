//! A small store that hostile files are put into.

use crate::files::sim::SimDisk;
use crate::input::parse_line;
use crate::language::Report;
use crate::model::{Line, Timestamp};
use crate::reports;
use crate::store::{FixedEnvironment, Options, Snapshot, Store, StoreReader, verify};
use std::sync::{Arc, LazyLock};

/// Every kind of line and of column, in two sealed batches and one that is not.
const LINES: [&str; 9] = [
    r#"{"type":"track","distinct_id":"u","event":"e","timestamp":1,"insert_id":"i","groups":{"t":"k"},"properties":{"p":1}}"#,
    r#"{"type":"track","distinct_id":"v","event":"e","timestamp":2,"groups":{"t":"l","s":"k"},"properties":{"p":"x"}}"#,
    r#"{"type":"identify","distinct_id":"u","timestamp":2,"properties":{"p":"x"}}"#,
    r#"{"type":"group","distinct_id":"v","group_type":"t","group_key":"k","timestamp":3,"add":{"n":1}}"#,
    r#"{"type":"alias","distinct_id":"u","alias":"w"}"#,
    r#"{"type":"cohort","name":"c","report":{"report":"cohort","where":{"did":"e"}}}"#,
    r#"{"type":"track","distinct_id":"v","event":"f","timestamp":5,"properties":{"q":[1,{"a":0.5}]}}"#,
    r#"{"type":"group","group_type":"s","group_key":"k","timestamp":3,"properties":{"n":1}}"#,
    r#"{"type":"track","distinct_id":"x","event":"e","timestamp":7,"insert_id":"j"}"#,
];

const REPORTS: [&str; 5] = [
    r#"{"report":"trends","from":"1970-01-01","to":"1970-01-03","interval":"day","series":[{"event":"*"}],"breakdown":[{"property":"p"}]}"#,
    r#"{"report":"trends","from":"1970-01-01","to":"1970-01-03","interval":"hour","count_by":{"group":"t"},"series":[{"event":"e","measure":"total"}],"filter":{"property":"n","op":"gt","value":0,"of":{"group":"t"},"as_of":"event"}}"#,
    r#"{"report":"funnel","from":"1970-01-01","to":"1970-01-03","steps":["e","f"]}"#,
    r#"{"report":"retention","from":"1970-01-01","to":"1970-01-03","interval":"day","start":"e"}"#,
    r#"{"report":"cohort","where":{"all":[{"did":"e"},{"cohort":"c"}]}}"#,
];

/// An instant after everything.
fn now() -> Timestamp {
    Timestamp::clamped(200_000_000_000)
}

fn lines() -> impl Iterator<Item = Line> {
    LINES.iter().filter_map(|line| parse_line(line.as_bytes()).ok())
}

pub(super) fn open(disk: &SimDisk) -> Result<Store, crate::store::StoreError> {
    let options = Options { merge_width: 10, ..Options::default() };
    Store::open_storage(Arc::new(disk.clone()), Arc::new(FixedEnvironment::new(now())), options)
}

static SAMPLE: LazyLock<SimDisk> = LazyLock::new(|| {
    let disk = SimDisk::new();
    let filled = open(&disk).and_then(|store| {
        for (number, line) in lines().enumerate() {
            store.write([line])?;
            if number == 5 || number == 7 {
                store.seal()?;
            }
        }
        Ok(disk.kill_image())
    });
    // Without its sample no check means anything.
    filled.unwrap_or_else(|error| panic!("{error}"))
});

/// A copy of the sample; its last log was not closed.
pub fn sample() -> SimDisk {
    SAMPLE.kill_image()
}

/// The name of the first file of a kind in the sample.
pub(super) fn file_of_kind(kind: &str) -> String {
    SAMPLE.names().into_iter().find(|name| name.starts_with(kind)).unwrap_or_default()
}

/// Does with the store on a disk whatever can be done with one. All of it may fail; nothing may panic.
pub(super) fn use_store(disk: &SimDisk) {
    let read = StoreReader::open_storage(disk);
    if let Ok(reader) = &read {
        use_snapshot(reader.snapshot());
    }
    if let Ok((reader, _)) = StoreReader::open_skipping(disk) {
        let _ = reader.snapshot().export_intact(|_| Ok::<(), crate::store::StoreError>(()));
    }
    let _ = verify(disk);
    if let Ok(store) = open(disk) {
        assert!(read.is_ok(), "a writer opens what a reader does not");
        let _ = store.write(lines());
        let _ = store.seal();
        let _ = store.snapshot().map(|snapshot| use_snapshot(&snapshot));
        let _ = store.close();
    }
}

fn use_snapshot(snapshot: &Snapshot) {
    let _ = super::stored_lines(snapshot);
    let _ = super::check_derived(snapshot);
    let _ = snapshot.export(|_| Ok::<(), crate::store::StoreError>(()));
    for report in REPORTS {
        let report = Report::parse(report).unwrap_or_else(|error| panic!("{error}"));
        let _ = reports::run(snapshot, &report, now());
    }
}
