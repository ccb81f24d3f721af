//! `/groups`, `/groups/{type}`: the keys of a group type.

use super::show::{Shown, Visitor, show};
use crate::html::menu::{FIRST, Place};
use crate::html::{self, GroupsList, ROWS};
use crate::pages::{self, GroupsQuery};
use crate::server::app::App;
use crate::server::problem::Problem;
use crate::server::read::{PathOf, QueryOf, in_path, in_query};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The parameters of the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    search: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
    /// Read before routing.
    #[serde(rename = "workspace")]
    _workspace: Option<IgnoredAny>,
}

/// `GET /`: the first of the pages.
pub(super) async fn home(State(app): State<App>, visitor: Visitor) -> Result<Response, Problem> {
    show(app, visitor, |_, visit| Ok(Shown::Elsewhere(visit.to(FIRST.path()).to_string()))).await
}

/// `GET /groups`: the first type.
pub(super) async fn first(State(app): State<App>, visitor: Visitor) -> Result<Response, Problem> {
    show(app, visitor, |snapshot, visit| {
        let types = pages::group_types(snapshot)?.types;
        Ok(match types.first() {
            Some(first) => Shown::Elsewhere(visit.to(Place::Groups.path()).part(&first.group_type).to_string()),
            None => Shown::Document(html::groups_empty(visit)),
        })
    })
    .await
}

/// `GET /groups/{type}`.
pub(super) async fn of_type(
    State(app): State<App>,
    visitor: Visitor,
    path: PathOf<String>,
    query: QueryOf<Parameters>,
) -> Result<Response, Problem> {
    let (group_type, parameters) = (in_path(path)?, in_query(query)?);
    let rows = parameters.limit.unwrap_or(ROWS[0]);
    if !ROWS.contains(&rows) {
        return Err(Problem::Request(format!("`limit` must be one of {ROWS:?}")));
    }
    let search = parameters.search.filter(|text| !text.trim().is_empty());
    let query = GroupsQuery { search, limit: rows, cursor: parameters.cursor };
    show(app, visitor, move |snapshot, visit| {
        let found = pages::groups(snapshot, &group_type, &query)?;
        let list = GroupsList {
            types: &pages::group_types(snapshot)?,
            group_type: &group_type,
            found: &found,
            search: query.search.as_deref(),
            cursor: query.cursor.as_deref(),
            rows,
        };
        Ok(Shown::Document(html::groups(visit, &list)))
    })
    .await
}
