//! Generated documents, each with the units behind its numbers: engine and naive evaluator must agree, and there are
//! as many units as the number says.

use super::agree::{arrivals, cases, comparable, engine_answer, filled};
use crate::generate::{self, Case, Scope, behind};
use crate::naive::Naive;
use crate::support::Arrivals;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use serde_json::Value;
use trackcrumb::store::Snapshot;

/// At most so many numbers of one answer are asked for their units.
const NUMBERS_MAX: usize = 8;

/// The answer that both give; `None` when there is none.
fn agreed(both: &(Snapshot, Naive), document: &Value, now_us: i64) -> Result<Option<Value>, TestCaseError> {
    let (snapshot, naive) = both;
    match (engine_answer(snapshot, document, now_us), naive.report(document, now_us)) {
        (Ok(ours), Ok(naive)) => {
            let (compared, naive) = (comparable(ours.clone()), comparable(naive));
            prop_assert!(compared == naive, "document {document}\n ours  {compared}\n naive {naive}");
            Ok(Some(ours))
        }
        (Err(_), Err(_)) => Ok(None),
        (ours, naive) => {
            prop_assert!(false, "document {document}\n ours  {ours:?}\n naive {naive:?}");
            Ok(None)
        }
    }
}

fn check(case: &Case, arrivals: Arrivals) -> Result<(), TestCaseError> {
    let both = filled(case, arrivals)?;
    for document in &case.documents {
        let Some(answer) = agreed(&both, document, case.now_us)? else { continue };
        let numbers = behind(document, &answer);
        // Spread over the answer, so that the last series is asked as well.
        let step = numbers.len().div_ceil(NUMBERS_MAX).max(1);
        for number in numbers.into_iter().step_by(step) {
            let units = agreed(&both, &number.document, case.now_us)?;
            let size = units.as_ref().and_then(|units| units["size"].as_u64());
            // A number that counts no units, such as a sum, still has units behind it.
            prop_assert!(
                number.size.is_none() || size == number.size,
                "{} is {:?}, its units {units:?}",
                number.document,
                number.size
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: cases(), max_shrink_iters: 4000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn funnels_and_their_units_agree(case in generate::funnel_case(Scope::Whole, 120, 1..=8), arrivals in arrivals()) {
        check(&case, arrivals)?;
    }

    #[test]
    fn numbers_and_their_units_agree(case in generate::case(Scope::Whole, 120, 1..=8), arrivals in arrivals()) {
        check(&case, arrivals)?;
    }
}
