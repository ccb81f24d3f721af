//! Many threads of one process append single events, each durable before the next: acknowledged events a second, how
//! long each waited, and how many shared one sync. Beside it, how often this disk syncs
//! appends of 4 KiB to a file of their own.
//!
//! `cargo bench --bench bench -- appends`; each line takes five seconds, which `TRACKCRUMB_BENCH_SECONDS` changes.

#![allow(clippy::print_stdout)] // It has nothing else to print to.

use crate::data::lines_of;
use crate::number;
use crate::times::Times;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::Duration;
use trackcrumb::Store;

/// So many threads append at the same time.
const WRITERS: [u64; 4] = [1, 8, 64, 256];
/// Of a thread that never gets so far.
const EVENTS_MAX: u64 = 10_000_000;

/// What came of some seconds of appending.
struct Appended {
    times: Times,
    syncs: u64,
    /// Processor time of the whole process, in seconds, where the system tells.
    processor: Option<f64>,
}

pub fn print() {
    let time = Duration::from_secs(number("TRACKCRUMB_BENCH_SECONDS", 5));
    let directory = tempfile::tempdir().expect("a directory");
    println!("Single events, each durable before its call returns; {} s a line.\n", time.as_secs());
    println!(
        "{:>7} {:>14} {:>8} {:>8} {:>8} {:>9} {:>12} {:>11} {:>6}",
        "writers", "acknowledged/s", "p50 ms", "p99 ms", "max ms", "syncs/s", "events/sync", "disk alone/s", "cores"
    );
    for writers in WRITERS {
        let before = sync_alone(directory.path(), time / 4);
        let Appended { times, syncs, processor } = append(&directory.path().join(writers.to_string()), writers, time);
        let after = sync_alone(directory.path(), time / 4);
        let seconds = times.count() as f64 / times.per_second();
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| times.at(share).as_secs_f64() * 1000.0);
        println!(
            "{writers:>7} {:>14.0} {p50:>8.2} {p99:>8.2} {max:>8.1} {:>9.0} {:>12.1} {:>12.0} {:>6}",
            times.per_second(),
            syncs as f64 / seconds,
            times.count() as f64 / syncs as f64,
            (before + after) / 2.0,
            processor.map_or("?".to_owned(), |processor| format!("{:.2}", processor / seconds)),
        );
    }
    println!(
        "\n`disk alone/s`: appends of 4 KiB, each with an `fdatasync`, by one thread just before and after, without a\n\
         store. Where `syncs/s` comes near it, the disk is the limit, and only more events a sync make more of it; where it\n\
         stays far below, it is the processor: `cores` says how many of {} were at work on it.",
        thread::available_parallelism().map_or(1, std::num::NonZero::get)
    );
}

/// How many appends of 4 KiB this disk syncs a second, one after the other, without a store.
fn sync_alone(directory: &Path, time: Duration) -> f64 {
    let mut file = File::create(directory.join("syncs")).expect("a file for syncs");
    let mut times = Times::start();
    while times.elapsed() < time {
        times.measure(|| {
            file.write_all(&[7; 4096]).expect("the disk takes it");
            file.sync_data().expect("the disk syncs");
        });
    }
    times.per_second()
}

fn append(directory: &Path, writers: u64, time: Duration) -> Appended {
    let store = Store::open(directory).expect("a store");
    let (syncs, processor) = (store.syncs(), processor_seconds());
    let mut times = Times::start();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..writers)
            .map(|writer| {
                let store = store.clone();
                scope.spawn(move || {
                    let mut times = Times::start();
                    for line in lines_of(writer, EVENTS_MAX) {
                        if times.elapsed() >= time {
                            break;
                        }
                        let written = times.measure(|| store.write([line]).expect("it is written"));
                        assert_eq!(written.accepted, 1);
                    }
                    times
                })
            })
            .collect();
        for thread in threads {
            times.add(thread.join().expect("a writer ended early"));
        }
    });
    let processor = processor_seconds().zip(processor).map(|(after, before)| after - before);
    Appended { times, syncs: store.syncs() - syncs, processor }
}

/// The processor time of this process so far.
fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // After the name, which may hold anything: user and system time are the 12th and 13th, in hundredths on Linux.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / 100.0)
}
