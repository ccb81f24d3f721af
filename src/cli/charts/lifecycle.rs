//! Lifecycle: the four states across, buckets down.

use super::super::output::Canvas;
use super::super::rows::{Column, Kind, Rows};
use super::{bucket_name, interval_name};
use crate::language::Interval;
use crate::reports::LifecycleAnswer;
use serde_json::Value;

const STATES: [&str; 4] = ["new", "returning", "resurrecting", "dormant"];

fn counts(answer: &LifecycleAnswer, bucket: usize) -> [Value; 4] {
    [&answer.new, &answer.returning, &answer.resurrecting, &answer.dormant]
        .map(|counts| counts.get(bucket).copied().into())
}

fn table(answer: &LifecycleAnswer, first: Column, name: impl Fn(&str) -> String) -> Rows {
    let states = STATES.map(|state| Column::new(state, Kind::Number));
    let mut rows = Rows::with_columns(std::iter::once(first).chain(states).collect());
    for (place, bucket) in answer.buckets.iter().enumerate() {
        rows.push(std::iter::once(Value::from(name(bucket))).chain(counts(answer, place)));
    }
    rows
}

/// A row for each bucket.
pub fn rows(answer: &LifecycleAnswer) -> Rows {
    table(answer, Column::new("bucket", Kind::Text), str::to_owned)
}

/// The same with short names of buckets.
pub fn draw(answer: &LifecycleAnswer, interval: Interval, canvas: &Canvas) -> String {
    let first = Column::new(interval_name(interval), Kind::Text);
    table(answer, first, |bucket| bucket_name(bucket, interval)).to_table(canvas)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::Coverage;

    #[test]
    fn buckets_go_down_and_states_across() {
        let answer = LifecycleAnswer {
            buckets: vec!["2026-01-05T00:00:00Z".to_owned()],
            new: vec![1204],
            returning: vec![3],
            resurrecting: vec![0],
            dormant: vec![7],
            coverage: Coverage::default(),
        };
        let expected = "
 week of       new  returning  resurrecting  dormant
─────────────────────────────────────────────────────
 2026-01-05  1,204          3             0        7
";
        let text = draw(&answer, Interval::Week, &Canvas { width: 80, colors: false });
        assert_eq!(format!("\n{text}"), expected);
        assert_eq!(rows(&answer).to_csv().lines().last(), Some("2026-01-05T00:00:00Z,1204,3,0,7"));
    }
}
