//! Reports of every kind within limits: they end when they are to, and hold no more than they may.

use crate::support::counting::{allocations, cancelled_at, peak_bytes};
use crate::support::{Arrivals, fill};
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::time::Duration;
use trackcrumb::language::Report;
use trackcrumb::model::Timestamp;
use trackcrumb::reports::{self, Answer, Cancel, Limits, ReportError};
use trackcrumb::store::Snapshot;

const USERS: usize = 3_000;
const EVENTS: usize = 30_000;
/// What a report may hold beyond a small multiple of what was charged: room for blocks of rows, and what is not counted.
const UNCOUNTED_BYTES: u64 = 64 << 10;

/// Users of companies who view, buy and pay, over sixty days, in several segments; some have two ids.
static SNAPSHOT: LazyLock<Snapshot> = LazyLock::new(|| {
    let user = |number: usize| format!("u{}", number % USERS);
    let day = |day: usize| format!("2026-{:02}-{:02}", 1 + day / 28, 1 + day % 28);
    let mut history = Vec::new();
    for number in 0..USERS {
        let properties = json!({"plan": format!("plan {}", number % 300), "seats": number % 40});
        let at = format!("{}T00:00:00Z", day(number % 30));
        history
            .push(json!({"type": "identify", "distinct_id": user(number), "timestamp": at, "properties": properties}));
        if number % 100 == 0 {
            history.push(json!({"type": "alias", "distinct_id": user(number), "alias": format!("anon{number}")}));
        }
    }
    for number in 0..EVENTS {
        // Multiplied and cut, so that users, names and values are in no order.
        let mixed = number.wrapping_mul(0x9e37_79b9) >> 7;
        let id = if mixed % 50 == 0 { format!("anon{}", mixed % USERS / 100 * 100) } else { user(mixed) };
        let name = ["view", "view", "view", "buy", "buy", "pay"][mixed % 6];
        let at = format!("{}T{:02}:{:02}:00Z", day(number * 56 / EVENTS), mixed % 24, number % 60);
        let properties = json!({"page": format!("/pages/{}", mixed % 9_000), "price": mixed % 5_000, "n": mixed % 3});
        let company = format!("company {}", mixed % USERS % 200);
        history.push(json!({"type": "track", "distinct_id": id, "event": name, "timestamp": at,
            "groups": {"company": company}, "properties": properties}));
    }
    history.push(json!({"type": "cohort", "name": "buyers", "report":
        {"report": "cohort", "where": {"did": "buy", "times": {"gte": 2}}}}));
    let history: Vec<(Value, i64)> = history.into_iter().map(|line| (line, 0)).collect();
    let filled = fill(&history, Arrivals { batch: 4_000, seal_every: 3, reopen_every: 0 });
    filled.store.snapshot().unwrap()
});

