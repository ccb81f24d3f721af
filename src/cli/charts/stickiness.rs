//! Stickiness: a bar for each number of intervals.

use super::super::output::Canvas;
use super::super::rows::{Column, Kind, Rows};
use super::super::text::bar;
use crate::language::Interval;
use crate::reports::StickinessAnswer;

/// Room that the columns beside the bars take, in characters.
const SIDE_CHARS: usize = 24;

/// A row for each number of intervals.
pub fn rows(answer: &StickinessAnswer) -> Rows {
    let mut rows = Rows::new([("intervals", Kind::Number), ("count", Kind::Number)]);
    for (intervals, count) in (1u64..).zip(&answer.counts) {
        rows.push([intervals.into(), (*count).into()]);
    }
    rows
}

/// Bars, one for each number of intervals.
pub fn draw(answer: &StickinessAnswer, interval: Interval, canvas: &Canvas) -> String {
    let top = answer.counts.iter().copied().max().unwrap_or(0).max(1);
    let width = canvas.width.saturating_sub(SIDE_CHARS).clamp(8, 60);
    let mut rows = Rows::with_columns(vec![
        Column { name: String::new(), title: format!("{}s active", interval.as_str()), kind: Kind::Number },
        Column { name: String::new(), title: "units".to_owned(), kind: Kind::Number },
        Column { name: String::new(), title: String::new(), kind: Kind::Drawing },
    ]);
    for (intervals, count) in (1u64..).zip(&answer.counts) {
        rows.push([intervals.into(), (*count).into(), bar(*count as f64 / top as f64, width).into()]);
    }
    rows.to_table(canvas)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::Coverage;

    #[test]
    fn each_number_of_intervals_has_a_bar() {
        let answer = StickinessAnswer { counts: vec![8, 0, 2], intervals: 3, coverage: Coverage::default() };
        let expected = "
 days active  units
──────────────────────────────
           1      8  ████████
           2      0
           3      2  ██
";
        let text = draw(&answer, Interval::Day, &Canvas { width: 32, colors: false });
        assert_eq!(format!("\n{text}"), expected);
        assert_eq!(rows(&answer).to_csv(), "intervals,count\r\n1,8\r\n2,0\r\n3,2\r\n");
    }
}
