//! Load on a real server: this process asks, `trackcrumb serve` answers in a process of its own, over loopback.
//!
//! `cargo bench --bench load` prints a table of rates and times, beside the rate at which this disk syncs. Each line
//! takes ten seconds; `TRACKCRUMB_LOAD_SECONDS` changes that. `TRACKCRUMB_LOAD_MINUTES=10` adds ten minutes of events
//! and reports at half the highest rate, with the server's memory as they pass.

#![allow(clippy::print_stdout)] // It has nothing else to print to.

mod client;
mod events;
mod server;
mod times;

use client::Client;
use events::Events;
use server::Server;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use times::Times;

/// Lines of a batch.
const BATCH_LINES: usize = 500;
/// Connections that send batches.
const BATCH_CONNECTIONS: u64 = 4;
/// Reports that are asked in turn.
const REPORTS: [&str; 3] = [
    r#"{"report":"trends","from":"-7d","to":"now","interval":"day","count_by":{"group":"company"},"series":[{"event":"feature_used"}]}"#,
    r#"{"report":"funnel","from":"-7d","to":"now","count_by":"users","window":"1d","steps":[{"event":"page_viewed"},{"event":"feature_used"},{"event":"upgraded"}]}"#,
    r#"{"report":"retention","from":"-7d","to":"now","interval":"day","periods":7,"start":{"event":"page_viewed"}}"#,
];

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn main() {
    let time = Duration::from_secs(number("TRACKCRUMB_LOAD_SECONDS", 10));
    let minutes = number("TRACKCRUMB_LOAD_MINUTES", 0);
    let directory = tempfile::tempdir().expect("a directory for the load");
    println!("{:<44} {:>11} {:>10} {:>10} {:>10}", "", "a second", "p50 ms", "p99 ms", "max ms");
    row("sync of 512 bytes appended, this disk", 1, &syncs(directory.path(), time));
    let server = Server::start(&directory.path().join("data"));
    let singles = |connections| send(&server, connections, 1, time, None);
    row("single events, 1 connection", 1, &singles(1));
    row("single events, 64 connections", 1, &singles(64));
    let batches = send(&server, BATCH_CONNECTIONS, BATCH_LINES, time, None);
    row("events in batches of 500, 4 connections", BATCH_LINES as u64, &batches);
    let half = batches.per_second() / 2.0;
    row("reports, nothing else going on", 1, &ask(&server, time, &AtomicBool::new(false)));
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let sending = scope.spawn(|| send(&server, BATCH_CONNECTIONS, BATCH_LINES, time, Some(half)));
        row("reports, while events come at half that rate", 1, &ask(&server, time, &stop));
        row("  the events meanwhile", BATCH_LINES as u64, &sending.join().expect("a sender ended early"));
    });
    if minutes > 0 {
        watch(&server, half, Duration::from_secs(60 * minutes));
    }
    server.stop();
}

fn row(name: &str, each: u64, times: &Times) {
    let rate = times.per_second() * each as f64;
    let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| times.at(share).as_secs_f64() * 1000.0);
    println!("{name:<44} {rate:>11.0} {p50:>10.2} {p99:>10.2} {max:>10.2}");
}

/// What the disk does without us: one small append and one `fdatasync` after another.
fn syncs(directory: &Path, time: Duration) -> Times {
    let mut file = File::create(directory.join("syncs")).expect("a file for syncs");
    let mut times = Times::start();
    while times.elapsed() < time {
        times.measure(|| {
            file.write_all(&[7; 512]).expect("the disk takes it");
            file.sync_data().expect("the disk syncs");
        });
    }
    times
}

/// Sends from so many connections, all together at most `batches_per_second`.
fn send(server: &Server, connections: u64, lines: usize, time: Duration, batches_per_second: Option<f64>) -> Times {
    let (begin, sent) = (Instant::now(), AtomicU64::new(0));
    let mut all = Times::start();
    thread::scope(|scope| {
        let senders: Vec<_> = (0..connections)
            .map(|connection| {
                let sent = &sent;
                scope.spawn(move || {
                    let mut events = Events::new(connection);
                    let mut client = Client::connect(server.address());
                    let mut times = Times::start();
                    while begin.elapsed() < time {
                        let number = sent.fetch_add(1, Ordering::Relaxed);
                        if let Some(rate) = batches_per_second {
                            let due = Duration::from_secs_f64(number as f64 / rate);
                            thread::sleep(due.saturating_sub(begin.elapsed()));
                        }
                        let body = events.batch(lines);
                        let expected = format!("{{\"accepted\":{lines},\"duplicate\":0,\"refused\":[]}}");
                        let answer = times.measure(|| client.post("/v1/batch", &body));
                        assert_eq!(answer, (200, expected.into_bytes()));
                    }
                    times
                })
            })
            .collect();
        for sender in senders {
            all.add(sender.join().expect("a sender ended early"));
        }
    });
    all
}

/// Asks one report after the other.
fn ask(server: &Server, time: Duration, stop: &AtomicBool) -> Times {
    let mut client = Client::connect(server.address());
    let mut times = Times::start();
    for report in REPORTS.iter().cycle() {
        if times.elapsed() >= time || stop.load(Ordering::Relaxed) {
            break;
        }
        let (status, answer) = times.measure(|| client.post("/api/report", report.as_bytes()));
        let answer = String::from_utf8_lossy(&answer);
        // With many millions of events a report may need more memory than it may use, and says so.
        assert!(status == 200 || answer.contains("MiB of memory"), "{answer}");
    }
    times
}

/// Events and reports for long, and the server's memory meanwhile.
fn watch(server: &Server, batches_per_second: f64, time: Duration) {
    println!("\n{:>8} {:>14} {:>14} {:>14}", "minute", "own MiB", "mapped MiB", "peak MiB");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let sending = scope.spawn(|| send(server, BATCH_CONNECTIONS, BATCH_LINES, time, Some(batches_per_second)));
        let asking = scope.spawn(|| ask(server, time, &stop));
        for minute in 0.. {
            let memory = server.memory();
            println!("{minute:>8} {:>14} {:>14} {:>14}", memory.own, memory.mapped, memory.peak);
            if sending.is_finished() {
                break;
            }
            let next = Instant::now() + Duration::from_secs(60);
            while Instant::now() < next && !sending.is_finished() {
                thread::sleep(Duration::from_millis(100));
            }
        }
        stop.store(true, Ordering::Relaxed);
        println!();
        row("reports meanwhile", 1, &asking.join().expect("the reader ended early"));
        row("events meanwhile", BATCH_LINES as u64, &sending.join().expect("a sender ended early"));
    });
}
