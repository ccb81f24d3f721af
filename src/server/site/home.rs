//! `/`: what the workspace looks like now, or how to send something where nothing has arrived.

use super::forms::origin;
use super::kept::Patience;
use super::show::{Shown, Visitor, show};
use crate::html::{self, Counted, FEED, HomePage, LATEST, Latest, Start, Visit};
use crate::language::CountBy;
use crate::pages;
use crate::reports::{self, HomeQuery};
use crate::saved::{Dashboard, Saved, SavedReport};
use crate::server::app::App;
use crate::server::keys::KeyKind;
use crate::server::problem::Problem;
use crate::server::read::{QueryOf, in_query};
use crate::server::workspaces::Workspace;
use crate::store::Snapshot;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use maud::Markup;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::time::{Duration, Instant};

/// How long the page waits for the numbers of saved reports.
const WAIT: Duration = Duration::from_millis(150);

/// The parameters of the page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HomeParameters {
    /// The type whose keys are counted; users where there is none.
    group: Option<String>,
    /// Read before routing.
    #[serde(rename = "workspace")]
    _workspace: Option<IgnoredAny>,
}

/// `GET /`.
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    query: QueryOf<HomeParameters>,
) -> Result<Response, Problem> {
    let group = in_query(query)?.group.filter(|name| !name.is_empty());
    let (limits, workspace, origin) = (app.report_limits(), visitor.workspace(), origin(&headers));
    show(app, visitor, move |snapshot, visit| {
        if pages::events(snapshot)?.events.is_empty() {
            return Ok(Shown::Document(start(snapshot, visit, &workspace, &origin)?));
        }
        let types = pages::declared_types(snapshot)?;
        let counted = group.as_deref().map_or_else(Counted::users, |group| Counted::keys(&types, group));
        let query = HomeQuery { count_by: group.map_or(CountBy::Users, CountBy::group), timezone: None };
        let saved = workspace.store.saved()?;
        let page = HomePage {
            types: &types,
            counted: &counted,
            home: &reports::home(snapshot, &query, visit.now, &limits)?,
            feed: &pages::feed(snapshot, 0, FEED)?,
            latest: &latest(&saved, &Patience { snapshot, visit, limits: &limits, until: Some(Instant::now() + WAIT) }),
            saved: saved.reports().len(),
        };
        Ok(Shown::Document(html::home(visit, &page)))
    })
    .await
}

/// What was saved or changed last, in this order.
fn latest(saved: &Saved, patience: &Patience<'_>) -> Vec<Latest> {
    let reports = saved.reports().iter().map(|report| (&report.changed, Ok(report)));
    let dashboards = saved.dashboards().iter().map(|dashboard| (&dashboard.changed, Err(dashboard)));
    let mut all: Vec<_> = reports.chain(dashboards).collect();
    all.sort_by(|(a, _), (b, _)| b.cmp(a));
    let one = |(_, one): (_, Result<&SavedReport, &Dashboard>)| match one {
        Ok(report) => Latest::report(patience.visit, &patience.ask(report)),
        Err(dashboard) => Latest::dashboard(patience.visit, dashboard),
    };
    all.into_iter().take(LATEST).map(one).collect()
}

fn start(snapshot: &Snapshot, visit: &Visit, workspace: &Workspace, origin: &str) -> Result<Markup, Problem> {
    let types = pages::group_types(snapshot)?.types;
    let known = Start {
        origin,
        needs_key: workspace.keys()?.have(KeyKind::Write),
        has_groups: types.iter().any(|row| row.keys > 0),
        has_users: snapshot.user_count() > 0,
    };
    Ok(html::start(visit, &known))
}
