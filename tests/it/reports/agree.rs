//! Generated histories and documents: engine and naive evaluator must give the same JSON.

use crate::generate::{self, Case, Scope};
use crate::naive::{self, Naive};
use crate::support::{Arrivals, fill};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use serde_json::Value;
use trackcrumb::language::Report;
use trackcrumb::model::Timestamp;
use trackcrumb::reports::{self, Limits};
use trackcrumb::store::{Outcome, Snapshot};

/// How many generated cases run; each is asked several documents over several ways of arrival.
pub fn cases() -> u32 {
    std::env::var("TRACKCRUMB_REPORT_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400)
}

pub fn arrivals() -> impl Strategy<Value = Arrivals> {
    (1usize..40, 0usize..6, prop_oneof![3 => Just(0usize), 1 => 1usize..6])
        .prop_map(|(batch, seal_every, reopen_every)| Arrivals { batch, seal_every, reopen_every })
}

/// The engine's answer as JSON text read back; an error's text otherwise.
pub fn engine_answer(snapshot: &Snapshot, document: &Value, now_us: i64) -> Result<Value, String> {
    let report = Report::from_value(document).map_err(|error| error.to_string())?;
    let run = |limits| {
        let answer = reports::run_within(snapshot, &report, Timestamp::clamped(now_us), &limits);
        answer.map_err(|error| error.to_string())
    };
    let answer = run(Limits::default());
    // Work that is shared comes to the same.
    assert_eq!(run(Limits { thread_rows: Some(4), ..Limits::default() }), answer, "{document}");
    let answer = answer?;
    Ok(serde_json::from_str(&serde_json::to_string(&answer).unwrap()).unwrap())
}

/// Cursors are opaque: only whether there is one is compared. How a funnel names a step of several events is each
/// one's own affair.
pub fn comparable(mut answer: Value) -> Value {
    remove_step_names(&mut answer);
    answer.get_mut("series").and_then(Value::as_array_mut).into_iter().flatten().for_each(remove_step_names);
    if let Some(cursor) = answer.get_mut("next_cursor") {
        *cursor = Value::Bool(!cursor.is_null());
    }
    answer
}

fn remove_step_names(result: &mut Value) {
    for step in result.get_mut("steps").and_then(Value::as_array_mut).into_iter().flatten() {
        step.as_object_mut().unwrap().remove("event").unwrap();
    }
}

/// Both evaluators with a history in them, which they must judge line by line in the same way.
pub fn filled(case: &Case, arrivals: Arrivals) -> Result<(Snapshot, Naive), TestCaseError> {
    let mut naive = Naive::default();
    let expected: Vec<naive::Outcome> =
        case.history.iter().map(|(line, arrival_us)| naive.accept(line, *arrival_us)).collect();
    let filled = fill(&case.history, arrivals);
    for (place, (ours, naive)) in filled.outcomes.iter().zip(&expected).enumerate() {
        let agree = matches!(
            (ours, naive),
            (Outcome::Accepted, naive::Outcome::Accepted)
                | (Outcome::Duplicate, naive::Outcome::Duplicate)
                | (Outcome::Refused(_), naive::Outcome::Refused(_))
        );
        prop_assert!(agree, "line {place} {}: {ours:?} but naively {naive:?}", case.history[place].0);
    }
    Ok((filled.store.snapshot().unwrap(), naive))
}

fn check(case: &Case, arrivals: Arrivals) -> Result<(), TestCaseError> {
    let (snapshot, naive) = filled(case, arrivals)?;
    check_documents(&snapshot, &naive, case)
}

/// Holds the answers to the documents of a case against the naive evaluator.
pub fn check_documents(snapshot: &Snapshot, naive: &Naive, case: &Case) -> Result<(), TestCaseError> {
    for document in &case.documents {
        let ours = engine_answer(snapshot, document, case.now_us);
        let naive = naive.report(document, case.now_us);
        match (ours, naive) {
            (Ok(ours), Ok(naive)) => {
                let (ours, naive) = (comparable(ours), comparable(naive));
                prop_assert!(ours == naive, "document {document}\n ours  {ours}\n naive {naive}");
            }
            (Err(_), Err(_)) => {}
            (ours, naive) => prop_assert!(false, "document {document}\n ours  {ours:?}\n naive {naive:?}"),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: cases(), max_shrink_iters: 4000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn engine_and_naive_evaluator_agree(case in generate::case(Scope::First, 120, 1..=12), arrivals in arrivals()) {
        check(&case, arrivals)?;
    }
}

proptest! {
    #![proptest_config(Config { cases: cases(), max_shrink_iters: 4000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn engine_and_naive_evaluator_agree_on_the_whole_language(
        case in generate::case(Scope::Whole, 120, 1..=12),
        arrivals in arrivals(),
    ) {
        check(&case, arrivals)?;
    }
}
