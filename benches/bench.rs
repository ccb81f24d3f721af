//! Benchmarks from a fixed seed, of the library on the disk of the temporary directory.
//!
//! `cargo bench --bench bench` has the rates (events a second) of append, import, seal, open and merge, and of every
//! report over batches in memory and over segments; `-- reports/sealed` runs some. `TRACKCRUMB_BENCH_EVENTS=10000000`
//! changes the size.
//!
//! `-- appends`, `-- background` and `-- scaling` each print a table of their own: see these modules.

mod appends;
mod background;
mod data;
mod lists;
mod merging;
mod reports;
mod scaling;
#[path = "load/times.rs"]
mod times;
mod writing;

use criterion::Criterion;

/// How many events a benchmark has.
fn event_count(default: u64) -> u64 {
    number("TRACKCRUMB_BENCH_EVENTS", default)
}

/// What the environment says of a number.
fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn main() {
    let table = std::env::args().find_map(|argument| match argument.as_str() {
        "appends" => Some(appends::print as fn()),
        "background" => Some(background::print),
        "scaling" => Some(scaling::print),
        _ => None,
    });
    if let Some(print) = table {
        print();
        return;
    }
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
