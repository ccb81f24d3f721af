//! Retention, stickiness, lifecycle and paths documents.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Scope;
use super::filters::matcher;
use super::ranges::{Ends, common, without_interval};
use super::settings::Setting;

pub(super) fn retention(scope: Scope, setting: Setting) -> BoxedStrategy<Value> {
    let fields = (
        prop::option::of(1..8_u64),
        prop::sample::select(vec!["first_time", "recurring"]),
        prop::option::of(prop::sample::select(vec!["on", "on_or_after"])),
    );
    (common(scope, setting, Ends::Anywhere), matcher(scope), prop::option::of(matcher(scope)), fields)
        .prop_map(|(mut document, start, back, (periods, mode, bound))| {
            document["report"] = json!("retention");
            document["start"] = start;
            document["mode"] = json!(mode);
            if let Some(back) = back {
                document["return"] = back;
            }
            if let Some(periods) = periods {
                document["periods"] = json!(periods);
            }
            if let Some(bound) = bound {
                document["bound"] = json!(bound);
            }
            document
        })
        .boxed()
}

pub(super) fn stickiness(scope: Scope, setting: Setting) -> BoxedStrategy<Value> {
    of_event("stickiness", scope, setting, Ends::Anywhere)
}

/// Whole days: a range that starts inside a bucket leaves open who is new in it.
pub(super) fn lifecycle(scope: Scope, setting: Setting) -> BoxedStrategy<Value> {
    of_event("lifecycle", scope, setting, Ends::WholeDays)
}

fn of_event(report: &'static str, scope: Scope, setting: Setting, ends: Ends) -> BoxedStrategy<Value> {
    (common(scope, setting, ends), matcher(scope))
        .prop_map(move |(mut document, event)| {
            if report == "lifecycle" {
                document.as_object_mut().expect("a document").remove("interval");
                document.as_object_mut().expect("a document").remove("week_start");
            }
            document["report"] = json!(report);
            document["event"] = event;
            document
        })
        .boxed()
}

/// From a start, to an end, or from the first event; with room for all names.
pub(super) fn paths(scope: Scope, setting: Setting) -> BoxedStrategy<Value> {
    (without_interval(scope, setting), matcher(scope), 0..4, 1..5_u64, prop::option::of(6..9_u64))
        .prop_map(|(mut document, event, form, steps, limit)| {
            document["report"] = json!("paths");
            document["steps"] = json!(steps);
            match form {
                0 => {}
                1 => document["end"] = event,
                _ => document["start"] = event,
            }
            if let Some(limit) = limit {
                document["limit"] = json!(limit);
            }
            document
        })
        .boxed()
}
