//! What an import does with inputs of every packing, from every place, again, grown, changed and interrupted.

use super::{Place, REFUSED_NOTE, track};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// So many events of different users.
fn events(count: usize) -> String {
    (0..count).map(|i| track(&format!("user-{i}"), "e")).collect()
}

fn gzip(plain: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(plain.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// What is said when nothing is new.
fn nothing_new(lines: &str, name: &str) -> String {
    format!(
        "note: {lines} lines of {name} were imported before and nothing is new; `--again` imports everything once more\n"
    )
}

#[test]
fn the_same_lines_are_stored_once_however_they_come() {
    let place = Place::new();
    let plain = events(12_000);
    place.write("plain.ndjson", &plain);
    place.write("packed.bin", gzip(&plain));
    place.write("packed.txt", zstd::encode_all(plain.as_bytes(), 1).unwrap());
    place.run("import packed.bin").expect_import(0, [12_000, 0, 0, 0], "");
    for name in ["plain.ndjson", "packed.bin", "packed.txt"] {
        let note = nothing_new("12,000", &format!("`{name}`"));
        place.run(&format!("import {name}")).expect_import(0, [0, 0, 0, 12_000], &note);
    }
    let note = nothing_new("12,000", "standard input");
    place.pipe("import -", &plain).expect_import(0, [0, 0, 0, 12_000], &note);
    place.pipe("import -", gzip(&plain)).expect_import(0, [0, 0, 0, 12_000], &note);
    assert_eq!(place.events(), 12_000);
}

#[test]
fn a_redirected_file_is_standard_input_too() {
    let place = Place::new();
    place.write("plain.ndjson", events(3));
    let input = std::fs::File::open(place.path("plain.ndjson")).unwrap();
    let child = place.command(["import", "-"]).stdin(input).spawn().unwrap();
    super::Done::of(child).expect_import(0, [3, 0, 0, 0], "");
    assert_eq!(place.events(), 3);
}

#[test]
fn a_file_that_has_grown_is_continued() {
    let place = Place::new();
    let short = events(10);
    place.write("log.ndjson", &short);
    place.run("import log.ndjson").expect_import(0, [10, 0, 0, 0], "");
    let long = short.clone() + &track("new", "e");
    place.write("log.ndjson", &long);
    let note = "note: continued after line 10, where an earlier import of the same input ended\n";
    place.run("import log.ndjson").expect_import(0, [1, 0, 0, 10], note);
    // The older copy is still known.
    place.pipe("import -", &short).expect_import(0, [0, 0, 0, 10], &nothing_new("10", "standard input"));
    // What differs anywhere is another input.
    place.pipe("import -", long.replace("user-9", "user-8")).expect_import(0, [11, 0, 0, 0], "");
    assert_eq!(place.events(), 22);
}

#[test]
fn a_last_line_that_is_half_written_is_taken_when_it_is_whole() {
    let place = Place::new();
    let whole = track("a", "one") + &track("b", "two");
    place.write("log.ndjson", &whole[..whole.len() - 5]);
    let err = format!("line 2: not valid JSON at column 44: it ends early; send one whole JSON object\n{REFUSED_NOTE}");
    place.run("import log.ndjson").expect_import(3, [1, 0, 1, 0], &err);
    place.write("log.ndjson", whole.trim_end());
    let note = "note: continued after line 1, where an earlier import of the same input ended\n";
    place.run("import log.ndjson").expect_import(0, [1, 0, 0, 1], note);
    place.write("log.ndjson", whole);
    place.run("import log.ndjson").expect_import(0, [0, 0, 0, 2], &nothing_new("2", "`log.ndjson`"));
    assert_eq!(place.event_counts(), [("one".to_owned(), 1), ("two".to_owned(), 1)]);
}

#[test]
fn again_imports_once_more_on_purpose() {
    let place = Place::new();
    place.write("log.ndjson", events(5));
    place.run("import log.ndjson").expect_import(0, [5, 0, 0, 0], "");
    place.run("import --again log.ndjson").expect_import(0, [5, 0, 0, 0], "");
    place.run("import log.ndjson").expect_import(0, [0, 0, 0, 5], &nothing_new("5", "`log.ndjson`"));
    assert_eq!(place.events(), 10);
    let with_id = r#"{"type":"track","distinct_id":"u","event":"e","timestamp":0,"insert_id":"i"}"#;
    place.pipe("import -", with_id).expect_import(0, [1, 0, 0, 0], "");
    place.pipe("import --again -", with_id).expect_import(0, [0, 1, 0, 0], "");
}

#[test]
fn a_strict_import_stores_everything_or_nothing() {
    let place = Place::new();
    place.pipe("import -", track("there", "before")).expect_import(0, [1, 0, 0, 0], "");
    let input = events(3) + "{}\n" + &events(1) + "[]\n";
    place.write("bad.ndjson", &input);
    let done = place.run("import --strict bad.ndjson");
    let expected = "\
line 4: `type` is missing; it must be track, identify, group, alias or cohort
line 6: expected an object, not a list; send one JSON object
error: importing `bad.ndjson` stopped: nothing was stored, as 2 lines were refused and the import is strict; correct \
them, or leave --strict out
";
    done.expect(1, "", expected);
    assert_eq!(place.events(), 1);
    place.write("good.ndjson", events(3));
    place.run("import --strict good.ndjson").expect_import(0, [3, 0, 0, 0], "");
    place.run("import --strict good.ndjson").expect_import(0, [0, 0, 0, 3], &nothing_new("3", "`good.ndjson`"));
    assert_eq!(place.events(), 4);
}

#[test]
fn an_empty_input_is_no_error() {
    let place = Place::new();
    place.write("empty.ndjson", "");
    let note = |name: &str| format!("note: {name} holds no lines, so there was nothing to import\n");
    place.run("import empty.ndjson").expect_import(0, [0, 0, 0, 0], &note("`empty.ndjson`"));
    place.pipe("import --strict -", "").expect_import(0, [0, 0, 0, 0], &note("standard input"));
    place.pipe("import -", gzip("")).expect_import(0, [0, 0, 0, 0], &note("standard input"));
    assert_eq!(place.events(), 0);
}

#[test]
fn packed_data_that_ends_early_is_stored_up_to_there_and_then_continued() {
    let place = Place::new();
    let plain = events(20_000);
    let packed = gzip(&plain);
    place.write("log.gz", &packed[..packed.len() / 2]);
    let done = place.run("import log.gz");
    assert_eq!((done.code, done.out.as_str()), (Some(1), ""));
    let stored = place.events();
    assert!(stored > 1000 && stored < 20_000, "{stored}");
    let start = "error: importing `log.gz` stopped: the gzip data ends early, after ";
    let end = format!(
        " unpacked bytes; fetch or pack it again; the {stored} lines before that are done, and the next import of the \
         same input continues after them\n"
    );
    assert!(done.err.starts_with(start) && done.err.ends_with(&end), "{}", done.err);
    place.write("log.gz", &packed);
    let done = place.run("import log.gz").json(0);
    assert_eq!((done["accepted"].as_u64(), done["done_before"].as_u64()), (Some(20_000 - stored), Some(stored)));
    assert_eq!(place.events(), 20_000);
    // All or nothing holds for such an input too.
    place.pipe("import --strict -", &gzip(&events(9).replace("user", "u"))[..40]).json_error();
    assert_eq!(place.events(), 20_000);
}

impl super::Done {
    #[track_caller]
    fn json_error(&self) {
        assert_eq!((self.code, self.out.as_str()), (Some(1), ""), "{self:?}");
        assert!(self.err.ends_with("; nothing was stored\n"), "{}", self.err);
    }
}

/// Feeds a pipe, waits until chunks are durable, kills the process, and imports everything.
#[test]
fn an_import_that_was_killed_is_continued() {
    let place = Place::new();
    let lines = events(30_000);
    let mut child = place.command(["import", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&lines.as_bytes()[..lines.len() / 2]).unwrap();
    stdin.flush().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let stored = loop {
        // A reader beside the writer sees what is durable.
        let done = place.run("events --format json");
        let stored = if done.code == Some(0) { place.events() } else { 0 };
        if stored >= 10_000 {
            break stored;
        }
        assert!(Instant::now() < deadline, "no chunk became durable: {done:?}");
    };
    child.kill().unwrap();
    child.wait().unwrap();
    drop(stdin);
    assert!(stored < 30_000);
    let done = place.pipe("import -", &lines).json(0);
    let before = done["done_before"].as_u64().unwrap();
    assert!(before >= stored, "{before} of {stored}");
    assert_eq!(done["accepted"].as_u64().unwrap(), 30_000 - before);
    assert_eq!(place.events(), 30_000);
    place.run("verify").json(0);
}

#[test]
fn a_second_writer_is_refused_and_the_holder_named() {
    let place = Place::new();
    let mut child = place.command(["import", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    // The manifest is published after the lock is taken.
    while !place.path("trackcrumb-data/MANIFEST").exists() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
    let holder = child.id();
    place.pipe("import -", track("u", "e")).expect_error(
        1,
        &format!(
            "another process (pid {holder}) is writing here and holds `./trackcrumb-data/LOCK`; stop it, or use a \
             command that only reads"
        ),
    );
    place.write("cohort.json", r#"{"report":"cohort","where":{"did":"e"},"save_as":"mine"}"#);
    place.run("report cohort.json").expect_error(
        1,
        "cohort `mine` cannot be saved while another process writes to the store; post the document to its \
         /api/report, or stop it first",
    );
    child.kill().unwrap();
    child.wait().unwrap();
    place.pipe("import -", track("u", "e")).expect_import(0, [1, 0, 0, 0], "");
}

/// The progress bar belongs to terminals alone.
#[test]
fn nothing_but_the_answer_is_printed_to_a_pipe() {
    let place = Place::new();
    place.write("log.ndjson", events(1));
    let arguments = ["import", "log.ndjson", "--format", "csv"];
    let output =
        Command::new(env!("CARGO_BIN_EXE_trackcrumb")).args(arguments).current_dir(place.path(".")).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.starts_with("accepted,duplicate,refused,done_before,seconds\r\n1,0,0,0,"), "{out}");
    assert!(output.stderr.is_empty());
}
