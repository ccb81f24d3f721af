//! Stickiness: bars of how many units were active in how many intervals.

use super::answer::{Drawn, Looked, opens, sentence};
use super::chart::{ChartData, Line};
use super::words;
use crate::figure::{count, counted, percent};
use crate::language::Stickiness;
use crate::reports::StickinessAnswer;
use maud::html;
use serde_json::json;

/// The answer.
pub fn draw<'a>(looked: &'a Looked<'a>, report: &'a Stickiness, answer: &'a StickinessAnswer) -> Drawn<'a> {
    let word = words::interval(report.interval);
    let all: u64 = answer.counts.iter().sum();
    let more: u64 = answer.counts.iter().skip(1).sum();
    let days: u64 = answer.counts.iter().enumerate().map(|(place, units)| (place as u64 + 1) * units).sum();
    let average = if all == 0 { 0.0 } else { days as f64 / all as f64 };
    let said = html! { (word) "s of " (answer.intervals) " is how often " (looked.units()) " did " b class="mono" { (report.event.label().replace('*', "any event")) } ", on average" };
    let share = move |units: u64| if all == 0 { "–".to_owned() } else { percent(units as f64 / all as f64) };
    let beside = html! { span class="delta muted" { (share(more)) " on more than one, of " (looked.counted(all)) } };
    let places: Vec<String> = (1..=answer.counts.len()).map(|number| number.to_string()).collect();
    let chart = ChartData {
        kind: "bars",
        full: places.iter().map(|number| format!("Active in {number} {word}s")).collect(),
        x: places,
        hint: looked.hint(),
        series: vec![Line {
            name: looked.units(),
            color: 1,
            dashed: false,
            shown: true,
            values: answer.counts.iter().map(|units| Some(*units as f64)).collect(),
            told: answer.counts.iter().map(|units| count(*units)).collect(),
            total: None,
            previous: Vec::new(),
        }],
        title: words::range(looked.visit, &report.scope).0,
        ..ChartData::default()
    };
    let finding = format!("Bars of {} by in how many {word}s they were active.", looked.units());
    let numbers = move || {
        html! {
            div class="scroll y" tabindex="0" role="region" aria-label="Table of the chart’s numbers" {
                table {
                    caption class="sr" { (looked.units()) " by " (word) "s active" }
                    thead { tr { th scope="col" { "Active in" } th scope="col" class="num" { (words::capital(&looked.units())) } th scope="col" class="num" { "Share" } th scope="col" class="num" { "In so many or more" } } }
                    tbody {
                        @for (place, units) in answer.counts.iter().enumerate() {
                            tr data-row="0" {
                                th scope="row" { (counted(place as u64 + 1, word)) }
                                td class="num" { @if *units == 0 { "0" } @else { (opens(&json!({ "intervals": place + 1 }), count(*units))) } }
                                td class="num" { (share(*units)) }
                                td class="num" { (share(answer.counts[place..].iter().sum())) }
                            }
                        }
                    }
                }
            }
        }
    };
    Drawn::new(sentence(format!("{average:.1}"), said, beside), move || chart.draw(looked, &finding), numbers)
}
