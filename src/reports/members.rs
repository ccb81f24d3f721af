//! Lists of units as answers: what a cohort and the units behind a number have in common.

use super::answer::Coverage;
use super::context::Context;
use super::error::ReportError;
use crate::executor::{Units, members};
use crate::language::Page;
use roaring::RoaringBitmap;
use serde::Serialize;

/// The answer to a cohort report, or to a report that asks for the units behind one of its numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CohortAnswer {
    /// How many units it has in all.
    pub size: u64,
    /// The units of the page, sorted by their UTF-8 bytes.
    pub members: Vec<String>,
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
    let names = context.stage(|| "names".to_owned(), || members(context.query.counting(kind), units))?;
    let (members, next_cursor) = page(names, wanted);
    Ok(CohortAnswer { size: units.len(), members, next_cursor, coverage })
}

/// The names of one page, and where the next begins: after the last name shown.
fn page(names: Vec<String>, page: &Page) -> (Vec<String>, Option<String>) {
    let start = page.cursor.as_ref().map_or(0, |cursor| names.partition_point(|name| name <= cursor));
    let has_more = names.len() - start > page.limit;
    let shown: Vec<String> = names.into_iter().skip(start).take(page.limit).collect();
    let next_cursor = shown.last().filter(|_| has_more).cloned();
    (shown, next_cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_end_with_a_cursor_while_there_is_more() {
        let names = || ["a", "b", "c"].map(str::to_owned).to_vec();
        let limit = |limit, cursor: Option<&str>| Page { limit, cursor: cursor.map(str::to_owned) };
        assert_eq!(page(names(), &limit(2, None)), (vec!["a".into(), "b".into()], Some("b".into())));
        assert_eq!(page(names(), &limit(2, Some("b"))), (vec!["c".into()], None));
        assert_eq!(page(names(), &limit(3, None)).1, None);
        assert_eq!(page(names(), &limit(3, Some("z"))), (vec![], None));
    }
}
