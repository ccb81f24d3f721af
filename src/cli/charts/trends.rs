//! Trends: buckets down, series across, with bars or sparklines.

use super::super::output::Canvas;
use super::super::rows::{Column, Kind, Rows};
use super::super::text::{bar, cut, sparkline};
use super::breakdown::{breakdown_cells, breakdown_columns, breakdown_name};
use super::{bucket_name, figure, interval_name};
use crate::language::Interval;
use crate::reports::{Figure, TrendsAnswer, TrendsSeries};
use serde_json::Value;

/// Longest name of a series in the head of a table, in characters, and what is left of its label at least.
const NAME_CHARS_MAX: usize = 32;
const LABEL_CHARS_MIN: usize = 8;
/// Room that a column of numbers takes beside its title, in characters.
const COLUMN_MARGIN: usize = 2;
/// Room of the column of buckets, and least room of a column of numbers.
const BUCKET_CHARS: usize = 18;
const FIGURE_CHARS_MIN: usize = 9;

/// A row for each series and bucket.
pub fn rows(answer: &TrendsAnswer) -> Rows {
    let levels = answer.series.iter().map(|series| series.breakdown.len()).max().unwrap_or(0);
    let mut columns = vec![Column::new("label", Kind::Text)];
    columns.extend(breakdown_columns(levels));
    columns.extend([Column::new("bucket", Kind::Text), Column::new("value", Kind::Number)]);
    if answer.previous_buckets.is_some() {
        columns.extend([Column::new("previous_bucket", Kind::Text), Column::new("previous", Kind::Number)]);
    }
    let mut rows = Rows::with_columns(columns);
    for series in &answer.series {
        let before = series.previous.as_ref().zip(answer.previous_buckets.as_ref());
        // The range before may have a bucket more or less, where clocks change or months differ in length.
        let count = answer.buckets.len().max(before.map_or(0, |(_, buckets)| buckets.len()));
        let pair = |buckets: &[String], values: &[Figure], place: usize| {
            let bucket = buckets.get(place).map_or(Value::Null, |bucket| bucket.as_str().into());
            [bucket, values.get(place).map_or(Value::Null, |value| figure(*value))]
        };
        for place in 0..count {
            let mut cells: Vec<Value> = vec![series.label.as_str().into()];
            cells.extend(breakdown_cells(&series.breakdown, series.other, levels));
            cells.extend(pair(&answer.buckets, &series.values, place));
            cells.extend(before.iter().flat_map(|(previous, buckets)| pair(buckets, &previous.values, place)));
            rows.push(cells);
        }
    }
    rows
}

/// One series with bars; several with a line each, then their numbers. The range before comes as series of its own,
/// bucket beside bucket.
pub fn draw(answer: &TrendsAnswer, interval: Interval, canvas: &Canvas) -> String {
    let (mut lines, mut line_names) = (Vec::new(), Vec::new());
    for (series, name) in answer.series.iter().zip(names(&answer.series)) {
        lines.push(series.clone());
        if let Some(previous) = &series.previous {
            let (values, total) = (previous.values.clone(), previous.total);
            lines.push(TrendsSeries { values, total, ..series.clone() });
        }
        line_names.push(name);
        line_names.extend(series.previous.as_ref().map(|_| "before".to_owned()));
    }
    match lines.as_slice() {
        [] => "No events, so there are no series.\n".to_owned(),
        [series] => draw_one(answer, series, &line_names[0], interval, canvas),
        several => {
            let names = line_names;
            let mut out = summary(several, &names).to_table(canvas);
            let widths = names.iter().map(|name| name.chars().count().max(FIGURE_CHARS_MIN) + COLUMN_MARGIN);
            let (mut start, mut room) = (0, canvas.width.saturating_sub(BUCKET_CHARS));
            let mut blocks = Vec::new();
            for (place, width) in widths.enumerate() {
                if width > room && place > start {
                    blocks.push(start..place);
                    (start, room) = (place, canvas.width.saturating_sub(BUCKET_CHARS));
                }
                room = room.saturating_sub(width);
            }
            blocks.push(start..several.len());
            for block in blocks {
                out.push('\n');
                let table = numbers(answer, &several[block.clone()], &names[block], interval);
                out.push_str(&table.to_table(canvas));
            }
            out
        }
    }
}

fn draw_one(answer: &TrendsAnswer, series: &TrendsSeries, name: &str, interval: Interval, canvas: &Canvas) -> String {
    let top = series.values.iter().filter_map(|value| value.to_f64()).fold(0.0, f64::max);
    let width = canvas.width.saturating_sub(BUCKET_CHARS + name.chars().count().max(FIGURE_CHARS_MIN) + 8).clamp(8, 60);
    let mut rows = Rows::with_columns(vec![
        Column::new(interval_name(interval), Kind::Text),
        Column { name: String::new(), title: name.to_owned(), kind: Kind::Number },
        Column { name: String::new(), title: String::new(), kind: Kind::Drawing },
    ]);
    for (bucket, value) in answer.buckets.iter().zip(&series.values) {
        let drawing = value.to_f64().filter(|_| top > 0.0).map_or_else(String::new, |value| bar(value / top, width));
        rows.push([bucket_name(bucket, interval).into(), figure(*value), drawing.into()]);
    }
    rows.push(["whole range".into(), figure(series.total), Value::from("")]);
    rows.to_table(canvas)
}

