//! How the time of reports grows with events and with days: the same reports over stores of several sizes, and what
//! each of them had to read.
//!
//! `cargo bench --bench bench -- scaling` makes stores of 1,000,000 and of 10,000,000 events of 90 days, which takes some
//! minutes; `TRACKCRUMB_BENCH_SIZES=1000000,10000000,100000000` makes others. Each has a user for 100 events, a company for
//! 2,000, and three group() calls for a company. A store is merged before it is asked; the shortest of five rounds
//! counts.

#![allow(clippy::print_stdout)] // It has nothing else to print to.

use crate::data::fill;
use std::time::Instant;
use trackcrumb::executor::Counts;
use trackcrumb::language::{
    Breakdown, Cohort, Condition, DocumentError, Filter, Funnel, Interval, Matcher, Measure, Op, Property, Report,
    Retention, Series, Span, Times, Trends,
};
use trackcrumb::model::{GroupCall, NameError, Properties, Timestamp};
use trackcrumb::reports::{Limits, ReportError};
use trackcrumb::store::Snapshot;
use trackcrumb::{Store, reports};

const ROUNDS: usize = 5;
/// The day before the first event, at which companies have their first plan, and two days on which they change it.
const CALL_TIMES: [&str; 3] = ["2025-12-31T00:00:00Z", "2026-01-30T00:00:00Z", "2026-03-01T00:00:00Z"];
const PLANS: [&str; 3] = ["free", "pro", "enterprise"];
/// Calls of a batch.
const BATCH_CALLS: usize = 5_000;

/// What a report took over one store.
struct Cost {
    events: u64,
    millis: f64,
    counts: Counts,
}

/// Reports of each kind of work, over 90 days unless the name says otherwise.
fn documents() -> Result<Vec<(&'static str, Report)>, DocumentError> {
    let trends = || Trends::new("2026-01-01", "2026-04-01").series("feature_used");
    let nine_days = || Trends::new("2026-03-01", "2026-03-10").series("feature_used");
    let german = || Filter::property("country", Op::Is, "DE");
    let funnel = || {
        let steps = Funnel::new("2026-01-01", "2026-04-01").step("signup").step("feature_used").step("invite_sent");
        steps.window(Span::days(7))
    };
    let plan = || Property::group("company", "plan");
    let by_plan = |property| trends().count_by_group("company").interval(Interval::Week).breakdown(property);
    Ok(vec![
        ("daily users, 9 days", nine_days().build()?),
        ("daily users", trends().build()?),
        ("daily companies", trends().count_by_group("company").build()?),
        (
            "weekly retention",
            Retention::new("2026-01-01", "2026-04-01", "signup")
                .return_event(Matcher::any_event())
                .interval(Interval::Week)
                .build()?,
        ),
        ("daily users, filtered, 9 days", nine_days().filter(german()).build()?),
        ("daily users, filtered", trends().filter(german()).build()?),
        ("daily users by country", trends().breakdown(Breakdown::property("country")).build()?),
        (
            "median of a number",
            Trends::new("2026-01-01", "2026-04-01")
                .series(Series::events("page_viewed").measure(Measure::percentile("duration_ms", 0.5)))
                .build()?,
        ),
        ("weekly companies by plan, now", by_plan(plan()).build()?),
        ("weekly companies by plan, then", by_plan(plan().as_of_event()).build()?),
        ("funnel, users", funnel().build()?),
        ("funnel, companies", funnel().count_by_group("company").build()?),
        ("cohort, three times", Cohort::new(Condition::did("feature_used").times(Times::at_least(3))).build()?),
    ])
}

