//! Every report, over batches in memory and over segments.

use crate::data::fill;
use crate::event_count;
use criterion::{Criterion, Throughput};
use trackcrumb::language::{
    Breakdown, Cohort, Condition, DocumentError, Filter, Funnel, FunnelOrder, Hold, Interval, Matcher, Measure, Op,
    Report, Retention, RetentionMode, Series, Span, Times, Trends,
};
use trackcrumb::model::Timestamp;
use trackcrumb::{Store, reports};

const FROM: &str = "2026-01-01";
const TO: &str = "2026-04-01";

/// What is asked of the events of `data`.
pub fn documents() -> Result<Vec<(&'static str, Report)>, DocumentError> {
    let trends = || Trends::new(FROM, TO);
    let german = Filter::property("country", Op::Is, "DE");
    let funnel = || Funnel::new(FROM, TO).step("signup").step("feature_used").step("invite_sent").window(Span::days(7));
    let country = || Breakdown::property("country");
    let regulars = || Cohort::new(Condition::did("feature_used").times(Times::at_least(3)));
    Ok(vec![
        ("trends, daily users", trends().series("feature_used").build()?),
        ("trends, daily companies", trends().series("feature_used").count_by_group("company").build()?),
        ("trends, filtered", trends().series("feature_used").filter(german).build()?),
        ("trends, by country", trends().series("feature_used").breakdown(country()).build()?),
        (
            "trends, 90th percentile",
            trends().series(Series::events("page_viewed").measure(Measure::percentile("duration_ms", 0.9))).build()?,
        ),
        ("funnel, users", funnel().build()?),
        ("funnel, companies", funnel().count_by_group("company").build()?),
        ("funnel, strict", funnel().order(FunnelOrder::Strict).build()?),
        ("funnel, any order, companies", funnel().order(FunnelOrder::Any).count_by_group("company").build()?),
        ("funnel, same country", funnel().hold(Hold::Property("country".to_owned())).build()?),
        ("funnel, by country and week", funnel().breakdown(country()).interval(Interval::Week).build()?),
        (
            "retention, first time",
            Retention::new(FROM, TO, "signup").return_event(Matcher::any_event()).interval(Interval::Week).build()?,
        ),
        (
            "retention, recurring companies",
            Retention::new(FROM, TO, "feature_used")
                .mode(RetentionMode::Recurring)
                .interval(Interval::Week)
                .count_by_group("company")
                .build()?,
        ),
        ("cohort, users", regulars().build()?),
        ("cohort, companies", regulars().count_by_group("company").build()?),
    ])
}

pub fn bench(criterion: &mut Criterion) {
    let count = event_count(200_000);
    let documents = documents().expect("the documents are valid");
    for place in ["memory", "sealed"] {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(directory.path()).expect("a store");
        fill(&store, count);
        if place == "sealed" {
            store.seal().expect("sealed");
        }
        let snapshot = store.snapshot().expect("a snapshot");
        let mut group = criterion.benchmark_group(format!("reports/{place}"));
        group.throughput(Throughput::Elements(count));
        for (name, document) in &documents {
            group.bench_function(*name, |bencher| {
                bencher.iter(|| reports::run(&snapshot, document, Timestamp::MAX).expect("an answer"));
            });
        }
    }
}
