//! Reports: from a document of the report language to an answer of the documented shape. One file per report.
//! What each of them means is told in [`docs`](crate::docs), with examples.
//!
//! Invariants:
//! - The same document over the same data gives the same bytes, however the data arrived or was sealed.
//! - Every answer says what it looked at: its coverage.
//! - No HTTP and no HTML here; answers are typed, and serde writes them as the contract shows.

mod answer;
mod behind;
mod cohort;
mod context;
mod error;
mod funnel;
mod home;
mod lifecycle;
mod members;
mod paths;
mod retention;
mod stickiness;
mod trends;

pub use crate::executor::{Cancel, Limits};
pub use answer::{Answer, Coverage, Figure};
pub use error::ReportError;
pub use funnel::{FunnelAnswer, FunnelResult, FunnelSeries, FunnelStarts, FunnelStep, FunnelSteps};
pub use home::{Active, Compared, Home, HomeQuery, Occurring, home};
pub use lifecycle::LifecycleAnswer;
pub use members::CohortAnswer;
pub use paths::{PathsAnswer, PathsEnd, PathsLink, PathsNode};
pub use retention::{RetentionAnswer, RetentionRow};
pub use stickiness::StickinessAnswer;
pub use trends::{Previous, TrendsAnswer, TrendsSeries};

use crate::executor::{Guard, Stage, Trace};
use crate::language::Report;
use crate::model::{CohortCall, Timestamp};
use crate::store::Snapshot;
use behind::behind;
use context::{Context, Run};

/// Runs a report. `now` is the instant of the call, from which relative times count. A document without `timezone`
/// follows the calendar of the workspace ([`Store::set_timezone`](crate::Store::set_timezone)).
///
/// ```
/// use trackcrumb::language::{Matcher, Trends};
/// use trackcrumb::model::Timestamp;
/// use trackcrumb::{Event, Store, reports};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let directory = tempfile::tempdir()?;
/// let store = Store::open(directory.path())?;
/// let time = Timestamp::parse("2026-01-03T10:00:00Z")?;
/// for user in ["ann", "bob"] {
///     store.write([Event::new(user, "feature_used")?.at(time).group("company", "acme-corp")?.into()])?;
/// }
/// let report = Trends::new("2026-01-01", "2026-02-01").series("feature_used").count_by_group("company").build()?;
/// let answer = reports::run(&store.snapshot()?, &report, time)?;
/// assert_eq!(answer.to_json()["series"][0]["total"], 1);
/// # Ok(())
/// # }
/// ```
///
/// Where much is to be read up to seven other cores help; not where this is called on a thread of a `rayon` pool, whose
/// other threads have them already.
///
/// # Errors
/// When the document names what does not exist, or the store is damaged.
pub fn run(snapshot: &Snapshot, report: &Report, now: Timestamp) -> Result<Answer, ReportError> {
    run_within(snapshot, report, now, &Limits::default())
}

/// Runs a report as [`run`] does, in no more time and with no more memory than it may take, and until it is called off.
///
/// ```
/// use std::time::Duration;
/// use trackcrumb::language::Trends;
/// use trackcrumb::model::Timestamp;
/// use trackcrumb::reports::{self, Cancel, Limits, ReportError};
/// # use trackcrumb::Store;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let snapshot = Store::open(directory.path())?.snapshot()?;
/// # let now = Timestamp::parse("2026-01-03T10:00:00Z")?;
/// let cancel = Cancel::default(); // a clone of which another thread may hold
/// let limits = Limits { time: Some(Duration::from_secs(30)), cancel: Some(cancel.clone()), ..Limits::default() };
/// let report = Trends::new("2026-01-01", "2026-02-01").series("feature_used").build()?;
/// assert!(reports::run_within(&snapshot, &report, now, &limits).is_ok());
/// cancel.cancel();
/// assert!(matches!(reports::run_within(&snapshot, &report, now, &limits), Err(ReportError::Cancelled)));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`run`], and [`ReportError::TimeExceeded`], [`ReportError::MemoryExceeded`] and [`ReportError::Cancelled`].
pub fn run_within(
    snapshot: &Snapshot,
    report: &Report,
    now: Timestamp,
    limits: &Limits,
) -> Result<Answer, ReportError> {
    run_measured(snapshot, report, now, limits).map(|(answer, _)| answer)
}

/// The same, and how many bytes it held at most: with [`Limits::bytes`] set to these it has an answer, and with one less
/// it has none.
///
/// # Errors
/// As [`run_within`].
pub fn run_measured(
    snapshot: &Snapshot,
    report: &Report,
    now: Timestamp,
    limits: &Limits,
) -> Result<(Answer, u64), ReportError> {
    let guard = Guard::new(limits);
    let answer = answer(&Run::new(snapshot, &Trace::default(), &guard, limits)?, report, now)?;
    Ok((answer, guard.peak_bytes()))
}

/// Runs a report, and says stage by stage what was read for it, what was skipped, and how long it took.
///
/// # Errors
/// As [`run_within`].
pub fn explain(
    snapshot: &Snapshot,
    report: &Report,
    now: Timestamp,
    limits: &Limits,
) -> Result<(Answer, Vec<Stage>), ReportError> {
    let (trace, guard) = (Trace::of_stages(), Guard::new(limits));
    let answer = answer(&Run::new(snapshot, &trace, &guard, limits)?, report, now)?;
    Ok((answer, trace.stages()))
}

/// What is to be stored for a document that says `save_as`: the definition, without what belongs to this one call.
pub fn saved_cohort(report: &Report) -> Option<CohortCall> {
    let Report::Cohort(cohort) = report else { return None };
    let name = cohort.save_as.clone()?;
    Some(CohortCall { name, report: Report::Cohort(cohort.definition()).to_json() })
}

fn answer(run: &Run<'_>, report: &Report, now: Timestamp) -> Result<Answer, ReportError> {
    let context = Context::new(run, report, run.clock(now))?;
    if let Some(behind) = behind(&context, report)? {
        return behind.answer(&context).map(Answer::Cohort);
    }
    Ok(match report {
        Report::Trends(report) => Answer::Trends(trends::run(&context, report)?),
        Report::Funnel(report) => Answer::Funnel(funnel::run(&context, report)?),
        Report::Retention(report) => Answer::Retention(retention::run(&context, report)?),
        Report::Cohort(report) => Answer::Cohort(cohort::run(&context, report)?),
        Report::Stickiness(report) => Answer::Stickiness(stickiness::run(&context, report)?),
        Report::Lifecycle(report) => Answer::Lifecycle(lifecycle::run(&context, report)?),
        Report::Paths(report) => Answer::Paths(paths::run(&context, report)?),
    })
}
