//! One number of a result, and how it is written.

use serde::{Serialize, Serializer};
use std::cmp::Ordering;

/// One number of a result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// Nothing to measure, or beyond doubles.
    Null,
    /// How many.
    Count(u64),
    /// A measured number; always finite.
    Number(f64),
}

/// Integral doubles below this are written without a point.
const POINTLESS_BELOW: f64 = 9_007_199_254_740_992.0;

impl Figure {
    /// A number, or null where there is none.
    pub fn of(number: Option<f64>) -> Self {
        number.filter(|number| number.is_finite()).map_or(Self::Null, Self::Number)
    }

    /// One number divided by another; null when that is 0.
    pub fn ratio(numerator: u64, denominator: u64) -> Self {
        if denominator == 0 { Self::Null } else { Self::of(Some(numerator as f64 / denominator as f64)) }
    }

    /// Which of two comes first where the greatest does, and null last.
    pub fn greatest_first(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Count(own), Self::Count(other)) => other.cmp(&own),
            // None of both is NaN, and 0 is no more than -0.
            _ => other.to_f64().partial_cmp(&self.to_f64()).unwrap_or(Ordering::Equal),
        }
    }

    /// The figure as a double, for charts.
    pub fn to_f64(self) -> Option<f64> {
        match self {
            Self::Null => None,
            Self::Count(count) => Some(count as f64),
            Self::Number(number) => Some(number),
        }
    }
}

impl Serialize for Figure {
    /// Counts as integers; other numbers as the shortest decimal, integral ones without a point below 2^53; -0 as 0.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Null => serializer.serialize_none(),
            Self::Count(count) => serializer.serialize_u64(count),
            Self::Number(number) => match number as i64 {
                integer if integer as f64 == number && number.abs() < POINTLESS_BELOW => {
                    serializer.serialize_i64(integer)
                }
                _ => serializer.serialize_f64(number),
            },
        }
    }
}
