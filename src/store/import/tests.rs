//! Imports on a simulated disk, cut, grown and repeated at every byte.

use super::*;
use crate::files::sim::{FailAt, Fault, LossPolicy, Repeat, SimDisk};
use crate::model::Timestamp;
use crate::store::{FixedEnvironment, Options, Store, StoreError};
use std::io::{self, Cursor, Read};
use std::sync::Arc;

/// Lines with every ending there is, blank ones, refused ones, and a byte order mark.
fn sample() -> Vec<u8> {
    let track = |user: usize| format!(r#"{{"type":"track","distinct_id":"u{user}","event":"e"}}"#);
    let lines = [
        format!("\u{feff}{}\n", track(1)),
        format!("{}\r\n", track(2)),
        "\n  \r\n".to_owned(),
        "{\"type\":\"track\"}\n".to_owned(),
        format!("{}  \n", track(3)),
        format!("{}\n{}\r\n", track(4), track(5)),
        track(6),
    ];
    lines.concat().into_bytes()
}

const EVENTS: u64 = 6;
const REFUSAL: &str = "5: `distinct_id` and `event` are missing; track() needs `distinct_id` and `event`";
const LINES: u64 = 9;

fn store() -> Store {
    let environment = FixedEnvironment::new(Timestamp::from_millis(0).unwrap());
    Store::open_storage(Arc::new(SimDisk::new()), Arc::new(environment), Options::default()).unwrap()
}

fn rows(store: &Store) -> u64 {
    store.snapshot().unwrap().segments().iter().map(|segment| segment.rows()).sum()
}

/// Gives its bytes, then an error.
struct Breaking(Cursor<Vec<u8>>);

impl Read for Breaking {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 if !buffer.is_empty() => Err(io::Error::other("the disk fails")),
            count => Ok(count),
        }
    }
}

/// Can be looked at as a whole, but read only to the end of its first part.
struct BreaksWhenRead(Vec<u8>, Vec<u8>);

impl ImportSource for BreaksWhenRead {
    fn look(&mut self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(&self.1[..]))
    }

    fn read(self: Box<Self>) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Breaking(Cursor::new(self.0))))
    }
}

const SMALL: ImportOptions =
    ImportOptions { again: false, strict: false, chunk_lines: 2, chunk_bytes: 1 << 20, stop: None };

/// What an import says: its result, and refusals as `line: reason`.
fn run(
    store: &Store,
    source: impl ImportSource + 'static,
    options: ImportOptions,
) -> (Result<Imported, ImportError>, Vec<String>) {
    let mut refused = Vec::new();
    let result = import(store, source, &options, &mut |notice| {
        if let ImportNotice::Refused { line, refusal } = notice {
            refused.push(format!("{line}: {refusal}"));
        }
    });
    (result, refused)
}

fn file(bytes: &[u8]) -> Seekable<Cursor<Vec<u8>>> {
    Seekable::new(Cursor::new(bytes.to_vec())).unwrap()
}

fn pipe(bytes: &[u8]) -> Streamed<Cursor<Vec<u8>>, Cursor<Vec<u8>>> {
    Streamed::new(Cursor::new(bytes.to_vec()), Cursor::default())
}

fn broken(bytes: &[u8]) -> Streamed<Breaking, Cursor<Vec<u8>>> {
    Streamed::new(Breaking(Cursor::new(bytes.to_vec())), Cursor::default())
}

#[track_caller]
fn whole(store: &Store, bytes: &[u8], options: ImportOptions) -> Imported {
    run(store, file(bytes), options).0.unwrap()
}

#[test]
fn an_input_is_imported_once_and_its_refusals_are_told() {
    let store = store();
    let (result, refused) = run(&store, file(&sample()), SMALL);
    assert_eq!(result.unwrap(), Imported { accepted: EVENTS, duplicate: 0, refused: 1, done_before: 0 });
    assert_eq!(refused, [REFUSAL]);
    let (result, refused) = run(&store, pipe(&sample()), SMALL);
    assert_eq!(result.unwrap(), Imported { done_before: LINES, ..Imported::default() });
    assert!(refused.is_empty());
    assert_eq!(rows(&store), EVENTS);
}

#[test]
fn an_input_that_broke_off_or_grew_is_continued_at_every_byte() {
    let sample = sample();
    for length in 0..=sample.len() {
        let grows = store();
        whole(&grows, &sample[..length], SMALL);
        whole(&grows, &sample, SMALL);
        assert_eq!(rows(&grows), EVENTS, "grown from {length} bytes");

        let breaks = store();
        let broken = broken(&sample[..length]);
        let error = run(&breaks, broken, SMALL).0.unwrap_err();
        assert!(matches!(error.cause, ImportCause::Read(_)), "{error}");
        run(&breaks, pipe(&sample), SMALL).0.unwrap();
        assert_eq!(rows(&breaks), EVENTS, "broken off after {length} bytes");
    }
}

