//! Funnels: a bar for each step, with what remains of all and of the step before.

use super::super::output::Canvas;
use super::super::rows::{Column, Kind, Rows};
use super::super::text::bar;
use super::figure;
use crate::reports::FunnelAnswer;
use serde_json::Value;

/// Room that everything but the bars takes, in characters.
const TEXT_CHARS: usize = 66;

/// A row for each step.
pub fn rows(answer: &FunnelAnswer) -> Rows {
    let mut rows = Rows::new([
        ("step", Kind::Number),
        ("event", Kind::Text),
        ("count", Kind::Number),
        ("from_previous", Kind::Share),
        ("overall", Kind::Share),
        ("median_seconds", Kind::Seconds),
        ("average_seconds", Kind::Seconds),
    ]);
    for (place, step) in answer.steps.iter().enumerate() {
        rows.push([
            Value::from(place + 1),
            step.event.as_str().into(),
            step.count.into(),
            figure(step.from_previous),
            figure(step.overall),
            figure(step.median_seconds),
            figure(step.average_seconds),
        ]);
    }
    rows
}

/// Bars under each other.
pub fn draw(answer: &FunnelAnswer, canvas: &Canvas) -> String {
    let longest = answer.steps.iter().map(|step| step.event.chars().count()).max().unwrap_or(0);
    let width = canvas.width.saturating_sub(TEXT_CHARS + longest).clamp(10, 40);
    let titled = |title: &str, kind| Column { name: String::new(), title: title.to_owned(), kind };
    let mut rows = Rows::with_columns(vec![
        titled("step", Kind::Number),
        titled("event", Kind::Text),
        titled("count", Kind::Number),
        titled("", Kind::Drawing),
        titled("of all", Kind::Share),
        titled("of previous", Kind::Share),
        titled("median time", Kind::Seconds),
    ]);
    for (place, step) in answer.steps.iter().enumerate() {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::{Coverage, Figure, FunnelStep};

    #[test]
    fn steps_have_bars() {
        let step = |event: &str, count, share: Option<f64>, median| FunnelStep {
            event: event.to_owned(),
            count,
            from_previous: Figure::of(share),
            overall: Figure::of(share),
            median_seconds: Figure::of(median),
            average_seconds: Figure::of(median),
        };
        let steps = vec![step("signed_up", 1200, Some(1.0), None), step("paid", 300, Some(0.25), Some(6730.0))];
        let answer = FunnelAnswer { steps, coverage: Coverage::default() };
        let expected = "
 step  event      count              of all  of previous  median time
──────────────────────────────────────────────────────────────────────
    1  signed_up  1,200  ██████████  100.0%            –            –
    2  paid         300  ██▌          25.0%        25.0%   1 h 52 min
";
        let text = draw(&answer, &Canvas { width: 80, colors: false });
        assert_eq!(format!("\n{text}"), expected);
    }
}
