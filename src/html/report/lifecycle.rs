//! Lifecycle: who is new, returns or is back, stacked above zero, and who is missing below.

use super::answer::{Drawn, Looked, opens, sentence};
use super::chart::{ChartData, Line};
use super::words;
use crate::figure::count;
use crate::language::Lifecycle;
use crate::reports::LifecycleAnswer;
use maud::html;
use serde_json::json;

/// The answer.
pub fn draw<'a>(
    looked: &'a Looked<'a>,
    report: &'a Lifecycle,
    answer: &'a LifecycleAnswer,
    is_partial: bool,
) -> Drawn<'a> {
    let word = words::interval(report.interval);
    let states: [(&str, usize, &'a Vec<u64>, f64); 4] = [
        ("new", 1, &answer.new, 1.0),
        ("returning", 3, &answer.returning, 1.0),
        ("resurrecting", 5, &answer.resurrecting, 1.0),
        ("dormant", 2, &answer.dormant, -1.0),
    ];
    // What is not over yet says little.
    let told = answer.buckets.len().saturating_sub(1 + usize::from(is_partial && answer.buckets.len() > 1));
    let at = |list: &[u64]| list.get(told).copied().unwrap_or(0);
    let net = at(&answer.new) as i64 + at(&answer.resurrecting) as i64 - at(&answer.dormant) as i64;
    let bucket =
        answer.buckets.get(told).map(|bucket| words::bucket_in_full(bucket, report.interval)).unwrap_or_default();
    let sign = ["−", "±", "+"][(net.signum() + 1) as usize];
    let said = html! { (looked.units()) " more or less than the " (word) " before, " (bucket) };
    let beside = html! {
        span class="delta muted" { (count(at(&answer.new))) " new, " (count(at(&answer.resurrecting))) " back, " (count(at(&answer.dormant))) " gone quiet" }
    };
    let chart = ChartData {
        kind: "stackedbars",
        x: answer.buckets.iter().map(|bucket| words::bucket(bucket, report.interval)).collect(),
        full: answer.buckets.iter().map(|bucket| words::bucket_in_full(bucket, report.interval)).collect(),
        hint: looked.hint(),
        partial: is_partial,
        series: states
            .iter()
            .map(|(name, color, units, sign)| Line {
                name: (*name).to_owned(),
                color: *color,
                dashed: false,
                shown: true,
                values: units.iter().map(|units| Some(*units as f64 * sign)).collect(),
                told: units.iter().map(|units| count(*units)).collect(),
                total: None,
                previous: Vec::new(),
            })
            .collect(),
        title: words::range(looked.visit, &report.scope).0,
        ..ChartData::default()
    };
    let finding = format!(
        "Bars of new, returning and resurrecting {} above zero and dormant ones below, by {word}.",
        looked.units()
    );
    let picture = move || {
        html! {
            div class="legend" role="group" aria-label="Series shown" {
                @for (place, (name, color, ..)) in states.iter().enumerate() {
                    button type="button" aria-pressed="true" data-series=(place) { i class={ "sw k" (color) } {} (name) }
                }
            }
            (chart.draw(looked, &finding))
        }
    };
    let numbers = move || {
        html! {
            div class="scroll" tabindex="0" role="region" aria-label="Table of the chart’s numbers" data-latest {
                table class="fix" {
                    caption class="sr" { "By " (word) }
                    thead {
                        tr {
                            th scope="col" { "State" }
                            @for bucket in &answer.buckets { th scope="col" class="num" { (words::bucket(bucket, report.interval)) } }
                        }
                    }
                    tbody {
                        @for (place, (name, color, units, _)) in states.iter().enumerate() {
                            tr data-row=(place) {
                                th scope="row" { span class="ser" { i class={ "sw k" (color) } {} (name) } }
                                @for (bucket, number) in answer.buckets.iter().zip(units.iter()) {
                                    td class="num" { @if *number == 0 { "0" } @else { (opens(&json!({ "bucket": bucket, "state": name }), count(*number))) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    Drawn::new(sentence(format!("{sign}{}", count(net.unsigned_abs())), said, beside), picture, numbers)
}
