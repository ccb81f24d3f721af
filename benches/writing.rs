//! Append, import, seal and open.

use crate::data::{fill, lines};
use crate::event_count;
use criterion::{BatchSize, Criterion, Throughput};
use std::hint::black_box;
use trackcrumb::input::{parse_line, write_line};
use trackcrumb::{Store, StoreReader};

pub fn bench(criterion: &mut Criterion) {
    let count = event_count(200_000);
    append(criterion);
    import(criterion, count);
    seal(criterion, count);
    open(criterion, count);
}

/// One durable event at a time, and a thousand at once, on the disk of the temporary directory.
fn append(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append");
    for batch in [1usize, 1000] {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(directory.path()).expect("a store");
        let mut events = lines(10_000_000);
        group.throughput(Throughput::Elements(batch as u64));
        group.bench_function(format!("batch of {batch}"), |bencher| {
            bencher.iter(|| store.write(events.by_ref().take(batch)).expect("written"));
        });
    }
}

/// Input lines to durable, sealed rows.
fn import(criterion: &mut Criterion, count: u64) {
    let mut texts = Vec::new();
    for line in lines(count) {
        let mut text = String::new();
        write_line(&line, &mut text);
        texts.push(text);
    }
    let mut group = criterion.benchmark_group("import");
    group.throughput(Throughput::Elements(count));
    group.bench_function("parse", |bencher| {
        bencher.iter(|| texts.iter().for_each(|text| drop(black_box(parse_line(text.as_bytes())))));
    });
    group.bench_function("parse, write and seal", |bencher| {
        bencher.iter_batched(
            || tempfile::tempdir().expect("a directory"),
            |directory| {
                let store = Store::open(directory.path()).expect("a store");
                for batch in texts.chunks(5_000) {
                    let lines = batch.iter().map(|text| parse_line(text.as_bytes()).expect("a line"));
                    store.write_import(lines, None, false).expect("written");
                }
                store.seal().expect("sealed");
                directory
            },
            BatchSize::PerIteration,
        );
    });
}

/// What is in the log into a segment.
fn seal(criterion: &mut Criterion, count: u64) {
    let mut group = criterion.benchmark_group("seal");
    group.throughput(Throughput::Elements(count));
    group.bench_function("log to segment", |bencher| {
        bencher.iter_batched(
            || {
                let directory = tempfile::tempdir().expect("a directory");
                let store = Store::open(directory.path()).expect("a store");
                fill(&store, count);
                (directory, store)
            },
            |(directory, store)| {
                store.seal().expect("sealed");
                (directory, store)
            },
            BatchSize::PerIteration,
        );
    });
}

/// Opening a sealed store, and one whose events are all in the log.
fn open(criterion: &mut Criterion, count: u64) {
    let mut group = criterion.benchmark_group("open");
    group.throughput(Throughput::Elements(count));
    for sealed in [true, false] {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(directory.path()).expect("a store");
        fill(&store, count);
        if sealed {
            store.seal().expect("sealed");
        }
        store.close().expect("closed");
        group.bench_function(if sealed { "sealed" } else { "in the log" }, |bencher| {
            bencher.iter(|| StoreReader::open(directory.path()).expect("opened"));
        });
    }
}
