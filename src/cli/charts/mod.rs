//! Answers to reports as people, spreadsheets and programs read them. One file per report.

mod breakdown;
mod cohort;
mod explanation;
mod funnel;
mod lifecycle;
mod paths;
mod retention;
mod stickiness;
mod trends;

pub use explanation::Explanation;

use super::output::{Canvas, Show};
use super::rows::Rows;
use super::text::{counted, plural, shown};
use crate::language::{Interval, Report};
use crate::reports::{Answer, Coverage, Figure};
use serde_json::Value;

/// An answer with the document it answers.
pub struct Chart<'a> {
    /// The document.
    pub report: &'a Report,
    /// The answer.
    pub answer: &'a Answer,
}

impl Show for Chart<'_> {
    fn to_json(&self) -> String {
        // Answers hold nothing that JSON cannot.
        serde_json::to_string(self.answer).unwrap_or_default()
    }

    fn next_cursor(&self) -> Option<&str> {
        match self.answer {
            Answer::Cohort(answer) => answer.next_cursor.as_deref(),
            _ => None,
        }
    }

    fn to_rows(&self) -> Rows {
        match self.answer {
            Answer::Trends(answer) => trends::rows(answer),
            Answer::Funnel(answer) => funnel::rows(answer),
            Answer::Retention(answer) => retention::rows(answer),
            Answer::Cohort(answer) => cohort::rows(answer),
            Answer::Stickiness(answer) => stickiness::rows(answer),
            Answer::Lifecycle(answer) => lifecycle::rows(answer),
            Answer::Paths(answer) => paths::rows(answer),
        }
    }

    fn to_table(&self, canvas: &Canvas) -> String {
        let (body, coverage) = match self.answer {
            Answer::Trends(answer) => (trends::draw(answer, interval(self.report), canvas), answer.coverage),
            Answer::Funnel(answer) => (funnel::draw(answer, interval(self.report), canvas), answer.coverage),
            Answer::Retention(answer) => (retention::draw(answer, interval(self.report), canvas), answer.coverage),
            Answer::Cohort(answer) => (cohort::draw(answer, canvas), answer.coverage),
            Answer::Stickiness(answer) => (stickiness::draw(answer, interval(self.report), canvas), answer.coverage),
            Answer::Lifecycle(answer) => (lifecycle::draw(answer, interval(self.report), canvas), answer.coverage),
            Answer::Paths(answer) => (paths::draw(answer, canvas), answer.coverage),
        };
        let unit = self.report.scope().count_by.group_type();
        let counted_by = unit.map_or_else(|| "users".to_owned(), |group_type| format!("`{}`", shown(group_type)));
        let title = format!("{}, counted by {counted_by}", capitalised(self.report.kind()));
        format!("{}\n\n{body}\n{}\n", canvas.bold(&title), canvas.dim(&coverage_sentence(coverage, unit)))
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What a report looked at.
fn coverage_sentence(coverage: Coverage, group_type: Option<&str>) -> String {
    let matched = format!("{} matched", counted(coverage.matched, "event"));
    match (group_type, coverage.without_group) {
        (Some(group_type), without) if without > 0 => {
            let are = plural(without, "of them has", "of them have");
            format!(
                "{matched}; {are} no `{}` and {} left out.",
                shown(group_type),
                if without == 1 { "is" } else { "are" }
            )
        }
        _ => format!("{matched}."),
    }
}

/// The interval of reports that have one.
fn interval(report: &Report) -> Interval {
    match report {
        Report::Trends(report) => report.interval,
        Report::Retention(report) => report.interval,
        Report::Stickiness(report) => report.interval,
        Report::Lifecycle(report) => report.interval,
        Report::Funnel(report) => report.interval.unwrap_or_default(),
        _ => Interval::Day,
    }
}

/// The start of a bucket, as short as its interval allows: `2026-01-05`, `2026-01`, `2026-01-05 14:00`.
fn bucket_name(label: &str, interval: Interval) -> String {
    let date = label.get(..10).unwrap_or(label);
    match interval {
        Interval::Hour => {
            let (time, offset) = (label.get(11..16).unwrap_or_default(), label.get(19..).unwrap_or_default());
            format!("{date} {time}{}", if offset == "Z" { "" } else { offset })
        }
        Interval::Month => date.get(..7).unwrap_or(date).to_owned(),
        Interval::Day | Interval::Week => date.to_owned(),
    }
}

/// The title of a column of buckets.
fn interval_name(interval: Interval) -> &'static str {
    match interval {
        Interval::Hour => "hour",
        Interval::Day => "day",
        Interval::Week => "week of",
        Interval::Month => "month",
    }
}

fn figure(figure: Figure) -> Value {
    serde_json::to_value(figure).unwrap_or_default()
}
