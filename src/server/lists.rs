//! `/api/groups/{type}`, `/api/users`: long lists, a page at a time.

use super::app::App;
use super::limits::PAGE_ROWS_MAX;
use super::problem::Problem;
use super::read::{PathOf, QueryOf, in_path, in_query, json, page};
use super::workspaces::Workspace;
use crate::language::{Condition, CountBy};
use crate::pages::{self, Groups, ListQuery, PageError, Sort};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::sync::Arc;

/// The parameters of a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListParameters {
    search: Option<String>,
    filter: Option<String>,
    sort: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
    /// Whether it is said how many rows there are.
    count: Option<bool>,
    /// Read before routing.
    #[serde(rename = "workspace")]
    _workspace: Option<IgnoredAny>,
}

impl ListParameters {
    /// What is asked for, of users or of the keys of a type.
    fn query(self, count_by: &CountBy) -> Result<ListQuery, Problem> {
        let default = ListQuery::default();
        let (sort, is_reversed) = match &self.sort {
            Some(text) => Sort::parse(text)?,
            None => (default.sort, default.is_reversed),
        };
        let filter = self.filter.as_deref().map(|json| Condition::parse(json, count_by)).transpose();
        Ok(ListQuery {
            among: None,
            search: self.search,
            filter: filter.map_err(PageError::from)?,
            sort,
            is_reversed,
            limit: row_limit(self.limit, default.limit)?,
            cursor: self.cursor,
        })
    }
}

/// A number of rows that may be asked for.
pub(super) fn row_limit(asked: Option<usize>, default: usize) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(default);
    if (1..=PAGE_ROWS_MAX).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::Request(format!("`limit` must be a number from 1 to {PAGE_ROWS_MAX}")))
}

/// `GET /api/groups/{type}`.
pub(super) async fn groups(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    path: PathOf<String>,
    query: QueryOf<ListParameters>,
) -> Result<Response, Problem> {
    let (group_type, parameters) = (in_path(path)?, in_query(query)?);
    let is_counted = parameters.count == Some(true);
    let query = parameters.query(&CountBy::group(&group_type))?;
    page(app, workspace, move |snapshot| {
        let page = pages::group_list(snapshot, &group_type, &query)?;
        if is_counted { json(&page) } else { json(&Groups { rows: page.rows, next_cursor: page.next_cursor }) }
    })
    .await
}

/// `GET /api/users`.
pub(super) async fn users(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    query: QueryOf<ListParameters>,
) -> Result<Response, Problem> {
    let query = in_query(query)?.query(&CountBy::Users)?;
    page(app, workspace, move |snapshot| json(&pages::user_list(snapshot, &query)?)).await
}
