//! Histories: lines in arrival order, with the times of their arrival.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::settings::{SECOND, Setting, instants};
use super::{Scope, cohorts, lines, refused};

pub(super) fn history(scope: Scope, setting: Setting, most: usize) -> BoxedStrategy<Vec<(Value, i64)>> {
    let of_instants = move |instants: Vec<i64>| {
        let line = prop_oneof![
            24 => lines::track(&instants),
            3 => lines::identify(&instants),
            5 => lines::group(&instants),
            2 => lines::alias(),
            1 => refused::line(),
        ];
        let count = prop_oneof![3 => most / 2 + 1..=most, 1 => 1..=most];
        let lines = count.prop_flat_map(move |count| prop::collection::vec((line.clone(), 0..3_i64), count));
        let saved = match scope {
            Scope::First => Just(Vec::new()).boxed(),
            Scope::Whole => saved(setting),
        };
        (lines, saved, prop::sample::select(instants)).prop_map(arrived)
    };
    instants(setting).prop_flat_map(of_instants).boxed()
}

/// Lines with the seconds before them, cohort lines with their places, the first arrival.
type Parts = (Vec<(Value, i64)>, Vec<(Value, usize)>, i64);

/// Arrival starts at one of the instants and often stands still, so that it ties too.
fn arrived((lines, saved, start): Parts) -> Vec<(Value, i64)> {
    let mut now = start;
    let mut history = Vec::new();
    for (line, seconds) in lines {
        now += (seconds / 2) * SECOND;
        history.push((line, now));
    }
    for (line, place) in saved {
        let place = place.min(history.len());
        let now = history.get(place).map_or(now, |(_, time)| *time);
        history.insert(place, (line, now));
    }
    history
}

/// Cohort lines and where they stand: mostly early, later ones replace.
fn saved(setting: Setting) -> BoxedStrategy<Vec<(Value, usize)>> {
    let line = |(name, report): (&str, Value)| json!({"type": "cohort", "name": name, "report": report});
    let one = cohorts::saved(setting).prop_map(line);
    prop::collection::vec((one, 0..30_usize), 0..5).boxed()
}