/// Documents of every kind and of everything that holds memory, over the whole history.
fn documents() -> Vec<Value> {
    let trends = |series: Value, more: Value| with(json!({"report": "trends", "series": [series]}), more);
    let measure = |measure: Value, more: Value| trends(json!({"event": "view", "measure": measure}), more);
    let pages = json!({"breakdown": [{"property": "page"}], "limit": 500});
    let ranked = json!({"rank_by": "total", "limit": 5, "interval": "month"});
    let few = json!({"breakdown": [{"property": "n"}], "limit": 2, "rank_by": "total", "cumulative": true});
    let three = json!({"series": [{"event": "view"}, {"event": "buy"}, {"event": "view", "measure": "total"}]});
    let by_user = json!({"breakdown": [{"property": "plan", "of": "user", "as_of": "event"}, {"group": "company"}]});
    let funnel = |more: Value| with(json!({"report": "funnel", "steps": ["view", "buy", "pay"]}), more);
    let retention = |more: Value| with(json!({"report": "retention", "start": "view", "return": "buy"}), more);
    let cohort = |condition: Value| json!({"report": "cohort", "where": condition, "limit": 2_000});
    let stickiness = |more: Value| with(json!({"report": "stickiness", "event": "view"}), more);
    let lifecycle = |more: Value| with(json!({"report": "lifecycle", "event": "view", "interval": "week"}), more);
    let range = json!({"from": "2026-01-01", "to": "2026-03-01"});
    let seats = json!({"property": "seats", "of": "user", "op": "gt", "value": 5});
    let documents = vec![
        measure(json!("unique"), json!({})),
        measure(json!("unique"), json!({"interval": "hour", "cumulative": true})),
        measure(json!("unique"), pages.clone()),
        measure(json!("total"), by_user),
        measure(json!("per_unit"), with(pages.clone(), json!({"formula": "A * 2", "compare": "previous"}))),
        measure(json!({"sum": "price"}), json!({"filter": seats, "interval": "hour"})),
        measure(json!({"percentile": ["price", 0.9]}), json!({"count_by": {"group": "company"}})),
        measure(json!({"percentile": ["price", 0.5]}), json!({"cumulative": true})),
        measure(json!({"active": "7d"}), json!({"filter": {"cohort": "buyers"}})),
        measure(json!({"percentile": ["price", 0.9]}), with(pages.clone(), ranked.clone())),
        measure(json!({"sum": "price"}), few),
        with(measure(json!("unique"), with(pages.clone(), with(ranked, json!({"formula": "A / (B + C)"})))), three),
        measure(json!({"active": "20h"}), with(pages, json!({"interval": "week"}))),
        trends(json!({"property_of": "users", "measure": {"sum": "seats"}}), json!({})),
        trends(json!({"property_of": "users", "measure": {"count_by_value": "plan"}}), json!({"limit": 100})),
        measure(json!("unique"), json!({"units": {"series": 0}})),
        funnel(json!({})),
        funnel(json!({"order": "strict", "count_by": {"group": "company"}})),
        funnel(json!({"order": "any", "hold": {"property": "n"}})),
        funnel(json!({"hold": "user", "count_by": {"group": "company"}, "entry": "first"})),
        funnel(json!({"breakdown": [{"property": "page"}], "interval": "day", "exclude": [{"event": "pay"}]})),
        funnel(json!({"units": {"step": 1, "dropped": true}})),
        retention(json!({"mode": "first_time"})),
        retention(
            json!({"mode": "recurring", "bound": "on_or_after", "filter": {"property": "n", "op": "is", "value": 1}}),
        ),
        retention(json!({"interval": "week", "units": {"period": "2026-01-12"}})),
        cohort(json!({"did": "buy"})),
        cohort(json!({"all": [{"not": {"did": "pay", "times": {"gte": 3}}}, {"first_did": "view"}]})),
        cohort(json!({"any": [{"property": "seats", "op": "lt", "value": 9}, {"cohort": "buyers"}]})),
        cohort(json!({"member_of": {"group": "company", "key": ["company 7"]}})),
        cohort(json!({"report": with(range.clone(), funnel(json!({"units": {"step": 2}})))})),
        stickiness(json!({})),
        stickiness(json!({"units": {"intervals": 2}})),
        lifecycle(json!({})),
        lifecycle(json!({"units": {"bucket": "2026-01-12", "state": "dormant"}})),
        json!({"report": "paths", "start": "view", "steps": 4}),
        json!({"report": "paths", "end": "pay", "steps": 2, "limit": 2}),
        json!({"report": "paths", "start": "view", "steps": 2, "units": {"step": 0, "from": "view", "to": {"other": true}}}),
    ];
    documents.into_iter().map(|document| with(range.clone(), document)).collect()
}

/// The same fields and more.
fn with(mut document: Value, more: Value) -> Value {
    let Value::Object(more) = more else { return document };
    document.as_object_mut().unwrap().extend(more);
    document
}

fn run(document: &Value, limits: &Limits) -> Result<(Answer, u64), ReportError> {
    reports::run_measured(&SNAPSHOT, &Report::from_value(document).unwrap(), Timestamp::MAX, limits)
}

fn json_of(answer: &Answer) -> String {
    serde_json::to_string(answer).unwrap()
}

