//! Tests of the strategies: documents are mostly valid and mostly see something.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use super::{Case, Scope, behind, case};
use crate::naive::{Naive, Outcome};

fn stored(case: &Case) -> Naive {
    let mut naive = Naive::default();
    for (line, time) in &case.history {
        naive.accept(line, *time);
    }
    naive
}

/// Whether anything but zeros and nulls is in a result, labels and coverage aside.
fn says_something(json: &Value) -> bool {
    match json {
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::Array(items) => items.iter().any(says_something),
        Value::Object(map) => {
            let named =
                |field: &str| ["coverage", "interval", "from_previous", "overall", "intervals"].contains(&field);
            map.iter().any(|(field, value)| !named(field) && says_something(value))
        }
        _ => false,
    }
}

/// Of so many documents, how many are valid and how many answers say something.
fn tally(scope: Scope, cases: u32) {
    let mut runner = TestRunner::deterministic();
    let (mut all, mut valid, mut telling) = (0, 0, 0);
    let mut lines = [0; 3];
    let mut by_report = std::collections::BTreeMap::new();
    let mut wrong = std::collections::BTreeMap::new();
    for _ in 0..cases {
        let case = case(scope, 60, 1..=6).new_tree(&mut runner).expect("a case").current();
        let mut naive = Naive::default();
        for (line, time) in &case.history {
            match naive.accept(line, *time) {
                Outcome::Accepted => lines[0] += 1,
                Outcome::Duplicate => lines[1] += 1,
                Outcome::Refused(_) => lines[2] += 1,
            }
        }
        for document in &case.documents {
            all += 1;
            match naive.report(document, case.now_us) {
                Ok(result) => {
                    valid += 1;
                    let says = says_something(&result);
                    telling += usize::from(says);
                    let of_report = by_report.entry(document["report"].to_string()).or_insert((0, 0));
                    *of_report = (of_report.0 + 1, of_report.1 + usize::from(says));
                }
                Err(reason) => *wrong.entry(reason.chars().take(40).collect::<String>()).or_insert(0) += 1,
            }
        }
    }
    let summary =
        format!("{valid} valid and {telling} telling of {all}; {by_report:?}; lines {lines:?}; refused {wrong:#?}");
    assert!(valid * 10 >= all * 8 && telling * 10 >= all * 5 && lines[1] > 0 && lines[2] > 0, "{summary}");
    if std::env::var_os("SHOW_TALLY").is_some() {
        panic!("{summary}");
    }
}

#[test]
fn documents_of_the_first_scope_hit() {
    tally(Scope::First, 150);
}

#[test]
fn documents_of_the_whole_language_hit() {
    tally(Scope::Whole, 150);
}

proptest! {
    #![proptest_config(Config { cases: 48, failure_persistence: None, ..Config::default() })]

    /// The units behind a number are as many as the number says.
    #[test]
    fn units_are_as_many_as_the_number(case in case(Scope::Whole, 40, 1..=4)) {
        let naive = stored(&case);
        for document in &case.documents {
            let Ok(result) = naive.report(document, case.now_us) else { continue };
            for behind in behind(document, &result).into_iter().take(12) {
                let units = naive.report(&behind.document, case.now_us);
                let units = units.map_err(|reason| TestCaseError::fail(format!("{reason}: {}", behind.document)))?;
                prop_assert_eq!(&units["coverage"], &result["coverage"]);
                if let Some(size) = behind.size {
                    prop_assert_eq!(&units["size"], &Value::from(size), "{}", behind.document);
                }
            }
        }
    }
}
