//! `/api/saved`, `/api/dashboards`: reports that people keep, and dashboards of them.

use super::app::App;
use super::body;
use super::problem::Problem;
use super::read::{NoParameters, PathOf, QueryOf, answer, in_path, in_query, json, parse};
use super::workspaces::Workspace;
use crate::model::Timestamp;
use crate::saved::{Dashboard, DashboardChange, NewDashboard, NewReport, ReportChange, Saved, SavedError, SavedReport};
use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// The answer of `/api/saved`.
#[derive(Serialize)]
struct Reports<'s> {
    reports: &'s [SavedReport],
}

/// The answer of `/api/dashboards`.
#[derive(Serialize)]
struct Dashboards<'s> {
    dashboards: &'s [Dashboard],
}

/// `GET /api/saved`.
pub(super) async fn reports(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    query: QueryOf<NoParameters>,
) -> Result<Response, Problem> {
    in_query(query)?;
    answer(app, workspace, |store| json(&Reports { reports: store.saved()?.reports() })).await
}

/// `GET /api/saved/{id}`.
pub(super) async fn report(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    path: PathOf<String>,
    query: QueryOf<NoParameters>,
) -> Result<Response, Problem> {
    in_query(query)?;
    let id = in_path(path)?;
    answer(app, workspace, move |store| json(store.saved()?.report(&id)?)).await
}

/// `GET /api/dashboards`.
pub(super) async fn dashboards(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    query: QueryOf<NoParameters>,
) -> Result<Response, Problem> {
    in_query(query)?;
    answer(app, workspace, |store| json(&Dashboards { dashboards: store.saved()?.dashboards() })).await
}

/// `GET /api/dashboards/{id}`.
pub(super) async fn dashboard(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    path: PathOf<String>,
    query: QueryOf<NoParameters>,
) -> Result<Response, Problem> {
    in_query(query)?;
    let id = in_path(path)?;
    answer(app, workspace, move |store| json(store.saved()?.dashboard(&id)?)).await
}

/// `POST /api/saved`.
pub(super) async fn add_report(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    request: Request,
) -> Result<Response, Problem> {
    change(app, workspace, request, |saved, new, now, report: NewReport| saved.add_report(new, now, report)).await
}

/// `POST /api/saved/{id}`.
pub(super) async fn change_report(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    path: PathOf<String>,
    request: Request,
) -> Result<Response, Problem> {
    let id = in_path(path)?;
    let act = move |saved: &mut Saved, _: &str, now, change: ReportChange| saved.change_report(&id, now, change);
    change(app, workspace, request, act).await
}

/// `POST /api/saved/{id}/delete`.
pub(super) async fn delete_report(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    path: PathOf<String>,
) -> Result<Response, Problem> {
    let id = in_path(path)?;
    answer(app, workspace, move |store| json(&store.change_saved(|saved, _, now| saved.delete_report(&id, now))?)).await
}

/// `POST /api/dashboards`.
pub(super) async fn add_dashboard(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    request: Request,
) -> Result<Response, Problem> {
    let act = |saved: &mut Saved, new: &str, now, dashboard: NewDashboard| saved.add_dashboard(new, now, dashboard);
    change(app, workspace, request, act).await
}

/// `POST /api/dashboards/{id}`.
pub(super) async fn change_dashboard(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    path: PathOf<String>,
    request: Request,
) -> Result<Response, Problem> {
    let id = in_path(path)?;
    let act = move |saved: &mut Saved, _: &str, now, change: DashboardChange| saved.change_dashboard(&id, now, change);
    change(app, workspace, request, act).await
}

/// `POST /api/dashboards/{id}/delete`.
pub(super) async fn delete_dashboard(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    path: PathOf<String>,
) -> Result<Response, Problem> {
    let id = in_path(path)?;
    answer(app, workspace, move |store| json(&store.change_saved(|saved, _, _| saved.delete_dashboard(&id))?)).await
}

/// Reads what is to change, changes it, and answers what it is then.
async fn change<C: DeserializeOwned, T: Serialize>(
    app: App,
    workspace: Arc<Workspace>,
    request: Request,
    act: impl FnOnce(&mut Saved, &str, Timestamp, C) -> Result<T, SavedError> + Send + 'static,
) -> Result<Response, Problem> {
    let held = body::read(request.into_body(), &app.bodies).await?;
    answer(app, workspace, move |store| {
        let change: C = parse(&held.bytes)?;
        json(&store.change_saved(|saved, new, now| act(saved, new, now, change))?)
    })
    .await
}
