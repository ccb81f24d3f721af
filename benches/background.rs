//! Reports on a store where nothing else goes on; while events come at half the highest rate, with sealing and merging
//! in the background; and while the store is compacted, and a user deleted.
//!
//! `cargo bench --bench bench -- background` takes about a minute, and another to make the store.
//! `TRACKCRUMB_BENCH_EVENTS` says how many events that has at first (3,000,000).

#![allow(clippy::print_stdout)] // It has nothing else to print to.

use crate::data::{fill, lines_of};
use crate::event_count;
use crate::reports::documents;
use crate::times::Times;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use trackcrumb::language::Report;
use trackcrumb::model::Timestamp;
use trackcrumb::{Store, reports};

/// Of the store at first.
const EVENTS: u64 = 3_000_000;
/// Threads that write.
const WRITERS: u64 = 2;
const BATCH_EVENTS: usize = 500;
/// How long the highest rate of events is measured.
const RATE_TIME: Duration = Duration::from_secs(8);
/// How long reports are asked of the quiet store, each time, and while events come.
const QUIET_TIME: Duration = Duration::from_secs(10);
const BUSY_TIME: Duration = Duration::from_secs(30);

/// How long the reports took, each with a snapshot of its own: all of them, the snapshots alone, and each kind.
struct Asked {
    all: Times,
    snapshots: Times,
    each: Vec<Times>,
}

pub fn print() {
    let documents = documents().expect("the documents are valid");
    let directory = tempfile::tempdir().expect("a directory");
    let highest = highest_rate(&directory.path().join("highest"));
    println!("{highest:.0} events a second at most, in durable batches of {BATCH_EVENTS} from {WRITERS} threads");

    let place = directory.path().join("store");
    let store = Store::open(&place).expect("a store");
    fill(&store, event_count(EVENTS));
    store.compact(|_| ()).expect("compacted");
    let events_of = |store: &Store| {
        let stats = store.stats().expect("the store says what it holds");
        stats.events
    };
    let first = events_of(&store);
    // Once unmeasured, so that everything was read.
    ask(&store, &documents, Duration::ZERO);
    let quiet = ask(&store, &documents, QUIET_TIME);

    let stop = AtomicBool::new(false);
    let (busy, written, files) = thread::scope(|scope| {
        let writing = scope.spawn(|| write(&store, highest / 2.0, &stop));
        let watching = scope.spawn(|| new_segments(&place, &stop));
        let busy = ask(&store, &documents, BUSY_TIME);
        stop.store(true, Ordering::Relaxed);
        (busy, writing.join().expect("a writer ended early"), watching.join().expect("the watcher ended early"))
    });
    let last = events_of(&store);
    assert_eq!(store.maintenance_error(), None);
    let left = ask(&store, &documents, QUIET_TIME);
    let compacting = beside(&store, &documents, || {
        store.compact(|_| ()).expect("compacted");
    });
    let deleting = beside(&store, &documents, || {
        store.delete_users(&["user-0"]).expect("deleted");
    });
    ask(&store, &documents, Duration::ZERO);
    let after = ask(&store, &documents, QUIET_TIME);

    println!(
        "{:.0} a second came meanwhile (p50 {:.2} ms, p99 {:.2} ms a batch); {files} segments were sealed or merged\n",
        written.per_second() * BATCH_EVENTS as f64,
        millis(&written, 0.5),
        millis(&written, 0.99),
    );
    let head = |name: &str| {
        println!(
            "{name:<32} {:>8} {:>8}   {:>8} {:>8}   {:>8} {:>8}   {:>8} {:>8}   {:>6}",
            "p50 ms", "p99 ms", "p50 ms", "p99 ms", "p50 ms", "p99 ms", "p50 ms", "p99 ms", "p99"
        )
    };
    let states = ["quiet", "while events come", "quiet again", "and compacted"];
    println!("{:<32} {:>17}   {:>17}   {:>17}   {:>17}", "", states[0], states[1], states[2], states[3]);
    println!("{:<32} {first:>17}   {:>17}   {last:>17}   {last:>17}", "events", format!("to {last}"));
    head("");
    for ((name, _), place) in documents.iter().zip(0..) {
        row(name, [&quiet, &busy, &left, &after].map(|asked| &asked.each[place]));
    }
    row("  of them the snapshots", [&quiet, &busy, &left, &after].map(|asked| &asked.snapshots));
    row("all of them in turn", [&quiet, &busy, &left, &after].map(|asked| &asked.all));
    println!(
        "\nThe last column is the 99th percentile while events come, divided by that of the quiet store: before them, and\n\
         after them, compacted, when it has as many as the busy one at its end.\n"
    );
    println!("{:<32} {:>8} {:>8} {:>8}   {:>8}", "all of them in turn, while", "p50 ms", "p99 ms", "max ms", "took ms");
    beside_row("the store is compacted", &compacting);
    beside_row("a user is deleted", &deleting);
}

