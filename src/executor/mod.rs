//! The hand-written aggregation executor: from compiled matchers over blocks of rows and unit bitmaps to sets of
//! units, counts and attempts. It knows what to compute, not how a report is asked for or answered.
//!
//! Stages: a [`Query`] fixes the snapshot and what is counted; a [`Look`] says which rows matter and is compiled
//! per table into tests on blocks of 1,024 rows; an aggregation folds the rows of one table after the other.
//!
//! Invariants:
//! - Only tables of events that a look names are opened.
//! - Every aggregation has two ways to its answer, bitmaps and rows, that agree.
//! - Units are users under their shown ids, or keys; rows without a unit are counted, and otherwise left out.

mod breakdown_values;
mod coverage;
mod distinct;
mod exact_sum;
mod funnel;
mod look;
mod mask;
mod measure;
mod path_values;
mod query;
mod row_test;
mod scan;
mod slots;
mod units;

pub use breakdown_values::BreakdownValues;
pub use coverage::{Coverage, coverage};
pub use distinct::{counts_per_unit, first_times, units_by_bucket, units_in};
pub use exact_sum::ExactSum;
pub use funnel::{Attempts, Excluded, FunnelPlan, Reached, Start, attempts};
pub use look::{Look, Named};
pub use measure::{Figure, Figures, measure};
pub use query::{Query, Units};
pub use row_test::CompileError;
pub use slots::{SlotSource, Slots};
pub use units::{members, universe};
