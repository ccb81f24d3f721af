//! What long lists are asked with.

use super::show::Shown;
use crate::html::{Address, ROWS, Visit, filtered};
use crate::language::{Condition, CountBy, Op};
use crate::pages::{ListQuery, PageError, Sort};
use crate::server::problem::Problem;
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
