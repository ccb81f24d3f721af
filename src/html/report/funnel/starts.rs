//! Conversion over time: of those who began in each bucket, how many came to the end.

use super::table::number;
use super::{Part, View};
use crate::figure::count;
use crate::html::report::chart::{ChartData, Line, color};
use crate::html::report::trends::legend;
use crate::html::report::words;
use crate::language::{Clock, FunnelEntry, Interval};
use crate::reports::{Figure, FunnelStarts};
use maud::{Markup, html};
use serde_json::{Value, json};

/// So many of the last buckets are in the table.
const COLUMNS_MAX: usize = 62;

impl FunnelStarts {
    fn count(&self, step: usize, bucket: usize) -> u64 {
        self.counts.get(step).and_then(|counts| counts.get(bucket)).copied().unwrap_or(0)
    }

    fn last(&self) -> usize {
        self.counts.len().saturating_sub(1)
    }

    /// The share of those who began in a bucket that came to the end.
    fn conversion(&self, bucket: usize) -> Figure {
        Figure::ratio(self.count(self.last(), bucket), self.count(0, bucket))
    }

    fn told(&self, bucket: usize) -> String {
        let share = words::share(self.conversion(bucket));
        format!("{share} ({} of {})", count(self.count(self.last(), bucket)), count(self.count(0, bucket)))
    }
}

