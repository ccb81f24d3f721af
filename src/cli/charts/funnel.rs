//! Funnels: a bar for each step, with what remains of all and of the step before; by breakdown value and by start.

use super::super::output::Canvas;
use super::super::rows::{Column, Kind, Rows};
use super::super::text::{bar, cut, shown};
use super::breakdown::{breakdown_cells, breakdown_columns, breakdown_name};
use super::{bucket_name, figure, interval_name};
use crate::language::Interval;
use crate::model::Value as Model;
use crate::reports::{FunnelAnswer, FunnelResult, FunnelSeries, FunnelStarts, FunnelStep, FunnelSteps};
use serde_json::Value;

/// Room that everything but the bars takes, in characters.
const TEXT_CHARS: usize = 66;
/// The same beside a count for each step.
const COUNTS_TEXT_CHARS: usize = 34;
/// Room that the count of a step takes.
const COUNT_CHARS: usize = 9;
/// Longest name of a breakdown value, in characters.
const NAME_CHARS_MAX: usize = 24;

/// A row for each step of each breakdown value; then, with an interval, one for each of its buckets.
pub fn rows(answer: &FunnelAnswer) -> Rows {
    let all: Vec<(&[Model], bool, &FunnelSteps)> = match &answer.result {
        FunnelResult::Whole(whole) => vec![(&[], false, whole)],
        FunnelResult::Split { series } => {
            series.iter().map(|series| (series.breakdown.as_slice(), series.other, &series.steps)).collect()
        }
    };
    let levels = all.iter().map(|(breakdown, ..)| breakdown.len()).max().unwrap_or(0);
    let has_starts = all.iter().any(|(_, _, steps)| steps.by_start.is_some());
    let mut columns = breakdown_columns(levels);
    columns.extend([Column::new("step", Kind::Number), Column::new("event", Kind::Text)]);
    columns.extend(has_starts.then(|| Column::new("bucket", Kind::Text)));
    columns.extend([
        Column::new("count", Kind::Number),
        Column::new("from_previous", Kind::Share),
        Column::new("overall", Kind::Share),
        Column::new("median_seconds", Kind::Seconds),
        Column::new("average_seconds", Kind::Seconds),
    ]);
    let mut rows = Rows::with_columns(columns);
    for (breakdown, other, steps) in all {
        let names = |place: usize, step: &FunnelStep| {
            let mut cells = breakdown_cells(breakdown, other, levels);
            cells.extend([Value::from(place + 1), step.event.as_str().into()]);
            cells
        };
        for (place, step) in steps.steps.iter().enumerate() {
            let mut cells = names(place, step);
            cells.extend(has_starts.then_some(Value::Null));
            cells.push(step.count.into());
            let figures = [step.from_previous, step.overall, step.median_seconds, step.average_seconds];
            cells.extend(figures.map(figure));
            rows.push(cells);
        }
        if let Some(starts) = &steps.by_start {
            for (place, (step, counts)) in steps.steps.iter().zip(&starts.counts).enumerate() {
                for (bucket, count) in starts.buckets.iter().zip(counts) {
                    let mut cells = names(place, step);
                    cells.extend([bucket.as_str().into(), (*count).into()]);
                    cells.extend([Value::Null, Value::Null, Value::Null, Value::Null]);
                    rows.push(cells);
                }
            }
        }
    }
    rows
}

/// Bars under each other; with a breakdown, all values at a glance first.
pub fn draw(answer: &FunnelAnswer, interval: Interval, canvas: &Canvas) -> String {
    match &answer.result {
        FunnelResult::Whole(whole) => draw_steps(whole, interval, canvas),
        FunnelResult::Split { series } if series.is_empty() => {
            "No unit did the first step, so there are no series.\n".to_owned()
        }
        FunnelResult::Split { series } => {
            let name = |series: &FunnelSeries| cut(&breakdown_name(&series.breakdown, series.other), NAME_CHARS_MAX);
            let counts = |series: &FunnelSeries| series.steps.steps.iter().map(|step| step.count).collect();
            let glance = series.iter().map(|series| (name(series), counts(series))).collect();
            let mut out = counts_table("value", glance, canvas);
            for series in series {
                out.push_str(&format!("\n{}\n", canvas.bold(&shown(&name(series)))));
                out.push_str(&draw_steps(&series.steps, interval, canvas));
            }
            out
        }
    }
}

/// The steps, and below them how they went by start.
fn draw_steps(steps: &FunnelSteps, interval: Interval, canvas: &Canvas) -> String {
    let mut out = steps_table(&steps.steps, canvas);
    if let Some(starts) = &steps.by_start {
        let title = format!("started, {}", interval_name(interval));
        out.push('\n');
        out.push_str(&counts_table(&title, counts_by_start(starts, interval), canvas));
    }
    out
}

fn titled(title: impl Into<String>, kind: Kind) -> Column {
    Column { name: String::new(), title: title.into(), kind }
}

fn steps_table(steps: &[FunnelStep], canvas: &Canvas) -> String {
    let longest = steps.iter().map(|step| step.event.chars().count()).max().unwrap_or(0);
    let width = canvas.width.saturating_sub(TEXT_CHARS + longest).clamp(10, 40);
    let mut rows = Rows::with_columns(vec![
        titled("step", Kind::Number),
        titled("event", Kind::Text),
        titled("count", Kind::Number),
        titled("", Kind::Drawing),
        titled("of all", Kind::Share),
        titled("of previous", Kind::Share),
        titled("median time", Kind::Seconds),
    ]);
    for (place, step) in steps.iter().enumerate() {
        let share = step.overall.to_f64().unwrap_or(0.0);
        let is_first = place == 0;
        rows.push([
            Value::from(place + 1),
            step.event.as_str().into(),
            step.count.into(),
            bar(if step.count > 0 { share } else { 0.0 }, width).into(),
            figure(step.overall),
            if is_first { Value::Null } else { figure(step.from_previous) },
            figure(step.median_seconds),
        ]);
    }
    rows.to_table(canvas)
}

