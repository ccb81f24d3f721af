//! What was acknowledged is there: for readers beside the server, after kill -9, and once.

use super::exchange::Request;
use super::site::{Asked, Process, Site, command, event, line};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{scope, sleep};
use std::time::Duration;
use trackcrumb::StoreReader;

/// Lines of a batch.
const LINES: u64 = 10;
const CLIENTS: u64 = 4;

fn stored(data: &std::path::Path) -> u64 {
    StoreReader::open(data).unwrap().snapshot().next_arrival().raw()
}

#[test]
fn a_reader_beside_the_server_sees_what_was_acknowledged() {
    let mut site = Site::new();
    let sent = AtomicU64::new(0);
    scope(|scope| {
        for client in 0..CLIENTS {
            let (site, sent) = (&site, &sent);
            scope.spawn(move || {
                let mut connection = site.connect();
                for round in 0..20 {
                    assert_eq!(
                        connection.ask(&Request::post("/v1/track", event(&format!("u{client}"), "e"))).accepted(),
                        1
                    );
                    let acknowledged = sent.fetch_add(1, Ordering::SeqCst) + 1;
                    assert!(stored(site.directory.path()) >= acknowledged, "round {round}");
                    assert!(site.count("e") >= acknowledged, "round {round}");
                }
            });
        }
    });
    assert_eq!(site.count("e"), 20 * CLIENTS);
    site.stop();
    assert_eq!(stored(site.directory.path()), 20 * CLIENTS);
}

/// A batch of lines that are the same whenever they are sent.
fn batch(number: u64) -> String {
    (0..LINES).map(|place| line(&format!("u{}", number % 7), "sent", number * LINES + place)).collect()
}

#[test]
fn p1_p5_a_server_that_is_killed_has_kept_what_it_acknowledged_once() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    let (next, acknowledged) = (AtomicU64::new(0), AtomicU64::new(0));
    let rounds = 6;
    let mut killed_midway = 0;
    for round in 0..rounds {
        let mut process = Process::serve(data, &["--log", "error"]);
        let address = process.address();
        let before = process.count("sent");
        // What was acknowledged is there, and of the others each is there as a whole or not at all.
        assert!(before >= acknowledged.load(Ordering::SeqCst) * LINES, "round {round}");
        assert_eq!(before % LINES, 0, "round {round}");
        scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    let mut client = super::exchange::Client::connect(address);
                    loop {
                        let number = next.fetch_add(1, Ordering::SeqCst);
                        match client.try_ask(&Request::post("/v1/batch", batch(number))) {
                            Some(answer) => assert_eq!(answer.accepted(), LINES),
                            None => break,
                        }
                        acknowledged.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
            sleep(Duration::from_millis(60 + 37 * round));
            process.kill();
        });
        killed_midway += u64::from(next.load(Ordering::SeqCst) > acknowledged.load(Ordering::SeqCst));
    }
    assert!(killed_midway > 0 && acknowledged.load(Ordering::SeqCst) > 0);
    let process = Process::serve(data, &["--log", "error"]);
    let all = next.load(Ordering::SeqCst);
    let before = process.count("sent");
    let mut client = process.connect();
    let mut accepted = 0;
    for number in 0..all {
        let answer = client.ask(&Request::post("/v1/batch", batch(number))).json();
        let [new, old] = ["accepted", "duplicate"].map(|name| answer[name].as_u64().unwrap());
        assert!((new == LINES && old == 0) || (new == 0 && old == LINES), "{answer}");
        accepted += new;
    }
    assert_eq!(before + accepted, all * LINES);
    assert_eq!(process.count("sent"), all * LINES);
    let verified = command(["verify"], data).output().unwrap();
    assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stderr));
}

#[test]
fn a_batch_sent_again_under_its_key_is_a_duplicate_as_a_whole() {
    let directory = tempfile::tempdir().unwrap();
    let lines = r#"{"type":"track","distinct_id":"u","event":"keyed"}"#.to_owned() + "\n";
    let request = |key: &str| Request::post("/v1/batch", lines.repeat(3)).header("idempotency-key", key);
    let mut process = Process::serve(directory.path(), &["--log", "error"]);
    assert_eq!(process.ask(&request("a")).accepted(), 3);
    let again = |process: &Process| process.ask(&request("a")).json();
    let expected = serde_json::json!({ "accepted": 0, "duplicate": 3, "refused": [] });
    assert_eq!(again(&process), expected);
    process.kill();
    let process = Process::serve(directory.path(), &["--log", "error"]);
    assert_eq!(again(&process), expected);
    assert_eq!(process.ask(&request("b")).accepted(), 3);
    assert_eq!(process.count("keyed"), 6);
}
