//! T16: processes that end, or are ended, beside others.

use super::{Place, track};
use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use trackcrumb::StoreReader;

/// How many times each is tried.
const ROUNDS: u64 = 20;
/// More lines than the first chunks of an import take.
const LINES: usize = 6000;

fn lines(round: u64) -> String {
    (0..LINES).map(|line| track(&format!("user-{round}-{line}"), "e")).collect()
}

/// An import that has been given lines, and is told that more may come.
fn begin_import(place: &Place, text: &str) -> (Child, ChildStdin) {
    let mut child = place.command(["import", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    stdin.flush().unwrap();
    (child, stdin)
}

fn stored(place: &Place) -> u64 {
    StoreReader::open(place.path("trackcrumb-data")).map_or(0, |reader| reader.snapshot().next_arrival().raw())
}

fn wait_until(what: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !what() {
        assert!(Instant::now() < deadline, "it takes too long");
        sleep(Duration::from_millis(3));
    }
}

fn send(signal: &str, child: &Child) {
    let status = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

fn is_clean(place: &Place) -> bool {
    !StoreReader::open(place.path("trackcrumb-data")).unwrap().recovery().unclean
}

#[test]
fn t16_an_import_that_is_told_to_end_closes_the_store() {
    let place = Place::new();
    place.pipe("import -", track("first", "e")).expect_import(0, [1, 0, 0, 0], "");
    for round in 0..ROUNDS {
        let text = lines(round);
        let before = stored(&place);
        let (child, stdin) = begin_import(&place, &text);
        // Either a chunk is durable by then, or nothing was read yet.
        if round % 3 > 0 {
            wait_until(|| stored(&place) > before);
        }
        wait_until(|| place.path("trackcrumb-data/LOCK").exists());
        sleep(Duration::from_millis(20 + round % 7));
        let start = Instant::now();
        send(if round % 2 == 0 { "-TERM" } else { "-INT" }, &child);
        let output = child.wait_with_output().unwrap();
        assert!(start.elapsed() < Duration::from_secs(10));
        drop(stdin);
        let err = String::from_utf8(output.stderr).unwrap();
        // A signal that comes before the process has asked to hear it ends the process; nothing is lost by it.
        if output.status.code().is_some() {
            assert_eq!(output.status.code(), Some(1), "{err}");
            assert!(err.starts_with("error: importing standard input stopped: it was interrupted; "), "{err}");
            assert!(is_clean(&place), "round {round}");
        } else {
            assert_eq!(stored(&place), before, "round {round}");
        }
        let done = place.pipe("import -", &text).json(0);
        assert_eq!(done["accepted"].as_u64().unwrap() + done["done_before"].as_u64().unwrap(), LINES as u64);
        assert_eq!(stored(&place), before + LINES as u64);
        // Keeps the log short, which every look at the store reads.
        place.run("compact").json(0);
    }
    place.run("verify").json(0);
}

#[test]
fn t16_a_live_writer_is_named_and_a_dead_one_is_no_obstacle() {
    let place = Place::new();
    place.pipe("import -", track("first", "e")).expect_import(0, [1, 0, 0, 0], "");
    for round in 0..ROUNDS {
        let before = stored(&place);
        let (mut child, stdin) = begin_import(&place, &lines(round));
        wait_until(|| stored(&place) > before);
        let sentence = format!(
            "error: another process (pid {}) is writing here and holds `./trackcrumb-data/LOCK`; stop it, or use a \
             command that only reads\n",
            child.id()
        );
        let writing = ["compact", "delete user first --yes", "expire --keep 9d --yes", "group-type only-declared on"];
        let command = writing[round as usize % writing.len()];
        place.run(command).expect(1, "", &sentence);
        // Readers beside it see what is durable, change nothing and are not in its way.
        let reading = ["events", "stats", "verify", "backup copy"];
        let command = reading[round as usize % reading.len()];
        let done = place.run(command);
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{command}");
        let _ = std::fs::remove_dir_all(place.path("copy"));
        assert!(child.try_wait().unwrap().is_none(), "the writer lives");
        child.kill().unwrap();
        child.wait().unwrap();
        drop(stdin);
        let after = stored(&place);
        assert!(after > before && !is_clean(&place));
        place.run("compact").json(0);
        assert!(is_clean(&place));
        assert_eq!(stored(&place), after);
    }
    place.run("verify").json(0);
}
