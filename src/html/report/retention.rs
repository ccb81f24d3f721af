//! Retention: the mean as a sentence, and the triangle of who came back.

use super::answer::{Drawn, Looked, Sentence, sentence};
use super::view::Chart;
use super::words;
use crate::figure::{count, counted};
use crate::language::Retention;
use crate::reports::{Figure, RetentionAnswer, RetentionRow};
use maud::{Markup, html};
use serde_json::json;

/// The strongest colour.
const HEAT_MAX: f64 = 20.0;
/// So many periods are named below the curve.
const LABELS_MAX: usize = 8;
/// The size of the curve, in its own units.
const CURVE: (f64, f64) = (1000.0, 100.0);

/// The answer.
pub fn draw<'a>(
    looked: &'a Looked<'a>,
    report: &'a Retention,
    answer: &'a RetentionAnswer,
    is_partial: bool,
) -> Drawn<'a> {
    let numbers = move || Triangle { looked, report, answer, is_partial }.draw();
    Drawn::new(in_words(looked, report, answer), move || curve(looked, report, answer), numbers)
}

fn in_words(looked: &Looked<'_>, report: &Retention, answer: &RetentionAnswer) -> Sentence {
    let word = words::interval(report.interval);
    let event = html! { b class="mono" { (report.start.label().replace('*', "any event")) } };
    if answer.rows.iter().all(|row| row.size == 0) {
        return sentence(
            "0",
            html! { (looked.units()) " began with " (event) " " (looked.when()) ", so none could come back" },
            "",
        );
    }
    let known = |place: usize| answer.mean.get(place).copied().and_then(Figure::to_f64);
    // A period far enough to say something, and one at half the way to it.
    let last = (1..answer.mean.len()).rev().find(|place| known(*place).is_some()).unwrap_or(0);
    let told = (last / 2).max(usize::from(last > 0));
    let after = |place: usize| crate::figure::counted(place as u64, word);
    let said = html! { "of " (looked.units()) " come back " (after(told)) " after " (event) };
    let beside = html! { @if last > told && let Some(share) = known(last) { span class="delta muted" { (rounded(share)) " after " (after(last)) } } };
    sentence(known(told).map_or_else(|| "–".to_owned(), rounded), said, beside)
}

/// Percent without decimals, as cells have it.
fn rounded(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

/// `Week 3`.
fn period(report: &Retention, place: usize) -> String {
    format!("{} {place}", words::capital(words::interval(report.interval)))
}

/// The mean along periods.
fn curve(looked: &Looked<'_>, report: &Retention, answer: &RetentionAnswer) -> Markup {
    let (width, height) = CURVE;
    let known: Vec<f64> = answer.mean.iter().map_while(|mean| mean.to_f64()).collect();
    let step = width / known.len().saturating_sub(1).max(1) as f64;
    let line: Vec<String> = known
        .iter()
        .enumerate()
        .map(|(at, share)| format!("{:.1} {:.1}", step * at as f64, (1.0 - share) * height))
        .collect();
    let line = line.join("L");
    // So many labels have room.
    let every = known.len().div_ceil(LABELS_MAX).max(1);
    // The table below says the same; a tile has none.
    let finding = known.last().filter(|_| looked.tile.is_some()).map(|share| {
        let periods = counted(known.len() as u64 - 1, words::interval(report.interval));
        format!("Curve of who came back: {} after {periods}", rounded(*share))
    });
    html! {
        @if known.len() > 1 {
            div class="plot curve" aria-hidden=[finding.is_none().then_some("true")] role=[finding.as_ref().map(|_| "img")] aria-label=[finding] {
                ol class="ys" { @for label in ["100%", "50%", "0%"] { li { (label) } } }
                svg class="k1" viewBox={ "0 0 " (width) " " (height) } preserveAspectRatio="none" {
                    line class="grid" x1="0" x2=(width) y1="0" y2="0" {}
                    line class="grid" x1="0" x2=(width) y1=(height / 2.0) y2=(height / 2.0) {}
                    line class="base" x1="0" x2=(width) y1=(height) y2=(height) {}
                    path class="ar" d={ "M" (line) "L" (width) " " (height) "L0 " (height) "Z" } {}
                    path class="ln" d={ "M" (line) } {}
                }
                ol class="xs" {
                    @for place in (0..known.len()).step_by(every) { li { @if place == 0 { "Start" } @else { (period(report, place)) } } }
                }
            }
        }
    }
}

struct Triangle<'a> {
    looked: &'a Looked<'a>,
    report: &'a Retention,
    answer: &'a RetentionAnswer,
    is_partial: bool,
}