pub fn print() {
    let documents = documents().expect("the documents are valid");
    let mut costs: Vec<Vec<Cost>> = documents.iter().map(|_| Vec::new()).collect();
    for events in sizes() {
        let directory = tempfile::tempdir().expect("a directory");
        let begin = Instant::now();
        let store = Store::open(directory.path()).expect("a store");
        fill(&store, events);
        call(&store, events).expect("the names are short");
        store.compact(|_| ()).expect("compacted");
        let stats = store.stats().expect("the store says what it holds");
        println!(
            "{} events, {:.1} bytes each, in segments: {}; made in {:.0} s",
            grouped(events),
            stats.bytes_per_event.unwrap_or_default(),
            stats.segments,
            begin.elapsed().as_secs_f64()
        );
        let snapshot = store.snapshot().expect("a snapshot");
        for ((_, document), costs) in documents.iter().zip(&mut costs) {
            costs.push(cost(&snapshot, document, events).expect("an answer"));
        }
    }
    println!(
        "\n{:<32} {:>11} {:>9} {:>6} {:>12} {:>6} {:>8} {:>6} {:>12} {:>6} {:>9} {:>6}",
        "", "events", "ms", "x", "rows", "x", "bitmaps", "x", "bytes", "x", "calls", "x"
    );
    for ((name, _), costs) in documents.iter().zip(&costs) {
        for (place, cost) in costs.iter().enumerate() {
            row(if place == 0 { name } else { "" }, cost, place.checked_sub(1).map(|before| &costs[before]));
        }
    }
    println!(
        "\n`x`: how many times as much as for the size before. What grows as the events do follows rows or units; what\n\
         stays follows days. Rows are those that were tested, bytes the stored ones that were decoded, calls group() calls."
    );
}

fn row(name: &str, cost: &Cost, before: Option<&Cost>) {
    let ratio = |of: fn(&Cost) -> f64| match before.map(of) {
        Some(before) if before > 0.0 => format!("{:.1}", of(cost) / before),
        _ => String::new(),
    };
    let counts = &cost.counts;
    println!(
        "{name:<32} {:>11} {:>9.3} {:>6} {:>12} {:>6} {:>8} {:>6} {:>12} {:>6} {:>9} {:>6}",
        grouped(cost.events),
        cost.millis,
        ratio(|cost| cost.millis),
        grouped(counts.rows_tested),
        ratio(|cost| cost.counts.rows_tested as f64),
        grouped(counts.bitmaps_read),
        ratio(|cost| cost.counts.bitmaps_read as f64),
        grouped(counts.bytes_decoded),
        ratio(|cost| cost.counts.bytes_decoded as f64),
        grouped(counts.calls_folded),
        ratio(|cost| cost.counts.calls_folded as f64),
    );
}

/// 12406 as `12,406`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

/// How many events the stores have.
fn sizes() -> Vec<u64> {
    let text = std::env::var("TRACKCRUMB_BENCH_SIZES").unwrap_or_else(|_| "1000000,10000000".to_owned());
    text.split(',').map(|size| size.trim().parse().expect("sizes are numbers with commas between them")).collect()
}

/// Says of which plan each company is.
fn call(store: &Store, events: u64) -> Result<(), NameError> {
    // As many as `data` makes of so many events.
    let companies = (events / 2000).max(5);
    let mut calls = Vec::new();
    for (place, time) in CALL_TIMES.into_iter().enumerate() {
        for company in 0..companies {
            let plan = PLANS[(company as usize + place) % PLANS.len()];
            let properties = Properties::from_iter([("plan".to_owned(), plan.into())]);
            let mut call = GroupCall::new("company", format!("company-{company}"), properties)?;
            call.time = Timestamp::parse(time).ok();
            calls.push(call.into());
        }
    }
    while !calls.is_empty() {
        store.write_strict(calls.drain(..BATCH_CALLS.min(calls.len()))).expect("the store takes everything");
    }
    Ok(())
}

/// What a report reads, and the time of the shortest round after that one.
fn cost(snapshot: &Snapshot, document: &Report, events: u64) -> Result<Cost, ReportError> {
    // The first round also checks what is read for the first time.
    reports::run(snapshot, document, Timestamp::MAX)?;
    let (_, stages) = reports::explain(snapshot, document, Timestamp::MAX, &Limits::default())?;
    let mut counts = Counts::default();
    for stage in stages {
        counts.add(stage.counts);
    }
    let mut millis = f64::INFINITY;
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        reports::run(snapshot, document, Timestamp::MAX)?;
        millis = millis.min(begin.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(Cost { events, millis, counts })
}
