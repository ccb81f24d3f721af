//! Small charts of our own: lines and bars a day, beside which stands what they show. They need no script.

use super::moment::Day;
use crate::figure::{count, plural};
use maud::{Markup, html};
use std::fmt::Write;

/// Steps of the scale, at most.
const STEPS: u64 = 4;
/// Days that are named below a plot, at most.
const DAYS_NAMED: usize = 6;
/// How high a plot is, in its own units.
const HEIGHT: f64 = 100.0;
/// How wide a day is, in the same.
const DAY_WIDTH: f64 = 10.0;

/// How the days are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A bar each; the last one, which is not over yet, is weaker.
    Bars,
    /// A line with an area below it; its last part, which is not over yet, is dashed.
    Line,
}

/// Numbers of days that follow one another, the last of which is not over yet.
#[derive(Clone, Debug)]
pub struct Plot<'a> {
    /// What it shows, for those who do not see it.
    pub label: String,
    /// What one of what is counted is called, and several.
    pub unit: (&'a str, &'a str),
    /// The days.
    pub days: &'a [Day],
    /// The number of each.
    pub values: &'a [u64],
    /// The numbers of as many days before; none where nothing is compared.
    pub previous: &'a [u64],
    /// How it is drawn.
    pub form: Form,
}

impl Plot<'_> {
    /// The plot.
    pub fn draw(&self) -> Markup {
        let greatest = self.values.iter().chain(self.previous).copied().max().unwrap_or(0);
        let scale = Scale::of(greatest);
        let width = DAY_WIDTH * self.values.len().max(1) as f64;
        let each = self.days.len().div_ceil(DAYS_NAMED).max(1);
        html! {
            div class="plot" role="img" aria-label=(self.label) {
                ol class="ys" { @for tick in scale.ticks().rev() { li { (short(tick)) } } }
                svg class="k1" viewBox=(format!("0 0 {width} {HEIGHT}")) preserveAspectRatio="none" {
                    @for tick in scale.ticks() {
                        line class=(if tick == 0 { "base" } else { "grid" }) x1="0" x2=(width) y1=(scale.height(tick)) y2=(scale.height(tick)) {}
                    }
                    @match self.form {
                        Form::Bars => (self.bars(scale)),
                        Form::Line => (self.lines(scale)),
                    }
                }
                ol class="xs" { @for day in self.days.iter().step_by(each) { li { (day.short()) } } }
            }
        }
    }

    fn bars(&self, scale: Scale) -> Markup {
        html! {
            @for (place, value) in self.values.iter().enumerate() {
                @let is_last = place + 1 == self.values.len();
                g class="day" {
                    title { (self.told(place)) }
                    rect class="hit" x=(place as f64 * DAY_WIDTH) width=(DAY_WIDTH) height=(HEIGHT) {}
                    rect class=(if is_last { "br part" } else { "br" }) x=(place as f64 * DAY_WIDTH + 1.5) width=(DAY_WIDTH - 3.0)
                        y=(scale.height(*value)) height=(round(HEIGHT - scale.height(*value))) {}
                }
            }
        }
    }

    fn lines(&self, scale: Scale) -> Markup {
        let points = |values: &[u64]| -> Vec<(f64, f64)> {
            let point = |(place, value): (usize, &u64)| ((place as f64 + 0.5) * DAY_WIDTH, scale.height(*value));
            values.iter().enumerate().map(point).collect()
        };
        let now = points(self.values);
        let before = points(self.previous);
        let (over, last) = now.split_at(now.len().saturating_sub(1));
        let running: Vec<_> = over.last().into_iter().chain(last).copied().collect();
        let ends =
            now.first().zip(now.last()).map(|(first, last)| format!("L{} {HEIGHT}L{} {HEIGHT}Z", last.0, first.0));
        html! {
            @if let Some(ends) = ends { path class="ar" d=(format!("{}{ends}", path(&now))) {} }
            @if !before.is_empty() { path class="ln prev" d=(path(&before)) {} }
            path class="ln" d=(path(over)) {}
            path class="ln dash" d=(path(&running)) {}
            @for place in 0..self.values.len() {
                g class="day" {
                    title { (self.told(place)) }
                    rect class="hit" x=(place as f64 * DAY_WIDTH) width=(DAY_WIDTH) height=(HEIGHT) {}
                }
            }
        }
    }

    /// What a day's mark says when it is pointed at.
    fn told(&self, place: usize) -> String {
        let named = |value: u64| plural(value, self.unit.0, self.unit.1);
        let mut told = self.days.get(place).map(Day::long).unwrap_or_default();
        let _ = write!(told, ": {}", named(self.values[place]));
        if let Some(previous) = self.previous.get(place) {
            let _ = write!(told, ", before {}", count(*previous));
        }
        told
    }
}

