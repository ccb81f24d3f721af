//! The readings: many events of one formula, so that columns have several blocks and every encoding.

use trackcrumb::model::Timestamp;

/// 2026-01-05T00:00:00Z.
const FIRST_US: i64 = 1_767_571_200_000_000;

/// Reading `i` as an input line. The README of the golden files says the same in words.
pub fn reading(i: i64) -> String {
    let time = Timestamp::from_micros(FIRST_US + i * 137_000_000).unwrap();
    let mut line =
        format!(r#"{{"type":"track","distinct_id":"sensor-{}","event":"reading","timestamp":"{time}""#, i % 3);
    if i % 2 == 1 {
        line.push_str(&format!(r#","insert_id":"r{i}""#));
    }
    if i % 5 < 2 {
        line.push_str(r#","groups":{"company":"acme-corp"}"#);
    }
    line.push_str(&format!(r#","properties":{{"level":{}"#, i * i - 1000));
    if i % 2 == 0 {
        line.push_str(&format!(r#","note":"reading number {i} of the golden store""#));
    }
    if i % 4 != 0 {
        line.push_str(&format!(r#","ratio":{}"#, i as f64 / 8.0 + 0.0625));
    }
    line.push_str("}}");
    line
}
