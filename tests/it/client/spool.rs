//! The spool on a real disk: kills, restarts, outages longer than the queue, damage.

use super::delivery::{track, up_to};
use super::server::TestServer;
use super::{LONG, quick};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};
use trackcrumb::Tracker;
use trackcrumb::client::{Client, ClientOptions, FlushError, SendError, SpoolError, StartError};
use trackcrumb::files::LockError;
use trackcrumb::tracker::TrackerError;

/// An address where nobody listens.
const NOBODY: &str = "http://127.0.0.1:9";

fn spool_files(directory: &Path) -> Vec<String> {
    let names = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("spool-")).collect();
    names.sort_unstable();
    names
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LONG, "{what}");
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_outage_longer_than_the_queue_loses_nothing_and_keeps_the_order() {
    let mut server = TestServer::start();
    server.stop();
    let directory = tempfile::tempdir().unwrap();
    let options = ClientOptions { queue_lines: 10, batch_lines: 64, ..quick().0 }.spool(directory.path());
    let client = Client::start(&server.url(), "", options).unwrap();
    track(&client, 0..1000);
    client.flush(Duration::from_millis(50)).unwrap_err();
    assert_eq!(client.stats().waiting, 1000);
    assert!(!spool_files(directory.path()).is_empty());
    server.run();
    client.flush(LONG).unwrap();
    assert_eq!(server.numbers(), up_to(1000));
    // What is delivered leaves the disk, although the client lives on.
    wait_until("the spool is not cleared", || spool_files(directory.path()).is_empty());
    track(&client, 1000..1003);
    client.close(LONG).unwrap();
    assert!(spool_files(directory.path()).is_empty());
    assert_eq!(server.numbers(), up_to(1003));
}

#[test]
fn what_is_not_delivered_goes_on_with_the_next_client() {
    let server = TestServer::start();
    let directory = tempfile::tempdir().unwrap();
    let (options, told) = quick();
    let options = options.spool(directory.path());
    let client = Client::start(NOBODY, "", options.clone()).unwrap();
    track(&client, 0..20);
    match client.close(Duration::from_millis(100)) {
        Err(FlushError::Waiting { lines: 20, .. }) => {}
        other => panic!("{other:?}"),
    }
    // Dropped without a word: what a spool keeps is not lost.
    let options = ClientOptions { close_timeout: Duration::from_millis(50), ..options };
    let client = Client::start(NOBODY, "", options.clone()).unwrap();
    assert_eq!(client.stats().waiting, 20);
    track(&client, 20..30);
    drop(client);
    assert!(told.lock().unwrap().iter().all(|problem| !problem.contains("not delivered")), "{told:?}");
    let client = Client::start(&server.url(), "", options).unwrap();
    client.flush(LONG).unwrap();
    client.close(LONG).unwrap();
    assert_eq!(server.numbers(), up_to(30));
}