/// A line of each series.
fn summary(series: &[TrendsSeries], names: &[String]) -> Rows {
    let mut rows = Rows::new([("series", Kind::Text), ("course", Kind::Drawing), ("whole_range", Kind::Number)]);
    for (series, name) in series.iter().zip(names) {
        let values: Vec<Option<f64>> = series.values.iter().map(|value| value.to_f64()).collect();
        rows.push([name.as_str().into(), sparkline(&values).into(), figure(series.total)]);
    }
    rows
}

/// Buckets down, series across.
fn numbers(answer: &TrendsAnswer, series: &[TrendsSeries], names: &[String], interval: Interval) -> Rows {
    let mut columns = vec![Column::new(interval_name(interval), Kind::Text)];
    columns.extend(names.iter().map(|name| Column { name: String::new(), title: name.clone(), kind: Kind::Number }));
    let mut rows = Rows::with_columns(columns);
    for (place, bucket) in answer.buckets.iter().enumerate() {
        let values = series.iter().map(|series| series.values.get(place).map_or(Value::Null, |value| figure(*value)));
        rows.push(std::iter::once(Value::from(bucket_name(bucket, interval))).chain(values));
    }
    rows
}

/// What to call each series: its label, its breakdown value, or both where either alone would not do.
fn names(series: &[TrendsSeries]) -> Vec<String> {
    let one_label = series.windows(2).all(|pair| pair[0].label == pair[1].label);
    let name = |series: &TrendsSeries| {
        if series.breakdown.is_empty() && !series.other {
            return cut(&series.label, NAME_CHARS_MAX);
        }
        let value = breakdown_name(&series.breakdown, series.other);
        if one_label {
            return cut(&value, NAME_CHARS_MAX);
        }
        // The value tells the series apart, so the label is cut first.
        let room = NAME_CHARS_MAX.saturating_sub(value.chars().count() + 2).max(LABEL_CHARS_MIN);
        cut(&format!("{}: {value}", cut(&series.label, room)), NAME_CHARS_MAX)
    };
    series.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value as Model;
    use crate::reports::{Coverage, Previous};

    const PLAIN: Canvas = Canvas { width: 60, colors: false };

    fn series(label: &str, breakdown: &[Model], other: bool, values: [u64; 2]) -> TrendsSeries {
        TrendsSeries {
            label: label.to_owned(),
            breakdown: breakdown.to_vec(),
            other,
            values: values.map(Figure::Count).to_vec(),
            total: Figure::Count(values.iter().sum()),
            previous: None,
        }
    }

    fn answer(series: Vec<TrendsSeries>) -> TrendsAnswer {
        let buckets = ["2026-01-05T00:00:00Z", "2026-01-12T00:00:00Z"].map(str::to_owned).to_vec();
        TrendsAnswer { buckets, series, previous_buckets: None, coverage: Coverage::default() }
    }

    #[test]
    fn one_series_has_bars() {
        let text = draw(&answer(vec![series("log_in", &[], false, [1000, 250])]), Interval::Week, &PLAIN);
        let expected = "
 week of      log_in
────────────────────────────────────────────────
 2026-01-05    1,000  █████████████████████████
 2026-01-12      250  ██████▎
 whole range   1,250
";
        assert_eq!(format!("\n{text}"), expected);
    }

    #[test]
    fn several_series_have_lines_and_numbers() {
        let broken_down =
            vec![series("login", &[Model::string("DE")], false, [1, 2]), series("login", &[], true, [7, 0])];
        let text = draw(&answer(broken_down), Interval::Month, &PLAIN);
        let expected = "
 series   course  whole range
──────────────────────────────
 DE       ▅█                3
 (other)  █▁                7

 month    DE  (other)
──────────────────────
 2026-01   1        7
 2026-01   2        0
";
        assert_eq!(format!("\n{text}"), expected);
    }

    #[test]
    fn the_range_before_stands_beside() {
        let mut compared = answer(vec![series("login", &[], false, [5, 6])]);
        compared.previous_buckets = Some(vec!["2025-12-29T00:00:00Z".to_owned()]);
        let values = vec![Figure::Count(4)];
        compared.series[0].previous = Some(Previous { values, total: Figure::Count(4) });
        let text = draw(&compared, Interval::Week, &PLAIN);
        assert!(text.contains(" week of     login  before"), "{text}");
        assert!(rows(&compared).to_csv().contains("login,2026-01-05T00:00:00Z,5,2025-12-29T00:00:00Z,4\r\n"));
        assert!(rows(&compared).to_csv().ends_with("login,2026-01-12T00:00:00Z,6,,\r\n"));
    }

    #[test]
    fn csv_has_a_row_for_each_series_and_bucket() {
        let one = answer(vec![series("login", &[Model::Null], false, [1, 2])]);
        let expected = "label,breakdown,other,bucket,value\r\n\
                        login,,false,2026-01-05T00:00:00Z,1\r\nlogin,,false,2026-01-12T00:00:00Z,2\r\n";
        assert_eq!(rows(&one).to_csv(), expected);
    }
}
