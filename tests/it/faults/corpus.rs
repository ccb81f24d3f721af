//! The corpora of the fuzz targets, replayed without a fuzzer, and mutated a little.

use super::random::Random;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use trackcrumb::testkit::{check_input_line, check_log, check_segment, sample};

/// The least files of a corpus.
const FILES: usize = 24;

fn directory(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target)
}

/// The files of a corpus with their names, in order.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(directory(target)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    files.sort_unstable();
    assert!(files.len() >= FILES, "{target} has {} files", files.len());
    files
}

/// Checks every file of the corpus as it is, and so many times with changes.
fn replay(target: &str, changes: u64, check: fn(&[u8])) {
    for (name, bytes) in corpus(target) {
        for change in 0..=changes {
            let mut changed = bytes.clone();
            if change > 0 {
                mutate(&mut changed, &mut Random::new(change));
            }
            let checked = catch_unwind(AssertUnwindSafe(|| check(&changed)));
            assert!(checked.is_ok(), "{target}: `{name}` after change {change}");
        }
    }
}

/// Changes a few places.
fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..1 + random.below(4) {
        if bytes.is_empty() {
            return;
        }
        let at = random.below(bytes.len() as u64) as usize;
        match random.below(6) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.pick(&[0, 1, 0x7f, 0x80, 0xff, b'"', b'{', b'9']),
            2 => {
                bytes.remove(at);
            }
            3 => bytes.insert(at, random.next() as u8),
            4 => bytes.truncate(at),
            _ => {
                let end = (at + 8).min(bytes.len());
                let value = random.pick(&[0, 1, u64::MAX, i64::MAX as u64, i64::MIN as u64, u32::MAX.into()]);
                bytes[at..end].copy_from_slice(&value.to_le_bytes()[..end - at]);
            }
        }
    }
}

#[test]
fn hostile_logs_break_nothing() {
    replay("log", 30, check_log);
}

#[test]
fn hostile_sealed_files_break_nothing() {
    replay("segment", 30, check_segment);
}

#[test]
fn hostile_input_lines_break_nothing() {
    replay("input_line", 60, check_input_line);
}

const INPUT_LINES: [&str; 27] = [
    r#"{"type":"track","distinct_id":"u","event":"e"}"#,
    r#"{"type":"track","distinct_id":"u","event":"e","timestamp":"2026-01-03T10:00:00.123456Z","insert_id":"i","groups":{"company":"acme"},"properties":{"a":1}}"#,
    r#"{"type":"track","distinct_id":"u","event":"e","timestamp":-62135596800000}"#,
    r#"{"type":"track","distinct_id":"u","event":"e","timestamp":"9999-12-31T23:59:59.9999999Z"}"#,
    r#"{"type":"track","distinct_id":"u","event":"e","timestamp":"2024-02-29T00:00:00+14:00"}"#,
    r#"{"type":"track","distinct_id":"\ud83d\ude00","event":"\u0000\n\"\\"}"#,
    r#"{"type":"track","distinct_id":"\ud83d","event":"e"}"#,
    r#"{"type":"track","distinct_id":"u","event":"*"}"#,
    r#"{"type":"track","distinct_id":" ","event":"e"}"#,
    r#"{"type":"track","distinct_id":"u","event":"e","properties":{"n":1.50,"m":-0,"l":1e19,"k":18446744073709551615}}"#,
    r#"{"type":"track","distinct_id":"u","event":"e","properties":{"n":1e308,"m":5e-324,"l":-9223372036854775808}}"#,
    r#"{"type":"track","distinct_id":"u","event":"e","properties":{"n":1e309}}"#,
    r#"{"type":"track","distinct_id":"u","event":"e","properties":{"a":{"b":[{"c":null},[],{}]},"":true}}"#,
    r#"{"type":"track","distinct_id":"u","event":"e","properties":{"a":1,"a":2}}"#,
    r#"{"type":"track","distinct_id":"u","event":"e","plan":"pro"}"#,
    r#"{"type":"track","distinct_id":null,"event":7}"#,
    r#"{"type":"identify","distinct_id":"u","properties":{"role":null},"set_once":{"a":1},"add":{"b":-1.5}}"#,
    r#"{"type":"identify","distinct_id":"u","append":{"l":[1,2]},"union":{"l":"x"},"timestamp":0}"#,
    r#"{"type":"identify","distinct_id":"u","add":{"b":"x"}}"#,
    r#"{"type":"group","group_type":"company","group_key":"acme","distinct_id":"u"}"#,
    r#"{"type":"group","group_type":"company","group_key":"acme","properties":{"plan":"enterprise"},"timestamp":null}"#,
    r#"{"type":"alias","distinct_id":"a","alias":"b","timestamp":1.5e3}"#,
    r#"{"type":"alias","distinct_id":"Anonymous","alias":"b"}"#,
    r#"{"type":"cohort","name":"c","report":{"report":"cohort","where":{"did":"e","times":{"gte":3}}}}"#,
    r#"{"type":"cohort","name":"c","report":{"report":"trends","from":"-30d"}}"#,
    r#"[{"type":"track"}]"#,
    "\u{feff}{}",
];

/// Writes the corpora anew: `cargo test --test it -- --ignored write_corpora`. What a fuzzer added stays.
#[test]
#[ignore = "writes files that are committed"]
fn write_corpora() {
    let put = |target: &str, name: String, bytes: &[u8]| {
        fs::create_dir_all(directory(target)).unwrap();
        fs::write(directory(target).join(name), bytes).unwrap();
    };
    for (number, line) in INPUT_LINES.iter().enumerate() {
        put("input_line", format!("line-{number:02}"), line.as_bytes());
    }
    let deep = format!(
        r#"{{"type":"track","distinct_id":"u","event":"e","properties":{}1{}}}"#,
        "{\"a\":".repeat(64),
        "}".repeat(64)
    );
    put("input_line", "depth-64".to_owned(), deep.as_bytes());

    let disk = sample();
    let file = |prefix: &str| disk.names().into_iter().filter(|name| name.starts_with(prefix)).collect::<Vec<_>>();
    let log = disk.contents(&file("log")[0]).unwrap().to_vec();
    put("log", "whole".to_owned(), &log);
    for cut in [0, 20, 47, 48, 60, 84, log.len() - 40, log.len() - 5, log.len() - 1] {
        put("log", format!("cut-{cut}"), &log[..cut]);
    }
    put("log", "zeros-after".to_owned(), &[&log[..], &[0; 64]].concat());
    put("log", "frame-twice".to_owned(), &[&log[..], &log[48..]].concat());
    for at in (48..log.len()).step_by(log.len().div_ceil(30)) {
        let mut changed = log.clone();
        changed[at] ^= 0x81;
        put("log", format!("byte-{at}"), &changed);
    }

    for prefix in ["segment", "dictionary", "profiles"] {
        for (number, name) in file(prefix).iter().enumerate() {
            let bytes = disk.contents(name).unwrap().to_vec();
            put("segment", format!("{prefix}-{number}"), &bytes);
            let footer = u64::from_le_bytes(*bytes[bytes.len() - 32..].first_chunk().unwrap()) as usize;
            for (place, at) in [("blob", 56), ("blobs", footer), ("entry", footer + 24), ("content", bytes.len() - 60)]
            {
                let mut changed = bytes.clone();
                changed[at] ^= 0x81;
                put("segment", format!("{prefix}-{number}-{place}"), &changed);
            }
        }
    }
}
