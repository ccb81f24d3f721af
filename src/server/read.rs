//! `/api/*`: reports and pages, as the commands of the same names print them.

use super::app::App;
use super::batch::unpack;
use super::body;
use super::problem::Problem;
use super::workspaces::Workspace;
use crate::Store;
use crate::language::Report;
use crate::model::Line;
use crate::pages;
use crate::reports::{self, Cancel, Limits, ReportError};
use crate::store::{Environment, Outcome, Snapshot, SystemEnvironment};
use axum::Extension;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::time::timeout;

/// Most days over which it is told how events were used.
const EVENT_DAYS_MAX: u32 = 366;

/// The parameters of `/api/events`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsParameters {
    name: Option<String>,
    /// How the events were used in so many days before today.
    days: Option<u32>,
    /// Read before routing.
    #[serde(rename = "workspace")]
    _workspace: Option<IgnoredAny>,
}

/// The parameters of pages that take none of their own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoParameters {
    /// Read before routing.
    #[serde(rename = "workspace")]
    _workspace: Option<IgnoredAny>,
}

pub(super) type PathOf<T> = Result<Path<T>, PathRejection>;
pub(super) type QueryOf<T> = Result<Query<T>, QueryRejection>;

/// Calls a report off when it is dropped.
pub(super) struct CallOff(pub Cancel);

impl Drop for CallOff {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// `POST /api/report`.
pub(super) async fn report(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    request: Request,
) -> Result<Response, Problem> {
    let held = body::read(request.into_body(), &app.bodies).await?;
    let cancel = Cancel::default();
    // When the client goes, this future goes, and with it the report.
    let _called_off = CallOff(cancel.clone());
    let limits = Limits { cancel: Some(cancel), ..app.report_limits() };
    answer(app, workspace, move |store| {
        let text = unpack(&held.bytes)?;
        let text = std::str::from_utf8(&text).map_err(|error| {
            let offset = error.valid_up_to();
            Problem::Request(format!("the byte at offset {offset} is not UTF-8; write the document as UTF-8"))
        })?;
        let report = Report::parse(text).map_err(ReportError::Document)?;
        let answer = reports::run_within(&store.snapshot()?, &report, SystemEnvironment.now(), &limits)?;
        if let Some(call) = reports::saved_cohort(&report) {
            let written = store.write([Line::from(call)])?;
            if let Some(Outcome::Refused(refusal)) = written.outcomes.into_iter().next() {
                return Err(Problem::Request(refusal.to_string()));
            }
        }
        json(&answer)
    })
    .await
}

/// `GET /api/groups`.
pub(super) async fn group_types(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    query: QueryOf<NoParameters>,
) -> Result<Response, Problem> {
    in_query(query)?;
    page(app, workspace, |snapshot| json(&pages::group_types(snapshot)?)).await
}

/// `GET /api/groups/{type}/{key}`.
pub(super) async fn group(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    path: PathOf<(String, String)>,
    query: QueryOf<NoParameters>,
) -> Result<Response, Problem> {
    in_query(query)?;
    let (group_type, key) = in_path(path)?;
    page(app, workspace, move |snapshot| json(&pages::group(snapshot, &group_type, &key)?)).await
}

/// `GET /api/users/{id}`.
pub(super) async fn user(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    path: PathOf<String>,
    query: QueryOf<NoParameters>,
) -> Result<Response, Problem> {
    in_query(query)?;
    let id = in_path(path)?;
    page(app, workspace, move |snapshot| json(&pages::user(snapshot, &id)?)).await
}

/// `GET /api/events`.
pub(super) async fn events(
    State(app): State<App>,
    Extension(workspace): Extension<Arc<Workspace>>,
    query: QueryOf<EventsParameters>,
) -> Result<Response, Problem> {
    let parameters = in_query(query)?;
    if parameters.days.is_some_and(|days| !(1..=EVENT_DAYS_MAX).contains(&days)) {
        return Err(Problem::Request(format!("`days` must be a number from 1 to {EVENT_DAYS_MAX}")));
    }
    page(app, workspace, move |snapshot| match (&parameters.name, parameters.days) {
        (None, None) => json(&pages::events(snapshot)?),
        (None, Some(days)) => json(&pages::event_uses(snapshot, SystemEnvironment.now(), days)?),
        (Some(name), None) => json(&pages::event(snapshot, name)?),
        (Some(_), Some(_)) => Err(Problem::Request("`name` and `days` do not go together; keep one".to_owned())),
    })
    .await
}

pub(super) fn in_path<T>(path: PathOf<T>) -> Result<T, Problem> {
    path.map(|Path(found)| found).map_err(|rejection| Problem::Request(rejection.body_text()))
}

pub(super) fn in_query<T>(query: QueryOf<T>) -> Result<T, Problem> {
    query.map(|Query(found)| found).map_err(|rejection| Problem::Request(rejection.body_text()))
}

pub(super) async fn page(
    app: App,
    workspace: Arc<Workspace>,
    show: impl FnOnce(&Snapshot) -> Result<Vec<u8>, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    answer(app, workspace, move |store| show(&store.snapshot()?)).await
}

/// Works out an answer beside the others, as JSON.
pub(super) async fn answer(
    app: App,
    workspace: Arc<Workspace>,
    work: impl FnOnce(&Store) -> Result<Vec<u8>, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    Ok(json_answer(work_out(app, workspace, work).await?))
}

pub(super) fn json_answer(json: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], json).into_response()
}

/// Works out an answer beside the others. When the time is over that one may take, with the wait for its turn, it is not
/// waited for any longer: a report is called off then, and a page, which has no loop to stop, comes to its end.
pub(super) async fn work_out<T: Send + 'static>(
    app: App,
    workspace: Arc<Workspace>,
    work: impl FnOnce(&Store) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let max = app.report_time_max;
    let store = workspace.store.clone();
    let done = timeout(max, app.reading.run(move || work(&store))).await;
    match done {
        Ok(worked_out) => worked_out.map_err(|problem| app.judge(problem)),
        Err(_) => Err(Problem::TooLong(max.as_secs())),
    }
}

/// What a body says. Bodies may be packed.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = unpack(bytes)?;
    serde_json::from_slice(&text).map_err(|error| Problem::Request(format!("the body cannot be used: {error}")))
}

pub(super) fn json(answer: &impl Serialize) -> Result<Vec<u8>, Problem> {
    let mut json = serde_json::to_vec(answer).map_err(|error| {
        tracing::error!(?error, "an answer is no JSON");
        Problem::Fault
    })?;
    json.push(b'\n');
    Ok(json)
}
