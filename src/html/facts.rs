//! Properties of one thing with what they were before, one line each.

use super::moment::{at, on};
use super::properties::text;
use super::visit::Visit;
use crate::model::{Properties, Timestamp, Value};
use crate::pages::ProfileVersion;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Most versions of a property that are shown.
const VERSIONS_MAX: usize = 50;

/// What a property was from a moment on; no value where it was taken away.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Change<'a> {
    from: Option<Timestamp>,
    value: Option<&'a Value>,
}

/// The properties in these versions, which come newest first; each property with its changes.
pub fn with_history(visit: &Visit, versions: &[ProfileVersion]) -> Markup {
    let Some(newest) = versions.first() else {
        return html! { div class="body" { p class="muted" { "None" } } };
    };
    let histories = histories(versions);
    let gone = histories.iter().filter(|(name, _)| !newest.properties.contains_key(**name)).count();
    html! {
        ul class="plist" {
            @for name in newest.properties.keys() {
                @if let Some(changes) = histories.get(name.as_str()) { (fact(visit, name, changes)) }
            }
            @if newest.properties.is_empty() { li class="one muted" { "None" } }
        }
        @if gone > 0 { footer class="meta" { (gone) " more, taken away since" } }
    }
}

/// The properties as they are.
pub fn plain(properties: &Properties) -> Markup {
    html! {
        ul class="plist" {
            @for (name, value) in properties {
                li class="one" { span class="pn" { (name) } span class="pv" { (text(value)) } }
            }
            @if properties.is_empty() { li class="one muted" { "None" } }
        }
    }
}

/// The changes of every property, newest first.
fn histories(versions: &[ProfileVersion]) -> BTreeMap<&str, Vec<Change<'_>>> {
    let mut histories: BTreeMap<&str, Vec<Change<'_>>> = BTreeMap::new();
    for version in versions.iter().rev() {
        let from = Timestamp::parse(&version.at).ok();
        for (name, value) in version.properties.iter() {
            let changes = histories.entry(name).or_default();
            if changes.last().is_none_or(|last| last.value != Some(value)) {
                changes.push(Change { from, value: Some(value) });
            }
        }
        for (name, changes) in &mut histories {
            if !version.properties.contains_key(*name) && changes.last().is_some_and(|last| last.value.is_some()) {
                changes.push(Change { from, value: None });
            }
        }
    }
    histories.values_mut().for_each(|changes| changes.reverse());
    histories
}

fn fact(visit: &Visit, name: &str, changes: &[Change<'_>]) -> Markup {
    let [newest, ..] = changes else { return html! {} };
    html! {
        li {
            @if changes.len() == 1 {
                div class="one" {
                    span class="pn" { (name) }
                    span class="pv" { (shown(newest)) }
                    span class="meta" { @if let Some(from) = newest.from { (on(visit, from)) } }
                }
            } @else {
                details {
                    summary {
                        span class="pn" { (name) }
                        span class="pv" { (shown(newest)) }
                        span class="meta" { (changes.len()) " versions" }
                    }
                    ol class="vers" aria-label={ "History of " (name) } {
                        @for change in changes.iter().take(VERSIONS_MAX) {
                            li { span class="pv" { (shown(change)) } @if let Some(from) = change.from { (at(visit, from)) } }
                        }
                        @if changes.len() > VERSIONS_MAX { li { "and " (changes.len() - VERSIONS_MAX) " before" } }
                    }
                }
            }
        }
    }
}

fn shown(change: &Change<'_>) -> Markup {
    html! {
        @match change.value {
            Some(value) => (text(value)),
            None => span class="muted" { "taken away" },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn version(at: &str, json: &str) -> ProfileVersion {
        let json: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).unwrap();
        let properties = json.iter().map(|(name, value)| (name.clone(), Value::from_serde(value)));
        ProfileVersion { at: format!("2026-0{at}T10:00:00Z"), properties: Arc::new(properties.collect()) }
    }

    #[test]
    fn a_property_has_a_version_each_time_it_changes() {
        let versions = [
            version("4-01", r#"{"plan":"pro<b>","seats":5}"#),
            version("3-01", r#"{"plan":"free","seats":5}"#),
            version("2-01", r#"{"seats":5,"old":1}"#),
            version("1-01", r#"{"plan":"pro<b>","seats":4}"#),
        ];
        let shown = with_history(&Visit::sample(), &versions).into_string();
        assert!(
            shown.contains(r#"<span class="pv">pro&lt;b&gt;</span><span class="meta">4 versions</span>"#),
            "{shown}"
        );
        assert!(shown.contains(r#"<span class="pv">5</span><span class="meta">2 versions</span>"#), "{shown}");
        assert_eq!(shown.matches("taken away").count(), 2, "plan in between, and old since: {shown}");
        let histories = histories(&versions);
        assert_eq!(histories["old"].iter().map(|change| change.value.is_some()).collect::<Vec<_>>(), [false, true]);
        assert_eq!(with_history(&Visit::sample(), &[]).into_string().matches("None").count(), 1);
    }
}
