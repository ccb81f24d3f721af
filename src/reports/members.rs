//! Lists of units as answers: what a cohort and the units behind a number have in common.

use super::answer::Coverage;
use super::context::Context;
use super::error::ReportError;
use crate::executor::{Units, members};
use crate::language::Page;
use crate::model::TextList;
use roaring::RoaringBitmap;
use serde::Serialize;

/// The answer to a cohort report, or to a report that asks for the units behind one of its numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CohortAnswer {
    /// How many units it has in all.
    pub size: u64,
    /// The units of the page, sorted by their UTF-8 bytes.
    pub members: TextList,
    /// Where the next page begins; null after the last.
    pub next_cursor: Option<String>,
    /// What was looked at.
    pub coverage: Coverage,
}

/// The page that is asked for of these units, which are what the report counts.
pub(super) fn answer_members(
    context: &Context<'_>,
    units: &RoaringBitmap,
    wanted: &Page,
    coverage: Coverage,
) -> Result<CohortAnswer, ReportError> {
    answer_members_of(context, context.query.units, units, wanted, coverage)
}

/// The page that is asked for of these users or keys.
pub(super) fn answer_members_of(
    context: &Context<'_>,
    kind: Units,
    units: &RoaringBitmap,
    wanted: &Page,
    coverage: Coverage,
) -> Result<CohortAnswer, ReportError> {
    let (query, after) = (context.query.counting(kind), wanted.cursor.as_deref());
    let (members, has_more) = context.stage(|| "names".to_owned(), || members(query, units, after, wanted.limit))?;
    context.keep(members.byte_len())?;
    // The next page begins after the last name shown.
    let next_cursor = members.last().filter(|_| has_more).map(str::to_owned);
    Ok(CohortAnswer { size: units.len(), members, next_cursor, coverage })
}
