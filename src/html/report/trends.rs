//! Trends: the sentence, the legend, the chart, and the table beside it.

use super::answer::{Answered, Drawn, Looked, Sentence, opens, sentence};
use super::chart::{ChartData, Line, color, spark};
use super::words;
use crate::language::{Measure, Source, Trends};
use crate::reports::{Figure, TrendsAnswer, TrendsSeries};
use maud::{Markup, html};
use serde_json::{Value, json};

/// So many series are drawn at first.
const DRAWN: usize = 6;
/// So many are in the legend.
const LEGEND_MAX: usize = 12;
/// So many of the last buckets are in the table; what is exported has all.
const COLUMNS_MAX: usize = 62;

/// The answer.
pub fn draw<'a>(
    looked: &'a Looked<'a>,
    report: &'a Trends,
    answer: &'a TrendsAnswer,
    answered: &'a Answered,
) -> Drawn<'a> {
    let (whole, is_partial) = (answered.whole.as_ref(), answered.is_partial);
    let picture = move || {
        let chart = chart(looked, report, answer, is_partial);
        html! { (legend(&chart)) (chart.draw(looked, &finding(looked, report, &chart))) }
    };
    let sentence = answer_in_words(looked, report, whole.unwrap_or(answer));
    Drawn::new(sentence, picture, move || Table { report, answer, whole, is_partial }.draw())
}

/// The name of a line of the answer.
pub fn name(report: &Trends, series: &TrendsSeries) -> String {
    let values = words::tuple(&series.breakdown, series.other);
    let label = if series.label == "*" { "any event" } else { &series.label };
    match (values.is_empty(), report.series.len() > 1 && report.formula.is_none()) {
        (true, _) => label.to_owned(),
        (false, true) => format!("{label} · {values}"),
        (false, false) => values,
    }
}

fn answer_in_words(looked: &Looked<'_>, report: &Trends, whole: &TrendsAnswer) -> Sentence {
    let Some(first) = whole.series.first() else { return Sentence::default() };
    let before = first.previous.as_ref().map(|previous| previous.total);
    let (units, unit) = (looked.units(), words::unit(&report.scope.count_by));
    let event = |label: &str| {
        if label == "*" {
            html! { "any event" }
        } else {
            html! { b class="mono" { (label) } }
        }
    };
    let label = event(&first.label);
    let when = looked.when();
    let is_one = first.total == Figure::Count(1);
    let counted = if is_one { unit } else { units.as_str() };
    let said = match report.series.first().map(|series| &series.source) {
        _ if report.formula.is_some() => html! { "is " (label) " " (when) },
        Some(Source::Events { measure, .. }) => match measure {
            Measure::Unique => html! { (counted) " did " (label) " " (when) },
            Measure::Total if first.label == "*" => html! { (if is_one { "event " } else { "events " }) (when) },
            Measure::Total => html! { (if is_one { "event " } else { "events " }) (label) " " (when) },
            Measure::PerUnit => html! { (label) " per " (unit) " " (when) },
            Measure::Active(span) => html! { (counted) " active by " (label) " within " (span) ", at the end" },
            Measure::Sum(path) => html! { "is the sum of " b { (path) } " of " (label) " " (when) },
            Measure::Avg(path) => html! { "is the average " b { (path) } " of " (label) " " (when) },
            Measure::Min(path) => html! { "is the least " b { (path) } " of " (label) " " (when) },
            Measure::Max(path) => html! { "is the most " b { (path) } " of " (label) " " (when) },
            Measure::Percentile { path, rank } => {
                html! { "is the " (percentile(rank.to_f64())) " of " b { (path) } " of " (label) " " (when) }
            }
        },
        _ => html! { "is " (label) " now" },
    };
    let beside = before.and_then(|before| Some((before, words::change(first.total, before)?)));
    let beside = html! {
        @if let Some((before, (change, rises))) = beside {
            span class={ "delta " (if rises { "up" } else { "down" }) } { (change) " " span class="muted" { "from " (words::figure(before)) " in the time before" } }
        }
    };
    sentence(words::figure(first.total), said, beside)
}

fn percentile(rank: f64) -> String {
    if rank == 0.5 { "median".to_owned() } else { format!("{}th percentile", (rank * 100.0).round()) }
}

fn chart(looked: &Looked<'_>, report: &Trends, answer: &TrendsAnswer, is_partial: bool) -> ChartData {
    let line = |(place, series): (usize, &TrendsSeries)| {
        let (color, dashed) = color(place, series.other);
        let values = |figures: &[Figure]| figures.iter().map(|figure| figure.to_f64()).collect::<Vec<_>>();
        let previous = series.previous.as_ref().filter(|_| report.compare);
        Line {
            name: name(report, series),
            color,
            dashed,
            shown: place < DRAWN,
            values: values(&series.values),
            total: series.total.to_f64(),
            told: series.values.iter().map(|figure| words::figure(*figure)).collect(),
            previous: previous.map(|previous| values(&previous.values)).unwrap_or_default(),
        }
    };
    // A tile has no table in which more of them could be chosen.
    let most = looked.tile.map_or(usize::MAX, |_| LEGEND_MAX);
    ChartData {
        kind: looked.chart.word(),
        x: answer.buckets.iter().map(|bucket| words::bucket(bucket, report.interval)).collect(),
        full: answer.buckets.iter().map(|bucket| words::bucket_in_full(bucket, report.interval)).collect(),
        hint: if report.formula.is_some() { String::new() } else { looked.hint() },
        partial: is_partial,
        series: answer.series.iter().enumerate().take(most).map(line).collect(),
        title: words::range(looked.visit, &report.scope).0,
        ..ChartData::default()
    }
}