impl View<'_> {
    pub(super) fn over_time(&self, is_partial: bool) -> Markup {
        let chart = self.chart(self.buckets(), is_partial);
        let finding = format!(
            "Line of the share of {} that reached the last step, by the {} of their start.",
            self.looked.units(),
            words::interval(self.interval())
        );
        html! {
            @if self.is_split() { (legend(&chart)) }
            (chart.draw(self.looked, &finding))
            p class="meta keys" {
                span { "Who began in several " (words::interval(self.interval())) "s counts in each." }
                @if self.has_time() { span { "Who began in the last " (self.window()) " still has time to go on: these shares can rise." } }
            }
        }
    }

    fn buckets(&self) -> &[String] {
        let starts = self.parts.first().and_then(|part| part.all.by_start.as_ref());
        starts.map_or(&[], |starts| &starts.buckets)
    }

    fn interval(&self) -> Interval {
        self.report.interval.unwrap_or_default()
    }

    /// Whether someone may still come to the end.
    fn has_time(&self) -> bool {
        let visit = self.looked.visit;
        let range = self.report.scope.resolve(Clock { now: visit.now, zone: &visit.zone });
        range.is_ok_and(|range| range.to_micros.saturating_add(self.report.window_micros()) > visit.now.micros())
    }

    fn chart(&self, buckets: &[String], is_partial: bool) -> ChartData {
        let line = |part: &Part<'_>| {
            let (color, dashed) = color(part.place, part.value.is_some_and(|value| value.other));
            let shares = |value: &dyn Fn(&FunnelStarts, usize) -> Option<f64>| -> Vec<Option<f64>> {
                let starts = part.all.by_start.as_ref();
                (0..buckets.len()).map(|bucket| starts.and_then(|starts| value(starts, bucket))).collect()
            };
            let told = |bucket| part.all.by_start.as_ref().map(|starts| starts.told(bucket)).unwrap_or_default();
            Line {
                name: if part.value.is_some() { part.name() } else { "Converted".to_owned() },
                color,
                dashed,
                shown: part.place < super::DRAWN,
                values: shares(&|starts, bucket| starts.conversion(bucket).to_f64().map(|share| share * 100.0)),
                told: (0..buckets.len()).map(told).collect(),
                total: None,
                previous: Vec::new(),
            }
        };
        let hint = if self.opens() {
            format!("Click to see which {} came to the end", self.looked.units())
        } else {
            String::new()
        };
        ChartData {
            kind: "line",
            x: buckets.iter().map(|bucket| words::bucket(bucket, self.interval())).collect(),
            full: buckets.iter().map(|bucket| words::bucket_in_full(bucket, self.interval())).collect(),
            hint,
            partial: is_partial,
            unit: "%",
            series: self.parts.iter().map(line).collect(),
            title: words::range(self.looked.visit, &self.report.scope).0,
            ..ChartData::default()
        }
    }

    /// Whether a bucket's number is that of the same funnel in the bucket's range: where a unit's best attempt counts,
    /// and nothing tells attempts apart.
    fn opens(&self) -> bool {
        self.report.entry == FunnelEntry::Best && !self.is_split()
    }

    pub(super) fn table_of_starts(&self, is_partial: bool) -> Markup {
        let buckets = self.buckets();
        let first = buckets.len().saturating_sub(COLUMNS_MAX);
        html! {
            div class="scroll" tabindex="0" role="region" aria-label="Table of the chart’s numbers" data-latest {
                table class="fix" {
                    caption class="sr" { "By " (words::interval(self.interval())) " of the start" }
                    thead {
                        tr {
                            th scope="col" data-sort=[self.is_split().then_some("name")] { (if self.is_split() { "Value" } else { "Started" }) }
                            th scope="col" class="num" data-sort=[self.is_split().then_some("all")] { "In all" }
                            @for (place, bucket) in buckets.iter().enumerate().skip(first) {
                                th scope="col" class="num" data-sort=[self.is_split().then_some(bucket)] {
                                    (words::bucket(bucket, self.interval()))
                                    @if is_partial && place + 1 == buckets.len() { span title="not over yet" { " …" } }
                                }
                            }
                        }
                    }
                    tbody {
                        @for part in &self.parts { (self.shares(part, buckets, first)) }
                        @if !self.is_split() && let Some(part) = self.parts.first() {
                            @for step in 0..self.steps() { (self.counts(part, step, buckets, first)) }
                        }
                    }
                }
            }
        }
    }

    fn shares(&self, part: &Part<'_>, buckets: &[String], first: usize) -> Markup {
        let Some(starts) = &part.all.by_start else { return html! {} };
        html! {
            tr data-row=(part.place) {
                th scope="row" {
                    @if part.value.is_some() {
                        label class="ser" {
                            input type="checkbox" checked[part.place < super::DRAWN] data-series=(part.place) aria-label={ "Show " (part.name()) } hidden;
                            i class={ "sw " (part.color()) } {} bdi class="trunc" { (part.name()) }
                        }
                    } @else { b { "Converted" } }
                }
                td class="num" { b { (words::share(part.conversion())) } }
                @for bucket in first..buckets.len() {
                    @let share = words::share(starts.conversion(bucket));
                    td class="num" title=(starts.told(bucket)) {
                        @if self.opens() && starts.count(starts.last(), bucket) > 0 {
                            (super::super::answer::opens(&self.units_of(starts.last(), buckets, bucket), share))
                        } @else { (share) }
                    }
                }
            }
        }
    }

    /// Units that came to a step, by when they began.
    fn counts(&self, part: &Part<'_>, step: usize, buckets: &[String], first: usize) -> Markup {
        let Some(starts) = &part.all.by_start else { return html! {} };
        html! {
            tr {
                th scope="row" { span class="ser" { span class="badge-l" { (step + 1) } span class="mono trunc" { (self.event(step)) } } }
                td class="num" { (number(&part.units(step + 1, false), part.count(step))) }
                @for bucket in first..buckets.len() {
                    @let reached = starts.count(step, bucket);
                    td class="num" {
                        @if self.opens() { (number(&self.units_of(step, buckets, bucket), reached)) } @else { (count(reached)) }
                    }
                }
            }
        }
    }

    /// Who came to a step, counted from 0, of those who began in a bucket.
    fn units_of(&self, step: usize, buckets: &[String], bucket: usize) -> Value {
        let mut units = json!({ "step": step + 1 });
        if bucket > 0 {
            units["from"] = json!(buckets[bucket]);
        }
        if let Some(next) = buckets.get(bucket + 1) {
            units["to"] = json!(next);
        }
        units
    }
}
