//! What all answers have in common.

use super::{CohortAnswer, FunnelAnswer, RetentionAnswer, TrendsAnswer};
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
    /// To a cohort.
    Cohort(CohortAnswer),
}

impl Answer {
    /// The answer as a JSON value.
    pub fn to_json(&self) -> serde_json::Value {
        // Answers hold nothing that JSON cannot.
        serde_json::to_value(self).unwrap_or_default()
    }
}
