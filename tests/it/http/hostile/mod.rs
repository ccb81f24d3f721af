//! T12: requests that no good client sends. Each is refused or answered as the tables say, none is taken for two, and
//! after each table the server answers as before.

mod bodies;
mod connections;
mod framing;
mod heads;
mod hosts;
mod lines;
mod targets;

pub use bodies::{gzip, zstd};

use super::exchange::{Answer, Client};
use super::site::{Asked, Site, count_document, line};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// At least so many cases are tried.
const CASES_MIN: usize = 120;
/// Cases that are tried at a time.
const AT_A_TIME: usize = 4;

/// What becomes of a connection after a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// One answer of this status, and then the next request is answered.
    Stays(u16),
    /// One answer of this status, and nothing more.
    Ends(u16),
}
use End::{Ends, Stays};

/// A request of bytes, and what becomes of it.
struct Case {
    name: String,
    bytes: Vec<u8>,
    end: End,
}

fn case(name: impl Into<String>, bytes: impl AsRef<[u8]>, end: End) -> Case {
    Case { name: name.into(), bytes: bytes.as_ref().to_vec(), end }
}

/// A request for this, with more header lines.
fn get(target: &str, headers: impl AsRef<[u8]>) -> Vec<u8> {
    let line = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n");
    [line.as_bytes(), headers.as_ref(), b"\r\n"].concat()
}

/// A request that, if a server takes it for one, is answered with 404.
fn smuggled() -> Vec<u8> {
    get("/smuggled", "")
}

fn next_answer(client: &mut Client, request: &[u8]) -> Option<Answer> {
    if request.starts_with(b"HEAD ") { client.try_answer_to_head() } else { client.try_answer() }
}

/// What differs from what is expected.
fn difference(site: &Site, case: &Case) -> Option<String> {
    let mut client = site.connect();
    // The answer may come before everything is sent.
    client.send(&case.bytes);
    let answer = next_answer(&mut client, &case.bytes);
    let status = answer.as_ref().map(|answer| answer.status);
    let (Stays(expected) | Ends(expected)) = case.end;
    if status != Some(expected) {
        let text = answer.map(|answer| answer.text());
        return Some(format!("{}: {status:?} {text:?} instead of {:?}", case.name, case.end));
    }
    let ends_well = match case.end {
        Stays(_) => {
            client.send(get("/healthz", ""));
            client.try_answer().is_some_and(|answer| answer.status == 200 && answer.body == b"ok\n")
        }
        Ends(_) => client.is_closed(),
    };
    (!ends_well).then(|| format!("{}: {:?}, but afterwards it is otherwise", case.name, case.end))
}

/// Tries cases, several at a time. Answers what went wrong.
fn try_all(site: &Site, cases: &[Case]) -> Vec<String> {
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    wrong.lock().unwrap().extend(difference(site, case));
                }
            });
        }
    });
    wrong.into_inner().unwrap()
}

/// A server with three events that no case touches.
fn site_with_events() -> Site {
    let site = Site::new();
    let lines: String = (0..3).map(|id| line("ann", "kept", id)).collect();
    assert_eq!(site.post("/v1/batch", lines).accepted(), 3);
    site
}

/// Checks that a server answers as it did before.
#[track_caller]
fn expect_right(site: &Site, before: &Answer) {
    let health = site.get("/healthz");
    assert_eq!((health.status, health.text().as_str()), (200, "ok\n"));
    assert_eq!(site.post("/api/report", count_document("kept")).text(), before.text());
}

#[test]
fn t12_hostile_requests_leave_the_server_as_it_was() {
    let mut site = site_with_events();
    let before = site.post("/api/report", count_document("kept"));
    assert_eq!(site.count("kept"), 3);
    let tables = [
        ("framing", framing::cases()),
        ("heads", heads::cases()),
        ("targets", targets::cases()),
        ("hosts", hosts::cases()),
        ("bodies", bodies::cases()),
        ("lines", lines::cases()),
    ];
    let distinct: BTreeSet<&[u8]> =
        tables.iter().flat_map(|(_, cases)| cases).map(|case| case.bytes.as_slice()).collect();
    assert!(distinct.len() >= CASES_MIN);
    assert_eq!(distinct.len(), tables.iter().map(|(_, cases)| cases.len()).sum::<usize>(), "a case is there twice");
    let mut wrong = Vec::new();
    for (table, cases) in &tables {
        wrong.extend(try_all(&site, cases).into_iter().map(|problem| format!("{table}: {problem}")));
        expect_right(&site, &before);
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
    site.stop();
}
