//! The report language: documents as types, and the calendar that their ranges and buckets follow.
//!
//! A document arrives as JSON ([`Report::parse`]) or from a builder (such as [`Trends::new`]); either way it passes
//! the same reader, so a `Report` that was parsed or built obeys every rule of the language. [`Report::to_json`]
//! writes it back in one canonical form. What each document means is told in [`docs`](crate::docs).
//!
//! Invariants:
//! - Nothing here knows of storage or of how a report is executed. What only the stored data can tell (whether a
//!   group type or a cohort exists) is not checked here; [`Report::references`] lists what to check.
//! - Reading is strict: unknown fields, repeated fields and wrong types are errors that name the place.
//! - `parse(to_json(report)) == report`.
//! - Times are microseconds since the Unix epoch; ranges and buckets are half-open.

mod bound;
mod breakdown;
mod buckets;
mod calendar;
mod cells;
mod clock;
mod cohort;
mod condition;
mod error;
mod filter;
mod formula;
mod fraction;
mod funnel;
mod lifecycle;
mod matcher;
mod measure;
mod node;
mod operator;
mod paths;
mod range;
mod reader;
mod references;
mod report;
mod retention;
mod scope;
mod series;
mod span;
mod stickiness;
mod trends;
mod units;
mod values;
mod words;
mod zone;

#[cfg(test)]
mod tests;

pub use bound::TimeBound;
pub use breakdown::{Breakdown, LIMIT_DEFAULT, RankBy};
pub use buckets::{BUCKETS_MAX, Buckets};
pub use calendar::{Interval, WeekDay};
pub use cells::{CELLS_MAX, check_cells};
pub use clock::Clock;
pub use cohort::Cohort;
pub use condition::{Condition, Membership, Times};
pub use error::{DocumentError, Problem};
pub use filter::{AsOf, Filter, Of, Property, PropertyFilter};
pub use formula::Formula;
pub use fraction::DecimalFraction;
pub use funnel::{Exclusion, Funnel, FunnelEntry, FunnelOrder, FunnelUnits, Hold};
pub use lifecycle::{Lifecycle, LifecycleState, LifecycleUnits};
pub use matcher::{Events, Matcher};
pub use measure::{Measure, PropertyMeasure};
pub use operator::{Op, Test};
pub use paths::{Anchor, Paths, PathsEnd, PathsTo, PathsUnits};
pub use range::{MICROS_PER_DAY, MICROS_PER_HOUR, ResolvedRange, cut_at_utc_days, is_utc_midnight};
pub use references::{CohortKind, References};
pub use report::Report;
pub use retention::{Retention, RetentionBound, RetentionMode, RetentionUnits};
pub use scope::{CountBy, Scope};
pub use series::{Series, Source};
pub use span::{SPAN_DAYS_MAX, Span, SpanUnit};
pub use stickiness::{Stickiness, StickinessUnits};
pub use trends::{TrendUnits, Trends};
pub use units::{Page, UnitsValue};
pub use values::{Scalar, Values};
pub use zone::Zone;
