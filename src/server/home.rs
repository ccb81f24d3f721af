//! `/api/home`, `/api/feed`: what a workspace looks like now.

use super::app::App;
use super::lists::row_limit;
use super::problem::Problem;
use super::read::{QueryOf, answer, in_query, json, page};
use super::workspaces::Workspace;
use crate::language::{CountBy, Zone};
use crate::pages;
use crate::reports::{self, HomeQuery};
use crate::store::{Environment, SystemEnvironment};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::sync::Arc;

/// Events of the feed, unless told otherwise.
const FEED_DEFAULT: usize = 20;

/// The parameters of `/api/home`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HomeParameters {
    group: Option<String>,
    timezone: Option<String>,
    /// Read before routing.
    #[serde(rename = "workspace")]
    _workspace: Option<IgnoredAny>,
}

/// The parameters of `/api/feed`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FeedParameters {
    since: Option<u64>,
    limit: Option<usize>,
    /// Read before routing.
    #[serde(rename = "workspace")]
    _workspace: Option<IgnoredAny>,
}

/// `GET /api/home`.
pub(super) async fn home(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    query: QueryOf<HomeParameters>,
) -> Result<Response, Problem> {
    let HomeParameters { group, timezone, .. } = in_query(query)?;
    let zone = |name: String| {
        Zone::named(&name)
            .ok_or_else(|| Problem::Request(format!("`{name}` is no IANA time zone; use one such as `Europe/Berlin`")))
    };
    let query =
        HomeQuery { count_by: group.map_or(CountBy::Users, CountBy::group), timezone: timezone.map(zone).transpose()? };
    let limits = app.report_limits();
    answer(app, workspace, move |store| {
        json(&reports::home(&store.snapshot()?, &query, SystemEnvironment.now(), &limits)?)
    })
    .await
}

/// `GET /api/feed`.
pub(super) async fn feed(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    query: QueryOf<FeedParameters>,
) -> Result<Response, Problem> {
    let FeedParameters { since, limit, .. } = in_query(query)?;
    let limit = row_limit(limit, FEED_DEFAULT)?;
    page(app, workspace, move |snapshot| json(&pages::feed(snapshot, since.unwrap_or(0), limit)?)).await
}