/// Reports, asked from when a work begins until it has ended, and how long that took.
fn beside(store: &Store, documents: &[(&str, Report)], work: impl FnOnce() + Send) -> (Asked, Duration) {
    let begin = Instant::now();
    thread::scope(|scope| {
        let working = scope.spawn(|| {
            work();
            begin.elapsed()
        });
        let asked = ask_until(store, documents, || working.is_finished());
        (asked, working.join().expect("the work ended early"))
    })
}

fn beside_row(name: &str, (asked, took): &(Asked, Duration)) {
    let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| millis(&asked.all, share));
    println!("  {name:<30} {p50:>8.2} {p99:>8.2} {max:>8.2}   {:>8.0}", took.as_secs_f64() * 1000.0);
}

fn millis(times: &Times, share: f64) -> f64 {
    times.at(share).as_secs_f64() * 1000.0
}

fn row(name: &str, states: [&Times; 4]) {
    let times = states.map(|times| [millis(times, 0.5), millis(times, 0.99)]);
    let columns = times.map(|[p50, p99]| format!("{p50:>8.2} {p99:>8.2}")).join("   ");
    let [quiet, busy, _, after] = times.map(|[_, p99]| p99);
    println!("{name:<32} {columns}   {:>6.1} {:>6.1}", busy / quiet, busy / after);
}

/// Events a second when nobody holds back, on a store of its own.
fn highest_rate(directory: &Path) -> f64 {
    let store = Store::open(directory).expect("a store");
    let stop = AtomicBool::new(false);
    let written = thread::scope(|scope| {
        let writing = scope.spawn(|| write(&store, f64::INFINITY, &stop));
        thread::sleep(RATE_TIME);
        stop.store(true, Ordering::Relaxed);
        writing.join().expect("a writer ended early")
    });
    written.per_second() * BATCH_EVENTS as f64
}

/// Writes durable batches, at most so many events a second, until it is stopped. The times are of batches.
fn write(store: &Store, events_per_second: f64, stop: &AtomicBool) -> Times {
    let (begin, number) = (Instant::now(), AtomicU64::new(0));
    let mut all = Times::start();
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let number = &number;
                scope.spawn(move || {
                    // Of the same users and days as the store has, over and over.
                    let seeds = (writer + 2..).step_by(WRITERS as usize);
                    let mut events = seeds.flat_map(|seed| lines_of(seed, event_count(EVENTS)));
                    let mut times = Times::start();
                    while !stop.load(Ordering::Relaxed) {
                        let batch = number.fetch_add(1, Ordering::Relaxed);
                        let due = Duration::from_secs_f64((batch * BATCH_EVENTS as u64) as f64 / events_per_second);
                        thread::sleep(due.saturating_sub(begin.elapsed()));
                        let lines: Vec<_> = events.by_ref().take(BATCH_EVENTS).collect();
                        times.measure(|| store.write(lines).expect("it is written"));
                    }
                    times
                })
            })
            .collect();
        for writer in writers {
            all.add(writer.join().expect("a writer ended early"));
        }
    });
    all
}

/// How many files of segments appear until it is stopped.
fn new_segments(directory: &Path, stop: &AtomicBool) -> usize {
    let list = || -> BTreeSet<String> {
        let entries = std::fs::read_dir(directory).expect("the store is there");
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.filter(|name| name.starts_with("segment-")).collect()
    };
    let first = list();
    let mut seen = first.clone();
    while !stop.load(Ordering::Relaxed) {
        seen.extend(list());
        thread::sleep(Duration::from_millis(20));
    }
    seen.len() - first.len()
}

/// Asks one report after the other for so long, all of them once at least.
fn ask(store: &Store, documents: &[(&str, Report)], time: Duration) -> Asked {
    let begin = Instant::now();
    ask_until(store, documents, || begin.elapsed() >= time)
}

/// The same until it is over, each of a snapshot of its own.
fn ask_until(store: &Store, documents: &[(&str, Report)], is_over: impl Fn() -> bool) -> Asked {
    let each = documents.iter().map(|_| Times::start()).collect();
    let mut asked = Asked { all: Times::start(), snapshots: Times::start(), each };
    for round in 0.. {
        if round > 0 && is_over() {
            break;
        }
        for ((_, document), times) in documents.iter().zip(&mut asked.each) {
            asked.all.measure(|| {
                times.measure(|| {
                    let snapshot = asked.snapshots.measure(|| store.snapshot().expect("a snapshot"));
                    reports::run(&snapshot, document, Timestamp::MAX).expect("an answer")
                })
            });
        }
    }
    asked
}
