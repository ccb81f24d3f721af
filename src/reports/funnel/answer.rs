//! The shape of a funnel's answer.

use super::super::answer::{Coverage, Figure};
use crate::model::Value;
use serde::Serialize;

/// The answer to a funnel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FunnelAnswer {
    /// The steps, or the steps of each breakdown value.
    #[serde(flatten)]
    pub result: FunnelResult,
    /// What was looked at.
    pub coverage: Coverage,
}

/// The steps of a funnel, whole or by breakdown value.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum FunnelResult {
    /// Without a breakdown.
    Whole(FunnelSteps),
    /// With one.
    Split {
        /// The breakdown values in rank order, the rest last.
        series: Vec<FunnelSeries>,
    },
}

/// The steps of the units of one breakdown value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FunnelSeries {
    /// The value; empty for the rest.
    pub breakdown: Vec<Value>,
    /// Whether this is the rest: all values beyond the limit.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub other: bool,
    /// The steps.
    #[serde(flatten)]
    pub steps: FunnelSteps,
}

/// How far units came.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FunnelSteps {
    /// The steps in order.
    pub steps: Vec<FunnelStep>,
    /// How far units came by when they started; when the document has an interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_start: Option<FunnelStarts>,
}

/// One step of the answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FunnelStep {
    /// The names of its events.
    pub event: String,
    /// Units that reached it. Where steps may happen in any order: units that filled as many.
    pub count: u64,
    /// The share of those that reached the step before, from 0 to 1.
    pub from_previous: Figure,
    /// The share of those that reached the first step, from 0 to 1.
    pub overall: Figure,
    /// The median time from the step before, in seconds.
    pub median_seconds: Figure,
    /// The average time from the step before, in seconds.
    pub average_seconds: Figure,
}

/// How far units came in the attempts that started in each bucket of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FunnelStarts {
    /// The start of each bucket, RFC 3339.
    pub buckets: Vec<String>,
    /// By step, by bucket: the units that reached it.
    pub counts: Vec<Vec<u64>>,
}

impl FunnelAnswer {
    /// The steps of a funnel without a breakdown; none with one.
    pub fn steps(&self) -> &[FunnelStep] {
        match &self.result {
            FunnelResult::Whole(whole) => &whole.steps,
            FunnelResult::Split { .. } => &[],
        }
    }
}