/// Bucket by bucket, the count of each step.
fn counts_by_start(starts: &FunnelStarts, interval: Interval) -> Vec<(String, Vec<u64>)> {
    let counts = |bucket: usize| starts.counts.iter().filter_map(|step| step.get(bucket).copied()).collect();
    let buckets = starts.buckets.iter().enumerate();
    buckets.map(|(place, label)| (bucket_name(label, interval), counts(place))).collect()
}

/// A line for each name: the count of each step, and a bar for the share that reached the last.
fn counts_table(title: &str, lines: Vec<(String, Vec<u64>)>, canvas: &Canvas) -> String {
    let steps = lines.first().map_or(0, |(_, counts)| counts.len());
    let width = canvas.width.saturating_sub(COUNTS_TEXT_CHARS + steps * COUNT_CHARS).clamp(8, 40);
    let mut columns = vec![titled(title, Kind::Text)];
    columns.extend((1..=steps).map(|step| titled(format!("step {step}"), Kind::Number)));
    columns.extend([titled("", Kind::Drawing), titled("of all", Kind::Share)]);
    let mut rows = Rows::with_columns(columns);
    for (name, counts) in lines {
        let (first, last) = (counts.first().copied().unwrap_or(0), counts.last().copied().unwrap_or(0));
        let share = (first > 0).then(|| last as f64 / first as f64);
        let mut cells = vec![Value::from(name)];
        cells.extend(counts.into_iter().map(Value::from));
        cells.extend([bar(share.unwrap_or(0.0), width).into(), share.map_or(Value::Null, Value::from)]);
        rows.push(cells);
    }
    rows.to_table(canvas)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::{Coverage, Figure};

    const PLAIN: Canvas = Canvas { width: 80, colors: false };

    fn steps(by_start: Option<FunnelStarts>) -> FunnelSteps {
        let step = |event: &str, count, share: Option<f64>, median| FunnelStep {
            event: event.to_owned(),
            count,
            from_previous: Figure::of(share),
            overall: Figure::of(share),
            median_seconds: Figure::of(median),
            average_seconds: Figure::of(median),
        };
        let steps = vec![step("signed_up", 1200, Some(1.0), None), step("paid", 300, Some(0.25), Some(6730.0))];
        FunnelSteps { steps, by_start }
    }

    fn starts() -> FunnelStarts {
        let buckets = ["2026-01-05T00:00:00Z", "2026-01-12T00:00:00Z"].map(str::to_owned).to_vec();
        FunnelStarts { buckets, counts: vec![vec![800, 0], vec![200, 0]] }
    }

    fn split() -> FunnelAnswer {
        let one =
            |breakdown: &[Model], other| FunnelSeries { breakdown: breakdown.to_vec(), other, steps: steps(None) };
        let series = vec![one(&[Model::string("DE")], false), one(&[], true)];
        FunnelAnswer { result: FunnelResult::Split { series }, coverage: Coverage::default() }
    }

    #[test]
    fn steps_have_bars_and_starts_a_line_each() {
        let result = FunnelResult::Whole(steps(Some(starts())));
        let answer = FunnelAnswer { result, coverage: Coverage::default() };
        let expected = "
 step  event      count              of all  of previous  median time
──────────────────────────────────────────────────────────────────────
    1  signed_up  1,200  ██████████  100.0%            –            –
    2  paid         300  ██▌          25.0%        25.0%   1 h 52 min

 started, week of  step 1  step 2           of all
───────────────────────────────────────────────────
 2026-01-05           800     200  ███████   25.0%
 2026-01-12             0       0                –
";
        let text = draw(&answer, Interval::Week, &PLAIN);
        assert_eq!(format!("\n{text}"), expected);
    }

    #[test]
    fn breakdown_values_stand_together_and_then_each_for_itself() {
        let text = draw(&split(), Interval::Day, &PLAIN);
        let expected = "
 value    step 1  step 2           of all
──────────────────────────────────────────
 DE        1,200     300  ███████   25.0%
 (other)   1,200     300  ███████   25.0%

DE
 step  event      count              of all  of previous  median time
──────────────────────────────────────────────────────────────────────
    1  signed_up  1,200  ██████████  100.0%            –            –
    2  paid         300  ██▌          25.0%        25.0%   1 h 52 min

(other)
 step  event";
        assert!(format!("\n{text}").starts_with(expected), "{text}");
    }

    #[test]
    fn csv_has_a_row_for_each_step_and_one_for_each_start() {
        let expected = "breakdown,other,step,event,count,from_previous,overall,median_seconds,average_seconds\r\n\
                        DE,false,1,signed_up,1200,1,1,,\r\nDE,false,2,paid,300,0.25,0.25,6730,6730\r\n\
                        ,true,1,signed_up,1200,1,1,,\r\n,true,2,paid,300,0.25,0.25,6730,6730\r\n";
        assert_eq!(rows(&split()).to_csv(), expected);
        let result = FunnelResult::Whole(steps(Some(starts())));
        let text = rows(&FunnelAnswer { result, coverage: Coverage::default() }).to_csv();
        assert!(text.contains("\r\n2,paid,,300,0.25,0.25,6730,6730\r\n1,signed_up,2026-01-05T00:00:00Z,800,,,,\r\n"));
    }
}
