//! The reports that have pages: where each is, what it is called, and where in its document events stand.

use super::choices::Choices;
use super::cohort::{everyone, matchers};
use crate::html::menu::Place;
use crate::language::Report;
use serde_json::{Value, json};

/// A report with a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Measures along time.
    Trends,
    /// Steps that units go through.
    Funnel,
    /// Who comes back.
    Retention,
    /// How often units are active.
    Stickiness,
    /// Who is new, returns, or is missing.
    Lifecycle,
    /// What units do next.
    Paths,
    /// Who meets conditions.
    Cohort,
}

/// Events in a document: a pointer to each matcher, and where one more may come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    /// Pointers of the matchers that the report is about.
    pub filled: Vec<String>,
    /// Pointers of matchers of what must not happen.
    pub excluded: Vec<String>,
    /// Where others may come.
    pub next: Vec<String>,
}

impl Kind {
    /// The kind of a document.
    pub fn of(document: &Value) -> Option<Self> {
        Some(match document["report"].as_str()? {
            "trends" => Self::Trends,
            "funnel" => Self::Funnel,
            "retention" => Self::Retention,
            "stickiness" => Self::Stickiness,
            "lifecycle" => Self::Lifecycle,
            "paths" => Self::Paths,
            "cohort" => Self::Cohort,
            _ => return None,
        })
    }

    /// The kind of page that shows a report; none where it lists the units behind one of its numbers.
    pub fn of_page(report: &Report) -> Option<Self> {
        let lists_units = !matches!(report, Report::Cohort(_)) && report.page().is_some();
        Self::of(&report.to_value()).filter(|_| !lists_units)
    }

    /// Its page.
    pub fn place(self) -> Place {
        match self {
            Self::Trends => Place::Trends,
            Self::Funnel => Place::Funnels,
            Self::Retention => Place::Retention,
            Self::Stickiness => Place::Stickiness,
            Self::Lifecycle => Place::Lifecycle,
            Self::Paths => Place::Paths,
            Self::Cohort => Place::Cohorts,
        }
    }

    /// What one such report is called.
    pub fn word(self) -> &'static str {
        match self {
            Self::Trends => "Trend",
            Self::Funnel => "Funnel",
            Self::Retention => "Retention",
            Self::Stickiness => "Stickiness",
            Self::Lifecycle => "Lifecycle",
            Self::Paths => "Paths",
            Self::Cohort => "Cohort",
        }
    }

    /// A report to begin with, about what is used most, by users or by a group type that there is; none where there are
    /// no events. A cohort begins as everyone.
    pub fn first(self, choices: &Choices, count_by: Option<&str>) -> Option<Value> {
        let top: Vec<&str> = choices.events.events.iter().map(|event| event.event.as_str()).take(3).collect();
        let most = match (self, top.first()) {
            (_, Some(most)) => *most,
            (Self::Cohort, None) => "",
            (_, None) => return None,
        };
        let mut document = match self {
            Self::Trends => json!({"report":"trends","from":"-30d","to":"now","series":[{"event":most}]}),
            Self::Funnel => {
                let steps = if top.len() < 2 { vec![most, most] } else { top };
                json!({"report":"funnel","from":"-30d","to":"now","steps":steps})
            }
            Self::Retention => {
                json!({"report":"retention","from":"-8w","to":"now","interval":"week","periods":9,"start":most})
            }
            Self::Stickiness => json!({"report":"stickiness","from":"-30d","to":"now","event":most}),
            Self::Lifecycle => json!({"report":"lifecycle","from":"-12w","to":"now","interval":"week","event":most}),
            Self::Paths => json!({"report":"paths","from":"-30d","to":"now","start":most,"steps":3,"limit":6}),
            Self::Cohort => everyone(),
        };
        if let Some(known) = choices.types.types.iter().find(|row| Some(row.group_type.as_str()) == count_by) {
            document["count_by"] = json!({ "group": known.group_type });
        }
        Some(document)
    }

    /// Where events stand in a document.
    pub fn slots(self, document: &Value) -> Slots {
        let count = |list: &str| document[list].as_array().map_or(0, Vec::len);
        let listed = |list: &str, tail: &str| -> Vec<String> {
            (0..count(list)).map(|place| format!("/{list}/{place}{tail}")).collect()
        };
        let fixed = |names: &[&str]| Slots {
            filled: names.iter().map(|name| format!("/{name}")).collect(),
            ..Slots::default()
        };
        match self {
            Self::Trends => Slots {
                filled: listed("series", "/event"),
                next: vec![format!("/series/{}/event", count("series"))],
                ..Slots::default()
            },
            Self::Funnel => Slots {
                filled: listed("steps", ""),
                excluded: listed("exclude", "/event"),
                next: vec![format!("/steps/{}", count("steps")), format!("/exclude/{}/event", count("exclude"))],
            },
            Self::Retention => fixed(&["start", "return"]),
            Self::Stickiness | Self::Lifecycle => fixed(&["event"]),
            Self::Paths => fixed(&[if document.get("end").is_some() { "end" } else { "start" }]),
            Self::Cohort => Slots { filled: matchers(document), ..Slots::default() },
        }
    }
}
