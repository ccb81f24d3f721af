//! The hand-written aggregation executor: from compiled matchers over blocks of rows and unit bitmaps to sets of
//! units, counts and attempts. It knows what to compute, not how a report is asked for or answered.
//!
//! Stages: a [`Query`] fixes the snapshot and what is counted; a [`Look`] says which rows matter and is compiled
//! per table into tests on blocks of 1,024 rows; an aggregation folds the rows of one table after the other.
//!
//! Invariants:
//! - Only tables of events that a look names are opened.
//! - Distinct units, and rows of a bucket, have two ways to their answer, bitmaps and rows, that agree; rows by the value
//!   of a property have counts of days, and rows, that agree; counts and first
//!   times of units, what was in force for them, and most funnels have runs of rows in order of time, and rows, that
//!   agree. Everything else (slots, numbers, trails) reads rows.
//! - Loops over data ask the query's [`Guard`]; what grows with data is charged ([`Charged`]).
//! - Units are users under their shown ids, or keys; rows without a unit are counted, and otherwise left out.

mod breakdown_values;
mod candidates;
mod cells;
mod charge;
mod coverage;
mod day_index;
mod distinct;
mod division;
mod error;
mod exact_sum;
mod figure;
mod folds;
mod footprint;
mod funnel;
mod growing_percentile;
mod guard;
mod holder_values;
mod holdings;
mod limits;
mod lock;
mod look;
mod mask;
mod measure;
mod memberships;
mod merged_filters;
mod path_history;
mod path_values;
mod query;
mod row_filter;
mod row_moments;
mod row_test;
mod scan;
mod series;
mod sliding_union;
mod slots;
mod split;
mod sum_cells;
mod sums;
mod trace;
mod trails;
mod unit_cells;
mod unit_column;
mod unit_counts;
mod unit_filter;
mod unit_grid;
mod unit_runs;
mod unit_set;
mod units;
mod value_days;
mod value_ids;

pub use breakdown_values::BreakdownValues;
pub use charge::{Charge, Charged};
pub use coverage::{Coverage, coverage};
pub use distinct::{UnitSets, first_times, first_units_by_bucket, units_by_bucket, units_in};
pub use division::{Division, Edges};
pub use error::ExecutionError;
pub use exact_sum::ExactSum;
pub use figure::Figure;
pub use footprint::Footprint;
pub use funnel::{Attempts, Excluded, FunnelPlan, Reached, Start, attempts};
pub use guard::Guard;
pub use holder_values::holders_passing;
pub use holdings::{Holdings, HoldingsWalk};
pub use limits::{Cancel, Limits, Stop};
pub use look::{Look, Named};
pub use measure::{measure, units_of_slot};
pub use memberships::{count_memberships, visit_memberships};
pub use query::{Query, Units};
pub use row_filter::{CohortSets, CohortUnits, RowFilter};
pub use series::{Figures, Series};
pub use slots::Slots;
pub(crate) use split::threads_for;
pub use sums::Sums;
pub use trace::{Counts, Stage, Trace};
pub use trails::{Direction, Trail, trails};
pub use unit_counts::{UnitCounts, counts_per_unit, counts_up_to};
pub use unit_set::{UnitSet, nobody};
pub use units::{associated_keys, keys_named, members, universe};
