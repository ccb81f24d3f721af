//! What long lists are asked with.

use super::show::Shown;
use crate::html::{Address, ROWS, Visit, filtered};
use crate::language::{Cohort, Condition, CountBy, Op, Report};
use crate::pages::{ListQuery, PageError, Sort};
use crate::reports::{Answer, Limits, run_within};
use crate::server::problem::Problem;
use crate::store::Snapshot;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The parameters of a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListParameters {
    search: Option<String>,
    filter: Option<String>,
    sort: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
    /// With these two: a condition that is to be added to the filter.
    property: Option<String>,
    op: Option<String>,
    value: Option<String>,
    /// Read before routing.
    #[serde(rename = "workspace")]
    _workspace: Option<IgnoredAny>,
}

/// A number of rows that may be chosen.
pub(super) fn rows(limit: Option<usize>) -> Result<usize, Problem> {
    let rows = limit.unwrap_or(ROWS[0]);
    if ROWS.contains(&rows) { Ok(rows) } else { Err(Problem::Request(format!("`limit` must be one of {ROWS:?}"))) }
}

/// A list that is to be shown, or the address of one that has a condition more.
pub(super) enum Asked {
    List(ListQuery),
    More(ListQuery),
}

impl ListParameters {
    /// What is asked for, of users or of the keys of a type.
    pub fn asked(self, count_by: &CountBy) -> Result<Asked, Problem> {
        let default = ListQuery::default();
        let (sort, is_reversed) = match &self.sort {
            Some(text) => Sort::parse(text)?,
            None => (default.sort, default.is_reversed),
        };
        let filter = self.filter.as_deref().map(|json| Condition::parse(json, count_by)).transpose();
        let query = ListQuery {
            search: self.search.filter(|text| !text.trim().is_empty()),
            filter: filter.map_err(PageError::from)?,
            among: None,
            sort,
            is_reversed,
            limit: rows(self.limit)?,
            cursor: self.cursor,
        };
        let Some(property) = self.property.filter(|name| !name.is_empty()) else { return Ok(Asked::List(query)) };
        let op = self.op.as_deref().unwrap_or_default();
        let op = Op::ALL.iter().find(|known| known.as_str() == op).copied();
        let op =
            op.ok_or_else(|| Problem::Request("`op` is none of the conditions; choose one of the list".to_owned()))?;
        let filter = filtered(query.filter, &property, op, self.value.as_deref().unwrap_or_default());
        // Whatever the language refuses is refused here, and not at the address it would lead to.
        let filter = Condition::parse(&filter.to_json(), count_by).map_err(PageError::from)?;
        Ok(Asked::More(ListQuery { filter: Some(filter), cursor: None, ..query }))
    }
}

/// The same query in terms of lists, which know no events: who is in a cohort, or behind the number of a report, is found
/// out first.
pub(super) fn found_out(
    snapshot: &Snapshot,
    visit: &Visit,
    query: &ListQuery,
    count_by: &CountBy,
    limits: &Limits,
) -> Result<ListQuery, Problem> {
    let (asked, kept): (Vec<Condition>, Vec<Condition>) = match query.filter.clone() {
        Some(Condition::All(conditions)) => conditions,
        one => one.into_iter().collect(),
    }
    .into_iter()
    .partition(|condition| matches!(condition, Condition::Report(_) | Condition::Cohort(_)));
    if asked.is_empty() {
        return Ok(query.clone());
    }
    let mut cohort = Cohort::new(Condition::all(asked));
    cohort.scope.count_by = count_by.clone();
    cohort.page.limit = usize::MAX;
    let Answer::Cohort(answer) = run_within(snapshot, &Report::Cohort(cohort), visit.now, limits)? else {
        return Err(Problem::Fault);
    };
    let filter = (!kept.is_empty()).then(|| Condition::all(kept));
    Ok(ListQuery { filter, among: Some(answer.members), ..query.clone() })
}

/// Leads to the list of a query.
pub(super) fn led_to(visit: &Visit, path: Address, query: &ListQuery) -> Shown {
    let ListQuery { search, filter, sort, is_reversed, limit, .. } = query;
    let sort = (*sort != Sort::default() || *is_reversed).then(|| sort.write(*is_reversed));
    let address = visit
        .within(path)
        .with_some("search", search.as_ref())
        .with_some("filter", filter.as_ref().map(Condition::to_json))
        .with_some("sort", sort)
        .with_some("limit", (*limit != ROWS[0]).then_some(*limit));
    Shown::Elsewhere(address.to_string())
}
