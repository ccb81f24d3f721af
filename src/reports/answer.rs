//! What all answers have in common.

use super::{
    CohortAnswer, FunnelAnswer, LifecycleAnswer, PathsAnswer, RetentionAnswer, StickinessAnswer, TrendsAnswer,
};
use serde::Serialize;

pub use crate::executor::{Coverage, Figure};

/// The answer to a report, of the kind of its document.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To a trends report.
    Trends(TrendsAnswer),
    /// To a funnel.
    Funnel(FunnelAnswer),
    /// To a retention report.
    Retention(RetentionAnswer),
    /// To a cohort, or to any report that asks for the units behind one of its numbers.
    Cohort(CohortAnswer),
    /// To a stickiness report.
    Stickiness(StickinessAnswer),
    /// To a lifecycle report.
    Lifecycle(LifecycleAnswer),
    /// To a paths report.
    Paths(PathsAnswer),
}

impl Answer {
    /// The answer as a JSON value.
    pub fn to_json(&self) -> serde_json::Value {
        // Answers hold nothing that JSON cannot.
        serde_json::to_value(self).unwrap_or_default()
    }
}