#[test]
fn a_full_spool_says_so() {
    let mut server = TestServer::start();
    server.stop();
    let directory = tempfile::tempdir().unwrap();
    let options = ClientOptions { spool_bytes: 64 << 10, ..quick().0 }.spool(directory.path());
    let client = Client::start(&server.url(), "", options).unwrap();
    let tracker = Tracker::new(client.clone(), "ann").unwrap();
    let mut taken = 0;
    let full = loop {
        match tracker.track("e", [("n", taken)]) {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(full, TrackerError::Failed(SendError::Full { waiting, .. }) if waiting == taken as u64), "{full}");
    server.run();
    client.flush(LONG).unwrap();
    tracker.track("e", [("n", taken)]).unwrap();
    client.flush(LONG).unwrap();
    assert_eq!(server.numbers(), up_to(taken as u64 + 1));
}

#[test]
fn a_spool_serves_one_client() {
    let directory = tempfile::tempdir().unwrap();
    let options = ClientOptions::default().spool(directory.path());
    let first = Client::start(NOBODY, "", options.clone()).unwrap();
    let second = Client::start(NOBODY, "", options.clone());
    assert!(matches!(second, Err(StartError::Spool(SpoolError::Lock(LockError::Held { .. })))), "{second:?}");
    first.close(LONG).unwrap();
    Client::start(NOBODY, "", options).unwrap();
}

#[test]
fn threads_share_syncs_and_each_keeps_its_order() {
    let server = TestServer::start();
    let directory = tempfile::tempdir().unwrap();
    let client = Client::start(&server.url(), "", quick().0.spool(directory.path())).unwrap();
    scope(|threads| {
        for thread in 0..8 {
            let client = client.clone();
            threads.spawn(move || track(&client, thread * 100..thread * 100 + 100));
        }
    });
    client.close(LONG).unwrap();
    let mut numbers = server.numbers();
    for thread in 0..8 {
        let own: Vec<u64> = numbers.iter().copied().filter(|number| number / 100 == thread).collect();
        assert!(own.is_sorted(), "each thread's calls keep their order");
    }
    numbers.sort_unstable();
    assert_eq!(numbers, up_to(800));
}

#[test]
fn damage_is_told_with_its_place_and_the_rest_is_delivered() {
    let server = TestServer::start();
    let directory = tempfile::tempdir().unwrap();
    let (options, told) = quick();
    let options = options.spool(directory.path());
    let client = Client::start(NOBODY, "", options.clone()).unwrap();
    track(&client, 0..100);
    client.close(Duration::ZERO).unwrap_err();
    let [name] = &spool_files(directory.path())[..] else { panic!("there is one file") };
    let path = directory.path().join(name);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    told.lock().unwrap().clear();
    let client = Client::start(&server.url(), "", options).unwrap();
    client.flush(LONG).unwrap();
    let numbers = server.numbers();
    assert_eq!(numbers.len(), 99);
    assert!(numbers.is_sorted() && numbers.starts_with(&[0]) && numbers.ends_with(&[99]));
    let told = told.lock().unwrap();
    let place = directory.path().display().to_string();
    assert!(
        told.len() == 1 && told[0].contains(&place) && told[0].contains(name) && told[0].contains(" at byte "),
        "{told:?}"
    );
    drop(told);
    client.close(LONG).unwrap();
    assert!(spool_files(directory.path()).is_empty());
}

/// Tells the child what to do: the address, the directory and the first number.
const CHILD: &str = "TRACKCRUMB_SPOOL_CHILD";
/// Numbers of one life.
const LIFE: u64 = 1_000_000;

/// The life of a child: tracks number after number and says each that was taken, until it is killed.
fn live(order: &str) {
    let mut words = order.split(' ');
    let (url, directory) = (words.next().unwrap(), words.next().unwrap());
    let first: u64 = words.next().unwrap().parse().unwrap();
    let options = ClientOptions { queue_lines: 20, batch_lines: 16, spool_bytes: 64 << 20, ..quick().0 };
    let client = Client::start(url, "", options.spool(directory)).unwrap();
    let mut output = std::io::stderr();
    for number in first.. {
        track(&client, number..number + 1);
        writeln!(output, "taken {number}").unwrap();
    }
}

#[test]
fn t9_a_client_that_is_killed_loses_nothing_it_took() {
    if let Ok(order) = std::env::var(CHILD) {
        return live(&order);
    }
    let mut server = TestServer::start();
    let directory = tempfile::tempdir().unwrap();
    let mut taken = BTreeMap::new();
    for life in 0..20 {
        // Some lives have a server and some have none.
        if life % 4 == 2 {
            server.stop();
        } else if life % 4 == 0 && life > 0 {
            server.run();
        }
        let order = format!("{} {} {}", server.url(), directory.path().display(), life * LIFE);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "client::spool::t9_a_client_that_is_killed_loses_nothing_it_took", "--nocapture"])
            .env(CHILD, order)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut last = lines.next().unwrap().unwrap();
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(40 + life * 13 % 150) {
            last = lines.next().unwrap().unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it had said when it was killed counts too.
        last = lines.map_while(Result::ok).filter(|line| line.starts_with("taken ")).last().unwrap_or(last);
        let number: u64 = last.strip_prefix("taken ").unwrap_or_else(|| panic!("{last}")).parse().unwrap();
        taken.insert(life, number % LIFE + 1);
    }
    server.run();
    if server.stored().is_empty() {
        panic!("nothing was delivered while the children lived");
    }
    let client = Client::start(&server.url(), "", quick().0.spool(directory.path())).unwrap();
    client.flush(LONG).unwrap();
    client.close(LONG).unwrap();
    let numbers = server.numbers();
    for (life, taken) in taken {
        let own: Vec<u64> =
            numbers.iter().filter(|number| *number / LIFE == life).map(|number| number % LIFE).collect();
        assert_eq!(own, up_to(own.len() as u64), "life {life}: once each, and in order");
        // The call that was under way may have been taken without a word.
        assert!(own.len() as u64 == taken || own.len() as u64 == taken + 1, "life {life}: {} of {taken}", own.len());
    }
}
