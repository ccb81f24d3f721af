//! The shape of an answer to a trends report.

use crate::executor::{Coverage, Figure, Figures};
use crate::model::Value;
use serde::Serialize;

/// The answer to a trends report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrendsAnswer {
    /// The start of each bucket, RFC 3339.
    pub buckets: Vec<String>,
    /// In the order of the document; inside each of its series the breakdown values in rank order, the rest last.
    pub series: Vec<TrendsSeries>,
    /// The start of each bucket of the range before, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_buckets: Option<Vec<String>>,
    /// What was looked at.
    pub coverage: Coverage,
}

/// One line of the answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrendsSeries {
    /// The label of the document's series, or the names of its events; with a formula, the formula.
    pub label: String,
    /// The breakdown values; empty without a breakdown, and for the rest.
    pub breakdown: Vec<Value>,
    /// Whether this is the rest: all values beyond the limit.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub other: bool,
    /// The measure in each bucket.
    pub values: Vec<Figure>,
    /// The measure over the whole range.
    pub total: Figure,
    /// The same for the range before, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Previous>,
}

/// The measure in the range before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Previous {
    /// In each of its buckets.
    pub values: Vec<Figure>,
    /// Over the whole of it.
    pub total: Figure,
}

/// One line before it is put into shape.
pub(super) struct Measured {
    pub label: String,
    pub breakdown: Vec<Value>,
    pub other: bool,
    pub figures: Figures,
    pub previous: Option<Figures>,
}

impl From<Measured> for TrendsSeries {
    fn from(measured: Measured) -> Self {
        Self {
            label: measured.label,
            breakdown: measured.breakdown,
            other: measured.other,
            values: measured.figures.values,
            total: measured.figures.total,
            previous: measured.previous.map(|figures| Previous { values: figures.values, total: figures.total }),
        }
    }
}