/// A line without anything around it, for the side of a number.
pub fn spark(values: &[u64]) -> Markup {
    let greatest = values.iter().copied().max().unwrap_or(0).max(1) as f64;
    let step = 94.0 / values.len().saturating_sub(1).max(1) as f64;
    let point = |(place, value): (usize, &u64)| (1.0 + place as f64 * step, 26.0 - 24.0 * *value as f64 / greatest);
    let points: Vec<_> = values.iter().enumerate().map(point).collect();
    html! {
        svg class="spark k1" viewBox="0 0 96 28" preserveAspectRatio="none" aria-hidden="true" {
            path class="ln" d=(path(&points)) {}
        }
    }
}

/// A list in which the first is the greatest and the others are held against it.
pub fn rank(rows: &[(Markup, u64)]) -> Markup {
    let greatest = rows.iter().map(|(_, value)| *value).max().unwrap_or(0).max(1) as f64;
    html! {
        ol class="rank" {
            @for (name, value) in rows {
                li {
                    svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                        rect width=(round(100.0 * *value as f64 / greatest)) height="10" {}
                    }
                    (name)
                    span class="num" { (count(*value)) }
                }
            }
        }
    }
}

fn path(points: &[(f64, f64)]) -> String {
    let mut drawn = String::new();
    for (place, (x, y)) in points.iter().enumerate() {
        let _ = write!(drawn, "{}{} {}", if place == 0 { 'M' } else { 'L' }, round(*x), round(*y));
    }
    drawn
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// A number beside a scale: `12k` from 10,000 on.
fn short(value: u64) -> String {
    let units = [(1_000_000_000, "bn"), (1_000_000, "M"), (1_000, "k")];
    match units.into_iter().find(|(unit, _)| value >= 10_000 && value >= *unit) {
        Some((unit, sign)) if value.is_multiple_of(unit) => format!("{}{sign}", value / unit),
        Some((unit, sign)) => format!("{:.1}{sign}", value as f64 / unit as f64),
        None => count(value),
    }
}

/// What stands beside a plot: multiples of a step, the last of which is as high as the plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Scale {
    step: u64,
    steps: u64,
}

impl Scale {
    fn of(greatest: u64) -> Self {
        let least = greatest.div_ceil(STEPS).max(1);
        let power = 10_u64.pow(least.ilog10());
        let step = [1, 2, 5].map(|factor| factor * power).into_iter().find(|step| *step >= least);
        let step = step.unwrap_or(power.saturating_mul(10));
        Self { step, steps: greatest.div_ceil(step).max(1) }
    }

    fn ticks(self) -> impl DoubleEndedIterator<Item = u64> {
        (0..=self.steps).map(move |place| place * self.step)
    }

    /// How far below the top a value is.
    fn height(self, value: u64) -> f64 {
        round(HEIGHT - HEIGHT * value as f64 / (self.step * self.steps) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_round_and_reach_the_greatest() {
        let ticks = |greatest| Scale::of(greatest).ticks().collect::<Vec<_>>();
        assert_eq!(ticks(0), [0, 1]);
        assert_eq!(ticks(3), [0, 1, 2, 3]);
        assert_eq!(ticks(955), [0, 500, 1000]);
        assert_eq!(ticks(760), [0, 200, 400, 600, 800]);
        assert_eq!([9_999, 10_000, 12_500, 3_000_000].map(short), ["9,999", "10k", "12.5k", "3M"]);
        assert_eq!(
            (Scale::of(760).height(0), Scale::of(760).height(800), Scale::of(760).height(400)),
            (100.0, 0.0, 50.0)
        );
    }

    #[test]
    fn every_day_says_its_number() {
        let days: Vec<Day> = (26..29).map(|day| Day::parse(&format!("2026-11-{day}")).unwrap()).collect();
        let plot = |form| {
            let (unit, values, previous) = (("event", "events"), &[1_u64, 0, 1_200], &[4_u64, 5, 6]);
            Plot { label: "Events".to_owned(), unit, days: &days, values, previous, form }.draw().into_string()
        };
        for form in [Form::Bars, Form::Line] {
            let drawn = plot(form);
            assert!(drawn.contains("<title>Thu 26 Nov 2026: 1 event, before 4</title>"), "{drawn}");
            assert!(drawn.contains("<title>Sat 28 Nov 2026: 1,200 events, before 6</title>"), "{drawn}");
            assert!(drawn.contains("<li>1,500</li>") && drawn.contains("<li>26 Nov</li>"), "{drawn}");
        }
        assert!(plot(Form::Bars).contains(r#"<rect class="br part" x="21.5" width="7" y="20" height="80">"#));
        assert!(plot(Form::Line).contains(r#"<path class="ln dash" d="M15 100L25 20">"#));
    }
}
