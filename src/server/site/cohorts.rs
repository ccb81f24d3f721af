//! `/cohorts`, `/cohorts/{name}`: saved cohorts, and one more of the units behind a number.

use super::reports::after;
use super::show::{Shown, Visitor, show};
use crate::html::Visit;
use crate::html::report::{self, CohortRow, Fields};
use crate::language::{Cohort, Report};
use crate::model::{CohortCall, Line};
use crate::reports::{self, Answer, CohortAnswer, Limits, ReportError};
use crate::server::app::App;
use crate::server::body;
use crate::server::problem::Problem;
use crate::server::read::{NoParameters, PathOf, QueryOf, in_path, in_query};
use crate::store::{Outcome, Snapshot};
use axum::extract::{Request, State};
use axum::response::Response;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

/// Members on a page.
const ROWS: usize = 50;

/// The parameters of a cohort's page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    cursor: Option<String>,
    /// Read before routing.
    #[serde(rename = "workspace")]
    _workspace: Option<IgnoredAny>,
}

/// `GET /cohorts`.
pub(super) async fn list(
    State(app): State<App>,
    visitor: Visitor,
    query: QueryOf<NoParameters>,
) -> Result<Response, Problem> {
    in_query(query)?;
    let limits = Limits {
        time: Some(app.report_time_max),
        bytes: Some(app.report_bytes_max),
        cancel: None,
        ..Limits::default()
    };
    show(app, visitor, move |snapshot, visit| {
        let row = |name: &str| {
            let cohort = find(snapshot, name)?;
            let size = members(snapshot, visit, &cohort, 1, None, &limits).map(|answer| answer.size);
            Ok(CohortRow { name: name.to_owned(), cohort, size: size.map_err(|error| error.to_string()) })
        };
        let rows = snapshot.cohorts().names().map(row).collect::<Result<Vec<_>, Problem>>()?;
        Ok(Shown::Document(report::cohorts(visit, &rows)))
    })
    .await
}

/// `GET /cohorts/{name}`.
pub(super) async fn one(
    State(app): State<App>,
    visitor: Visitor,
    path: PathOf<String>,
    query: QueryOf<Parameters>,
) -> Result<Response, Problem> {
    let (name, parameters) = (in_path(path)?, in_query(query)?);
    let limits = Limits {
        time: Some(app.report_time_max),
        bytes: Some(app.report_bytes_max),
        cancel: None,
        ..Limits::default()
    };
    show(app, visitor, move |snapshot, visit| {
        let cohort = find(snapshot, &name)?;
        let cursor = parameters.cursor.as_deref();
        let answer = members(snapshot, visit, &cohort, ROWS, cursor, &limits)?;
        Ok(Shown::Document(report::cohort(visit, &name, &cohort, &answer, cursor)))
    })
    .await
}

/// `POST /cohorts`: saves the units behind a number.
pub(super) async fn save(State(app): State<App>, visitor: Visitor, request: Request) -> Result<Response, Problem> {
    let held = body::read(request.into_body(), &app.bodies).await?;
    let address = visitor.with_store(app, move |store, visit| {
        let fields = Fields(form_urlencoded::parse(&held.bytes).collect());
        let name = fields.first("name").unwrap_or_default().trim().to_owned();
        let behind = fields.first("behind").unwrap_or_default();
        let behind = Report::parse(behind).map_err(ReportError::from)?;
        let count_by = serde_json::to_value(behind.units_kind().group_type().map_or_else(|| json!("users"), |group| json!({ "group": group })));
        let document = json!({
            "report": "cohort", "count_by": count_by.unwrap_or_default(), "where": { "report": behind.to_value() }, "save_as": name,
        });
        let cohort = Report::from_value(&document).map_err(ReportError::from)?;
        let call: CohortCall = reports::saved_cohort(&cohort).ok_or(Problem::Fault)?;
        let written = store.write([Line::from(call)])?;
        if let Some(Outcome::Refused(refusal)) = written.outcomes.into_iter().next() {
            return Err(Problem::Request(refusal.to_string()));
        }
        Ok(visit.to("/cohorts").part(&name).to_string())
    });
    Ok(after(&address.await?))
}

fn find(snapshot: &Snapshot, name: &str) -> Result<Cohort, Problem> {
    match snapshot.cohorts().get(name).map(|cohort| &cohort.report) {
        Some(Report::Cohort(cohort)) => Ok(cohort.clone()),
        _ => Err(Problem::Address),
    }
}

fn members(
    snapshot: &Snapshot,
    visit: &Visit,
    cohort: &Cohort,
    limit: usize,
    cursor: Option<&str>,
    limits: &Limits,
) -> Result<CohortAnswer, ReportError> {
    let mut asked = cohort.definition();
    asked.page.limit = limit;
    asked.page.cursor = cursor.map(str::to_owned);
    match reports::run_within(snapshot, &Report::Cohort(asked), visit.now, limits)? {
        Answer::Cohort(answer) => Ok(answer),
        // A cohort has no other answer.
        _ => Err(ReportError::Cancelled),
    }
}