impl Triangle<'_> {
    /// The lowest and the highest share after the first period.
    fn extremes(&self) -> (f64, f64) {
        let shares = self.answer.rows.iter().filter(|row| row.size > 0);
        let shares =
            shares.flat_map(|row| row.values.iter().skip(1).flatten().map(|came| *came as f64 / row.size as f64));
        let (low, high) = shares.fold((1.0_f64, 0.0_f64), |(low, high), share| (low.min(share), high.max(share)));
        if low > high { (0.0, 1.0) } else { (low, high) }
    }

    fn heat(&self, place: usize, share: f64) -> String {
        if place == 0 {
            return "hz0".to_owned();
        }
        let (low, high) = self.extremes();
        let level = if high > low { (share - low) / (high - low) } else { 0.5 };
        format!("h{}", (level * HEAT_MAX).round().clamp(0.0, HEAT_MAX))
    }

    fn draw(&self) -> Markup {
        let word = words::interval(self.report.interval);
        let (low, high) = self.extremes();
        let periods = self.answer.mean.len().min(self.answer.rows.len());
        html! {
            div class="scroll" tabindex="0" role="region" aria-label="Table of who came back" {
                table class="ret fix" {
                    caption class="sr" { (self.looked.units()) " that came back, by " (word) " of their start" }
                    thead {
                        tr {
                            th scope="col" { "Started in " (word) " of" }
                            th scope="col" class="num" { (words::capital(&self.looked.units())) }
                            @for place in 0..periods { th scope="col" { (period(self.report, place)) } }
                        }
                    }
                    tbody {
                        tr class="mean" {
                            th scope="row" { "All " (word) "s" }
                            td class="sz" { (count(self.answer.rows.iter().map(|row| row.size).sum())) }
                            @for (place, mean) in self.answer.mean.iter().take(periods).enumerate() {
                                td class="h" {
                                    @if let Some(share) = mean.to_f64() { span class=(self.heat(place, share)) { (self.shown(share, self.came(place))) } }
                                }
                            }
                        }
                        @for (start, row) in self.answer.rows.iter().enumerate() { (self.row(start, row, periods)) }
                    }
                }
            }
            p class="meta keys" {
                span class="keyramp" { (rounded(low)) @for level in [0, 4, 8, 12, 16, 20] { i class={ "h" (level) } {} } (rounded(high)) }
                @if self.is_partial { span { "Dashed: that " (word) " is not over yet" } }
            }
        }
    }

    /// How many came back after so many periods, of all whose period has begun.
    fn came(&self, place: usize) -> u64 {
        self.answer.rows.iter().filter_map(|row| *row.values.get(place)?).sum()
    }

    /// A cell, as it is looked at.
    fn shown(&self, share: f64, came: u64) -> String {
        if self.looked.chart == Chart::Count { count(came) } else { rounded(share) }
    }

    fn row(&self, start: usize, row: &RetentionRow, periods: usize) -> Markup {
        let last = self.answer.rows.len().saturating_sub(1);
        html! {
            tr {
                th scope="row" { (words::bucket(&row.period, self.report.interval)) }
                td class="sz" {
                    @if row.size == 0 { "0" } @else {
                        (super::answer::opens(&json!({ "period": row.period }), count(row.size)))
                    }
                }
                @for (place, came) in row.values.iter().take(periods).enumerate() {
                    @let is_running = self.is_partial && start + place == last;
                    td class={ "h" (if is_running { " part" } else { "" }) } {
                        @if let Some(came) = came.filter(|_| row.size > 0) {
                            @let share = came as f64 / row.size as f64;
                            button class=(self.heat(place, share)) form="drill" name="units" value=(json!({ "period": row.period, "k": place }))
                                title={ (count(came)) " of " (self.looked.counted(row.size)) } { (self.shown(share, came)) }
                        }
                    }
                }
            }
        }
    }
}
