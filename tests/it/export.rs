//! Exports of generated histories: the lines make the same store again, however the first one is stored.

use crate::generate::{self, Scope};
use crate::support::{Arrivals, exported, fill};
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::Value;
use trackcrumb::store::{Outcome, StoreReader, verify};

/// The lines as a history that arrives long after, so that a line without its timestamp would show.
fn history_of(lines: &[String]) -> Vec<(Value, i64)> {
    lines.iter().map(|line| (serde_json::from_str(line).unwrap(), 4_000_000_000_000_000)).collect()
}

proptest! {
    #![proptest_config(Config { cases: 96, failure_persistence: None, ..Config::default() })]

    #[test]
    fn an_export_makes_the_same_store_again(
        history in generate::history(Scope::Whole, 120),
        batch in 1usize..30,
        seal_every in 0usize..5,
        reopen_every in 0usize..4,
        again in (1usize..30, 0usize..5),
    ) {
        let first = fill(&history, Arrivals { batch, seal_every, reopen_every });
        let lines = exported(&first.store.snapshot().unwrap());
        let accepted = first.outcomes.iter().filter(|outcome| **outcome == Outcome::Accepted).count();
        prop_assert_eq!(lines.len(), accepted);
        let report = verify(&first.disk).unwrap();
        prop_assert_eq!((report.damage, report.notes), (vec![], vec![]));
        let (reader, damage) = StoreReader::open_skipping(&first.disk).unwrap();
        prop_assert_eq!(damage, vec![]);
        prop_assert_eq!(exported(reader.snapshot()), lines.clone());

        let second = fill(&history_of(&lines), Arrivals { batch: again.0, seal_every: again.1, reopen_every: 0 });
        prop_assert!(second.outcomes.iter().all(|outcome| *outcome == Outcome::Accepted), "{:?}", second.outcomes);
        prop_assert_eq!(exported(&second.store.snapshot().unwrap()), lines);
    }
}