/// The series by their colours; each is a button that hides it.
pub fn legend(chart: &ChartData) -> Markup {
    html! {
        div class="legend" role="group" aria-label="Series shown" {
            @for (place, line) in chart.series.iter().enumerate().take(LEGEND_MAX) {
                button type="button" aria-pressed=(line.shown) data-series=(place) { i class={ "sw k" (line.color) } {} bdi class="trunc" { (line.name) } }
            }
            @if chart.series.iter().any(|line| !line.previous.is_empty()) { span class="key" { i {} "the time before" } }
        }
    }
}

fn finding(looked: &Looked<'_>, report: &Trends, chart: &ChartData) -> String {
    let lines = crate::figure::plural(chart.series.len() as u64, "series", "series");
    format!("Chart of {lines} by {}, {}.", words::interval(report.interval), looked.when())
}

/// The table of all numbers.
struct Table<'a> {
    report: &'a Trends,
    answer: &'a TrendsAnswer,
    whole: Option<&'a TrendsAnswer>,
    is_partial: bool,
}

impl Table<'_> {
    fn draw(&self) -> Markup {
        let first = self.answer.buckets.len().saturating_sub(COLUMNS_MAX);
        let per_series = (self.answer.series.len() / self.report.series.len().max(1)).max(1);
        let head = match self.report.breakdown.first() {
            Some(_) => "Value",
            None => "Series",
        };
        html! {
            div class="scroll" tabindex="0" role="region" aria-label="Table of the chart’s numbers" {
                table class="fix" {
                    caption class="sr" { "By " (words::interval(self.report.interval)) }
                    thead {
                        tr {
                            th scope="col" data-sort="name" { (head) }
                            th scope="col" class="num" data-sort="all" { "In all" }
                            th scope="col" class="num" data-sort="change" { "Change" }
                            th scope="col" { span class="sr" { "Shape" } }
                            @for (place, bucket) in self.answer.buckets.iter().enumerate().skip(first) {
                                th scope="col" class="num" data-sort=(bucket) {
                                    (words::bucket(bucket, self.report.interval))
                                    @if self.is_partial && place + 1 == self.answer.buckets.len() { span title="not over yet" { " …" } }
                                }
                            }
                        }
                    }
                    tbody {
                        @for (place, series) in self.answer.series.iter().enumerate() { (self.row(place, place / per_series, series, first, true)) }
                        @if let Some(whole) = self.whole {
                            @for (place, series) in whole.series.iter().enumerate() { (self.row(place, place, series, first, false)) }
                        }
                    }
                }
            }
        }
    }

    fn row(&self, place: usize, of: usize, series: &TrendsSeries, first: usize, is_drawn: bool) -> Markup {
        let (color, _) = color(place, series.other);
        let name = if is_drawn {
            name(self.report, series)
        } else {
            format!("All {}", if self.report.series.len() > 1 { series.label.as_str() } else { "together" })
        };
        let cell = |figure: Figure, bucket: Option<&str>| self.cell(of, series, figure, bucket, is_drawn);
        html! {
            tr class=[(!is_drawn).then_some("sum")] data-row=[is_drawn.then_some(place)] {
                th scope="row" {
                    @if is_drawn {
                        label class="ser" {
                            input type="checkbox" checked[place < DRAWN] data-series=(place) aria-label={ "Show " (name) } hidden;
                            i class={ "sw k" (color) } {} bdi class="trunc" { (name) }
                        }
                    } @else { (name) }
                }
                td class="num" { (cell(series.total, None)) }
                (words::change_cell(series.total, series.previous.as_ref().map(|previous| previous.total)))
                td { @if is_drawn { (spark(&series.values, color)) } }
                @for (bucket, figure) in self.answer.buckets.iter().zip(&series.values).skip(first) {
                    td class="num" { (cell(*figure, Some(bucket.as_str()))) }
                }
            }
        }
    }

    /// A number; it opens the units behind it where there are any.
    fn cell(&self, of: usize, series: &TrendsSeries, figure: Figure, bucket: Option<&str>, is_drawn: bool) -> Markup {
        let shown = words::figure(figure);
        let is_empty = figure.to_f64().is_none_or(|value| value == 0.0);
        if is_empty || self.report.formula.is_some() {
            return html! { (shown) };
        }
        let mut units = json!({ "series": of });
        if let Some(bucket) = bucket {
            units["bucket"] = json!(bucket);
        }
        if is_drawn && series.other {
            units["other"] = json!(true);
        } else if is_drawn && !series.breakdown.is_empty() {
            units["breakdown"] = values(series);
        }
        opens(&units, shown)
    }
}

fn values(series: &TrendsSeries) -> Value {
    serde_json::to_value(&series.breakdown).unwrap_or_default()
}
