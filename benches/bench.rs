//! Benchmarks: append, import, seal, open, merge and every report, over batches in memory and over segments. Results are
//! rates (events a second), data comes from a fixed seed.
//!
//! `cargo bench` runs all; `cargo bench -- reports/sealed` runs some; `TRACKCRUMB_BENCH_EVENTS=10000000 cargo bench
//! -- open` changes the size.

mod data;
mod lists;
mod merging;
mod reports;
mod writing;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(std::time::Duration::from_millis(500))
        .measurement_time(std::time::Duration::from_secs(3))
        .configure_from_args();
    writing::bench(&mut criterion);
    merging::bench(&mut criterion);
    reports::bench(&mut criterion);
    lists::bench(&mut criterion);
    criterion.final_summary();
}
