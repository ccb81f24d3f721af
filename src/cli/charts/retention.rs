//! Retention: the triangle of shares that came back, the pooled mean under it.

use super::super::output::Canvas;
use super::super::rows::{Column, Kind, Rows};
use super::{bucket_name, figure, interval_name};
use crate::language::Interval;
use crate::reports::RetentionAnswer;
use serde_json::Value;

/// Room that the columns of periods and sizes take, and each share, in characters.
const SIDE_CHARS: usize = 22;
const SHARE_CHARS: usize = 6;

/// A row for each cohort, with how many came back by periods after the start.
pub fn rows(answer: &RetentionAnswer) -> Rows {
    let mut columns = vec![Column::new("period", Kind::Text), Column::new("size", Kind::Number)];
    columns.extend((0..answer.mean.len()).map(|k| Column::new(k.to_string(), Kind::Number)));
    let mut rows = Rows::with_columns(columns);
    for row in &answer.rows {
        let values = row.values.iter().map(|value| Value::from(*value));
        rows.push([Value::from(row.period.as_str()), row.size.into()].into_iter().chain(values));
    }
    rows
}

/// Shares in percent, without decimals.
pub fn draw(answer: &RetentionAnswer, interval: Interval, canvas: &Canvas) -> String {
    let periods = answer.mean.len();
    let shown = (canvas.width.saturating_sub(SIDE_CHARS) / SHARE_CHARS).clamp(1, periods.max(1)).min(periods);
    let mut columns = vec![Column::new(interval_name(interval), Kind::Text), Column::new("size", Kind::Number)];
    let title = |k: usize| if k == 0 { format!("{} 0", unit(interval)) } else { k.to_string() };
    columns.extend((0..shown).map(|k| Column { name: String::new(), title: title(k), kind: Kind::Number }));
    let mut rows = Rows::with_columns(columns);
    for row in &answer.rows {
        let share = |value: &Option<u64>| match value {
            None => Value::from(""),
            Some(_) if row.size == 0 => Value::Null,
            Some(value) => whole_percent(*value as f64 / row.size as f64).into(),
        };
        let head = [Value::from(bucket_name(&row.period, interval)), row.size.into()];
        rows.push(head.into_iter().chain(row.values.iter().take(shown).map(share)));
    }
    let all: u64 = answer.rows.iter().map(|row| row.size).sum();
    let mean = answer
        .mean
        .iter()
        .take(shown)
        .map(|mean| mean.to_f64().map_or(figure(*mean), |mean| whole_percent(mean).into()));
    rows.push([Value::from("all"), all.into()].into_iter().chain(mean));
    let mut out = rows.to_table(canvas);
    if shown < periods {
        out.push_str(&canvas.dim(&format!("{} more are in the other formats.", periods - shown)));
        out.push('\n');
    }
    out
}

fn whole_percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

fn unit(interval: Interval) -> &'static str {
    match interval {
        Interval::Hour => "hour",
        Interval::Day => "day",
        Interval::Week => "week",
        Interval::Month => "month",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::{Coverage, Figure, RetentionRow};

    #[test]
    fn the_triangle_has_percentages_and_a_mean() {
        let row = |period: &str, size, values: &[Option<u64>]| RetentionRow {
            period: period.to_owned(),
            size,
            values: values.to_vec(),
        };
        let answer = RetentionAnswer {
            rows: vec![
                row("2026-01-05T00:00:00Z", 168, &[Some(168), Some(94)]),
                row("2026-01-12T00:00:00Z", 40, &[Some(40), None]),
            ],
            mean: vec![Figure::Count(1), Figure::of(Some(94.0 / 168.0))],
            coverage: Coverage::default(),
        };
        let expected = "
 week of     size  week 0    1
───────────────────────────────
 2026-01-05   168    100%  56%
 2026-01-12    40    100%
 all          208    100%  56%
";
        let text = draw(&answer, Interval::Week, &Canvas { width: 80, colors: false });
        assert_eq!(format!("\n{text}"), expected);
        assert_eq!(rows(&answer).to_csv().lines().last(), Some("2026-01-12T00:00:00Z,40,40,"));
    }
}