#[test]
fn a_beginning_that_was_imported_on_its_own_is_still_known_when_it_has_grown() {
    let (store, sample) = (store(), sample());
    let (beginning, longer) = (&sample[..130], [&sample[..], b"\n{}"].concat());
    let inputs = [beginning, &sample, &longer, &sample, beginning, &longer];
    for input in inputs {
        whole(&store, input, SMALL);
    }
    assert_eq!(rows(&store), EVENTS);
    assert_eq!(store.imports().len(), 3);
}

#[test]
fn an_unlike_input_starts_anew() {
    let (store, mut other) = (store(), sample());
    whole(&store, &other, SMALL);
    let last = other.len() - 20;
    other[last] ^= 1;
    assert_eq!(whole(&store, &other, SMALL).done_before, 0);
    run(&store, pipe(&other[3..]), SMALL).0.unwrap();
    assert_eq!(store.imports().len(), 3);
}

#[test]
fn a_last_line_without_a_break_that_was_refused_is_judged_again() {
    let store = store();
    let cut = br#"{"type":"track","distinct_id":"u1","event":"e"}
{"type":"track","distinct_id":"u2","event":"#;
    for _ in 0..2 {
        let (result, refused) = run(&store, file(cut), SMALL);
        assert_eq!(result.unwrap().refused, 1);
        assert_eq!(refused, ["2: not valid JSON at column 43: it ends early; send one whole JSON object"]);
    }
    let grown = [&cut[..], br#""e"}"#].concat();
    let done = whole(&store, &grown, SMALL);
    assert_eq!(done, Imported { accepted: 1, done_before: 1, ..Imported::default() });
    let more = [&grown[..], br#" {"type":"#].concat();
    let (result, refused) = run(&store, file(&more), SMALL);
    assert_eq!((result.unwrap().accepted, refused.len()), (0, 1), "a line that was done goes on with other text");
    assert_eq!(rows(&store), 2);
}

#[test]
fn again_imports_anew_and_is_itself_continued() {
    let (store, sample) = (store(), sample());
    let again = ImportOptions { again: true, ..SMALL };
    whole(&store, &sample[..130], SMALL);
    whole(&store, &sample, SMALL);
    assert_eq!(whole(&store, &sample, again).accepted, EVENTS);
    assert_eq!(store.imports().len(), 1);
    assert_eq!(rows(&store), 2 * EVENTS);
    run(&store, BreaksWhenRead(sample[..130].to_vec(), sample.clone()), again).0.unwrap_err();
    assert_eq!(rows(&store), 2 * EVENTS + 2);
    whole(&store, &sample, SMALL);
    assert_eq!(rows(&store), 3 * EVENTS);
    assert_eq!(whole(&store, &sample, SMALL).done_before, LINES);
}

#[test]
fn a_strict_import_stores_all_or_nothing() {
    let (store, sample) = (store(), sample());
    let strict = ImportOptions { strict: true, ..SMALL };
    let (result, refused) = run(&store, file(&sample), strict);
    let message =
        "nothing was stored, as 1 line was refused and the import is strict; correct it, or leave --strict out";
    assert_eq!(result.unwrap_err().to_string(), message);
    assert_eq!(refused, [REFUSAL]);
    assert_eq!((rows(&store), store.imports().len()), (0, 0));

    let good: Vec<u8> =
        sample.split_inclusive(|byte| *byte == b'\n').filter(|line| line.len() != 17).flatten().copied().collect();
    assert_eq!(whole(&store, &good, strict).accepted, EVENTS);
    assert_eq!(whole(&store, &good, strict), Imported { done_before: LINES - 1, ..Imported::default() });
    assert_eq!(whole(&store, &good, ImportOptions { again: true, ..strict }).accepted, EVENTS);

    store.set_only_declared(true).unwrap();
    let group = br#"{"type":"track","distinct_id":"x","event":"e"}

{"type":"group","group_type":"company","group_key":"a"}"#;
    let (result, refused) = run(&store, file(group), strict);
    assert_eq!(result.unwrap_err().to_string(), message);
    assert!(refused[0].starts_with("3: group type `company` is not declared"), "{refused:?}");
    assert_eq!(rows(&store), 2 * EVENTS);
}

#[test]
fn refusals_of_the_store_and_of_the_parser_are_told_in_order() {
    let store = store();
    store.set_only_declared(true).unwrap();
    let text = "{}\n{\"type\":\"group\",\"group_type\":\"t\",\"group_key\":\"k\"}\n{}\n";
    let (result, refused) = run(&store, file(text.as_bytes()), ImportOptions::default());
    assert_eq!(result.unwrap().refused, 3);
    let numbers: Vec<&str> = refused.iter().map(|line| &line[..1]).collect();
    assert_eq!(numbers, ["1", "2", "3"]);
}

#[test]
fn packed_or_plain_it_is_the_same_input() {
    let (store, sample) = (store(), sample());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    io::Write::write_all(&mut gzip, &sample).unwrap();
    let gzip = gzip.finish().unwrap();
    let error = run(&store, file(&gzip[..gzip.len() - 12]), SMALL).0.unwrap_err();
    assert!(error.to_string().starts_with("the gzip data ends early, after "), "{error}");
    let stored = rows(&store);
    assert!(stored > 0);
    assert_eq!(whole(&store, &gzip, SMALL).accepted, EVENTS - stored);
    let zstd = zstd::encode_all(&sample[..], 1).unwrap();
    for input in [&sample, &gzip, &zstd] {
        assert_eq!(whole(&store, input, SMALL).done_before, LINES);
        assert_eq!(run(&store, pipe(input), SMALL).0.unwrap().done_before, LINES);
    }
}

#[test]
fn an_empty_input_is_fine() {
    let store = store();
    for input in [&b""[..], b"\n", b" \n\n"] {
        for strict in [false, true] {
            let done = whole(&store, input, ImportOptions { strict, ..SMALL });
            assert_eq!((done.accepted, done.duplicate, done.refused), (0, 0, 0));
        }
    }
}

/// What cannot be kept aside is lost, so the import must not go on without it.
#[test]
fn a_stream_that_cannot_be_kept_is_an_error() {
    /// Takes no byte.
    struct Full(Cursor<Vec<u8>>);
    impl Read for Full {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl io::Seek for Full {
        fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }
    let store = store();
    whole(&store, &sample(), SMALL);
    let source = Streamed::new(Cursor::new(sample()), Full(Cursor::default()));
    let error = run(&store, source, SMALL).0.unwrap_err();
    assert_eq!(
        error.to_string(),
        "it cannot be read: what was read of it cannot be kept in a temporary file: no storage space; nothing was stored"
    );
    assert_eq!(rows(&store), EVENTS);
}

/// Where maintenance has threads of its own, a chunk is made durable while the next is appended: all is told in order all
/// the same, and what was stored before an error counts.
#[test]
fn chunks_are_synced_beside_the_next_on_a_disk() {
    let directory = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..40).flat_map(|_| sample()[3..].to_vec().into_iter().chain(*b"\n")).collect();
    let options = ImportOptions { chunk_lines: 7, ..ImportOptions::default() };
    let store = Store::open(directory.path()).unwrap();
    let (mut lines, mut refused) = (0, Vec::new());
    let mut notice = |notice: ImportNotice<'_>| match notice {
        ImportNotice::Progress { lines: passed, .. } => {
            assert!(passed >= lines, "progress goes forward");
            lines = passed;
        }
        ImportNotice::Refused { line, .. } => {
            assert!(line > lines, "what is refused is told before its chunk is done");
            refused.push(line);
        }
        _ => {}
    };
    let source = BreaksWhenRead(bytes.clone(), bytes.clone());
    let error = import(&store, source, &options, &mut notice).unwrap_err();
    assert!(matches!(error.cause, ImportCause::Read(_)), "{}", error.cause);
    assert_eq!((error.done.accepted, error.done.refused), (40 * EVENTS, 40));
    assert_eq!((refused.len(), refused.is_sorted(), lines), (40, true, 40 * (LINES)));
    assert_eq!(rows(&store), 40 * EVENTS);
    drop(store);
    let store = Store::open(directory.path()).unwrap();
    assert_eq!(rows(&store), 40 * EVENTS);
    let again = import(&store, Seekable::new(Cursor::new(bytes)).unwrap(), &options, &mut |_| {}).unwrap();
    assert_eq!((again.accepted, again.done_before), (0, lines));
}

/// Many lines, most of them plain events, after the head of the input too; in one stretch some are no text.
fn long() -> Vec<u8> {
    let line = |n: usize| match n % 29 {
        3 => format!(r#"{{"type":"identify","distinct_id":"u{}"}}"#, n % 13),
        7 => r#"{"type":"track"}"#.to_owned(),
        11 => " ".to_owned(),
        17 => format!(r#"{{"type":"track","distinct_id":"\u00e9{n}","event":"e"}}"#),
        23 if n / 100 == 15 => format!("no text \0 {n}"),
        _ => format!(
            r#"{{"type":"track","distinct_id":"u{}","event":"e{}","groups":{{"t":"k{}"}},"properties":{{"n":{n},"s":"é{}"}}}}{}"#,
            n % 13,
            n % 3,
            n % 5,
            n % 7,
            if n.is_multiple_of(19) { "\r" } else { "" }
        ),
    };
    let mut bytes: Vec<u8> = (0..4_000).flat_map(|n| format!("{}\n", line(n)).into_bytes()).collect();
    bytes.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = 0xff);
    bytes
}

#[test]
fn a_long_input_is_what_its_lines_are_in_chunks_of_any_size_and_continued_anywhere() {
    let long = long();
    assert!(long.len() > 5 * 64 * 1024, "{}", long.len());
    let (alone, mut expected) = (store(), Vec::new());
    for (place, line) in long.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty())
    {
        match crate::input::parse_line(line) {
            Ok(line) => drop(alone.write([line]).unwrap()),
            Err(refusal) => expected.push(format!("{}: {refusal}", place + 1)),
        }
    }
    let exported = |store: &Store| {
        let mut lines = Vec::new();
        store
            .snapshot()
            .unwrap()
            .export(|line| {
                lines.push(line);
                Ok::<(), StoreError>(())
            })
            .unwrap();
        lines
    };
    let all = exported(&alone);
    for (chunk_lines, chunk_bytes) in [(7, u64::MAX), (100, 3_000), (5_000, u64::MAX)] {
        let options = ImportOptions { chunk_lines, chunk_bytes, ..SMALL };
        let store = store();
        let (result, refused) = run(&store, file(&long), options);
        assert_eq!((result.unwrap().accepted, &refused), (all.len() as u64, &expected));
        assert!(exported(&store) == all);
    }
    for cut in (60_000..long.len()).step_by(23_641) {
        let store = store();
        run(&store, broken(&long[..cut]), ImportOptions { chunk_lines: 50, ..SMALL }).0.unwrap_err();
        let before = rows(&store);
        let rest = whole(&store, &long, ImportOptions { chunk_lines: 700, ..SMALL });
        assert!(before > 0 && rest.done_before > 0 && exported(&store) == all, "{cut}");
    }
}

/// Refusals of the store have the numbers of their lines wherever these are passed at once.
#[test]
fn refusals_of_the_store_have_their_numbers_in_a_long_input() {
    let (store, long) = (store(), long());
    store.set_only_declared(true).unwrap();
    let (result, refused) = run(&store, file(&long), ImportOptions { chunk_lines: 70, ..SMALL });
    let has_type = |line: &[u8]| line.windows(7).any(|part| part == b"\"groups");
    let expected = long.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| has_type(line));
    let expected: Vec<String> = expected.map(|(place, _)| (place + 1).to_string()).collect();
    let of_store =
        refused.iter().filter(|refusal| refusal.contains("declared")).filter_map(|refusal| refusal.split(':').next());
    assert_eq!(of_store.collect::<Vec<_>>(), expected);
    assert_eq!(result.unwrap().refused, refused.len() as u64);
}

/// A sync may fail while other chunks wait for it: what is told to be stored is, and a later import goes on from there.
#[test]
fn what_is_told_is_stored_when_a_sync_fails() {
    let bytes: Vec<u8> = (0..40).flat_map(|_| sample()[3..].to_vec().into_iter().chain(*b"\n")).collect();
    let options = ImportOptions { chunk_lines: 9, ..ImportOptions::default() };
    let environment = || Arc::new(FixedEnvironment::new(Timestamp::from_millis(0).unwrap()));
    let mut failures = 0;
    for nth in 1..12 {
        let disk = SimDisk::new();
        let store = Store::open_with_threads(Arc::new(disk.clone()), environment(), Options::default()).unwrap();
        disk.fail_plan(FailAt::Label { label: "log".to_owned(), nth }, Fault::InputOutput, Repeat::Once);
        let (result, refused) = run(&store, file(&bytes), options);
        let done = match result {
            Ok(done) => done,
            Err(ImportError { cause, done }) => {
                failures += 1;
                assert!(
                    matches!(&cause, ImportCause::Store(StoreError::File(error)) if error.is_failed_sync()),
                    "{cause}"
                );
                done
            }
        };
        assert_eq!(refused.len() as u64, done.refused);
        let image = disk.crash_image(LossPolicy::AllLost, nth);
        drop(store);
        let store = Store::open_storage(Arc::new(image), environment(), Options::default()).unwrap();
        assert!(rows(&store) >= done.accepted, "{} of {}", rows(&store), done.accepted);
        whole(&store, &bytes, options);
        assert_eq!(rows(&store), 40 * EVENTS);
    }
    assert!(failures > 1, "{failures}");
}