#[test]
fn so_many_bytes_are_enough_and_one_less_is_not() {
    for document in documents() {
        let (answer, peak) = run(&document, &Limits::default()).unwrap();
        let within = |bytes| run(&document, &Limits { bytes: Some(bytes), ..Limits::default() });
        let (same, again) = within(peak).unwrap();
        assert_eq!((json_of(&same), again), (json_of(&answer), peak), "{document}");
        let refused = within(peak - 1).unwrap_err();
        assert!(
            matches!(refused, ReportError::MemoryExceeded { limit_bytes } if limit_bytes == peak - 1),
            "{document}: {refused}"
        );
        assert!(matches!(within(0).unwrap_err(), ReportError::MemoryExceeded { .. }), "{document}");
    }
}

#[test]
fn what_a_report_holds_is_charged() {
    for document in documents() {
        // What readers share is made by the first.
        run(&document, &Limits::default()).unwrap();
        let (answered, held) = peak_bytes(|| run(&document, &Limits::default()).unwrap());
        let (_, charged) = answered;
        assert!(held <= 2 * charged + UNCOUNTED_BYTES, "{held} bytes held and {charged} charged for {document}");
        assert!(charged <= 2 * held + UNCOUNTED_BYTES, "{charged} bytes charged and {held} held for {document}");
    }
}

#[test]
fn a_report_without_time_or_called_off_is_not_begun() {
    let cancel = Cancel::default();
    cancel.cancel();
    for document in documents() {
        let refused = |limits: Limits| run(&document, &limits).unwrap_err();
        let no_time = refused(Limits { time: Some(Duration::ZERO), ..Limits::default() });
        assert!(matches!(no_time, ReportError::TimeExceeded { limit: Duration::ZERO }), "{document}: {no_time}");
        let called_off = refused(Limits { cancel: Some(cancel.clone()), ..Limits::default() });
        assert!(matches!(called_off, ReportError::Cancelled), "{document}: {called_off}");
        assert!(run(&document, &Limits { time: Some(Duration::MAX), ..Limits::default() }).is_ok(), "{document}");
    }
}

#[test]
fn a_report_that_runs_can_be_called_off() {
    for document in documents() {
        run(&document, &Limits::default()).unwrap();
        let (_, all) = allocations(|| run(&document, &Limits::default()).unwrap());
        // The last of them are for the names of the answer.
        for at in [all / 16, all / 8, all / 4] {
            // A thread's allocator can hold on to nothing that is dropped.
            let cancel: &'static Cancel = Box::leak(Box::default());
            let limits = Limits { cancel: Some(cancel.clone()), ..Limits::default() };
            let ended = cancelled_at(at.max(1), cancel, || run(&document, &limits));
            assert!(cancel.is_cancelled(), "{document} made no allocation {at}");
            assert!(matches!(ended, Err(ReportError::Cancelled)), "{document} called off at {at} of {all}");
        }
    }
}

#[test]
fn a_limit_that_is_met_is_named_with_what_to_do() {
    let document = &documents()[0];
    let sentence = |limits: Limits| run(document, &limits).unwrap_err().to_string();
    assert_eq!(
        sentence(Limits { time: Some(Duration::ZERO), ..Limits::default() }),
        "the report takes longer than the 0 seconds that it may; ask for a shorter range, or filter its events"
    );
    assert_eq!(
        sentence(Limits { bytes: Some(1), ..Limits::default() }),
        "the report needs more than the 1 bytes of memory that it may use; ask for a shorter range, filter its events, \
         or give breakdowns a smaller `limit`"
    );
    assert_eq!(
        ReportError::MemoryExceeded { limit_bytes: 256 << 20 }.to_string(),
        "the report needs more than the 256 MiB of memory that it may use; ask for a shorter range, filter its events, \
         or give breakdowns a smaller `limit`"
    );
    assert!(
        ReportError::TimeExceeded { limit: Duration::from_secs(30) }.to_string().contains("the 30 seconds that it may")
    );
}
